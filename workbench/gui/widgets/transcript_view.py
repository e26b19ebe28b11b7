"""What was heard, in paragraphs with their times: a click on a word plays it, the word that plays is marked."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QTextEdit, QToolTip, QVBoxLayout, QWidget

from workbench.data.exporters.subtitles import TimedWord, paragraphs
from workbench.data.video import clock
from workbench.gui.theme import S, theme
from workbench.gui.utf16 import to_qt
from workbench.gui.widgets.basic import label
from workbench.tasks.predictions import Span, Text

# A word the model is less sure of is underlined.
_UNSURE = 0.5


class TranscriptView(QTextEdit):
    """Signals:
    chosen(float, float): (begins, ends) of the word that was clicked.
    toggled(): the space bar: play or pause.
    """

    chosen = Signal(float, float)
    toggled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transcript")
        self.setReadOnly(True)
        self.setAcceptRichText(False)
        self.setUndoRedoEnabled(False)
        self.setAccessibleName("What was heard")
        self.setToolTip("Click a word to hear it")
        # The caret goes from word to word with the arrow keys; words can be marked and copied.
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)
        self._words: list[TimedWord] = []
        self._scores: list[float] = []
        self._begins: list[float] = []
        self._places: list[int] = []  # of each word's first letter in the document
        self._starts: list[int] = []  # of the words that begin a paragraph
        self._settled = 0
        self._settled_end = 0  # of the document, after the settled words
        self._current = -1
        self._pressed = QPoint()
        theme().changed.connect(self._again)

    def show_text(self, prediction: Text) -> None:
        """Draw a transcript; of one that grows only what is new."""
        spans = [s for s in prediction.spans if s.start >= 0]
        settled = len(spans) if prediction.settled < 0 else min(prediction.settled, len(spans))
        kept = self._settled
        # The last words that stood say whether it is the same transcript: it only grows.
        if kept > settled or self._words[max(0, kept - 3) : kept] != _words(prediction, spans[max(0, kept - 3) : kept]):
            self._clear()
            kept = 0
        self._take_back()
        self._words = [*self._words[:kept], *_words(prediction, spans[kept:])]
        self._scores = [*self._scores[:kept], *(s.score for s in spans[kept:])]
        self._begins = [*self._begins[:kept], *(w.begins for w in self._words[kept:])]
        at_end = self._at_end()
        self._write(self._settled, settled, faint=False)
        self._settled = settled
        self._settled_end = self.document().characterCount() - 1
        self._write(settled, len(self._words), faint=True)
        self._mark()
        if not prediction.finished and at_end:
            bar = self.verticalScrollBar()
            bar.setValue(bar.maximum())

    def show_position(self, seconds: float, playing: bool = True) -> None:
        """Mark the word that is heard at this moment."""
        place = bisect_right(self._begins, seconds + 1e-6) - 1
        if place >= 0 and seconds > self._words[place].ends + 0.3:
            place = -1  # a pause
        if place != self._current:
            self._current = place
            self._mark()
            if playing and place >= 0:
                self._bring_into_view(place)

    @property
    def words(self) -> list[TimedWord]:
        """What is shown."""
        return self._words

    def word_at(self, seconds: float) -> TimedWord | None:
        """The word that is heard at this moment, or the last one before it."""
        place = bisect_right(self._begins, seconds + 1e-6) - 1
        return self._words[place] if place >= 0 else None

    # Writing -----------------------------------------------------------------------------------------------------------

    def _clear(self) -> None:
        self.clear()
        self._words, self._scores, self._begins, self._places, self._starts = [], [], [], [], []
        self._settled = self._settled_end = 0
        self._current = -1

    def _take_back(self) -> None:
        """Take out what was not settled."""
        del self._places[self._settled :]
        if self.document().characterCount() - 1 > self._settled_end:
            cursor = QTextCursor(self.document())
            cursor.setPosition(self._settled_end)
            cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()

    def _write(self, first: int, last: int, faint: bool) -> None:
        if last <= first:
            return
        # Earlier paragraphs stay as they are: only the one that is being written is looked at again.
        while self._starts and self._starts[-1] >= first:
            self._starts.pop()
        known = self._starts.pop() if self._starts else 0
        self._starts += [known + place for place in paragraphs(self._words[known:last])]
        starts = set(self._starts[-(last - first + 1) :])
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.beginEditBlock()
        for place in range(first, last):
            word = self._words[place]
            if place in starts:
                self._begin_paragraph(cursor, word.begins, first=place == 0)
            elif not word.glued:
                cursor.insertText(" ", self._form(1.0, faint))
            self._places.append(cursor.position())
            cursor.insertText(word.text, self._form(self._scores[place], faint))
        cursor.endEditBlock()

    def _begin_paragraph(self, cursor: QTextCursor, seconds: float, first: bool) -> None:
        block = QTextBlockFormat()
        block.setTopMargin(0 if first else S)
        block.setLineHeight(130, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        if first:
            cursor.setBlockFormat(block)
        else:
            cursor.insertBlock(block)
        stamp = QTextCharFormat()
        stamp.setForeground(theme().colour("text_faint"))
        stamp.setFontPointSize(max(7.0, self.font().pointSizeF() - 1.5))
        cursor.insertText(f"{clock(seconds)}  ", stamp)

    def _form(self, score: float, faint: bool) -> QTextCharFormat:
        form = QTextCharFormat()
        form.setForeground(theme().colour("text_faint" if faint else "text"))
        form.setFontItalic(faint)
        if score < _UNSURE:
            form.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DotLine)
            form.setUnderlineColor(theme().colour("warn"))
        return form

    def _again(self) -> None:
        """In the colours of another theme."""
        words, scores, settled, current = self._words, self._scores, self._settled, self._current
        self._clear()
        self._words, self._scores, self._begins = words, scores, [w.begins for w in words]
        self._current = current
        self._write(0, settled, faint=False)
        self._settled, self._settled_end = settled, self.document().characterCount() - 1
        self._write(settled, len(self._words), faint=True)
        self._mark()

    def _mark(self) -> None:
        if not 0 <= self._current < len(self._places):
            self.setExtraSelections([])
            return
        mark = QTextEdit.ExtraSelection()
        cursor = QTextCursor(self.document())
        cursor.setPosition(self._places[self._current])
        said = self._words[self._current].text
        end = self._places[self._current] + to_qt(said, len(said))
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        form = QTextCharFormat()
        ground = QColor(theme().colour("accent"))
        ground.setAlpha(70)
        form.setBackground(ground)
        mark.cursor, mark.format = cursor, form
        self.setExtraSelections([mark])

    def _at_end(self) -> bool:
        bar = self.verticalScrollBar()
        return bar.value() >= bar.maximum() - 40

    def _bring_into_view(self, place: int) -> None:
        cursor = QTextCursor(self.document())
        cursor.setPosition(self._places[place])
        rect = self.cursorRect(cursor)
        bar = self.verticalScrollBar()
        if rect.top() < 0 or rect.bottom() > self.viewport().height():
            bar.setValue(bar.value() + rect.top() - self.viewport().height() // 3)

    # Hands -------------------------------------------------------------------------------------------------------------

    def _word_of(self, position: int) -> int:
        """The word a place in the document lies in (its time stamp belongs to the first of its paragraph); -1 for none."""
        place = bisect_right(self._places, position) - 1
        if (
            place + 1 < len(self._places)
            and self._block(self._places[place + 1]) == self._block(position)
            and (place < 0 or self._block(self._places[place]) != self._block(position))
        ):
            return place + 1
        return place

    def _block(self, position: int) -> int:
        return self.document().findBlock(position).blockNumber()

    def _choose(self, place: int) -> None:
        if 0 <= place < len(self._words):
            self._current = place
            self._mark()
            word = self._words[place]
            self.chosen.emit(word.begins, word.ends)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = event.position().toPoint()
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        still = (event.position().toPoint() - self._pressed).manhattanLength() < 5
        if event.button() == Qt.MouseButton.LeftButton and still and not self.textCursor().hasSelection():
            self._choose(self._word_of(self.cursorForPosition(event.position().toPoint()).position()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self._current if self._current >= 0 else self._word_of(self.textCursor().position()))
        elif key == Qt.Key.Key_Space:
            self.toggled.emit()
        elif plain and key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self._words:
            step = 1 if key == Qt.Key.Key_Right else -1
            self._current = min(len(self._words) - 1, max(0, self._current + step))
            self._mark()
            self._bring_into_view(self._current)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self._places:
            inside = self.viewport().mapFrom(self, event.pos())
            place = self._word_of(self.cursorForPosition(inside).position())
            if 0 <= place < len(self._words):
                word, score = self._words[place], self._scores[place]
                sure = f", {score:.0%} certain" if score < 1 else ""
                QToolTip.showText(event.globalPos(), f"{clock(word.begins)}{sure}. Click to hear it.", self)
                return True
        return super().event(event)


class TranscriptPart(QWidget):
    """The transcript with a line that says what can be done; see `workbench.gui.widgets.prediction_view`."""

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.view = TranscriptView()
        self.hint = label("", "faint", wrap=True)
        column.addWidget(self.view, 1)
        column.addWidget(self.hint)

    def show_prediction(self, prediction: Text) -> None:
        self.view.show_text(prediction)
        unsure = sum(1 for s in prediction.spans if s.score < _UNSURE)
        words = "Click a word to hear it."
        if unsure:
            words += (
                f" {unsure:,} {'word is' if unsure == 1 else 'words are'} underlined: the model is not sure of them."
            )
        self.hint.setText(words if prediction.finished else "")


def _words(prediction: Text, spans: Sequence[Span]) -> list[TimedWord]:
    text = prediction.text
    return [
        TimedWord(text[s.start : s.end], s.begins, s.ends, s.start > 0 and not text[s.start - 1].isspace())
        for s in spans
    ]
