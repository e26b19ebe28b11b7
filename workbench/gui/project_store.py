"""The open project as the window sees it: signals around `Project`, and undo for everything."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack
from shiboken6 import isValid

from workbench.control import Control
from workbench.data.annotations import AnnotationState
from workbench.data.project import Project
from workbench.data.types import LabelState, Window
from workbench.errors import Problem, UserError
from workbench.gui.workers import Job, Jobs

Tell = Callable[[], object]
# A change of more items than these is made in a job: the window goes on meanwhile.
MANY = 2000

# Steps that can be taken back. Each knows the labels before it, and a day's work would fill the memory with them.
_MOST_STEPS = 1000


class Change(QUndoCommand):
    """One undoable change made of two functions. Errors on the way are reported, never raised into Qt."""

    def __init__(
        self, text: str, do: Callable[[], None], undo: Callable[[], None], on_error: Callable[[UserError], None]
    ) -> None:
        super().__init__(text)
        self._do, self._undo, self._on_error = do, undo, on_error

    def redo(self) -> None:
        self._guarded(self._do)

    def undo(self) -> None:
        self._guarded(self._undo)

    def _guarded(self, function: Callable[[], None]) -> None:
        try:
            function()
        except UserError as error:
            self.setObsolete(True)
            self._on_error(error)


@dataclass(frozen=True)
class _Writing:
    """A change that is written in a job; `over` is set when it is on disk, or has failed."""

    job: Job
    over: threading.Event


class LongChange(QUndoCommand):
    """A change of so many items that it is made in a job; what it tells is told when it is made."""

    def __init__(
        self, store: ProjectStore, text: str, do: Callable[[], None], undo: Callable[[], None], tell: Tell
    ) -> None:
        super().__init__(text)
        self._store, self._do, self._undo, self._tell = store, do, undo, tell

    def redo(self) -> None:
        self._store.in_job(self, self._do, self._tell)

    def undo(self) -> None:
        self._store.in_job(self, self._undo, self._tell)


class ProjectStore(QObject):
    """One open project at a time. All changes by the person go through here, so that they can be undone.

    Signals:
        project_changed(): another project is open, or none.
        items_changed(): items were added, removed or restored.
        labels_changed(object): ids (list) whose label changed; counts have changed too.
        groups_changed(): items were put into groups, or taken out of them.
        classes_changed(): a class was added, renamed, merged, removed or moved.
        runs_changed(): a run was added or its state changed.
        failed(object): a `UserError` to show.
        written(): a change of many items, made in a job, is on disk (or has failed).
    """

    project_changed = Signal()
    items_changed = Signal()
    labels_changed = Signal(object)
    groups_changed = Signal()
    classes_changed = Signal()
    runs_changed = Signal()
    failed = Signal(object)
    written = Signal()

    def __init__(self, parent: QObject | None = None, jobs: Jobs | None = None) -> None:
        """`jobs`: where changes of many items are made; without it each is made at once."""
        super().__init__(parent)
        self._jobs = jobs
        self._writing: list[_Writing] = []
        self.undo_stack = QUndoStack(self)
        self.undo_stack.setUndoLimit(_MOST_STEPS)
        self._project: Project | None = None
        self._held = ""

    @property
    def project(self) -> Project | None:
        return self._project

    def require(self) -> Project:
        """The open project. Raises: UserError when there is none."""
        if self._project is None:
            raise UserError("No project is open.", "Open or make one on the Home page.")
        return self._project

    def create(self, folder: Path, name: str, task_id: str) -> Project:
        """Raises: UserError when the folder cannot be used."""
        project = Project.create(folder, name, task_id)
        self._switch(project)
        return project

    def open(self, folder: Path, read_only: bool = False) -> Project:
        """Raises: UserError when it is not a project or cannot be read."""
        project = Project.open(folder, read_only)
        self._switch(project)
        return project

    def adopt(self, project: Project) -> None:
        """Make a project that a job has just made or opened the open one. Raises: UserError when another is held."""
        self._switch(project)

    def close(self) -> None:
        self._switch(None)

    def leave(self) -> None:
        """The window is going: close the project and tell nobody. What jobs still have to say finds none."""
        self._finish()
        old, self._project = self._project, None
        if old is not None:
            old.close()

    def may_change(self, tell: Callable[[str, str], object]) -> bool:
        """Whether a project is open that may be changed; `tell` is given the sentence and its kind when it may only be read."""
        if self._project is not None and self._project.read_only:
            tell("This project is open for reading only.", "warn")
            return False
        return self._project is not None

    def hold(self, reason: str) -> None:
        """Keep the open project open: a job works on it. `reason` is the sentence for who wants another one."""
        self._held = reason

    def let_go(self) -> None:
        """The job is over."""
        self._held = ""

    def check_free(self) -> None:
        """Raises: UserError when the open project is held by a job."""
        if self._held:
            raise UserError(self._held, "Wait for it, or stop it on the Train page.")

    def _switch(self, project: Project | None) -> None:
        try:
            self.check_free()
        except UserError:
            if project is not None:
                project.close()
            raise
        self._finish()
        self.undo_stack.clear()
        old, self._project = self._project, project
        if old is not None:
            old.close()
        self.project_changed.emit()

    def push(self, text: str, do: Callable[[], None], undo: Callable[[], None]) -> None:
        """Do something that can be undone. `text` names it in the menu: "Undo label 3 pictures"."""
        self._finish()
        self.undo_stack.push(Change(text, do, undo, self.failed.emit))

    @property
    def changing(self) -> bool:
        """A change of many items is being written."""
        return bool(self._writing)

    def push_many(self, count: int, text: str, do: Callable[[], None], undo: Callable[[], None], tell: Tell) -> None:
        """As `push`, for a change of `count` items: many are changed in a job. `do` and `undo` touch nothing of the window;
        `tell` is called in the window's thread after each."""
        if self._jobs is not None and count > MANY:
            self._finish()
            self.undo_stack.push(LongChange(self, text, do, undo, tell))
            return

        def both(change: Callable[[], None]) -> Callable[[], None]:
            def run() -> None:
                change()
                tell()

            return run

        self.push(text, both(do), both(undo))

    def in_job(self, command: QUndoCommand, change: Callable[[], None], tell: Tell) -> None:
        """Make one change of many items in a job."""
        assert self._jobs is not None
        project, before, over = self._project, list(self._writing), threading.Event()

        def work(_control: Control) -> None:
            try:
                for earlier in before:  # one after the other, in the order asked for
                    earlier.over.wait()
                change()
            finally:
                over.set()

        def failed(problem: Problem) -> None:
            if isValid(command):
                command.setObsolete(True)
            self.failed.emit(UserError(problem.message, problem.hint))

        def ended() -> None:
            self._writing = [w for w in self._writing if w.over is not over]
            self.written.emit()

        def done(_result: object) -> None:
            if self._project is project:
                tell()

        job = self._jobs.start(command.text().capitalize(), work)
        self._writing.append(_Writing(job, over))
        job.succeeded.connect(done)
        job.failed.connect(failed)
        job.ended.connect(ended)

    def _finish(self) -> None:
        """Wait until what is being written in jobs is written: the next change comes after it."""
        for writing in self._writing:
            if not writing.over.is_set():
                writing.job.begin()
                writing.over.wait()

    def set_label(self, ids: Sequence[int], class_id: int | None, source: str = "person") -> None:
        """Label items, undoably; on disk when this returns."""
        project = self.require()
        wanted = list(ids)
        before: dict[int, LabelState] = {}

        def do() -> None:
            before.update(project.set_label(wanted, class_id, source))

        def undo() -> None:
            project.restore_labels(before)

        count = f"{len(wanted):,} items" if len(wanted) != 1 else "1 item"
        text = f"label {count}" if class_id is not None else f"take the label off {count}"
        self.push_many(len(wanted), text, do, undo, lambda: self.labels_changed.emit(wanted))

    def remove_items(self, ids: Sequence[int]) -> None:
        """Take items out of the project, undoably. Files outside the project folder are never touched."""
        project = self.require()
        wanted = list(ids)

        self.push_many(
            len(wanted), f"remove {len(wanted):,} items", lambda: project.remove_items(wanted),
            lambda: project.restore_items(wanted), self.items_changed.emit,
        )  # fmt: skip

    def set_window(self, window: Window | None) -> None:
        """How all pictures with more than 256 greys are read from now on, undoably."""
        project = self.require()
        before = project.window

        def put(value: Window | None) -> None:
            project.set_window(value)
            self.items_changed.emit()

        self.push("how pictures are read", lambda: put(window), lambda: put(before))

    def added(self, ids: Sequence[int]) -> None:
        """Items have just been imported (by a job); make that undoable."""
        project = self.require()
        wanted = list(ids)
        first = True

        def do() -> None:
            nonlocal first
            if not first:
                project.restore_items(wanted)
            first = False
            self.items_changed.emit()
            self.classes_changed.emit()

        def undo() -> None:
            project.remove_items(wanted)
            self.items_changed.emit()

        self.push(f"add {len(wanted)} items", do, undo)

    def label_each(self, labels: Mapping[int, int], text: str) -> None:
        """Give items different labels in one undoable step, as accepting many suggestions does."""
        project = self.require()
        before: dict[int, LabelState] = {}
        after = {i: LabelState(c, "person") for i, c in labels.items()}

        def do() -> None:
            before.update(project.label_states(list(labels)))
            project.restore_labels(after)

        self.push_many(
            len(labels),
            text,
            do,
            lambda: project.restore_labels(before),
            lambda: self.labels_changed.emit(list(labels)),
        )

    def set_groups(self, name: str, values: Mapping[int, str | None]) -> None:
        """Put items into groups of one property (None: out of them), undoably; on disk when this returns."""
        project = self.require()
        after = dict(values)
        before = project.group_states(after, name)

        def put(wanted: Mapping[int, str | None]) -> None:
            project.set_groups(name, wanted)
            self.groups_changed.emit()

        count = f"{len(after):,} items" if len(after) != 1 else "1 item"
        self.push(f"group {count} by {name}", lambda: put(after), lambda: put(before))

    def set_annotations(
        self,
        states: Mapping[int, AnnotationState],
        text: str = "change labels",
        before: Mapping[int, AnnotationState] | None = None,
    ) -> None:
        """Replace the annotations of items, undoably; on disk when this returns.

        Args:
            before: the items' states as they are now, where the caller has just read them.
        """
        project = self.require()
        after = dict(states)
        before = dict(before) if before is not None else project.annotation_states(list(after))
        if before == after:
            return

        def put(wanted: Mapping[int, AnnotationState]) -> None:
            project.set_annotations(wanted)
            self.labels_changed.emit(list(wanted))

        self.push(text, lambda: put(after), lambda: put(before))

    def annotated(self, before: Mapping[int, AnnotationState], after: Mapping[int, AnnotationState], text: str) -> None:
        """Annotations have just been changed (by a job); make that undoable."""
        project = self.require()
        first = True

        def put(wanted: Mapping[int, AnnotationState]) -> None:
            nonlocal first
            if not first:
                project.set_annotations(wanted)
            first = False
            self.labels_changed.emit(list(wanted))

        self.push(text, lambda: put(after), lambda: put(before))

    # Classes -----------------------------------------------------------------------------------------------------

    def add_class(self, name: str) -> None:
        """A new class, undoably. What is wrong with the name is told by `failed`."""
        project = self.require()
        made: list[int] = []

        def do() -> None:
            if made:
                project.restore_class(made[0])
            else:
                made.append(project.add_class(name).id)
            self.classes_changed.emit()

        def undo() -> None:
            project.remove_class(made[0])
            self.classes_changed.emit()

        existing = project.class_by_name(name)
        if existing is not None:
            self.failed.emit(UserError(f"There is already a class “{existing.name}”.", "Choose another name."))
            return
        self.push(f"add class {name.strip()}", do, undo)

    def rename_class(self, class_id: int, name: str) -> None:
        project = self.require()
        old = next((c.name for c in project.classes() if c.id == class_id), "")

        def do() -> None:
            project.rename_class(class_id, name)
            self.classes_changed.emit()

        def undo() -> None:
            project.rename_class(class_id, old)
            self.classes_changed.emit()

        self.push(f"rename class {old}", do, undo)

    def remove_class(self, class_id: int) -> None:
        """Remove a class; its items become unlabelled."""
        project = self.require()
        self._take_class_away(class_id, "remove class", lambda: project.remove_class(class_id))

    def merge_classes(self, from_id: int, into_id: int) -> None:
        """Give all items of one class to another and remove the first."""
        project = self.require()
        self._take_class_away(from_id, "merge classes", lambda: project.merge_classes(from_id, into_id))

    def _take_class_away(self, class_id: int, text: str, take: Callable[[], dict[int, LabelState]]) -> None:
        project = self.require()
        before: dict[int, LabelState] = {}

        def do() -> None:
            before.clear()
            before.update(take())
            self.classes_changed.emit()
            self.labels_changed.emit(list(before))

        def undo() -> None:
            project.restore_class(class_id)
            project.restore_labels(before)
            self.classes_changed.emit()
            self.labels_changed.emit(list(before))

        self.push(text, do, undo)

    def reorder_classes(self, ids: Sequence[int]) -> None:
        project = self.require()
        before, after = [c.id for c in project.classes()], list(ids)

        def put(order: list[int]) -> None:
            project.reorder_classes(order)
            self.classes_changed.emit()

        self.push("move class", lambda: put(after), lambda: put(before))
