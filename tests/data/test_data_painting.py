"""Spans of painted pixels against the plain pixels they stand for, and strokes against the distance to their line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from own_time import Watch

from workbench.data import shapes
from workbench.data.painting import Spans, Stacked, Stroke, flooded
from workbench.data.shapes import Polygon, Region

WIDTH, HEIGHT = 13, 9
SEED = st.integers(0, 2**32 - 1)


def pixels(seed: int, share: float = 0.5) -> np.ndarray:
    """Random pixels, with full and empty rows among them."""
    generator = np.random.default_rng(seed)
    bits = generator.random((HEIGHT, WIDTH)) < share
    bits[generator.integers(HEIGHT)] = True
    bits[generator.integers(HEIGHT)] = False
    return bits


def spans(bits: np.ndarray) -> Spans:
    return Spans.of_bits(bits, 0, 0, bits.shape[1], bits.shape[0])


def bits_of(found: Spans) -> np.ndarray:
    return found.sampled(np.arange(found.height), np.arange(found.width))


def proper(found: Spans) -> bool:
    """Sorted, not empty, not touching in a row, not crossing a row's end."""
    rows = found.starts // found.width
    apart = (found.starts[1:] > found.ends[:-1]) | (rows[1:] != rows[:-1])
    return bool((found.ends > found.starts).all() and apart.all() and ((found.ends - 1) // found.width == rows).all())


@given(SEED, st.sampled_from((0.1, 0.5, 0.9)))
def test_spans_say_what_the_pixels_say(seed: int, share: float) -> None:
    bits = pixels(seed, share)
    found = spans(bits)
    assert proper(found) and (bits_of(found) == bits).all() and found.area() == bits.sum()
    region = shapes.region_from_bits(bits)
    assert found.region() == region
    if region is not None:
        assert found.window() == (region.x, region.y, region.x + region.width, region.y + region.height)
        back = Spans.of_region(region, WIDTH, HEIGHT)
        assert proper(back) and (bits_of(back) == bits).all()
    for y in range(HEIGHT):
        for x in range(WIDTH):
            assert found.has(x, y) == bits[y, x]
    assert not found.has(-1, 0) and not found.has(0, HEIGHT)


@given(SEED, SEED)
def test_joining_and_cutting(one: int, other: int) -> None:
    a, b = pixels(one), pixels(other, 0.3)
    for found, wanted in (
        (spans(a).joined_with(spans(b)), a | b),
        (spans(a).without(spans(b)), a & ~b),
        (spans(a).shared_with(spans(b)), a & b),
    ):
        assert proper(found) and (bits_of(found) == wanted).all()


@given(SEED, st.integers(-6, 12), st.integers(-6, 12))
def test_what_lies_outside_is_cut_off(seed: int, x: int, y: int) -> None:
    region = shapes.region_from_bits(pixels(seed), x, y)
    assert region is not None
    found = Spans.of_region(region, WIDTH, HEIGHT)
    assert proper(found) and (bits_of(found) == shapes.region_bits(region, WIDTH, HEIGHT)).all()


def test_runs_of_nothing_are_no_seam() -> None:
    found = Spans.of_region(Region(1, 1, 4, 2, (0, 2, 0, 3, 1, 0, 2)), 8, 5)  # two runs that touch, one that is empty
    assert proper(found) and found.area() == 5
    assert (bits_of(found)[1:3, 1:5] == [[1, 1, 1, 1], [1, 0, 0, 0]]).all()


@given(SEED, st.floats(0.2, 4.0), st.floats(-3, 3), st.floats(-3, 3))
def test_sampling_is_looking_pixels_up(seed: int, scale: float, left: float, top: float) -> None:
    bits = pixels(seed)
    rows = np.floor(np.arange(10) / scale + top).astype(np.int64)
    columns = np.floor(np.arange(14) / scale + left).astype(np.int64)
    inside = (rows >= 0) & (rows < HEIGHT)
    wide = (columns >= 0) & (columns < WIDTH)
    wanted = np.zeros((10, 14), np.bool_)
    wanted[np.ix_(inside, wide)] = bits[np.ix_(rows[inside], columns[wide])]
    # A caller asks for pixels of the picture only.
    found = spans(bits).sampled(rows[inside], columns[wide])
    assert (found == wanted[np.ix_(inside, wide)]).all()


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(-4, 17), st.floats(-4, 13)), min_size=3, max_size=9), st.booleans())
def test_outlines_fill_as_shapes_do(points: list[tuple[float, float]], twice: bool) -> None:
    parts = (tuple(points), tuple((x + 2, y + 1) for x, y in points)) if twice else (tuple(points),)
    polygon = Polygon(parts)
    found = Spans.of_polygon(polygon, WIDTH, HEIGHT)
    assert proper(found) and (bits_of(found) == shapes.shape_bits(polygon, WIDTH, HEIGHT)).all()


