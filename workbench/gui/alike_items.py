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

    def work(control: Control) -> tuple[str, list[int]]:
        assert isinstance(task, ComparingTask)
        item = project.item(item_id)
        found = task.nearest(item, project.items(project.item_ids()), _MOST, control)
        ids = [other for other, likeness in found if likeness > 0 and other != item_id]
        return item.name, [item_id, *ids]

    def came(found: tuple[str, list[int]]) -> None:
        name, ids = found
        if ctx.store.project is project:
            ctx.go("data", item_ids=ids, title=f"Most like {name[:40]}", order="Most alike first")

    job = ctx.jobs.start("Comparing items", work)
    job.succeeded.connect(came)
    job.failed.connect(failed)
