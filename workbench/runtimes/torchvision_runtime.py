"""Picture networks built by torchvision."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import label_names
from workbench.errors import UserError
from workbench.runtimes.network import Network, split_last_linear
from workbench.runtimes.weights import read_state

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Batch

IMAGENET_CLASSES = 1000


def _pooled(backbone: nn.Module, batch: Batch) -> torch.Tensor:
    return cast("torch.Tensor", backbone(batch["pixels"]))


def make(arch: str, outputs: int) -> Any:
    """An architecture as its official weights need it, with so many classes; random weights."""
    from torchvision import models

    options: dict[str, Any] = {"num_classes": outputs}
    if arch in ("googlenet", "inception_v3"):
        # Their published weights were trained with the inputs of another framework and with helper heads.
        options |= {"aux_logits": True, "transform_input": True, "init_weights": False}
    return models.get_model(arch, weights=None, **options)


def _without_helper_heads(model: Any) -> None:
    """GoogLeNet and Inception carry heads that only served their first training."""
    if getattr(model, "aux_logits", False):
        model.aux_logits = False
        for name in ("aux1", "aux2", "AuxLogits"):
            if hasattr(model, name):
                setattr(model, name, None)


def _network(card: ModelCard, model: Any, outputs: int, labels: tuple[str, ...]) -> Network:
    _without_helper_heads(model)
    head = split_last_linear(model, outputs)
    if head is None:
        raise UserError(f"This version of the app cannot open “{card.name}”.", "Choose another model.")
    return Network(card, labels, model, _pooled, head, head.in_features)


def renamed(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """DenseNet's published keys say `norm.1` where the network says `norm1`."""
    import re

    pattern = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")
    return {pattern.sub(r"\1\2", key): value for key, value in state.items()}


def open_pretrained(card: ModelCard, path: Path) -> Network:
    """Official weights. Raises: UserError when they do not fit the architecture."""
    labels = label_names(card)
    model = make(card.arch, len(labels))
    state = read_state(path, card.name)
    if card.arch.startswith("densenet"):
        state = renamed(state)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise UserError(
            f"The weights of “{card.name}” do not fit its network.", "Delete it and download it again."
        ) from error
    return _network(card, model, len(labels), labels)


def build(card: ModelCard, _folder: Path) -> Network:
    """The bare network of an own model; its weights are loaded by the caller."""
    return _network(card, make(card.arch, IMAGENET_CLASSES), IMAGENET_CLASSES, ())


def make_alone(arch: str) -> tuple[dict[str, Any], str]:
    """For torchvision without this app: the options of an own model's network beside its number of classes, and where its
    last linear layer is."""
    from torch import nn

    options: dict[str, Any] = {}
    if arch in ("googlenet", "inception_v3"):
        # The helper heads are gone.
        options = {"aux_logits": False, "transform_input": True, "init_weights": False}
    from workbench.runtimes.signatures import meta_layers

    with meta_layers():
        whole = make(arch, IMAGENET_CLASSES)
    linear = [n for n, part in whole.named_modules() if isinstance(part, nn.Linear) and not n.lower().startswith("aux")]
    last = [n for n in linear if whole.get_submodule(n).out_features == IMAGENET_CLASSES]
    return options, last[-1]
