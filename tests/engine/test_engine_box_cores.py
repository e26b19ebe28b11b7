"""Detectors of torchvision's families: what the eyes see and what is said of it come from one engine, and nothing is lost between."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
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
from small_detectors import KINDS, card, torchvision_model

SIZES = ((96, 130), (140, 100), (50, 60))
SAID = {
    "ssdlite": {"cls_logits", "bbox_regression"}, "retina": {"cls_logits", "bbox_regression"},
    "fcos": {"cls_logits", "bbox_regression", "bbox_ctrness"}, "faster": set[str](),
    "starter": {"cls_logits", "bbox_regression", "bbox_ctrness"},
}  # fmt: skip


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


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


@pytest.mark.parametrize("kind", [*KINDS, "starter"])
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


@pytest.mark.parametrize("kind", ["retina", "fcos", "starter"])
def test_the_whole_core_can_be_an_onnx_of_any_size(kind: str, tmp_path: Path) -> None:
    """`ssdlite` is in test_engine_cores; Faster R-CNN's core is its eyes alone."""
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
