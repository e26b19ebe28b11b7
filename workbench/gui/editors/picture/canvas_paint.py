"""How the canvas is painted: what seldom changes is kept as a layer, what is being dragged is drawn each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QPixmap

from workbench.gui.editors.picture.drawing import (
    MOST_TAGS,
    Paths,
    paint_many,
    paint_one,
    paint_tag,
    pen,
    screen_bounds,
)
from workbench.gui.editors.picture.pixels import Picture
from workbench.gui.theme import theme

if TYPE_CHECKING:
    from workbench.gui.editors.picture.canvas import Canvas

# More handles, frames and names of chosen labels than this are not drawn one by one.
_MOST_CHOSEN = 60


class CanvasPainter:
    """Attributes:
    picture: None until it is decoded; `stand_in` is a small one until then, `words` a sentence in place of it.
    stale: labels, choice or view have changed: the layer must be drawn anew.
    """

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self.picture: Picture | None = None
        self.stand_in = QPixmap()
        self.words = ""
        self.stale = True
        self._layer = QPixmap()
        self._paths = Paths()

    def paint(self, painter: QPainter, exposed: QRectF) -> None:
        canvas = self._canvas
        ratio = canvas.devicePixelRatioF()
        painter.fillRect(exposed, theme().colour("rail"))
        if self.picture is not None:
            self.picture.draw(painter, canvas.view, exposed, ratio)
        elif not self.stand_in.isNull():
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(canvas.view.frame(), self.stand_in, QRectF(self.stand_in.rect()))
        if self.words:
            painter.setPen(theme().colour("text_soft"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(canvas.viewport().rect().adjusted(40, 20, -40, -20), flags, self.words)
            return
        canvas.masks.paint(painter)
        painter.setFont(self._tag_font())
        if self.stale:
            self._render_layer(ratio)
        painter.drawPixmap(0, 0, self._layer)
        self._paint_live(painter)
        canvas.tool.paint(painter)
        if canvas.tool is not canvas.select_tool and not canvas.tool.busy:
            canvas.select_tool.paint(painter)
        self._paint_lines(painter)
        if canvas.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QPen(theme().colour("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(canvas.viewport().rect().adjusted(1, 1, -1, -1))

    def _render_layer(self, ratio: float) -> None:
        """Everything that is not chosen or dragged, once for many paintings."""
        canvas, document, view = self._canvas, self._canvas.document, self._canvas.view
        size = canvas.viewport().size()
        if self._layer.size() != size * ratio:
            self._layer = QPixmap(size * ratio)
            self._layer.setDevicePixelRatio(ratio)
        self._layer.fill(Qt.GlobalColor.transparent)
        self.stale = False
        apart = {*document.selection, *document.drafts}
        shown = [a for a in document.shown() if a.id not in apart]
        painter = QPainter(self._layer)
        paint_many(painter, view, document, shown, self._paths)
        room = QRectF(0, 0, size.width(), size.height())
        near = [a for a in shown if screen_bounds(a.shape, view).intersects(room)]
        if len(near) <= MOST_TAGS:
            painter.setFont(self._tag_font())
            for annotation in near:
                paint_tag(painter, view, document, annotation)
        painter.end()

    def _paint_live(self, painter: QPainter) -> None:
        """What is chosen, dragged, or under the pointer."""
        canvas, document, view = self._canvas, self._canvas.document, self._canvas.view
        if document.all_hidden:
            return
        hovered = document.get(canvas.hovered) if canvas.hovered else None
        chosen = [a for a in document.chosen_ones() if not a.hidden]
        drafts = (document.get(i) for i in document.drafts if i not in document.selection)
        extra = [a for a in drafts if a is not None]
        if hovered is not None and hovered.id not in document.selection and not hovered.hidden:
            paint_one(painter, view, document, hovered, chosen=False, handles=False)
            paint_tag(painter, view, document, hovered)
        if len(chosen) + len(extra) > _MOST_CHOSEN:
            paint_many(painter, view, document, [*chosen, *extra], self._paths)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(pen("#ffffff", 1.5))
            painter.drawRects([screen_bounds(a.shape, view) for a in chosen])
            return
        for annotation in [*extra, *chosen]:
            paint_one(painter, view, document, annotation, chosen=True, handles=len(chosen) == 1)
        if not canvas.pressed:
            for annotation in chosen:
                paint_tag(painter, view, document, annotation)

    def _paint_lines(self, painter: QPainter) -> None:
        """Caught edges, lines through the pointer while drawing, and the keyboard's cross."""
        canvas = self._canvas
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        x, y = canvas.caught
        painter.setPen(QPen(theme().colour("accent"), 1.5))
        at = canvas.view.to_screen(QPointF(x or 0.0, y or 0.0))
        self._lines(painter, at if x is not None else None, at if y is not None else None)
        if canvas.cross_shown:
            at = canvas.view.to_screen(canvas.cross)
            for colour, width in (("#ffffff", 3.0), (canvas.drawing_colour(), 1.0)):
                painter.setPen(QPen(QColor(colour), width))
                self._lines(painter, at, at)
        elif canvas.shows_guides:
            painter.setPen(QPen(QColor(0, 0, 0, 120), 1))
            self._lines(painter, canvas.pointer, canvas.pointer)
            painter.setPen(QPen(QColor("#ffffff"), 1, Qt.PenStyle.DashLine))
            self._lines(painter, canvas.pointer, canvas.pointer)

    def _lines(self, painter: QPainter, upright: QPointF | None, level: QPointF | None) -> None:
        """All the way across the canvas."""
        room = self._canvas.view.room
        if upright is not None:
            painter.drawLine(QPointF(upright.x(), 0), QPointF(upright.x(), room.height()))
        if level is not None:
            painter.drawLine(QPointF(0, level.y()), QPointF(room.width(), level.y()))

    def _tag_font(self) -> QFont:
        font = QFont(self._canvas.font())
        font.setPointSizeF(max(8.0, font.pointSizeF() - 1))
        font.setWeight(QFont.Weight.DemiBold)
        return font
