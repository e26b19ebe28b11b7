"""Detectors that are taught: their two steps against the libraries' own one, other classes, and the way to disk and back."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_detectors import COCO, KINDS, card, darknet_model, detr_folder, torchvision_model

from workbench.catalog.card import Source
from workbench.errors import UserError
from workbench.hub.store import ModelFiles
from workbench.runtimes import darknet_net
from workbench.runtimes.base import Loaded
from workbench.runtimes.box_learner import BoxLearner, BoxTarget, Seen, keep_limit, limit_of, together
from workbench.runtimes.darknet_loss import yolo_loss
from workbench.runtimes.folder import save_folder
from workbench.runtimes.registry import open_model
from workbench.runtimes.torchvision_boxes import TorchvisionDetector
from workbench.runtimes.torchvision_detection_runtime import network_of


def pictures() -> list[torch.Tensor]:
    own = torch.Generator().manual_seed(2)
    return [torch.rand(3, 60, 90, generator=own), torch.rand(3, 80, 70, generator=own)]


def targets() -> list[BoxTarget]:
    nothing = torch.zeros(0, 4)
    return [
        BoxTarget(torch.tensor([[0.1, 0.2, 0.5, 0.9], [0.5, 0.1, 0.95, 0.6]]), torch.tensor([0, 2]), nothing),
        BoxTarget(torch.tensor([[0.2, 0.2, 0.8, 0.7]]), torch.tensor([1]), nothing),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_eyes_and_the_rest_are_torchvisions_own_network(kind: str) -> None:
    model = torchvision_model(kind)
    model.set_classes(("cat", "dog", "owl"))
    network = model.module
    background = int(kind in ("ssdlite", "faster"))
    wanted = [
        {"boxes": t.boxes * torch.tensor([p.shape[2], p.shape[1]] * 2), "labels": t.labels + background}
        for t, p in zip(targets(), pictures(), strict=True)
    ]
    network.train()
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.eval()
    torch.manual_seed(5)
    theirs = sum(network(pictures(), wanted).values())
    torch.manual_seed(5)
    ours = model.loss(model.look(pictures()), targets())
    assert float(ours.detach()) == pytest.approx(float(theirs.detach()), rel=1e-6)
    network.eval()
    with torch.inference_mode():
        model.limit(0.0)
        answer = network(pictures()[:1])[0]
        found = model.found(model.look(pictures()[:1]), 0.0)[0]
        alone = model.losses(model.look(pictures()[:1]), targets()[:1])
    height, width = pictures()[0].shape[1:]
    assert len(found.boxes) == len(answer["boxes"]) > 0
    np.testing.assert_allclose(found.boxes * [width, height, width, height], answer["boxes"].numpy(), atol=1e-3)
    assert (found.labels + background == answer["labels"].numpy()).all()
    assert len(alone) == (0 if kind == "faster" else 1) and all(math.isfinite(v) for v in alone)


@pytest.mark.parametrize("kind", KINDS)
def test_other_classes_leave_all_but_the_last_layer_and_a_known_class_its_weights(kind: str) -> None:
    model = torchvision_model(kind)
    before = {k: v.clone() for k, v in model.state().items()}
    model.set_classes(("dog", "Cat"))
    after = model.state()
    changed = {k for k in after if k not in before or not torch.equal(before[k], after[k])}
    assert changed and all("class" in k or "cls" in k or "box_predictor" in k or k == "shown_from" for k in changed)
    background = int(kind in ("ssdlite", "faster"))
    weights = [k for k in changed if k.endswith("weight")]
    name = next(k for k in weights if "bbox" not in k)
    per_old, per_new = len(COCO), 2 + background
    anchors = after[name].shape[0] // per_new
    for anchor in range(anchors):
        old = before[name][anchor * per_old + COCO.index("cat")]
        assert torch.equal(after[name][anchor * per_new + 1 + background], old)
        dog = after[name][anchor * per_new + background]
        assert not any(torch.equal(dog, before[name][anchor * per_old + n]) for n in range(per_old))
    stages = model.stages()
    every = [id(p) for stage in stages for p in stage]
    assert len(set(every)) == len(every) == len(list(model.module.parameters()))
    assert {id(p) for p in model.eyes.parameters()}.isdisjoint({id(p) for p in stages[0]})


def test_the_old_ssd_is_given_other_classes() -> None:
    with torch.device("meta"):
        module = network_of("ssd300_vgg16", 91)
    from workbench.runtimes.torchvision_boxes import replace_outputs

    with torch.device("meta"):
        replace_outputs(module, [0, -1, 17])
    outputs = [part.out_channels for part in module.head.classification_head.module_list]
    assert outputs == [3 * n for n in (4, 6, 6, 6, 4, 4)]
    assert module.head.classification_head.num_columns == 3


def taught(model: Any, tmp_path: Path) -> Any:
    """Through a model folder and back."""
    made = card(model.card.runtime, model.card.arch, model.labels)
    from dataclasses import replace

    made = replace(made, source=Source("folder", str(tmp_path / "mine")))
    save_folder(model, made, tmp_path / "mine")
    return open_model(made, ModelFiles(tmp_path / "mine"))


@pytest.mark.parametrize("kind", ["ssdlite320_mobilenet_v3_large", "fasterrcnn_mobilenet_v3_large_320_fpn", "tiny"])
def test_a_taught_model_comes_back_from_its_folder_as_it_was(kind: str, tmp_path: Path) -> None:
    model: Any
    if kind == "tiny":
        model = darknet_model()
        model.set_size(64)
    else:
        model = TorchvisionDetector(card("torchvision_detection", kind), network_of(kind, len(COCO)), COCO)
        if kind.startswith("faster"):
            model.set_size(96)
    model.set_classes(("owl", "eel"))
    model.module.eval()
    keep_limit(model.module, 0.37)
    again = taught(model, tmp_path)
    assert isinstance(again, BoxLearner) and isinstance(again, Loaded) and again.labels == ("owl", "eel")
    assert limit_of(again.module) == 0.37 and again.seen_size(300, 200) == model.seen_size(300, 200)
    picture = (pictures()[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    mine, other = model.detect([picture], 0.0)[0], again.detect([picture], 0.0)[0]
    np.testing.assert_array_equal(mine.boxes, other.boxes)
    np.testing.assert_array_equal(mine.labels, other.labels)
    assert set(other.labels.tolist()) <= {0, 1}


def test_what_single_pictures_show_is_joined_in_one_frame() -> None:
    parts = [
        Seen((torch.ones(1, 2, 4, 6), torch.ones(1, 3, 2, 3)), ((30, 44),), (32, 48)),
        Seen((torch.ones(1, 2, 6, 4), torch.ones(1, 3, 3, 2)), ((48, 32),), (48, 32)),
    ]
    both = together(parts)
    assert [tuple(f.shape) for f in both.features] == [(2, 2, 6, 6), (2, 3, 3, 3)]
    assert both.frame == (48, 48) and both.sizes == ((30, 44), (48, 32))
    assert float(both.features[0][0, :, 4:].sum()) == 0 and float(both.features[0].sum()) == 2 * 2 * 24


def test_a_network_of_one_size_says_so() -> None:
    with pytest.raises(UserError, match="320 points only"):
        torchvision_model("ssdlite").set_size(160)


# Darknet -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tiny", [True, False])
def test_a_darknet_network_sees_in_two_steps_what_it_sees_in_one(tiny: bool, tmp_path: Path) -> None:
    model = darknet_model(tiny)
    network: Any = model.module
    x = torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        for one, two in zip(network(x), network.rest(network.look(x)), strict=True):
            assert torch.equal(one, two)
    assert 0 < network.split < len(network.layers) and len(network.carried) == (2 if tiny else 3)
    for stage in model.stages()[1:]:
        assert {id(p) for p in stage} <= {id(p) for p in model.eyes.parameters()}


def test_a_darknet_network_of_other_classes_is_read_by_opencv(tmp_path: Path) -> None:
    import cv2

    model = darknet_model()
    before = {k: v.clone() for k, v in model.state().items()}
    model.set_classes(("eel", "cat"))
    network: Any = model.module
    kept = model.state()
    heads = {f"layers.{index - 1}.conv.{what}" for index in network.heads for what in ("weight", "bias")}
    assert {k for k, v in kept.items() if k not in before or not torch.equal(v, before[k])} == {*heads, "shown_from"}
    first = sorted(heads)[1]
    for anchor in range(3):  # where and whether as it was, "cat" as it was
        assert torch.equal(kept[first][anchor * 7 : anchor * 7 + 5], before[first][anchor * 8 : anchor * 8 + 5])
        assert torch.equal(kept[first][anchor * 7 + 6], before[first][anchor * 8 + 5])
    (tmp_path / "n.cfg").write_text(darknet_net.cfg_text(model.sections))
    darknet_net.write_weights(network, tmp_path / "n.weights")
    judge = cv2.dnn.readNetFromDarknet(str(tmp_path / "n.cfg"), str(tmp_path / "n.weights"))
    blob = np.random.default_rng(0).random((1, 3, 96, 96), dtype=np.float32)
    judge.setInput(blob)
    theirs = judge.forward(judge.getUnconnectedOutLayersNames())
    from workbench.runtimes.darknet_runtime import rows_of

    with torch.inference_mode():
        ours = [
            rows_of(o, h, network)[0].numpy()
            for o, h in zip(network(torch.from_numpy(blob)), network.yolo, strict=True)
        ]
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine[:, :5], other[:, :5], rtol=1e-3, atol=1e-4)


class _Plain:
    """Two yolo layers of one cell size each, for the sums."""

    width = height = 64
    yolo = (
        {"anchors": [(20.0, 24.0), (50.0, 40.0)], "classes": 2, "scale": 1.0, "ignore": 0.5, "also": 1.0},
        {"anchors": [(8.0, 8.0)], "classes": 2, "scale": 1.0, "ignore": 0.5, "also": 1.0},
    )


def by_hand(outputs: list[np.ndarray], boxes: list[list[float]], labels: list[int]) -> float:
    """One picture, place by place, as the paper says it."""

    def sigmoid(v: float) -> float:
        return 1 / (1 + math.exp(-v))

    def entropy(v: float, t: float) -> float:
        return -(t * math.log(sigmoid(v)) + (1 - t) * math.log(1 - sigmoid(v)))

    def iou(a: list[float], b: list[float]) -> float:
        shared = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
        return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)

    total = 0.0
    anchors = [(layer, n, a) for layer, head in enumerate(_Plain.yolo) for n, a in enumerate(head["anchors"])]
    owner = {}
    for box, label in zip(boxes, labels, strict=True):
        w, h = (box[2] - box[0]) * 64, (box[3] - box[1]) * 64
        fits = [
            min(w, a[0]) * min(h, a[1]) / (w * h + a[0] * a[1] - min(w, a[0]) * min(h, a[1])) for _, _, a in anchors
        ]
        layer, n, a = anchors[int(np.argmax(fits))]
        grid = outputs[layer].shape[-1]
        cx, cy = (box[0] + box[2]) / 2 * grid, (box[1] + box[3]) / 2 * grid
        owner[layer, n, int(cy), int(cx)] = (
            cx % 1,
            cy % 1,
            math.log(w / a[0]),
            math.log(h / a[1]),
            label,
            2 - w * h / 64**2,
        )
    for layer, head in enumerate(_Plain.yolo):
        out = outputs[layer]
        grid = out.shape[-1]
        for n, (aw, ah) in enumerate(head["anchors"]):
            for row in range(grid):
                for column in range(grid):
                    v = out[n * 7 : n * 7 + 7, row, column].tolist()
                    if (layer, n, row, column) in owner:
                        x, y, w, h, label, weight = owner[layer, n, row, column]
                        total += weight * (
                            entropy(v[0], x) + entropy(v[1], y) + ((v[2] - w) ** 2 + (v[3] - h) ** 2) / 2
                        )
                        total += entropy(v[4], 1) + sum(entropy(v[5 + c], float(c == label)) for c in range(2))
                        continue
                    cx, cy = (column + sigmoid(v[0])) / grid, (row + sigmoid(v[1])) / grid
                    w, h = math.exp(v[2]) * aw / 64, math.exp(v[3]) * ah / 64
                    said = [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2]
                    if max((iou(said, b) for b in boxes), default=0) <= 0.5:
                        total += entropy(v[4], 0)
    return total


def test_the_yolo_loss_is_the_papers() -> None:
    rng = np.random.default_rng(3)
    outputs = [rng.normal(0, 0.8, (14, 2, 2)), rng.normal(0, 0.8, (7, 4, 4))]
    boxes, labels = [[0.1, 0.15, 0.8, 0.9], [0.55, 0.6, 0.7, 0.7], [0.2, 0.5, 0.5, 0.95]], [1, 0, 1]
    target = BoxTarget(torch.tensor(boxes), torch.tensor(labels), torch.zeros(0, 4))
    empty = BoxTarget(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64), torch.zeros(0, 4))
    tensors = [torch.tensor(np.stack([o, o]), dtype=torch.float32, requires_grad=True) for o in outputs]
    found = yolo_loss(tensors, _Plain(), [target, empty])
    assert found.tolist() == pytest.approx([by_hand(outputs, boxes, labels), by_hand(outputs, [], [])], rel=1e-4)
    found.sum().backward()
    assert all(t.grad is not None and bool(t.grad.isfinite().all()) for t in tensors)
    # A part that counts neither way takes no part in the loss.
    everything = BoxTarget(empty.boxes, empty.labels, torch.tensor([[-1.0, -1.0, 2.0, 2.0]]))
    assert float(yolo_loss([t.detach() for t in tensors], _Plain(), [empty, everything])[1]) == 0.0


# DETR and its kin --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["detr", "yolos"])
def test_detr_is_taught_by_its_makers_own_loss_and_comes_back_from_its_folder(kind: str, tmp_path: Path) -> None:
    about = card("transformers_vision", "AutoModelForObjectDetection")
    model: Any = open_model(about, ModelFiles(detr_folder(kind, tmp_path / "theirs")))
    assert isinstance(model, BoxLearner) and model.labels == ("N/A", "cat", "dog")
    before = {k: v.clone() for k, v in model.state().items()}
    model.set_classes(("owl", "cat"))
    after = model.state()
    changed = {k for k in after if k not in before or not torch.equal(before[k], after[k])}
    assert len(changed) == 3 and all("class_labels_classifier" in k or k == "shown_from" for k in changed)
    weight = next(k for k in changed if k.endswith("weight"))
    assert torch.equal(after[weight][1], before[weight][1]) and torch.equal(after[weight][2], before[weight][3])
    stages = model.stages()
    every = [id(p) for stage in stages for p in stage]
    assert len(set(every)) == len(every) == len(list(model.module.parameters()))
    # The loss is what the network itself says, picture by picture.
    network, one = model.module.eval(), pictures()[0]
    inputs = model.processor(images=[one], return_tensors="pt", input_data_format="channels_first", do_rescale=False)
    boxes = targets()[0].boxes
    middle = torch.cat([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], 1)
    known = BoxTarget(boxes, torch.tensor([0, 1]), torch.zeros(0, 4))
    with torch.inference_mode():
        theirs = network(**inputs, labels=[{"class_labels": known.labels, "boxes": middle}]).loss
        seen = model.look([one])
        assert float(model.loss(seen, [known])) == pytest.approx(float(theirs), rel=1e-5)
        assert model.losses(seen, [known]) == [pytest.approx(float(theirs), rel=1e-5)]
        found = model.found(seen, 0.0)[0]
    pixels = (one.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    said = model.detect([pixels], 0.0)[0]
    size = [one.shape[2], one.shape[1]] * 2
    assert (found.labels == said.labels).all()
    np.testing.assert_allclose(found.boxes * size, said.boxes, atol=0.3)
    np.testing.assert_allclose(found.scores, said.scores, atol=0.01)
    keep_limit(model.module, 0.41)
    model.set_size(48)
    again = taught(model, tmp_path)
    assert again.labels == ("owl", "cat") and limit_of(again.module) == 0.41
    assert again.seen_size(300, 200) == model.seen_size(300, 200) == (72, 48)
    np.testing.assert_array_equal(model.detect([pixels], 0.0)[0].boxes, again.detect([pixels], 0.0)[0].boxes)
