"""What a training costs, as the window shows it: before it starts, while it runs, and afterwards."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from workbench.gui.context import AppContext
from workbench.gui.theme import M, S
from workbench.gui.widgets.basic import Banner, button, label, row
from workbench.gui.widgets.electricity_dialog import ElectricityDialog
from workbench.gui.widgets.tables import explained_headings, read_only
from workbench.trust.cost import rates, words
from workbench.trust.cost.records import CostEstimate, CostRecord

_COLUMNS = (
    ("", ""),
    ("Expected", "Said before it started, with the interval it was expected in"),
    ("Took", "Measured while it ran, without pauses"),
    ("Off by", "Measured by expected, less one: +20 % means that it took a fifth more"),
)


def electricity_button(ctx: AppContext, owner: QWidget, changed: Callable[[], None]) -> QWidget:
    """Opens the choice of country and price. `changed`: called once it is kept."""

    def ask() -> None:
        dialog = ElectricityDialog(ctx, owner)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.saved.connect(changed)
        dialog.open()

    return button("Your electricity …", ask, role="quiet", icon_name="zap", name="electricity",
                  tip="Country and price, by which energy becomes CO2 and money")  # fmt: skip


class CostBefore(QWidget):
    """What a training would cost, with a warning when the memory may not do."""

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._told: CostEstimate | None = None
        self._free = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.warning = Banner(closable=False)
        self.warning.setObjectName("cost-warning")
        column.addWidget(self.warning)
        self.words = label("", wrap=True, selectable=True)
        self.words.setObjectName("cost-before")
        self.rests = label("", "faint", wrap=True, selectable=True)
        self.rests.setObjectName("cost-rests-on")
        column.addWidget(self.words)
        column.addWidget(self.rests)
        column.addLayout(row(electricity_button(ctx, self, self._show), 1))
        self.show_estimate(None, 0)

    def show_estimate(self, told: CostEstimate | None, free_bytes: int) -> None:
        """None while it is not known yet. `free_bytes`: memory that is free now."""
        self._told, self._free = told, free_bytes
        self._show()

    def _show(self) -> None:
        if self._told is None:
            self.words.setText("What it will cost is not known yet.")
            self.rests.setText("")
            self.warning.hide()
            return
        prices = rates.load(self._ctx.paths)
        time, energy, rests = words.before(self._told, prices)
        self.words.setText(f"{time}\n{energy}")
        hint = "" if prices.price else f" {words.NO_PRICE}"
        self.rests.setText(f"{rests} {words.source(prices)}{hint}")
        warning = words.room(self._told, self._free)
        if warning:
            self.warning.show_message(warning, "warn")
        else:
            self.warning.hide()


class CostSoFar(QWidget):
    """One line that grows while a training runs."""

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._run_id = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.words = label("", "faint", selectable=True)
        self.words.setObjectName("cost-so-far")
        self.words.setToolTip("Time without pauses, most memory at a time, energy, CO2")
        column.addWidget(self.words)
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self._look)

    def watch(self, run_id: str) -> None:
        """Follow this run."""
        self._run_id = run_id
        self.words.setText("")
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def show_whole(self, record: CostRecord) -> None:
        """The run is over."""
        self.stop()
        self.words.setText(words.after(record))

    def _look(self) -> None:
        from workbench.engine.cost.meter import running

        record = running(self._run_id)
        spent = record.measured if record is not None else None
        if spent is not None:
            self.words.setText(words.so_far(spent, rates.load(self._ctx.paths)))


class CostTab(QWidget):
    """What a run was expected to cost and what it took."""

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._record: CostRecord | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, M, 0, 0)
        column.setSpacing(M)
        self.sentence = label("", "strong", wrap=True, selectable=True)
        self.sentence.setObjectName("cost-sentence")
        top = row(self.sentence, electricity_button(ctx, self, self._show))
        top.setStretch(0, 1)
        column.addLayout(top)
        self.table = QTableWidget(0, len(_COLUMNS))
        self.table.setObjectName("cost-table")
        read_only(self.table, "What it cost: expected and measured")
        explained_headings(self.table, _COLUMNS)
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setMinimumSectionSize(120)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(len(_COLUMNS) - 1, QHeaderView.ResizeMode.Stretch)
        column.addWidget(self.table)
        self.notes = label("", "soft", wrap=True, selectable=True)
        self.notes.setObjectName("cost-notes")
        column.addWidget(self.notes)
        column.addStretch(1)
        self.show_record(None)

    def show_record(self, record: CostRecord | None) -> None:
        """None for a run that kept none."""
        self._record = record
        self._show()

    def _show(self) -> None:
        prices = rates.load(self._ctx.paths)
        took = self._record.measured if self._record is not None else None
        self.table.setVisible(took is not None)
        if self._record is None or took is None:
            self.sentence.setText("What this training cost was not kept. Newer trainings have it.")
            self.notes.setText("")
            return
        self.sentence.setText(words.after(self._record))
        found = words.rows(self._record, prices)
        self.table.setRowCount(len(found))
        for place, cells in enumerate(found):
            for number, text in enumerate(cells):
                self.table.setItem(place, number, QTableWidgetItem(text))
        rows = sum(self.table.rowHeight(n) for n in range(len(found)))
        self.table.setFixedHeight(rows + self.table.horizontalHeader().sizeHint().height() + 4)
        hint = "" if prices.price else f"\n\n{words.NO_PRICE}"
        self.notes.setText(
            f"That is {words.like(took.watt_hours)}; {words.rest(took)}\n\n{words.method(took)}\n\n{words.source(prices)}{hint}"
        )
