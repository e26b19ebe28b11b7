"""Pictures that were found go into the project, all with one label."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QVBoxLayout, QWidget

from workbench.control import Control
from workbench.data.types import AddResult, NewItem
from workbench.engine.picture_index import Entry, Picture
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.importing import result_sentence
from workbench.gui.theme import L, M
from workbench.gui.widgets.basic import label
from workbench.gui.workers import Job
from workbench.tasks.registry import get_task, trainable_tasks

_PROJECT = "Pictures found"
# The editor of tasks whose labels are for whole pictures; those of others are drawn on pieces of them.
_WHOLE = "classes"


def takes_pictures(ctx: AppContext) -> bool:
    """Is a project open into which pictures can go?"""
    project = ctx.store.project
    return project is not None and not project.read_only and get_task(project.task_id).info.media == "picture"


class AddPicturesDialog(QDialog):
    """Asks for the label; none is an answer too."""

    def __init__(self, ctx: AppContext, count: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Add to the project")
        self.setObjectName("add-pictures")
        self.setMinimumWidth(420)
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        self.choice = QComboBox(self)
        self.choice.hide()  # unless it is laid out below
        self.choice.setObjectName("add-label")
        self.choice.setEditable(True)
        self.choice.setAccessibleName("Label for the pictures")
        self.choice.setToolTip("The class of the pictures; empty: they get a label later")
        project = ctx.store.project
        fits = takes_pictures(ctx)
        if fits and project is not None:
            self.choice.addItems([c.name for c in project.classes()])
        self.choice.setCurrentText("")
        edit = self.choice.lineEdit()
        if edit is not None:
            edit.setPlaceholderText("none yet")
        whole = not fits or project is None or get_task(project.task_id).info.editor == _WHOLE
        what = "this picture" if count == 1 else f"these {count:,} pictures"
        column.addWidget(label(f"What is on {what}?" if whole else f"Add {what}", "heading", wrap=True))
        if whole:
            form = QFormLayout()
            form.addRow("Label", self.choice)
            self.choice.show()
            column.addLayout(form)
        where = f"the open project “{project.name}”" if fits and project is not None else f"a new project, “{_PROJECT}”"
        words = f"They go into {where}. The files stay where they are."
        column.addWidget(label(words if count != 1 else words.replace("They go", "It goes"), "soft", wrap=True))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        ok = buttons.addButton("Add", QDialogButtonBox.ButtonRole.AcceptRole)
        ok.setObjectName("add-ok")
        ok.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        if whole:
            self.choice.setFocus()

    @property
    def name(self) -> str:
        """The label, or ""."""
        return " ".join(self.choice.currentText().split())


def add_pictures(ctx: AppContext, pictures: Sequence[Entry | Picture], name: str) -> Job:
    """Put pictures into the open project, or into a new one; those that are in it already get the label too.

    Raises:
        UserError: when no project can be made.
    """
    if not takes_pictures(ctx):
        from workbench.engine.journey import free_project_folder

        task = next(t for t in trainable_tasks() if t.info.media == "picture")
        ctx.store.create(free_project_folder(_PROJECT, ctx.paths), _PROJECT, task.info.id)
    project = ctx.store.require()
    info = get_task(project.task_id).info
    whole = info.editor == _WHOLE
    mine = [p.item_id for p in pictures if p.item_id] if whole and name else []
    new = [
        NewItem("picture", Path(p.name).name, path=p.path, label=(name or None) if whole else None)
        for p in pictures
        if not p.item_id
    ]

    def work(control: Control) -> AddResult:
        if not new:
            return AddResult((), 0, ())
        return project.add_items(new, control=control, total=len(new))

    def done(result: AddResult) -> None:
        if ctx.store.project is not project:
            return
        if result.added:
            ctx.store.added(result.added)
        if mine:
            if project.class_by_name(name) is None:
                ctx.store.add_class(name)
            found = project.class_by_name(name)
            if found is not None:
                ctx.store.set_label(mine, found.id)
        parts = [result_sentence(result, info)] if new else []
        parts += [f"{len(mine):,} labelled “{name}”."] if mine else []
        ctx.notify(" ".join([f"“{project.name}”:", *parts]), "warn" if result.problems else "good")

    job = ctx.jobs.start("Adding pictures to the project", work)
    job.succeeded.connect(done)
    # What was taken in before a stop stays; the lists must show it.
    job.cancelled.connect(ctx.store.items_changed.emit)
    return job


def ask_and_add(ctx: AppContext, pictures: Sequence[Entry | Picture], parent: QWidget) -> None:
    """The dialog, then the job; what goes wrong is told in the window."""
    from PySide6.QtCore import Qt

    dialog = AddPicturesDialog(ctx, len(pictures), parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def accepted() -> None:
        try:
            add_pictures(ctx, pictures, dialog.name).failed.connect(ctx.notify_error)
        except UserError as error:
            ctx.notify_error(error)

    dialog.accepted.connect(accepted)
    dialog.open()
