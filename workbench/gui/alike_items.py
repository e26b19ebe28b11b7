"""Items of the open project that are most like one of them, shown on the Data page."""

from __future__ import annotations

from collections.abc import Callable

from workbench.control import Control
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.tasks.base import ComparingTask
from workbench.tasks.registry import get_task

_MOST = 60


def show_alike(ctx: AppContext, item_id: int, failed: Callable[[Problem], None]) -> None:
    """Look for them in a job, with the item itself."""
    project = ctx.store.require()
    task = get_task(project.task_id)

    def work(control: Control) -> tuple[str, dict[int, str]]:
        assert isinstance(task, ComparingTask)
        item = project.item(item_id)
        found = task.nearest(item, project.items(project.item_ids()), _MOST, control)
        notes = {item_id: "The others are compared with this one."}
        for other, likeness in found:
            if likeness > 0 and other != item_id:
                notes[other] = task.likeness_words(likeness)
        return item.name, notes

    def came(found: tuple[str, dict[int, str]]) -> None:
        name, notes = found
        if ctx.store.project is project:
            ctx.go("data", item_ids=list(notes), title=f"Most like {name[:40]}", order="Nearest first", notes=notes)

    job = ctx.jobs.start("Comparing items", work)
    job.succeeded.connect(came)
    job.failed.connect(failed)
