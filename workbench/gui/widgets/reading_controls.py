"""How a picture with more greys than a screen shows is read (brightness, contrast), and which one of a file's pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QGridLayout, QSlider, QVBoxLayout, QWidget

from workbench.control import Control
from workbench.data.deep import Deep
from workbench.data.types import Sample, Window
from workbench.gui.theme import S
from workbench.gui.widgets.basic import button, label, row
from workbench.gui.workers import Job, Jobs

_SETTLED_MS = 500
_STEPS = 500
# So many pixels of dragging go through the whole range of values.
_DRAG = 500.0
_CUSTOM = "Your own"


@dataclass(frozen=True)
class Shown:
    """A picture as it goes on the screen: encoded, with what can be set about it."""

    png: bytes
    deep: Deep | None
    frame: int
    frames: int
    usual: str = ""  # what its window is when the person sets none


def look(sample: Sample, side: int, taught: Window | None = None) -> Shown:
    """For a job: read a picture and make it at most `side` pixels large.

    `taught`: the window of the model that looks at it; the picture is shown as the model sees it.

    Raises:
        UserError: as `open_picture`.
    """
    from workbench.data.media import read_picture

    opened = read_picture(sample, max_side=side, window=taught)
    deep = opened.deep
    usual = "By the values (1 to 99 %)"
    if deep is not None and (deep.table is not None or (deep.presets[:1] and deep.presets[0][1] == deep.window)):
        usual = "As in the file"
    if deep is not None and taught is not None:
        deep, usual = replace(deep, window=taught, table=None), "As the model was taught"
    return Shown(_png(opened.picture, side), deep, opened.frame, opened.frames, usual)


def _png(picture: object, side: int) -> bytes:
    from PIL.Image import Image

    from workbench.data.media import encode_png

    assert isinstance(picture, Image)
    picture.thumbnail((side, side))
    return encode_png(picture)


class ReadingControls(QWidget):
    """Hidden unless there is something to set.

    Signals:
        drawn(object): PNG bytes: the picture as it is read now.
        settled(object, int): window (None: as the file says) and frame, once the person has paused.
        for_all(object): all pictures of the project shall be read through this window (None: each as it says).
    """

    drawn = Signal(object)
    settled = Signal(object, int)
    for_all = Signal(object)

    def __init__(self, jobs: Jobs, side: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._side = jobs, side
        self._sample: Sample | None = None
        self._deep: Deep | None = None
        self._window: Window | None = None
        self._taught: Window | None = None
        self._presets: list[Window | None] = [None]
        self._frame = self._deep_frame = 0
        self._job: Job | None = None
        self._again = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_SETTLED_MS)
        self._pause.timeout.connect(lambda: self.settled.emit(self._window, self._frame))
        self._build()
        self.hide()

    # What is shown -----------------------------------------------------------------------------------------------------

    def show_picture(self, sample: Sample, shown: Shown, taught: Window | None = None) -> None:
        """The controls for a picture that has just been read as `sample` (or the model, see `look`) says."""
        self._pause.stop()
        self._sample, self._deep, self._taught = sample, shown.deep, taught
        self._window, self._frame, self._deep_frame = sample.window, shown.frame, shown.frame
        self.frames.setVisible(shown.frames > 1)
        self.frame_words.setVisible(shown.frames > 1)
        with QSignalBlocker(self.frames):
            self.frames.setRange(1, shown.frames)
            self.frames.setValue(shown.frame + 1)
        self.frame_words.setText(f"Picture {shown.frame + 1} of {shown.frames} in this file")
        self.greys.setVisible(shown.deep is not None)
        if shown.deep is not None:
            self._fill_presets(shown.deep, shown.usual)
            self._show_window()
        self.setVisible(shown.deep is not None or shown.frames > 1)

    def clear(self) -> None:
        """There is no picture."""
        self._sample = self._deep = None
        self._pause.stop()
        self.hide()

    def offer_for_all(self, project: str) -> None:
        """Let the window be taken over by this open project; "" for none."""
        self.all.setVisible(bool(project))
        self.all.setToolTip(f"Read all such pictures of “{project}” like this, in training too (stored in the project)")

    @property
    def chosen(self) -> Window | None:
        """As set by the person; None: as the file says."""
        return self._window

    def set_window(self, window: Window | None) -> None:
        """As if the person had set it."""
        if self._deep is None:
            return
        if window is not None:
            window = (round(window[0], 4), round(max(window[1], self._narrowest()), 4))
        self._window = window
        self._show_window()
        self._draw()
        self._pause.start()

    def drag(self, across: float, up: float) -> None:
        """The right mouse button was held and moved by so many pixels: across sets the contrast, up the brightness."""
        deep = self._deep
        if deep is None:
            return
        centre, width = self._now()
        span = max(deep.high - deep.low, self._narrowest())
        direction = 1.0 if deep.inverted else -1.0
        self.set_window((centre + direction * up * span / _DRAG, width + across * span / _DRAG))

    # Acting ------------------------------------------------------------------------------------------------------------

    def _now(self) -> Window:
        assert self._deep is not None
        return self._window or self._deep.window

    def _narrowest(self) -> float:
        assert self._deep is not None
        return max((self._deep.high - self._deep.low) / 1000, 1e-4)

    def _widest(self) -> float:
        assert self._deep is not None
        return max((self._deep.high - self._deep.low) * 2, self._deep.window[1], self._narrowest() * 2)

    def _show_window(self) -> None:
        """Sliders, numbers and the list say what is in force."""
        deep = self._deep
        assert deep is not None
        centre, width = self._now()
        share = (centre - deep.low) / max(deep.high - deep.low, 1e-9)
        place = share if deep.inverted else 1 - share
        with QSignalBlocker(self.brightness):
            self.brightness.setValue(round(min(1.0, max(0.0, place)) * _STEPS))
        narrow, wide = math.log(self._narrowest()), math.log(self._widest())
        thin = (wide - math.log(max(width, self._narrowest()))) / max(wide - narrow, 1e-9)
        with QSignalBlocker(self.contrast):
            self.contrast.setValue(round(min(1.0, max(0.0, thin)) * _STEPS))
        for spin, value in ((self.level, centre), (self.span, width)):
            with QSignalBlocker(spin):
                spin.setDecimals(0 if deep.high - deep.low >= 50 else 3)
                spin.setValue(value)
        chosen = next((n for n, window in enumerate(self._presets) if window == self._window), len(self._presets))
        with QSignalBlocker(self.presets):
            self.presets.setCurrentIndex(chosen)

    def _fill_presets(self, deep: Deep, usual: str) -> None:
        words = [usual]
        self._presets = [None]
        for name, window in deep.presets:
            if window != deep.window or deep.table is not None:
                words.append(f"{name}   ({window[0]:g} / {window[1]:g})")
                self._presets.append(window)

        with QSignalBlocker(self.presets):
            self.presets.clear()
            self.presets.addItems([*words, _CUSTOM])
        unit = f" {deep.unit}" if deep.unit else ""
        for spin in (self.level, self.span):
            spin.setSuffix(unit)

    def _preset(self, place: int) -> None:
        if 0 <= place < len(self._presets):
            self.set_window(self._presets[place])

    def _slid(self) -> None:
        deep = self._deep
        if deep is None:
            return
        share = self.brightness.value() / _STEPS
        centre = deep.low + (share if deep.inverted else 1 - share) * (deep.high - deep.low)
        narrow, wide = math.log(self._narrowest()), math.log(self._widest())
        self.set_window((centre, math.exp(wide - self.contrast.value() / _STEPS * (wide - narrow))))

    def _turned(self, place: int) -> None:
        if self._sample is None:
            return
        self._frame = place - 1
        self.frame_words.setText(f"Picture {place} of {self.frames.maximum()} in this file")
        self._draw()
        self._pause.start()

    def _draw(self) -> None:
        """One drawing at a time; what was set meanwhile is drawn next."""
        if self._job is not None:
            self._again = True
            return
        sample, deep, window, frame, side = self._sample, self._deep, self._window, self._frame, self._side
        if sample is None:
            return
        taught = self._taught
        turned = frame != self._deep_frame or deep is None

        def work(_control: Control) -> Shown:
            if turned or deep is None:
                return look(replace(sample, window=window, frame=frame), side, taught)
            return Shown(_png(deep.greys(window), side), deep, frame, 1)

        def came(shown: Shown) -> None:
            if self._sample is sample:
                self._deep, self._deep_frame = shown.deep, frame
                self.drawn.emit(shown.png)

        job = self._jobs.start("Reading a picture", work)
        self._job = job
        job.succeeded.connect(came)
        job.ended.connect(self._drawn)

    def _drawn(self) -> None:
        self._job = None
        if self._again:
            self._again = False
            self._draw()

    # Building ----------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, S, 0, S)
        column.setSpacing(S)
        self.frames = QSlider(Qt.Orientation.Horizontal)
        self.frames.setObjectName("frame-slider")
        self.frames.setAccessibleName("Which picture of the file")
        self.frames.setToolTip("Which picture of the file (frame)")
        self.frames.valueChanged.connect(self._turned)
        self.frame_words = label("", "soft")
        column.addLayout(row(self.frame_words, self.frames))
        self.greys = QWidget()
        grid = QGridLayout(self.greys)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(S)
        grid.setVerticalSpacing(S)
        self.brightness, self.level = self._pair(grid, 0, "Brightness", "window level", "level")
        self.contrast, self.span = self._pair(grid, 1, "Contrast", "window width", "width")
        self.presets = QComboBox()
        self.presets.setObjectName("window-presets")
        self.presets.setAccessibleName("Ready-made brightness and contrast")
        self.presets.setToolTip("Ready-made brightness and contrast (window centre / width)")
        self.presets.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.presets.activated.connect(self._preset)
        self.all = button(
            "Use for all", lambda: self.for_all.emit(self._window), icon_name="images", name="window-for-all"
        )
        self.all.hide()
        grid.addLayout(
            row(self.presets, self.all, 1, label("or drag with the right mouse button", "faint")), 2, 0, 1, 3
        )
        grid.setColumnStretch(1, 1)
        column.addWidget(self.greys)

    def _pair(self, grid: QGridLayout, at: int, words: str, term: str, name: str) -> tuple[QSlider, QDoubleSpinBox]:
        """A slider in plain words and the number behind it."""
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setObjectName(f"window-{name}-slider")
        slider.setRange(0, _STEPS)
        slider.setAccessibleName(words)
        slider.setToolTip(f"{words} ({term})")
        slider.valueChanged.connect(lambda _v: self._slid())
        spin = QDoubleSpinBox()
        spin.setObjectName(f"window-{name}")
        spin.setRange(-1e9, 1e9)
        spin.setKeyboardTracking(False)
        spin.setAlignment(Qt.AlignmentFlag.AlignCenter)
        spin.setAccessibleName(f"{words} as a number")
        spin.setToolTip(f"{term.capitalize()} in the picture's own unit")
        spin.setFixedWidth(spin.fontMetrics().horizontalAdvance("-000000.000 HU") + 24)
        spin.valueChanged.connect(lambda _v: self.set_window((self.level.value(), self.span.value())))
        caption = label(words, "soft")
        caption.setBuddy(slider)
        grid.addWidget(caption, at, 0)
        grid.addWidget(slider, at, 1)
        grid.addWidget(spin, at, 2)
        return slider, spin
