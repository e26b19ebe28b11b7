"""Painting pixels: what a brush adds and an eraser takes away, at the cost of what is touched, not of the picture's size.

Painted pixels are held as spans of rows. Joining and cutting them is one sweep over the sorted ends of their spans, so
that a stroke in a picture of 50 million points takes milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.data.shapes import Point, Polygon, Region

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Bits = npt.NDArray[np.bool_]
    Places = npt.NDArray[np.int64]

Window = tuple[int, int, int, int]
"""left, top, right, bottom in whole pixels; right and bottom are one past the last."""


@dataclass(frozen=True, eq=False)
class Spans:
    """Painted pixels of a picture.

    Attributes:
        width, height: of the picture.
        starts, ends: int64 [N], pixels counted row by row over the whole picture; `ends` are one past the last. Sorted,
            none is empty, none crosses the end of a row, and two in one row never touch.
    """

    width: int
    height: int
    starts: Places
    ends: Places

    # From and to other forms -------------------------------------------------------------------------------------

    @classmethod
    def none(cls, width: int, height: int) -> Spans:
        """Nothing painted."""
        import numpy as np

        empty = np.zeros(0, np.int64)
        return cls(width, height, empty, empty)

    @classmethod
    def of_region(cls, region: Region, width: int, height: int) -> Spans:
        """A region in its picture; what lies outside is cut off."""
        import numpy as np

        edges = np.cumsum(np.asarray(region.runs, np.int64))
        count = len(edges) // 2
        starts, ends = edges[0 : 2 * count : 2], edges[1 : 2 * count : 2]
        kept = ends > starts
        starts, ends = _by_rows(starts[kept], ends[kept], region.width)
        rows = starts // region.width
        left = starts - rows * region.width + region.x
        right = ends - rows * region.width + region.x
        rows = rows + region.y
        left, right = np.maximum(left, 0), np.minimum(right, width)
        kept = (right > left) & (rows >= 0) & (rows < height)
        rows, left, right = rows[kept], left[kept], right[kept]
        return cls(width, height, rows * width + left, rows * width + right)._joined()

    @classmethod
    def of_bits(cls, bits: Bits, left: int, top: int, width: int, height: int) -> Spans:
        """A block of pixels (bool [h, w], its corner at `left`, `top`), which must lie inside the picture."""
        import numpy as np

        rows, columns = bits.shape
        if not rows or not columns:
            return cls.none(width, height)
        padded = np.zeros((rows, columns + 2), np.int8)
        padded[:, 1:-1] = bits
        steps = np.diff(padded, axis=1)
        at_row, at_column = np.nonzero(steps == 1)
        _, after = np.nonzero(steps == -1)
        base = (at_row + top).astype(np.int64) * width + left
        return cls(width, height, base + at_column, base + after)

    @classmethod
    def of_polygon(cls, polygon: Polygon, width: int, height: int) -> Spans:
        """The pixels whose middles lie inside any part of an outline: what `shapes.shape_bits` gives, without its bits."""
        found = cls.none(width, height)
        for part in polygon.parts:
            found = found.joined_with(_filled(part, width, height))
        return found

    def region(self) -> Region | None:
        """As a region: the smallest window that holds them; None when nothing is painted."""
        import numpy as np

        if not self.starts.size:
            return None
        left, top, right, bottom = self.window()
        width, height = right - left, bottom - top
        rows = self.starts // self.width
        starts = (rows - top) * width + (self.starts - rows * self.width - left)
        ends = starts + (self.ends - self.starts)
        apart = np.ones(len(starts), np.bool_)
        apart[1:] = starts[1:] != ends[:-1]  # a row filled to its end goes on in the next
        starts, ends = starts[apart], ends[np.append(apart[1:], True)]
        edges = np.empty(2 * len(starts) + 1, np.int64)
        edges[0] = 0
        edges[1::2], edges[2::2] = starts, ends
        runs = np.diff(edges).tolist()
        rest = width * height - int(ends[-1])
        return Region(left, top, width, height, tuple([*runs, rest] if rest else runs))

    # Asking ------------------------------------------------------------------------------------------------------

    def window(self) -> Window:
        """The smallest window that holds them; all zero when nothing is painted."""
        if not self.starts.size:
            return 0, 0, 0, 0
        rows = self.starts // self.width
        base = rows * self.width
        return (
            int((self.starts - base).min()), int(rows[0]), int((self.ends - base).max()), int(rows[-1]) + 1,
        )  # fmt: skip

    def area(self) -> int:
        return int((self.ends - self.starts).sum())

    def has(self, x: int, y: int) -> bool:
        """Is this pixel painted?"""
        import numpy as np

        if not (0 <= x < self.width and 0 <= y < self.height):
            return False
        place = y * self.width + x
        before = int(np.searchsorted(self.starts, place, "right")) - 1
        return before >= 0 and place < int(self.ends[before])

    def sampled(self, rows: Places, columns: Places) -> Bits:
        """Which of these pixels are painted, as bool [len(rows), len(columns)].

        Args:
            rows, columns: int64, never falling: the picture's pixels that stand for those of a smaller or larger drawing.
        """
        import numpy as np

        inside = np.ones(len(self.starts), np.int8)
        return _sampled(self.starts, self.ends, inside, self.width, rows, columns).view(np.bool_)

    # Changing ----------------------------------------------------------------------------------------------------

    def joined_with(self, other: Spans) -> Spans:
        """What is painted in either."""
        return self._combined(other, lambda mine, theirs: mine | theirs)

    def without(self, other: Spans) -> Spans:
        """What is painted here and not there."""
        return self._combined(other, lambda mine, theirs: mine & ~theirs)

    def shared_with(self, other: Spans) -> Spans:
        """What is painted in both."""
        return self._combined(other, lambda mine, theirs: mine & theirs)

    def _combined(self, other: Spans, keep: Callable[[Bits, Bits], Bits]) -> Spans:
        import numpy as np

        edges = np.unique(np.concatenate((self.starts, self.ends, other.starts, other.ends)))
        if not edges.size:
            return self
        inside = np.zeros(len(edges) + 1, np.bool_)
        inside[:-1] = keep(self._covers(edges), other._covers(edges))
        changes = np.flatnonzero(np.diff(inside, prepend=False))
        places = np.append(edges, edges[-1])[changes]
        starts, ends = _by_rows(places[0::2], places[1::2], self.width)
        return Spans(self.width, self.height, starts, ends)

    def _covers(self, places: Places) -> Bits:
        import numpy as np

        found: Bits = np.searchsorted(self.starts, places, "right") > np.searchsorted(self.ends, places, "right")
        return found

    def _joined(self) -> Spans:
        """The same with neighbours that touch made one."""
        return self.joined_with(Spans.none(self.width, self.height))


def _sampled(
    starts: Places, ends: Places, values: npt.NDArray[Any], width: int, rows: Places, columns: Places
) -> npt.NDArray[Any]:
    """The values of spans at pixels: [len(rows), len(columns)] of the values' type, 0 where there is no span."""
    import numpy as np

    nothing = np.zeros((len(rows), len(columns)), values.dtype)
    if not nothing.size or not starts.size:
        return nothing
    wanted, back = np.unique(rows, return_inverse=True)
    first = np.searchsorted(starts, wanted * width)
    counts = np.searchsorted(starts, (wanted + 1) * width) - first
    total = int(counts.sum())
    if not total:
        return nothing
    line = np.repeat(np.arange(len(wanted)), counts)
    which = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts) + first[line]
    base = wanted[line] * width
    begins = np.searchsorted(columns, starts[which] - base)
    finishes = np.searchsorted(columns, ends[which] - base)
    kept = finishes > begins
    line, begins, finishes, value = line[kept], begins[kept], finishes[kept], values[which[kept]]
    # Kept spans of a row do not overlap, so neither of the two lines below names a place twice.
    steps = np.zeros((len(wanted), len(columns) + 1), values.dtype)
    steps[line, begins] += value
    steps[line, finishes] -= value
    drawn = np.cumsum(steps[:, :-1], axis=1, dtype=values.dtype)
    return drawn if len(wanted) == len(rows) else drawn[back]


