"""The whole of a long recording in a narrow strip: its outline, where sounds are marked, and which part is looked at."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.data.waveform import Waveform
from workbench.gui.theme import theme
from workbench.gui.widgets.clip_canvas import Block

_HEIGHT = 40


class ClipOverview(QWidget):
    """Signals:
    asked(float): the middle of what shall be looked at, in seconds.
    """

    asked = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("clip-overview")
        self.setAccessibleName("The whole recording; the frame is what is seen above")
        self.setToolTip("The whole recording. Drag the frame to look elsewhere (arrow keys).")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._waveform, self._seconds = Waveform(), 0.0
        self._from, self._to = 0.0, 0.0
        self._blocks: Sequence[Block] = ()
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(320, _HEIGHT)

    def show_recording(self, waveform: Waveform, seconds: float) -> None:
        self._waveform, self._seconds = waveform, seconds
        self.update()

    def show_view(self, begins: float, ends: float) -> None:
        self._from, self._to = begins, ends
        self.update()

    def show_blocks(self, blocks: Sequence[Block]) -> None:
        self._blocks = blocks
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().colour("raised"))
        painter.drawRoundedRect(ground, 6, 6)
        if self._seconds <= 0:
            return
        count = max(1, self.width() // 2)
        columns = self._waveform.columns(0.0, self._seconds, count)
        loudest = max((max(-low, high) for low, high in columns), default=0.0)
        middle, scale = self.height() / 2 - 3, (self.height() / 2 - 7) / max(0.05, loudest)
        painter.setBrush(theme().colour("text_faint"))
        for number, (low, high) in enumerate(columns):
            painter.drawRect(QRectF(number * 2.0, middle - high * scale, 1.2, max(0.6, (high - low) * scale)))
        last: dict[str, float] = {}
        for block in self._blocks:
            x = block.begins / self._seconds * self.width()
            wide = max(2.0, (block.ends - block.begins) / self._seconds * self.width())
            if x + wide - last.get(block.colour, -10.0) < 1:
                continue
            last[block.colour] = x + wide
            colour = QColor(block.colour)
            colour.setAlpha(120 if block.proposal else 255)
            painter.setBrush(colour)
            painter.drawRect(QRectF(x, self.height() - 7, wide, 4))
        left, right = (v / self._seconds * self.width() for v in (self._from, self._to))
        inside = theme().colour("accent")
        inside.setAlpha(40)
        painter.setBrush(inside)
        painter.setPen(QPen(theme().colour("accent"), 2 if self.hasFocus() else 1.4))
        painter.drawRoundedRect(QRectF(left + 1, 1, max(4.0, right - left - 2), self.height() - 2), 5, 5)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._ask(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._ask(event)

    def _ask(self, event: QMouseEvent) -> None:
        if self._seconds > 0:
            self.asked.emit(min(1.0, max(0.0, event.position().x() / max(1, self.width()))) * self._seconds)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if step and self._seconds > 0:
            self.asked.emit((self._from + self._to) / 2 + step * (self._to - self._from) / 2)
        else:
            super().keyPressEvent(event)
