"""A stopwatch that leaves out what a busy computer takes away: the tests hold the app to its seconds, not the computer to its
idleness."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from workbench.control import Control


class Watch:
    """Seconds since it was made, without those in which this process stood in line for a processor.

    Linux tells of each thread how long it could have run and had none (`/proc/PID/task/*/schedstat`, the second number, in
    nanoseconds); elsewhere it is plain seconds. `others` are the numbers of processes that are waited for.
    """

    def __init__(self, *others: int) -> None:
        self._processes = (os.getpid(), *others)
        self._in_line = self._stood()
        self._most = 0.0
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        passed = time.monotonic() - self._began
        now = self._stood()
        # Where several stood in line at the same time, more is taken off than has passed.
        self._most = max(self._most, passed - sum(now[t] - self._in_line.get(t, 0) for t in now) / 1e9)
        return self._most

    def _stood(self) -> dict[str, int]:
        found = {}
        for process in self._processes:
            for file in Path(f"/proc/{process}/task").glob("*/schedstat"):
                try:
                    found[file.parent.name] = int(file.read_text().split()[1])
                except (OSError, ValueError, IndexError):
                    continue  # it ended just now, or this system does not tell
        return found


class StopsLater:
    """Stops what `control` belongs to after a while, from another thread, and counts from then on."""

    def __init__(self, control: Control, wait: float) -> None:
        self._control = control
        self._watch: Watch | None = None
        self._timer = threading.Timer(wait, self._stop)
        self._timer.start()

    def _stop(self) -> None:
        self._watch = Watch()
        self._control.cancel()

    @property
    def seconds(self) -> float:
        """Since it was told to stop."""
        self._timer.join()
        assert self._watch is not None
        return self._watch.seconds
