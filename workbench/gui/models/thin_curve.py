"""A curve that grows without end and is drawn on a screen of some hundred pixels: of neighbouring points only the lowest and the
highest are kept, so that every spike is still seen. No Qt.

Keeping both ends of each stretch is the M4 idea of Jugel et al. (VLDB 2014), with stretches of equal numbers of points.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# More stretches than a curve is wide in pixels only cost time.
_MOST = 1000
Point = tuple[float, float]


class ThinCurve:
    """Takes in points in the order of x. Adding one costs the same however many there are (amortised); at most 2000 are held."""

    def __init__(self) -> None:
        self._stretches: list[tuple[Point, Point]] = []
        self._each = 1
        self._in_last = 0
        self._count = 0

    def __len__(self) -> int:
        """How many were taken in."""
        return self._count

    def append(self, x: float, y: float) -> None:
        self._count += 1
        point = x, y
        if self._in_last and self._in_last < self._each:
            low, high = self._stretches[-1]
            self._stretches[-1] = (point if y < low[1] else low), (point if y > high[1] else high)
            self._in_last += 1
            return
        if len(self._stretches) >= _MOST:
            self._halve()
        self._stretches.append((point, point))
        self._in_last = 1

    def points(self) -> tuple[list[float], list[float]]:
        """x and y of what is drawn: all points while there are few, else the ends of each stretch."""
        found: list[Point] = []
        for low, high in self._stretches:
            first, second = (low, high) if low[0] <= high[0] else (high, low)
            found.append(first)
            if second is not first:
                found.append(second)
        return [x for x, _ in found], [y for _, y in found]

    def _halve(self) -> None:
        """Two neighbouring stretches become one."""
        old = self._stretches
        self._stretches = [
            (min(a[0], b[0], key=_height), max(a[1], b[1], key=_height))
            for a, b in zip(old[::2], old[1::2], strict=True)
        ]
        self._each *= 2


def _height(point: Point) -> float:
    return point[1]


def thinned(xs: Sequence[float], ys: Sequence[float], stretches: int) -> tuple[np.ndarray, np.ndarray]:
    """Of a whole curve the lowest and the highest point of each of so many stretches, in order; all points when they are no more.

    Args:
        xs, ys: as many each, in the order of x; arrays are not copied.

    Returns:
        float64 [n] each, n at most 2 * stretches + 2: the last point is always there.
    """
    import numpy as np

    across, up = np.asarray(xs, np.float64), np.asarray(ys, np.float64)
    count = len(up)
    if count <= 2 * stretches:
        return across, up
    each = -(-count // stretches)
    nothing = np.isnan(up)
    low = high = up
    if nothing.any():  # a value that is no number is neither lowest nor highest
        low, high = np.where(nothing, np.inf, up), np.where(nothing, -np.inf, up)
    whole = count - count % each
    starts = np.arange(whole // each) * each
    found = [
        low[:whole].reshape(-1, each).argmin(axis=1) + starts,
        high[:whole].reshape(-1, each).argmax(axis=1) + starts,
        [count - 1],
    ]
    if whole < count:  # the last stretch is shorter
        found.append([whole + low[whole:].argmin(), whole + high[whole:].argmax()])
    places = np.unique(np.concatenate(found))
    return across[places], up[places]
