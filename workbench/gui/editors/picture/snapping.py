"""Edges that catch what comes near: those of the picture and of the other labels."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from workbench.data.annotations import Annotation
from workbench.data.shapes import BoxShape, bounds

# So near on the screen, in logical pixels, an edge catches.
REACH = 6.0


class Edges:
    """The upright and level lines that catch, sorted."""

    def __init__(self, width: float, height: float, others: Iterable[Annotation] = ()) -> None:
        xs, ys = {0.0, float(width)}, {0.0, float(height)}
        for other in others:
            if isinstance(other.shape, BoxShape):
                x0, y0, x1, y1 = bounds(other.shape)
                xs.update((x0, x1))
                ys.update((y0, y1))
        self._xs, self._ys = sorted(xs), sorted(ys)

    def snap_x(self, values: Sequence[float], reach: float) -> tuple[float, float | None]:
        """How far to shift so that the nearest of `values` lies on a line, and that line; (0, None) when none is near."""
        return _nearest(self._xs, values, reach)

    def snap_y(self, values: Sequence[float], reach: float) -> tuple[float, float | None]:
        return _nearest(self._ys, values, reach)


def _nearest(lines: list[float], values: Sequence[float], reach: float) -> tuple[float, float | None]:
    best: tuple[float, float | None] = (0.0, None)
    least = reach
    for value in values:
        place = bisect_left(lines, value)
        for line in lines[max(0, place - 1) : place + 1]:
            if abs(line - value) <= least:
                least = abs(line - value)
                best = (line - value, line)
    return best
