"""Models that colour areas, taken elsewhere: as ONNX held against the original, and as a folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from workbench.app_paths import app_paths, resources
from workbench.catalog.card import ModelCard, Preparation, Source
from workbench.catalog.catalog import Catalog
from workbench.data.types import Sample
from workbench.engine.export import export_folder, export_onnx, import_folder
from workbench.engine.pool import ModelPool, shared_pool
from workbench.errors import UserError
from workbench.hub.store import files
from workbench.runtimes.areas import NOTHING
from workbench.runtimes.folder import save_folder
from workbench.runtimes.registry import open_model

CLASSES = ("roof", "sky")
PHOTOS = [resources() / "samples" / "try" / name for name in ("china.jpg", "flower.jpg")]


def own(runtime: str, arch: str, **options: Any) -> ModelCard:
    return ModelCard(
        f"own-{arch.replace(':', '-').lower()}", arch, ("semantic-segmentation",), runtime, arch,
        Source("folder", str(app_paths().models / f"own-{arch.replace(':', '-').lower()}")), options=options,
        trainable_for=("semantic-segmentation",), label_names=CLASSES, preparation=Preparation(size=96),
    )  # fmt: skip


def saved(runtime: str, arch: str, **options: Any) -> ModelCard:
    """A random network laid among the own models."""
    from workbench.runtimes.registry import runtime_of

    card = own(runtime, arch, **options)
    torch.manual_seed(1)
    model = runtime_of(card).build(card, Path())
    with torch.no_grad():  # statistics as of a training, so that no layer is left out by chance
        for name, tensor in model.module.state_dict().items():
            if name.endswith("running_mean"):
                tensor.normal_(0, 0.1)
    save_folder(model, card, Path(card.source.ref))
    return Catalog.load().get(card.id)


def taught_starter() -> ModelCard:
    card = Catalog.load().get("area-starter")
    model: Any = open_model(card, files(card))
    model.set_classes(CLASSES)
    folder = app_paths().models / "taught"
    mine = replace(card, id="taught", name="taught", tasks=card.trainable_for, label_names=CLASSES, starter=False,
                   source=Source("folder", str(folder)), preparation=replace(card.preparation, size=96))  # fmt: skip
    save_folder(model, mine, folder)
    return Catalog.load().get("taught")


MAKERS: dict[str, Callable[[], ModelCard]] = {
    "lraspp": lambda: saved("torchvision_segmentation", "lraspp_mobilenet_v3_large"),
    "deeplabv3": lambda: saved("torchvision_segmentation", "deeplabv3_mobilenet_v3_large"),
    "brain": lambda: saved("unet", "brain-unet"),
    "starter": taught_starter,
}


@pytest.mark.parametrize("name", MAKERS)
def test_onnx_gives_the_same_areas_at_any_size(name: str, tmp_path: Path) -> None:
    import onnxruntime

    card = MAKERS[name]()
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    samples = [Sample("picture", p.name, path=p) for p in (*PHOTOS, broken)]
    check = export_onnx(card, tmp_path / "out", samples)
    assert check.passed and check.samples == 2, check
    assert "same answers" in check.sentence()
    note = json.loads(check.path.with_suffix(".json").read_text(encoding="utf-8"))
    assert note["labels"] == [NOTHING, *CLASSES] and len(note["example"]["scaled_to"]) == 2
    session = onnxruntime.InferenceSession(str(check.path), providers=["CPUExecutionProvider"])
    pool = ModelPool(10**9)
    with pool.use(card, "cpu") as model:
        network: Any = model
        for batch, height, width in ((1, 64, 128), (3, 160, 96)):
            pixels = torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(width))
            with torch.inference_mode():
                wanted = network.logits(network.normalised(pixels)).numpy()
            got = session.run(None, {"pixels": pixels.numpy()})[0]
            assert got.shape == (batch, 3, height, width)
            np.testing.assert_allclose(got, wanted, atol=1e-3 * max(1.0, float(np.abs(wanted).max())))
    with pytest.raises(UserError, match="already a file"):
        export_onnx(card, tmp_path / "out", samples)


def test_what_has_not_been_taught_cannot_be_exported(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be exported as ONNX"):
        export_onnx(Catalog.load().get("area-starter"), tmp_path, [])
    assert not list(tmp_path.glob("*.onnx")) and not list(tmp_path.glob(".exporting*"))


def test_a_folder_comes_back_on_another_computer_with_the_same_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = taught_starter()
    pixels = np.asarray(np.random.default_rng(0).integers(0, 255, (80, 120, 3)), np.uint8)
    with shared_pool().use(card, "cpu") as model:
        there: Any = model
        wanted = there.segment([pixels])[0]
    folder = export_folder(card, tmp_path / "stick")
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "elsewhere"))
    catalog = Catalog.load()
    taken = import_folder(folder, catalog)
    here: Any = open_model(taken, files(taken))
    assert here.labels == (NOTHING, *CLASSES) and (here.segment([pixels])[0] == wanted).all()
