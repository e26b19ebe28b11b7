"""A plain training loop for networks that colour areas, as torchvision's references/segmentation have it, to hold the app's
against: torchvision's model, the mean cross-entropy with half of the helper head's, one confusion matrix. None of the app's
lessons, judges or loops is used."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.nn.functional import cross_entropy

from workbench.data.project import Project
from workbench.data.shapes import class_map
from workbench.data.types import Item, Split
from workbench.runtimes.network import stage_parameters

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Plain:
    """What the loop is told.

    Attributes:
        arch: torchvision's name; `weights`: a safetensors file with the first weights.
        side: pictures are looked at in this size, square.
        rates: of the last layers, and of the stage before them; each stage before that is 0.8 times as fast.
        recipe: "app": AdamW, warm-up over a tenth of the steps, then half a cosine (what the app states). "torchvision":
            SGD with momentum 0.9 and weight decay 1e-4, the rate falling as (1 - step / steps) ** 0.9, at its own rate.
    """

    arch: str
    weights: Path
    classes: tuple[str, ...]
    side: int
    epochs: int
    batch: int
    rates: tuple[float, float] = (1e-3, 1e-3)
    seed: int = 0
    recipe: str = "app"


@dataclass
class Told:
    """The loss of each step; after each epoch the mean IoU of the validation pictures, with and without "nothing"."""

    losses: list[float] = field(default_factory=list)
    mean_iou_all: list[float] = field(default_factory=list)
    mean_iou: list[float] = field(default_factory=list)


def plain_loop(project: Project, how: Plain) -> Told:
    """Train on a project's training pictures without varying them."""
    from safetensors.torch import load_file
    from torchvision import models

    options: dict[str, Any] = {} if how.arch.startswith("lraspp") else {"aux_loss": True}
    network = models.get_model(
        how.arch, weights=None, weights_backbone=None, num_classes=len(how.classes) + 1, **options
    )
    network.load_state_dict(load_file(how.weights))
    learn = [_loaded(project, i, how) for i in project.split_items(Split.TRAIN)]
    unseen = [_loaded(project, i, how) for i in project.split_items(Split.VALIDATION)]
    steps = math.ceil(len(learn) / how.batch) * how.epochs
    optimiser, schedule = _optimiser(network, how, steps)
    told = Told()
    torch.manual_seed(how.seed)
    for epoch in range(1, how.epochs + 1):
        network.train()
        for pictures, truths in _batches(learn, how, epoch):
            output = network(pictures)
            loss = cross_entropy(output["out"], truths, ignore_index=255)
            if "aux" in output:
                loss = loss + 0.5 * cross_entropy(output["aux"], truths, ignore_index=255)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            told.losses.append(float(loss.detach()))
        network.eval()
        overlap = _overlap(network, unseen, len(how.classes) + 1)
        told.mean_iou_all.append(float(overlap.nanmean()))
        told.mean_iou.append(float(overlap[1:].nanmean()))
    return told


def _loaded(project: Project, item: Item, how: Plain) -> tuple[torch.Tensor, torch.Tensor]:
    from torchvision.transforms.v2.functional import normalize, resize, to_dtype, to_image

    names = {c.id: c.name for c in project.classes()}
    picture = to_dtype(to_image(Image.open(item.path or "").convert("RGB")), torch.float32, scale=True)
    drawn = class_map(
        [(a.shape, 1 + how.classes.index(names[a.class_id or 0])) for a in project.annotations(item.id)],
        picture.shape[2], picture.shape[1],
    )  # fmt: skip
    small = Image.fromarray(drawn).resize((how.side, how.side), Image.Resampling.NEAREST)
    pixels = normalize(resize(picture, [how.side, how.side], antialias=True), MEAN, STD)
    return pixels, torch.from_numpy(np.asarray(small).astype(np.int64))


def _batches(learn: list[Any], how: Plain, epoch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(how.seed * 100_003 + epoch)
    order = torch.randperm(len(learn), generator=generator).tolist()
    for start in range(0, len(order), how.batch):
        pictures, truths = zip(*(learn[i] for i in order[start : start + how.batch]), strict=True)
        yield torch.stack(pictures), torch.stack(truths)


def _optimiser(network: Any, how: Plain, steps: int) -> tuple[Any, Any]:
    if how.recipe == "torchvision":
        optimiser: Any = torch.optim.SGD(network.parameters(), lr=how.rates[0], momentum=0.9, weight_decay=1e-4)
        return optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: max(0.0, 1 - step / steps) ** 0.9)
    classifier = network.classifier
    ends = (
        [classifier.low_classifier, classifier.high_classifier] if how.arch.startswith("lraspp") else [classifier[-1]]
    )
    head = [p for end in ends for p in end.parameters()]
    last = {id(p) for p in head}
    middle = [p for p in classifier.parameters() if id(p) not in last]
    if getattr(network, "aux_classifier", None) is not None:
        middle += list(network.aux_classifier.parameters())
    stages = [head, middle, *reversed(stage_parameters(network.backbone))]
    groups = [
        {"params": stage, "lr": how.rates[0] if number == 0 else how.rates[1] * 0.8 ** (number - 1)}
        for number, stage in enumerate(stages)
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=1e-4)
    warm = max(1, round(steps / 10))

    def factor(step: int) -> float:
        if step < warm:
            return (step + 1) / warm
        return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, steps - warm))))

    return optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, factor)


def _overlap(network: Any, pictures: list[Any], classes: int) -> torch.Tensor:
    """Intersection over union of each class, float [classes]; NaN where it is neither there nor said."""
    matrix = torch.zeros(classes, classes, dtype=torch.float64)
    with torch.inference_mode():
        for picture, truth in pictures:
            said = network(picture[None])["out"][0].argmax(0)
            counted = torch.bincount(truth.flatten() * classes + said.flatten(), minlength=classes**2)
            matrix += counted.reshape(classes, classes)
    right = matrix.diag()
    return right / (matrix.sum(0) + matrix.sum(1) - right)
