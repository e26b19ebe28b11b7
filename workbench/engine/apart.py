"""Which items teach and which judge: what is known to be nearly the same, and what a task keeps together, on one side."""

from __future__ import annotations

from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import ItemFilter
from workbench.engine.health.raw import known_alike
from workbench.tasks.registry import get_task

# A group that holds more than this share of the items would be most of a test by itself: it teaches.
_LARGEST = 0.05


def give_splits(project: Project, control: Control | None = None) -> None:
    """As `Project.ensure_splits`, with the groups of the project's task and of the deep look at its items.

    Raises:
        UserError: when the project cannot be written. Cancelled: when asked to stop.
    """
    control = control or Control()
    if not project.without_split():
        return
    task = get_task(project.task_id)
    together = []
    if task.info.apart and project.keeps_apart:
        ids = project.item_ids(ItemFilter(labelled=True, problems=False))
        together = task.kept_together(project.items(ids), control)
    project.ensure_splits(
        control=control, alike=[*known_alike(project), *together], largest=_LARGEST if together else 1.0
    )
