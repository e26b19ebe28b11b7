"""A training loop for detectors after torchvision's references/detection, to be run beside ours on the same pictures.

The network gets the images and their targets in one call, its losses are summed, AdamW takes a step; the judge is
pycocotools' own summary.
"""

from __future__ import annotations

import contextlib
import io
import math
from typing import Any

import numpy as np
import torch
from PIL import Image

from workbench.catalog.card import ModelCard
from workbench.data.project import Project
from workbench.data.shapes import BoxShape
from workbench.data.types import Item, Split
from workbench.engine.events import RunConfig
from workbench.hub.store import files
from workbench.runtimes.registry import open_model


def image_and_target(project: Project, item: Item, first_label: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """float32 [3, H, W] in 0..1, and torchvision's target."""
    assert item.path is not None
    pixels = torch.from_numpy(np.asarray(Image.open(item.path).convert("RGB")).copy()).permute(2, 0, 1) / 255.0
    place = {c.id: n for n, c in enumerate(project.classes())}
    boxes, labels = [], []
    for a in project.annotations(item.id):
        assert isinstance(a.shape, BoxShape) and a.class_id is not None
        boxes.append([a.shape.x0, a.shape.y0, a.shape.x1, a.shape.y1])
        labels.append(place[a.class_id] + first_label)
    return pixels, {
        "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        "labels": torch.tensor(labels, dtype=torch.int64),
    }


def reference_run(
    project: Project, config: RunConfig, card: ModelCard, steps: int, head_rate: float = 0.0, body_rate: float = 0.0
) -> tuple[list[float], Any, int]:
    """So many steps of the plain loop.

    Returns:
        The loss of each step, the network, and the number of its first class.
    """
    model: Any = open_model(card, files(card))
    if config.options.get("size"):
        model.set_size(int(config.options["size"]))
    torch.manual_seed(config.seed)
    model.set_classes(config.classes)
    network = model.module
    first = int(model._background)
    items = project.split_items(Split.TRAIN)
    pairs = [image_and_target(project, item, first) for item in items]
    repeats = max(1, math.ceil(steps / (config.epochs * math.ceil(len(items) / config.batch_size))))
    stages = model.stages()
    groups = [
        {"params": s, "lr": (head_rate or config.learning_rate) if n == 0 else (body_rate or model.body_rate) * 0.8 ** (n - 1)}
        for n, s in enumerate(stages)
    ]  # fmt: skip
    peaks = [g["lr"] for g in groups]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    warm = max(1, round(steps * 0.1))
    losses: list[float] = []
    torch.manual_seed(config.seed)
    for epoch in range(1, config.epochs + 1):
        order_of = torch.Generator().manual_seed(config.seed * 100_003 + epoch)
        network.train()
        if config.options.get("norms") != "learn":
            for part in network.modules():
                if isinstance(part, torch.nn.modules.batchnorm._BatchNorm):
                    part.eval()
        for _ in range(repeats):
            order = torch.randperm(len(pairs), generator=order_of).tolist()
            for start in range(0, len(order), config.batch_size):
                batch = [pairs[i] for i in order[start : start + config.batch_size]]
                number = len(losses)
                factor = (number + 1) / warm
                if number >= warm:
                    done = min(1.0, (number - warm) / max(1, steps - warm))
                    factor = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done))
                for group, peak in zip(optimiser.param_groups, peaks, strict=True):
                    group["lr"] = peak * factor
                loss = sum(network([i for i, _ in batch], [t for _, t in batch]).values())
                optimiser.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(
                    [p for g in optimiser.param_groups for p in g["params"]], model.clip_norm
                )
                optimiser.step()
                losses.append(float(loss.detach()))
    return losses, network, first


def average_precision(project: Project, network: Any, first: int, split: Split, which: int = 1) -> float:
    """pycocotools' mAP@.5 (`which` 0: mAP@[.5:.95]) of a torchvision network on a split."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    network.eval()
    getattr(network, "roi_heads", network).score_thresh = 0.05
    truths, found, images = [], [], []
    for item in project.split_items(split):
        pixels, target = image_and_target(project, item, first)
        images.append({"id": item.id})
        for box, label in zip(target["boxes"].tolist(), target["labels"].tolist(), strict=True):
            wide, high = box[2] - box[0], box[3] - box[1]
            truths.append({"id": len(truths) + 1, "image_id": item.id, "category_id": label, "iscrowd": 0,
                           "bbox": [box[0], box[1], wide, high], "area": wide * high})  # fmt: skip
        with torch.inference_mode():
            answer = network([pixels])[0]
        for box, label, score in zip(*(answer[k].tolist() for k in ("boxes", "labels", "scores")), strict=True):
            found.append({"image_id": item.id, "category_id": label, "score": score,
                          "bbox": [box[0], box[1], box[2] - box[0], box[3] - box[1]]})  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        categories = sorted({t["category_id"] for t in truths})
        truth.dataset = {
            "info": {}, "images": images, "annotations": truths, "categories": [{"id": c} for c in categories],
        }  # fmt: skip
        truth.createIndex()
        if not found:
            return 0.0
        judge = COCOeval(truth, truth.loadRes(found), "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return float(judge.stats[which])
