"""The text that was read in a picture, a line each: selected and copied as text, and tied to its place in the picture."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QColor, QMouseEvent, QTextCharFormat, QTextCursor, QTextFormat
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from workbench.gui.theme import theme
from workbench.tasks.predictions import Box

# Below this a line is marked as one to look at again.
DOUBTFUL = 0.8


class ReadText(QPlainTextEdit):
    """Signals:
    line_chosen(int): place of the line among the boxes that the person clicked or moved to.
    """

    line_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setAccessibleName("The text that was read")
        self._boxes: tuple[Box, ...] = ()
        self._blocks: list[int] = []  # the line of each paragraph of the document; -1 for the empty ones between
        self._line = -1
        self.cursorPositionChanged.connect(self._moved)
        theme().changed.connect(self._mark)

    def show_lines(self, boxes: Sequence[Box]) -> None:
        """Lines in the order of reading; paragraphs are parted by an empty line."""
        self._boxes, self._line = tuple(boxes), -1
        lines: list[str] = []
        self._blocks = []
        for number, box in enumerate(self._boxes):
            if number and box.block != self._boxes[number - 1].block:
                lines.append("")
                self._blocks.append(-1)
            lines.append(" ".join(box.label.splitlines()))
            self._blocks.append(number)
        self.blockSignals(True)
        self.setPlainText("\n".join(lines))
        self.blockSignals(False)
        self._mark()

    @property
    def doubtful(self) -> int:
        """How many lines were not read surely."""
        return sum(box.score < DOUBTFUL for box in self._boxes)

    def choose_line(self, line: int) -> None:
        """Highlight a line and bring it into view, without a signal; -1 for none."""
        self._line = line if line in self._blocks else -1
        if self._line >= 0:
            cursor = QTextCursor(self.document().findBlockByNumber(self._blocks.index(self._line)))
            self.blockSignals(True)
            self.setTextCursor(cursor)
            self.blockSignals(False)
            self.ensureCursorVisible()
        self._mark()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        self._moved()  # also where the cursor stood already

    def _moved(self) -> None:
        number = self.textCursor().blockNumber()
        line = self._blocks[number] if number < len(self._blocks) else -1
        if line >= 0 and not self.textCursor().hasSelection():
            self._line = line
            self._mark()
            self.line_chosen.emit(line)

    def _mark(self) -> None:
        marks = []
        for number, line in enumerate(self._blocks):
            doubtful = line >= 0 and self._boxes[line].score < DOUBTFUL
            if not doubtful and (line < 0 or line != self._line):
                continue
            mark = QTextEdit.ExtraSelection()
            cursor = QTextCursor(self.document().findBlockByNumber(number))
            form = QTextCharFormat()
            if line == self._line:
                form.setBackground(theme().colour("accent_soft"))
                form.setProperty(QTextFormat.Property.FullWidthSelection, True)
                mark.cursor, mark.format = cursor, form
                marks.append(mark)
            if doubtful:
                under = QTextEdit.ExtraSelection()
                words = QTextCursor(cursor)
                words.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
                wavy = QTextCharFormat()
                wavy.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
                wavy.setUnderlineColor(QColor(theme().colour("warn")))
                under.cursor, under.format = words, wavy
                marks.append(under)
        self.setExtraSelections(marks)
