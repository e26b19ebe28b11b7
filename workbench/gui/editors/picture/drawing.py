"""How boxes and outlines look on a picture: colours, tags with names, handles. Nothing here knows the mouse."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPainterPath, QPen, QPolygonF

from workbench.data.annotations import Annotation
from workbench.data.shapes import BoxShape, Polygon, Region, Shape, bounds
from workbench.gui.editors.picture.document import Document
from workbench.gui.editors.picture.view import View
from workbench.gui.icons import pixmap

HANDLE = 8.0
# More names than this hide what they name; then only the chosen one's and that under the pointer are written.
MOST_TAGS = 40
_HALO = QColor(0, 0, 0, 110)
_HANDLES = ((0, 0), (0.5, 0), (1, 0), (1, 0.5), (1, 1), (0.5, 1), (0, 1), (0, 0.5))
_Style = tuple[str, bool, bool]


def pen(colour: QColor | str, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """A pen as thick on the screen at every zoom."""
    made = QPen(QColor(colour), width, style)
    made.setCosmetic(True)
    made.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    return made


def dashed(colour: QColor | str, width: float) -> QPen:
    made = pen(colour, width, Qt.PenStyle.CustomDashLine)
    made.setDashPattern([5, 3])
    return made


def outline(shape: Polygon) -> QPainterPath:
    """An outline in the picture's pixels."""
    path = QPainterPath()
    for part in shape.parts:
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in part]))
        path.closeSubpath()
    return path


def box_rect(shape: BoxShape, view: View) -> QRectF:
    return view.rect(shape.x0, shape.y0, shape.x1, shape.y1)


def screen_bounds(shape: Shape, view: View) -> QRectF:
    return view.rect(*bounds(shape))


def handle_places(shape: Shape, view: View) -> list[QPointF]:
    """Where a box has its eight handles, clockwise from the upper left corner; an outline has one at each point."""
    if isinstance(shape, BoxShape):
        rect = box_rect(shape, view)
        return [QPointF(rect.left() + rect.width() * a, rect.top() + rect.height() * b) for a, b in _HANDLES]
    if isinstance(shape, Polygon):
        return [view.to_screen(QPointF(x, y)) for part in shape.parts for x, y in part]
    return []


