"""What can be done with a recording of one's own: save it somewhere, or put it into a project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QWidget

from workbench.control import Control
from workbench.data.annotations import Annotation
from workbench.data.shapes import Whole
from workbench.data.types import AddResult, NewItem, Sample
from workbench.gui.context import AppContext
from workbench.gui.theme import S
from workbench.gui.widgets.basic import button
from workbench.gui.widgets.keep import Keep, add_one
from workbench.tasks.base import TrainableTask
from workbench.tasks.registry import get_task


class KeepRecording(Keep):
    """Two buttons.

    Args:
        heard: what a model wrote down of the recording so far, or "": where a project holds transcripts it comes along,
            to be corrected there.
    """

    media = "sound"
    noun = "recording"
    project_name = "My recordings"

    def __init__(self, ctx: AppContext, heard: Callable[[], str], parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        self._heard = heard
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
        project = self.project()
        if project is None:
            return
        words = get_task(project.task_id).info.editor == "words"
        heard = self._heard() if words else ""
        new = NewItem("sound", sample.path.name, path=sample.path)

        def work(control: Control) -> AddResult:
            result = add_one(project, new, control)
            if heard and result.added:
                project.set_proposals({result.added[0]: [Annotation(Whole(), text=heard)]})
            return result

        name = project.name
        self.put(project, work, lambda: f"Put into “{name}”.")

    def task_for(self, fitting: list[TrainableTask]) -> TrainableTask:
        return next((t for t in fitting if t.info.editor == "words"), fitting[0])
