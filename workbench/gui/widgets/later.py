"""Parts of a page that are made when they are first needed: most visits need few of them. What takes a while is made one after the
other, so that the window answers in between."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

# Longer than nothing: what the one before has changed is painted in a turn before the next.
_NEXT_MS = 5
_turns: deque[tuple[QObject, Callable[[], object]]] = deque()

W = TypeVar("W", bound=QWidget)


class Later(Generic[W]):
    """A widget that `make` makes when it is first asked for.

    live = Later(lambda: LiveView(ctx))
    live.then(lambda view: view.closed.connect(self._closed))   # once it is there
    live().open(file)                                           # made now, if it was not
    if live.made is not None: ...                               # without making it
    """

    def __init__(self, make: Callable[[], W]) -> None:
        self._make = make
        self._waiting: list[Callable[[W], object]] = []
        self.made: W | None = None

    def __call__(self) -> W:
        if self.made is None:
            self.made = self._make()
            waiting, self._waiting = self._waiting, []
            for act in waiting:
                act(self.made)
        return self.made

    def then(self, act: Callable[[W], object]) -> None:
        """Have it told when it is made; now, where it is there."""
        if self.made is not None:
            act(self.made)
        else:
            self._waiting.append(act)


def in_turn(owner: QObject, act: Callable[[], object]) -> None:
    """Have `act` done soon, in a turn of the event loop of its own: of all that is asked for, one at a time. Not done once `owner`
    is deleted."""
    _turns.append((owner, act))
    if len(_turns) == 1:
        QTimer.singleShot(_NEXT_MS, _next)


def _next() -> None:
    owner, act = _turns[0]
    try:
        if isValid(owner):
            act()
    finally:
        _turns.popleft()
        if _turns:
            QTimer.singleShot(_NEXT_MS, _next)
