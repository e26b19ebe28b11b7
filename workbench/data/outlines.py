"""A painted area as one closed line along its pixels' edges, for formats that know outlines only.

Rings around the area and around its holes are found along the pixels' edges and joined by bridges that are walked
there and back. Filled by the even-odd rule the line gives exactly the pixels back, holes and separate parts included.
"""

from __future__ import annotations

from workbench.data.shapes import Point, Polygon, Region, bits_of_runs


def outline_of(region: Region) -> tuple[Point, ...]:
    """The corners of one closed line around a region; all are whole numbers."""
    rings = rings_of(region)
    return joined(rings)


def joined(rings: list[tuple[Point, ...]]) -> tuple[Point, ...]:
    """Several closed lines as one: from the first one's first corner to each other line and back again."""
    start = rings[0][0]
    line = list(rings[0])
    for ring in rings[1:]:
        line += [start, *ring, ring[0]]
    return tuple(line)


def line_of(polygon: Polygon) -> tuple[Point, ...]:
    """A polygon of one or more parts as one closed line."""
    return joined(list(polygon.parts))


def rings_of(region: Region) -> list[tuple[Point, ...]]:
    """All closed lines between painted and not painted pixels, without corners on straight stretches."""
    import numpy as np

    bits = bits_of_runs(region.runs, region.width * region.height).reshape(region.height, region.width)
    padded = np.pad(bits, 1).astype(np.int8)
    ahead: dict[tuple[int, int], list[tuple[int, int]]] = {}

    def edge(a: tuple[int, int], b: tuple[int, int]) -> None:
        ahead.setdefault(a, []).append(b)

    # Painted pixels lie to the right of each edge's way.
    across = np.diff(padded, axis=0)
    for y, x in np.argwhere(across == 1).tolist():
        edge((x - 1, y), (x, y))
    for y, x in np.argwhere(across == -1).tolist():
        edge((x, y), (x - 1, y))
    down = np.diff(padded, axis=1)
    for y, x in np.argwhere(down == 1).tolist():
        edge((x, y), (x, y - 1))
    for y, x in np.argwhere(down == -1).tolist():
        edge((x, y - 1), (x, y))
    rings: list[tuple[Point, ...]] = []
    while ahead:
        start = next(iter(ahead))
        ring = [start]
        at = _next(ahead, start)
        while at != start:
            ring.append(at)
            at = _next(ahead, at)
        rings.append(tuple((float(x + region.x), float(y + region.y)) for x, y in _corners(ring)))
    return rings


def _next(ahead: dict[tuple[int, int], list[tuple[int, int]]], at: tuple[int, int]) -> tuple[int, int]:
    found = ahead[at].pop()
    if not ahead[at]:
        del ahead[at]
    return found


def _corners(ring: list[tuple[int, int]]) -> list[tuple[int, int]]:
    kept = []
    for before, here, after in zip([ring[-1], *ring[:-1]], ring, [*ring[1:], ring[0]], strict=True):
        if (here[0] - before[0], here[1] - before[1]) != (after[0] - here[0], after[1] - here[1]):
            kept.append(here)
    return kept
