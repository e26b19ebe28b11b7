"""Painted areas on the screen: sampled from their spans at the canvas' size, so that the picture's size does not matter."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QColor, QImage, QPainter

from workbench.data.annotations import Annotation
from workbench.data.painting import Spans, Stacked, Stroke
from workbench.data.shapes import Region
from workbench.gui.editors.picture.document import Document
from workbench.gui.editors.picture.view import View

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_HATCH = 5


@dataclass
class Live:
    """A stroke that is being drawn.

    Attributes:
        owner: id of the area it adds to; 0: a new one; -1: it takes away.
        colour: of what it adds.
        kept: ids of areas it must leave alone.
        only_free: it adds only where nothing is painted.
    """

    stroke: Stroke
    owner: int
    colour: str
    kept: frozenset[int]
    only_free: bool = False


class Masks:
    """The layer of painted areas of a document.

    Attributes:
        strength: how much of the picture the areas cover, 0..1.
        live: the stroke that is being drawn.
    """

    def __init__(self, document: Document, view: View) -> None:
        self._document, self._view = document, view
        self.strength = 0.5
        self.live: Live | None = None
        self._spans: dict[int, tuple[Region, Spans]] = {}
        self._stack: Stacked | None = None
        self._shown: list[Annotation] = []
        self._image = QImage()
        self._stale = True

    # What is asked for -----------------------------------------------------------------------------------------

    def spans_of(self, annotation: Annotation) -> Spans:
        """A painted area as spans, made once."""
        shape = annotation.shape
        assert isinstance(shape, Region)
        width, height = self._document.width, self._document.height
        held = self._spans.get(annotation.id)
        if held is None or (held[0] is not shape and held[0] != shape) or held[1].width != width:
            held = (shape, Spans.of_region(shape, width, height))
            self._spans[annotation.id] = held
        return held[1]

    def labels_changed(self) -> None:
        """Areas were added, taken away, hidden or painted on."""
        self._stack = None
        self._stale = True
        known = {a.id for a in self._document.annotations}
        self._spans = {i: held for i, held in self._spans.items() if i in known}

    def view_changed(self) -> None:
        self._stale = True

    @property
    def empty(self) -> bool:
        return self.live is None and not any(isinstance(a.shape, Region) for a in self._document.shown())

    # Painting --------------------------------------------------------------------------------------------------

    def paint(self, painter: QPainter) -> None:
        if self.empty:
            return
        if self._stale:
            self._render_all()
        painter.drawImage(QPoint(0, 0), self._image)

    def touched(self, window: tuple[int, int, int, int]) -> QRect:
        """The live stroke has reached these pixels. Draws them anew; returns the place on the screen."""
        left, top, right, bottom = window
        rect = self._view.rect(left, top, right, bottom).adjusted(-2, -2, 2, 2).toAlignedRect()
        rect &= QRect(0, 0, self._image.width(), self._image.height())
        if not self._stale and not rect.isEmpty():
            self._render(rect)
        return rect

    def _render_all(self) -> None:
        size = self._view.room.toSize()
        if self._image.size() != size:
            self._image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
        self._stale = False
        self._image.fill(0)
        seen = self._view.frame().adjusted(-1, -1, 1, 1).toAlignedRect() & QRect(0, 0, size.width(), size.height())
        if not seen.isEmpty():
            self._render(seen)

    def _stacked(self) -> Stacked:
        if self._stack is None:
            self._shown = [a for a in self._document.shown() if isinstance(a.shape, Region)]
            self._stack = Stacked.of([self.spans_of(a) for a in self._shown])
        return self._stack

    def _render(self, rect: QRect) -> None:
        """Draw one rectangle of the screen anew: fill, hatching of what is not settled, and a line around each area."""
        import numpy as np

        view, document = self._view, self._document
        # One pixel more on each side, so that lines do not end at the rectangle's edge.
        across = np.arange(rect.left() - 1, rect.right() + 2)
        down = np.arange(rect.top() - 1, rect.bottom() + 2)
        columns = np.floor((across + 0.5 - view.x) / view.scale).astype(np.int64)
        rows = np.floor((down + 0.5 - view.y) / view.scale).astype(np.int64)
        inside_x = (columns >= 0) & (columns < document.width)
        inside_y = (rows >= 0) & (rows < document.height)
        owners = np.zeros((len(rows), len(columns)), np.int32)
        stacked = self._stacked()
        inner = np.ix_(inside_y, inside_x)
        if inside_x.any() and inside_y.any():
            found = stacked.sampled(rows[inside_y], columns[inside_x])
            if self.live is not None:
                found = self._with_live(found, rows[inside_y], columns[inside_x])
            owners[inner] = found
        fills, lines, hatched = self._colours()
        drawn = fills[owners]
        if hatched.any():
            bands = ((across[None, :] + down[:, None]) // _HATCH) % 2 == 0
            drawn[hatched[owners] & bands] = 0
        middle = owners[1:-1, 1:-1]
        edge = (
            (middle != owners[:-2, 1:-1]) | (middle != owners[2:, 1:-1])
            | (middle != owners[1:-1, :-2]) | (middle != owners[1:-1, 2:])
        )  # fmt: skip
        result = np.where(edge, lines[middle], drawn[1:-1, 1:-1])
        width, height = self._image.width(), self._image.height()
        memory = np.frombuffer(self._image.bits(), np.uint32).reshape(height, width)
        memory[rect.top() : rect.bottom() + 1, rect.left() : rect.right() + 1] = result

    def _with_live(self, found: npt.NDArray[np.int32], rows: Any, columns: Any) -> npt.NDArray[np.int32]:
        import numpy as np

        live = self.live
        assert live is not None
        drawn = live.stroke.bits[np.ix_(rows, columns)]
        if live.kept:
            kept = np.array([False, *(a.id in live.kept for a in self._shown)])
            drawn = drawn & ~kept[found]
        if live.owner < 0:
            return np.where(drawn, 0, found).astype(np.int32)
        if live.only_free:
            drawn = drawn & (found == 0)
        place = next((n for n, a in enumerate(self._shown, 1) if a.id == live.owner), len(self._shown) + 1)
        return np.where(drawn, place, found).astype(np.int32)

    def _colours(self) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32], npt.NDArray[np.bool_]]:
        """By owner: colour of the fill, of the line around it (premultiplied), and whether it is hatched."""
        import numpy as np

        fills, lines, hatched = [0], [0], [False]
        chosen = set(self._document.selection)
        for annotation in self._shown:
            colour = QColor(self._document.colour_of(annotation))
            strength = self.strength * (0.8 if annotation.is_proposal else 1.0)
            strength = min(1.0, strength + 0.15) if annotation.id in chosen else strength
            fills.append(_premultiplied(colour, strength))
            lines.append(_premultiplied(QColor("#ffffff") if annotation.id in chosen else colour, 1.0))
            hatched.append(annotation.is_proposal or annotation.ignored)
        if self.live is not None:
            fills.append(_premultiplied(QColor(self.live.colour), self.strength))
            lines.append(_premultiplied(QColor(self.live.colour), 1.0))
            hatched.append(False)
        return np.array(fills, np.uint32), np.array(lines, np.uint32), np.array(hatched)


def _premultiplied(colour: QColor, strength: float) -> int:
    alpha = max(0, min(255, math.floor(strength * 255 + 0.5)))
    red, green, blue = (value * alpha // 255 for value in (colour.red(), colour.green(), colour.blue()))
    return alpha << 24 | red << 16 | green << 8 | blue


def union(areas: Iterable[Spans], width: int, height: int) -> Spans:
    """What is painted in any of them."""
    found = Spans.none(width, height)
    for area in areas:
        found = found.joined_with(area)
    return found
