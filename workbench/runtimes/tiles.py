"""A large picture through a network piece by piece, with no seams and in bounded memory.

Every tile is computed with more of its surroundings than is used of it (the rim is thrown away: there the network saw
the tile's edge instead of the picture), and next to a joint both tiles are faded into each other. Where the rim is as
wide as the network looks (its receptive field), the result is that of the whole picture at once; where it is not, what
is left of the difference is spread out and not to be seen. Only one row of tiles is held as numbers with a decimal point.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from workbench.control import Control

if TYPE_CHECKING:
    from workbench.runtimes.base import Floats

# Joints lie on multiples of this: networks that look at groups of points find the same groups in every tile.
_STEP = 8


@dataclass(frozen=True)
class Tiling:
    """How a picture is cut. All in points of the given picture.

    Attributes:
        side: of the part of a tile that is used, without its fades.
        rim: what is computed around that and thrown away.
        fade: on either side of a joint, where two tiles are mixed.
    """

    side: int = 128
    rim: int = 16
    fade: int = 8

    @property
    def widest(self) -> int:
        """No tile that is computed is wider or higher than this."""
        return self.side + 2 * (self.rim + self.fade)


@dataclass(frozen=True)
class _Span:
    """One tile along one side: what is read, and what is used of it (its fades included)."""

    read: tuple[int, int]
    used: tuple[int, int]
    # Width of the fade at the beginning and at the end; 0 at the picture's own edges.
    before: int
    after: int


def through_tiles(
    size: tuple[int, int],
    scale: int,
    compute: Callable[[int, int, int, int], Floats],
    keep: Callable[[int, Floats], None],
    control: Control,
    words: str,
    tiling: Tiling | None = None,
) -> None:
    """Compute a picture of any size.

    Args:
        size: height and width of the given picture.
        scale: how many times larger the result is.
        compute: (top, left, bottom, right) of the given picture to float32 [C, h * scale, w * scale].
        keep: called with (first row, float32 [C, rows, width * scale]) from above to below: finished rows of the result.
        control: asked before each tile; told how far it is, and how long it will take, after `words`.
    """
    import numpy as np

    tiling = tiling or Tiling()
    rows, columns = _spans(size[0], tiling), _spans(size[1], tiling)
    width = size[1] * scale
    carried: Floats | None = None  # rows in which the tiles below are still to be mixed
    started, done = time.monotonic(), 0
    for row in rows:
        strip: Floats | None = None
        first, last = row.used[0] * scale, row.used[1] * scale
        for column in columns:
            control.check()
            control.progress(done, len(rows) * len(columns), words + time_left(started, done, len(rows) * len(columns)))
            large = compute(row.read[0], column.read[0], row.read[1], column.read[1])
            if strip is None:
                strip = np.zeros((large.shape[0], last - first, width), np.float32)
            part = large[:, _part(row, scale), _part(column, scale)]
            weight = _weights(row, scale)[:, None] * _weights(column, scale)
            strip[:, :, column.used[0] * scale : column.used[1] * scale] += part * weight
            done += 1
        assert strip is not None
        if carried is not None:
            strip[:, : carried.shape[1]] += carried
        finished = strip.shape[1] - 2 * row.after * scale if row.after else strip.shape[1]
        keep(first, strip[:, :finished])
        carried = strip[:, finished:].copy() if row.after else None


def _spans(length: int, tiling: Tiling) -> list[_Span]:
    count = max(1, -(-length // tiling.side))
    side = -(-length // count // _STEP) * _STEP if count > 1 else length
    joints = [*range(side, length, side)]
    # A last piece narrower than a fade joins its neighbour's.
    if joints and length - joints[-1] < 2 * tiling.fade:
        joints.pop()
    edges = [0, *joints, length]
    spans = []
    for start, end in pairwise(edges):
        before, after = tiling.fade if start else 0, tiling.fade if end < length else 0
        used = start - before, end + after
        read = max(0, used[0] - tiling.rim), min(length, used[1] + tiling.rim)
        spans.append(_Span(read, used, before, after))
    return spans


def _part(span: _Span, scale: int) -> slice:
    """What is used, within what was computed."""
    return slice((span.used[0] - span.read[0]) * scale, (span.used[1] - span.read[0]) * scale)


def _weights(span: _Span, scale: int) -> Floats:
    """1, and rising and falling where it is mixed with its neighbours: those of two neighbours add up to 1."""
    import numpy as np

    weights = np.ones((span.used[1] - span.used[0]) * scale, np.float32)
    for width, place in ((span.before, slice(None)), (span.after, slice(None, None, -1))):
        if width:
            points = 2 * width * scale
            weights[place][:points] = (np.arange(points, dtype=np.float32) + 0.5) / points
    return weights


def time_left(started: float, done: float, whole: float) -> str:
    """ " (about 3 min left)" for work begun at `started` (time.monotonic), once that can be told."""
    passed = time.monotonic() - started
    if not done or passed < 2:
        return ""
    seconds = passed / done * (whole - done)
    if seconds < 10:
        return ""
    return f" (about {seconds:.0f} s left)" if seconds < 90 else f" (about {seconds / 60:.0f} min left)"