def _by_rows(starts: Places, ends: Places, width: int) -> tuple[Places, Places]:
    """Spans cut where rows end."""
    import numpy as np

    first, last = starts // width, (ends - 1) // width
    pieces = last - first + 1
    if not (pieces > 1).any():
        return starts, ends
    which = np.repeat(np.arange(len(starts)), pieces)
    row = first[which] + np.arange(len(which)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    return np.maximum(starts[which], row * width), np.minimum(ends[which], (row + 1) * width)


def _filled(points: tuple[Point, ...], width: int, height: int) -> Spans:
    """Even-odd filling through the pixels' middles, all rows at once."""
    import numpy as np

    corners = np.asarray(points, np.float64)
    ahead = np.roll(corners, -1, axis=0)
    low = np.minimum(corners[:, 1], ahead[:, 1])
    high = np.maximum(corners[:, 1], ahead[:, 1])
    # A row meets an edge when low <= row + 0.5 < high, so that a corner is met once.
    first = np.clip(np.ceil(low - 0.5), 0, height).astype(np.int64)
    last = np.clip(np.ceil(high - 0.5), 0, height).astype(np.int64)
    counts = np.maximum(last - first, 0)
    total = int(counts.sum())
    if not total:
        return Spans.none(width, height)
    edge = np.repeat(np.arange(len(corners)), counts)
    rows = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
    a, b = corners[edge], ahead[edge]
    xs = a[:, 0] + (rows + 0.5 - a[:, 1]) * (b[:, 0] - a[:, 0]) / (b[:, 1] - a[:, 1])
    order = np.lexsort((xs, rows))
    rows = rows[order][0::2]
    columns = np.clip(np.ceil(xs[order] - 0.5), 0, width).astype(np.int64)
    left, right = columns[0::2], columns[1::2]
    kept = right > left
    base = rows[kept] * width
    return Spans(width, height, base + left[kept], base + right[kept])._joined()


class Stroke:
    """One stroke of a round brush, from pressing to letting go.

    Attributes:
        bits: bool [height, width]; the memory of what is not touched is never taken.
        window: what was touched so far.
    """

    def __init__(self, width: int, height: int, size: int) -> None:
        """`size`: the brush's diameter in pixels, 1 or more."""
        import numpy as np

        self.width, self.height, self.size = width, height, max(1, size)
        self.bits: Bits = np.zeros((height, width), np.bool_)
        self.window: Window = (width, height, 0, 0)
        self._at: Point | None = None

    def to(self, x: float, y: float) -> Window:
        """Draw on to this place (in pixels, between them too). Returns the window that was touched by it."""
        at = self._settled(x, y)
        begin = self._at or at
        self._at = at
        touched = self._line(begin, at)
        if touched[2] > touched[0] and touched[3] > touched[1]:
            left, top, right, bottom = self.window
            self.window = (min(left, touched[0]), min(top, touched[1]), max(right, touched[2]), max(bottom, touched[3]))
        return touched

    def spans(self) -> Spans:
        """What was touched."""
        left, top, right, bottom = self.window
        if right <= left or bottom <= top:
            return Spans.none(self.width, self.height)
        return Spans.of_bits(self.bits[top:bottom, left:right], left, top, self.width, self.height)

    def _settled(self, x: float, y: float) -> Point:
        """Odd brushes sit on pixels, even ones between them: a dab looks the same wherever it is set."""
        if self.size % 2:
            return math.floor(x) + 0.5, math.floor(y) + 0.5
        return float(round(x)), float(round(y))

    def _line(self, begin: Point, end: Point) -> Window:
        """All pixels whose middles are no farther from the line than half the brush's size."""
        import numpy as np

        radius = self.size / 2
        left = max(0, math.floor(min(begin[0], end[0]) - radius))
        top = max(0, math.floor(min(begin[1], end[1]) - radius))
        right = min(self.width, math.ceil(max(begin[0], end[0]) + radius))
        bottom = min(self.height, math.ceil(max(begin[1], end[1]) + radius))
        if right <= left or bottom <= top:
            return 0, 0, 0, 0
        xs = np.arange(left, right) + 0.5 - begin[0]
        ys = (np.arange(top, bottom) + 0.5 - begin[1])[:, None]
        dx, dy = end[0] - begin[0], end[1] - begin[1]
        length = dx * dx + dy * dy
        along = np.clip((xs * dx + ys * dy) / length, 0.0, 1.0) if length else 0.0
        near = (xs - along * dx) ** 2 + (ys - along * dy) ** 2 <= radius * radius + 1e-9
        self.bits[top:bottom, left:right] |= near
        return left, top, right, bottom


def flooded(walls: Spans, x: int, y: int) -> Spans | None:
    """The unpainted pixels around a place, up to what is painted or the picture's edge: flood filling over four
    neighbours, span by span (as in Smith 1979, "Tint fill"). Takes a while where much is painted: call it in a job.

    Returns:
        None when the place is painted itself, or lies outside of the picture.
    """
    import numpy as np

    width, height = walls.width, walls.height
    if not (0 <= x < width and 0 <= y < height) or walls.has(x, y):
        return None
    rows = np.arange(height, dtype=np.int64) * width
    free = Spans(width, height, rows, rows + width).without(walls)
    # In the next row, the spans that end after this one begins and begin before it ends.
    first = np.searchsorted(free.ends, free.starts + width, "right").tolist()
    last = np.searchsorted(free.starts, free.ends + width).tolist()
    above_first = np.searchsorted(free.ends, free.starts - width, "right").tolist()
    above_last = np.searchsorted(free.starts, free.ends - width).tolist()
    seed = int(np.searchsorted(free.starts, y * width + x, "right")) - 1
    reached = bytearray(len(free.starts))
    reached[seed] = 1
    waiting = [seed]
    while waiting:
        span = waiting.pop()
        for begin, end in ((first[span], last[span]), (above_first[span], above_last[span])):
            for other in range(begin, end):
                if not reached[other]:
                    reached[other] = 1
                    waiting.append(other)
    kept = np.frombuffer(reached, np.uint8) > 0
    return Spans(width, height, free.starts[kept], free.ends[kept])


@dataclass(frozen=True, eq=False)
class Stacked:
    """Painted areas one over the other, each pixel belonging to the topmost.

    Attributes:
        starts, ends: int64 [N], as in `Spans`; neighbours may touch.
        owners: int32 [N], place of the area in what was stacked, counted from 1.
    """

    width: int
    starts: Places
    ends: Places
    owners: npt.NDArray[np.int32]

    @classmethod
    def of(cls, areas: Sequence[Spans]) -> Stacked:
        """Areas from bottom to top; all of one picture."""
        import numpy as np

        if not areas:
            nothing = np.zeros(0, np.int64)
            return cls(1, nothing, nothing, np.zeros(0, np.int32))
        width = areas[0].width
        starts = np.concatenate([a.starts for a in areas])
        ends = np.concatenate([a.ends for a in areas])
        owner = np.repeat(np.arange(1, len(areas) + 1, dtype=np.int32), [len(a.starts) for a in areas])
        edges = np.unique(np.concatenate((starts, ends)))
        first, last = np.searchsorted(edges, starts), np.searchsorted(edges, ends)
        counts = last - first
        # Between two edges everything is alike. Later areas are named later, and the last one named stays.
        pieces = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
        owners = np.zeros(max(1, len(edges)), np.int32)
        owners[pieces] = np.repeat(owner, counts)
        held = np.flatnonzero(owners[:-1]) if len(edges) > 1 else np.zeros(0, np.int64)
        return cls(width, edges[held], edges[held + 1], owners[held])

    def sampled(self, rows: Places, columns: Places) -> npt.NDArray[np.int32]:
        """The owners of these pixels (as `Spans.sampled`) as int32 [len(rows), len(columns)]; 0 where there is none."""

        return _sampled(self.starts, self.ends, self.owners, self.width, rows, columns)
