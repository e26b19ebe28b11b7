"""Steps that the window and the command line share: from a folder or a table to a project."""

from __future__ import annotations

import re
from pathlib import Path

from workbench.app_paths import AppPaths, app_paths
from workbench.control import Control
from workbench.data.importers import ImportPlan
from workbench.data.project import Project
from workbench.data.types import AddResult
from workbench.errors import UserError
from workbench.tasks.registry import trainable_tasks


def task_for_media(media: str) -> str:
    """Id of the task that takes such items. Raises: UserError when none does."""
    for task in trainable_tasks():
        if task.info.media == media:
            return task.info.id
    raise UserError("No model of this app can learn from this.", "Choose pictures or texts.")


def free_project_folder(name: str, paths: AppPaths | None = None) -> Path:
    """A folder among the projects that is not taken yet."""
    base = re.sub(r'[\\/:*?"<>|\x00-\x1f]+', " ", name).strip(" .")[:80] or "Project"
    parent = (paths or app_paths()).projects
    folder, number = parent / base, 1
    while folder.exists():
        number += 1
        folder = parent / f"{base} {number}"
    return folder


def project_from_plan(
    plan: ImportPlan,
    folder: Path | None = None,
    name: str = "",
    control: Control | None = None,
    copy_media: bool = False,
) -> tuple[Project, AddResult]:
    """A new project with everything of a plan in it.

    Raises:
        UserError: when the folder cannot be used, or nothing of the plan could be read.
        Cancelled: when asked to stop; the project is closed and stays with what it has.
    """
    name = name or plan.title
    project = Project.create(folder or free_project_folder(name), name, task_for_media(plan.media))
    try:
        result = project.add_items(plan.read(control), copy_media=copy_media, control=control, total=plan.total)
        if not result.added:
            first = result.problems[0] if result.problems else None
            raise UserError(
                f"Nothing of “{plan.title}” could be read.", str(first) if first else "Choose something else."
            )
    except BaseException:
        project.close()
        raise
    return project, result
