"""The conversation: its bubbles, the newest at the bottom, which stays in view while it grows."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from workbench.engine.conversation import Conversation
from workbench.gui.talk.bubble import Bubble
from workbench.gui.theme import M, S
from workbench.gui.widgets.basic import button

_SHOWN = 40
_NEAR = 60


class ThreadView(QScrollArea):
    """Signals:
    copied(int), edited(int): the place of a turn.
    again(): another answer is wanted.
    source(object): a `Source` is to be opened.
    space(bool): the space bar goes down (True) or up, with nothing to type into.
    """

    copied = Signal(int)
    edited = Signal(int)
    again = Signal()
    source = Signal(object)
    space = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("thread")
        self.setAccessibleName("Conversation")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        inside.setProperty("role", "page")
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, S, S, S)
        self._column.setSpacing(M)
        self.earlier = button("", self._show_earlier, role="quiet", icon_name="history", name="show-earlier")
        self.earlier.hide()
        self._column.addWidget(self.earlier, 0, Qt.AlignmentFlag.AlignHCenter)
        self._column.addStretch(1)
        self.setWidget(inside)
        self.bubbles: list[Bubble] = []
        self._first = 0
        self._talk: Conversation | None = None
        self._follow = True
        self.verticalScrollBar().rangeChanged.connect(lambda _low, _high: self._stay())
        self.verticalScrollBar().valueChanged.connect(lambda _value: self._moved())

    def show_talk(self, talk: Conversation) -> None:
        """All of it, or what changed of the one that is shown."""
        other = self._talk is None or self._talk.id != talk.id
        self._talk = talk
        if other:
            self._clear()
            self._first = max(0, len(talk.turns) - _SHOWN)
            self._follow = True
        self._first = min(self._first, max(0, len(talk.turns) - 1))
        shown = talk.turns[self._first :]
        while len(self.bubbles) > len(shown) or any(
            bubble.turn.role != turn.role for bubble, turn in zip(self.bubbles, shown, strict=False)
        ):
            self._drop_last()
        for number, turn in enumerate(shown):
            if number >= len(self.bubbles):
                self._add(len(self.bubbles), Bubble(turn))
            elif self.bubbles[number].turn != turn:
                self.bubbles[number].show_turn(turn)
        for bubble in self.bubbles:
            bubble.set_last(bubble is self.bubbles[-1])
        self.earlier.setText(f" Show {self._first:,} earlier messages")
        self.earlier.setVisible(self._first > 0)

    def to_end(self) -> None:
        """The newest comes into view, and stays there."""
        self._follow = True
        self._stay()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self.space.emit(True)
            return
        super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self.space.emit(False)
            return
        super().keyReleaseEvent(event)

    def _add(self, number: int, bubble: Bubble, top: bool = False) -> None:
        if top:
            self.bubbles.insert(0, bubble)
        else:
            self.bubbles.append(bubble)
        bubble.copied.connect(lambda: self.copied.emit(self._place(bubble)))
        bubble.edited.connect(lambda: self.edited.emit(self._place(bubble)))
        bubble.again.connect(self.again)
        bubble.source.connect(self.source)
        # After the button and before the stretch.
        self._column.insertWidget(1 + number, bubble)

    def _place(self, bubble: Bubble) -> int:
        return self._first + self.bubbles.index(bubble)

    def _show_earlier(self) -> None:
        talk = self._talk
        if talk is None:
            return
        first = max(0, self._first - _SHOWN)
        bar = self.verticalScrollBar()
        below = bar.maximum() - bar.value()
        self._follow = False
        for place in range(self._first - 1, first - 1, -1):
            self._first = place
            self._add(0, Bubble(talk.turns[place]), top=True)
        self.show_talk(talk)
        QTimer.singleShot(0, self, lambda: bar.setValue(bar.maximum() - below))

    def _drop_last(self) -> None:
        bubble = self.bubbles.pop()
        self._column.removeWidget(bubble)
        bubble.hide()
        bubble.deleteLater()

    def _clear(self) -> None:
        while self.bubbles:
            self._drop_last()

    def _stay(self) -> None:
        if self._follow:
            bar = self.verticalScrollBar()
            bar.setValue(bar.maximum())

    def _moved(self) -> None:
        # Who scrolls up to read is not pulled down again.
        bar = self.verticalScrollBar()
        self._follow = bar.maximum() - bar.value() < _NEAR
