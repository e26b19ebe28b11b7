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
import os
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from enum import Enum, auto
from typing import Any

from PySide6.QtCore import QObject, Qt, QThread, QTimer, Signal
from shiboken6 import isValid

from workbench import garbage, memory
from workbench.control import Control
from workbench.errors import Cancelled, Problem, UserError, no_memory, out_of_memory

log = logging.getLogger(__name__)

# Progress is for eyes: more often than this only costs the GUI thread time.
_PROGRESS_INTERVAL = 1 / 30


class _Outcome(Enum):
    SUCCEEDED = auto()
    FAILED = auto()
    CANCELLED = auto()


class Job(QThread):
    """One engine call in a thread of its own.

    Signals (all delivered on the GUI thread):
        progressed(float, str): fraction 0..1 or -1, and a few plain words.
        streamed(object): one item of a streaming function.
        succeeded(object): the function's result (None for a stream).
        failed(object): a `Problem`, ready to be shown.
        cancelled(): the person stopped it.
        ended(): always last, whatever happened, and in one turn with the outcome: a page that takes nothing new before
            `ended` would otherwise for a moment show why something failed and not take it again.
    """

    progressed = Signal(float, str)
    streamed = Signal(object)
    succeeded = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    ended = Signal()
    _over = Signal(object, object)
    _ending = Signal()

    def __init__(
        self,
        title: str,
        function: Callable[[Control], Any],
        *,
        stream: bool,
        quiet: bool = False,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.title = title
        self.quiet = quiet
        self.fraction = -1.0
        self.text = ""
        self.control = Control(self._report)
        self._function = function
        self._stream = stream
        self._last_report = 0.0
        self.begun = False
        self.over = False
        self.progressed.connect(self._remember)
        self._over.connect(self._conclude)
        self._ending.connect(self._end, Qt.ConnectionType.QueuedConnection)

    def cancel(self) -> None:
        self.control.cancel()

    def begin(self) -> None:
        """Start its thread, once."""
        if not self.begun:
            self.begun = True
            self.start()

    def run(self) -> None:
        """Thread body; not to be called."""
        self._work()
        # What it needed is free by now.
        memory.give_back()
        garbage.put_libraries_aside()

    def _work(self) -> None:
        outcome = _Outcome.CANCELLED
        said: Any = None
        try:
            said = self._function(self.control)
            if self._stream:
                for item in said:
                    self.streamed.emit(item)
                said = None
            outcome = _Outcome.SUCCEEDED
        except Cancelled:
            said = None
        except UserError as error:
            log.info("%s: %s", self.title, error)
            outcome, said = _Outcome.FAILED, Problem.of(self.title, error)
        except Exception as error:
            log.exception("%s failed", self.title)
            outcome = _Outcome.FAILED
            said = (
                Problem.of(self.title, no_memory())
                if out_of_memory(error)
                else Problem(
                    self.title,
                    "Something unexpected went wrong; nothing you made is lost.",
                    "Try again; if it happens again, the log (Help, Show log) says more.",
                )
            )
        finally:
            self._over.emit(outcome, said)

    def _conclude(self, outcome: _Outcome, said: object) -> None:
        """On the GUI thread: the outcome and the end."""
        # Already in the queue for a slot that opens a dialog and waits in it for the person.
        self._ending.emit()
        if outcome is _Outcome.SUCCEEDED:
            self.succeeded.emit(said)
        elif outcome is _Outcome.FAILED:
            self.failed.emit(said)
        else:
            self.cancelled.emit()
        self._end()

    def _end(self) -> None:
        if not self.over:
            self.over = True
            self.ended.emit()

    def _report(self, fraction: float, text: str) -> None:
        now = time.monotonic()
        if fraction < 1.0 and now - self._last_report < _PROGRESS_INTERVAL:
            return
        self._last_report = now
        self.progressed.emit(fraction, text)

    def _remember(self, fraction: float, text: str) -> None:
        self.fraction, self.text = fraction, text


def while_there(owner: QObject, slot: Callable[..., None]) -> Callable[..., None]:
    """A slot that does nothing once `owner` is deleted: a job may outlive the widget that asked for it."""

    def call(*values: Any) -> None:
        if isValid(owner):
            slot(*values)

    return call


class Jobs(QObject):
    """All running jobs of the window."""

    changed = Signal()
    started = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs: list[Job] = []
        self._closed = False

    def running(self) -> list[Job]:
        """Those of which a person still waits for something; a thread may need a moment more to be gone."""
        return [job for job in self._jobs if not job.over]

    def threads(self) -> list[Job]:
        """Those whose thread is not gone."""
        return [job for job in self._jobs if job.isRunning()]

    def start(self, title: str, function: Callable[[Control], Any], *, quiet: bool = False) -> Job:
        """Run `function(control)` in a thread; connect to the job before going back to the event loop.

        Args:
            quiet: nobody asked for it or waits for it, so the status bar need not show it.
        """
        return self._start(Job(title, function, stream=False, quiet=quiet, parent=self))

    def start_stream(self, title: str, function: Callable[[Control], Iterator[Any]], *, quiet: bool = False) -> Job:
        """As `start`, for a generator: each of its items arrives through `job.streamed`.

        Args:
            quiet: the page shows that it runs (a video that plays), so the status bar need not.
        """
        return self._start(Job(title, function, stream=True, quiet=quiet, parent=self))

    def stop_all(self, timeout_ms: int = 5000) -> bool:
        """Cancel everything and wait, at the end of the app; False if something is still running after the time."""
        self._closed = True
        for job in self._jobs:
            job.control.leave()
        # A list, so that every job is waited for even when an earlier one overran.
        return all([job.wait(timeout_ms) for job in list(self._jobs)])  # noqa: C419

    def _start(self, job: Job) -> Job:
        self._jobs.append(job)
        job.ended.connect(self.changed)
        job.finished.connect(lambda: self._forget(job))
        # Begun from the event loop, not here: a job that is over at once would otherwise have spoken before anyone
        # could listen.
        QTimer.singleShot(0, job, lambda: self._begin(job))
        self.started.emit(job)
        self.changed.emit()
        return job

    def _begin(self, job: Job) -> None:
        if self._closed:
            self._forget(job)
        else:
            job.begin()

    def _forget(self, job: Job) -> None:
        if job in self._jobs:
            self._jobs.remove(job)
            self.changed.emit()
            # What was connected to it goes with it, and may have been the last that held this object (and so its children).
            job.setParent(None)
            job.deleteLater()


class Stack(QObject):
    """Many small pieces of work of which the newest matter most: thumbnails of what is on the screen now.

    The newest request is done first; the oldest ones beyond `depth` are forgotten and asked for again when they
    come into view.

    Signals:
        done(object, object): key and result, on the GUI thread. A piece that failed gives its `UserError`.
    """

    done = Signal(object, object)

    def __init__(self, threads: int = 0, depth: int = 300, parent: QObject | None = None) -> None:
        """`threads`: 0 for two, or for one where that leaves a processor to the window."""
        super().__init__(parent)
        threads = threads or (2 if (os.cpu_count() or 1) > 2 else 1)
        self._depth = depth
        self._rests_until = 0.0
        self._waiting: dict[Hashable, Callable[[], Any]] = {}
        self._ready = threading.Condition()
        self._closed = False
        self._threads = [threading.Thread(target=self._work, daemon=True, name="thumbnails") for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def ask(self, key: Hashable, function: Callable[[], Any]) -> None:
        """Have `function()` done soon; asking again for the same key moves it to the front."""
        with self._ready:
            self._waiting.pop(key, None)
            self._waiting[key] = function
            while len(self._waiting) > self._depth:
                del self._waiting[next(iter(self._waiting))]
            self._ready.notify()

    def forget(self, rest: float = 0.0) -> None:
        """Drop what has not begun, and begin nothing for `rest` seconds."""
        with self._ready:
            self._waiting.clear()
            self._rests_until = time.monotonic() + rest

    def stop(self) -> None:
        """End the threads; to be called before the application goes."""
        with self._ready:
            self._closed = True
            self._waiting.clear()
            self._ready.notify_all()
        for thread in self._threads:
            thread.join(2)

    def _work(self) -> None:
        while True:
            with self._ready:
                while not self._closed:
                    left = self._rests_until - time.monotonic()
                    if self._waiting and left <= 0:
                        break
                    self._ready.wait(left if self._waiting else None)
                if self._closed:
                    return
                key, function = self._waiting.popitem()
            try:
                result = function()
            except UserError as error:
                result = error
            except Exception:  # a thread's outermost frame: the next piece must be done all the same
                log.exception("%s failed", key)
                result = UserError("This cannot be shown.", "The log says why.")
            if not self._closed:
                self.done.emit(key, result)
