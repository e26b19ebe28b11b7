"""Steps that the window and the command line share: from a folder or a table to a project."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from workbench.app_paths import AppPaths, app_paths
from workbench.control import Control
from workbench.data.importers import ImportPlan
from workbench.data.importers.base import BringsBeside
from workbench.data.numbers import MEASURED
from workbench.data.project import Project
from workbench.data.project_columns import merge_columns
from workbench.data.types import AddResult, NewItem
from workbench.errors import Problem, UserError
from workbench.tasks.base import TaskInfo, TrainableTask
from workbench.tasks.registry import get_task, trainable_tasks

MISFIT = "The labels of these are of another kind than this project's."


def tasks_for_plan(plan: ImportPlan) -> list[TrainableTask]:
    """The tasks that a project of this plan can be for, the best first: those its labels are made for, those they can be
    turned into, then (items bring no labels yet) all that take such items.

    Raises:
        UserError: when there is none.
    """
    takes = [task for task in trainable_tasks() if task.info.media == plan.media]
    fitting = [task for task in takes if task.info.editor == plan.marks]
    fitting += [task for task in takes if task not in fitting and plan.offers(task.info.editor)]
    found = fitting if plan.brings_labels else [*fitting, *(task for task in takes if task not in fitting)]
    if not found:
        raise UserError("No model of this app can learn from this.", "Choose pictures or texts.")
    return found


def _items_for(task: TaskInfo, plan: ImportPlan, control: Control | None = None) -> Iterator[NewItem | Problem]:
    """A plan's items as a project for this task takes them: what is learnt from as it is needs no marking."""
    items = plan.read_for(task.editor, control) if plan.serves(task.editor) else plan.read(control)
    for item in items:
        if task.learns_as_is and isinstance(item, NewItem) and item.annotations is None:
            item = replace(item, annotations=())
        yield item


def add_plan(project: Project, plan: ImportPlan, copy_media: bool = False, control: Control | None = None) -> AddResult:
    """Everything of a plan into a project, with labels as the project's editor has them and classes in the files' order.

    Raises:
        UserError: when the labels do not fit, or the project cannot be written. Cancelled: when asked to stop; what came in
            before stays.
    """
    info = get_task(project.task_id).info
    if (
        (plan.kind == "marked" or plan.marks == "tags")
        and info.editor
        and plan.brings_labels
        and not plan.serves(info.editor)
    ):
        raise UserError(MISFIT, "Make a new project of them.")
    for name in plan.classes:
        project.add_class(name)
    columns = getattr(plan, "given", ())
    if columns:
        merge_columns(project, columns)
    if plan.measured and not project.get_meta(MEASURED, ""):
        project.set_meta(MEASURED, plan.measured)
    beside = plan if isinstance(plan, BringsBeside) else None
    if beside is not None:
        beside.meet(project)
    items = _items_for(info, plan, control)
    result = project.add_items(items, copy_media=copy_media, control=control, total=plan.total)
    return result if beside is None else beside.bring(project, result, control)


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
    task_id: str = "",
) -> tuple[Project, AddResult]:
    """A new project with everything of a plan in it.

    Args:
        task_id: what it is for; "" takes the first of `tasks_for_plan`.

    Raises:
        UserError: when the folder cannot be used, or nothing of the plan could be read.
        Cancelled: when asked to stop; the project is closed and stays with what it has.
    """
    name = name or plan.title
    task_id = task_id or tasks_for_plan(plan)[0].info.id
    project = Project.create(folder or free_project_folder(name), name, task_id)
    try:
        result = add_plan(project, plan, copy_media, control)
        if not (result.added or result.notes):
            first = result.problems[0] if result.problems else None
            raise UserError(
                f"Nothing of “{plan.title}” could be read.", str(first) if first else "Choose something else."
            )
    except BaseException:
        project.close()
        raise
    return project, result
