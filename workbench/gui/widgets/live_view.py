"""Try with moving pictures: the video or camera runs, the model looks at the newest picture whenever it is free."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QImage, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QBoxLayout, QComboBox, QFileDialog, QVBoxLayout, QWidget

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.engine.annotate import CODECS, Annotated, annotate
from workbench.engine.newest import Newest
from workbench.engine.timeline import write_timeline
from workbench.engine.video import Looked, Looker, Moment, Pace, watch, watch_live
from workbench.errors import Problem, UserError
from workbench.gui.context import AppContext
from workbench.gui.frame_source import FileSource, FrameSource, Picture
from workbench.gui.theme import S
from workbench.gui.widgets.basic import Banner, button, icon_button, label, row
from workbench.gui.widgets.keep_frame import KeepFrame
from workbench.gui.widgets.looks import Drawn, Looks
from workbench.gui.widgets.overlays import mask_overlay
from workbench.gui.widgets.prediction_view import PredictionView
from workbench.gui.widgets.video_player import VideoPlayer
from workbench.gui.workers import Job
from workbench.tasks.base import Task, TryOptions
from workbench.tasks.predictions import Boxes, Mask

# The answer's view is drawn anew at most so often: words that change faster cannot be read.
_ANSWER_MS = 120
_STRIP_MS = 250
_RATE_SECONDS = 3.0
_OVERLAY_SIDE = 640
_REACH_SECONDS = 0.4
_PACES = (
    ("at every picture", Pace(0.0)),
    ("10 times a second", Pace(0.1)),
    ("5 times a second", Pace(0.2)),
    ("2 times a second", Pace(0.5)),
    ("once a second", Pace(1.0)),
    ("every 5 seconds", Pace(5.0)),
)
_USUAL_PACE = 2


def rate_words(count: int, seconds: float) -> str:
    """ "Looks at 6 pictures a second", or at one every so many seconds when it is slower."""
    if count <= 0 or seconds <= 0:
        return ""
    rate = count / seconds
    if rate >= 1.5:
        return f"Looks at {rate:.0f} pictures a second"
    return "Looks at a picture every second" if rate > 0.8 else f"Looks at a picture every {1 / rate:.1f} seconds"


class LiveView(QWidget):
    """Signals:
    failed(object): a `Problem` or `UserError`; the video may go on.
    closed(): the person, or a source that broke, ended it.
    """

    failed = Signal(object)
    closed = Signal()

    def __init__(self, ctx: AppContext, view: PredictionView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("live-view")
        self._ctx, self._view = ctx, view
        self._looker: Looker | None = None
        self._asked: tuple[ModelCard | None, Task | None, TryOptions] = (None, None, TryOptions())
        # True until the threshold of this model's boxes is known.
        self._fresh = True
        self._newest: Newest[Moment] = Newest()
        self._job: Job | None = None
        self._saving: Job | None = None
        self._looks = Looks()
        self._picture: Picture | None = None
        self._drawn: Drawn | None = None
        self._arrivals: deque[tuple[float, float]] = deque(maxlen=200)
        self._answer_timer = self._timer(_ANSWER_MS, self._show_answer)
        self._strip_timer = self._timer(_STRIP_MS, self._show_strip)
        self._build()
        view.boxes.slider.valueChanged.connect(lambda _value: self._threshold_moved())
        view.opacity.connect(self.player.screen_area.set_opacity)

    # What the page asks ----------------------------------------------------------------------------------------------

    @property
    def active(self) -> bool:
        """True while there is a video or a camera."""
        return self.player.source is not None

    @property
    def looks(self) -> list[Looked]:
        """What the model said so far."""
        return self._looks.all()

    def open_file(self, path: Path) -> None:
        """Play a video file."""
        from workbench.engine.player import Player

        source = FileSource(self._ctx, Player(path), self)
        source.player.play()
        self.open(source)

    def open_camera(self) -> None:
        """Open the camera the system prefers. Raises: UserError when there is none."""
        from workbench.gui.camera import cameras

        found = cameras()
        self.cameras.blockSignals(True)
        self.cameras.clear()
        for name, device in found:
            self.cameras.addItem(name, device)
        self.cameras.blockSignals(False)
        self._open_device(0)

    def _open_device(self, place: int) -> None:
        from workbench.gui.camera import CameraSource

        card, task, options = self._asked
        self.open(CameraSource(self.cameras.itemText(place), self.cameras.itemData(place), self))
        if task is not None:
            self.ask(card, task, options)

    def open(self, source: FrameSource) -> None:
        """Show moving pictures from anywhere."""
        self._stop_looking()
        self._forget()
        self._picture = None
        self._fresh = True
        source.failed.connect(self._source_failed)
        source.remark.connect(lambda words: self.banner.show_message(words, "warn"))
        self.banner.hide()
        self.title.setText(source.title)
        self.keep.set_title(source.title)
        self.cameras.setVisible(not source.is_file and self.cameras.count() > 1)
        self.title.setVisible(not self.cameras.isVisibleTo(self))
        self.annotated.setVisible(source.is_file)
        self.pace_words.setVisible(source.is_file)
        self.pace.setVisible(source.is_file)
        self._view.set_live(self._looks.labels)
        self.player.open(source)

    def ask(self, card: ModelCard | None, task: Task, options: TryOptions, not_yet: str = "") -> None:
        """The model that looks from now on. `not_yet`: a sentence why it cannot do so now."""
        self._stop_looking()
        self._forget()
        self._looker = None
        before = self._asked[0]
        self._fresh = self._fresh or card is None or before is None or card.id != before.id
        self._asked = (card, task, options)
        self.rate.setText(not_yet)
        if card is None or not_yet or not self.active:
            return
        try:
            self._looker = Looker(card, task, options)
        except UserError as error:
            self.rate.setText(str(error))
            return
        self.rate.setText("Getting the model ready …")
        if self._picture is not None:
            self._offer(self._picture.moment)

    def close_source(self) -> None:
        """End it; the answer's view is as for a single picture again."""
        if not self.active:
            return
        self._stop_looking()
        self.player.close_source()
        self._picture = None
        self._looker = None
        self._forget()
        self._view.set_live(None)
        self._view.show_prediction(None)
        self.closed.emit()

    # Looking -----------------------------------------------------------------------------------------------------------

    def _offer(self, moment: Moment) -> None:
        """The model may look at this one when it is free; an older one that it has not begun with is dropped."""
        if self._looker is None or self._looks.knows(moment.time):
            return
        self._newest.put(moment)
        if self._job is None:
            self._start_looking(self._looker)

    def _start_looking(self, looker: Looker) -> None:
        newest = self._newest

        def work(control: Control) -> Iterator[tuple[Looked, QImage | None]]:
            for look in watch_live(looker, newest, control):
                mask = look.prediction
                areas = mask_overlay(mask, side=_OVERLAY_SIDE) if isinstance(mask, Mask) else None
                yield look, areas

        job = self._ctx.jobs.start_stream("Looking at the video", work, quiet=True)
        self._job = job

        def failed(problem: Problem) -> None:
            if self._job is job:
                self._looker = None  # asked again when the person changes something
                self.rate.setText("")
                self.failed.emit(problem)

        def ended() -> None:
            if self._job is job:
                self._job = None
                if self._looker is not None and not newest.empty:  # it came while the job was ending
                    self._start_looking(self._looker)

        job.streamed.connect(lambda made: self._looked(job, *made))
        job.failed.connect(failed)
        job.ended.connect(ended)

    def _stop_looking(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self._newest = Newest()
        self._arrivals.clear()

    def _looked(self, job: Job, look: Looked, overlay: QImage | None) -> None:
        if self._job is not job:
            return
        self._arrivals.append((time.monotonic(), look.seconds))
        if self._fresh and isinstance(look.prediction, Boxes):
            self._view.boxes.slider.setValue(round(look.prediction.threshold * 100))
        self._fresh = False
        self._take_in(look, overlay)
        self._draw()
        self._show_rate()

    def _take_in(self, look: Looked, overlay: QImage | None = None) -> None:
        self._looks.add(look, overlay)
        if not self._strip_timer.isActive():
            self._strip_timer.start()

    def _forget(self) -> None:
        """What another model or another video was said to show."""
        self._looks = Looks()
        if self.active:
            self._view.set_live(self._looks.labels)
        self._drawn = None
        self._arrivals.clear()
        self.player.screen_area.clear_marks()
        self.player.strip.show_pieces([])

    def _show_rate(self) -> None:
        if not self.player.playing:
            self.rate.setText("")
            return
        now = time.monotonic()
        late = [at for at, _ in self._arrivals if now - at <= max(_RATE_SECONDS, 3 * self._arrivals[-1][1])]
        if len(late) >= 2 and late[-1] > late[0]:
            self.rate.setText(rate_words(len(late) - 1, late[-1] - late[0]))
        elif not self.rate.text().startswith("Looks at"):
            self.rate.setText("")

    # Showing -----------------------------------------------------------------------------------------------------------

    def _came(self, picture: Picture) -> None:
        self._picture = picture
        self._draw()
        self._offer(picture.moment)

    def _played(self, _playing: bool) -> None:
        # What was counted before a pause says nothing of what comes after it.
        self._arrivals.clear()
        if self._looker is not None and self._looks.all():
            self.rate.setText("")

    def _reach(self) -> float:
        """How old an answer may be to be drawn on the picture: a slow model's answers are old."""
        return max(_REACH_SECONDS, 3 * self._arrivals[-1][1]) if self._arrivals else _REACH_SECONDS

    def _draw(self, anew: bool = False) -> None:
        """Draw the answer that belongs to the picture on the screen, as nearly as there is one."""
        if self._picture is None or not self.active:
            return
        drawn = self._looks.at(self._picture.moment.time, self._reach())
        if drawn is self._drawn and not anew:
            return
        screen = self.player.screen_area
        if drawn is None:
            screen.clear_marks()
        elif isinstance(drawn.look.prediction, Boxes):
            boxes = drawn.look.prediction
            shown = boxes.above(self.threshold)
            names = self._looks.labels
            names += [n for n in dict.fromkeys(b.label for b in shown) if n not in names and not boxes.reading]
            screen.show_boxes(shown, [] if boxes.reading else names, boxes.width, boxes.height)
        elif drawn.overlay is not None:
            screen.show_overlay(drawn.overlay, self.opacity)
        if drawn is not self._drawn:
            self._drawn = drawn
            if not self._answer_timer.isActive():
                self._answer_timer.start()

    @property
    def threshold(self) -> float:
        """How certain a box must be, as the person set it."""
        return self._view.boxes.slider.value() / 100

    @property
    def opacity(self) -> float:
        """How strongly areas are drawn, as the person set it."""
        return self._view.areas.slider.value() / 100

    def _threshold_moved(self) -> None:
        if self.active:
            self._draw(anew=True)
            self._strip_timer.start()

    def _show_answer(self) -> None:
        if self._drawn is not None and self.active:
            self._view.show_prediction(self._drawn.look.prediction)

    def _show_strip(self) -> None:
        # A strip that is redrawn needs no more than a few milliseconds for the most looks there can be.
        self.player.strip.show_pieces(self._looks.pieces(self.player.seconds, self.threshold))

    # Saving ------------------------------------------------------------------------------------------------------------

    def ask_path(self, title: str, name: str, kinds: str) -> str:
        """Where it goes; asked of the person."""
        return QFileDialog.getSaveFileName(self, title, name, kinds)[0]

    def _save_video(self) -> None:
        looker, path = self._for_saving()
        if looker is None or path is None:
            return
        kinds = ";;".join(
            f"{words} (*{end})" for words, end in zip(("MP4 video", "WebM video", "AVI video"), CODECS, strict=True)
        )
        file = self.ask_path("Save the annotated video", f"{path.stem} annotated.mp4", kinds)
        if not file:
            return
        out = Path(file) if Path(file).suffix else Path(file).with_suffix(".mp4")
        pace, threshold, opacity, options = self._pace(), self._saved_threshold(looker), self.opacity, looker.options

        def work(control: Control) -> Annotated:
            return annotate(
                path, looker.card, looker.task, out, options, pace, control, threshold=threshold, opacity=opacity
            )

        self._save("Writing the video", self._ctx.jobs.start("Writing the video", work), lambda made: made.sentence())

    def _save_timeline(self) -> None:
        looker, path = self._for_saving()
        if looker is None:
            return
        stem = path.stem if path is not None else "camera"
        file = self.ask_path("Save the timeline", f"{stem} timeline.csv", "Table (*.csv);;JSON (*.json)")
        if not file:
            return
        out = Path(file) if Path(file).suffix else Path(file).with_suffix(".csv")
        pace, threshold, end = self._pace(), self._saved_threshold(looker), self.player.seconds
        so_far = self._looks.all()

        def work(control: Control) -> Iterator[Looked | list[Path]]:
            looks = so_far
            if path is not None:
                looks = []
                for look in watch(path, looker.card, looker.task, looker.options, pace, control, remark=remarks.append):
                    looks.append(look)
                    yield look
            yield write_timeline(out, looks, end, threshold)

        written: list[Path] = []
        remarks: list[str] = []
        job = self._ctx.jobs.start_stream("Writing the timeline", work)

        def came(made: Looked | list[Path]) -> None:
            if isinstance(made, Looked):
                if self._looker is looker and not self._looks.knows(made.time):
                    self._take_in(made)
            else:
                written[:] = made

        job.streamed.connect(came)

        def sentence(_none: object) -> str:
            return " ".join([f"Saved: {', '.join(p.name for p in written)} in {out.parent}.", *remarks])

        self._save("Writing the timeline", job, sentence)

    def _for_saving(self) -> tuple[Looker | None, Path | None]:
        source = self.player.source
        if self._saving is not None:
            return None, None
        if self._looker is None:
            self.banner.show_message("There is no model that looks at the video yet. Choose one to the right.", "warn")
        return self._looker, source.player.path if isinstance(source, FileSource) else None

    def _pace(self) -> Pace:
        return _PACES[self.pace.currentIndex()][1]

    def _saved_threshold(self, looker: Looker) -> float | None:
        """As on the screen; scores have none."""
        return self.threshold if looker.task.info.result == "boxes" and not self._fresh else None

    def _save(self, title: str, job: Job, sentence: Callable[[Any], str]) -> None:
        """Show how far it is, and what came of it."""
        self._saving = job
        self._enable_saving(False)
        self.banner.show_message(f"{title} …", "info", "Stop", job.cancel)

        def progressed(fraction: float, words: str) -> None:
            if self._saving is job:
                share = f", {fraction:.0%}" if fraction >= 0 else ""
                self.banner.text.setText(f"{title}: {words.lower() or '…'}{share}")

        def ended() -> None:
            self._saving = None
            self._enable_saving(True)

        job.progressed.connect(progressed)
        job.succeeded.connect(lambda made: self.banner.show_message(sentence(made), "good"))
        job.failed.connect(self.banner.show_error)
        job.cancelled.connect(lambda: self.banner.show_message("Stopped. Nothing was written.", "info"))
        job.ended.connect(ended)

    def _enable_saving(self, on: bool) -> None:
        for widget in (self.annotated, self.timeline, self.pace):
            widget.setEnabled(on)

    # Coming and going --------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wanted = sum(w.sizeHint().width() + S for w in (self.annotated, self.timeline, self.pace_words, self.pace))
        wide = self.width() >= wanted
        self._saves.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    def hideEvent(self, event: QHideEvent) -> None:
        """Another page: a camera goes off, a video stands still."""
        super().hideEvent(event)
        source = self.player.source
        if event.spontaneous() or source is None:
            return
        if source.is_file:
            self.player.pause()
        else:
            self.close_source()

    def _source_failed(self, error: Problem | UserError) -> None:
        self.close_source()
        self.failed.emit(error)

    def _timer(self, milliseconds: int, call: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        timer.timeout.connect(call)
        return timer

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.title = label("", "strong")
        self.title.setObjectName("live-title")
        self.rate = label("", "soft")
        self.rate.setObjectName("live-rate")
        self.rate.setToolTip(
            "How many pictures the model answers for (inferences per second); it always takes the newest"
        )
        self.cameras = QComboBox()
        self.cameras.setObjectName("live-cameras")
        self.cameras.setAccessibleName("Camera")
        self.cameras.currentIndexChanged.connect(self._open_device)
        self.cameras.hide()
        close = icon_button("x", "Close the video", self.close_source, name="live-close")
        column.addLayout(row(self.title, self.cameras, 1, self.rate, close))
        self.player = VideoPlayer()
        self.player.shown.connect(self._came)
        self.player.played.connect(self._played)
        column.addWidget(self.player, 1)
        self.banner = Banner()
        column.addWidget(self.banner)
        self.annotated = button(
            "Save annotated video …", self._save_video, icon_name="video", name="save-video",
            tip="A copy with the answers drawn in, without sound (MP4, WebM or AVI)",
        )  # fmt: skip
        self.timeline = button(
            "Save timeline …", self._save_timeline, icon_name="table", name="save-timeline",
            tip="Tables of what was seen when (CSV or JSON)",
        )  # fmt: skip
        self.pace = QComboBox()
        self.pace.setObjectName("live-pace")
        self.pace.setAccessibleName("How often the model looks at what is saved")
        self.pace.setToolTip("How often the model looks at the video that is saved; more often takes longer")
        for words, _ in _PACES:
            self.pace.addItem(words)
        self.pace.setCurrentIndex(_USUAL_PACE)
        self.pace_words = label("looked at", "soft")
        self.pace_words.setBuddy(self.pace)
        # Side by side where there is room, else one below the other.
        self._saves = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._saves.setSpacing(S)
        self._saves.addLayout(row(self.annotated, self.timeline))
        self._saves.addLayout(row(self.pace_words, self.pace, 1), 1)
        column.addLayout(self._saves)
        self.keep = KeepFrame(self._ctx, lambda: self._picture.moment if self._picture is not None else None)
        self.keep.failed.connect(self.banner.show_error)
        self.keep.kept.connect(lambda words: self.banner.show_message(words, "good"))
        column.addWidget(self.keep)
        keeps = QShortcut(QKeySequence("S"), self.player.screen_area)
        keeps.setContext(Qt.ShortcutContext.WidgetShortcut)
        keeps.activated.connect(self.keep.keep)
