"""A picture with the text that was read in it, as exporters take it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.runtimes.base import Word
from workbench.runtimes.words import runs_to_the_left

Corners = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class TextLine:
    """A line of text.

    Attributes:
        text: its letters and blanks, in the order they are typed.
        score: 0..1.
        corners: four (x, y) in pixels of the picture: upper left, upper right, lower right, lower left as it is read.
        words: its words; a line whose words are not known is one word.
        block: the same number for lines of one paragraph or column.
    """

    text: str
    score: float
    corners: Corners
    words: tuple[Word, ...] = ()
    block: int = 0

    def pieces(self) -> tuple[Word, ...]:
        """The words, or the whole line as one."""
        return self.words or (Word(self.text, self.score, self.corners),)

    @property
    def angle(self) -> float:
        """Degrees by which the line is turned counter-clockwise from level, -180..180."""
        (x0, y0), (x1, y1) = self.corners[0], self.corners[1]
        return math.degrees(math.atan2(y0 - y1, x1 - x0))


@dataclass(frozen=True)
class TextPage:
    """A picture's name and size in pixels, and its lines in the order of reading."""

    name: str
    width: int
    height: int
    lines: tuple[TextLine, ...]

    def blocks(self) -> list[list[TextLine]]:
        """The lines by paragraph or column."""
        found: list[list[TextLine]] = []
        for line in self.lines:
            if found and found[-1][-1].block == line.block:
                found[-1].append(line)
            else:
                found.append([line])
        return found

    def text(self) -> str:
        """A line each, with an empty line between blocks."""
        return "\n\n".join("\n".join(line.text for line in block) for block in self.blocks())

    @property
    def quarter(self) -> int:
        """Quarters of a turn, 0..3, by which most of the text is turned counter-clockwise from level."""
        length = [0.0] * 4
        for line in self.lines:
            length[round(line.angle / 90) % 4] += math.dist(line.corners[0], line.corners[1])
        return length.index(max(length))

    def to_left(self) -> bool:
        """True when it is read from right to left."""
        return runs_to_the_left(line.text for line in self.lines)


def plain_text(pages: Sequence[TextPage]) -> str:
    """The texts of all pages; a form feed before each page but the first, as other programs write it."""
    return "\f".join(f"{page.text()}\n" for page in pages)
