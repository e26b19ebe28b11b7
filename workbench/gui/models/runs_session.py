"""The training that is running now: one at a time, outliving the page that shows it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any, Literal

from PySide6.QtCore import QObject, Signal

from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import RunRecord
from workbench.engine.events import Finished, RunConfig, RunEvent
from workbench.errors import Problem, UserError
from workbench.gui.context import AppContext
from workbench.gui.models.runs_progress import RunProgress
from workbench.gui.workers import Job

log = logging.getLogger(__name__)

Outcome = Literal["", "running", "finished", "cancelled", "failed"]
# fit(config, project, catalog, control, resume) -> events; tests put a made-up stream in its place.
FitFunction = Callable[..., Iterator[RunEvent]]


def real_fit(config: RunConfig, project: Project, catalog: Any, control: Control, resume: bool) -> Iterator[RunEvent]:
    """`engine.fit.fit`, imported in the job's thread."""
    from workbench.engine.fit import fit

    yield from fit(config, project, catalog, control=control, resume=resume)


class TrainingSession(QObject):
    """Runs `fit` as a job and gathers its events.

    Signals:
        fed(object): one `RunEvent` came in; `progress` is up to date.
        progressed(float, str): the engine's own progress (fraction 0..1 or -1, words).
        state_changed(): it started, paused, went on, ended.
    """

    fed = Signal(object)
    progressed = Signal(float, str)
    state_changed = Signal()

    def __init__(self, ctx: AppContext, fit: FitFunction = real_fit, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._fit = fit
        self._job: Job | None = None
        self.project: Project | None = None
        self.config: RunConfig | None = None
        self.progress = RunProgress()
        self.outcome: Outcome = ""
        self.problem: Problem | None = None
        self.paused = False
        self.stopping = False
        self.fraction = -1.0
        self.words = ""

    @property
    def running(self) -> bool:
        return self._job is not None

    def start(self, config: RunConfig, resume: bool = False) -> None:
        """Start (or go on with) a run on the open project. Raises: UserError when it cannot begin."""
        if self.running:
            raise UserError("A training is running already.", "Wait until it is done, or stop it.")
        project = self._ctx.store.require()
        catalog = self._ctx.catalog
        self.project, self.config = project, config
        self.progress = RunProgress()
        self.problem = None
        self.paused = self.stopping = False
        self.fraction, self.words = -1.0, ""
        self.outcome = "running"
        fit = self._fit
        job = self._ctx.jobs.start_stream(
            f"Training {config.name}".strip(),
            lambda control: fit(config, project, catalog, control, resume),
        )
        self._job = job
        job.streamed.connect(self._take)
        job.progressed.connect(self._on_progress)
        job.failed.connect(self._on_failed)
        job.cancelled.connect(self._on_cancelled)
        job.ended.connect(self._on_ended)
        self._ctx.store.runs_changed.emit()
        self.state_changed.emit()

    def go_on(self, record: RunRecord) -> None:
        """Go on with an interrupted run where it stopped. Raises: UserError when its settings cannot be read."""
        self.start(RunConfig.from_json(record.config), resume=True)

    def pause(self) -> None:
        if self._job is not None and not self.paused:
            self._job.control.pause()
            self.paused = True
            self.state_changed.emit()

    def resume(self) -> None:
        if self._job is not None and self.paused:
            self._job.control.resume()
            self.paused = False
            self.state_changed.emit()

    def stop(self) -> None:
        """Stop soon; what has been learnt best is kept by the engine."""
        if self._job is not None:
            self.stopping = True
            self.paused = False
            self._job.cancel()
            self.state_changed.emit()

    def clear(self) -> None:
        """Forget a run that has ended, so that the next one can be set up."""
        if not self.running:
            self.config, self.outcome, self.problem = None, "", None
            self.progress = RunProgress()
            self.state_changed.emit()

    def _take(self, event: RunEvent) -> None:
        self.progress.feed(event)
        if isinstance(event, Finished):
            self.outcome = "finished"
        self.fed.emit(event)

    def _on_progress(self, fraction: float, words: str) -> None:
        self.fraction, self.words = fraction, words
        self.progressed.emit(fraction, words)

    def _on_failed(self, problem: Problem) -> None:
        self.outcome, self.problem = "failed", problem

    def _on_cancelled(self) -> None:
        if self.outcome != "finished":
            self.outcome = "cancelled"

    def _on_ended(self) -> None:
        self._job = None
        self.paused = self.stopping = False
        if self.outcome == "running":
            self.outcome = "cancelled"
        if self.outcome == "finished":
            try:
                self._ctx.catalog.refresh()
            except UserError as error:
                self._ctx.notify_error(error)
            self._ctx.models_changed.emit()
        self._ctx.store.runs_changed.emit()
        self.state_changed.emit()
