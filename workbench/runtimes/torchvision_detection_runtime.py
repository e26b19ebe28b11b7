"""Detectors built by torchvision: Faster R-CNN, SSD, SSDlite, RetinaNet, FCOS."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import label_names
from workbench.runtimes.base import Detections, Loaded
from workbench.runtimes.pictures import as_tensor, load_strictly

if TYPE_CHECKING:
    from workbench.runtimes.base import Pixels


# Detectors whose backbone was frozen in training, with the small number in their batch norm's division.
_FROZEN = {
    "fasterrcnn_resnet50_fpn": 0.0,
    "retinanet_resnet50_fpn": 0.0,
    "fasterrcnn_mobilenet_v3_large_fpn": 1e-5,
    "fasterrcnn_mobilenet_v3_large_320_fpn": 1e-5,
    "fcos_resnet50_fpn": 1e-5,
}


class TorchvisionDetector(Loaded):
    """A `Detector`. torchvision's networks scale and normalise the pictures themselves."""

    def detect(self, pictures: Sequence[Pixels], threshold: float = 0.05) -> list[Detections]:
        import torch

        module: Any = self._module
        # Each kind drops what it is unsure of by a limit of its own (FCOS 0.2); here the caller's counts.
        getattr(module, "roi_heads", module).score_thresh = threshold
        with torch.inference_mode():
            answers = module([as_tensor(p, self.device) for p in pictures])
        found = []
        for answer in answers:
            keep = answer["scores"] >= threshold
            found.append(
                Detections(
                    answer["boxes"][keep].cpu().numpy(),
                    answer["labels"][keep].cpu().numpy(),
                    answer["scores"][keep].cpu().numpy(),
                )
            )
        return found


def build(arch: str, classes: int) -> Any:
    """The network as its published weights were trained: with frozen batch norm where they were.

    torchvision chooses the kind of batch norm by whether it is given weights to download; here there are none.
    """
    from torch import nn
    from torchvision import models
    from torchvision.ops.misc import FrozenBatchNorm2d

    module: Any = models.get_model(arch, weights=None, weights_backbone=None, num_classes=classes)
    if arch not in _FROZEN:
        return module
    eps = _FROZEN[arch]

    def freeze(part: nn.Module) -> None:
        for name, child in part.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(part, name, FrozenBatchNorm2d(child.num_features, eps))
            else:
                freeze(child)

    freeze(module.backbone.body)
    return module


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """Official weights. Raises: UserError when they do not fit the architecture."""
    labels = label_names(card)
    module = build(card.arch, len(labels))
    load_strictly(card, module, path)
    return TorchvisionDetector(card, module, labels)
