"""Drawing outlines point by point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF

from workbench.data.shapes import Polygon
from workbench.gui.editors.picture.drawing import HANDLE, paint_note, pen
from workbench.gui.editors.picture.tools.base import Keys, Tool

if TYPE_CHECKING:
    from workbench.gui.editors.picture.canvas import Canvas

# So near on the screen the first point closes the outline.
_CLOSE = 10.0
# With the button held, a point is set every so many screen pixels.
_STEP = 12.0


class PolygonTool(Tool):
    """See the module."""

    id = "polygon"
    title = "Draw outlines"
    icon = "pentagon"
    key = "P"
    tip = "Click point by point, or drag along an edge. Enter, a double click or the first point closes it."

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._points: list[QPointF] = []
        self._now = QPointF()
        self._lent = False

    @property
    def busy(self) -> bool:
        return bool(self._points) or self._lent

    def press(self, at: QPointF, keys: Keys) -> None:
        if not self._points:
            self._lent = self.canvas.select_tool.grab_handle(at, keys)
            if self._lent:
                return
            self.canvas.document.choose(())
        self._now = self._rounded(self.canvas.settled(at, keys, whole=False))
        if self._closes(self._now):
            self._end()
        else:
            self._add(self._now)

    def move(self, at: QPointF, keys: Keys, down: bool) -> None:
        if self._lent:
            self.canvas.select_tool.move(at, keys, down)
            return
        self._now = self._rounded(self.canvas.settled(at, keys, whole=False))
        if down and self._points and self._away(self._points[-1], self._now) >= _STEP:
            self._add(self._now)
        if self._points:
            self.canvas.refresh()

    def release(self, at: QPointF, keys: Keys) -> None:
        if self._lent:
            self._lent = False
            self.canvas.select_tool.release(at, keys)
        elif len(self._points) > 8 and self._closes(self._now):
            self._end()  # dragged all the way round

    def double(self, at: QPointF, keys: Keys) -> None:
        self._end()

    def confirm(self, at: QPointF) -> None:
        self._now = at
        if self._closes(at):
            self._end()
        else:
            if not self._points:
                self.canvas.document.choose(())
            self._add(self._rounded(at))

    def finish(self, at: QPointF) -> bool:
        if len(self._points) >= 3:
            self._end()
            return True
        if self.canvas.cross_shown:
            self.confirm(at)
            return True
        return bool(self._points)

    def cancel(self) -> bool:
        if self._lent:
            self._lent = False
            return self.canvas.select_tool.cancel()
        was, self._points = self._points, []
        self.canvas.refresh()
        return bool(was)

    def take_back(self) -> bool:
        if not self._points:
            return False
        self._points.pop()
        self.canvas.refresh()
        return True

    def paint(self, painter: QPainter) -> None:
        if not self._points:
            return
        view = self.canvas.view
        colour = QColor(self.canvas.drawing_colour())
        places = [view.to_screen(p) for p in self._points]
        line = QPolygonF([*places, view.to_screen(self._now)])
        fill = QColor(colour)
        fill.setAlpha(50)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawPolygon(line)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for edge in (pen("#ffffff", 4), pen(colour, 2)):
            painter.setPen(edge)
            painter.drawPolyline(line)
        closes = self._closes(self._now)
        painter.setPen(pen(colour, 1.5))
        for number, place in enumerate(places):
            first = number == 0
            painter.setBrush(colour if first and closes else QColor("#ffffff"))
            radius = HANDLE * (0.85 if first and closes else 0.5)
            painter.drawEllipse(place, radius, radius)
        words = "Close the outline" if closes else f"{len(places)} points" if len(places) > 1 else "1 point"
        paint_note(painter, view, view.to_screen(self._now), words)

    def _add(self, at: QPointF) -> None:
        if not self._points or self._away(self._points[-1], at) > 0.5:
            self._points.append(at)
        self.canvas.refresh()

    def _closes(self, at: QPointF) -> bool:
        return len(self._points) >= 3 and self._away(self._points[0], at) <= _CLOSE

    def _away(self, a: QPointF, b: QPointF) -> float:
        """Distance on the screen."""
        gap = a - b
        return max(abs(gap.x()), abs(gap.y())) * self.canvas.view.scale

    @staticmethod
    def _rounded(at: QPointF) -> QPointF:
        return QPointF(round(at.x(), 1), round(at.y(), 1))

    def _end(self) -> None:
        points, self._points = self._points, []
        self.canvas.drop_guides()
        if len(points) >= 3:
            self.canvas.drew.emit(Polygon((tuple((p.x(), p.y()) for p in points),)), "draw an outline")
        self.canvas.refresh()
