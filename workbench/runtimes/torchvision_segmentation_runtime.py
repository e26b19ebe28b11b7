"""Segmenters built by torchvision: FCN (Long et al. 2015, arXiv 1411.4038), DeepLabV3 (Chen et al. 2017, arXiv 1706.05587),
LR-ASPP (Howard et al. 2019, arXiv 1905.02244)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import label_names
from workbench.runtimes.areas import NOTHING, AreaNetwork
from workbench.runtimes.network import stage_parameters
from workbench.runtimes.pictures import load_strictly

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.areas import Features

# A very long strip is not enlarged beyond this.
_LONGEST = 2048
# Weight of the helper head in the loss, as in the published training.
_HELPER = 0.5


class TorchvisionSegmenter(AreaNetwork):
    """The shorter side is brought to `preparation.size`, as in its training. Its classifier is the last layer (LR-ASPP: the
    last two), so Quick is softmax regression on what the rest of the network makes of each point."""

    def network_size(self, height: int, width: int) -> tuple[int, int]:
        scale = min(self.preparation.size / min(height, width), _LONGEST / max(height, width))
        return max(1, round(height * scale)), max(1, round(width * scale))

    def trunk(self, pixels: torch.Tensor) -> Features:
        return self._seen(self._net.backbone(pixels))

    def _seen(self, found: Any) -> Features:
        from torch.nn.functional import interpolate

        classifier = self._net.classifier
        if not _is_lraspp(classifier):
            x = found["out"]
            for part in list(classifier)[:-1]:
                x = part(x)
            return (x,)
        low, high = found["low"], found["high"]
        x = classifier.cbr(high) * classifier.scale(high)
        return low, interpolate(x, size=low.shape[-2:], mode="bilinear", align_corners=False)

    def classify(self, features: Features, size: tuple[int, int]) -> torch.Tensor:
        from torch.nn.functional import interpolate

        classifier = self._net.classifier
        if _is_lraspp(classifier):
            logits = classifier.low_classifier(features[0]) + classifier.high_classifier(features[1])
        else:
            logits = classifier[-1](features[0])
        return interpolate(logits, size=size, mode="bilinear", align_corners=False)

    def learn(self, pixels: torch.Tensor) -> list[tuple[torch.Tensor, float]]:
        from torch.nn.functional import interpolate

        size = (int(pixels.shape[-2]), int(pixels.shape[-1]))
        found = self._net.backbone(pixels)
        outputs = [(self.classify(self._seen(found), size), 1.0)]
        helper = getattr(self._net, "aux_classifier", None)
        if helper is not None:
            logits = interpolate(helper(found["aux"]), size=size, mode="bilinear", align_corners=False)
            outputs.append((logits, _HELPER))
        return outputs

    def head_parts(self) -> list[nn.Module]:
        classifier = self._net.classifier
        return [classifier.low_classifier, classifier.high_classifier] if _is_lraspp(classifier) else [classifier[-1]]

    def body_stages(self) -> list[list[nn.Parameter]]:
        classifier, helper = self._net.classifier, getattr(self._net, "aux_classifier", None)
        last = {id(p) for part in self.head_parts() for p in part.parameters()}
        head = [p for p in classifier.parameters() if id(p) not in last]
        if helper is not None:
            head += list(helper.parameters())
        return [head, *reversed(stage_parameters(self._net.backbone))]

    def make_head(self, classes: int) -> None:
        classifier = self._net.classifier
        for name in ("low_classifier", "high_classifier") if _is_lraspp(classifier) else ("-1",):
            if name == "-1":
                classifier[-1] = _like(classifier[-1], classes)
            else:
                setattr(classifier, name, _like(getattr(classifier, name), classes))
        helper = getattr(self._net, "aux_classifier", None)
        if helper is not None:
            helper[-1] = _like(helper[-1], classes)

    def last_layers(self) -> list[nn.Conv2d]:
        layers = [cast("nn.Conv2d", part) for part in self.head_parts()]
        helper = getattr(self._net, "aux_classifier", None)
        return layers if helper is None else [*layers, helper[-1]]

    @property
    def _net(self) -> Any:
        return self._module


def _is_lraspp(classifier: Any) -> bool:
    return hasattr(classifier, "low_classifier")


def _like(layer: Any, outputs: int) -> nn.Conv2d:
    """A layer as this one, with other outputs and torch's usual first weights."""
    from torch import nn

    return nn.Conv2d(layer.in_channels, outputs, layer.kernel_size)


def make(arch: str, classes: int) -> Any:
    """An architecture as its official weights need it, with so many classes; random weights."""
    from torchvision import models

    options: dict[str, Any] = {"weights": None, "weights_backbone": None, "num_classes": classes}
    if not arch.startswith("lraspp"):
        options["aux_loss"] = True  # the published weights carry the helper head of their training
    return models.get_model(arch, **options)


def open_pretrained(card: ModelCard, path: Path) -> TorchvisionSegmenter:
    """Official weights. Raises: UserError when they do not fit the architecture."""
    labels = label_names(card)
    module = make(card.arch, len(labels))
    load_strictly(card, module, path)
    return TorchvisionSegmenter(card, module, labels)


def build(card: ModelCard, _folder: Path) -> TorchvisionSegmenter:
    """The bare network of an own model; its weights are loaded by the caller."""
    labels = (NOTHING, *card.label_names)
    return TorchvisionSegmenter(card, make(card.arch, len(labels)), labels)


def bare(card: ModelCard) -> TorchvisionSegmenter:
    """As it would be opened, without its numbers."""
    labels = (NOTHING, *card.label_names) if card.source.kind == "folder" else label_names(card)
    return TorchvisionSegmenter(card, make(card.arch, len(labels)), labels)
