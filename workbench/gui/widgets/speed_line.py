"""What a model runs with on this computer, in one quiet line; and the switch for it."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.theme import S
from workbench.gui.widgets.basic import Card, label

# What is found in the background shows by itself; looking takes a glance at a small file.
_LOOK_MS = 3000


class SpeedLine(QWidget):
    """ "Runs with: ONNX Runtime, 3.1× faster than before; …", all that was measured in its tooltip. Hidden while nothing is
    known."""

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._card: ModelCard | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.words = label("", "faint", wrap=True, selectable=True)
        self.words.setObjectName("speed-words")
        self.words.setAccessibleName("What the model runs with")
        column.addWidget(self.words)
        self.words.hide()
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self.look)

    def show_card(self, card: ModelCard | None) -> None:
        """Another model, or none."""
        self._card = card
        self.look()

    def look(self) -> None:
        """Show what is known by now."""
        from workbench.engine.speed.words import known_about

        card = self._card
        words, tip = known_about(card, self._ctx.paths) if card is not None and not card.is_remote else ("", "")
        if words != self.words.text():
            self.words.setText(words)
        self.words.setToolTip(tip)
        self.words.setVisible(bool(words))

    def showEvent(self, event: QShowEvent) -> None:
        self.look()
        self._timer.start()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)


class SpeedSwitches(Card):
    """Whether quicker engines are used.

    Signals:
        failed(object): a `UserError`: the settings could not be written.
    """

    failed = Signal(object)

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(spacing=S)
        if parent is not None:
            self.setParent(parent)
        from workbench.engine.speed import settings

        self._ctx = ctx
        now = settings.load(ctx.paths)
        self.body.addWidget(label("Speed", "strong"))
        self.body.addWidget(
            label(
                "While you use a model, the app looks for the quickest way to run it on this computer and checks that the"
                " answers stay the same.",
                "soft",
                wrap=True,
            )
        )
        self.on = QCheckBox("Use the quickest engine")
        self.on.setObjectName("speed-on")
        self.on.setToolTip("Inference engine: PyTorch or ONNX Runtime in full precision, and the number of threads")
        self.on.setChecked(now.on)
        self.on.setAccessibleName(self.on.text())
        self.on.toggled.connect(self._changed)
        self.body.addWidget(self.on)

    def _changed(self) -> None:
        from workbench.engine.speed import settings

        paths = self._ctx.paths
        new = replace(settings.load(paths), on=self.on.isChecked())
        try:
            settings.save(new, paths)
        except UserError as error:
            self.failed.emit(error)
            return

        def work(_control: Control) -> None:
            from workbench.engine.pool import shared_pool

            shared_pool().change_engines(paths)

        self._ctx.jobs.start("Changing how models run", work)
