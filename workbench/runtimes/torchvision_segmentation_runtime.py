"""Segmenters built by torchvision: FCN, DeepLabV3, LR-ASPP."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import label_names
from workbench.runtimes.base import Loaded
from workbench.runtimes.pictures import as_tensor, load_strictly, normalised, to_classes

if TYPE_CHECKING:
    from workbench.runtimes.base import Pixels


class TorchvisionSegmenter(Loaded):
    """A `Segmenter`; the shorter side is brought to `preparation.size`, as in its training."""

    def segment(self, pictures: Sequence[Pixels]) -> list[Any]:
        import torch
        from torch.nn.functional import interpolate

        assert self._module is not None
        found = []
        for picture in pictures:
            height, width = picture.shape[:2]
            scale = self.preparation.size / min(height, width)
            size = (max(1, round(height * scale)), max(1, round(width * scale)))
            pixels = as_tensor(picture, self.device)[None]
            pixels = interpolate(pixels, size=size, mode="bilinear", align_corners=False, antialias=True)
            with torch.inference_mode():
                logits = self._module(normalised(pixels, self.preparation.mean, self.preparation.std))["out"][0]
            found.append(to_classes(logits, (height, width)))
        return found


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """Official weights. Raises: UserError when they do not fit the architecture."""
    from torchvision import models

    labels = label_names(card)
    options: dict[str, Any] = {"weights": None, "weights_backbone": None, "num_classes": len(labels)}
    if not card.arch.startswith("lraspp"):
        options["aux_loss"] = True  # the published weights carry the helper head of their training
    module = models.get_model(card.arch, **options)
    load_strictly(card, module, path)
    if hasattr(module, "aux_classifier"):
        module.aux_classifier = None
    return TorchvisionSegmenter(card, module, labels)
