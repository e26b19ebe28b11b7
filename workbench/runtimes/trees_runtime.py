"""Gradient-boosted trees: nothing pre-trained, but quick, exact and hard to beat on tables. The starter is a file of settings; what
comes of it is a folder with the trees as numbers (`workbench.runtimes.forest`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.forest import Forest, fault

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Batch

_LARGEST = 100_000
_USUAL = "usual"
LENS = "lens."


class Trees(Loaded):
    """A `Classifier` (with classes) or an `Estimator` (without). Its batch: "table" float64 [B, F].

    Attributes:
        settings: how trees are grown when nothing else is said.
        forest: None before it has been taught.
        usual: float64 [n, F], cells that are usual in its columns, drawn column by column: what answers are explained
            against. None where it keeps none.
        lenses: tensors under "lens.…", by which columns of texts and pictures become numbers
            (`workbench.tasks.seen_columns`, which checks them).
    """

    def __init__(
        self,
        card: ModelCard,
        settings: Mapping[str, Any],
        forest: Forest | None = None,
        usual: torch.Tensor | None = None,
    ) -> None:
        super().__init__(card, labels=card.label_names)
        self.settings = dict(settings)
        self.forest = forest
        self.usual = usual
        self.lenses: dict[str, torch.Tensor] = {}

    def class_logits(self, batch: Batch) -> torch.Tensor:
        """Float64 [B, C]. Of two classes there is one sum: the first class's is 0."""
        import torch

        raw = self._grown().raw(batch["table"])
        return torch.cat([torch.zeros_like(raw), raw], 1) if raw.shape[1] == 1 else raw

    def estimate(self, batch: Batch) -> torch.Tensor:
        return self._grown().raw(batch["table"])[:, 0]

    def _grown(self) -> Forest:
        if self.forest is None:
            raise UserError(
                f"“{self.card.name}” knows nothing yet: it learns from your own table.", "Train it on the Train page."
            )
        return self.forest

    def state(self) -> dict[str, torch.Tensor]:
        found = {f"trees.{name}": tensor for name, tensor in self._grown().tensors.items()}
        return (found if self.usual is None else found | {_USUAL: self.usual}) | self.lenses

    def load_state(self, state: Mapping[str, torch.Tensor]) -> None:
        lenses = {name: tensor for name, tensor in state.items() if name.startswith(LENS)}
        tensors = {
            name.removeprefix("trees."): tensor
            for name, tensor in state.items()
            if name != _USUAL and name not in lenses
        }
        outputs = len(self.labels) if len(self.labels) > 2 else 1
        features = int(self.card.options.get("features", 0))
        if fault(tensors, features) or len(tensors["baseline"]) != outputs:
            raise UserError(f"The trees of “{self.card.name}” are damaged.", "Export or train the model again.")
        usual = state.get(_USUAL)
        if usual is not None and (usual.dim() != 2 or usual.shape[1] != features or not usual.is_floating_point()):
            raise UserError(f"The trees of “{self.card.name}” are damaged.", "Export or train the model again.")
        self.forest, self.usual, self.lenses = Forest(tensors), usual, lenses

    def memory_bytes(self) -> int:
        if self.forest is None:
            return 0
        return sum(t.numel() * t.element_size() for t in self.forest.tensors.values())


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """The starter: settings alone. Raises: UserError when they cannot be read."""
    try:
        with path.open("rb") as stream:
            settings = json.loads(stream.read(_LARGEST))
        return Trees(card, {str(k): v for k, v in settings.items()})
    except (OSError, ValueError, AttributeError) as error:
        raise UserError(f"The settings of “{card.name}” cannot be read.", "Install the app again.") from error


def build(card: ModelCard, _folder: Path) -> Loaded:
    """An own model whose trees are loaded next."""
    return Trees(card, {})