class Paths:
    """Outlines as Qt paths, made once each."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Polygon, QPainterPath]] = {}

    def of(self, annotation: Annotation) -> QPainterPath:
        shape = annotation.shape
        assert isinstance(shape, Polygon)
        held = self._made.get(annotation.id)
        if held is None or held[0] is not shape:
            if len(self._made) > 5000:
                self._made.clear()
            held = (shape, outline(shape))
            self._made[annotation.id] = held
        return held[1]


def paint_many(painter: QPainter, view: View, document: Document, shown: Iterable[Annotation], paths: Paths) -> None:
    """Everything that is not chosen. Boxes of a look are drawn in one go: 500 of them take a few milliseconds."""
    boxes: dict[_Style, list[QRectF]] = defaultdict(list)
    outlines: list[tuple[_Style, Annotation]] = []
    room = QRectF(-4, -4, view.room.width() + 8, view.room.height() + 8)
    for annotation in shown:
        shape = annotation.shape
        style = (document.colour_of(annotation), annotation.is_proposal, annotation.ignored)
        if isinstance(shape, BoxShape):
            rect = box_rect(shape, view)
            if rect.intersects(room):
                boxes[style].append(rect)
        elif isinstance(shape, Polygon) and screen_bounds(shape, view).intersects(room):
            outlines.append((style, annotation))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    for rects in boxes.values():
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(pen(_HALO, 4))
        painter.drawRects(rects)
    for style, rects in boxes.items():
        _set_look(painter, style, 26, 2)
        painter.drawRects(rects)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    if outlines:
        painter.save()
        painter.setTransform(view.transform(), True)
        for style, annotation in outlines:
            path = paths.of(annotation)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(pen(_HALO, 4))
            painter.drawPath(path)
            _set_look(painter, style, 60, 2)
            painter.drawPath(path)
        painter.restore()


def paint_one(
    painter: QPainter, view: View, document: Document, annotation: Annotation, *, chosen: bool, handles: bool
) -> None:
    """One that is chosen, under the pointer or being dragged."""
    shape = annotation.shape
    style = (document.colour_of(annotation), annotation.is_proposal, annotation.ignored)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, not isinstance(shape, BoxShape))
    width = 3.0 if chosen else 2.5
    if isinstance(shape, BoxShape):
        rect = box_rect(shape, view)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(pen("#ffffff" if chosen else _HALO, width + 2.5))
        painter.drawRect(rect)
        _set_look(painter, style, 54, width)
        painter.drawRect(rect)
    elif isinstance(shape, Polygon):
        painter.setTransform(view.transform(), True)
        path = outline(shape)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(pen("#ffffff" if chosen else _HALO, width + 2.5))
        painter.drawPath(path)
        _set_look(painter, style, 96, width)
        painter.drawPath(path)
    elif isinstance(shape, Region) and chosen:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(dashed("#ffffff", 1))
        painter.drawRect(screen_bounds(shape, view))
    painter.restore()
    if handles and not annotation.locked:
        paint_handles(painter, shape, view, style[0])


def _set_look(painter: QPainter, style: _Style, alpha: int, width: float) -> None:
    colour, proposal, ignored = QColor(style[0]), style[1], style[2]
    painter.setPen(dashed(colour, width) if proposal else pen(colour, width))
    fill = QColor(colour)
    fill.setAlpha(alpha // 2 if proposal else alpha)
    if ignored:
        fill.setAlpha(min(255, alpha * 4))
        painter.setBrush(fill)
        brush = painter.brush()
        brush.setStyle(Qt.BrushStyle.BDiagPattern)
        painter.setBrush(brush)
    else:
        painter.setBrush(fill)


def paint_handles(painter: QPainter, shape: Shape, view: View, colour: str) -> None:
    places = handle_places(shape, view)
    if len(places) > 400:
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(QColor(colour), 1.5))
    painter.setBrush(QColor("#ffffff"))
    if isinstance(shape, Polygon):
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        # A small point in the middle of each edge: drag it and the edge gets a corner there.
        painter.setOpacity(0.75)
        for place in edge_middles(shape, view):
            painter.drawEllipse(place, 2.5, 2.5)
        painter.setOpacity(1.0)
        for place in places:
            painter.drawEllipse(place, HANDLE / 2, HANDLE / 2)
        return
    rect = screen_bounds(shape, view)
    for number, place in enumerate(places):
        # A tiny box keeps its corners only.
        if number % 2 and min(rect.width(), rect.height()) < 3 * HANDLE:
            continue
        painter.drawRect(QRectF(place.x() - HANDLE / 2, place.y() - HANDLE / 2, HANDLE, HANDLE))


def edge_middles(shape: Polygon, view: View) -> list[QPointF]:
    """The middle of each edge on the screen, edges in the order of their first points."""
    found = []
    for part in shape.parts:
        for (x0, y0), (x1, y1) in zip(part, (*part[1:], part[0]), strict=True):
            found.append(view.to_screen(QPointF((x0 + x1) / 2, (y0 + y1) / 2)))
    return found


def tag_text(document: Document, annotation: Annotation) -> str:
    words = document.name_of(annotation)
    if annotation.is_proposal:
        words += f"? {annotation.score:.0%}"
    if annotation.ignored:
        words += " (not counted)"
    return words


def paint_tag(painter: QPainter, view: View, document: Document, annotation: Annotation) -> None:
    """The name above the upper left corner, or inside where there is no room above."""
    metrics = QFontMetrics(painter.font())
    words = metrics.elidedText(tag_text(document, annotation), Qt.TextElideMode.ElideRight, 220)
    rect = screen_bounds(annotation.shape, view)
    lock = 14 if annotation.locked else 0
    box = QRectF(rect.left() - 1, 0, metrics.horizontalAdvance(words) + 10 + lock, metrics.height() + 2)
    box.moveBottom(rect.top() - 2)
    if box.top() < 1:
        box.moveTop(max(1.0, rect.top() + 3))
    box.moveLeft(min(max(1.0, box.left()), max(1.0, view.room.width() - box.width() - 1)))
    if not box.intersects(QRectF(0, 0, view.room.width(), view.room.height())):
        return
    colour = QColor(document.colour_of(annotation))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    if annotation.is_proposal:
        painter.setBrush(QColor(255, 255, 255, 235))
        painter.setPen(QPen(colour, 1.2, Qt.PenStyle.DashLine))
        ink = "#1f2328"
    else:
        painter.setBrush(colour)
        painter.setPen(Qt.PenStyle.NoPen)
        ink = ink_on(colour)
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(QColor(ink))
    painter.drawText(box.adjusted(5, 0, -5 - lock, 0), Qt.AlignmentFlag.AlignVCenter, words)
    if lock:
        place = QRectF(box.right() - 16, box.center().y() - 6, 12, 12)
        mark = pixmap("lock", 12, ink)
        painter.drawPixmap(place, mark, QRectF(mark.rect()))
    painter.restore()


def paint_note(painter: QPainter, view: View, at: QPointF, words: str) -> None:
    """A dark little note beside the pointer: sizes while something is drawn."""
    metrics = QFontMetrics(painter.font())
    box = QRectF(at.x() + 14, at.y() + 14, metrics.horizontalAdvance(words) + 12, metrics.height() + 4)
    if box.right() > view.room.width() - 4:
        box.moveRight(at.x() - 10)
    if box.bottom() > view.room.height() - 4:
        box.moveBottom(at.y() - 10)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(20, 22, 24, 215))
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(QColor("#ffffff"))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
    painter.restore()


def ink_on(colour: QColor) -> str:
    """White or black, whichever is the better read on a colour (WCAG's relative luminance)."""
    parts = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (colour.redF(), colour.greenF(), colour.blueF())
    ]
    light = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    return "#101214" if (light + 0.05) / 0.05 > 1.05 / (light + 0.05) else "#ffffff"
