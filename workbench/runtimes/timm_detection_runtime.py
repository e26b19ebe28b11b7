"""A detector on a picture network of timm: its eyes are trained, what finds boxes is made anew and must be taught.

An FCOS detector (Tian et al. 2019, arXiv 1904.01355) of torchvision's parts on the network's features at strides 8, 16
and 32, joined by a feature pyramid (Lin et al. 2017, arXiv 1612.03144). Narrow, so that it learns on a laptop.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.box_learner import keep_limit
from workbench.runtimes.box_notes import read_size, write_size
from workbench.runtimes.torchvision_boxes import TorchvisionDetector
from workbench.runtimes.weights import read_state

if TYPE_CHECKING:
    import torch
    from torch import nn

_STRIDES = (8, 16, 32)
_WIDTH = 64
_CONVOLUTIONS = 2
_SIDE, _LONGEST = 320, 512


class StarterDetector(TorchvisionDetector):
    """See the module. Before it is taught it finds nothing."""

    def __init__(self, card: ModelCard, module: nn.Module, taught: bool = False) -> None:
        super().__init__(card, module, card.label_names if taught else (), taught)
        self.head_rate, self.body_rate = 2e-3, 2e-4

    @property
    def eyes(self) -> nn.Module:
        eyes: nn.Module = self.module.backbone.body
        return eyes

    def set_classes(self, labels: Sequence[str]) -> None:
        if self.labels:
            super().set_classes(labels)
            return
        self.weights_changed()
        # Nothing but the eyes has learnt anything: all else is made now, from the random numbers of the training's seed.
        fresh = network_of(self.card, len(labels)).to(self.device)
        self.module.backbone.fpn, self.module.head = fresh.backbone.fpn, fresh.head
        self.labels = tuple(labels)
        keep_limit(self.module)

    def pyramid(self, features: tuple[torch.Tensor, ...]) -> list[torch.Tensor]:
        levels: list[torch.Tensor] = self.module.backbone.join(features)
        return levels


def network_of(card: ModelCard, classes: int) -> Any:
    """The network with random numbers."""
    import timm
    from torch import nn
    from torchvision.models.detection.anchor_utils import AnchorGenerator
    from torchvision.models.detection.fcos import FCOS, FCOSClassificationHead, FCOSHead, FCOSRegressionHead
    from torchvision.ops import FeaturePyramidNetwork

    body = timm.create_model(card.arch, pretrained=False, features_only=True, out_indices=(2, 3, 4))
    if tuple(body.feature_info.reduction()) != _STRIDES:
        raise UserError(f"“{card.name}” has no features of the sizes needed to find things.", "Choose another model.")

    class Backbone(nn.Module):
        """Body and pyramid, as torchvision's detectors want a backbone."""

        out_channels = _WIDTH

        def __init__(self) -> None:
            super().__init__()
            self.body = body
            self.fpn = FeaturePyramidNetwork(body.feature_info.channels(), _WIDTH)

        def join(self, features: Any) -> list[torch.Tensor]:
            named = OrderedDict((str(n), f) for n, f in enumerate(features))
            return list(self.fpn(named).values())

        def forward(self, x: torch.Tensor) -> OrderedDict[str, torch.Tensor]:
            return OrderedDict((str(n), f) for n, f in enumerate(self.join(self.body(x))))

    head = FCOSHead(_WIDTH, 1, max(1, classes))
    head.classification_head = FCOSClassificationHead(_WIDTH, 1, max(1, classes), _CONVOLUTIONS)
    head.regression_head = FCOSRegressionHead(_WIDTH, 1, _CONVOLUTIONS)
    anchors = AnchorGenerator(tuple((stride,) for stride in _STRIDES), ((1.0,),) * len(_STRIDES))
    preparation = card.preparation
    return FCOS(
        Backbone(), max(1, classes), _SIDE, _LONGEST, list(preparation.mean), list(preparation.std), anchors, head
    )


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """The picture network's own weights; what finds boxes is random. Raises: UserError when they do not fit."""
    import timm

    whole = timm.create_model(card.arch, pretrained=False)
    state: Mapping[str, torch.Tensor] = read_state(path, card.name)
    own = whole.state_dict()
    if set(state) != set(own):
        if [t.shape for t in state.values()] != [t.shape for t in own.values()]:
            raise UserError(f"The weights of “{card.name}” do not fit its network.", "Install the app again.")
        state = dict(zip(own, state.values(), strict=True))
    module = network_of(card, 0)
    wanted = module.backbone.body.state_dict()
    module.backbone.body.load_state_dict({key: state[key] for key in wanted})
    return StarterDetector(card, module)


def build(card: ModelCard, folder: Path) -> StarterDetector:
    """The bare network of a card, an own model's with its classes; its weights are loaded by the caller."""
    module = network_of(card, len(card.label_names))
    if not card.is_own:
        return StarterDetector(card, module)
    keep_limit(module)
    model = StarterDetector(card, module, taught=True)
    side = read_size(folder)
    if side:
        model.set_size(side)
    return model


def save_extras(model: StarterDetector, folder: Path) -> None:
    """What such a model needs beside its weights: the size it was taught with."""
    write_size(folder, model.size)
