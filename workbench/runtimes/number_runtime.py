"""A network with pooled features that estimates one number: the backbone of a classifier, and one output in place of classes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.network import Network

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Batch

# Among a card's options: what opens the backbone, what an output of 0 and a step of 1 mean, and what the number is called.
BASE, MIDDLE, STEP, NAME = "base_runtime", "number_middle", "number_step", "number_name"
_BASES = ("fingerprints", "transformers")
_OUTPUT = "number"


class NumberNetwork(Loaded):
    """Around a `Network`, whose one output is the number in steps from its middle."""

    def __init__(self, card: ModelCard, pooled: Network) -> None:
        if len(pooled.labels) != 1:
            pooled.set_head((_OUTPUT,))
        super().__init__(card, pooled.module)
        self.pooled = pooled

    @property
    def tokenizer(self) -> Any:
        return self.pooled.tokenizer

    def outputs(self, batch: Batch) -> torch.Tensor:
        """float [B]: numbers in steps from the middle."""
        return self.pooled.logits(batch)[:, 0]

    def numbers(self, outputs: torch.Tensor) -> torch.Tensor:
        """Outputs as the numbers they mean."""
        return outputs * float(self.card.options.get(STEP, 1.0)) + float(self.card.options.get(MIDDLE, 0.0))


def number_network(model: Loaded) -> NumberNetwork:
    """A model as what can be taught to estimate a number; one that was taught goes on from what it knows.

    Raises:
        UserError: when it gives no pooled features.
    """
    if isinstance(model, NumberNetwork):
        return model
    if not isinstance(model, Network) or model.card.runtime not in _BASES:
        raise UserError(f"“{model.card.name}” cannot be taught to estimate a number.", "Choose another model.")
    options = {**model.card.options, BASE: model.card.runtime}
    return NumberNetwork(replace(model.card, runtime="number", options=options), model)


def build(card: ModelCard, folder: Path) -> NumberNetwork:
    """The bare network of an own model; its weights are loaded by the caller. Raises: UserError when it is not known."""
    return NumberNetwork(card, _base_of(card).build(card, folder))


def save_extras(model: NumberNetwork, folder: Path) -> None:
    """What the backbone's own runtime keeps beside the weights."""
    extras = getattr(_base_of(model.card), "save_extras", None)
    if extras is not None:
        extras(model.pooled, folder)


def _base_of(card: ModelCard) -> Any:
    from workbench.runtimes.registry import runtime_of

    base = str(card.options.get(BASE, ""))
    if base not in _BASES:
        raise UserError(f"This version of the app cannot open “{card.name}”.", "Update the app.")
    return runtime_of(replace(card, runtime=base))
