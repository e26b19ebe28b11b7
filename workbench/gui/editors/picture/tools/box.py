"""Drawing boxes: drag, or click two corners, or set them from the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from workbench.data.shapes import BoxShape
from workbench.gui.editors.picture.drawing import paint_note, pen
from workbench.gui.editors.picture.tools.base import Keys, Tool

if TYPE_CHECKING:
    from workbench.gui.editors.picture.canvas import Canvas

# A press that moves less on the screen is a click: it sets one corner.
_CLICK = 4.0


class BoxTool(Tool):
    """See the module."""

    id = "box"
    title = "Draw boxes"
    icon = "square"
    key = "B"
    tip = "Drag from corner to corner, or click both. Shift makes a square."

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._corner: QPointF | None = None
        self._now = QPointF()
        self._lent = False

    @property
    def busy(self) -> bool:
        return self._corner is not None or self._lent

    def press(self, at: QPointF, keys: Keys) -> None:
        if self._corner is None:
            # What was just drawn can be adjusted by its handles without changing tools.
            self._lent = self.canvas.select_tool.grab_handle(at, keys)
            if self._lent:
                return
            self.canvas.document.choose(())
            self._begin(self.canvas.settled(at, keys))
        else:
            self._now = self._other_corner(at, keys)
        self.canvas.refresh()

    def move(self, at: QPointF, keys: Keys, down: bool) -> None:
        if self._lent:
            self.canvas.select_tool.move(at, keys, down)
        elif self._corner is not None:
            self._now = self._other_corner(at, keys)
            self.canvas.refresh()
        else:
            self.canvas.settled(at, keys)

    def release(self, at: QPointF, keys: Keys) -> None:
        if self._lent:
            self._lent = False
            self.canvas.select_tool.release(at, keys)
            return
        if self._corner is None:
            return
        self._now = self._other_corner(at, keys)
        gap = self._now - self._corner
        if max(abs(gap.x()), abs(gap.y())) * self.canvas.view.scale >= _CLICK:
            self._end()

    def confirm(self, at: QPointF) -> None:
        if self._corner is None:
            self.canvas.document.choose(())
            self._begin(at)
        else:
            self._now = at
            self._end()
        self.canvas.refresh()

    def finish(self, at: QPointF) -> bool:
        if self._corner is None and not self.canvas.cross_shown:
            return False
        self.confirm(at)
        return True

    def cancel(self) -> bool:
        if self._lent:
            self._lent = False
            return self.canvas.select_tool.cancel()
        was, self._corner = self._corner, None
        self.canvas.refresh()
        return was is not None

    def take_back(self) -> bool:
        return self.cancel()

    def paint(self, painter: QPainter) -> None:
        if self._corner is None:
            return
        view = self.canvas.view
        rect = QRectF(view.to_screen(self._corner), view.to_screen(self._now)).normalized()
        colour = QColor(self.canvas.drawing_colour())
        fill = QColor(colour)
        fill.setAlpha(50)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(pen("#ffffff", 4))
        painter.drawRect(rect)
        painter.setBrush(fill)
        painter.setPen(pen(colour, 2))
        painter.drawRect(rect)
        size = self._now - self._corner
        paint_note(painter, view, view.to_screen(self._now), f"{abs(size.x()):.0f} × {abs(size.y()):.0f}")

    def _begin(self, at: QPointF) -> None:
        self._corner = self._now = at

    def _other_corner(self, at: QPointF, keys: Keys) -> QPointF:
        found = self.canvas.settled(at, keys)
        if keys & Qt.KeyboardModifier.ShiftModifier and self._corner is not None:
            gap = found - self._corner
            side = max(abs(gap.x()), abs(gap.y()))
            return self._corner + QPointF(side if gap.x() >= 0 else -side, side if gap.y() >= 0 else -side)
        return found

    def _end(self) -> None:
        assert self._corner is not None
        rect = QRectF(self._corner, self._now).normalized()
        self._corner = None
        self.canvas.drop_guides()
        if rect.width() >= 1 and rect.height() >= 1:
            self.canvas.drew.emit(BoxShape(rect.left(), rect.top(), rect.right(), rect.bottom()), "draw a box")
        self.canvas.refresh()
