"""Where the person types: Enter sends, Shift and Enter begin a new line."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from workbench.engine.conversation import MOST_LETTERS

_LINES_FEW, _LINES_MANY = 2, 8


class Question(QPlainTextEdit):
    """Grows with its text up to some lines.

    Signals:
        sent(): the person wants the answer.
        too_long(int): so many letters were pasted, which were not taken in.
        escaped(): Esc.
    """

    sent = Signal()
    too_long = Signal(int)
    escaped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("question")
        self.setAccessibleName("Your question")
        self.setPlaceholderText("Ask something (Enter sends, Shift+Enter begins a new line)")
        self.setTabChangesFocus(True)
        self.textChanged.connect(self._fit)
        self._fit()

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return source.hasText()

    def insertFromMimeData(self, source: QMimeData) -> None:
        """A very long text would stand the window still, and no model reads it."""
        text = source.text()
        if len(text) + self.document().characterCount() > MOST_LETTERS:
            self.too_long.emit(len(text))
        else:
            self.insertPlainText(text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = not event.modifiers() & (Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and plain:
            self.sent.emit()
            return
        if event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
            return
        super().keyPressEvent(event)

    def _fit(self) -> None:
        lines = min(_LINES_MANY, max(_LINES_FEW, self.document().blockCount()))
        self.setFixedHeight(lines * self.fontMetrics().lineSpacing() + 22)
