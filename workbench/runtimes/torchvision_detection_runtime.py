"""Detectors built by torchvision: Faster R-CNN, SSD, SSDlite, RetinaNet, FCOS."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import label_names
from workbench.runtimes.base import Detections, Loaded
from workbench.runtimes.pictures import as_tensor, load_strictly

if TYPE_CHECKING:
    from workbench.runtimes.base import Pixels


class TorchvisionDetector(Loaded):
    """A `Detector`. torchvision's networks scale and normalise the pictures themselves."""

    def detect(self, pictures: Sequence[Pixels], threshold: float = 0.05) -> list[Detections]:
        import torch

        assert self._module is not None
        with torch.inference_mode():
            answers = self._module([as_tensor(p, self.device) for p in pictures])
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


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """Official weights. Raises: UserError when they do not fit the architecture."""
    from torchvision import models

    labels = label_names(card)
    module = models.get_model(card.arch, weights=None, weights_backbone=None, num_classes=len(labels))
    load_strictly(card, module, path)
    return TorchvisionDetector(card, module, labels)
