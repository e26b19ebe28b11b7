"""Picture networks built by timm."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import label_names
from workbench.errors import UserError
from workbench.runtimes.network import Network
from workbench.runtimes.weights import read_state

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Batch


def _pooled(backbone: nn.Module, batch: Batch) -> torch.Tensor:
    return cast("torch.Tensor", backbone(batch["pixels"]))


def open_pretrained(card: ModelCard, path: Path) -> Network:
    """A published checkpoint, its tensors matched with timm's by name or, when the names differ, in order with
    every shape checked.

    Raises:
        UserError: when they do not fit.
    """
    import timm

    labels = label_names(card)
    model = timm.create_model(card.arch, pretrained=False, num_classes=len(labels))
    state = read_state(path, card.name)
    own = model.state_dict()
    if set(state) != set(own):
        if [t.shape for t in state.values()] != [t.shape for t in own.values()]:
            raise UserError(f"The weights of “{card.name}” do not fit its network.", "Download the model again.")
        state = dict(zip(own, state.values(), strict=True))
    model.load_state_dict(state)
    head = model.get_classifier()
    model.reset_classifier(0)
    return Network(card, labels, model, _pooled, head, head.in_features)


def build(card: ModelCard, _folder: Path) -> Network:
    """The bare network of an own model; its weights are loaded by the caller."""
    import timm

    model = timm.create_model(card.arch, pretrained=False, num_classes=0)
    # Some (MobileNet v3) widen their features once more before the classes.
    return Network(card, (), model, _pooled, None, int(getattr(model, "head_hidden_size", None) or model.num_features))
