"""Finds the tasks: every module of this package that has a `TASK`. Cheap: tasks import nothing heavy."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

import workbench.tasks
from workbench.errors import UserError
from workbench.tasks.base import PooledTask, Task, TrainableTask


@cache
def _tasks() -> dict[str, Task]:
    found: dict[str, Task] = {}
    for module in pkgutil.iter_modules(workbench.tasks.__path__):
        task: Task | None = getattr(import_module(f"workbench.tasks.{module.name}"), "TASK", None)
        if task is not None:
            found[task.info.id] = task
    return found


def all_tasks() -> list[Task]:
    """All tasks: the usual ones, then those a person can teach, then the others."""
    return sorted(_tasks().values(), key=lambda task: (not task.info.first, not task.info.trainable))


def trainable_tasks() -> list[TrainableTask]:
    """The tasks a person can teach, the usual ones first."""
    return [task for task in all_tasks() if isinstance(task, TrainableTask) and task.info.trainable]


def get_trainable(task_id: str) -> TrainableTask:
    """Raises: UserError when this app does not know the task or cannot teach it."""
    task = get_task(task_id)
    if not isinstance(task, TrainableTask):
        raise UserError(
            f"{task.info.title} cannot be taught in this version of the app.", "Choose another kind of project."
        )
    return task


def get_pooled(task_id: str) -> PooledTask:
    """A task whose models have pooled features. Raises: UserError when this app does not know the task or it is none."""
    task = get_task(task_id)
    if not isinstance(task, PooledTask):
        raise UserError(
            f"This cannot be done for {task.info.title.lower()}.", "It is for projects that sort into classes."
        )
    return task


def get_task(task_id: str) -> Task:
    """Raises: UserError when this app does not know the task."""
    try:
        return _tasks()[task_id]
    except KeyError:
        known = ", ".join(_tasks())
        raise UserError(f"This version of the app cannot do “{task_id}”.", f"It can do: {known}.") from None
