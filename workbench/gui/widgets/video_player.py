"""A video or a camera on the screen: the picture, and for a file play, pause and search."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QGridLayout, QSlider, QStyle, QStyleOptionSlider, QVBoxLayout, QWidget

from workbench.data.video import VideoInfo, clock
from workbench.gui.frame_source import FrameSource, Picture
from workbench.gui.icons import icon
from workbench.gui.theme import S, theme
from workbench.gui.widgets.basic import icon_button, label
from workbench.gui.widgets.canvas import Canvas
from workbench.gui.widgets.timeline import TimelineStrip

_STEP_SECONDS = 1.0
# A camera's strip shows the last minute.
_CAMERA_SECONDS = 60.0


class _Screen(Canvas):
    """Signals:
    toggled(): the space bar or a click: play or pause.
    stepped(float): seconds to go on or back.
    """

    toggled = Signal()
    stepped = Signal(float)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -_STEP_SECONDS, Qt.Key.Key_Right: _STEP_SECONDS}.get(Qt.Key(event.key()), 0.0)
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_K):
            self.toggled.emit()
        elif step:
            self.stepped.emit(step)
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and not self._boxes:
            self.toggled.emit()


class _Scrub(QSlider):
    """A slider in milliseconds that goes where it is clicked."""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            option = QStyleOptionSlider()
            self.initStyleOption(option)
            handle = self.style().subControlRect(
                QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, self
            )
            if not handle.contains(event.position().toPoint()):
                half = handle.width() // 2
                self.setValue(
                    QStyle.sliderValueFromPosition(
                        self.minimum(), self.maximum(), int(event.position().x()) - half, self.width() - handle.width()
                    )
                )
        super().mousePressEvent(event)


class VideoPlayer(QWidget):
    """Signals:
    shown(object): a `Picture` has just been put on the screen.
    moved(): the person went elsewhere in the video.
    played(bool): it plays, or it stands still.
    """

    shown = Signal(object)
    moved = Signal()
    played = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.source: FrameSource | None = None
        self.playing = False
        self.position = 0.0
        self.seconds = 0.0
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.screen_area = _Screen("The video")
        self.screen_area.setObjectName("live-canvas")
        self.screen_area.toggled.connect(self.toggle)
        self.screen_area.stepped.connect(lambda step: self.go_to(self.position + step))
        column.addWidget(self.screen_area, 1)
        self.button = icon_button("play", "Play (Space)", self.toggle, name="live-play")
        self.scrub = _Scrub(Qt.Orientation.Horizontal)
        self.scrub.setObjectName("live-scrub")
        self.scrub.setAccessibleName("Where in the video")
        self.scrub.setToolTip("Where in the video")
        self.scrub.setSingleStep(1000)
        self.scrub.setPageStep(5000)
        self.scrub.valueChanged.connect(lambda value: self.go_to(value / 1000))
        self.clock = label("0:00", "soft")
        self.clock.setObjectName("live-clock")
        self.clock.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.strip = TimelineStrip()
        self.strip.chosen.connect(self.go_to)
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(S)
        grid.setVerticalSpacing(0)
        grid.addWidget(self.button, 0, 0)
        grid.addWidget(self.scrub, 0, 1)
        grid.addWidget(self.clock, 0, 2)
        grid.addWidget(self.strip, 1, 1)
        grid.setColumnStretch(1, 1)
        column.addLayout(grid)
        theme().changed.connect(self._draw_button)

    def open(self, source: FrameSource) -> None:
        """Show another source; it begins at once."""
        self.close_source()
        self.source = source
        source.opened.connect(self._opened)
        source.came.connect(self._came)
        source.state.connect(self._set_playing)
        self.seconds = self.position = 0.0
        self.screen_area.show_words(f"Opening {source.title} …")
        self.screen_area.setAccessibleName(f"Video: {source.title}")
        for widget in (self.button, self.scrub):
            widget.setVisible(source.is_file)
        with QSignalBlocker(self.scrub):
            self.scrub.setRange(0, 0)
        self.strip.show_pieces([])
        self.strip.show_range(0.0, 0.0, clickable=source.is_file)
        self._show_position()
        source.start()

    def close_source(self) -> None:
        """Stop and forget the source."""
        source, self.source = self.source, None
        if source is not None:
            source.stop()
            for signal in (source.opened, source.came, source.state):
                signal.disconnect()
            source.deleteLater()
        self._set_playing(False)

    def toggle(self) -> None:
        """Play or pause."""
        if self.source is not None and self.source.is_file:
            if self.playing:
                self.source.pause()
            else:
                self.source.play()

    def pause(self) -> None:
        if self.source is not None and self.playing:
            self.source.pause()

    def go_to(self, seconds: float) -> None:
        """Show this moment of a file."""
        if self.source is not None and self.source.is_file:
            # The last picture begins before the end.
            self.source.seek(max(0.0, min(seconds, self.seconds) if self.seconds else seconds))
            self.moved.emit()

    def _opened(self, info: VideoInfo | None) -> None:
        if info is not None:
            self.seconds = info.seconds
            with QSignalBlocker(self.scrub):
                self.scrub.setRange(0, round(info.seconds * 1000))
            self.strip.show_range(0.0, info.seconds)
        self._show_position()

    def _came(self, picture: Picture) -> None:
        self.position = picture.moment.time
        self.screen_area.show_image(picture.image)
        self._show_position()
        self.shown.emit(picture)

    def _show_position(self) -> None:
        if self.source is None or self.source.is_file:
            if self.position > self.seconds:  # a file that does not say how long it is, or says it wrongly
                self.seconds = self.position
                with QSignalBlocker(self.scrub):
                    self.scrub.setMaximum(round(self.seconds * 1000))
                self.strip.show_range(0.0, self.seconds)
            if not self.scrub.isSliderDown():
                with QSignalBlocker(self.scrub):
                    self.scrub.setValue(round(self.position * 1000))
            self.clock.setText(f"{clock(self.position)} / {clock(self.seconds)}")
        else:
            self.strip.show_range(max(0.0, self.position - _CAMERA_SECONDS), max(_CAMERA_SECONDS, self.position), False)
            self.clock.setText(clock(self.position))
        self.strip.show_position(self.position)

    def _set_playing(self, playing: bool) -> None:
        if playing != self.playing:
            self.playing = playing
            self.played.emit(playing)
        self._draw_button()

    def _draw_button(self) -> None:
        name, words = ("pause", "Pause (Space)") if self.playing else ("play", "Play (Space)")
        self.button.setIcon(icon(name, "text"))
        self.button.setToolTip(words)
        self.button.setAccessibleName(words)
