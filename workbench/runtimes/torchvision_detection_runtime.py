"""Detectors built by torchvision: Faster R-CNN, SSD, SSDlite, RetinaNet, FCOS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import label_names
from workbench.runtimes.base import Loaded
from workbench.runtimes.box_learner import keep_limit
from workbench.runtimes.box_notes import read_size, write_size
from workbench.runtimes.pictures import load_strictly
from workbench.runtimes.torchvision_boxes import TorchvisionDetector, with_frozen_norms

# Detectors whose backbone was frozen in training, with the small number in their batch norm's division.
_FROZEN = {
    "fasterrcnn_resnet50_fpn": 0.0,
    "retinanet_resnet50_fpn": 0.0,
    "fasterrcnn_mobilenet_v3_large_fpn": 1e-5,
    "fasterrcnn_mobilenet_v3_large_320_fpn": 1e-5,
    "fcos_resnet50_fpn": 1e-5,
}
# In these, output 0 stands for "nothing".
_BACKGROUND = ("fasterrcnn", "ssd")


def network_of(arch: str, outputs: int) -> Any:
    """The network as its published weights were trained: with frozen batch norm where they were.

    torchvision chooses the kind of batch norm by whether it is given weights to download; here there are none.
    """
    from torchvision import models
    from torchvision.ops.misc import FrozenBatchNorm2d

    module: Any = models.get_model(arch, weights=None, weights_backbone=None, num_classes=outputs)
    if arch in _FROZEN:
        with_frozen_norms(module.backbone.body, _FROZEN[arch], FrozenBatchNorm2d)
    return module


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """Official weights. Raises: UserError when they do not fit the architecture."""
    labels = label_names(card)
    module = network_of(card.arch, len(labels))
    load_strictly(card, module, path)
    return TorchvisionDetector(card, module, labels)


def build(card: ModelCard, folder: Path) -> TorchvisionDetector:
    """The bare network of a card, an own model's with its classes; its weights are loaded by the caller."""
    if not card.is_own:
        names = label_names(card)
        return TorchvisionDetector(card, network_of(card.arch, len(names)), names)
    outputs = len(card.label_names) + int(card.arch.startswith(_BACKGROUND))
    module = network_of(card.arch, outputs)
    keep_limit(module)
    model = TorchvisionDetector(card, module, card.label_names, taught=True)
    side = read_size(folder)
    if side:
        model.set_size(side)
    return model


def save_extras(model: TorchvisionDetector, folder: Path) -> None:
    """What such a model needs beside its weights: the size it was taught with."""
    write_size(folder, model.size)
