"""In which order the lines of a page are read: columns, rows, paragraphs; on pages that lie askew, too.

A cut of the page into columns and rows (after Nagy & Seth 1984), made tolerant of photos: the page is turned so that
its lines run level, the gap between two columns may lean, and headings across columns part what is above from what
is below. Cells of tables and bills are told from columns of running text and are read row by row.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.runtimes.words import runs_to_the_left

if TYPE_CHECKING:
    from workbench.runtimes.base import Floats

# Lines whose middles lie closer than this share of their height stand in one row.
_ROW = 0.5
# A column has at least so many lines; lines of running text are at least so many times wider than high.
_COLUMN_LINES = 3
_RUNNING = 6.0
# How far the gap between columns may lean: sideways per step down.
_LEANS = tuple(n * 0.04 for n in (0, -1, 1, -2, 2, -3, 3, -4, 4))
# More lines than this are not looked at for columns: the work grows with the square.
_MOST_LINES = 1500
# A step between lines so many times the usual one begins a paragraph.
_PARAGRAPH = 1.4


@dataclass(frozen=True)
class Order:
    """`order`: places of the lines in the order of reading; `blocks`: for each of `order`, the number of its block."""

    order: list[int]
    blocks: list[int]


@dataclass(frozen=True)
class _Lines:
    """The lines in a frame where the page's text runs level to the right: all float [N].

    Attributes:
        x0, x1: left and right end.
        x, y: the middle.
        height: of the letters, not of the box around a line that lies askew.
        slope: down per step to the right.
        to_left: the text runs from right to left.
    """

    x0: Any
    x1: Any
    x: Any
    y: Any
    height: Any
    slope: Any
    to_left: bool


def reading_order(corners: Floats, texts: Sequence[str] = ()) -> Order:
    """The order of lines.

    Args:
        corners: float [N, 4, 2], each line's upper left, upper right, lower right and lower left corner as it is read.
        texts: what the lines say; tells whether the page is read from right to left.
    """
    import numpy as np

    points = np.asarray(corners, np.float64).reshape(-1, 4, 2)
    if not len(points):
        return Order([], [])
    lines, with_page = _levelled(points, runs_to_the_left(texts))
    blocks = _cut(lines, [i for i in range(len(points)) if with_page[i]])
    # What runs another way than the page (a note in the margin) is read at the end.
    others = [i for i in range(len(points)) if not with_page[i]]
    blocks += [[i] for i in sorted(others, key=lambda i: (float(lines.y[i]), float(lines.x[i])))]
    order = [i for block in blocks for i in block]
    return Order(order, [number for number, block in enumerate(blocks) for _ in block])


def rows(corners: Floats, to_left: bool = False) -> list[list[int]]:
    """Lines (or words) that stand beside each other, from above to below, each row in the order of reading.

    `corners`: as for `reading_order`.
    """
    import numpy as np

    points = np.asarray(corners, np.float64).reshape(-1, 4, 2)
    if not len(points):
        return []
    lines, _ = _levelled(points, to_left)
    return _rows(lines, list(range(len(points))))


def _levelled(corners: Any, to_left: bool) -> tuple[_Lines, Any]:
    """The lines in the page's own frame, and which of them run with the page (bool [N])."""
    import numpy as np

    along = (corners[:, 1] - corners[:, 0] + corners[:, 2] - corners[:, 3]) / 2
    length = np.linalg.norm(along, axis=1)
    towards = along / np.maximum(length, 1e-6)[:, None]
    # The page runs as most of its text does; long lines count more.
    alike = towards @ towards.T > math.sqrt(0.5)
    mean = along[alike[int(np.argmax(alike @ length))]].sum(0)
    with_page = towards @ mean > math.sqrt(0.5) * np.linalg.norm(mean)
    angle = math.atan2(mean[1], mean[0])
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    points = corners @ turn
    along = along @ turn
    down = (corners[:, 3] - corners[:, 0] + corners[:, 2] - corners[:, 1]) / 2
    height = np.maximum(np.linalg.norm(down, axis=1), 1e-6)
    # A short line's own slope is mostly chance.
    slope = np.where(length > 3 * height, along[:, 1] / np.where(along[:, 0] == 0, 1, along[:, 0]), 0.0)
    x0, x1 = points[:, :, 0].min(1), points[:, :, 0].max(1)
    middle = points.mean(1)
    return _Lines(x0, x1, middle[:, 0], middle[:, 1], height, np.clip(slope, -1, 1), to_left), with_page


def _cut(lines: _Lines, those: list[int]) -> list[list[int]]:
    """Blocks of lines in the order of reading."""
    those = sorted(those, key=lambda i: float(lines.y[i]))
    found = _columns(lines, those) if 2 * _COLUMN_LINES <= len(those) <= _MOST_LINES else None
    if found is None:
        return _paragraphs(lines, _rows(lines, those))
    blocks: list[list[int]] = []
    for part in found:
        for column in part:
            blocks += _cut(lines, column)
    return blocks


