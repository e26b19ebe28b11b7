"""Parts of a page that are made when they are first needed: most visits need few of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtWidgets import QWidget

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
