"""Painting areas and rubbing them out, pixel by pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter

from workbench.data.painting import Stroke
from workbench.gui.editors.picture import strokes
from workbench.gui.editors.picture.drawing import pen
from workbench.gui.editors.picture.masks import Live
from workbench.gui.editors.picture.tools.base import Keys, Tool

if TYPE_CHECKING:
    from workbench.gui.editors.picture.canvas import Canvas

SMALLEST, LARGEST = 1, 2000


class BrushTool(Tool):
    """Adds to the area of the class in use: one painted area per class and picture."""

    id = "brush"
    title = "Paint"
    icon = "brush"
    key = "B"
    tip = "Hold the button and paint. Shift and a click draws a straight line from the last point."
    cursor = Qt.CursorShape.BlankCursor
    adds = True

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._stroke: Stroke | None = None
        self._last: QPointF | None = None
        self._at = QPointF(-1e6, -1e6)

    @property
    def busy(self) -> bool:
        return self._stroke is not None

    def press(self, at: QPointF, keys: Keys) -> None:
        begin = self._last if keys & Qt.KeyboardModifier.ShiftModifier and self._last is not None else at
        if self._begin(begin):
            self._to(at)

    def move(self, at: QPointF, keys: Keys, down: bool) -> None:
        if self._stroke is not None:
            self._to(at)
        self._at = at
        self.canvas.refresh()

    def release(self, at: QPointF, keys: Keys) -> None:
        if self._stroke is not None:
            self._to(at)
            self._end()

    def confirm(self, at: QPointF) -> None:
        """Space sets the brush down, the arrows paint, Space lifts it."""
        if self._stroke is not None:
            self._end()
        else:
            self._begin(at)
        self.canvas.refresh()

    def finish(self, at: QPointF) -> bool:
        if self._stroke is None:
            return False
        self._end()
        return True

    def cancel(self) -> bool:
        was, self._stroke = self._stroke, None
        if was is not None:
            self.canvas.masks.live = None
            self.canvas.masks.view_changed()
            self.canvas.refresh()
        return was is not None

    def leave(self) -> None:
        super().leave()
        self._last = None
        self._at = QPointF(-1e6, -1e6)

    def paint(self, painter: QPainter) -> None:
        place = self.canvas.view.to_screen(self._at)
        radius = max(1.5, self.canvas.brush_size / 2 * self.canvas.view.scale)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        # Seen on light and on dark.
        for edge in (pen("#000000", 3), pen("#ffffff" if not self.adds else self.canvas.drawing_colour(), 1.5)):
            painter.setPen(edge)
            painter.drawEllipse(place, radius, radius)
        if radius > 4:
            painter.setPen(pen("#ffffff", 1))
            painter.drawPoint(place)

    def _begin(self, at: QPointF) -> bool:
        document = self.canvas.document
        live = self._live()
        if live is None:
            return False
        self._stroke = live.stroke
        self.canvas.masks.live = live
        self._stroke.to(at.x(), at.y())
        # Drawn whole once, so that what it is drawn into is up to date; then only what is touched.
        self.canvas.masks.view_changed()
        self._at = at
        document.drop_drafts()
        self.canvas.refresh()
        return True

    def _live(self) -> Live | None:
        document = self.canvas.document
        if document.class_id is None:
            self.canvas.class_needed.emit()
            return None
        owner, refusal = strokes.target(document)
        if refusal:
            document.said.emit(refusal, "info")
            return None
        stroke = Stroke(document.width, document.height, self.canvas.brush_size)
        found = document.get(owner) if owner else None
        colour = document.colour_of(found) if found is not None else self.canvas.drawing_colour()
        kept = strokes.kept_from_painting(document, owner)
        return Live(stroke, owner, colour, kept, only_free=not self.canvas.paints_over)

    def _to(self, at: QPointF) -> None:
        assert self._stroke is not None
        self._last = at
        self._at = at
        self.canvas.masks.touched(self._stroke.to(at.x(), at.y()))
        self.canvas.refresh()

    def _end(self) -> None:
        live = self.canvas.masks.live
        self._stroke = None
        self.canvas.masks.live = None
        if live is not None:
            strokes.keep(self.canvas.document, self.canvas.masks, live)
        self.canvas.masks.view_changed()
        self.canvas.refresh()


class EraserTool(BrushTool):
    """Takes away from what is chosen, else from every area that is not locked."""

    id = "eraser"
    title = "Rub out"
    icon = "eraser"
    key = "E"
    tip = "Hold the button and rub areas out; outlines become painted areas by it. Locked ones stay."
    adds = False

    def _live(self) -> Live | None:
        document = self.canvas.document
        stroke = Stroke(document.width, document.height, self.canvas.brush_size)
        return Live(stroke, -1, "#ffffff", strokes.kept_from_rubbing(document))


class FillTool(Tool):
    """Pours the class in use into what paint and the picture's edge enclose."""

    id = "fill"
    title = "Fill"
    icon = "paint-bucket"
    key = "F"
    tip = "Click into what is enclosed by paint to fill it with the class in use."

    def press(self, at: QPointF, keys: Keys) -> None:
        self.confirm(at)

    def confirm(self, at: QPointF) -> None:
        if self.canvas.document.class_id is None:
            self.canvas.class_needed.emit()
        else:
            self.canvas.fill_wanted.emit(at)

    def finish(self, at: QPointF) -> bool:
        if not self.canvas.cross_shown:
            return False
        self.confirm(at)
        return True