def _columns(lines: _Lines, those: list[int]) -> list[list[list[int]]] | None:
    """The best cut of lines (sorted from above to below) along one gap: parts from above to below, each of one set of
    lines or of two columns. None when there are no columns."""
    import numpy as np

    x0, x1, y = lines.x0[those], lines.x1[those], lines.y[those]
    loose = 0.25 * float(np.median(lines.height[those]))
    candidates: list[tuple[int, float, Any]] = []
    for lean in _LEANS:
        left_end, right_start = x1 - lean * y, x0 - lean * y
        gaps = np.unique(left_end)[:-1, None]
        left = left_end[None] <= gaps + loose
        right = ~left & (right_start[None] >= gaps - loose)
        enough = (left.sum(1) >= _COLUMN_LINES) & (right.sum(1) >= _COLUMN_LINES)
        for to_left, to_right in zip(left[enough], right[enough], strict=True):
            width = float(right_start[to_right].min() - left_end[to_left].max())
            # 1: left of the gap, 2: right of it, 0: across.
            candidates.append((int(to_left.sum() + to_right.sum()), width, to_left + 2 * to_right))
    # The fewest lines across first; of two cuts that are as good, the one along the wider gap.
    candidates.sort(key=lambda c: c[:2], reverse=True)
    best: list[list[list[int]]] | None = None
    most = 0
    for possible, _width, side in candidates:
        if possible <= most:
            break
        parts, gained = _parts(lines, those, side)
        if gained > most:
            best, most = parts, gained
    return best


def _parts(lines: _Lines, those: list[int], side: Any) -> tuple[list[list[list[int]]], int]:
    """Cut at the lines across the gap; and how many lines stand in columns then."""
    parts: list[list[list[int]]] = []
    rest: list[int] = []
    gained = 0
    zone: list[tuple[int, int]] = []

    def close() -> None:
        nonlocal zone, rest, gained
        left, right = ([i for i, s in zone if s == wanted] for wanted in (1, 2))
        if _are_columns(lines, left, right):
            if rest:
                parts.append([rest])
            parts.append([right, left] if lines.to_left else [left, right])
            gained += len(zone)
            rest = []
        else:
            rest += [i for i, _ in zone]
        zone = []

    for index, where in zip(those, side.tolist(), strict=True):
        if where:
            zone.append((index, where))
        else:
            close()
            rest.append(index)
    close()
    if rest:
        parts.append([rest])
    return parts, gained


def _are_columns(lines: _Lines, left: list[int], right: list[int]) -> bool:
    """Columns of text, not cells of a table: long lines, or lines that do not stand in common rows."""
    import numpy as np

    if min(len(left), len(right)) < _COLUMN_LINES:
        return False
    tops, ends = ([float(f(lines.y[side])) for side in (left, right)] for f in (np.min, np.max))
    beside = min(ends) - max(tops)
    if beside < 0.5 * min(ends[0] - tops[0], ends[1] - tops[1]):
        return False  # one above the other
    running = all(
        float(np.median((lines.x1[side] - lines.x0[side]) / lines.height[side])) >= _RUNNING for side in (left, right)
    )
    return running or _in_common_rows(lines, left, right) < 0.5


def _in_common_rows(lines: _Lines, left: list[int], right: list[int]) -> float:
    """Share of the shorter side's lines that have one of the other side at the same height."""
    import numpy as np

    few, many = (left, right) if len(left) <= len(right) else (right, left)
    expected = lines.y[few][:, None] + lines.slope[few][:, None] * (lines.x[many][None] - lines.x[few][:, None])
    apart = np.abs(expected - lines.y[many][None]).min(1)
    return float((apart < 0.25 * lines.height[few]).mean())


def _rows(lines: _Lines, those: list[int]) -> list[list[int]]:
    found: list[list[int]] = []
    for index in sorted(those, key=lambda i: float(lines.y[i])):
        # Only the last rows can still be meant; several, because a slanting row ends above the next one's start.
        home = next((row for row in reversed(found[-6:]) if _stands_in(lines, index, row)), None)
        if home is None:
            found.append([index])
        else:
            home.append(index)
    sign = -1 if lines.to_left else 1
    return [sorted(row, key=lambda i: sign * float(lines.x[i])) for row in found]


def _stands_in(lines: _Lines, index: int, row: list[int]) -> bool:
    """Is this line level with its nearest neighbour of the row, and not above or below any of it?"""
    near = min(row, key=lambda i: abs(float(lines.x[i] - lines.x[index])))
    slope = lines.slope[near] if lines.slope[near] else lines.slope[index]
    apart = abs(float(lines.y[index] - lines.y[near] - slope * (lines.x[index] - lines.x[near])))
    if apart >= _ROW * float(lines.height[near] + lines.height[index]) / 2:
        return False
    for other in row:
        over = min(lines.x1[index], lines.x1[other]) - max(lines.x0[index], lines.x0[other])
        if over > 0.3 * min(lines.x1[index] - lines.x0[index], lines.x1[other] - lines.x0[other]):
            return False
    return True


def _paragraphs(lines: _Lines, found: list[list[int]]) -> list[list[int]]:
    """Rows put together to blocks: a wide step or another size of letters begins a new one."""
    import numpy as np

    if not found:
        return []
    middles = [float(lines.y[row].mean()) for row in found]
    heights = [float(np.median(lines.height[row])) for row in found]
    steps = np.diff(middles)
    usual = float(np.median(steps)) if len(steps) > 1 else 2 * heights[0]
    blocks = [list(found[0])]
    for number, row in enumerate(found[1:], 1):
        taller = max(heights[number - 1 : number + 1]) / min(heights[number - 1 : number + 1])
        if steps[number - 1] > max(_PARAGRAPH * usual, heights[number]) or taller > 1.6:
            blocks.append([])
        blocks[-1] += row
    return blocks