@example(6, [(15.0, 11.0)])
@given(
    st.integers(1, 9), st.lists(st.tuples(st.floats(-3, 16), st.floats(-3, 12)), min_size=1, max_size=4)
)  # fmt: skip
def test_a_stroke_is_all_that_is_near_its_line(size: int, places: list[tuple[float, float]]) -> None:
    stroke = Stroke(WIDTH, HEIGHT, size)
    for x, y in places:
        stroke.to(x, y)
    settled = [stroke._settled(x, y) for x, y in places]
    wanted = np.zeros((HEIGHT, WIDTH), np.bool_)
    for (ax, ay), (bx, by) in zip([settled[0], *settled], settled, strict=False):
        for row in range(HEIGHT):
            for column in range(WIDTH):
                x, y = column + 0.5, row + 0.5
                length = (bx - ax) ** 2 + (by - ay) ** 2
                along = 0.0 if not length else min(1, max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length))
                gap = ((x - ax - along * (bx - ax)) ** 2 + (y - ay - along * (by - ay)) ** 2) ** 0.5
                if abs(gap - size / 2) > 1e-6:
                    wanted[row, column] |= gap < size / 2
                else:
                    wanted[row, column] |= bool(stroke.bits[row, column])
    assert (stroke.bits == wanted).all()
    assert (bits_of(stroke.spans()) == stroke.bits).all()


@given(SEED, st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1))
def test_flooding_agrees_with_opencv(seed: int, x: int, y: int) -> None:
    import cv2

    bits = pixels(seed, 0.45)
    found = flooded(spans(bits), x, y)
    if bits[y, x]:
        assert found is None
        return
    mask = np.pad(bits.astype(np.uint8), 1, constant_values=1)
    cv2.floodFill(bits.astype(np.uint8), mask, (x, y), 1, flags=4 | cv2.FLOODFILL_MASK_ONLY | (2 << 8))
    assert found is not None and proper(found) and (bits_of(found) == (mask[1:-1, 1:-1] == 2)).all()


@given(st.lists(SEED, max_size=4))
def test_the_topmost_area_is_seen(seeds: list[int]) -> None:
    areas = [pixels(seed, 0.4) for seed in seeds]
    wanted = np.zeros((HEIGHT, WIDTH), np.int32)
    for number, bits in enumerate(areas, 1):
        wanted[bits] = number
    found = Stacked.of([spans(bits) for bits in areas])
    assert (found.sampled(np.arange(HEIGHT), np.arange(WIDTH)) == wanted).all()
    rows, columns = np.arange(0, HEIGHT, 2), np.repeat(np.arange(WIDTH), 3)
    assert (found.sampled(rows, columns) == wanted[np.ix_(rows, columns)]).all()


@pytest.mark.parametrize("size", [40, 400])
def test_a_stroke_in_a_very_large_picture_is_quick(size: int) -> None:
    width, height = 8660, 5774
    watch = Watch()
    area = Spans.none(width, height)
    stroke = Stroke(width, height, size)
    for step in range(20):
        stroke.to(1000 + 40 * step, 900 + 25 * step)
    area = area.joined_with(stroke.spans())
    region = area.region()
    assert region is not None and Spans.of_region(region, width, height).area() == area.area()
    # Some 0.1 s on a slow machine; whole pictures of pixels would take many times that.
    assert watch.seconds < 2.0
