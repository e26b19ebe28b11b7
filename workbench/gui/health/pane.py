"""One item seen large: a picture, a text with what was found in it marked, or a recording to be heard."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QStackedWidget, QTextEdit, QVBoxLayout, QWidget

from workbench.control import Control
from workbench.data.checks import Place
from workbench.data.types import Item
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.theme import S, theme
from workbench.gui.utf16 import to_qt
from workbench.gui.widgets.basic import label
from workbench.gui.widgets.item_player import ItemPlayer
from workbench.gui.widgets.picture_view import PictureView
from workbench.gui.widgets.structure_view import StructureView

_LARGE = 1600
GONE = "It was taken out of the project. Ctrl+Z brings it back."


class ItemPane(QWidget):
    """Shows what `show_item` is given; the caption says what it is."""

    def __init__(self, ctx: AppContext, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._item: Item | None = None
        self._places: Sequence[Place] = ()
        self._player: ItemPlayer | None = None
        self._structure: StructureView | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.stack = QStackedWidget()
        self.picture = PictureView(name)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName(name)
        self.text.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.stack.addWidget(self.picture)
        self.stack.addWidget(self.text)
        column.addWidget(self.stack, 1)
        self.caption = label("", "soft", wrap=True)
        self.caption.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.caption)
        theme().changed.connect(self._mark)

    def show_item(self, item: Item | None, places: Sequence[Place] = ()) -> None:
        """Show an item; None: it is gone. `places`: what to mark in its text."""
        self._item, self._places = item, places
        if self._player is not None:
            self._player.stop()
        if item is None:
            self.stack.setCurrentWidget(self.picture)
            self.picture.show_words(GONE)
        elif item.kind == "molecule":
            if self._structure is None:
                self._structure = StructureView(self._ctx.jobs)
                self.stack.addWidget(self._structure)
            self.stack.setCurrentWidget(self._structure)
            self._structure.show_molecule(item)
        elif item.text is not None:
            self.stack.setCurrentWidget(self.text)
            self.text.setPlainText(item.text)
            self._mark()
        elif item.kind == "sound":
            if self._player is None:
                self._player = ItemPlayer(self._ctx)
                self.stack.addWidget(self._player)
            self.stack.setCurrentWidget(self._player)
            self._player.open(item.sample())
        else:
            self._show_picture(item)

    def _show_picture(self, item: Item) -> None:
        self.stack.setCurrentWidget(self.picture)
        sample = item.sample()

        def work(_control: Control) -> bytes:
            from workbench.gui.widgets.reading_controls import look

            return look(sample, _LARGE).png

        def came(png: bytes) -> None:
            if self._item is item:
                self.picture.show_data(png)

        def failed(problem: Problem) -> None:
            if self._item is item:
                self.picture.show_words(f"{problem.message} {problem.hint}")

        self.picture.show_words("")
        job = self._ctx.jobs.start_stream("Opening a picture", lambda control: iter([work(control)]), quiet=True)
        job.streamed.connect(came)
        job.failed.connect(failed)

    def _mark(self) -> None:
        if self._item is None or self._item.text is None:
            return
        marks = []
        for place in self._places:
            one = QTextEdit.ExtraSelection()
            look = QTextCharFormat()
            look.setBackground(theme().colour("warn_soft"))
            look.setForeground(theme().colour("warn"))
            look.setFontUnderline(True)
            look.setToolTip(place.what)
            cursor = QTextCursor(self.text.document())
            # Qt counts in UTF-16, the finding in characters.
            start = to_qt(self._item.text, place.start)
            cursor.setPosition(start)
            end = to_qt(self._item.text, place.end)
            cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
            one.format, one.cursor = look, cursor
            marks.append(one)
        self.text.setExtraSelections(marks)
        if marks:
            shown = QTextCursor(marks[0].cursor)
            shown.clearSelection()
            self.text.setTextCursor(shown)
            self.text.ensureCursorVisible()
