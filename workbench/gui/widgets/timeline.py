"""A strip as long as the video: a colour for what the model saw at each moment."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from workbench.data.video import clock
from workbench.gui.theme import theme

_HEIGHT = 22
_STEP_SECONDS = 1.0


@dataclass(frozen=True)
class Piece:
    """From `begins` to `ends` (seconds) it saw `label` ("": nothing); `words` say it in a tooltip."""

    begins: float
    ends: float
    label: str
    colour: str
    words: str = ""


class TimelineStrip(QWidget):
    """Signals:
    chosen(float): the moment that was clicked, in seconds.
    """

    chosen = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("timeline")
        self.setAccessibleName("What the model saw, in order of time")
        self.setToolTip("What the model saw, in order of time; click to go there")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._pieces: list[Piece] = []
        self._begins: list[float] = []
        self._from, self._to = 0.0, 0.0
        self._position = 0.0
        self._clickable = True
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(200, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, _HEIGHT)

    def show_range(self, begins: float, ends: float, clickable: bool = True) -> None:
        """Which seconds the strip stands for."""
        self._from, self._to, self._clickable = begins, ends, clickable
        self.setCursor(Qt.CursorShape.PointingHandCursor if clickable else Qt.CursorShape.ArrowCursor)
        self.update()

    def show_pieces(self, pieces: Sequence[Piece]) -> None:
        """In order of time."""
        self._pieces = list(pieces)
        self._begins = [p.begins for p in self._pieces]
        self.update()

    def show_position(self, seconds: float) -> None:
        """Where the video is."""
        self._position = seconds
        self.update()

    def piece_at(self, seconds: float) -> Piece | None:
        """What was seen at a moment; None where nobody looked."""
        place = bisect_right(self._begins, seconds) - 1
        if place < 0 or seconds >= self._pieces[place].ends:
            return None
        return self._pieces[place]

    def x_of(self, seconds: float) -> float:
        """Where a moment lies, in pixels."""
        return (seconds - self._from) / max(1e-9, self._to - self._from) * self.width()

    def seconds_at(self, x: float) -> float:
        """The moment at this pixel."""
        share = min(1.0, max(0.0, x / max(1, self.width())))
        return self._from + share * (self._to - self._from)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QRectF(0, 3, self.width(), self.height() - 6)
        shape = QPainterPath()
        shape.addRoundedRect(ground, 5, 5)
        painter.fillPath(shape, theme().colour("line"))
        if self._to > self._from:
            painter.setClipPath(shape)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            self._paint_pieces(painter, ground)
            painter.setClipping(False)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            x = min(self.width() - 2.0, max(1.0, self.x_of(self._position)))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme().colour("surface"))
            painter.drawRoundedRect(QRectF(x - 3, 0, 6, self.height()), 3, 3)
            painter.setBrush(theme().colour("text"))
            painter.drawRoundedRect(QRectF(x - 1.5, 1, 3, self.height() - 2), 1.5, 1.5)
        if self.hasFocus():
            painter.setPen(theme().colour("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(0.5, 0.5, self.width() - 1, self.height() - 1), 5, 5)

    def _paint_pieces(self, painter: QPainter, ground: QRectF) -> None:
        """Neighbours of one colour as one, and at most one rectangle a pixel: hours are as quick as minutes."""
        first = max(0, bisect_right(self._begins, self._from) - 1)
        run: tuple[float, float, str] | None = None
        for piece in self._pieces[first:]:
            if piece.begins > self._to:
                break
            left, right = self.x_of(piece.begins), self.x_of(piece.ends)
            if run is not None and run[2] == piece.colour and left - run[1] < 1:
                run = (run[0], max(run[1], right), run[2])
                continue
            if run is not None:
                if right - run[0] < 1:
                    continue
                self._paint_run(painter, ground, run)
            run = (left, right, piece.colour)
        if run is not None:
            self._paint_run(painter, ground, run)

    def _paint_run(self, painter: QPainter, ground: QRectF, run: tuple[float, float, str]) -> None:
        colour = QColor(run[2]) if run[2] else theme().colour("line_strong")
        if not run[2]:
            colour.setAlpha(110)
        painter.fillRect(QRectF(run[0], ground.top(), max(1.0, run[1] - run[0]), ground.height()), colour)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._go(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event)

    def _go(self, event: QMouseEvent) -> None:
        if self._clickable and self._to > self._from:
            self.chosen.emit(self.seconds_at(event.position().x()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -_STEP_SECONDS, Qt.Key.Key_Right: _STEP_SECONDS}.get(Qt.Key(event.key()), 0.0)
        if step and self._clickable:
            self.chosen.emit(min(self._to, max(self._from, self._position + step)))
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self._to > self._from:
            seconds = self.seconds_at(event.pos().x())
            piece = self.piece_at(seconds)
            words = (piece.words or piece.label or "nothing found") if piece is not None else "not looked at yet"
            QToolTip.showText(event.globalPos(), f"{clock(seconds)}  {words}", self)
            return True
        return super().event(event)
