"""Where the person's electricity comes from and what it costs: what turns energy into CO2 and money."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QDialog, QDoubleSpinBox, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.theme import L, S
from workbench.gui.widgets.basic import Banner, button, headed, label, row
from workbench.trust.cost import rates
from workbench.trust.cost.rates import Electricity


class ElectricityDialog(QDialog):
    """Signals:
    saved(): the choice is kept.
    """

    saved = Signal()

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self.setWindowTitle("Your electricity")
        self.setMinimumWidth(500)
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(S)
        headed(
            column,
            "Your electricity",
            "By this, energy becomes CO2 and money. It stays on this computer; nothing is looked up.",
        )
        self.suggestion = Banner(closable=False)
        self.suggestion.setObjectName("electricity-suggestion")
        column.addWidget(self.suggestion)
        form = QFormLayout()
        form.setSpacing(S)
        self.country = QComboBox()
        self.country.setObjectName("electricity-country")
        self.country.setAccessibleName("Country")
        self.country.setToolTip("Life-cycle carbon intensity of the country's grid")
        for grid in rates.grids().values():
            self.country.addItem(grid.name, grid.code)
        self.price = QDoubleSpinBox()
        self.price.setObjectName("electricity-price")
        self.price.setAccessibleName("Price of a kilowatt-hour")
        self.price.setDecimals(3)
        self.price.setRange(0, 100_000)
        self.price.setSingleStep(0.01)
        self.price.setSpecialValueText("not set")
        self.currency = QLineEdit()
        self.currency.setObjectName("electricity-currency")
        self.currency.setAccessibleName("Currency")
        self.currency.setPlaceholderText("EUR, $ …")
        self.currency.setMaxLength(8)
        form.addRow("Country", self.country)
        form.addRow("Price of a kilowatt-hour", self.price)
        form.addRow("Currency", self.currency)
        column.addLayout(form)
        self.source = label("", "faint", wrap=True, selectable=True)
        column.addWidget(self.source)
        self.banner = Banner(closable=False)
        column.addWidget(self.banner)
        self.ok = button("Keep", self._keep, role="primary", name="electricity-ok")
        column.addLayout(row(1, button("Cancel", self.reject), self.ok))
        self.country.currentIndexChanged.connect(lambda _i: self._say_source())
        self._fill()

    def _fill(self) -> None:
        known, guess = rates.load(self._ctx.paths), rates.guessed()
        self.country.setCurrentIndex(max(0, self.country.findData(known.country)))
        self.price.setValue(known.price)
        self.currency.setText(known.currency)
        self._say_source()
        if guess is not None and not known.country:
            self.suggestion.show_message(
                f"This computer is set up for {guess.name}. Is your electricity from there?",
                "info",
                f"Yes, {guess.name}",
                lambda: self._take(guess.code),
            )

    def _take(self, code: str) -> None:
        self.country.setCurrentIndex(self.country.findData(code))
        self.suggestion.hide()

    def _say_source(self) -> None:
        grid = rates.grids()[str(self.country.currentData() or "")]
        self.source.setText(f"{grid.in_words}. Source: {rates.SOURCE}.")

    def _keep(self) -> None:
        chosen = Electricity(str(self.country.currentData() or ""), self.price.value(), self.currency.text())
        try:
            rates.save(chosen, self._ctx.paths)
        except UserError as error:
            self.banner.show_error(error)
            return
        self.saved.emit()
        self.accept()
