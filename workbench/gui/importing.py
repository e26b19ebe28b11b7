"""From a drop to a project, in jobs; shared by Home and Data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from workbench.control import Control
from workbench.data.importers import ImportPlan
from workbench.data.project import Project
from workbench.data.types import AddResult
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.workers import Job
from workbench.tasks.base import TaskInfo


def look_at(ctx: AppContext, paths: Sequence[str], then: Callable[[ImportPlan], Any], rows: bool | None = None) -> Job:
    """Find out what was dropped (`rows` as in `sniff`). What is wrong with it comes through the job's `failed`."""

    def work(control: Control) -> ImportPlan:
        from workbench.data.importers import sniff

        control.progress(0, 0, "Looking at what you dropped")
        return sniff(list(paths), control, rows)

    job = ctx.jobs.start("Looking at what you dropped", work)
    job.succeeded.connect(then)
    return job


def new_project(
    ctx: AppContext,
    plan: ImportPlan,
    then: Callable[[AddResult], Any],
    name: str = "",
    copy_media: bool = False,
    task_id: str = "",
) -> Job:
    """Make a project of a plan and open it."""

    def work(control: Control) -> tuple[Project, AddResult]:
        from workbench.engine.journey import project_from_plan

        return project_from_plan(plan, name=name, control=control, copy_media=copy_media, task_id=task_id)

    def done(made: tuple[Project, AddResult]) -> None:
        try:
            ctx.store.adopt(made[0])
        except UserError as error:
            ctx.settings.remember_project(made[0].folder)
            ctx.notify_error(UserError(f"The new project is ready on the Home page. {error.message}", error.hint))
            return
        then(made[1])

    job = ctx.jobs.start(f"Importing {plan.title}", work)
    job.succeeded.connect(done)
    return job


def add_to_project(
    ctx: AppContext, plan: ImportPlan, then: Callable[[AddResult], Any], copy_media: bool = False
) -> Job:
    """Add a plan's items to the open project; undoable."""
    project = ctx.store.require()

    def work(control: Control) -> AddResult:
        from workbench.engine.journey import add_plan

        return add_plan(project, plan, copy_media, control)

    def done(result: AddResult) -> None:
        if ctx.store.project is project:
            if result.added:
                ctx.store.added(result.added)
            else:
                ctx.store.items_changed.emit()
        then(result)

    job = ctx.jobs.start(f"Importing {plan.title}", work)
    job.succeeded.connect(done)
    # What was taken in before a stop stays; the lists must show it.
    job.cancelled.connect(ctx.store.items_changed.emit)
    return job


def result_sentence(result: AddResult, info: TaskInfo) -> str:
    """What came of an import, in one sentence."""
    parts = [f"{len(result.added):,} {info.noun if len(result.added) == 1 else info.nouns} added"]
    if result.duplicates:
        parts.append(f"{result.duplicates:,} were there already")
    lost = sum(not p.stays for p in result.problems)
    if lost:
        parts.append(f"{lost:,} could not be used")
    if len(result.problems) > lost:
        parts.append(f"{len(result.problems) - lost:,} with something missing")
    return " ".join([", ".join(parts) + ".", *result.notes])
