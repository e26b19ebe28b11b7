"""Try: drop, paste or type; see what a model says."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData, QModelIndex, QSize, Qt, QTimer
from PySide6.QtGui import QImage, QImageWriter, QKeySequence, QPixmap, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from workbench.control import Control
from workbench.data.media import first_words
from workbench.data.microphone import Recorder
from workbench.data.types import Sample, Window
from workbench.data.video import is_video
from workbench.engine.bulk import COLUMNS, table_of_rows, unlike_columns
from workbench.engine.explain.kinds import can_explain
from workbench.engine.predict import PredictResult, suits
from workbench.engine.save import endings_together, label_columns, save_prediction, save_together
from workbench.errors import Problem, UserError
from workbench.gui.context import AppContext
from workbench.gui.models.results_table import RESULT_ROLE, ResultsTable
from workbench.gui.pages.base import Page
from workbench.gui.theme import L, M, S
from workbench.gui.try_pictures import TryPictures
from workbench.gui.widgets.basic import Banner, Card, button, label, local_paths
from workbench.gui.widgets.box_piece import Cutter
from workbench.gui.widgets.compare_text_dialog import CompareTextDialog
from workbench.gui.widgets.correct_dialog import CorrectDialog, put_right
from workbench.gui.widgets.events_part import EventsPart
from workbench.gui.widgets.heard_view import can_hear
from workbench.gui.widgets.judge_table_dialog import JudgeTableDialog
from workbench.gui.widgets.later import Later
from workbench.gui.widgets.live_view import LiveView
from workbench.gui.widgets.model_picker import ModelPicker
from workbench.gui.widgets.only_unlike import OnlyUnlike
from workbench.gui.widgets.option_controls import OptionControls
from workbench.gui.widgets.overlays import mask_overlay
from workbench.gui.widgets.prediction_view import BoxesPart, PredictionView, ask_save_path
from workbench.gui.widgets.reading_controls import ReadingControls, Shown, look
from workbench.gui.widgets.sound_panel import SoundPanel
from workbench.gui.widgets.speed_line import SpeedLine
from workbench.gui.widgets.task_picker import TaskPicker
from workbench.gui.widgets.transcript_view import TranscriptView
from workbench.gui.widgets.try_input import TryInput
from workbench.gui.widgets.why_dialog import WhyDialog
from workbench.gui.workers import Job
from workbench.tasks.base import LiveTask, Task, TryOptions
from workbench.tasks.predictions import Boxes, Events, Mask, Number, Picture, Prediction, Scores, stopped_early
from workbench.tasks.registry import all_tasks, get_task

_FLUSH_MS = 120
_LARGE = 1200
_SELECT_HINT = "Drag over words to select and copy them. Ctrl and the wheel enlarge."
# So many dropped files say which task is meant.
_LOOKED_AT = 50


class TryPage(Page):
    """See the module."""

    page_id = "try"

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        self.body.setSpacing(M)
        self._task: Task = all_tasks()[0]
        self._number = itertools.count(1)
        self._current = 0
        self._job: Job | None = None
        self._sample: Sample | None = None
        self._taught: Window | None = None
        self._result: PredictResult | None = None
        self._waiting: list[PredictResult] = []
        self._samples: list[Sample] = []
        self._total = 0
        self._live_answer = False
        self._flush_timer = QTimer(self)
        self._flush_timer.setInterval(_FLUSH_MS)
        self._flush_timer.timeout.connect(self._flush)
        self._fresh = True
        self._build()
        paste = QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self)
        paste.activated.connect(self._paste)
        self._show_task(self._task)

    # What others ask of the page -----------------------------------------------------------------------------------

    def receive(self, intent: dict[str, Any]) -> None:
        model_id = str(intent.get("model_id", ""))
        if model_id:
            card = self.ctx.catalog.get(model_id)
            # A model that can only be a beginning for training opens on the task it is taught.
            self._show_task(get_task(card.main_task), model_id)
        if intent.get("paths"):
            self.try_paths([str(p) for p in intent["paths"]])
        elif intent.get("camera"):
            self._watch(self.live.open_camera)
        elif intent.get("text"):
            self.text.setPlainText(str(intent["text"]))

    def shown(self) -> None:
        if self._fresh:  # just made, for the models that are here now
            self._fresh = False
        else:
            self.picker.show_task(self._task.info.id)

    def accept_drop(self, paths: list[str]) -> bool:
        self.try_paths(paths)
        return True

    @property
    def live(self) -> LiveView:
        """Where a video or the camera is shown."""
        return self._live()

    @property
    def sound(self) -> SoundPanel:
        """Where recordings are seen, heard and made."""
        return self._sound()

    @property
    def reading(self) -> ReadingControls:
        """How the picture is read."""
        return self._reading()

    @property
    def text(self) -> Any:
        """The field texts are typed into."""
        return self.input.text

    def try_paths(self, paths: list[str]) -> None:
        """Predict files and folders; a video is played while the model looks at it."""
        self.banner.hide()
        videos = [Path(p) for p in paths if is_video(Path(p))]
        listens = self._task.info.media == "sound"  # of a video it wants the sound
        if videos and not listens:
            self._watch(lambda: self.live.open_file(videos[0]))
            if len(paths) > 1:
                self.banner.show_message("One video at a time: this is the first one you dropped.", "info")
            return
        self._show_task(self._task_for(paths))
        task = self._task

        def work(control: Control) -> list[Sample]:
            from workbench.engine.predict import collect_samples

            return collect_samples(paths, task, control)

        job = self.ctx.jobs.start("Looking at what you dropped", work)
        job.succeeded.connect(self._try_samples)
        job.failed.connect(self.banner.show_error)

    def _watch(self, begin: Callable[[], None]) -> None:
        """Show a video or the camera, with a task that can look at it."""
        self.banner.hide()
        self._stop()
        self._show_task(next(t for t in (self._task, *all_tasks()) if t.info.watches))
        self._show_nothing()
        self._samples = []
        try:
            begin()
        except UserError as error:
            self.banner.show_error(error)
            return
        self.input.clear_picture()
        self._ask_live()

    def _ask_live(self) -> None:
        """The model, the labels or an option for the video that runs."""
        ready = self.picker.is_ready()
        not_yet = "" if ready else "Download the model first, or choose another one."
        self.live.ask(self.picker.card, self._task, self.options(), not_yet)
        self.correct.hide()
        self.state.setText("")

    def _close_live(self) -> None:
        if self._live.made is not None:
            self.live.close_source()

    def _live_closed(self) -> None:
        self._show_nothing()
        self._show_model()

    # From a drop to samples ------------------------------------------------------------------------------------------

    def _task_for(self, paths: list[str]) -> Task:
        """The task whose files these are; the one that is shown stays where it can take them."""
        files = [Path(p) for p in paths[:_LOOKED_AT]]
        for task in (self._task, *all_tasks()):
            if any(suits(f, task) for f in files):
                return task
        return self._task

    def _task_of_media(self, media: str) -> Task:
        return next(t for t in (self._task, *all_tasks()) if t.info.media == media)

    def _take(self, mime: QMimeData) -> None:
        """Make samples of whatever was dropped or pasted: files, a picture, a text."""
        paths = local_paths(mime)
        if paths:
            self.try_paths(paths)
        elif mime.hasImage():
            image = mime.imageData()
            if isinstance(image, QPixmap):
                image = image.toImage()
            if isinstance(image, QImage) and not image.isNull():
                buffer = QBuffer()
                buffer.open(QIODevice.OpenModeFlag.WriteOnly)
                QImageWriter(buffer, QByteArray(b"PNG")).write(image)
                self._show_task(self._task_of_media("picture"))
                self._try_samples([Sample("picture", "pasted picture", data=bytes(buffer.data().data()))])
        elif mime.hasUrls():
            self.banner.show_error(
                UserError(
                    "This is a link, and the app does not go to the internet for it.",
                    "Copy the picture itself in the browser (right-click, Copy image) and paste it here.",
                )
            )
        elif mime.hasText() and mime.text().strip():
            if not self.input.takes_typing(self._task):
                self._show_task(self._task_of_media("text"))
            self.text.setPlainText(mime.text())

    def _paste(self) -> None:
        self._take(QApplication.clipboard().mimeData())

    # Predicting ------------------------------------------------------------------------------------------------------

    def options(self) -> TryOptions:
        """What the person has set."""
        return TryOptions(self.picker.options().labels, self.controls.values())

    def _waits(self) -> bool:
        """True when nothing is computed (or sent) before the person presses the button."""
        card = self.picker.card
        return bool(self._task.info.verb) or (card is not None and card.is_remote)

    def _try_samples(self, samples: list[Sample], *, asked: bool = False, shown: Sample | None = None) -> None:
        """Ask the model. An older question that is still running is dropped; its answers never show.

        `shown`: the picture to look at meanwhile; the first when not given.
        """
        self._close_live()
        if self._sound.made is not None and self.sound.microphone.active:
            self.banner.show_message("Stop the recording first.", "info")
            return
        if self._job is not None:
            self._job.cancel()
        self._current = number = next(self._number)
        self._samples = samples
        card = self.picker.card
        if card is None or not samples:
            return
        self._show_input(samples, shown)
        if not self.picker.is_ready():
            self._show_answer(None)
            self.state.setText("Download the model first, or choose another one.")
            return
        missing = self.controls.missing(self._task)
        if missing is not None:
            self._show_answer(None)
            self.state.setText(f"Still needed: {missing.title.lower()}.")
            return
        if self._waits() and not asked:
            self._show_answer(None)
            self.state.setText(f"Press “{self.go.text().strip()}”.")
            return
        task, options = self._task, self.options()
        folder = ""
        if len(samples) > 1 and task.info.result == "picture":
            # Each is written as it is made: many large pictures fit on a disk, not into memory.
            folder = self.pictures.ask_folder()
            if not folder:
                return
        self._waiting = []
        self._total = len(samples)
        self.table.clear()
        self.only_unlike.tell(0)
        several = len(samples) > 1
        self.batch.setVisible(several)
        self.progress.setVisible(several)
        self.progress.setRange(0, len(samples))
        self.progress.setValue(0)
        self.state.setText("Getting the model ready …")

        def work(control: Control) -> Iterator[PredictResult]:
            from workbench.engine.predict import predict, predict_live

            if len(samples) == 1 and task.info.result != "scores":
                return predict_live(samples[0], card, task, options, control=control, source="try")
            results = predict(samples, card, task, options, control=control, source="try")
            if folder:
                from workbench.engine.picture_batch import into_folder

                return into_folder(results, Path(folder))
            return results

        job = self.ctx.jobs.start_stream("Predicting", work)
        self._job = job
        self.stop.show()
        job.streamed.connect(lambda result: self._came(number, result))
        job.failed.connect(lambda problem: self._failed(number, problem))
        job.cancelled.connect(lambda: self._stopped(number))
        job.progressed.connect(lambda fraction, words: self._progress(number, fraction, words))
        job.ended.connect(lambda: self._ended(number, job))

    # Recording -------------------------------------------------------------------------------------------------------

    def _record(self) -> None:
        self.banner.hide()
        self._stop()
        self.sound.start_recording()

    def _recording(self, recorder: Recorder) -> None:
        """What is said is answered while one speaks, where the task and the model can do that."""
        self._current = number = next(self._number)
        self._samples, self._waiting, self._total = [], [], 1
        self._show_answer(None)
        self.batch.hide()
        self.state.setText("Speak now." if self._listens() else "It is answered when you stop.")
        self._live_answer = False
        task, card, options = self._task, self.picker.card, self.options()
        if card is not None and can_hear(task) and self.picker.is_ready() and not self._waits():
            self.state.setText("Make a sound: what is heard appears at once.")
            self.sound.heard_when.listen_live(recorder, card, task)
            return
        if card is None or not isinstance(task, LiveTask) or not self._listens():
            return

        def work(control: Control) -> Iterator[PredictResult]:
            from workbench.engine.predict import predict_recording

            return predict_recording(recorder, card, task, options, control=control)

        job = self.ctx.jobs.start_stream("Writing down what is said", work, quiet=True)
        self._job, self._live_answer = job, True
        job.streamed.connect(lambda result: self._came(number, result))
        job.failed.connect(lambda problem: self._failed(number, problem))
        job.ended.connect(lambda: self._ended(number, job))

    def _when(self) -> None:
        """What is heard when in the recording that is shown."""
        card, sample = self.picker.card, self.sound.sample
        if card is None or sample is None or not self.picker.is_ready():
            self.state.setText("Download the model first, or choose another one.")
            return
        self.sound.heard_when.listen(sample, card, self._task)

    def _listens(self) -> bool:
        """Can what is said be answered while it is said?"""
        return isinstance(self._task, LiveTask) and self.picker.is_ready() and not self._waits()

    def _recorded(self, sample: Sample) -> None:
        if self._live_answer:
            self._samples = [sample]  # the answer to the whole comes by itself
        elif self._task.info.media == sample.kind:
            self._try_samples([sample])

    def _came(self, number: int, result: PredictResult) -> None:
        if number != self._current:
            return
        if self._total == 1:
            # What grows quickly (words, previews) is drawn ten times a second, the last state always.
            self._waiting = [result]
            if result.prediction is None or getattr(result.prediction, "finished", True):
                self._flush()
            elif not self._flush_timer.isActive():
                self._flush_timer.start()
            return
        if result.index == 0 and not self._waiting:
            self._show_result(result)
        self._waiting.append(result)
        if not self._flush_timer.isActive():
            self._flush_timer.start()

    def _flush(self) -> None:
        """Answers go in ten times a second, not one by one."""
        if not self._waiting:
            self._flush_timer.stop()
            return
        waiting, self._waiting = self._waiting, []
        if self._total == 1:
            self._show_result(waiting[-1])
            return
        self.table.append(waiting)
        done = len(self.table.results)
        self.only_unlike.tell(self.table.unlike())
        failed = sum(1 for r in self.table.results if r.problem is not None)
        self.progress.setValue(done)
        words = f"{done - failed:,} of {self._total:,} answered"
        self.batch_state.setText(words + (f", {failed} could not be read" if failed else ""))

    def _progress(self, number: int, fraction: float, words: str) -> None:
        if number == self._current and words:
            self.state.setText(f"{words} {fraction:.0%}" if fraction >= 0 else words)

    def _failed(self, number: int, problem: Problem) -> None:
        if number == self._current:
            self.state.setText("")
            self._show_answer(None)
            self.banner.show_error(problem)

    def _stopped(self, number: int) -> None:
        if number == self._current:
            self._flush()
            kept = stopped_early(self._result.prediction) if self._result is not None else None
            if kept is not None and self._result is not None:
                self._show_result(replace(self._result, prediction=kept))
            self.state.setText("Stopped.")

    def _ended(self, number: int, job: Job) -> None:
        if number == self._current:
            self._flush()
            self.progress.hide()
            self.stop.hide()
            if self._total > 1 and self.state.text() != "Stopped.":
                self.state.setText("")
            self.pictures.tell_written(self.table.results)
        if self._job is job:
            self._job = None

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _typed_sample(self) -> list[Sample]:
        text = self.input.typed_text()
        name = first_words(text)
        return [Sample(self._task.info.media, name, text=text)] if text.strip() else []

    def _predict_typed(self, *, asked: bool = False) -> None:
        samples = self._typed_sample()
        if samples:
            self.input.stop_waiting()
            self.banner.hide()
            self._try_samples(samples, asked=asked)
        else:
            self._show_nothing()

    def _go(self) -> None:
        """The button: do it now."""
        self.banner.hide()
        if self.input.takes_typing(self._task) and self._typed_sample():
            self._predict_typed(asked=True)
        elif self._samples:
            self._try_samples(self._samples, asked=True)
        else:
            self.state.setText(f"Give the model {self._task.info.dropped or f'a {self._task.info.noun}'} first.")

    def _open_own_page(self) -> None:
        """There is more room for this task on a page of its own."""
        card = self.picker.card
        self.ctx.go(self._task.info.page, model_id=card.id if card is not None else "", text=self.input.typed_text())

    def _again(self) -> None:
        """The model, the labels or an option changed: ask again."""
        self._show_model()
        if self._live.made is not None and self.live.active:
            self._ask_live()
        elif self._samples and self._samples[0].kind == self._task.info.media:
            self._try_samples(self._samples)

    # Showing ---------------------------------------------------------------------------------------------------------

    def _show_task(self, task: Task, model_id: str = "") -> None:
        if not task.info.watches:
            self._close_live()
        changed = task.info.id != self._task.info.id
        kept = self._samples if task.info.media == self._task.info.media else []
        self._task = task
        self.tasks.show_task(task.info.id)
        if changed:
            self._show_nothing()
            self._samples = kept
        self.picker.show_task(task.info.id, model_id)

    def _show_model(self) -> None:
        """What depends on the chosen model: controls, the button, and the sign that something is sent away."""
        card = self.picker.card
        self.controls.show_options(self._task, card)
        self.input.show_task(self._task, self._waits(), card)
        for place, share in enumerate((2, 3) if self.input.brief else (3, 2)):
            self.middle.setStretch(place, share)
        # One right class can be said at once; of several labels the Data page is the place.
        self.correct.setVisible(self._task.info.trainable and self._task.info.editor == "classes")
        if self.view.later_picture.made is not None:
            self.view.picture.set_has_truth(self._task.info.has_truth)
        if self._task.info.media == "sound" or self._sound.made is not None:
            self.sound.when.setVisible(can_hear(self._task))
        self.judge.setVisible(bool(self._task.info.overlaps) and self._task.info.editor == "words")
        self.judge.setEnabled(card is not None and self.picker.is_ready())
        self.go.setVisible(self._waits())
        self.own_page.setVisible(bool(self._task.info.page))
        self.own_page.setText(f" {self._task.info.page_words}")
        self.own_page.setAccessibleName(self._task.info.page_words)
        self.go.setText(f" {self._task.info.verb or 'Ask'}")
        self.go.setAccessibleName(self._task.info.verb or "Ask")
        if card is not None and card.is_remote:
            self.remote.show_message(
                f"What you enter is sent to {card.source.ref}: it leaves this computer, and may cost money.", "warn"
            )
        else:
            self.remote.hide()

    def _show_input(self, samples: list[Sample], shown: Sample | None = None) -> None:
        first = samples[0]
        if first.kind == "picture":
            self._show_picture(shown or first)
        elif first.kind == "sound":
            self.input.show_sound(samples)
        else:
            self.input.show_written(first)

    def _show_picture(self, sample: Sample) -> None:
        card = self.picker.card
        taught = card.preparation.window if card is not None else None
        if self._sample is sample and self._taught == taught:
            self.input.picture.clear_marks()
            return
        self._sample, self._taught = sample, taught

        def work(_control: Control) -> Shown:
            return look(sample, _LARGE, taught)

        def came(shown: Shown) -> None:
            if self._sample is sample:
                self.input.show_picture(shown.png)
                self.reading.show_picture(sample, shown, taught)
                if self._result is not None and self._result.sample is sample:
                    self._mark(self._result.prediction)

        def failed(_problem: Problem) -> None:
            if self._sample is sample:
                self._sample = None
                self.input.clear_picture()
                self._clear_reading()

        job = self.ctx.jobs.start("Opening a picture", work)
        job.succeeded.connect(came)
        job.failed.connect(failed)

    def _read_anew(self, window: Window | None, frame: int) -> None:
        """Brightness and contrast were set, for all that is tried; or another picture of the file was chosen."""
        seen = self._sample
        if seen is None:
            return
        samples = [replace(s, window=window, frame=frame if s is seen else s.frame) for s in self._samples]
        place = next((n for n, s in enumerate(self._samples) if s is seen), 0)
        self._sample = samples[place]  # it is on the screen already
        self._try_samples(samples, shown=samples[place])

    def _offer_for_all(self) -> None:
        if self._reading.made is None:
            return
        project = self.ctx.store.project
        fits = project is not None and not project.read_only and get_task(project.task_id).info.media == "picture"
        self.reading.offer_for_all(project.name if fits and project is not None else "")

    def _clear_reading(self) -> None:
        if self._reading.made is not None:
            self.reading.clear()

    def _use_for_all(self, window: Window | None) -> None:
        project = self.ctx.store.require()
        self.ctx.store.set_window(window)
        self.banner.show_message(f"“{project.name}” reads its pictures like this now. Ctrl+Z takes it back.", "good")

    def _show_result(self, result: PredictResult) -> None:
        self._result = result
        if result.problem is not None:
            self._show_answer(None)
            self.state.setText("")
            if self._total == 1:
                self.banner.show_error(result.problem)
            return
        self._show_answer(result.prediction)
        name = result.sample.name if result.sample.kind in ("picture", "sound") else ""
        took = f"{result.seconds * 1000:.0f} ms" if result.seconds < 1 else f"{result.seconds:.1f} s"
        writing = not getattr(result.prediction, "finished", True)
        if not writing:
            self.state.setText("  ·  ".join(part for part in (name, took) if part) if name else "")
        can_correct = isinstance(result.prediction, Scores) and self._task.info.trainable
        self.correct.setEnabled(can_correct)
        self._mark(result.prediction)

    def _show_answer(self, prediction: Prediction | None) -> None:
        self.view.show_prediction(prediction)
        card = self.picker.card
        self.why.setVisible(card is not None and not card.is_remote and can_explain(self._task, prediction))
        if self._sound.made is not None:
            self.sound.show_events(prediction if isinstance(prediction, Events) else None)
        if prediction is None:
            self.correct.setEnabled(False)
            self.input.picture.clear_marks()
            self.pictures.clear()

    def _mark(self, prediction: Prediction | None) -> None:
        """Draw on the picture what was found in it."""
        canvas = self.input.picture
        if isinstance(prediction, Boxes):
            self._draw_boxes(self.view.boxes.boxes_now())
        elif isinstance(prediction, Picture) and self._result is not None:
            self.pictures.show(self._result)
        elif isinstance(prediction, Mask):
            mask, hidden = prediction, self.view.areas.hidden()
            job = self.ctx.jobs.start("Drawing areas", lambda _control: mask_overlay(mask, hidden))

            def came(overlay: QImage) -> None:
                now = self._result is not None and self._result.prediction is mask
                if now and self.view.areas.hidden() == hidden:
                    canvas.show_overlay(overlay, self.view.areas.slider.value() / 100)

            job.succeeded.connect(came)

    def _draw_boxes(self, boxes: Any) -> None:
        prediction = self._result.prediction if self._result is not None else None
        reading = isinstance(prediction, Boxes) and prediction.reading
        self.input.picture_hint.setText(_SELECT_HINT if reading and boxes else "")
        if isinstance(prediction, Boxes) and reading:
            self.input.picture.show_text(boxes, prediction.width, prediction.height)
        elif isinstance(prediction, Boxes):
            self.input.picture.show_boxes(boxes, self.view.boxes.labels(), prediction.width, prediction.height)

    def _as_shown(self) -> Sample | None:
        """The picture on the screen, read as it is shown."""
        seen = self._sample
        return replace(seen, window=seen.window or self._taught) if seen is not None else None

    def _show_nothing(self) -> None:
        self._current = next(self._number)
        self._live_answer = False
        self._result = None
        self._sample = None
        self._show_answer(None)
        self.batch.hide()
        self.stop.hide()
        self.state.setText("The answer appears here.")
        self.input.clear_picture()
        self._clear_reading()
        self.input.show_sound([])
        self.input.show_written(None)

    def _row_chosen(self, index: QModelIndex) -> None:
        result: PredictResult | None = index.data(RESULT_ROLE)
        if result is not None:
            if result.sample.kind == "picture":
                self._show_picture(result.sample)
            elif result.sample.kind == "sound":
                self.input.show_sound([result.sample])
            else:
                self.input.show_written(result.sample)
            self._show_result(result)

    # Doing something with it -------------------------------------------------------------------------------------------

    def _correct(self) -> None:
        result = self._result
        if result is None or not isinstance(result.prediction, Scores):
            return
        sample = result.sample
        labels = [s.name for s in result.prediction.top[:10]]
        dialog = CorrectDialog(self.ctx, self._task.info.id, result.prediction.best.name, labels, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def accepted() -> None:
            try:
                job = put_right(self.ctx, self._task.info.id, sample, dialog.choice.currentText().strip(), dialog.fits)
            except UserError as error:
                self.banner.show_error(error)
                return
            if job is not None:
                job.failed.connect(self.banner.show_error)

        dialog.accepted.connect(accepted)
        dialog.open()

    def _why(self) -> None:
        result, card = self._result, self.picker.card
        if result is None or card is None or not isinstance(result.prediction, Scores | Boxes | Number):
            return
        dialog = WhyDialog(self.ctx, result.sample, card, self._task, self.options(), result.prediction, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _save_answer(self, prediction: Prediction, path: Path) -> None:
        sample = self._result.sample if self._result is not None else None
        job = self.ctx.jobs.start(
            "Saving the answer", lambda control: save_prediction(prediction, path, sample, control)
        )
        job.succeeded.connect(lambda _none: self.view.tell(f"Saved to {path}"))
        job.failed.connect(lambda problem: self.view.tell(f"{problem.message} {problem.hint}".strip()))

    def _compare(self, answer: str) -> None:
        dialog = CompareTextDialog(self.ctx, answer, self, self._task.info.overlaps)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _judge(self) -> None:
        card = self.picker.card
        if card is not None:
            dialog = JudgeTableDialog(self.ctx, card, self._task, self.options(), self)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.open()

    def ask_export_path(self) -> str:
        """Where the answers go; asked of the person."""
        pages = endings_together([prediction for _, prediction in self.table.answers()])
        return ask_save_path(self, "Save the answers", "answers", (".csv", ".json", *pages))

    def _export(self) -> None:
        file = self.ask_export_path()
        if not file:
            return
        rows, answers = self.table.rows_for_export(), self.table.answers()
        beside = table_of_rows(self._task, self.table.results)

        def work(control: Control) -> int:
            from workbench.data.exporters.tables import write_csv, write_json

            if Path(file).suffix.lower() in endings_together([p for _, p in answers]):
                save_together(answers, Path(file), control, len(answers))
                return len(answers)
            if file.lower().endswith(".json"):
                write_json(Path(file), rows)
            else:
                columns = [*COLUMNS, *unlike_columns(rows), *label_columns(rows)]
                heads, cells = beside if beside is not None else (columns, rows)
                write_csv(Path(file), cells, heads)
            return len(rows)

        job = self.ctx.jobs.start("Saving the answers", work)
        job.succeeded.connect(lambda count: self.banner.show_message(f"{count:,} answers saved to {file}", "good"))
        job.failed.connect(self.banner.show_error)

    def _choose(self) -> None:
        files, _ = QFileDialog.getOpenFileNames(self, "Choose pictures or texts")
        if files:
            self.try_paths(files)

    # Building ----------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(S)
        top.addWidget(label("Try a model", "title"))
        top.addStretch(1)
        self.tasks = TaskPicker()
        self.tasks.chosen.connect(self._show_task)
        top.addWidget(self.tasks)
        self.body.addLayout(top)
        self.banner = Banner()
        self.body.addWidget(self.banner)
        middle = self.middle = QHBoxLayout()
        middle.setSpacing(L)
        self.body.addLayout(middle, 3)
        # From the outside in, each with its parent: what is put into another later, is styled anew with all that is in it.
        self.input = TryInput(self.ctx.jobs, self)
        self.input.dropped.connect(self._take)
        self.input.choose.connect(self._choose)
        self.input.paste.connect(self._paste)
        self.input.camera.connect(lambda: self._watch(self.live.open_camera))
        self.input.typed.connect(self._predict_typed)
        self.input.at_once.connect(lambda: self._predict_typed(asked=True))
        self._reading = Later(lambda: ReadingControls(self.ctx.jobs, _LARGE))
        self._reading.then(self._reading_made)
        self.ctx.store.project_changed.connect(self._offer_for_all)
        middle.addWidget(self.input, 3)
        card = Card(self, spacing=M)
        middle.addWidget(card, 2)
        self._build_answer(card)
        self.batch = QWidget(self)
        self.batch.hide()
        self.body.addWidget(self.batch, 2)
        self._build_batch()
        self.picker.changed.connect(self._again)
        self.controls.changed.connect(self._again)

    def _build_answer(self, card: Card) -> None:
        self.picker = ModelPicker(self.ctx, card)
        card.body.addWidget(self.picker)
        self.remote = Banner(closable=False)
        card.body.addWidget(self.remote)
        self.controls = OptionControls()
        card.body.addWidget(self.controls)
        doing = QHBoxLayout()
        self.go = button("Ask", self._go, role="primary", icon_name="play", name="try-go", tip="Do it now (Ctrl+Enter)")
        self.stop = button("Stop", self._stop, icon_name="circle-stop", name="try-stop")
        self.go.hide()
        self.stop.hide()
        doing.addWidget(self.go)
        doing.addWidget(self.stop)
        doing.addStretch(1)
        self.own_page = button("", self._open_own_page, role="quiet", icon_name="arrow-right", name="own-page")
        self.own_page.hide()
        doing.addWidget(self.own_page)
        self.judge = button(
            "Judge by right texts …", self._judge, role="quiet", icon_name="gauge", name="try-judge",
            tip="A table of texts and right answers: how much the model's answers have in common with them (BLEU, chrF, ROUGE)",
        )  # fmt: skip
        doing.addWidget(self.judge)
        card.body.addLayout(doing)
        self.view = PredictionView(card)
        self._live = Later(lambda: LiveView(self.ctx, self.view))
        self._live.then(self._live_made)
        self._sound = Later(lambda: SoundPanel(self.ctx, self.view.answer_text))
        self._sound.then(self._sound_made)
        self.input.record.connect(self._record)
        self.view.boxes_shown.connect(self._draw_boxes)
        self.view.box_chosen.connect(self.input.picture.choose_box)
        self.view.opacity.connect(self.input.picture.set_opacity)
        self.view.saving.connect(self._save_answer)
        self.view.comparing.connect(self._compare)
        self.view.areas_changed.connect(lambda: self._mark(self._result.prediction if self._result else None))
        self.view.later_boxes.then(self._boxes_made)
        self.view.later_picture.then(lambda part: part.set_has_truth(self._task.info.has_truth))
        self.pictures = TryPictures(self.ctx, self.input, self.view, self.banner, self)
        card.body.addWidget(self.view, 1)
        self.state = label("The answer appears here.", "faint", wrap=True)
        self.state.setObjectName("try-state")
        card.body.addWidget(self.state)
        self.speed = SpeedLine(self.ctx)
        card.body.addWidget(self.speed)
        self.picker.changed.connect(lambda: self.speed.show_card(self.picker.card))
        row = QHBoxLayout()
        row.addStretch(1)
        self.correct = button(
            "Correct it …", self._correct, icon_name="pencil", name="correct",
            tip="The answer is wrong: put the item into a project with the right label",
        )  # fmt: skip
        self.correct.setEnabled(False)
        self.why = button(
            "Why? …", self._why, icon_name="lightbulb", name="why",
            tip="What spoke for this answer, and whether that can be relied on (attribution)",
        )  # fmt: skip
        self.why.hide()
        row.addWidget(self.why)
        row.addWidget(self.correct)
        card.body.addLayout(row)

    def _reading_made(self, reading: ReadingControls) -> None:
        reading.drawn.connect(self.input.show_picture)
        reading.settled.connect(self._read_anew)
        reading.for_all.connect(self._use_for_all)
        self.input.add_below_picture(reading)
        self.input.picture.right_dragged.connect(reading.drag)
        self._offer_for_all()

    def _boxes_made(self, part: BoxesPart) -> None:
        self.input.picture.box_clicked.connect(part.choose)
        part.cutter = Cutter(self.ctx.jobs, self.input.picture, self._as_shown)

    def _live_made(self, live: LiveView) -> None:
        live.failed.connect(self.banner.show_error)
        live.closed.connect(self._live_closed)
        self.input.add_live(live)

    def _sound_made(self, sound: SoundPanel) -> None:
        sound.recording.connect(self._recording)
        sound.recorded.connect(self._recorded)
        sound.asks_when.connect(self._when)
        sound.heard_when.newest.connect(self.view.show_prediction)
        self.picker.changed.connect(sound.heard_when.clear)
        self.view.later_transcript.then(lambda part: self._join_transcript(sound, part.view))
        self.view.later_events.then(lambda part: self._join_events(sound, part))
        self.input.add_sound(sound)

    def _join_transcript(self, sound: SoundPanel, words: TranscriptView) -> None:
        sound.moved.connect(words.show_position)
        words.chosen.connect(sound.play_word)
        words.toggled.connect(sound.toggle)

    def _join_events(self, sound: SoundPanel, events: EventsPart) -> None:
        events.heard.connect(sound.play_word)
        events.toggled.connect(sound.toggle)
        sound.event_chosen.connect(events.choose)

    def _build_batch(self) -> None:
        column = QVBoxLayout(self.batch)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        row = QHBoxLayout()
        self.batch_state = label("", "soft")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setMaximumWidth(220)
        row.addWidget(self.batch_state)
        row.addWidget(self.progress)
        row.addStretch(1)
        self.only_unlike = OnlyUnlike()
        row.addWidget(self.only_unlike)
        row.addWidget(
            button(
                "Save answers …",
                self._export,
                icon_name="download",
                name="save-answers",
                tip="As a table (CSV, JSON); text that was read also as pages of one PDF",
            )
        )
        column.addLayout(row)
        self.table = ResultsTable(self.ctx.thumbnails)
        self.only_unlike.toggled.connect(self.table.show_only_unlike)
        self.table_view = QTableView()
        self.table_view.setObjectName("batch-table")
        self.table_view.setAccessibleName("Answers")
        self.table_view.setModel(self.table)
        self.table_view.setSortingEnabled(True)
        self.table_view.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.table_view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table_view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table_view.setIconSize(QSize(36, 36))
        self.table_view.verticalHeader().hide()
        self.table_view.verticalHeader().setDefaultSectionSize(42)
        self.table_view.setShowGrid(False)
        header = self.table_view.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.resizeSection(2, 170)
        self.table_view.selectionModel().currentRowChanged.connect(lambda current, _old: self._row_chosen(current))
        column.addWidget(self.table_view, 1)
