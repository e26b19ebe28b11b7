"""The words of a picture as text that can be selected: places, order and what is chosen. No painting, no events."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPolygonF

from workbench.runtimes.base import Word
from workbench.tasks.predictions import Box


@dataclass(frozen=True)
class PlacedWord:
    """A word; `line`: place of its line among the boxes; `shape`: in pixels of the picture."""

    word: Word
    line: int
    shape: QPolygonF


class TextLayer:
    """Words in the order of reading, and a selection among them.

    Args:
        boxes: lines that were read, in the order of reading, in pixels of the picture.

    Attributes:
        words: all of them.
        line: place of the chosen line; -1 for none.
    """

    def __init__(self, boxes: Sequence[Box]) -> None:
        self.boxes = tuple(boxes)
        self.words: list[PlacedWord] = []
        for number, box in enumerate(self.boxes):
            # A line whose words are not known is one word.
            for word in box.words or (Word(box.label, box.score, box.corners()),):
                self.words.append(PlacedWord(word, number, _polygon(word.corners)))
        self.lines = [_polygon(box.corners()) for box in self.boxes]
        self.line = -1
        self._anchor = -1
        self._head = -1

    # Selecting -----------------------------------------------------------------------------------------------------------

    @property
    def selected(self) -> range:
        """Places of the selected words."""
        if self._anchor < 0 or self._head < 0:
            return range(0)
        return range(min(self._anchor, self._head), max(self._anchor, self._head) + 1)

    def begin(self, word: int) -> None:
        """Start anew at a word; -1 clears."""
        self._anchor = self._head = word

    def reach(self, word: int) -> None:
        """From where the selection began to this word."""
        if self._anchor < 0:
            self._anchor = word
        self._head = word

    def step(self, words: int) -> None:
        """Move the selection's end by so many words."""
        if not self.words:
            return
        if self._head < 0:
            start = self.words_of(self.line)
            self.begin(start[0] if start else 0)
        else:
            self._head = min(len(self.words) - 1, max(0, self._head + words))

    def step_line(self, lines: int) -> None:
        """Move the selection's end to the word that stands nearest above or below it."""
        if self._head < 0:
            self.step(0)
            return
        here = self.words[self._head]
        wanted = here.line + lines
        beside = self.words_of(wanted)
        if beside:
            at = here.shape.boundingRect().center()
            self._head = min(beside, key=lambda i: abs(self.words[i].shape.boundingRect().center().x() - at.x()))
        else:
            self._head = 0 if lines < 0 else len(self.words) - 1

    def select_all(self) -> None:
        if self.words:
            self._anchor, self._head = 0, len(self.words) - 1

    def select_line(self, line: int) -> None:
        places = self.words_of(line)
        if places:
            self._anchor, self._head = places[0], places[-1]

    def words_of(self, line: int) -> list[int]:
        """Places of a line's words."""
        return [i for i, placed in enumerate(self.words) if placed.line == line]

    def selected_text(self) -> str:
        """As it is pasted: blanks, line ends and an empty line between paragraphs as they were read."""
        parts: list[str] = []
        last: PlacedWord | None = None
        for place in self.selected:
            placed = self.words[place]
            if last is not None and placed.line != last.line:
                same = self.boxes[placed.line].block == self.boxes[last.line].block
                parts.append("\n" if same else "\n\n")
            elif last is not None and last.word.blank_after:
                parts.append(" ")
            parts.append(placed.word.text)
            last = placed
        return "".join(parts)

    def selected_shapes(self) -> list[QPolygonF]:
        """One band per line, from its first selected word to its last, without holes between them."""
        ends: dict[int, tuple[PlacedWord, PlacedWord]] = {}
        for place in self.selected:
            placed = self.words[place]
            # By where they stand and not by what is read first: some scripts run to the left.
            first, last = ends.get(placed.line, (placed, placed))
            first = placed if _along(placed, first) < 0 else first
            last = placed if _along(placed, last) > 0 else last
            ends[placed.line] = first, last
        return [
            QPolygonF([first.shape.at(0), last.shape.at(1), last.shape.at(2), first.shape.at(3)])
            for first, last in ends.values()
        ]

    # Finding -------------------------------------------------------------------------------------------------------------

    def word_at(self, point: QPointF) -> int:
        """The word under a point of the picture; -1 for none."""
        rule = Qt.FillRule.OddEvenFill
        return next((i for i, placed in enumerate(self.words) if placed.shape.containsPoint(point, rule)), -1)

    def line_at(self, point: QPointF) -> int:
        """The line under a point of the picture; -1 for none."""
        rule = Qt.FillRule.OddEvenFill
        return next((i for i, shape in enumerate(self.lines) if shape.containsPoint(point, rule)), -1)

    def nearest(self, point: QPointF) -> int:
        """The word a selection reaches when the pointer is here: of the nearest line, the nearest word; -1 for none."""
        if not self.words:
            return -1
        line = min(range(len(self.lines)), key=lambda i: _distance(self.lines[i], point))
        return min(self.words_of(line), key=lambda i: _distance(self.words[i].shape, point), default=-1)


def _polygon(corners: Sequence[tuple[float, float]]) -> QPolygonF:
    return QPolygonF([QPointF(x, y) for x, y in corners])


def _along(word: PlacedWord, other: PlacedWord) -> float:
    """How far a word stands behind another one in the direction of their line."""
    direction = other.shape.at(1) - other.shape.at(0)
    return QPointF.dotProduct(word.shape.at(0) - other.shape.at(0), direction)


def _distance(shape: QPolygonF, point: QPointF) -> float:
    """From a point to a polygon; 0 inside."""
    if shape.containsPoint(point, Qt.FillRule.OddEvenFill):
        return 0.0
    corners = [shape.at(i) for i in range(shape.size())]
    return min(_to_side(point, a, b) for a, b in zip(corners, corners[1:] + corners[:1], strict=True))


def _to_side(point: QPointF, a: QPointF, b: QPointF) -> float:
    side = b - a
    long = QPointF.dotProduct(side, side)
    share = min(1.0, max(0.0, QPointF.dotProduct(point - a, side) / long)) if long else 0.0
    off = point - (a + side * share)
    return math.hypot(off.x(), off.y())
