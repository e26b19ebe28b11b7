"""Varying pictures: boxes and class maps go where the things go, and the seed alone decides."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from shapes_set import render

from workbench.tasks.augment import OUTSIDE, VARIATIONS, chosen, vary

ALL = [v.id for v in VARIATIONS]
PLACES = ["flip", "flip_vertical", "zoom", "stretch", "rotate"]


def one_thing(width: int, height: int, box: tuple[int, int, int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A red ellipse on blue, its box, and its class map."""
    ys, xs = np.mgrid[0:height, 0:width] + 0.5
    x0, y0, x1, y1 = box
    inside = ((xs - (x0 + x1) / 2) / ((x1 - x0) / 2)) ** 2 + ((ys - (y0 + y1) / 2) / ((y1 - y0) / 2)) ** 2 <= 1
    pixels = np.where(inside[..., None], (220, 20, 20), (20, 40, 160)).astype(np.uint8)
    return pixels, np.array([box], np.float32), inside.astype(np.uint8) * 7


@pytest.mark.parametrize("name", PLACES)
def test_boxes_and_class_maps_follow_the_pixels(name: str) -> None:
    pixels, boxes, classes = one_thing(120, 90, (30, 20, 80, 60))
    changed = 0
    for seed in range(12):
        found = vary(pixels, boxes, classes, seed=seed, choices=[name])
        red = found.pixels[..., 0].astype(int) > found.pixels[..., 2].astype(int) + 60
        assert found.classes is not None
        thing = found.classes == 7
        assert (red != thing).mean() < 0.01
        if not len(found.boxes):
            continue
        assert found.kept.tolist() == [0]
        ys, xs = np.nonzero(thing)
        wanted = [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
        np.testing.assert_allclose(found.boxes[0], wanted, atol=1.6)
        changed += not np.array_equal(found.boxes, boxes)
    assert changed >= 4


def test_the_seed_alone_decides_also_among_threads_and_nothing_else_is_disturbed() -> None:
    scenes = [render(seed, (96, 80)) for seed in range(8)]

    def work(number: int) -> bytes:
        scene = scenes[number % 8]
        boxes = np.array([[b.x0, b.y0, b.x1, b.y1] for b in scene.boxes], np.float32)
        found = vary(scene.pixels, boxes, scene.class_map, seed=number, choices=ALL)
        assert found.classes is not None
        return b"".join(a.tobytes() for a in (found.pixels, found.boxes, found.kept, found.classes))

    alone = [work(number) for number in range(24)]
    torch.manual_seed(5)
    random.seed(5)
    before = torch.get_rng_state(), random.getstate()
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(work, reversed(range(24))))[::-1]
    assert alone == together
    assert torch.equal(before[0], torch.get_rng_state()) and before[1] == random.getstate()
    assert len(set(alone)) == 24


def test_given_pictures_stay_as_they_are_and_results_are_valid() -> None:
    for seed in range(30):
        scene = render(seed, (100, 70), most=6)
        boxes = np.array([[b.x0, b.y0, b.x1, b.y1] for b in scene.boxes], np.float32)
        pixels, classes = scene.pixels.copy(), scene.class_map
        found = vary(pixels, boxes, classes, seed=seed, choices=ALL)
        assert np.array_equal(pixels, scene.pixels)
        height, width = found.pixels.shape[:2]
        assert found.pixels.dtype == np.uint8 and found.classes is not None and found.classes.shape == (height, width)
        assert set(np.unique(found.classes)) <= {*np.unique(classes), OUTSIDE}
        assert len(found.boxes) == len(found.kept) and sorted(found.kept) == found.kept.tolist()
        x0, y0, x1, y1 = found.boxes.T
        assert (x0 >= 0).all() and (y0 >= 0).all() and (x1 <= width).all() and (y1 <= height).all()
        assert (x1 - x0 >= 2).all() and (y1 - y0 >= 2).all()


def test_a_switch_leaves_the_other_variations_as_they_were() -> None:
    pixels, boxes, _ = one_thing(80, 60, (10, 10, 40, 50))
    both = vary(pixels, boxes, seed=3, choices=["flip", "light"]).boxes
    alone = vary(pixels, boxes, seed=3, choices=["flip"]).boxes
    np.testing.assert_array_equal(both, alone)
    assert np.array_equal(vary(pixels, boxes, seed=3, choices=[]).pixels, pixels)
    assert vary(pixels, seed=4).boxes.shape == (0, 4)


def test_what_a_run_says_is_taken_and_the_rest_is_as_usual() -> None:
    usual = {v.id for v in VARIATIONS if v.usual}
    assert chosen({}) == usual
    assert chosen({"augment": {"flip": False, "blur": True, "made up": True}}) == (usual - {"flip"}) | {"blur"}
    assert chosen({"augment": "nonsense"}) == usual
