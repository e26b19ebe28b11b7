"""How a long piece of work is watched, paused and stopped from outside.

Every function of the engine and of the data layer that may take longer than a moment accepts a `Control`.
It calls `check()` often (at least every 100 ms of work), which returns at once, waits while paused, or raises
`Cancelled`; and it calls `progress()` to say how far it is. No Qt here: the window and the command line each
make a subclass or pass callbacks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from workbench.errors import Cancelled

ProgressCallback = Callable[[float, str], None]


class Control:
    """A handle on running work, safe to use from any thread.

    Args:
        on_progress: called in the worker's thread with (fraction in 0..1, or -1 when unknown; a short text).
    """

    def __init__(self, on_progress: ProgressCallback | None = None) -> None:
        self._on_progress = on_progress
        self._cancel = threading.Event()
        self._go = threading.Event()
        self._go.set()
        self._waits = threading.Lock()
        self._waiting = 0
        self._waited, self._wait_began = 0.0, 0.0
        self._leaving = False

    def cancel(self) -> None:
        """Ask the work to stop; a paused work wakes up and stops."""
        self._cancel.set()
        self._go.set()

    def leave(self) -> None:
        """The app is going: as `cancel`, but what can go on next time is kept so that it can."""
        self._leaving = True
        self.cancel()

    @property
    def leaving(self) -> bool:
        return self._leaving

    def pause(self) -> None:
        self._go.clear()

    def resume(self) -> None:
        self._go.set()

    @property
    def cancelled(self) -> bool:
        return self._cancel.is_set()

    @property
    def paused(self) -> bool:
        return not self._go.is_set()

    @property
    def waited(self) -> float:
        """Seconds that the work has stood still in `check` because it was paused, until now."""
        with self._waits:
            return self._waited + (time.monotonic() - self._wait_began if self._waiting else 0.0)

    def check(self) -> None:
        """Return at once, or wait while paused.

        Raises:
            Cancelled: when the work was asked to stop.
        """
        if not self._go.is_set():
            self._wait()
        if self._cancel.is_set():
            raise Cancelled

    def _wait(self) -> None:
        with self._waits:
            self._waiting += 1
            if self._waiting == 1:  # several threads of one work wait for the same pause
                self._wait_began = time.monotonic()
        self._go.wait()
        with self._waits:
            self._waiting -= 1
            if not self._waiting:
                self._waited += time.monotonic() - self._wait_began

    def progress(self, done: float, total: float, text: str = "") -> None:
        """Say how far the work is.

        Args:
            done: amount done, in any unit.
            total: whole amount in the same unit; 0 or less when it is not known.
            text: a few plain words ("Reading pictures").
        """
        if self._on_progress is not None:
            self._on_progress(min(1.0, done / total) if total > 0 else -1.0, text)
