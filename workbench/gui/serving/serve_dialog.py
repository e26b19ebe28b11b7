"""Use from other programs: a server on this computer, with programs to copy that ask it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QFontDatabase, QGuiApplication, QTextOption
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.serving.usable import usable_models
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import Banner, Card, button, headed, icon_button, label, row
from workbench.gui.workers import Job, while_there
from workbench.serve.config import LOOPBACK, PORT, ServeConfig
from workbench.serve.examples import HIDDEN, Example, examples

if TYPE_CHECKING:
    from workbench.serve.counters import Figures

_EVERYWHERE = "0.0.0.0"
_OPEN_WORDS = (
    "Every computer in your network can then reach the server. What is sent is not encrypted, so others in the network might"
    " read it, the token as well. Open it only in a network you trust, and give the token only to those who may ask."
)


@dataclass(frozen=True)
class _Found:
    cards: list[ModelCard]
    token: str
    kept: bool


class ServeDialog(QDialog):
    """Stays as it is while it is closed: the server goes on until it is stopped, or the app ends."""

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Use from other programs")
        self.setMinimumSize(760, 640)
        self._ctx = ctx
        self._job: Job | None = None
        self._token, self._served, self._examples = "", tuple[ModelCard, ...](), list[Example]()
        self._address, self._wanted = "", ""
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        headed(
            column,
            "Use from other programs",
            "Your own programs ask a model on this computer, through a small local server (HTTP). Only programs of this"
            " computer reach it, and only with the token. It runs until you stop it or quit the app.",
        )
        self.banner = Banner()
        column.addWidget(self.banner)
        column.addWidget(self._build_choice())
        column.addLayout(self._build_start())
        self.running = self._build_running()
        self.running.hide()
        column.addWidget(self.running, 1)
        column.addStretch(0)
        self._find()

    # Building ------------------------------------------------------------------------------------------------------------

    def _build_choice(self) -> QWidget:
        self.choice = Card(spacing=S)
        self.choice.body.addWidget(label("Models that may be asked", "strong"))
        self.models = QListWidget()
        self.models.setAccessibleName("Models that may be asked")
        self.models.setMinimumHeight(130)
        self.models.itemChanged.connect(lambda _item: self._allow())
        self.choice.body.addWidget(self.models)
        self.port = QSpinBox()
        self.port.setRange(1024, 65535)
        self.port.setValue(int(self._ctx.settings.text("serve/port") or PORT))
        self.port.setAccessibleName("Port")
        self.port.setToolTip("The number by which programs find this server on the computer (TCP port)")
        self.everywhere = QCheckBox("Other computers of my network may ask, too")
        self.everywhere.setObjectName("serve-everywhere")
        self.everywhere.setToolTip("Listens on all addresses (0.0.0.0) instead of 127.0.0.1 alone")
        self.everywhere.toggled.connect(self._warn)
        self.choice.body.addLayout(row(label("Port"), self.port, self.everywhere, 1, spacing=M))
        self.warning = Banner(closable=False)
        self.warning.setObjectName("serve-warning")
        self.choice.body.addWidget(self.warning)
        return self.choice

    def _build_start(self) -> QVBoxLayout:
        self.start = button("Start", self.start_serving, role="primary", icon_name="play", name="serve-start")
        self.start.setEnabled(False)
        self.stop = button("Stop", self.stop_serving, icon_name="circle-stop", name="serve-stop")
        self.stop.hide()
        self.counters = label("", "soft")
        self.counters.setObjectName("serve-counters")
        column = QVBoxLayout()
        column.addLayout(row(self.start, self.stop, self.counters, 1, spacing=M))
        return column

    def _build_running(self) -> QWidget:
        panel = Card(spacing=S)
        self.address = self._line("Address")
        panel.body.addLayout(
            row(
                label("Address", "soft"), self.address,
                icon_button("copy", "Copy the address", lambda: self._copy(self._address, "The address"), name="copy-address"),
                button("How to ask …", self._open_page, icon_name="external-link", name="serve-docs",
                       tip="All that can be asked, in the browser (OpenAPI); works without internet"),
            )
        )  # fmt: skip
        self.token = self._line("Token")
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.show_token = icon_button("eye", "Show the token", self._toggle_token, name="show-token")
        panel.body.addLayout(
            row(
                label("Token", "soft"), self.token, self.show_token,
                icon_button("copy", "Copy the token", lambda: self._copy(self._token, "The token"), name="copy-token"),
                button("New token", self.renew_token, icon_name="refresh-cw", name="new-token",
                       tip="From then on the old one is refused; the server starts anew"),
            )
        )  # fmt: skip
        self.model = QComboBox()
        self.model.setAccessibleName("Model of the examples")
        self.model.currentIndexChanged.connect(lambda _index: self._fill_examples())
        self.language = QComboBox()
        self.language.setAccessibleName("Language of the examples")
        self.language.currentIndexChanged.connect(lambda _index: self._show_example())
        self.copy_example = button("Copy", self._copy_example, icon_name="copy", name="copy-example",
                                   tip="Copies the program with the real token in it")  # fmt: skip
        panel.body.addSpacing(S)
        panel.body.addWidget(label("An example that runs as it is", "strong"))
        panel.body.addLayout(row(self.model, self.language, 1, self.copy_example))
        self.example = QPlainTextEdit()
        self.example.setReadOnly(True)
        self.example.setAccessibleName("Example")
        self.example.setTabChangesFocus(True)
        self.example.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.example.setMinimumHeight(150)
        form = self.example.document().defaultFont()
        form.setFamilies(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).families())
        self.example.setFont(form)
        panel.body.addWidget(self.example, 1)
        return panel

    def _line(self, name: str) -> QLineEdit:
        made = QLineEdit()
        made.setReadOnly(True)
        made.setAccessibleName(name)
        return made

    # Choosing ------------------------------------------------------------------------------------------------------------

    def choose(self, card: ModelCard | None) -> None:
        """Tick this model, when none is ticked yet."""
        self._wanted = card.id if card is not None else ""

    def refresh(self) -> None:
        """Models may have come since."""
        if self._job is None:
            self._find()

    def _find(self) -> None:
        catalog, paths = self._ctx.catalog, self._ctx.paths

        def work(_control: Control) -> _Found:
            from workbench.serve.tokens import kept_token

            # A keyring may ask the person first.
            token, kept = (self._token, True) if self._token else kept_token()
            return _Found(usable_models(catalog, paths), token, kept)

        job = self._ctx.jobs.start("Looking for models", work)
        job.succeeded.connect(while_there(self, self._found))
        job.failed.connect(while_there(self, self.banner.show_error))

    def _found(self, found: _Found) -> None:
        self._token = found.token
        ticked = {c.id for c in self._chosen()}
        self.models.blockSignals(True)
        self.models.clear()
        for card in found.cards:
            item = QListWidgetItem(f"{card.name}   ({card.id})")
            item.setData(Qt.ItemDataRole.UserRole, card)
            item.setToolTip(card.summary)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if card.id in ticked else Qt.CheckState.Unchecked)
            self.models.addItem(item)
        self.models.blockSignals(False)
        if not found.kept:
            self.token.setToolTip("This system has no keyring: the token is a new one each time the app is started")
        if not ticked and found.cards:
            place = next((n for n, card in enumerate(found.cards) if card.id == self._wanted), 0)
            self.models.item(place).setCheckState(Qt.CheckState.Checked)
        self._allow()

    def _chosen(self) -> tuple[ModelCard, ...]:
        items = [self.models.item(n) for n in range(self.models.count())]
        return tuple(i.data(Qt.ItemDataRole.UserRole) for i in items if i.checkState() == Qt.CheckState.Checked)

    def _allow(self) -> None:
        self.start.setEnabled(bool(self._chosen()) and bool(self._token) and self._job is None)

    def _warn(self, on: bool) -> None:
        if on:
            self.warning.show_message(_OPEN_WORDS, "warn")
        else:
            self.warning.hide()

    # Running -------------------------------------------------------------------------------------------------------------

    def start_serving(self) -> None:
        host = _EVERYWHERE if self.everywhere.isChecked() else LOOPBACK
        try:
            config = ServeConfig(self._chosen(), self._token, host, self.port.value()).checked()
        except UserError as error:
            self.banner.show_error(error)
            return
        self._ctx.settings.set_text("serve/port", str(self.port.value()))
        self._served = config.cards
        self.banner.hide()
        self._set_running(True)
        self.counters.setText("Starting …")

        def work(control: Control):  # type: ignore[no-untyped-def]
            from workbench.serve.server import serve

            return serve(config, control)

        self._job = self._ctx.jobs.start_stream("Use from other programs", work)
        self._job.streamed.connect(while_there(self, self._show_figures))
        self._job.failed.connect(while_there(self, self.banner.show_error))
        self._job.ended.connect(while_there(self, self._ended))

    def stop_serving(self) -> None:
        if self._job is not None:
            self.stop.setEnabled(False)
            self.counters.setText("Stopping …")
            self._job.cancel()

    def _set_running(self, on: bool) -> None:
        self.choice.setVisible(not on)
        self.start.setVisible(not on)
        self.stop.setVisible(on)
        self.stop.setEnabled(on)
        if not on:
            self.running.hide()

    def _show_figures(self, figures: Figures) -> None:
        if self._job is None:
            return
        if not self._address:
            self._address = figures.address
            self.address.setText(figures.address)
            self.token.setText(self._token)
            self.model.blockSignals(True)
            self.model.clear()
            for card in self._served:
                self.model.addItem(card.name, card)
            self.model.blockSignals(False)
            self._fill_examples()
            self.running.show()
        words = [f"{figures.answered:,} answered"]
        if figures.inside:
            words.append(f"{figures.inside:,} at work")
        if figures.failed:
            words.append(f"{figures.failed:,} could not be answered")
        if figures.refused:
            words.append(f"{figures.refused:,} turned away (too many at once)")
        if figures.mean_seconds:
            words.append(f"{figures.mean_seconds:.2f} s each")
        self.counters.setText("Running: " + ", ".join(words))

    def _ended(self) -> None:
        self._job = None
        self._address = ""
        self._set_running(False)
        self.counters.setText("")
        self._allow()

    # Copying -------------------------------------------------------------------------------------------------------------

    def _fill_examples(self) -> None:
        card = self.model.currentData()
        if card is None:
            return
        before = self.language.currentText()
        self._examples = examples(self._address, self._token, card)
        self.language.blockSignals(True)
        self.language.clear()
        self.language.addItems([e.title for e in self._examples])
        self.language.setCurrentIndex(max(0, self.language.findText(before)))
        self.language.blockSignals(False)
        self._show_example()

    def _show_example(self) -> None:
        place = self.language.currentIndex()
        if 0 <= place < len(self._examples):
            # Nobody who looks over the shoulder reads the token.
            self.example.setPlainText(self._examples[place].text.replace(self._token, HIDDEN))

    def _copy_example(self) -> None:
        place = self.language.currentIndex()
        if 0 <= place < len(self._examples):
            self._copy(self._examples[place].text, "The example, with the token in it,")

    def _copy(self, text: str, what: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.banner.show_message(f"{what} is on the clipboard.", "good")

    def _toggle_token(self) -> None:
        hidden = self.token.echoMode() == QLineEdit.EchoMode.Password
        self.token.setEchoMode(QLineEdit.EchoMode.Normal if hidden else QLineEdit.EchoMode.Password)
        self.show_token.setToolTip("Hide the token" if hidden else "Show the token")

    def _open_page(self) -> None:
        QDesktopServices.openUrl(QUrl(f"{self._address}/docs"))

    def renew_token(self) -> None:
        """A new token; the server starts anew with it."""

        def work(_control: Control) -> str:
            from workbench.serve.tokens import renewed_token

            return renewed_token()[0]

        job = self._ctx.jobs.start("Making a new token", work)
        job.succeeded.connect(while_there(self, self._renewed))
        job.failed.connect(while_there(self, self.banner.show_error))

    def _renewed(self, token: str) -> None:
        self._token = token
        running = self._job
        if running is not None:
            running.ended.connect(while_there(self, self._start_again))
            self.stop_serving()

    def _start_again(self) -> None:
        self.start_serving()
        self.banner.show_message("There is a new token; the old one is refused.", "good")
