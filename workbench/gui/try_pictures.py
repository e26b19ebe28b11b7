"""New pictures on the Try page: shown beside the old one, saved, and compared with the true one. Nothing is decoded,
packed or measured on the window's own thread."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget

from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.picture_truth import Comparison
from workbench.engine.predict import PredictResult
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.widgets.basic import Banner
from workbench.gui.widgets.compare_panel import SMOOTH
from workbench.gui.widgets.layers import Layers, load_layers
from workbench.gui.widgets.prediction_view import PredictionView
from workbench.gui.widgets.try_input import TryInput
from workbench.tasks.predictions import Picture

_PICTURES = "Pictures (*.png *.jpg *.jpeg *.webp *.bmp *.tif *.tiff)"


class TryPictures(QObject):
    """Shows the newest new picture of the sample at hand. While one is being decoded, newer ones replace each other."""

    def __init__(self, ctx: AppContext, panel: TryInput, view: PredictionView, banner: Banner, parent: QWidget) -> None:
        super().__init__(parent)
        self._ctx, self._input, self._view, self._banner, self._window = ctx, panel, view, banner, parent
        self._sample: Sample | None = None
        self._shown: Picture | None = None
        self._originals: dict[str, Layers] = {}  # by "smooth" and "points"
        self._after: tuple[Picture, Layers] | None = None
        self._busy = False
        self._folder = ""
        panel.compare.original_as.connect(lambda _how: self._load())
        view.later_picture.then(lambda part: part.truth_wanted.connect(self.ask_truth))
        view.picture_save.connect(self.save)

    def show(self, result: PredictResult) -> None:
        """Show a result whose prediction is a picture; a preview comes in as well."""
        assert isinstance(result.prediction, Picture)
        if result.sample is not self._sample:
            self.clear()
            self._sample = result.sample
            self._input.compare.view.start_anew()
        self._shown = result.prediction
        stem = Path(result.sample.name or "picture").stem
        self._view.suggested = f"{stem} {result.prediction.width}x{result.prediction.height}"
        self._load()

    def clear(self) -> None:
        """Nothing to compare; the picture that was given is shown again."""
        self._sample = self._shown = self._after = None
        self._originals = {}
        self._view.suggested = "answer"
        self._input.hide_compare()

    def _load(self) -> None:
        """Decode in a job what is not there yet, then show it; and again if something newer came meanwhile."""
        sample, picture = self._sample, self._shown
        if self._busy or sample is None or picture is None:
            return
        how, known = self._input.compare.original.currentData(), dict(self._originals)
        done = self._after[1] if self._after is not None and self._after[0] is picture else None

        def work(_control: Control) -> tuple[Layers, Layers | None, Layers]:
            points = known.get("points") or load_layers(sample)
            after = done or load_layers(_data(picture))
            smooth = known.get(SMOOTH)
            if how == SMOOTH and _larger(after, points) and (smooth is None or smooth.true_size != after.true_size):
                smooth = load_layers(sample, (after.true_size.width(), after.true_size.height()))
            return points, smooth, after

        self._busy = True
        job = self._ctx.jobs.start("Drawing the new picture", work)
        job.succeeded.connect(lambda found: self._came(sample, picture, *found))
        job.failed.connect(self._banner.show_error)
        job.ended.connect(lambda: self._decoded(sample, picture, how))

    def _came(self, sample: Sample, picture: Picture, points: Layers, smooth: Layers | None, after: Layers) -> None:
        if sample is not self._sample:
            return
        self._originals = {"points": points} | ({SMOOTH: smooth} if smooth is not None else {})
        self._after = picture, after
        how = self._input.compare.original.currentData()
        enlarged = _larger(after, points)
        before = (smooth or points) if enlarged and how == SMOOTH else points
        self._input.show_compare(before, after, enlarged=enlarged, smooth=not enlarged or how == SMOOTH)

    def _decoded(self, sample: Sample, picture: Picture, how: str) -> None:
        self._busy = False
        now = self._input.compare.original.currentData()
        if sample is not self._sample or picture is not self._shown or how != now:
            self._load()

    # Doing something with it -------------------------------------------------------------------------------------------

    def save(self, picture: Picture, path: str) -> None:
        """Into a file of the person's choice."""

        def work(_control: Control) -> None:
            from workbench.engine.save import save_prediction

            save_prediction(picture, Path(path))

        job = self._ctx.jobs.start("Saving the picture", work)
        job.succeeded.connect(lambda _none: self._view.say(f"Saved to {path}"))
        job.failed.connect(lambda problem: self._view.say(f"{problem.message} {problem.hint}".strip()))

    def ask_truth(self) -> None:
        """Ask for the true picture, then compare."""
        file, _ = QFileDialog.getOpenFileName(self._window, "The true picture", "", _PICTURES)
        if file:
            self.compare_with(Path(file))

    def compare_with(self, truth: Path) -> None:
        """Measure the picture that is shown against the true one."""
        sample, picture = self._sample, self._shown
        if sample is None or picture is None:
            return

        def work(control: Control) -> Comparison:
            from workbench.engine.picture_truth import compare

            return compare(picture, sample, truth, control)

        def came(found: Comparison) -> None:
            if picture is self._shown:
                self._view.picture.show_comparison(found)

        def failed(problem: Problem) -> None:
            self._banner.show_error(problem)

        self._banner.hide()
        job = self._ctx.jobs.start("Comparing with the true picture", work)
        job.succeeded.connect(came)
        job.failed.connect(failed)

    def tell_written(self, results: Sequence[PredictResult]) -> None:
        """Say where the new pictures of many lie, with a way there; nothing when none were written."""
        written = [r.prediction.file for r in results if isinstance(r.prediction, Picture) and r.prediction.file]
        if not written:
            return
        folder = self._folder
        self._banner.show_message(
            f"{len(written):,} new pictures are in {folder}", "good", "Open the folder",
            lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(folder)),
        )  # fmt: skip

    def ask_folder(self) -> str:
        """Where many new pictures go; asked of the person before they are made."""
        self._folder = self.choose_folder()
        return self._folder

    def choose_folder(self) -> str:
        """The dialog; "" when it was closed."""
        return QFileDialog.getExistingDirectory(self._window, "Where shall the new pictures go?")


def _larger(after: Layers, before: Layers) -> bool:
    return after.true_size.width() > before.true_size.width()


def _data(picture: Picture) -> bytes:
    from workbench.errors import UserError

    try:
        return picture.data()
    except OSError as error:
        raise UserError("The new picture is not there any more.", "Make it again.") from error
