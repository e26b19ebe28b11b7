"""Train: set up a fine-tuning in four steps, then watch it learn."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import RunRecord
from workbench.engine.events import Finished, RunConfig, RunEvent
from workbench.errors import Problem, UserError
from workbench.gui.context import AppContext
from workbench.gui.pages.base import Page
from workbench.gui.theme import M
from workbench.gui.widgets.basic import Banner, EmptyState, button, label, row
from workbench.gui.widgets.train_live import TrainLive
from workbench.gui.widgets.train_setup import STEPS, TrainSetup
from workbench.gui.workers import Job
from workbench.trust.cost import records as cost_records

# What a training tells is shown so many milliseconds apart: each time, labels, curves and examples are painted.
_GATHER_MS = 50


class TrainPage(Page):
    """The wizard and the live view. A running training goes on when the person leaves the page."""

    page_id = "train"

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        self.body.setSpacing(M)
        self._job: Job | None = None
        self._finished: Finished | None = None
        self._told: list[RunEvent] = []
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_GATHER_MS)
        self._soon.timeout.connect(self._show_told)
        self.new = button("Train another", self._show_setup, icon_name="plus", name="train-another")
        self.body.addLayout(row(label("Train", "title"), 1, self.new))
        # From the outside in, each with its parent: what is put into another later, is styled anew with all that is in it.
        self.banner = Banner(self)
        self.body.addWidget(self.banner)
        self.stack = QStackedWidget(self)
        self.body.addWidget(self.stack, 1)
        self.empty = EmptyState(
            "graduation-cap",
            "Nothing to train on yet",
            "Open a project or drop your examples; then teach a model your labels.",
            self.stack,
        )
        self.empty.add_action("Go to the data", lambda: ctx.go("data"), primary=True, icon_name="images")
        self.setup = TrainSetup(ctx, self.stack)
        self.setup.started.connect(self.train)
        self.setup.elsewhere.connect(self._ask_elsewhere)
        self.setup.stack.currentChanged.connect(self._step_shown)
        self._live: TrainLive | None = None
        self._live_holder = QWidget(self.stack)
        self._live_column = QVBoxLayout(self._live_holder)
        self._live_column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.empty, self.setup, self._live_holder):
            self.stack.addWidget(widget)
        ctx.store.project_changed.connect(self._project_changed)

    @property
    def live(self) -> TrainLive:
        """The live view; made shortly before the first training, because it brings the plotting library."""
        if self._live is None:
            self._live = TrainLive(self.ctx)
            self._live.stopped.connect(self._stop)
            self._live.paused.connect(self._pause)
            self._live_column.addWidget(self._live)
        return self._live

    def _step_shown(self, number: int) -> None:
        """At the last step the live view is made, in a turn of its own, so that the start is quick; not where it would have to
        wait for the plotting library."""
        if number == len(STEPS) - 1 and "pyqtgraph" in sys.modules:
            QTimer.singleShot(0, self, lambda: self.live)

    @property
    def running(self) -> bool:
        return self._job is not None

    def shown(self) -> None:
        if self._job is None and self.stack.currentWidget() is not self._live_holder:
            self._show_setup()

    def receive(self, intent: dict[str, Any]) -> None:
        """Intents: {"model_id"}: start from this model; {"run_id"}: go on with an interrupted run."""
        project = self.ctx.store.project
        if project is None or self._job is not None:
            return
        if intent.get("run_id"):
            try:
                self.train(RunConfig.from_json(project.run(str(intent["run_id"])).config), resume=True)
            except UserError as error:
                self.banner.show_error(error)
        elif intent.get("model_id"):
            self.stack.setCurrentWidget(self.setup)
            self.setup.show_project(project, str(intent["model_id"]))

    def train(self, config: RunConfig, resume: bool = False) -> None:
        """Start, and show it live."""
        project = self.ctx.store.project
        if project is None or self._job is not None:
            return
        self.banner.hide()
        self._finished = None
        self._told = []
        live = self.live
        live.clear()
        live.cost.watch(config.run_id)
        self.new.hide()
        self.stack.setCurrentWidget(self._live_holder)
        catalog = self.ctx.catalog

        def work(control: Control) -> Iterator[RunEvent]:
            from workbench.engine.fit import fit

            return fit(config, project, catalog, control, resume)

        job = self.ctx.jobs.start_stream(f"Training {config.name or project.name}", work)
        self._job = job
        self.ctx.store.hold("A training is running on the open project.")
        job.streamed.connect(self._event)
        job.failed.connect(self._failed)
        job.cancelled.connect(self._cancelled)
        job.ended.connect(self._ended)

    def _ask_elsewhere(self, config: RunConfig) -> None:
        from workbench.gui.widgets.elsewhere_dialog import ElsewhereDialog

        project = self.ctx.store.project
        if project is not None:
            ElsewhereDialog(self.ctx, project, config, self).open()

    def _event(self, event: RunEvent) -> None:
        """Gathered: a short training tells a hundred things in a second."""
        self._told.append(event)
        if isinstance(event, Finished):
            self._finished = event
            self._show_told()
            self._tell(event)
        elif not self._soon.isActive():
            self._soon.start()

    def _show_told(self) -> None:
        self._soon.stop()
        told, self._told = self._told, []
        if told:
            self.live.feed(*told)

    def _tell(self, event: Finished) -> None:
        live = self.live
        live.set_running(False)
        m = event.metrics
        self.ctx.models_changed.emit()
        self.ctx.store.runs_changed.emit()
        if not m.get("n"):
            stopped = event.reason == "cancelled"
            live.stage.setText("Stopped; the best version is kept" if stopped else "Done")
            words = (
                "It was stopped before the test. The Results page tests it now."
                if stopped
                else "There were too few examples to keep some aside, so it is not tested."
            )
        else:
            live.stage.setText("Done")
            words = str(m["words"])
        if as_before := live.progress.advice.get("as-before"):
            words = f"{words} {as_before}"
        live.detail.setText("")
        self._tell_cost(event.run_id)
        live.result.show_message(words, "good", "See the results", lambda: self.ctx.go("results", run_id=event.run_id))
        extra = button(
            "Try it", lambda: self.ctx.go("try", model_id=event.model_id), icon_name="flask-conical", name="try-model"
        )
        live.result.layout().itemAt(2).layout().addWidget(extra)  # type: ignore[union-attr]
        extra.show()  # now, not when the layout comes to it
        if not self.isVisible():
            self.ctx.notify(f"Your model is ready. {words}", "good")

    def _tell_cost(self, run_id: str) -> None:
        """What it took, beside what was expected."""
        project = self.ctx.store.project
        record = cost_records.read(project.run(run_id).folder) if project is not None else None
        if record is not None:
            self.live.cost.show_whole(record)

    def _failed(self, problem: Problem) -> None:
        self.banner.show_error(problem)
        self._show_setup()

    def _cancelled(self) -> None:
        self.banner.show_message("The training was stopped before there was anything worth keeping.", "info")
        self._show_setup()

    def _ended(self) -> None:
        self._show_told()
        self._job = None
        self.ctx.store.let_go()
        self.new.show()
        if self._live is not None:
            self._live.set_running(False)
            self._live.cost.stop()

    def _stop(self) -> None:
        if self._job is not None:
            self._show_told()
            self.live.stage.setText("Stopping; keeping the best version …")
            self._job.cancel()

    def _pause(self, waiting: bool) -> None:
        if self._job is not None:
            if waiting:
                self._job.control.pause()
            else:
                self._job.control.resume()

    def _show_setup(self) -> None:
        project = self.ctx.store.project
        self.new.hide()
        if project is None:
            self.stack.setCurrentWidget(self.empty)
            return
        self.stack.setCurrentWidget(self.setup)
        self.setup.show_project(project)
        self._look_for_interrupted(project)

    def _look_for_interrupted(self, project: Project) -> None:
        """A training that was cut off can go on where it stopped."""

        def work(_control: Control) -> list[RunRecord]:
            from workbench.engine.fit import resumable

            return [] if project.read_only else resumable(project)

        def found(records: list[RunRecord]) -> None:
            if records and self.ctx.store.project is project and self._job is None:
                first = records[0]
                self.banner.show_message(
                    f"The training “{first.name}” was interrupted. It can go on where it stopped.",
                    "info",
                    "Go on",
                    lambda: self.receive({"run_id": first.id}),
                )

        self.ctx.jobs.start("Looking for interrupted trainings", work).succeeded.connect(found)

    def _project_changed(self) -> None:
        if self._job is None:
            self._show_setup()
