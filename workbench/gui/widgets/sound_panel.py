"""Where recordings are dropped, seen and heard."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QHideEvent
from PySide6.QtWidgets import QGridLayout, QStackedWidget, QVBoxLayout, QWidget

from workbench.control import Control
from workbench.data.microphone import Recorder
from workbench.data.types import Sample
from workbench.data.video import clock
from workbench.data.waveform import Waveform
from workbench.engine.overview import Overview
from workbench.errors import Problem, UserError
from workbench.gui.context import AppContext
from workbench.gui.icons import icon
from workbench.gui.microphone import Recording
from workbench.gui.sound_playing import SoundPlaying
from workbench.gui.theme import M, S, theme
from workbench.gui.widgets.basic import Banner, DropZone, accepts, button, icon_button, label
from workbench.gui.widgets.clip_canvas import ClipCanvas
from workbench.gui.widgets.events_part import event_blocks
from workbench.gui.widgets.heard_view import HeardView
from workbench.gui.widgets.keep_recording import KeepRecording
from workbench.gui.widgets.microphone_chooser import MicrophoneChooser
from workbench.gui.widgets.record_panel import RecordPanel
from workbench.gui.widgets.waveform import WaveformStrip
from workbench.gui.workers import Job
from workbench.tasks.predictions import Events

# A word is heard with a little around it: recognisers cut closely.
_AROUND = 0.08


class SoundPanel(QWidget):
    """Args:
        heard: what a model wrote down of the recording that is shown, or "".

    Signals:
        dropped(object): mime data.
        choose(): the person wants to choose files.
        moved(float, bool): where it plays in seconds, and whether it plays.
        recording(object): a `Recorder` has begun.
        recorded(object): it has ended; the recording as a `Sample`.
        asks_when(): the person wants to know what is heard when.
        event_chosen(int): a sound drawn over the recording was clicked: its place among the events, from 1; 0 for none.
    """

    dropped = Signal(object)
    choose = Signal()
    moved = Signal(float, bool)
    recording = Signal(object)
    recorded = Signal(object)
    asks_when = Signal()
    event_chosen = Signal(int)

    def __init__(self, ctx: AppContext, heard: Callable[[], str] = str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx, self._heard = ctx, heard
        self.microphones = MicrophoneChooser(ctx)
        self.microphone = Recording(ctx, self)
        self.microphone.began.connect(self._recording)
        self.microphone.leveled.connect(self._leveled)
        self.microphone.ended.connect(self._recorded)
        self.microphone.failed.connect(self._not_recorded)
        self.sample: Sample | None = None
        self.overview: Overview | None = None
        self._job: Job | None = None
        self.playing = SoundPlaying(self)
        self.playing.moved.connect(self._moved)
        self.playing.played.connect(self._played)
        self.playing.failed.connect(lambda error: self.banner.show_error(error))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self._own: Sample | None = None
        self.trouble = Banner()
        self.trouble.setObjectName("sound-trouble")
        column.addWidget(self.trouble)
        self.stack = QStackedWidget()
        self.drop = DropZone("Drop a recording", "Or several, a folder, or a video; or click to choose.", "audio-lines")
        self.drop.setObjectName("try-sound")
        self.drop.dropped.connect(self.dropped)
        self.drop.clicked.connect(self.choose)
        self.stack.addWidget(self.drop)
        self.loaded = self._build_loaded()
        self.stack.addWidget(self.loaded)
        self.record = RecordPanel()
        self.record.paused.connect(self.microphone.pause)
        self.record.stopped.connect(self.microphone.stop)
        self.stack.addWidget(self.record)
        column.addWidget(self.stack, 1)
        self.heard_when = HeardView(ctx)
        self.heard_when.chosen.connect(self._go_to)
        column.addWidget(self.heard_when)
        self.heard_when.seen.connect(self._lay_out)
        theme().changed.connect(self._draw_button)

    # What the page asks ----------------------------------------------------------------------------------------------

    def show_samples(self, samples: Sequence[Sample], words: str = "") -> None:
        """What is being tried: one recording is drawn and can be played; of several only their number is said (`words`);
        none is the place to drop on."""
        if self.microphone.active:
            return
        if [self._own] != list(samples):  # what ended a recording is said beside it
            self.trouble.hide()
        if len(samples) != 1:
            self._forget()
            self.heard_when.clear()
            self.drop.heading.setText(words or "Drop a recording")
            self.stack.setCurrentWidget(self.drop)
            return
        if samples[0] == self.sample:
            return
        self._forget()
        self.heard_when.keep_only(samples[0].path)
        self.sample = samples[0]
        self.kept.show_sample(self.sample if self.sample == self._own else None)
        self.playing.open(self.sample)
        self.title.setText(self.sample.name)
        self.strip.show_recording(Waveform(), 0.0, keep=False)
        self.stack.setCurrentWidget(self.loaded)
        self._read(self.sample)

    def play_word(self, begins: float, ends: float) -> None:
        """Let a word be heard."""
        if self.sample is not None:
            self.banner.hide()
            self.strip.show_word((begins, ends))
            self.playing.play(max(0.0, begins - _AROUND), ends + _AROUND)

    def show_events(self, events: Events | None) -> None:
        """Draw the spectrum of the recording with what was heard in it; None: only its outline."""
        shown = events is not None and self.sample is not None
        self.canvas.setVisible(shown)
        self.strip.setVisible(not shown)
        if events is None or self.sample is None:
            self.canvas.open(None)
            return
        self.canvas.open(self.sample, events.seconds if events.finished else self.strip.seconds)
        self.canvas.show_blocks(event_blocks(events), 0)
        self.canvas.show_position(self.playing.position, follow=False)

    def _event_clicked(self, number: int) -> None:
        block = self.canvas.block(number)
        self.canvas.choose(number)
        self.event_chosen.emit(number)
        if block is not None:
            self.play_word(block.begins, block.ends)

    def toggle(self) -> None:
        """Play on, or stop."""
        if self.playing.playing:
            self.playing.stop()
        elif self.sample is not None:
            self.banner.hide()
            at = self.playing.position
            length = self.strip.seconds
            self.strip.show_word(None)
            self.playing.play(0.0 if length and at >= length - 0.1 else at)

    def stop(self) -> None:
        self.playing.stop()

    # Recording ---------------------------------------------------------------------------------------------------------

    def start_recording(self) -> None:
        """Listen to the microphone that is chosen."""
        self.trouble.hide()
        self.playing.stop()
        self.microphone.start(self.microphones.device)

    def _recording(self, recorder: Recorder) -> None:
        self._forget()
        self.heard_when.clear()
        self.record.begin()
        self.stack.setCurrentWidget(self.record)
        self.recording.emit(recorder)

    def _leveled(self) -> None:
        if self.microphone.recorder is not None:
            self.record.show_recorder(self.microphone.recorder)

    def _recorded(self, sample: Sample) -> None:
        self._own = sample
        self.show_samples([sample])
        self.recorded.emit(sample)

    def _not_recorded(self, error: Problem | UserError) -> None:
        self.trouble.show_error(error)

    # Reading -----------------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        if self._job is not None:
            self._job.cancel()
        self.sample, self.overview = None, None
        self.playing.open(None)
        self.show_events(None)
        self.banner.hide()
        self.strip.show_word(None)
        self._show_clock(0.0)

    def _read(self, sample: Sample) -> None:
        def work(control: Control) -> Iterator[tuple[Sample, Overview]]:
            from workbench.engine.overview import overview

            return ((sample, found) for found in overview(sample, control))

        self.facts.setText("")
        job = self._ctx.jobs.start_stream("Reading the recording", work, quiet=True)
        self._job = job
        job.streamed.connect(self._came)
        job.failed.connect(self._unreadable)
        job.ended.connect(self._ended)

    def _came(self, read: tuple[Sample, Overview]) -> None:
        sample, found = read
        if self.sample is sample:
            self.overview = found
            self.strip.show_recording(found.waveform, found.seconds, found.speech)
            self._show_clock(self.playing.position)
            self.facts.setText(_facts(found))

    def _unreadable(self, problem: Problem) -> None:
        # The model's own reading says it beside the answer.
        if self.sender() is self._job:
            self.facts.setText(f"{problem.message} {problem.hint}".strip())

    def _ended(self) -> None:
        if self.sender() is self._job:
            self._job = None

    # Playing -----------------------------------------------------------------------------------------------------------

    def _moved(self, seconds: float) -> None:
        self.strip.show_position(seconds)
        self.heard_when.show_position(seconds)
        if self.canvas.isVisible():
            self.canvas.show_position(seconds)
        self._show_clock(seconds)
        self.moved.emit(seconds, self.playing.playing)

    def _go_to(self, seconds: float) -> None:
        self.strip.show_word(None)
        self.playing.go_to(seconds)

    def _played(self, playing: bool) -> None:
        self._draw_button()
        self.moved.emit(self.playing.position, playing)

    def _show_clock(self, seconds: float) -> None:
        self.clock.setText(f"{clock(seconds)} / {clock(self.strip.seconds)}")

    def _draw_button(self) -> None:
        name, words = ("pause", "Pause (Space)") if self.playing.playing else ("play", "Play (Space)")
        self.button.setIcon(icon(name, "text"))
        self.button.setToolTip(words)
        self.button.setAccessibleName(words)

    def hideEvent(self, event: QHideEvent) -> None:
        self.playing.stop()
        super().hideEvent(event)

    def _lay_out(self, below: bool) -> None:
        """What is heard when lies right below what is played: no room is left between them."""
        for page in (self.loaded, self.record):
            column = page.layout()
            assert isinstance(column, QVBoxLayout)
            column.setStretch(column.count() - 1, 0 if below else 2)

    # Building ----------------------------------------------------------------------------------------------------------

    def _build_loaded(self) -> QWidget:
        holder = _DropTarget(self.dropped.emit)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.title = label("", "strong", selectable=True)
        self.title.setObjectName("sound-title")
        self.strip = WaveformStrip()
        self.strip.chosen.connect(self._go_to)
        self.strip.toggled.connect(self.toggle)
        self.canvas = ClipCanvas(self._ctx)
        self.canvas.pointed.connect(self._go_to)
        self.canvas.chosen.connect(self._event_clicked)
        self.canvas.toggled.connect(self.toggle)
        self.canvas.hide()
        self.button = icon_button("play", "Play (Space)", self.toggle, name="sound-play")
        self.clock = label("0:00 / 0:00", "soft")
        self.clock.setObjectName("sound-clock")
        self.facts = label("", "faint", wrap=True)
        self.banner = Banner()
        self.banner.setObjectName("sound-banner")
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(S)
        grid.addWidget(self.button, 0, 0)
        grid.addWidget(self.clock, 0, 1)
        grid.addWidget(self.facts, 0, 2)
        self.when = button(
            "What is heard when", self.asks_when.emit, icon_name="audio-lines", name="heard-when",
            tip="Listen to all of it and draw what is heard at each moment (a timeline), however long it is",
        )  # fmt: skip
        self.when.hide()
        grid.addWidget(self.when, 0, 3)
        grid.setColumnStretch(2, 1)
        column.addWidget(self.title)
        column.addWidget(self.strip, 3)
        column.addWidget(self.canvas, 9)
        column.addLayout(grid)
        column.addWidget(self.banner)
        self.kept = KeepRecording(self._ctx, self._heard)
        self.kept.failed.connect(lambda error: self.banner.show_error(error))
        self.kept.kept.connect(lambda words: self.banner.show_message(words, "good"))
        self.kept.show_sample(None)
        column.addWidget(self.kept)
        column.addStretch(2)
        column.setContentsMargins(0, M, 0, 0)
        return holder


class _DropTarget(QWidget):
    """Takes drops like the place to drop on."""

    def __init__(self, dropped: Callable[[QMimeData], None]) -> None:
        super().__init__()
        self._dropped = dropped
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if accepts(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self._dropped(event.mimeData())


def _facts(found: Overview) -> str:
    """ "Somebody speaks for 0:42 of it." """
    if not found.whole:
        return ""
    spoken = sum(ends - begins for begins, ends in found.speech)
    words = f"Somebody speaks for {clock(spoken)} of it." if found.speech else "Nobody seems to speak in it."
    return f"{words} {found.sentence}".strip()
