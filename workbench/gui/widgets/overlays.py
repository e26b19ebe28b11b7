"""What a model said of a picture, as something to lay over it: boxes, and areas in their colours, clear elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from workbench.errors import UserError
from workbench.gui.decoded import decoded
from workbench.gui.theme import CLASS_COLOURS
from workbench.tasks.masks import colour_of
from workbench.tasks.predictions import Boxes, Mask, from_record

SIDE = 1200
# A shape whose points are shares of the picture's width and height, and its colour.
Outline = tuple[QPolygonF, QColor]


def area_image(png: bytes, colours: Mapping[int, str], side: int = SIDE) -> QImage:
    """A map of values (8-bit greyscale PNG) in colours, at most `side` points wide; values without a colour are clear. Slow
    for large maps: call it in a job."""
    grey = decoded(png).convertToFormat(QImage.Format.Format_Grayscale8)
    if max(grey.width(), grey.height()) > side:
        # Nearest points: classes must not be mixed.
        grey = grey.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.FastTransformation)
    table = [QColor(0, 0, 0, 0).rgba()] * 256
    for value, colour in colours.items():
        table[value] = QColor(colour).rgba()
    indexed = QImage(grey.constBits(), grey.width(), grey.height(), grey.bytesPerLine(), QImage.Format.Format_Indexed8)
    indexed.setColorTable(table)
    return indexed.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def mask_overlay(mask: Mask, hidden: frozenset[int] = frozenset(), side: int = SIDE) -> QImage:
    """A mask's areas, those that are `hidden` left out. Slow for large masks: call it in a job."""
    shown = {
        value: colour_of(value, mask.background)
        for value in range(len(mask.labels))
        if value != mask.background and value not in hidden
    }
    return area_image(mask.png, shown, side)


def sample_areas(record: Mapping[str, Any] | None) -> QImage:
    """The areas of a live sample (see `predictions.thumbnail_record`); a null image when it is none."""
    if record is None or record.get("kind") != Mask.kind:
        return QImage()
    try:
        prediction = from_record(record)
    except UserError:  # of a newer version: the words are shown
        return QImage()
    return mask_overlay(prediction, side=256) if isinstance(prediction, Mask) else QImage()


def paint_over(painter: QPainter, place: QRectF, overlay: QImage, opacity: float = 0.6) -> None:
    """Lay areas over a picture that was painted at `place`."""
    if overlay.isNull():
        return
    before = painter.opacity()
    painter.setOpacity(before * opacity)
    painter.drawImage(place, overlay, QRectF(overlay.rect()))
    painter.setOpacity(before)


def sample_boxes(record: Mapping[str, Any] | None, colours: Mapping[str, str]) -> list[Outline]:
    """The boxes of a live sample (see `predictions.thumbnail_record`); none when it has none.

    Args:
        colours: of the classes by name, "#rrggbb"; any other has the first colour.
    """
    if record is None or record.get("kind") != Boxes.kind:
        return []
    try:
        prediction = from_record(record)
    except UserError:  # of a newer version: the words are shown
        return []
    if not isinstance(prediction, Boxes) or prediction.reading or prediction.width < 1 or prediction.height < 1:
        return []
    return [
        (
            QPolygonF([QPointF(x / prediction.width, y / prediction.height) for x, y in box.corners()]),
            QColor(colours.get(box.label, CLASS_COLOURS[0])),
        )
        for box in prediction.above()
    ]


def paint_outlines(painter: QPainter, place: QRectF, outlines: Sequence[Outline], width: float = 2.0) -> None:
    """Draw boxes over a picture that was painted at `place`; what lies outside of it is cut off."""
    if not outlines:
        return
    painter.save()
    painter.setClipRect(place)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for shape, colour in outlines:
        painter.setPen(QPen(colour, width))
        painter.drawPolygon(
            QPolygonF(
                [
                    QPointF(place.left() + p.x() * place.width(), place.top() + p.y() * place.height())
                    for p in shape.toList()
                ]
            )
        )
    painter.restore()
