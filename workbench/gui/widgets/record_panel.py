"""What is seen while one speaks into the microphone."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from workbench.data.microphone import QUIET_SECONDS, Recorder
from workbench.data.video import clock
from workbench.gui.theme import M, S
from workbench.gui.widgets.basic import Banner, IconLabel, button, label, row
from workbench.gui.widgets.level_meter import LevelMeter, LevelStrip

# How long a warning about too much loudness stays.
_WARNED_TIMES = 60
_LOST_SECONDS = 0.2


def trouble_of(recorder: Recorder, clipped: bool) -> str:
    """What a person must know while they record, or "". `clipped`: it was too loud lately."""
    if clipped:
        return "Too loud: the tops of the sound are cut off (clipped). Go further from the microphone, or turn it down."
    if recorder.quiet:
        return (
            f"Nothing has been heard for {QUIET_SECONDS:.0f} seconds. Is the microphone switched on, and may this app use"
            " it?"
        )
    if recorder.lost_seconds > _LOST_SECONDS:
        return f"The disk is too slow: {recorder.lost_seconds:.1f} seconds are missing."
    return ""


class RecordPanel(QWidget):
    """Signals:
    paused(bool): the person wants to wait, or to go on.
    stopped(): the person is done.
    """

    paused = Signal(bool)
    stopped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("record-panel")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, M, 0, 0)
        column.setSpacing(S)
        head = QHBoxLayout()
        head.setSpacing(S)
        self.light = IconLabel("mic", 20, "bad")
        self.title = label("Recording", "strong")
        self.clock = label("0:00", "soft")
        self.clock.setObjectName("record-clock")
        head.addWidget(self.light)
        head.addWidget(self.title)
        head.addWidget(self.clock)
        head.addStretch(1)
        column.addLayout(head)
        self.strip = LevelStrip()
        column.addWidget(self.strip, 3)
        self.meter = LevelMeter()
        column.addWidget(self.meter)
        self.pause = button(
            "Pause", None, icon_name="pause", name="record-pause", tip="Listen no more until you go on (P)"
        )
        self.pause.setCheckable(True)
        self.pause.setShortcut("P")
        self.pause.toggled.connect(self._pause)
        self.stop = button(
            "Stop", self.stopped.emit, role="primary", icon_name="square", name="record-stop", tip="End the recording"
        )
        column.addLayout(row(self.stop, self.pause, 1))
        self.banner = Banner(closable=False)
        self.banner.setObjectName("record-banner")
        column.addWidget(self.banner)
        column.addStretch(2)
        self._warned = 0

    def begin(self) -> None:
        """A new recording."""
        self._warned = 0
        self.pause.blockSignals(True)
        self.pause.setChecked(False)
        self.pause.blockSignals(False)
        self._words(False)
        self.meter.clear()
        self.strip.clear()
        self.banner.hide()
        self.clock.setText("0:00")
        self.stop.setFocus()

    def show_recorder(self, recorder: Recorder) -> None:
        """How it stands now."""
        level = recorder.level
        self.clock.setText(clock(recorder.seconds))
        if not recorder.paused:
            self.meter.show_level(level)
            self.strip.show_level(level)
        self._warned = _WARNED_TIMES if level.clipped else max(0, self._warned - 1)
        sentence = trouble_of(recorder, bool(self._warned))
        if not sentence:
            self.banner.hide()
        elif self.banner.isHidden() or self.banner.text.text() != sentence:
            self.banner.show_message(sentence, "warn")

    def _pause(self, wanted: bool) -> None:
        self._words(wanted)
        self.paused.emit(wanted)

    def _words(self, waiting: bool) -> None:
        self.pause.setText(" Go on" if waiting else " Pause")
        self.title.setText("Paused" if waiting else "Recording")
        self.light.set_icon("mic-off" if waiting else "mic", "text_faint" if waiting else "bad")
