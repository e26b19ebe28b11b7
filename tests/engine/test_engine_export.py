"""A model goes out and comes in: nothing lands outside its place, and ONNX answers as the original."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from workbench.app_paths import app_paths
from workbench.catalog.card import ModelCard, Source
from workbench.catalog.catalog import Catalog, read_own_card, write_card
from workbench.data.types import Sample
from workbench.engine.export import export_folder, export_onnx, import_folder
from workbench.runtimes.folder import save_folder


def _own(starter: str, task: str) -> ModelCard:
    import torch

    from workbench.engine.pool import shared_pool

    catalog, folder = Catalog.load(), app_paths().models / "mine"
    base = catalog.get(starter)
    with shared_pool().use(base, "cpu") as model:
        weight = torch.randn(2, model.feature_width, generator=torch.Generator().manual_seed(1))
        card = replace(
            base, id="mine", tasks=(task,), labels="", label_names=("a", "b"), source=Source("folder", str(folder)),
            starter=False,
        )  # fmt: skip
        save_folder(model.with_head(("a", "b"), weight, torch.zeros(2)), card, folder)
    catalog.refresh()
    return catalog.get("mine")


@pytest.mark.parametrize(
    ("starter", "task"), [("picture-starter", "image-classification"), ("text-starter", "text-classification")]
)
def test_onnx_answers_as_the_original(starter: str, task: str, tmp_path: Path) -> None:
    from PIL import Image

    samples = [Sample("text", text="word " * n) for n in (1, 4, 20, 7, 2)]
    if task.startswith("image"):
        samples = []
        for n in range(5):
            Image.new("RGB", (60, 40 + n), (50 * n, 90, 200 - 40 * n)).save(tmp_path / f"{n}.png")
            samples.append(Sample("picture", path=tmp_path / f"{n}.png"))
    check = export_onnx(_own(starter, task), tmp_path / "out", samples)
    assert (check.passed, check.samples, check.agreement) == (True, 5, 1.0)
    assert check.path.is_file()


def test_a_card_cannot_choose_a_place_outside_the_models(tmp_path: Path) -> None:
    exported = export_folder(_own("picture-starter", "image-classification"), tmp_path / "out")
    shutil.copytree(exported, tmp_path / "foreign")
    write_card(replace(read_own_card(tmp_path / "foreign"), id="../../escaped"), tmp_path / "foreign")
    card = import_folder(tmp_path / "foreign", Catalog.load())
    assert card.id == "escaped"
    assert Path(card.source.ref).parent == app_paths().models
    assert not list(tmp_path.rglob("escaped")) or list(tmp_path.rglob("escaped")) == [app_paths().models / "escaped"]
