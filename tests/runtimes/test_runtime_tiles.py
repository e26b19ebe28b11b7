"""Tiles: a picture in pieces is the picture, whatever its size; nothing large is held; it stops and says how far it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.control import Control
from workbench.errors import Cancelled
from workbench.runtimes.tiles import Tiling, through_tiles


def repeated(picture: np.ndarray, scale: int) -> np.ndarray:
    return picture.repeat(scale, 1).repeat(scale, 2)


def run(picture: np.ndarray, scale: int, compute: Any, tiling: Tiling, control: Control | None = None) -> np.ndarray:
    """Through the tiles, with what must hold for every picture checked on the way."""
    channels, height, width = picture.shape
    result = np.full((channels, height * scale, width * scale), np.nan, np.float32)
    rows: list[int] = [0]

    def keep(first: int, part: np.ndarray) -> None:
        assert first == rows[-1] and part.shape[2] == width * scale  # from above to below, nothing twice
        assert part.shape[1] <= 2 * tiling.widest * scale  # a row of tiles, not the picture
        rows.append(first + part.shape[1])
        result[:, first : rows[-1]] = part

    def bounded(top: int, left: int, bottom: int, right: int) -> np.ndarray:
        assert 0 <= top < bottom <= height and 0 <= left < right <= width
        assert max(bottom - top, right - left) <= tiling.widest + 2 * tiling.fade + 8
        return compute(picture[:, top:bottom, left:right])

    through_tiles((height, width), scale, bounded, keep, control or Control(), "Working", tiling)
    assert rows[-1] == height * scale
    return result


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 150),
    st.integers(1, 150),
    st.integers(1, 4),
    st.integers(16, 60),
    st.integers(0, 9),
    st.integers(1, 6),
)
def test_any_size_and_any_cut_give_the_picture_back(
    height: int, width: int, scale: int, side: int, rim: int, fade: int
) -> None:
    picture = np.random.default_rng(height * width).random((2, height, width), dtype=np.float32)
    made = run(picture, scale, lambda part: repeated(part, scale), Tiling(side, rim, fade))
    np.testing.assert_allclose(made, repeated(picture, scale), atol=1e-6)


def test_a_network_that_sees_no_further_than_the_rim_computes_as_on_the_whole() -> None:
    torch.manual_seed(0)
    layers = [torch.nn.Conv2d(3, 8, 5, padding=2), torch.nn.ReLU(), torch.nn.Conv2d(8, 12, 5, padding=2)]
    network = torch.nn.Sequential(*layers, torch.nn.PixelShuffle(2)).eval()

    def compute(part: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return network(torch.from_numpy(part.copy())[None])[0].numpy()

    picture = np.random.default_rng(0).random((3, 101, 147), dtype=np.float32)
    np.testing.assert_allclose(run(picture, 2, compute, Tiling(32, 4, 4)), compute(picture), atol=1e-5)


def test_tiles_that_disagree_leave_no_step() -> None:
    """The worst a network can do: every tile a level brighter than its neighbour."""
    count = iter(range(1000))
    made = run(np.zeros((1, 120, 120), np.float32), 2, lambda p: repeated(p, 2) + next(count) % 2, Tiling(40, 4, 8))
    # A fade is 2 * 8 points of the picture, 32 of the result.
    assert np.abs(np.diff(made, axis=2)).max() <= 1 / 32 + 1e-6 and np.abs(np.diff(made, axis=1)).max() <= 1 / 32 + 1e-6
    assert made.max() > 0.99 and made.min() < 0.01


def test_it_stops_between_tiles_and_tells_how_far_it_is() -> None:
    told: list[float] = []
    control = Control(lambda share, _words: told.append(share))
    computed: list[int] = []

    def compute(part: np.ndarray) -> np.ndarray:
        computed.append(1)
        if len(computed) == 5:
            control.cancel()
        return part

    with pytest.raises(Cancelled):
        run(np.zeros((1, 200, 200), np.float32), 1, compute, Tiling(32, 4, 4), control)
    assert len(computed) == 5 and told == sorted(told) and told[-1] == pytest.approx(4 / 49)
