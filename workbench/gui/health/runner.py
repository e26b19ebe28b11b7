"""Looks at the open project's data whenever it changes: soon at what can be counted, and after a pause at the rest, quietly."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QObject, QTimer, Signal

from workbench.control import Control
from workbench.data.checks import Finding
from workbench.gui.context import AppContext
from workbench.gui.workers import Job

_SOON_MS = 1200
# The deep look waits until the person pauses; longer where there is more to look at.
DEEP_MS, _DEEP_MS_PER_ITEM, _DEEP_MOST_MS = 4000, 2, 20_000
_TITLE = "Checking the data"
# So long after the person's last key or turn of the wheel it stands still.
_HELD_MS = 1500


class HealthRunner(QObject):
    """Signals:
    found(object): all findings (list), the gravest first.
    working(bool): the deep look runs, or is over.
    """

    found = Signal(object)
    working = Signal(bool)

    def __init__(self, ctx: AppContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._jobs: list[Job] = []
        self.findings: list[Finding] = []
        self.whole = False
        self._soon = self._timer(_SOON_MS, self._look_soon)
        self._deep = self._timer(DEEP_MS, self.look_deep)
        self._held = self._timer(_HELD_MS, self._make_way)
        ctx.jobs.changed.connect(self._make_way)

    def later(self) -> None:
        """The data changed."""
        project = self._ctx.store.project
        self._stop()
        if project is None:
            self._soon.stop()
            self._deep.stop()
            return
        if not self._soon.isActive():  # not begun anew: while examples come one by one it is looked at as well
            self._soon.start()
        count = project.counts().total
        self._deep.start(min(_DEEP_MOST_MS, DEEP_MS + _DEEP_MS_PER_ITEM * count))

    def hold(self) -> None:
        """The person is at work in the list: what they do must not wait for this."""
        self._held.start()
        self._make_way()

    @property
    def is_working(self) -> bool:
        return bool(self._jobs)

    def look_deep(self) -> None:
        """Look at everything now."""
        self._start(deep=True)

    def look_again(self) -> None:
        """Only what is told of it changed: what was found is known."""
        self._start(deep=False)

    def _look_soon(self) -> None:
        self._start(deep=False)

    def _start(self, deep: bool) -> None:
        project = self._ctx.store.project
        if project is None:
            return
        if deep:
            # The quick look that was to come is part of it; coming after it, it would pass for the newest.
            self._soon.stop()
            self._deep.stop()
            self._stop()

        def work(control: Control) -> Iterator[tuple[list[Finding], bool]]:
            from workbench.engine.health.check import check_health, known_health

            yield (check_health if deep else known_health)(project, control), deep

        def came(outcome: tuple[list[Finding], bool]) -> None:
            if self._ctx.store.project is project:
                self.findings, self.whole = outcome
                self.found.emit(self.findings)

        job = self._ctx.jobs.start_stream(_TITLE, work, quiet=True)
        job.streamed.connect(came)
        job.ended.connect(lambda: self._ended(job))
        self._jobs.append(job)
        self._make_way()
        if deep:
            self.working.emit(True)

    def _stop(self) -> None:
        for job in self._jobs:
            job.cancel()

    def _ended(self, job: Job) -> None:
        if job in self._jobs:
            self._jobs.remove(job)
        if not self._jobs:
            self.working.emit(False)

    def _make_way(self) -> None:
        """What the person has asked for goes first: meanwhile this waits."""
        busy = self._held.isActive() or any(not job.quiet for job in self._ctx.jobs.running())
        for job in self._jobs:
            if not job.control.cancelled:  # one that shall stop must not be held from it
                (job.control.pause if busy else job.control.resume)()

    def _timer(self, after: int, act: object) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(after)
        timer.timeout.connect(act)
        return timer
