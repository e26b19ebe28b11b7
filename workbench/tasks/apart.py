"""How the items of a project are shared out, in words."""

from __future__ import annotations

from workbench.data.project import Project
from workbench.tasks.registry import get_task


def how_split(project: Project) -> str:
    """One sentence; "" where only near copies are kept together, as everywhere."""
    apart = get_task(project.task_id).info.apart
    if not apart:
        return ""
    return apart if project.keeps_apart else "Items were shared out at random: only near copies stand on one side."
