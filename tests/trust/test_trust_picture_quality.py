"""PSNR and SSIM against scikit-image, and what a person is told."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from workbench.app_paths import resources
from workbench.errors import UserError
from workbench.trust.picture_quality import cut_alike, quality

PHOTO = np.asarray(Image.open(resources() / "samples" / "try" / "china.jpg").convert("RGB"))
SSIM: dict[str, Any] = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "K1": 0.01, "K2": 0.03}


def worse(pixels: np.ndarray, seed: int = 0, amount: float = 0.05) -> np.ndarray:
    high = np.iinfo(pixels.dtype).max
    noise = np.random.default_rng(seed).normal(0, amount * high, pixels.shape)
    return np.clip(pixels + noise, 0, high).round().astype(pixels.dtype)


@pytest.mark.parametrize("bits", [8, 16])
def test_they_are_those_of_scikit_image(bits: int) -> None:
    # More rows than one band, and not a multiple of it.
    true = PHOTO[:400, :90] if bits == 8 else PHOTO[:400, :90].astype(np.uint16) * 257
    made, high = worse(true), float(np.iinfo(true.dtype).max)
    found = quality(made, true)
    assert found.psnr == pytest.approx(peak_signal_noise_ratio(true, made, data_range=high), abs=1e-6)
    wanted = structural_similarity(true / high, made / high, channel_axis=-1, data_range=1.0, **SSIM)
    assert found.ssim == pytest.approx(wanted, abs=1e-6)
    bright = [rgb2ycbcr(p / high)[..., 0] for p in (true, made)]
    assert found.psnr_brightness == pytest.approx(peak_signal_noise_ratio(*bright, data_range=255), abs=1e-3)
    assert found.ssim_brightness == pytest.approx(structural_similarity(*bright, data_range=255, **SSIM), abs=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(11, 40), st.integers(11, 40), st.integers(0, 10_000))
def test_any_size_agrees_and_order_does_not_matter(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = rng.integers(0, 256, (2, height, width), dtype=np.uint8)
    found = quality(one, other)
    assert found == quality(other, one)
    wanted = structural_similarity(one / 255, other / 255, data_range=1.0, **SSIM)
    assert found.ssim == pytest.approx(wanted, abs=1e-6)


def test_equal_pictures_and_json_and_words() -> None:
    same = quality(PHOTO[:50, :50], PHOTO[:50, :50].copy())
    assert same.psnr == float("inf") and same.ssim == pytest.approx(1.0)
    assert json.loads(json.dumps(same.to_json(), allow_nan=False))["psnr"] is None
    assert "no difference" in same.words()
    assert quality(worse(PHOTO[:50, :50]), PHOTO[:50, :50]).words().startswith("PSNR 2")


def test_other_sizes_are_a_sentence_and_a_cut_edge_is_not() -> None:
    with pytest.raises(UserError, match=r"640 x 427 points, the made one 320 x 200"):
        quality(PHOTO[:200, :320], PHOTO)
    with pytest.raises(UserError, match="too small"):
        quality(PHOTO[:10, :50], PHOTO[:10, :50])
    assert quality(*cut_alike(PHOTO[:426, :638], PHOTO, 4)).psnr == float("inf")
    with pytest.raises(UserError, match="points"):
        quality(*cut_alike(PHOTO[:420], PHOTO, 4))
