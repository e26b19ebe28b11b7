"""What lies under the pointer."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPolygonF

from workbench.data.annotations import Annotation
from workbench.data.shapes import BoxShape, Polygon, Region, area, bounds
from workbench.gui.editors.picture.document import Document
from workbench.gui.editors.picture.drawing import HANDLE, edge_middles, handle_places
from workbench.gui.editors.picture.masks import Masks
from workbench.gui.editors.picture.view import View

# A thin line can be met from so many screen pixels away.
_NEAR = 4.0
_REACH = HANDLE / 2 + 3


def under(document: Document, view: View, masks: Masks, at: QPointF) -> list[Annotation]:
    """Labels under a place of the picture, the smallest first, so that large ones hide none. Locked ones are left out:
    they are in nobody's way and can be chosen in the list."""
    reach = _NEAR / view.scale
    x, y = at.x(), at.y()
    hits = []
    for annotation in document.shown():
        if annotation.locked:
            continue
        x0, y0, x1, y1 = bounds(annotation.shape)
        if not (x0 - reach <= x <= x1 + reach and y0 - reach <= y <= y1 + reach):
            continue
        if _inside(annotation, masks, x, y):
            hits.append((area(annotation.shape), annotation))
    # Of equal ones the topmost comes first.
    hits.reverse()
    return [annotation for _, annotation in sorted(hits, key=lambda pair: pair[0])]


def _inside(annotation: Annotation, masks: Masks, x: float, y: float) -> bool:
    shape = annotation.shape
    if isinstance(shape, Polygon):
        # Parts join, as `Polygon` says; inside any is inside.
        return any(
            QPolygonF([QPointF(*p) for p in part]).containsPoint(QPointF(x, y), Qt.FillRule.OddEvenFill)
            for part in shape.parts
        )
    if isinstance(shape, Region):
        return masks.spans_of(annotation).has(math.floor(x), math.floor(y))
    return True


def inside_frame(document: Document, frame: QRectF) -> list[int]:
    """Ids of those that lie wholly inside a rectangle of the picture: a large box around everything is not caught."""
    found = []
    for annotation in document.shown():
        x0, y0, x1, y1 = bounds(annotation.shape)
        if not annotation.locked and frame.contains(QRectF(x0, y0, x1 - x0, y1 - y0)):
            found.append(annotation.id)
    return found


def handle_at(annotation: Annotation, view: View, at: QPointF) -> int:
    """The handle under a place on the screen; -1 when there is none."""
    best, found = _REACH, -1
    shape = annotation.shape
    small = isinstance(shape, BoxShape) and min(shape.x1 - shape.x0, shape.y1 - shape.y0) * view.scale < 3 * HANDLE
    for number, place in enumerate(handle_places(shape, view)):
        if small and number % 2:
            continue
        away = max(abs(place.x() - at.x()), abs(place.y() - at.y()))
        if away <= best:
            best, found = away, number
    return found


def edge_at(annotation: Annotation, view: View, at: QPointF) -> int:
    """The edge of an outline whose middle is under a place on the screen; -1 when there is none."""
    if not isinstance(annotation.shape, Polygon):
        return -1
    for number, place in enumerate(edge_middles(annotation.shape, view)):
        if max(abs(place.x() - at.x()), abs(place.y() - at.y())) <= 6:
            return number
    return -1
