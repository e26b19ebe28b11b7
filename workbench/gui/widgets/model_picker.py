"""Which model is asked: the suggested one first, with why."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from workbench.catalog.card import ModelCard
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.downloads import speed_words
from workbench.gui.theme import S
from workbench.gui.widgets.basic import Banner, label
from workbench.tasks.base import TryOptions
from workbench.tasks.registry import get_task

_NONE = "There is no ready-made model for this; teach one on the Data and Train pages."
_DEFAULT_LABELS = "praise, complaint, question"


class ModelPicker(QWidget):
    """Signals:
    changed(): another model or other labels.
    """

    changed = Signal()

    def __init__(
        self, ctx: AppContext, parent: QWidget | None = None, also: Sequence[str] = (), without: str = ""
    ) -> None:
        """Args:
        also: models of these tasks are listed too, after those of the task that is shown.
        without: words for having no model at all, listed last; "" where there must be one.
        """
        super().__init__(parent)
        self._ctx = ctx
        self._also, self._without = also, without
        self._task_id = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        row = QHBoxLayout()
        row.setSpacing(S)
        row.addWidget(label("Model", "strong"))
        self.box = QComboBox()
        self.box.setObjectName("model-box")
        self.box.setAccessibleName("Model")
        self.box.currentIndexChanged.connect(lambda _i: self._chosen())
        row.addWidget(self.box, 1)
        column.addLayout(row)
        self.why = label("", "faint", wrap=True)
        column.addWidget(self.why)
        self.labels = QLineEdit(ctx.settings.text("try/labels", _DEFAULT_LABELS))
        self.labels.setObjectName("labels")
        self.labels.setAccessibleName("Labels to choose between, with commas between them")
        self.labels.setToolTip("Type the labels to choose between (zero-shot classification), with commas between them")
        self.labels.editingFinished.connect(self._labels_typed)
        self._labels_row = QWidget()
        labels_row = QHBoxLayout(self._labels_row)
        labels_row.setContentsMargins(0, 0, 0, 0)
        labels_row.addWidget(label("Choose between", "soft"))
        labels_row.addWidget(self.labels, 1)
        column.addWidget(self._labels_row)
        self.banner = Banner(closable=False)
        column.addWidget(self.banner)
        # Each picker of the window in a turn of its own.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._refill)
        ctx.models_changed.connect(self._soon.start)
        ctx.downloads.changed.connect(self._show_state)

    def show_task(self, task_id: str, model_id: str = "") -> None:
        """Models that can do this task as they are."""
        wanted = model_id or (self.card.id if self.card is not None and task_id == self._task_id else "")
        none = bool(self._without and self.box.count()) and not (wanted or self.box.currentData())
        self._task_id = task_id
        try:
            suggested, why = self._ctx.catalog.suggest(task_id)
            self._suggested, self._why = suggested.id, why
        except UserError:  # nobody publishes models of one's own classes
            self._suggested, self._why = "", ""
        project = self._ctx.store.project
        own = [c for c in self._ctx.catalog.own() if task_id in c.tasks]
        if not wanted and project is not None and own and own[0].trained_on.find(f"“{project.name}”") >= 0:
            wanted = own[0].id
        self.box.blockSignals(True)
        self.box.clear()
        for task in (task_id, *self._also):
            for card in self._ctx.catalog.search():
                if task in card.tasks and self.box.findData(card.id) < 0:
                    kind = self._where(card)
                    self.box.addItem(f"{card.name}   ({kind})", card.id)
        if self._without:
            self.box.addItem(self._without, "")
        self.box.setCurrentIndex(max(0, self.box.findData("" if none else wanted or self._suggested)))
        self.box.blockSignals(False)
        self._chosen()

    def choose(self, model_id: str) -> None:
        """As if the person had chosen it; "" for no model. One that is not listed changes nothing."""
        place = self.box.findData(model_id)
        if place >= 0:
            self.box.setCurrentIndex(place)

    def _where(self, card: ModelCard) -> str:
        if card.is_remote:
            return "online"
        if card.is_own:
            return "mine"
        if card.starter:
            return "built in"
        return "on this computer" if self._ctx.is_here(card) else f"download, {card.source.size / 1e6:,.0f} MB"

    @property
    def card(self) -> ModelCard | None:
        """The chosen model."""
        model_id = self.box.currentData()
        if not model_id:
            return None
        try:
            return self._ctx.catalog.get(model_id)
        except UserError:  # deleted a moment ago; the list follows
            return None

    def options(self) -> TryOptions:
        return TryOptions(tuple(part.strip() for part in self.labels.text().split(",") if part.strip()))

    def is_ready(self) -> bool:
        """True when the chosen model is on this computer."""
        card = self.card
        return card is not None and self._ctx.is_here(card)

    def _chosen(self) -> None:
        card = self.card
        if card is None:
            self.why.setText("" if self._without else _NONE)
            self._labels_row.hide()
            self.banner.hide()
            self.changed.emit()
            return
        self.why.setText(self._why if card.id == self._suggested else card.summary)
        self._labels_row.setVisible(get_task(self._task_id).needs_labels(card))
        self._show_state()
        self.changed.emit()

    def _show_state(self) -> None:
        """Is it here, on its way, or to be fetched?"""
        card = self.card
        if card is None or self.is_ready():
            self.banner.hide()
            return
        entry = self._ctx.downloads.entry(card.id)
        if entry is not None and entry.state in ("waiting", "running", "paused"):
            self.banner.show_message(f"Downloading “{card.name}”: {speed_words(entry)}.", "info")
        elif entry is not None and entry.problem is not None:
            self.banner.show_message(
                str(entry.problem), "bad", "Look", lambda: self._ctx.go("models", model_id=card.id)
            )
        else:
            size = f"{card.source.size / 1e6:,.0f} MB"
            self.banner.show_message(
                f"“{card.name}” is not on this computer yet ({size}).", "info", "Download", lambda: self._download(card)
            )

    def _download(self, card: ModelCard) -> None:
        self._ctx.downloads.add(card)

    def _labels_typed(self) -> None:
        if self.labels.text() != self._ctx.settings.text("try/labels", _DEFAULT_LABELS):
            self._ctx.settings.set_text("try/labels", self.labels.text())
            self.changed.emit()

    def _refill(self) -> None:
        if self._task_id:
            self.show_task(self._task_id)
