"""A recording as a strip: its outline, where somebody speaks, the word that is heard, and where it plays."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.data.video import clock
from workbench.data.waveform import Waveform
from workbench.gui.theme import theme

_HEIGHT, _TALLEST, _BAND, _RULER = 150, 230, 5, 18
_STEP_SECONDS = 2.0
_CLOSEST_SECONDS = 2.0
_ZOOM = 1.25
# A mark of the time at most every so many pixels, at one of these distances in seconds.
_MARK_PIXELS = 90
_DISTANCES = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)


class WaveformStrip(QWidget):
    """Signals:
    chosen(float): the moment that was clicked, in seconds.
    toggled(): the space bar: play or pause.
    """

    chosen = Signal(float)
    toggled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("waveform")
        self.setAccessibleName("The recording")
        self.setToolTip(
            "Click to hear it from there. Turn the wheel to look closer; the line below shows where somebody speaks."
        )
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMaximumHeight(_TALLEST)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._waveform = Waveform()
        self._speech: Sequence[tuple[float, float]] = ()
        self._seconds = 0.0
        self._from, self._to = 0.0, 0.0
        self._position = 0.0
        self._word: tuple[float, float] | None = None
        self._drawn: QPixmap | None = None
        theme().changed.connect(self._draw_anew)

    def sizeHint(self) -> QSize:
        return QSize(320, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 72)

    @property
    def seconds(self) -> float:
        return self._seconds

    def show_recording(
        self, waveform: Waveform, seconds: float, speech: Sequence[tuple[float, float]] = (), keep: bool = True
    ) -> None:
        """Draw a recording, or what has been read of it. `keep`: what is looked at stays, where that is a part."""
        whole = not keep or (self._from <= 0 and self._to >= self._seconds)
        self._waveform, self._seconds, self._speech = waveform, seconds, speech
        if whole:
            self._from, self._to = 0.0, seconds
        self._draw_anew()

    def show_position(self, seconds: float) -> None:
        """Where it plays. What is looked at follows."""
        self._position = seconds
        wide = self._to - self._from
        if 0 < wide < self._seconds and not self._from <= seconds <= self._to:
            self._look_at(min(max(0.0, seconds - wide * 0.1), self._seconds - wide), wide)
        self.update()

    def show_word(self, word: tuple[float, float] | None) -> None:
        """(begins, ends) of the word that is heard or chosen."""
        if word != self._word:
            self._word = word
            self.update()

    def x_of(self, seconds: float) -> float:
        """Where a moment lies, in pixels."""
        return (seconds - self._from) / max(1e-9, self._to - self._from) * self.width()

    def seconds_at(self, x: float) -> float:
        """The moment at this pixel."""
        share = min(1.0, max(0.0, x / max(1, self.width())))
        return self._from + share * (self._to - self._from)

    def zoom(self, factor: float, around: float) -> None:
        """Look closer (`factor` above 1) or from further away; the moment `around` stays where it is."""
        if self._seconds <= 0:
            return
        wide = self._to - self._from
        new = min(self._seconds, max(min(_CLOSEST_SECONDS, self._seconds), wide / factor))
        first = around - (around - self._from) * new / max(1e-9, wide)
        self._look_at(min(max(0.0, first), self._seconds - new), new)

    def _look_at(self, begins: float, wide: float) -> None:
        self._from, self._to = begins, begins + wide
        self._draw_anew()

    # Painting ----------------------------------------------------------------------------------------------------------

    def _draw_anew(self) -> None:
        self._drawn = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._drawn = None
        super().resizeEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._drawn is None:
            self._drawn = self._draw()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._drawn)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bottom = self.height() - _RULER
        if self._word is not None and self._to > self._from:
            left, right = self.x_of(self._word[0]), self.x_of(self._word[1])
            ground = theme().colour("accent")
            ground.setAlpha(60)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ground)
            painter.drawRoundedRect(QRectF(left, 2, max(3.0, right - left), bottom - 4), 3, 3)
        if self._seconds > 0 and self._from <= self._position <= self._to:
            x = min(self.width() - 1.5, max(1.0, self.x_of(self._position)))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme().colour("text"))
            painter.drawRoundedRect(QRectF(x - 1, 0, 2, bottom), 1, 1)
            painter.drawEllipse(QPointF(x, 3), 4, 4)
        if self.hasFocus():
            painter.setPen(theme().colour("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(0.5, 0.5, self.width() - 1, self.height() - 1), 8, 8)

    def _draw(self) -> QPixmap:
        """Everything that does not move."""
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bottom = self.height() - _RULER
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(0, 0, self.width(), bottom), 8, 8)
        painter.fillPath(shape, theme().colour("raised"))
        painter.setClipPath(shape)
        middle, half = (bottom - _BAND) / 2, (bottom - _BAND) / 2 - 5
        painter.setPen(theme().colour("line_strong"))
        painter.drawLine(QPointF(0, middle), QPointF(self.width(), middle))
        self._draw_outline(painter, middle, half)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().colour("accent"))
        for begins, ends in self._speech:
            if ends > self._from and begins < self._to:
                left, right = self.x_of(begins), self.x_of(ends)
                painter.drawRoundedRect(QRectF(left, bottom - _BAND, max(1.0, right - left), 3), 1.5, 1.5)
        painter.setClipping(False)
        self._draw_ruler(painter, bottom)
        painter.end()
        return pixmap

    def _draw_outline(self, painter: QPainter, middle: float, half: float) -> None:
        count = max(1, self.width() // 2)
        columns = self._waveform.columns(self._from, self._to, count)
        # Quiet recordings are drawn larger, so that their words can be seen.
        loudest = max((max(-low, high) for low, high in columns), default=0.0)
        scale = half / max(0.2, loudest)
        painter.setPen(Qt.PenStyle.NoPen)
        speaking, silent = theme().colour("accent"), theme().colour("text_faint")
        place = 0
        for number, (low, high) in enumerate(columns):
            if low == high == 0.0:
                continue
            at = self._from + (number + 0.5) / count * (self._to - self._from)
            while place < len(self._speech) and self._speech[place][1] < at:
                place += 1
            spoken = place < len(self._speech) and self._speech[place][0] <= at
            painter.setBrush(speaking if spoken else silent)
            top, deep = middle - high * scale, middle - low * scale
            painter.drawRect(QRectF(number * self.width() / count, top - 0.5, 1.4, max(1.0, deep - top)))

    def _draw_ruler(self, painter: QPainter, top: float) -> None:
        wide = self._to - self._from
        if wide <= 0:
            return
        distance = next((d for d in _DISTANCES if d / wide * self.width() >= _MARK_PIXELS), _DISTANCES[-1])
        font = painter.font()
        font.setPointSizeF(8.0)
        painter.setFont(font)
        at = -(-self._from // distance) * distance
        while at <= self._to:
            x = self.x_of(at)
            painter.setPen(theme().colour("line_strong"))
            painter.drawLine(QPointF(x, top), QPointF(x, top + 4))
            painter.setPen(theme().colour("text_faint"))
            room = painter.fontMetrics().horizontalAdvance("00:00:00")
            left = min(max(0.0, x - room / 2), self.width() - room)
            side = Qt.AlignmentFlag.AlignLeft if left == 0 else Qt.AlignmentFlag.AlignHCenter
            painter.drawText(QRectF(left, top + 3, room, _RULER - 3), side | Qt.AlignmentFlag.AlignTop, clock(at))
            at += distance

    # Hands -------------------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._seconds > 0:
            self.chosen.emit(self.seconds_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton and self._seconds > 0:
            self.chosen.emit(self.seconds_at(event.position().x()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y()
        if turned and self._seconds > 0:
            self.zoom(_ZOOM ** (turned / 120), self.seconds_at(event.position().x()))
            event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        step = {Qt.Key.Key_Left: -_STEP_SECONDS, Qt.Key.Key_Right: _STEP_SECONDS}.get(Qt.Key(key), 0.0)
        if step and self._seconds > 0:
            self.chosen.emit(min(self._seconds, max(0.0, self._position + step)))
        elif key == Qt.Key.Key_Home and self._seconds > 0:
            self.chosen.emit(0.0)
        elif key == Qt.Key.Key_Space:
            self.toggled.emit()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(_ZOOM, self._position)
        elif key == Qt.Key.Key_Minus:
            self.zoom(1 / _ZOOM, self._position)
        else:
            super().keyPressEvent(event)
