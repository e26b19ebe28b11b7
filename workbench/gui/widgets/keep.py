"""Something the person made just now (a frame, a recording) goes into the open project, or into a new one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import AddResult, NewItem
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.tasks.base import TrainableTask
from workbench.tasks.registry import get_task, trainable_tasks


class Keep(QWidget):
    """What all of these share.

    Attributes:
        media: what is kept, as in `TaskInfo.media`; `noun` for sentences; `project_name` of a new project.

    Signals:
        failed(object): a `UserError` or `Problem`.
        kept(str): a sentence: where it went.
    """

    failed = Signal(object)
    kept = Signal(str)

    media = ""
    noun = ""
    project_name = ""

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx

    def task_for(self, fitting: list[TrainableTask]) -> TrainableTask:
        """What a new project is for, of the tasks that take such items."""
        return fitting[0]

    def fits(self) -> bool:
        """Whether the open project takes such items."""
        project = self._ctx.store.project
        return project is not None and not project.read_only and get_task(project.task_id).info.media == self.media

    def project(self) -> Project | None:
        """The open project where it fits, else a new one; None, and `failed`, when none can be made."""
        try:
            if not self.fits():
                self._make_project()
            return self._ctx.store.require()
        except UserError as error:
            self.failed.emit(error)
            return None

    def _make_project(self) -> None:
        from workbench.engine.journey import free_project_folder

        task = self.task_for([t for t in trainable_tasks() if t.info.media == self.media])
        folder = free_project_folder(self.project_name, self._ctx.paths)
        self._ctx.store.create(folder, self.project_name, task.info.id)

    def put(self, project: Project, work: Callable[[Control], AddResult], said: Callable[[], str]) -> None:
        """Add to the project in a job; `said` is asked for the sentence when it is in."""

        def done(result: AddResult) -> None:
            if not result.added:
                self.kept.emit(f"This {self.noun} is in “{project.name}” already.")
                return
            if self._ctx.store.project is project:
                self._ctx.store.added(result.added)
            self.kept.emit(said())

        job = self._ctx.jobs.start("Putting it into the project", work)
        job.succeeded.connect(done)
        job.failed.connect(self.failed)


def add_one(project: Project, new: NewItem, control: Control) -> AddResult:
    """Copy one item into a project. Raises: UserError: what was wrong with it."""
    result = project.add_items([new], copy_media=True, control=control)
    if result.problems:
        raise UserError(result.problems[0].message, result.problems[0].hint)
    return result
