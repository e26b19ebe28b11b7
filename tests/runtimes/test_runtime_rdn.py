"""The enlarging starters: converted rightly, offline, and better than plain enlarging on real photos."""

from __future__ import annotations

import hashlib
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from workbench.app_paths import resources
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.engine.picture_truth import bicubic
from workbench.errors import UserError
from workbench.hub.store import ModelFiles, files
from workbench.runtimes.base import Enlarger
from workbench.runtimes.blueprint import blueprint
from workbench.runtimes.rdn_runtime import RANGE, build, expanded
from workbench.runtimes.registry import open_model
from workbench.tasks.super_resolution import enlarged
from workbench.trust.picture_quality import quality

STARTERS = ("enlarge-starter", "enlarge-starter-x4")
# Made by TensorFlow.js from the package's own graph: packaging/convert_esrgan.py --check.
REFERENCE = Path(__file__).resolve().parent.parent / "data" / "enlarge_reference.npz"


def starter(model_id: str) -> Any:
    card = Catalog.load().get(model_id)
    return open_model(card, files(card))


@pytest.mark.parametrize("model_id", STARTERS)
def test_a_starter_computes_as_tensorflow_js(model_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    model = starter(model_id)
    kept = np.load(REFERENCE)
    made = model.enlarge((kept["picture"] / 255).astype(np.float32).transpose(2, 0, 1))
    assert isinstance(model, Enlarger) and made.shape == (3, 20 * model.scale, 24 * model.scale)
    np.testing.assert_allclose(made.transpose(1, 2, 0), np.clip(kept[model_id], 0, 1), atol=1e-5)


@pytest.mark.parametrize("model_id", STARTERS)
def test_its_card_says_what_its_file_is(model_id: str) -> None:
    card = Catalog.load().get(model_id)
    data = files(card).path.read_bytes()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (card.source.size, card.source.sha256)
    assert card.starter and not card.is_downloaded
    assert sum(p.numel() for p in blueprint(card).parameters()) == card.parameters
    assert {f.name for f in (resources() / "starter").glob("*-*.txt")} == {
        "idealo-isr-Apache-2.0.txt",
        "upscalerjs-MIT.txt",
    }


@pytest.mark.parametrize(
    ("photo", "corner"), [("china.jpg", (216, 120)), ("flower.jpg", (264, 144))], ids=["china", "flower"]
)
@pytest.mark.parametrize("model_id", STARTERS)
def test_it_comes_nearer_to_real_photos_than_bicubic(model_id: str, photo: str, corner: tuple[int, int]) -> None:
    model = starter(model_id)
    x, y = corner
    true = Image.open(resources() / "samples" / "try" / photo).convert("RGB").crop((x, y, x + 128, y + 96))
    small = np.asarray(true.resize((128 // model.scale, 96 // model.scale), Image.Resampling.BICUBIC))
    found = quality(enlarged(small, model, Control()), np.asarray(true))
    plain = quality(bicubic(small, 128, 96), np.asarray(true))
    assert found.psnr_brightness > plain.psnr_brightness and found.ssim_brightness > plain.ssim_brightness
    if model.scale == 2:
        assert found.psnr > plain.psnr + 0.2 and found.ssim > plain.ssim


def test_any_size_goes_through() -> None:
    model = starter("enlarge-starter-x4")
    for height, width in ((1, 1), (2, 9), (17, 5)):
        assert model.enlarge(np.zeros((3, height, width), np.float32)).shape == (3, height * 4, width * 4)


def test_damaged_and_foreign_files_are_a_sentence(tmp_path: Path) -> None:
    card = Catalog.load().get("enlarge-starter")
    data = files(card).path.read_bytes()
    whole = load_file(files(card).path)
    lacking = {k: v for k, v in whole.items() if k != "last.weight" + RANGE}
    path = tmp_path / "w.safetensors"
    for made in (data[:5000], b"", None, lacking, {"a": torch.zeros(2)}):
        if isinstance(made, dict):
            save_file(made, path)
        elif made is not None:
            path.write_bytes(made)
        else:
            path.unlink()
        with pytest.raises(UserError):
            open_model(card, ModelFiles(path))
    for wrong in ({}, {"scale": "x"}, {**card.options, "width": 32}):
        with pytest.raises(UserError):
            open_model(replace(card, options=wrong), files(card))
    with pytest.raises(UserError, match="no residual dense network"):
        build("UNet", card.options)


def test_whole_numbers_become_weights_as_the_publisher_says() -> None:
    state = {
        "a": torch.tensor([0, 1, 255], dtype=torch.uint8),
        "a.range": torch.tensor([0.5, -1.0], dtype=torch.float64),
    }
    np.testing.assert_allclose(expanded(state)["a"], [-1.0, -0.5, 126.5])
    assert set(expanded(state)) == {"a"}
