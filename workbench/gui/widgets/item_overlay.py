"""Labels drawn small over a thumbnail: made once in a thread, so that a page of pictures with hundreds of boxes scrolls."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from workbench.data.annotations import Annotation
from workbench.data.painting import Spans, Stacked
from workbench.data.shapes import BoxShape, Polygon, Region

_NO_CLASS = "#8b8f95"
_FILL = 70
_AREA = 150


def draw_overlay(
    annotations: list[Annotation], colours: Mapping[int, str], picture: tuple[int, int], size: QSize
) -> QImage:
    """Annotations of a picture on a clear ground. May be called in any thread.

    Args:
        colours: class id to "#rrggbb".
        picture: width and height of the picture in pixels, as the annotations count them.
        size: of the thumbnail they are drawn over.
    """
    width, height = picture
    image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    if width <= 0 or height <= 0 or size.isEmpty():
        return image
    shown = [a for a in annotations if not a.hidden]
    areas = [a for a in shown if isinstance(a.shape, Region)]
    if areas:
        _draw_areas(image, areas, colours, width, height)
    across, down = size.width() / width, size.height() / height
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for annotation in shown:
        colour = QColor(colours.get(annotation.class_id or -1, _NO_CLASS))
        fill = QColor(colour)
        fill.setAlpha(_FILL if isinstance(annotation.shape, Polygon) else 0)
        line = Qt.PenStyle.DashLine if annotation.is_proposal else Qt.PenStyle.SolidLine
        shape = annotation.shape
        if isinstance(shape, BoxShape):
            rect = QRectF(
                shape.x0 * across, shape.y0 * down, (shape.x1 - shape.x0) * across, (shape.y1 - shape.y0) * down
            )
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(0, 0, 0, 90), 3))
            painter.drawRect(rect)
            painter.setPen(QPen(colour, 1.8, line))
            painter.drawRect(rect)
        elif isinstance(shape, Polygon):
            painter.setPen(QPen(colour, 1.8, line))
            painter.setBrush(fill)
            for part in shape.parts:
                painter.drawPolygon(QPolygonF([QPointF(x * across, y * down) for x, y in part]))
    painter.end()
    return image


def _draw_areas(image: QImage, areas: list[Annotation], colours: Mapping[int, str], width: int, height: int) -> None:
    import numpy as np

    rows = ((np.arange(image.height()) + 0.5) * height / image.height()).astype(np.int64)
    columns = ((np.arange(image.width()) + 0.5) * width / image.width()).astype(np.int64)
    spans = [Spans.of_region(a.shape, width, height) for a in areas if isinstance(a.shape, Region)]
    owners = Stacked.of(spans).sampled(rows, columns)
    table = [0]
    for annotation in areas:
        colour = QColor(colours.get(annotation.class_id or -1, _NO_CLASS))
        alpha = _AREA // 2 if annotation.is_proposal else _AREA
        red, green, blue = (v * alpha // 255 for v in (colour.red(), colour.green(), colour.blue()))
        table.append(alpha << 24 | red << 16 | green << 8 | blue)
    memory = np.frombuffer(image.bits(), np.uint32).reshape(image.height(), image.width())
    memory[:] = np.array(table, np.uint32)[owners]
