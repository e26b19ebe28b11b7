"""Detectors of torchvision's families: pictures are seen as torchvision makes them, and what is said of them comes from one engine.
SSDlite's answers by ONNX Runtime are in test_engine_cores."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from workbench.control import Control
from workbench.engine.speed.agreement import agreement
from workbench.engine.speed.candidates import InOnnx
from workbench.engine.speed.search import core_of
from workbench.runtimes.fast_body import FastBody, Outputs, Part, fast_body, idle, put_fast_body, watching
from workbench.runtimes.stopping import between_layers
from workbench.runtimes.timm_detection_runtime import StarterDetector, network_of
from workbench.runtimes.torchvision_boxes import TorchvisionDetector

sys.path.insert(0, str(Path(__file__).parent.parent))
from small_detectors import card, torchvision_model

SIZES = ((96, 130), (140, 100), (50, 60))
SAID = {
    "retina": {"cls_logits", "bbox_regression"},
    "fcos": {"cls_logits", "bbox_regression", "bbox_ctrness"}, "faster": set[str](),
    "starter": {"cls_logits", "bbox_regression", "bbox_ctrness"},
}  # fmt: skip


pytestmark = pytest.mark.usefixtures("one_thread")


def made(kind: str) -> TorchvisionDetector:
    """`starter`: the app's own, with random numbers, taught three classes and a small size."""
    if kind != "starter":
        return torchvision_model(kind)
    torch.manual_seed(0)
    known = replace(card("timm_detection", "tf_efficientnet_lite0"), label_names=("a", "b", "c"))
    model = StarterDetector(known, network_of(known, 3), taught=True)
    model.set_size(96)
    return model


def pictures() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (*size, 3), np.uint8) for size in SIZES]


def asked(model: TorchvisionDetector) -> list[np.ndarray]:
    found = [one for picture in pictures() for one in model.detect([picture], 0.01)]
    return [values for one in found for values in (one.boxes, one.labels, one.scores)]


@pytest.mark.parametrize("kind", ["retina", "fcos", "faster", "starter"])
def test_what_an_engine_says_is_what_is_made_boxes_of(kind: str) -> None:
    model = made(kind)
    before = asked(model)
    assert sum(map(len, before)) > 0
    core = core_of(model)
    assert {name for name in core.outputs if not name.isdigit() and name != "pool"} == SAID[kind]
    calls: list[Mapping[str, torch.Tensor]] = []

    def compute(batch: Mapping[str, torch.Tensor]) -> Outputs:
        calls.append(batch)
        return core.layers(batch)

    part = Part("made up", compute, own_weights=True)
    put_fast_body(core.module, FastBody(part, part))
    assert all((one == other).all() for one, other in zip(before, asked(model), strict=True))
    assert len(calls) == len(SIZES)
    assert idle(model.module) == (kind != "faster") and idle(model.heart)
    assert model.little_beside == (kind != "faster")
    # Only what still computes is watched.
    with between_layers(model.network, Control()):
        watched = {name.split(".")[0] for name, part in model.module.named_modules() if part._forward_pre_hooks}
    assert watched == ({"transform", "rpn", "roi_heads"} if kind == "faster" else set())
    # Whoever teaches it other classes has its own layers again.
    model.set_classes(["cat", "owl"])
    assert fast_body(core.module) is None and not idle(model.heart)
    taught = model.detect([pictures()[0]], 0.0)[0]
    assert len(taught.labels) == 0 or set(taught.labels.tolist()) <= {-1, 0, 1}
    assert len(calls) == len(SIZES)


@pytest.mark.parametrize("kind", ["ssdlite", "faster", "fcos"])
def test_a_picture_is_seen_as_torchvision_makes_it(kind: str) -> None:
    model = torchvision_model(kind)
    for size in ((700, 901), (1500, 280), (320, 320), (60, 90), (100, 1111)):
        picture = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
        picture.flags.writeable = False
        plain = torch.tensor(picture).permute(2, 0, 1).float() / 255.0
        wanted, _ = model.module.transform([plain], None)
        seen = model._seen(picture)
        assert tuple(seen.shape[1:]) == tuple(wanted.image_sizes[0])
        inside = wanted.tensors[0, :, : seen.shape[1], : seen.shape[2]]
        assert float((seen - inside).abs().max()) < 1e-4, size


def test_several_pictures_of_any_size_are_each_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    model = torchvision_model("fcos")
    given = [*pictures(), np.random.default_rng(2).integers(0, 256, (500, 640, 3), np.uint8)]
    monkeypatch.setattr("workbench.runtimes.torchvision_boxes._LARGE", 10**9)
    before = model.detect(given, 0.01)
    model.module.score_thresh = 0.01
    with torch.inference_mode():
        plain = model.module([torch.tensor(p).permute(2, 0, 1).float() / 255.0 for p in given])
    for one, other in zip(before, plain, strict=True):
        assert len(one.scores) == len(other["scores"]) > 0
        assert np.abs(one.scores - other["scores"].numpy()).max() < 1e-5
    monkeypatch.setattr("workbench.runtimes.torchvision_boxes._LARGE", 4)
    for one, sampled in zip(before, model.detect(given, 0.01), strict=True):
        # Which of two that overlap and are as likely is kept may change with the last digits.
        assert abs(len(one.scores) - len(sampled.scores)) <= 0.1 * len(one.scores)
        assert abs(float(one.scores.max()) - float(sampled.scores.max())) < 1e-4
    assert not {"normalize", "resize"} & set(vars(model.module.transform))


@pytest.mark.parametrize("kind", ["retina", "fcos", "starter"])
def test_the_whole_core_can_be_an_onnx_of_any_size(kind: str, tmp_path: Path) -> None:
    """`ssdlite` is in test_engine_cores, Faster R-CNN's core is its eyes alone."""
    model = made(kind)
    core = core_of(model)
    seen: list[Mapping[str, torch.Tensor]] = []
    with watching(lambda module, batch: seen.append(dict(batch)) if module is core.module else None):
        asked(model)
    assert len({tuple(batch["pixels"].shape) for batch in seen}) > 1
    file = InOnnx().prepare(core, [core.example], tmp_path, "key")
    assert file is not None
    with torch.inference_mode():
        reference = [core.layers(batch) for batch in seen]
        found = agreement(model, core, reference, InOnnx().open(core, file, 1), seen)
        wrong = {"cls_logits": 1.1, "bbox_regression": 1.01}
        spoilt = [
            agreement(model, core, reference, lambda batch, n=name, f=factor: spoil(core.layers(batch), n, f), seen)
            for name, factor in wrong.items()
        ]
    assert found.holds() and found.same == len(seen)
    assert not any(one.holds() for one in spoilt)


def spoil(outputs: Outputs, name: str, factor: float) -> Outputs:
    return {key: value * factor if key == name else value for key, value in outputs.items()}
