"""A recording to be heard again and again while its words are written: its outline, and keys for playing."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from workbench.control import Control
from workbench.data.types import Sample
from workbench.data.video import clock
from workbench.data.waveform import Waveform
from workbench.engine.overview import Overview
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.icons import icon
from workbench.gui.sound_playing import SoundPlaying
from workbench.gui.theme import S, theme
from workbench.gui.widgets.basic import icon_button, label
from workbench.gui.widgets.waveform import WaveformStrip
from workbench.gui.workers import Job

BACK_SECONDS = 2.0


class ItemPlayer(QWidget):
    """Signals:
    failed(object): a `UserError` or `Problem`: it cannot be read or played.
    """

    failed = Signal(object)

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._job: Job | None = None
        self.sample: Sample | None = None
        self.playing = SoundPlaying(self)
        self.playing.moved.connect(self._moved)
        self.playing.played.connect(lambda _playing: self._draw_button())
        self.playing.failed.connect(self.failed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.strip = WaveformStrip()
        self.strip.chosen.connect(self.playing.go_to)
        self.strip.toggled.connect(self.toggle)
        column.addWidget(self.strip, 1)
        line = QHBoxLayout()
        line.setSpacing(S)
        self.button = icon_button("play", "Play (Ctrl+Space)", self.toggle, name="item-play")
        back = icon_button("rotate-ccw", "Two seconds back (Ctrl+B)", self.back, name="item-back")
        self.clock = label("", "soft")
        self.facts = label("", "faint")
        for widget in (self.button, back, self.clock, self.facts):
            line.addWidget(widget)
        line.addStretch(1)
        column.addLayout(line)
        theme().changed.connect(self._draw_button)

    def open(self, sample: Sample | None, play: bool = False) -> None:
        """Show a recording, or none. `play`: let it be heard at once."""
        if self._job is not None:
            self._job.cancel()
        self.sample = sample
        self.playing.open(sample)
        self.strip.show_recording(Waveform(), 0.0, keep=False)
        self.strip.show_position(0.0)
        self.facts.setText("")
        self.clock.setText("")
        if sample is None:
            return
        if play:
            self.playing.play(0.0)

        def work(control: Control) -> Iterator[tuple[Sample, Overview]]:
            from workbench.engine.overview import overview

            return ((sample, found) for found in overview(sample, control))

        job = self._ctx.jobs.start_stream("Reading the recording", work, quiet=True)
        self._job = job
        job.streamed.connect(self._came)
        job.failed.connect(self._unreadable)
        job.ended.connect(self._ended)

    def toggle(self) -> None:
        """Play on, or stop; from the beginning when it was at its end."""
        if self.playing.playing:
            self.playing.stop()
        elif self.sample is not None:
            at, length = self.playing.position, self.strip.seconds
            self.playing.play(0.0 if length and at >= length - 0.1 else at)

    def back(self) -> None:
        """A little back, and on."""
        if self.sample is not None:
            self.playing.play(max(0.0, self.playing.position - BACK_SECONDS))

    def stop(self) -> None:
        self.playing.stop()

    def hideEvent(self, event: QHideEvent) -> None:
        self.playing.stop()
        super().hideEvent(event)

    def _came(self, read: tuple[Sample, Overview]) -> None:
        sample, found = read
        if self.sample is sample:
            self.strip.show_recording(found.waveform, found.seconds, found.speech)
            self.facts.setText(found.sentence)
            self._moved(self.playing.position)

    def _unreadable(self, problem: Problem) -> None:
        if self.sender() is self._job:
            self.failed.emit(problem)

    def _ended(self) -> None:
        if self.sender() is self._job:
            self._job = None

    def _moved(self, seconds: float) -> None:
        self.strip.show_position(seconds)
        self.clock.setText(f"{clock(seconds)} / {clock(self.strip.seconds)}")

    def _draw_button(self) -> None:
        name, words = ("pause", "Stop (Ctrl+Space)") if self.playing.playing else ("play", "Play (Ctrl+Space)")
        self.button.setIcon(icon(name, "text"))
        self.button.setToolTip(words)
        self.button.setAccessibleName(words)
