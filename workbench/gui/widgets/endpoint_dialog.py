"""Connect a model on another computer: address, name, key; with a clear word on what that means."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QDialog, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.theme import L, S
from workbench.gui.widgets.basic import Banner, button, label, row


class EndpointDialog(QDialog):
    """Signals:
    connected(str): id of the new model.
    """

    connected = Signal(str)

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Connect an online model")
        self.setMinimumWidth(520)
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(S)
        column.addWidget(label("Connect an online model", "heading"))
        warning = Banner(closable=False)
        warning.show_message(
            "What you enter into such a model is sent to its server: it leaves this computer, and may cost money.",
            "warn",
        )
        column.addWidget(warning)
        form = QFormLayout()
        form.setSpacing(S)
        self.template = QComboBox()
        self.template.setAccessibleName("Kind of server")
        for card in ctx.catalog.cards():
            if card.is_remote and not card.is_own:
                self.template.addItem(card.name, card.id)
        self.name, self.address, self.model, self.key = QLineEdit(), QLineEdit(), QLineEdit(), QLineEdit()
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.key.setPlaceholderText("kept in the system's keyring, never in a file")
        form.addRow("Kind", self.template)
        for words, edit, name in (
            ("Name for you", self.name, "endpoint-name"),
            ("Address", self.address, "endpoint-address"),
            ("Model on the server", self.model, "endpoint-model"),
            ("Key", self.key, "endpoint-key"),
        ):
            edit.setObjectName(name)
            edit.setAccessibleName(words)
            form.addRow(words, edit)
        column.addLayout(form)
        self.banner = Banner(closable=False)
        column.addWidget(self.banner)
        self.ok = button("Connect", self._connect, role="primary", name="endpoint-ok")
        column.addLayout(row(1, button("Cancel", self.reject), self.ok))
        self.template.currentIndexChanged.connect(lambda _i: self._fill())
        self._fill()

    def _fill(self) -> None:
        model_id = self.template.currentData()
        if model_id:
            card = self._ctx.catalog.get(model_id)
            self.name.setText(card.name)
            self.address.setText(card.source.ref)
            self.model.setText(card.source.path)

    def _connect(self) -> None:
        from workbench.engine.adopt import connect
        from workbench.hub.token import set_endpoint_key

        try:
            template = self._ctx.catalog.get(self.template.currentData()) if self.template.currentData() else None
            if self.key.text():
                set_endpoint_key(self.address.text().strip(), self.key.text().strip())
            card = connect(self.name.text(), self.address.text(), self.model.text(), template, self._ctx.paths)
        except UserError as error:
            self.banner.show_error(error)
            return
        self.connected.emit(card.id)
        self.accept()
