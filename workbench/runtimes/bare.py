"""A model as its runtime would give it, with shapes and no numbers: to be looked at before it is downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import label_names
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.blueprint import blueprint
from workbench.runtimes.network import Network, split_last_linear
from workbench.runtimes.signatures import meta_layers

if TYPE_CHECKING:
    from torch import nn

    from workbench.runtimes.base import Batch

_BY_ARCH = ("timm", "torchvision")
# What these are made of is told by their card (and folder) alone.
_DETECTORS = ("torchvision_detection", "timm_detection", "darknet")
_USUAL_CLASSES = 2


def bare(card: ModelCard) -> Loaded:
    """On torch's meta device: a `Network` (with a head when it has classes) for what can be taught, else any network.

    Raises:
        UserError: when it is not made of torch layers, or cannot be built without its files.
    """
    import torch

    if card.is_remote:
        raise UserError(f"How “{card.name}” is built is known to its provider only.", "")
    from workbench.runtimes.registry import runtime_of

    runtime = runtime_of(card)
    own = getattr(runtime, "bare", None)
    if own is not None:
        with meta_layers():
            model: Loaded = own(card)
        model.to("meta")
        return model
    if card.runtime in _BY_ARCH:
        with meta_layers():
            network: Network = runtime.build(card, Path())
        network.module.to("meta")
        network.set_head(label_names(card) or [str(n) for n in range(_USUAL_CLASSES)])
        return network
    if card.runtime in _DETECTORS and (card.is_own or card.runtime != "darknet"):
        from workbench.runtimes.registry import runtime_of

        with meta_layers():
            detector: Loaded = runtime_of(card).build(card, Path(card.source.ref))
        detector.to("meta")
        return detector
    with torch.device("meta"):
        whole = _from_folder(card)
    if whole is None:
        whole = blueprint(card)
    if any(task.endswith("classification") for task in card.trainable_for):
        return _split(card, whole)
    return Loaded(card, whole, label_names(card))


def _from_folder(card: ModelCard) -> nn.Module | None:
    """The network of a model folder on this computer, by the config in it; None when there is none."""
    import transformers

    folder = Path(card.source.ref)
    if card.config or not card.is_own or not (folder / "config.json").is_file() or not card.arch:
        return None
    try:
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        made: nn.Module = getattr(transformers, card.arch).from_config(config)
    except (OSError, ValueError, RuntimeError, KeyError, AttributeError, TypeError) as error:
        raise UserError(f"How “{card.name}” is built cannot be read.", "Open its folder again.") from error
    return made


def _split(card: ModelCard, whole: Any) -> Loaded:
    """Backbone and head, as the runtimes of texts and pictures cut them."""
    outputs = int(getattr(whole.config, "num_labels", 0)) if hasattr(whole, "config") else 0
    head = split_last_linear(whole, outputs) if hasattr(whole, "classifier") or hasattr(whole, "score") else None
    if head is not None:
        names = label_names(card) or [str(n) for n in range(outputs)]
        return Network(card, names, whole, _before_head, head, head.in_features)
    if getattr(whole, "pooler", None) is not None:
        whole.pooler = None  # taken off by the runtime as well
    return Network(card, (), whole, _hidden, None, int(whole.config.hidden_size))


def _before_head(backbone: nn.Module, batch: Batch) -> Any:
    return backbone(**_named(batch)).logits


def _hidden(backbone: nn.Module, batch: Batch) -> Any:
    return backbone(**_named(batch)).last_hidden_state.mean(1)


def _named(batch: Batch) -> dict[str, Any]:
    # Without numbers nobody can look which tokens are padding, so there is none.
    return {"pixel_values" if k == "pixels" else k: value for k, value in batch.items() if k != "attention_mask"}
