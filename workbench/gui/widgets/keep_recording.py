"""What can be done with a recording of one's own: save it somewhere, or put it into a project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QWidget

from workbench.control import Control
from workbench.data.annotations import Annotation
from workbench.data.shapes import Whole
from workbench.data.types import AddResult, NewItem, Sample
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.theme import S
from workbench.gui.widgets.basic import button
from workbench.tasks.registry import get_task, trainable_tasks

_PROJECT = "My recordings"


class KeepRecording(QWidget):
    """Two buttons.

    Args:
        heard: what a model wrote down of the recording so far, or "": where a project holds transcripts it comes along,
            to be corrected there.

    Signals:
        failed(object): a `UserError` or `Problem`.
        kept(str): a sentence: where it went.
    """

    failed = Signal(object)
    kept = Signal(str)

    def __init__(self, ctx: AppContext, heard: Callable[[], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx, self._heard = ctx, heard
        self.sample: Sample | None = None
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(S)
        self.save = button(
            "Save recording …", self._save, icon_name="save", name="save-recording",
            tip="As a WAV or FLAC file. Until you do, the app keeps it for a week.",
        )  # fmt: skip
        self.keep = button(
            "Keep in project", self._keep, icon_name="folder-plus", name="keep-recording",
            tip="The recording goes into the open project, or into a new one, to be learnt from",
        )  # fmt: skip
        line.addWidget(self.save)
        line.addWidget(self.keep)
        line.addStretch(1)

    def show_sample(self, sample: Sample | None) -> None:
        """The recording that was made; None hides the buttons."""
        self.sample = sample
        self.setVisible(sample is not None)

    def ask_path(self, name: str) -> str:
        """Where it goes; asked of the person."""
        return QFileDialog.getSaveFileName(self, "Save the recording", name, "WAV (*.wav);;FLAC (*.flac)")[0]

    def _save(self) -> None:
        sample = self.sample
        if sample is None or sample.path is None:
            return
        file = self.ask_path(sample.path.name)
        if not file:
            return
        source, target = sample.path, Path(file)

        def work(control: Control) -> Path:
            from workbench.data.sound_copy import save_copy

            return save_copy(source, target, control)

        job = self._ctx.jobs.start("Saving the recording", work)
        job.succeeded.connect(lambda path: self.kept.emit(f"Saved to {path}"))
        job.failed.connect(self.failed)

    def _keep(self) -> None:
        sample = self.sample
        if sample is None or sample.path is None:
            return
        try:
            if not self._fits():
                self._make_project()
            project = self._ctx.store.require()
        except UserError as error:
            self.failed.emit(error)
            return
        name = project.name
        words = get_task(project.task_id).info.editor == "words"
        heard = self._heard() if words else ""
        new = NewItem("sound", sample.path.name, path=sample.path)

        def work(control: Control) -> AddResult:
            result = project.add_items([new], copy_media=True, control=control)
            if result.problems:
                raise UserError(result.problems[0].message, result.problems[0].hint)
            if heard and result.added:
                project.set_proposals({result.added[0]: [Annotation(Whole(), text=heard)]})
            return result

        def done(result: AddResult) -> None:
            if not result.added:
                self.kept.emit(f"This recording is in “{name}” already.")
                return
            if self._ctx.store.project is project:
                self._ctx.store.added(result.added)
            self.kept.emit(f"Put into “{name}”.")

        job = self._ctx.jobs.start("Putting it into the project", work)
        job.succeeded.connect(done)
        job.failed.connect(self.failed)

    def _fits(self) -> bool:
        project = self._ctx.store.project
        return project is not None and not project.read_only and get_task(project.task_id).info.media == "sound"

    def _make_project(self) -> None:
        """None is open that takes recordings. Raises: UserError when none can be made."""
        from workbench.engine.journey import free_project_folder

        fitting = [t for t in trainable_tasks() if t.info.media == "sound"]
        task = next((t for t in fitting if t.info.editor == "words"), fitting[0])
        self._ctx.store.create(free_project_folder(_PROJECT, self._ctx.paths), _PROJECT, task.info.id)
