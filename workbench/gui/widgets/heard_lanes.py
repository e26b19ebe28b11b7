"""What was heard when, one lane per class, over the same seconds."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from workbench.data.video import clock
from workbench.engine.timeline import Colours, Event
from workbench.gui.theme import theme

_LANE, _AXIS, _NAMES = 24, 20, 132
_MOST_LANES = 8
_STEP_SECONDS = 1.0
_TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
_TICK_PIXELS = 70


class HeardLanes(QWidget):
    """Signals:
    chosen(float): the moment that was clicked, or gone to by key, in seconds.
    """

    chosen = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("heard-lanes")
        self.setAccessibleName("What was heard, in order of time")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self._events: list[Event] = []
        self.lanes: list[str] = []
        self._colours = Colours()
        self._from = self._to = self._position = 0.0
        self._clickable = True
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(360, _LANE * max(2, len(self.lanes)) + _AXIS)

    def minimumSizeHint(self) -> QSize:
        return QSize(220, self.sizeHint().height())

    def clear(self) -> None:
        """Nothing has been heard."""
        self._events, self.lanes, self._colours = [], [], Colours()
        self._from = self._to = self._position = 0.0
        self.updateGeometry()
        self.update()

    def show_events(self, events: Sequence[Event], begins: float, ends: float, clickable: bool = True) -> None:
        """What was heard, and the seconds the lanes stand for. A class keeps its lane while others come."""
        self._events = list(events)
        self._from, self._to, self._clickable = begins, ends, clickable
        length: dict[str, float] = {}
        for event in self._events:
            length[event.label] = length.get(event.label, 0.0) + event.ends - event.begins
        kept = [name for name in self.lanes if name in length]
        new = sorted((name for name in length if name not in kept), key=lambda name: -length[name])
        lanes = [*kept, *new][:_MOST_LANES]
        if lanes != self.lanes:
            self.lanes = lanes
            self.updateGeometry()
        more = len(length) - len(lanes)
        self.setToolTip(f"{more} more classes were heard; the saved table has them" if more > 0 else "")
        self.setCursor(Qt.CursorShape.PointingHandCursor if clickable else Qt.CursorShape.ArrowCursor)
        self.setAccessibleDescription(
            "; ".join(f"{e.label} from {clock(e.begins)} to {clock(e.ends)}" for e in self._events[-20:])
        )
        self.update()

    def show_position(self, seconds: float) -> None:
        """Where it is played."""
        self._position = seconds
        self.update()

    def x_of(self, seconds: float) -> float:
        """Where a moment lies, in pixels."""
        wide = self.width() - _NAMES - 4
        return _NAMES + (seconds - self._from) / max(1e-9, self._to - self._from) * wide

    def seconds_at(self, x: float) -> float:
        """The moment at this pixel."""
        share = (x - _NAMES) / max(1, self.width() - _NAMES - 4)
        return self._from + min(1.0, max(0.0, share)) * (self._to - self._from)

    def event_at(self, x: float, y: float) -> Event | None:
        """What lies at a point."""
        place = int(y // _LANE)
        if not 0 <= place < len(self.lanes) or x < _NAMES:
            return None
        seconds = self.seconds_at(x)
        inside = (e for e in self._events if e.label == self.lanes[place] and e.begins <= seconds < e.ends)
        return next(inside, None)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = theme()
        bottom = _LANE * max(2, len(self.lanes))
        for place in range(max(2, len(self.lanes))):
            ground = QRectF(_NAMES, place * _LANE + 2, self.width() - _NAMES - 4, _LANE - 4)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colours.colour("raised"))
            painter.drawRoundedRect(ground, 4, 4)
            if place < len(self.lanes):
                painter.setPen(colours.colour("text"))
                shown = painter.fontMetrics().elidedText(self.lanes[place], Qt.TextElideMode.ElideRight, _NAMES - 12)
                middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
                painter.drawText(QRectF(0, place * _LANE, _NAMES - 10, _LANE), middle, shown)
        if self._to > self._from:
            self._paint_axis(painter, bottom)
            self._paint_events(painter)
            if self._clickable and self._from <= self._position <= self._to:
                painter.fillRect(QRectF(self.x_of(self._position) - 1, 0, 2, bottom), colours.colour("text"))
        if self.hasFocus():
            painter.setPen(colours.colour("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(0.5, 0.5, self.width() - 1, bottom - 1), 5, 5)

    def _paint_axis(self, painter: QPainter, bottom: float) -> None:
        painter.setPen(theme().colour("text_faint"))
        span = self._to - self._from
        wide = self.width() - _NAMES - 4
        tick = next((t for t in _TICKS if t / span * wide >= _TICK_PIXELS), _TICKS[-1])
        first = -int(-self._from // tick)
        for number in range(first, int(self._to // tick) + 1):
            x = self.x_of(number * tick)
            if x <= self.width() - 24:
                painter.drawText(QRectF(x, bottom + 2, 80, _AXIS - 2), Qt.AlignmentFlag.AlignLeft, clock(number * tick))

    def _paint_events(self, painter: QPainter) -> None:
        """At most one rectangle a pixel in each lane: hours are as quick as minutes."""
        painter.setPen(Qt.PenStyle.NoPen)
        last = dict.fromkeys(self.lanes, -1.0)
        for event in self._events:
            if event.label not in last or event.ends <= self._from or event.begins >= self._to:
                continue
            left, right = max(_NAMES, self.x_of(event.begins)), min(self.width() - 4.0, self.x_of(event.ends))
            if right - last[event.label] < 1:
                continue
            last[event.label] = right
            colour = QColor(self._colours.of(event.label))
            colour.setAlphaF(0.45 + 0.55 * min(1.0, event.best))
            painter.setBrush(colour)
            top = self.lanes.index(event.label) * _LANE + 4
            painter.drawRoundedRect(QRectF(left, top, max(1.5, right - left - 1), _LANE - 8), 3, 3)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._clickable and event.position().x() >= _NAMES and self._to > self._from:
            self.chosen.emit(self.seconds_at(event.position().x()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if not self._clickable:
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            step = _STEP_SECONDS if key == Qt.Key.Key_Right else -_STEP_SECONDS
            self.chosen.emit(min(self._to, max(self._from, self._position + step)))
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            # To where something begins to be heard, before or after this moment.
            begins = sorted({e.begins for e in self._events})
            later = [b for b in begins if b > self._position + 1e-3]
            sooner = [b for b in begins if b < self._position - 1e-3]
            found = later[:1] if key == Qt.Key.Key_Down else sooner[-1:]
            if found:
                self.chosen.emit(found[0])
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self._to > self._from:
            found = self.event_at(event.pos().x(), event.pos().y())
            words = (
                f"{found.label}, {clock(found.begins)} to {clock(found.ends)}, up to {found.best:.0%}" if found is not None
                else self.toolTip() or clock(self.seconds_at(event.pos().x()))
            )  # fmt: skip
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)
