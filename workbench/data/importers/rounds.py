"""Circles, ellipses and turned rectangles as outlines."""

from __future__ import annotations

import math

from workbench.data.shapes import Point

CORNERS = 64


def ellipse(x: float, y: float, across: float, down: float, turn: float = 0.0) -> tuple[Point, ...]:
    """The corners of an ellipse around x, y with these radii, turned clockwise by `turn` degrees around its middle."""
    return tuple(
        _around(x, y, across * math.cos(2 * math.pi * n / CORNERS), down * math.sin(2 * math.pi * n / CORNERS), turn)
        for n in range(CORNERS)
    )


def turned_box(x: float, y: float, width: float, height: float, turn: float, middle: Point) -> tuple[Point, ...]:
    """The corners of a rectangle, turned clockwise by `turn` degrees around a point."""
    corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    return tuple(_around(*middle, a - middle[0], b - middle[1], turn) for a, b in corners)


def _around(x: float, y: float, dx: float, dy: float, turn: float) -> Point:
    # y grows downwards, so that a turn by a positive angle is clockwise as seen.
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    return x + dx * c - dy * s, y + dx * s + dy * c
