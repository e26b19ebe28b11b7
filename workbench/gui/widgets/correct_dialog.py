"""Correct it: an answer was wrong, so the item goes into a project with the right label."""

from __future__ import annotations

import tempfile
from pathlib import Path

from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QVBoxLayout, QWidget

from workbench.control import Control
from workbench.data.types import AddResult, NewItem, Sample
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.theme import L, M
from workbench.gui.widgets.basic import label
from workbench.gui.workers import Job
from workbench.tasks.registry import get_task


class CorrectDialog(QDialog):
    """Asks for the right label. The project is the open one when its kind fits, else a new one."""

    def __init__(
        self, ctx: AppContext, task_id: str, answer: str, labels: list[str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Correct it")
        self.setMinimumWidth(420)
        self._ctx, self._task_id = ctx, task_id
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        noun = get_task(task_id).info.noun
        column.addWidget(label(f"It said “{answer}”. What is right?", "heading", wrap=True))
        form = QFormLayout()
        self.choice = QComboBox()
        self.choice.setObjectName("right-label")
        self.choice.setEditable(True)
        self.choice.setAccessibleName("The right label")
        project = ctx.store.project
        self._fits = project is not None and project.task_id == task_id and not project.read_only
        known = [c.name for c in project.classes()] if self._fits and project is not None else []
        self.choice.addItems(list(dict.fromkeys([*known, *labels])))
        self.choice.setCurrentText("")
        form.addRow("Right label", self.choice)
        column.addLayout(form)
        where = (
            f"the open project “{project.name}”"
            if self._fits and project is not None
            else "a new project, “Corrections”"
        )
        column.addWidget(label(f"The {noun} goes into {where}; the next training learns from it.", "soft", wrap=True))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.ok = buttons.addButton("Put it there", QDialogButtonBox.ButtonRole.AcceptRole)
        self.ok.setObjectName("correct-ok")
        self.ok.setEnabled(False)
        self.ok.setDefault(True)
        self.choice.currentTextChanged.connect(lambda text: self.ok.setEnabled(bool(text.strip())))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self.choice.setFocus()

    @property
    def fits(self) -> bool:
        """True when the open project takes the item."""
        return self._fits


def put_right(ctx: AppContext, task_id: str, sample: Sample, right: str, into_open: bool) -> Job | None:
    """Put a sample with its right label into the open project, or into a new one which is opened.

    Raises:
        UserError: when no project can be made.
    """
    if not into_open:
        from workbench.engine.journey import free_project_folder

        ctx.store.create(free_project_folder("Corrections", ctx.paths), "Corrections", task_id)
    project = ctx.store.require()
    name = project.name

    def work(control: Control) -> AddResult:
        # A picture from the clipboard has no file; one anywhere on the disk may go away: both are copied in.
        with tempfile.TemporaryDirectory() as folder:
            path = sample.path
            if sample.kind == "picture" and path is None:
                path = Path(folder) / "pasted.png"
                path.write_bytes(sample.data or b"")
            text = sample.text
            if sample.kind == "text" and text is None and path is not None:
                from workbench.data.media import read_text_file

                text = read_text_file(path)
            new = NewItem(
                sample.kind,
                sample.name or "pasted",
                path=path if sample.kind == "picture" else None,
                text=text,
                label=right,
            )
            result = project.add_items([new], copy_media=True, control=control)
        if result.problems:
            raise UserError(result.problems[0].message, result.problems[0].hint)
        if result.added:
            project.set_label(
                result.added, next(c.id for c in project.classes() if c.name.casefold() == right.casefold())
            )
        return result

    job = ctx.jobs.start("Putting it into the project", work)

    def done(result: AddResult) -> None:
        if result.added and ctx.store.project is project:
            ctx.store.added(result.added)
        known = "" if result.added else " It was there already."
        ctx.notify(f"Put into “{name}” as “{right}”.{known}", "good")

    job.succeeded.connect(done)
    return job
