"""How loud the microphone is: a bar in decibels with its highest point held, and the last seconds as a moving strip."""

from __future__ import annotations

import math
from collections import deque

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.data.microphone import Level
from workbench.gui.theme import theme

# What the bar shows: from here to full loudness. Speech lies well between -30 and -6 dB.
FLOOR = -60.0
_LOUD, _TOO_LOUD = -6.0, -1.0
_FALL = 1.2  # decibels the bar and the held point fall each time, when it gets quieter
_HOLD = 20  # times the highest point is held
_KEPT = 400


def decibels(value: float) -> float:
    """Of full loudness; at least -60."""
    return max(FLOOR, 20 * math.log10(value)) if value > 0 else FLOOR


class LevelMeter(QWidget):
    """The bar."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("level-meter")
        self.setAccessibleName("Loudness of the microphone")
        self.setToolTip(
            "How loud it is, in decibels below full loudness (dBFS). Speak so that it stays left of the red."
        )
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.value = self.held = FLOOR
        self._held_for = 0
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(260, 18)

    def show_level(self, level: Level) -> None:
        """The newest loudness."""
        now = decibels(level.peak)
        self.value = max(now, self.value - 2 * _FALL)
        if now >= self.held:
            self.held, self._held_for = now, _HOLD
        elif self._held_for > 0:
            self._held_for -= 1
        else:
            self.held = max(now, self.held - _FALL)
        self.setAccessibleDescription(f"{self.value:.0f} decibels")
        self.update()

    def clear(self) -> None:
        self.value = self.held = FLOOR
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QRectF(0, 4, self.width(), self.height() - 8)
        shape = QPainterPath()
        shape.addRoundedRect(ground, 5, 5)
        painter.fillPath(shape, theme().colour("line"))
        painter.setClipPath(shape)
        for low, high, colour in ((FLOOR, _LOUD, "good"), (_LOUD, _TOO_LOUD, "warn"), (_TOO_LOUD, 0.0, "bad")):
            if self.value > low:
                left, right = self._x(low), self._x(min(self.value, high))
                painter.fillRect(QRectF(left, ground.top(), right - left, ground.height()), theme().colour(colour))
        # Where it becomes too loud.
        edge = QColor(theme().colour("bad"))
        edge.setAlpha(150)
        painter.fillRect(QRectF(self._x(_TOO_LOUD), ground.top(), 1.5, ground.height()), edge)
        painter.setClipping(False)
        if self.held > FLOOR:
            painter.fillRect(
                QRectF(min(self._x(self.held), self.width() - 2.0), 2, 2, self.height() - 4), theme().colour("text")
            )

    def _x(self, level: float) -> float:
        return (level - FLOOR) / -FLOOR * self.width()


class LevelStrip(QWidget):
    """The last seconds of the recording, moving to the left."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("The last seconds of the recording")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMaximumHeight(230)
        self._levels: deque[Level] = deque(maxlen=_KEPT)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(320, 132)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 60)

    def show_level(self, level: Level) -> None:
        """The newest loudness."""
        self._levels.append(level)
        self.update()

    def clear(self) -> None:
        self._levels.clear()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().colour("raised"))
        painter.drawRoundedRect(self.rect(), 8, 8)
        middle, half = self.height() / 2, self.height() / 2 - 8
        painter.setBrush(theme().colour("line_strong"))
        painter.drawRect(QRectF(0, middle - 0.5, self.width(), 1))
        step = 4.0
        x = self.width() - step
        for level in reversed(self._levels):
            if x < 0:
                break
            tall = max(1.0, half * (1 - decibels(level.peak) / FLOOR))
            painter.setBrush(theme().colour("bad" if level.clipped else "accent"))
            painter.drawRoundedRect(QRectF(x, middle - tall, 2.4, 2 * tall), 1.2, 1.2)
            x -= step
