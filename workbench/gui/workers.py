"""The only place where threads meet Qt.

A `Job` runs one function in a `QThread`, hands its progress, events and outcome back on the GUI thread, and can
be paused and cancelled. `Jobs` keeps the running ones alive and visible (status bar), and stops them on quitting.

    job = ctx.jobs.start("Reading pictures", lambda control: project.add_items(items, control=control))
    job.succeeded.connect(show)          # on the GUI thread
    job.failed.connect(banner.show_error)

Functions that give off events are generators; pass them with `start_stream`: each event arrives through
`job.streamed`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal

from workbench.control import Control
from workbench.errors import Cancelled, Problem, UserError

log = logging.getLogger(__name__)

# Progress is for eyes: more often than this only costs the GUI thread time.
_PROGRESS_INTERVAL = 1 / 30


class Job(QThread):
    """One engine call in a thread of its own.

    Signals (all delivered on the GUI thread):
        progressed(float, str): fraction 0..1 or -1, and a few plain words.
        streamed(object): one item of a streaming function.
        succeeded(object): the function's result (None for a stream).
        failed(object): a `Problem`, ready to be shown.
        cancelled(): the person stopped it.
        ended(): always last, whatever happened.
    """

    progressed = Signal(float, str)
    streamed = Signal(object)
    succeeded = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    ended = Signal()

    def __init__(
        self, title: str, function: Callable[[Control], Any], *, stream: bool, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.title = title
        self.fraction = -1.0
        self.text = ""
        self.control = Control(self._report)
        self._function = function
        self._stream = stream
        self._last_report = 0.0
        self.progressed.connect(self._remember)

    def cancel(self) -> None:
        self.control.cancel()

    def run(self) -> None:
        """Thread body; not to be called."""
        try:
            result = self._function(self.control)
            if self._stream:
                for item in result:
                    self.streamed.emit(item)
                result = None
        except Cancelled:
            self.cancelled.emit()
        except UserError as error:
            log.info("%s: %s", self.title, error)
            self.failed.emit(Problem.of(self.title, error))
        except Exception:
            log.exception("%s failed", self.title)
            self.failed.emit(
                Problem(
                    self.title,
                    "Something unexpected went wrong; nothing you made is lost.",
                    "Try again; if it happens again, the log (Help, Show log) says more.",
                )
            )
        else:
            self.succeeded.emit(result)
        finally:
            self.ended.emit()

    def _report(self, fraction: float, text: str) -> None:
        now = time.monotonic()
        if fraction < 1.0 and now - self._last_report < _PROGRESS_INTERVAL:
            return
        self._last_report = now
        self.progressed.emit(fraction, text)

    def _remember(self, fraction: float, text: str) -> None:
        self.fraction, self.text = fraction, text


class Jobs(QObject):
    """All running jobs of the window."""

    changed = Signal()
    started = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs: list[Job] = []

    def running(self) -> list[Job]:
        return list(self._jobs)

    def start(self, title: str, function: Callable[[Control], Any]) -> Job:
        """Run `function(control)` in a thread; connect to the job before going back to the event loop."""
        return self._start(Job(title, function, stream=False, parent=self))

    def start_stream(self, title: str, function: Callable[[Control], Iterator[Any]]) -> Job:
        """As `start`, for a generator: each of its items arrives through `job.streamed`."""
        return self._start(Job(title, function, stream=True, parent=self))

    def stop_all(self, timeout_ms: int = 5000) -> bool:
        """Cancel everything and wait; False if something is still running after the time."""
        for job in self._jobs:
            job.cancel()
        # A list, so that every job is waited for even when an earlier one overran.
        return all([job.wait(timeout_ms) for job in list(self._jobs)])  # noqa: C419

    def _start(self, job: Job) -> Job:
        self._jobs.append(job)
        job.finished.connect(lambda: self._forget(job))
        job.start()
        self.started.emit(job)
        self.changed.emit()
        return job

    def _forget(self, job: Job) -> None:
        if job in self._jobs:
            self._jobs.remove(job)
            self.changed.emit()
            job.deleteLater()
