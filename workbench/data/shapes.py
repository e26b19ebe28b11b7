"""Places inside an item: what a label can be put on besides the whole item.

A small closed family of plain records. Pixels count from the upper left corner of the picture as it is shown (after the
camera's orientation is applied); x grows to the right, y downwards; the first pixel covers 0..1. Nothing here imports
NumPy at module level, so that lists of shapes stay cheap to read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from workbench.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Bits = npt.NDArray[np.bool_]  # [H, W]

Point = tuple[float, float]
_MOST_POINTS = 100_000


@dataclass(frozen=True)
class Whole:
    """The item as a whole: for words that belong to it (a transcript, a summary), or one of several classes."""

    kind: ClassVar[str] = "whole"


@dataclass(frozen=True)
class BoxShape:
    """An upright rectangle. Edges in pixels, x0 < x1 and y0 < y1."""

    x0: float
    y0: float
    x1: float
    y1: float
    kind: ClassVar[str] = "box"


@dataclass(frozen=True)
class Polygon:
    """One or more closed outlines in pixels, each of three or more points; a point is inside when it lies in any."""

    parts: tuple[tuple[Point, ...], ...]
    kind: ClassVar[str] = "polygon"


@dataclass(frozen=True)
class Region:
    """Painted pixels, as runs inside a window of the picture.

    Attributes:
        x, y, width, height: the window, in whole pixels.
        runs: lengths of alternating runs, not painted first, over the window row by row; they sum to width * height.
    """

    x: int
    y: int
    width: int
    height: int
    runs: tuple[int, ...]
    kind: ClassVar[str] = "region"


@dataclass(frozen=True)
class TextSpan:
    """Characters `start` to `end` (one past the last) of a text, counted in Unicode code points."""

    start: int
    end: int
    kind: ClassVar[str] = "span"


@dataclass(frozen=True)
class Clip:
    """Seconds `begins` to `ends` of a recording; `low` and `high` in Hz where only a band is meant (0, 0: all)."""

    begins: float
    ends: float
    low: float = 0.0
    high: float = 0.0
    kind: ClassVar[str] = "clip"


Shape = Whole | BoxShape | Polygon | Region | TextSpan | Clip
PICTURE_SHAPES = (BoxShape, Polygon, Region)


def to_record(shape: Shape) -> list[Any]:
    """A shape as plain JSON, its kind first."""
    match shape:
        case BoxShape():
            return ["box", shape.x0, shape.y0, shape.x1, shape.y1]
        case Polygon():
            return ["polygon", *([v for point in part for v in point] for part in shape.parts)]
        case Region():
            return ["region", shape.x, shape.y, shape.width, shape.height, list(shape.runs)]
        case TextSpan():
            return ["span", shape.start, shape.end]
        case Clip():
            return ["clip", shape.begins, shape.ends, shape.low, shape.high]
        case Whole():
            return ["whole"]


def from_record(record: Sequence[Any]) -> Shape:
    """What `to_record` wrote. Raises: UserError when it is none."""
    try:
        kind, *rest = record
        if kind == "box":
            return BoxShape(*(float(v) for v in rest))
        if kind == "polygon":
            return Polygon(tuple(tuple(zip(part[::2], part[1::2], strict=True)) for part in rest))
        if kind == "region":
            x, y, width, height = (int(v) for v in rest[:4])
            return Region(x, y, width, height, tuple(int(v) for v in rest[4]))
        if kind == "span":
            return TextSpan(int(rest[0]), int(rest[1]))
        if kind == "clip":
            return Clip(*(float(v) for v in rest))
        if kind == "whole":
            return Whole()
    except (TypeError, ValueError, IndexError) as error:
        raise UserError("A label's place cannot be read.", "The project may be damaged; restore a backup.") from error
    raise UserError("A label's place is of a kind this version does not know.", "Update the app.")


# Geometry ----------------------------------------------------------------------------------------------------------


def bounds(shape: Shape) -> tuple[float, float, float, float]:
    """x0, y0, x1, y1 of a shape in a picture. Raises: TypeError for shapes that lie in no picture."""
    match shape:
        case BoxShape():
            return shape.x0, shape.y0, shape.x1, shape.y1
        case Polygon():
            xs = [x for part in shape.parts for x, _ in part]
            ys = [y for part in shape.parts for _, y in part]
            return min(xs), min(ys), max(xs), max(ys)
        case Region():
            return shape.x, shape.y, shape.x + shape.width, shape.y + shape.height
    raise TypeError(f"a {shape.kind} has no bounds in a picture")


def area(shape: Shape) -> float:
    """Square pixels; overlapping parts of a polygon count twice. Raises: TypeError as `bounds`."""
    match shape:
        case BoxShape():
            return (shape.x1 - shape.x0) * (shape.y1 - shape.y0)
        case Polygon():
            return sum(abs(_signed_area(part)) for part in shape.parts)
        case Region():
            return float(sum(shape.runs[1::2]))
    raise TypeError(f"a {shape.kind} has no area")


def _signed_area(points: Sequence[Point]) -> float:
    """Shoelace formula."""
    total = 0.0
    for (x0, y0), (x1, y1) in zip(points, (*points[1:], points[0]), strict=True):
        total += x0 * y1 - x1 * y0
    return total / 2


def moved(shape: Shape, dx: float, dy: float) -> Shape:
    """The shape shifted by this many pixels (regions by whole ones)."""
    match shape:
        case BoxShape():
            return BoxShape(shape.x0 + dx, shape.y0 + dy, shape.x1 + dx, shape.y1 + dy)
        case Polygon():
            return Polygon(tuple(tuple((x + dx, y + dy) for x, y in part) for part in shape.parts))
        case Region():
            return Region(shape.x + round(dx), shape.y + round(dy), shape.width, shape.height, shape.runs)
    return shape


def checked(shape: Shape, width: int = 0, height: int = 0, length: int = 0) -> Shape:
    """A shape that can be kept: in order, finite, inside its picture (or text) of this size where that is given.

    What sticks out is cut off: polygons at the picture's edge corner by corner (Sutherland and Hodgman 1974).

    Raises:
        UserError: when nothing is left of it.
    """
    import math

    match shape:
        case BoxShape():
            numbers = (shape.x0, shape.y0, shape.x1, shape.y1)
            if not all(math.isfinite(v) for v in numbers):
                raise UserError("A box has a corner that is no number.", "Correct it in the file.")
            x0, x1 = sorted((shape.x0, shape.x1))
            y0, y1 = sorted((shape.y0, shape.y1))
            if width and height:
                x0, x1 = max(0.0, x0), min(float(width), x1)
                y0, y1 = max(0.0, y0), min(float(height), y1)
            if x1 - x0 <= 0 or y1 - y0 <= 0:
                raise UserError("A box has no area inside its picture.", "Draw it again, or correct it in the file.")
            return BoxShape(x0, y0, x1, y1)
        case Polygon():
            if sum(len(part) for part in shape.parts) > _MOST_POINTS:
                raise UserError("An outline has too many points.", "Draw it with fewer.")
            if not all(math.isfinite(v) for part in shape.parts for point in part for v in point):
                raise UserError("An outline has a point that is no number.", "Correct it in the file.")
            parts = [tuple(part) for part in shape.parts]
            if width and height:
                parts = [_clipped(part, width, height) for part in parts]
            parts = [part for part in parts if len(part) >= 3 and abs(_signed_area(part)) > 0]
            if not parts:
                raise UserError(
                    "An outline has no area inside its picture.", "Draw it again, or correct it in the file."
                )
            return Polygon(tuple(parts))
        case Region():
            if (
                shape.width <= 0
                or shape.height <= 0
                or any(r < 0 for r in shape.runs)
                or sum(shape.runs) != shape.width * shape.height
            ):
                raise UserError("A painted area is damaged.", "Paint it again.")
            if (
                width
                and height
                and not (
                    shape.x >= 0
                    and shape.y >= 0
                    and shape.x + shape.width <= width
                    and shape.y + shape.height <= height
                )
            ):
                bits = region_bits(shape, width, height)
                found = region_from_bits(bits)
                if found is None:
                    raise UserError("A painted area lies outside its picture.", "Paint it again.")
                return found
            if not any(shape.runs[1::2]):
                raise UserError("A painted area is empty.", "Paint it again.")
            return shape
        case TextSpan():
            start, end = max(0, shape.start), shape.end if not length else min(shape.end, length)
            if end <= start:
                raise UserError("A marked piece of text is empty.", "Mark it again.")
            return TextSpan(start, end)
        case Clip():
            if not (math.isfinite(shape.begins) and math.isfinite(shape.ends)) or shape.ends <= shape.begins:
                raise UserError("A piece of a recording is empty.", "Mark it again.")
            return Clip(max(0.0, shape.begins), shape.ends, max(0.0, shape.low), max(0.0, shape.high))
    return shape


def _clipped(points: Sequence[Point], width: float, height: float) -> tuple[Point, ...]:
    def cut(given: list[Point], inside: Any, crossing: Any) -> list[Point]:
        found: list[Point] = []
        for before, after in zip([given[-1], *given[:-1]], given, strict=True) if given else []:
            if inside(after):
                if not inside(before):
                    found.append(crossing(before, after))
                found.append(after)
            elif inside(before):
                found.append(crossing(before, after))
        return found

    def at_x(edge: float) -> Any:
        return lambda a, b: (edge, a[1] + (b[1] - a[1]) * (edge - a[0]) / (b[0] - a[0]))

    def at_y(edge: float) -> Any:
        return lambda a, b: (a[0] + (b[0] - a[0]) * (edge - a[1]) / (b[1] - a[1]), edge)

    kept = list(points)
    kept = cut(kept, lambda p: p[0] >= 0, at_x(0.0))
    kept = cut(kept, lambda p: p[0] <= width, at_x(width))
    kept = cut(kept, lambda p: p[1] >= 0, at_y(0.0))
    return tuple(cut(kept, lambda p: p[1] <= height, at_y(height)))


# Pixels ------------------------------------------------------------------------------------------------------------


def region_from_bits(bits: Bits, x: int = 0, y: int = 0) -> Region | None:
    """Painted pixels (bool [H, W], its corner at `x`, `y`) as the smallest region that holds them; None when empty."""
    import numpy as np

    rows = np.flatnonzero(bits.any(1))
    if not rows.size:
        return None
    columns = np.flatnonzero(bits.any(0))
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    window = bits[top:bottom, left:right]
    return Region(x + left, y + top, right - left, bottom - top, runs_of(window.reshape(-1)))


def runs_of(flat: Bits) -> tuple[int, ...]:
    """Lengths of alternating runs of a bool row [N], the first one counting False."""
    import numpy as np

    if not flat.size:
        return ()
    changes = np.flatnonzero(np.diff(flat.astype(np.int8))) + 1
    edges = np.concatenate(([0], changes, [flat.size]))
    lengths = np.diff(edges).tolist()
    return tuple([0, *lengths] if flat[0] else lengths)


def bits_of_runs(runs: Iterable[int], size: int) -> Bits:
    """The bool row [size] that `runs_of` was given. Raises: UserError when the runs do not fill it."""
    import numpy as np

    lengths = np.fromiter(runs, np.int64)
    if (lengths < 0).any() or int(lengths.sum()) != size:
        raise UserError("A painted area is damaged.", "Paint it again.")
    values = np.zeros(lengths.size, np.bool_)
    values[1::2] = True
    found: Bits = np.repeat(values, lengths)
    return found


def region_bits(region: Region, width: int, height: int) -> Bits:
    """A region as bool [height, width] over its whole picture; what lies outside is cut off."""
    import numpy as np

    whole = np.zeros((height, width), np.bool_)
    window = bits_of_runs(region.runs, region.width * region.height).reshape(region.height, region.width)
    top, left = max(0, region.y), max(0, region.x)
    bottom, right = min(height, region.y + region.height), min(width, region.x + region.width)
    if bottom > top and right > left:
        whole[top:bottom, left:right] = window[top - region.y : bottom - region.y, left - region.x : right - region.x]
    return whole


def shape_bits(shape: Shape, width: int, height: int) -> Bits:
    """Any shape in a picture as bool [height, width]; a pixel belongs to it when its middle does."""
    import numpy as np

    if isinstance(shape, Region):
        return region_bits(shape, width, height)
    if isinstance(shape, BoxShape):
        whole = np.zeros((height, width), np.bool_)
        whole[_first(shape.y0) : _first(shape.y1), _first(shape.x0) : _first(shape.x1)] = True
        return whole
    if isinstance(shape, Polygon):
        whole = np.zeros((height, width), np.bool_)
        for part in shape.parts:
            _fill(whole, part)
        return whole
    raise TypeError(f"a {shape.kind} has no pixels")


def _first(edge: float) -> int:
    """The first pixel whose middle lies at or after an edge."""
    import math

    return max(0, math.ceil(edge - 0.5))


def _fill(bits: Bits, points: Sequence[Point]) -> None:
    """Even-odd filling by scan lines through the pixels' middles."""
    import numpy as np

    height, width = bits.shape
    corners = np.asarray(points, np.float64)
    ahead = np.roll(corners, -1, axis=0)
    top = max(0, _first(float(corners[:, 1].min())))
    bottom = min(height, _first(float(corners[:, 1].max())) + 1)
    for row in range(top, bottom):
        y = row + 0.5
        meets = (corners[:, 1] <= y) != (ahead[:, 1] <= y)
        if not meets.any():
            continue
        a, b = corners[meets], ahead[meets]
        xs = np.sort(a[:, 0] + (y - a[:, 1]) * (b[:, 0] - a[:, 0]) / (b[:, 1] - a[:, 1]))
        for left, right in zip(xs[::2].tolist(), xs[1::2].tolist(), strict=False):
            bits[row, min(width, _first(left)) : min(width, _first(right))] = True


def class_map(
    shapes: Iterable[tuple[Shape, int]], width: int, height: int, ignored: Mapping[int, int] | None = None
) -> npt.NDArray[np.uint8]:
    """Shapes with their class numbers, drawn one over the other, as uint8 [height, width]; 0 where there is none.

    Args:
        ignored: class number to the value that is drawn instead (for areas that shall not count).
    """
    import math

    import numpy as np

    drawn = np.zeros((height, width), np.uint8)
    for shape, number in shapes:
        # Only inside its own window: hundreds of small shapes in a large photo take no time.
        x0, y0, x1, y1 = bounds(shape)
        left, top = max(0, math.floor(x0)), max(0, math.floor(y0))
        right, bottom = min(width, math.ceil(x1)), min(height, math.ceil(y1))
        if right > left and bottom > top:
            bits = shape_bits(moved(shape, -left, -top), right - left, bottom - top)
            drawn[top:bottom, left:right][bits] = (ignored or {}).get(number, number)
    return drawn
