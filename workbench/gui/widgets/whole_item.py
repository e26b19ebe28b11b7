"""One item in full: a text to be read, a picture, or a recording to be heard."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QPlainTextEdit, QStackedWidget, QVBoxLayout, QWidget

from workbench.control import Control
from workbench.data.types import Item
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.theme import S
from workbench.gui.widgets.item_player import ItemPlayer
from workbench.gui.widgets.picture_view import PictureView
from workbench.gui.widgets.reading_controls import ReadingControls, Shown, look
from workbench.gui.widgets.structure_view import StructureView

_LARGE = 1600


class WholeItem(QWidget):
    """See the module.

    Signals:
        failed(object): a `UserError` or `Problem`: a recording cannot be heard.
    """

    failed = Signal(object)

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self.item: Item | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.stack = QStackedWidget()
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName("The text")
        self.text.setTabChangesFocus(True)
        # Words can be chosen with the mouse; the keyboard belongs to what is around it.
        self.text.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        font = QFont(self.text.font())
        font.setPointSizeF(font.pointSizeF() * 1.25)
        self.text.setFont(font)
        self.picture = PictureView("Picture")
        self.player = ItemPlayer(ctx)
        self.player.failed.connect(self.failed)
        # Not spread over all the height: its buttons belong to the outline.
        self.sound = QWidget()
        heard = QVBoxLayout(self.sound)
        heard.setContentsMargins(0, 0, 0, 0)
        heard.addWidget(self.player)
        heard.addStretch(1)
        self.structure = StructureView(ctx.jobs)
        for widget in (self.text, self.picture, self.sound, self.structure):
            self.stack.addWidget(widget)
        column.addWidget(self.stack, 1)
        self.reading = ReadingControls(ctx.jobs, _LARGE)
        self.reading.drawn.connect(self.picture.show_data)
        self.reading.for_all.connect(ctx.store.set_window)
        self.picture.right_dragged.connect(self.reading.drag)
        column.addWidget(self.reading)

    def show_item(self, item: Item | None, play: bool = False) -> None:
        """Show it, or nothing. `play`: a recording is heard at once."""
        self.item = item
        sound = item if item is not None and item.kind == "sound" else None
        self.player.open(sound.sample() if sound is not None else None, play=play and sound is not None)
        self.reading.clear()
        if item is not None and item.kind == "molecule":
            self.stack.setCurrentWidget(self.structure)
            self.structure.show_molecule(item)
        elif item is None or item.text is not None:
            self.text.setPlainText(item.text or "" if item is not None else "")
            self.stack.setCurrentWidget(self.text)
        elif sound is not None:
            self.stack.setCurrentWidget(self.sound)
        else:
            self.stack.setCurrentWidget(self.picture)
            self._read(item)

    def stop(self) -> None:
        """Nothing is heard any more."""
        self.player.stop()

    def _read(self, item: Item) -> None:
        sample = item.sample()

        def work(_control: Control) -> Shown:
            return look(sample, _LARGE)

        def came(shown: Shown) -> None:
            if self.item is item:
                self.picture.show_data(shown.png)
                self.reading.show_picture(sample, shown)

        def failed(problem: Problem) -> None:
            if self.item is item:
                self.reading.clear()
                self.picture.show_words(f"{problem.message} {problem.hint}")

        job = self._ctx.jobs.start("Opening a picture", work)
        job.succeeded.connect(came)
        job.failed.connect(failed)
