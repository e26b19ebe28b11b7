"""Finds the tasks: every module of this package that has a `TASK`. Cheap: tasks import nothing heavy."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

import workbench.tasks
from workbench.errors import UserError
from workbench.tasks.base import Task


@cache
def _tasks() -> dict[str, Task]:
    found: dict[str, Task] = {}
    for module in pkgutil.iter_modules(workbench.tasks.__path__):
        task: Task | None = getattr(import_module(f"workbench.tasks.{module.name}"), "TASK", None)
        if task is not None:
            found[task.info.id] = task
    return found


def all_tasks() -> list[Task]:
    return list(_tasks().values())


def get_task(task_id: str) -> Task:
    """Raises: UserError when this app does not know the task."""
    try:
        return _tasks()[task_id]
    except KeyError:
        known = ", ".join(_tasks())
        raise UserError(f"This version of the app cannot do “{task_id}”.", f"It can do: {known}.") from None
