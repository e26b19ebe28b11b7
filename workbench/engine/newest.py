"""One place for the newest thing, between a thread that makes and one that takes: nobody ever lags behind."""

from __future__ import annotations

import threading
import time
from typing import Generic, TypeVar

from workbench.control import Control

T = TypeVar("T")
# A waiting thread looks this often whether it shall stop.
_LOOK_SECONDS = 0.1


class Newest(Generic[T]):
    """A queue of length one whose older entry is thrown away for a newer one. Safe from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._thing: T | None = None

    def put(self, thing: T) -> bool:
        """Never waits. True when the place was empty, so that who takes has to be told."""
        with self._changed:
            empty = self._thing is None
            self._thing = thing
            self._changed.notify()
            return empty

    def take(self) -> T | None:
        """What is there now; None when there is nothing new."""
        with self._changed:
            thing, self._thing = self._thing, None
            return thing

    def wait(self, control: Control, seconds: float) -> T | None:
        """The next thing; None when nothing came for so long. Raises: Cancelled."""
        end = time.monotonic() + seconds
        with self._changed:
            while self._thing is None:
                control.check()
                left = end - time.monotonic()
                if left <= 0:
                    return None
                self._changed.wait(min(left, _LOOK_SECONDS))
            thing, self._thing = self._thing, None
            return thing

    @property
    def empty(self) -> bool:
        with self._changed:
            return self._thing is None
