"""How is answered: the model, in what manner, and from which documents."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QFormLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from workbench.engine.conversation import Conversation
from workbench.gui.context import AppContext
from workbench.gui.talk.words import plain_tip
from workbench.gui.theme import M, S
from workbench.gui.widgets.basic import Banner, button, icon_button, label, line
from workbench.gui.widgets.model_picker import ModelPicker
from workbench.gui.widgets.option_controls import OptionControls
from workbench.tasks.chat import ROLE, TASK

_NONE = "None: the model answers from what it has learnt."
_NEEDED = "None yet: without a model, answers are read from them."
_WITHOUT = "No model: from my documents"


class SettingsPanel(QScrollArea):
    """Signals:
    changed(): something was set.
    documents_changed(str): another folder, or "" for none.
    """

    changed = Signal()
    documents_changed = Signal(str)

    def __init__(self, ctx: AppContext, more: QWidget, model_id: str = "", parent: QWidget | None = None) -> None:
        """Args:
        more: settings of speech, shown below. `model_id`: the model that is chosen; the suggested one when empty.
        """
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setObjectName("talk-settings")
        self.task = TASK
        inside = QWidget()
        inside.setProperty("role", "page")
        # From the outside in: what is put into another later, is styled anew with all that is in it.
        self.setWidget(inside)
        column = QVBoxLayout(inside)
        column.setContentsMargins(S, 0, S, 0)
        column.setSpacing(M)
        self.picker = ModelPicker(ctx, inside, also=("text-generation",), without=_WITHOUT)
        # The names of models are long; the panel is narrow.
        self.picker.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.picker.box.setMinimumContentsLength(12)
        self.picker.changed.connect(self._model_changed)
        column.addWidget(self.picker)
        self.remote = Banner(closable=False)
        self.remote.setObjectName("remote-banner")
        column.addWidget(self.remote)
        self.controls = OptionControls()
        form = self.controls.layout()
        if isinstance(form, QFormLayout):
            form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        self.controls.changed.connect(self.changed)
        column.addWidget(self.controls)
        column.addWidget(line())
        column.addWidget(label("Your documents", "strong"))
        self.documents_words = label("", "soft", wrap=True)
        self.documents_words.setObjectName("documents-words")
        column.addWidget(self.documents_words)
        row = QHBoxLayout()
        row.setSpacing(S)
        row.addWidget(
            button(
                "Choose a folder …", self._choose, icon_name="folder-open", name="choose-documents",
                tip="Each question is looked up in its texts (PDF, Word, web pages, plain texts), and the passages that fit"
                " are given to the model (retrieval-augmented generation)",
            )
        )  # fmt: skip
        self.none = icon_button("x", "Ask without documents", lambda: self.set_documents(""), name="no-documents")
        row.addWidget(self.none)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(line())
        column.addWidget(label("Voice", "strong"))
        column.addWidget(more)
        column.addStretch(1)
        self.documents = ""
        self.picker.show_task(self.task.info.id, model_id)
        self._show_documents()

    def show_talk(self, talk: Conversation) -> None:
        """As this conversation has it."""
        if talk.turns or talk.model_id:
            self.picker.choose(talk.model_id)
        self.controls.set_value(ROLE.id, talk.system)
        for key, value in talk.values.items():
            self.controls.set_value(key, value)
        self.documents = talk.documents
        self._show_documents()

    def system(self) -> str:
        """How it shall answer."""
        return str(self.controls.values().get(ROLE.id, "")).strip()

    def values(self) -> dict[str, float]:
        """The numbers that are set, by option."""
        return {k: float(v) for k, v in self.controls.values().items() if isinstance(v, float)}

    def set_documents(self, folder: str) -> None:
        """As if the person had chosen it; "" for none."""
        self.documents = folder
        self._show_documents()
        self.documents_changed.emit(folder)

    def tell_documents(self, words: str) -> None:
        """What is known of them: how many, or what is wrong."""
        self._show_documents(words)

    def _model_changed(self) -> None:
        card = self.picker.card
        self.controls.show_options(self.task, card)
        if not self.documents:
            self.documents_words.setText(_NONE if card is not None else _NEEDED)
        if card is not None and card.is_remote:
            self.remote.show_message(
                f"What you enter is sent to {card.source.ref}: it leaves this computer, and may cost money."
                + (" Passages of your documents go along." if self.documents else ""),
                "warn",
            )
        else:
            self.remote.hide()
        self.changed.emit()

    def _show_documents(self, words: str = "") -> None:
        name = Path(self.documents).name if self.documents else ""
        self.documents_words.setText(
            "\n".join(p for p in (f"“{name}”", words) if p)
            if name
            else "None: the model answers from what it has learnt."
        )
        self.documents_words.setToolTip(plain_tip(self.documents) if name else "")
        self.none.setVisible(bool(name))
        self._model_changed()

    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Choose a folder of documents", self.documents)
        if folder:
            self.set_documents(folder)
