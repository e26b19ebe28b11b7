"""Detectors in other programs: ONNX held against the original, and YOLO back in Darknet's files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from shapes_set import write
from small_detectors import card, darknet_model, torchvision_model

from workbench.catalog.card import ModelCard, Source
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine import export_boxes
from workbench.engine.export_boxes import export_onnx
from workbench.engine.export_darknet import export_darknet
from workbench.engine.pool import shared_pool
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.box_learner import keep_limit
from workbench.runtimes.folder import save_folder
from workbench.runtimes.torchvision_boxes import TorchvisionDetector
from workbench.runtimes.torchvision_detection_runtime import network_of


def kept(model: Any, folder: Path) -> ModelCard:
    made = replace(
        card(model.card.runtime, model.card.arch, model.labels), id="mine", source=Source("folder", str(folder))
    )
    save_folder(model, made, folder)
    return made


def pictures(tmp_path: Path) -> list[Sample]:
    sizes = ((120, 90), (90, 120), (200, 64))
    paths = [write(tmp_path / f"p{n}", 1, first=n, size=size)[0][0] for n, size in enumerate(sizes)]
    return [*(Sample("picture", p.name, path=p) for p in paths), Sample("picture", "gone", path=tmp_path / "gone.png")]


def spread(model: TorchvisionDetector) -> None:
    """Random weights say the same of every place; make them tell places apart, so that there is something to compare."""
    torch.manual_seed(3)
    for part in model.module.modules():
        if isinstance(part, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(part.weight)
    if hasattr(model.module, "roi_heads"):
        return
    # Neither all sure nor all unsure: of what is equally certain, rounding alone decides which is kept.
    model.module.eval()
    with torch.no_grad():
        seen = model.look([torch.rand(3, 90, 120, generator=torch.Generator().manual_seed(1))])
        size = float(model.module.head(model.pyramid(seen.features))["cls_logits"].std())
        for part in model.head.modules():
            if isinstance(part, torch.nn.Conv2d) and part.groups == 1 and part.out_channels % len(model.labels) == 0:
                last = part
                if type(model.module).__name__ == "SSD":
                    part.weight /= size / 1.5
        if type(model.module).__name__ != "SSD":
            last.weight /= size / 1.5


@pytest.mark.parametrize("kind", ["ssdlite320_mobilenet_v3_large", "fasterrcnn_mobilenet_v3_large_320_fpn"])
def test_the_onnx_file_finds_what_the_original_finds_in_pictures_of_any_size(kind: str, tmp_path: Path) -> None:
    model = TorchvisionDetector(card("torchvision_detection", kind), network_of(kind, 91), tuple(map(str, range(91))))
    if kind.startswith("faster"):
        model.set_size(96)
    model.set_classes(("cat", "dog"))
    spread(model)
    keep_limit(model.module, 0.9)
    model.module.eval()
    made = kept(model, tmp_path / "mine")
    check = export_onnx(made, tmp_path / "out", pictures(tmp_path), Control())
    assert check.passed and check.samples == 3 and check.agreement >= 0.99, check
    assert {f.name for f in (tmp_path / "out").iterdir()} == {"mine.onnx", "mine.json"}
    with pytest.raises(UserError, match="already a file"):
        export_onnx(made, tmp_path / "out", [], Control())


@pytest.mark.parametrize("kind", ["retina", "fcos"])
def test_the_other_kinds_are_exported_as_well(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = torchvision_model(kind)
    model.set_classes(("cat", "dog"))
    spread(model)
    keep_limit(model.module, 0.9)
    model.module.eval()
    monkeypatch.setattr("workbench.runtimes.registry.open_model", lambda *_: model)
    monkeypatch.setattr("workbench.engine.pool.open_model", lambda *_: model, raising=False)
    monkeypatch.setattr("workbench.engine.pool.files", lambda *_: None)
    shared_pool().clear()
    check = export_onnx(replace(model.card, id=f"of {kind}"), tmp_path / "out", pictures(tmp_path), Control())
    shared_pool().clear()
    assert check.passed and check.samples == 3, check


def test_what_differs_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = np.array([[0, 0, 10, 10], [20, 20, 40, 40]], np.float32)
    scores, labels = np.array([0.9, 0.8], np.float32), np.array([0, 1])
    assert export_boxes._matched([boxes, labels, scores], [boxes, labels, scores])[0] == 2
    assert export_boxes._matched([boxes, labels, scores], [boxes, labels[::-1], scores])[0] == 0
    assert export_boxes._matched([boxes, labels, scores], [boxes + 1, labels, scores])[0] == 0
    assert export_boxes._matched([boxes, labels, scores], [boxes[:1], labels[:1], scores[:1] + 0.1])[0] == 0


def test_a_taught_yolo_is_written_as_darknets_files_that_opencv_reads(tmp_path: Path) -> None:
    model = darknet_model()
    model.set_classes(("eel", "cat"))
    model.module.eval()
    made = kept(model, tmp_path / "mine")
    folder = export_darknet(made, tmp_path / "out")
    assert {f.name for f in folder.iterdir()} == {
        "mine.cfg", "mine.weights", "mine.names", "report.html", "report.pdf", "README.md"
    }  # fmt: skip
    assert (folder / "mine.names").read_text().split() == ["eel", "cat"]
    judge = cv2.dnn.readNetFromDarknet(str(folder / "mine.cfg"), str(folder / "mine.weights"))
    blob = np.random.default_rng(0).random((1, 3, 96, 96), dtype=np.float32)
    judge.setInput(blob)
    theirs = judge.forward(judge.getUnconnectedOutLayersNames())
    from workbench.runtimes.darknet_runtime import rows_of

    network = model.module
    with torch.inference_mode():
        ours = [rows_of(o, h, network)[0] for o, h in zip(network(torch.from_numpy(blob)), network.yolo, strict=True)]
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine[:, :5].numpy(), other[:, :5], rtol=1e-3, atol=1e-4)
    with pytest.raises(UserError, match="already a folder"):
        export_darknet(made, tmp_path / "out")
    with pytest.raises(UserError, match="Darknet's own files"):
        try:
            export_onnx(made, tmp_path / "onnx", [], Control())
        except UserError as error:
            raise UserError(f"{error} {error.hint}", "") from error
    assert isinstance(model, Loaded)
