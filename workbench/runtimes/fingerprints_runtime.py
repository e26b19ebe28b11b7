"""Molecules by their fingerprints: nothing that was learnt before, only what chemistry counts. A linear head is taught on it.

The network is only the place where the head begins: fingerprints are worked out where a molecule is prepared.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.catalog.card import ModelCard
from workbench.runtimes.network import Network

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Batch

# Bits of a fingerprint, and numbers that are counted beside them.
BITS, COUNTS = 2048, 10


def _pooled(_backbone: nn.Module, batch: Batch) -> torch.Tensor:
    return batch["bits"]


class FingerprintNetwork(Network):
    """A `Network` whose features are what it is given: float32 [B, 2058], the bits of a fingerprint and counts."""

    # Other programs would have to work out the same fingerprints.
    stands_alone = False
    fast_as_a_whole = False

    def __init__(self, card: ModelCard) -> None:
        from torch import nn

        super().__init__(card, (), nn.Identity(), _pooled, None, BITS + COUNTS, learning_rate=0.0)

    def likeness(self, given: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
        """Tanimoto's of the bits; counts are left out."""
        one, many = given[0, :BITS], matrix[:, :BITS]
        shared = many @ one
        return shared / (many.sum(1) + one.sum() - shared).clamp(min=1)

    likeness_name = "Tanimoto similarity of fingerprints"


def open_pretrained(card: ModelCard, path: Path) -> FingerprintNetwork:
    """There are no weights to read; `path` is part of the chemistry that is counted with."""
    return FingerprintNetwork(card)


def build(card: ModelCard, folder: Path) -> FingerprintNetwork:
    """The bare network of an own model; its head is loaded by the caller."""
    return FingerprintNetwork(card)


def as_batch(rows: list[torch.Tensor], device: torch.device) -> Mapping[str, torch.Tensor]:
    """Features of molecules, float32 [2058] each, as a batch."""
    import torch

    return {"bits": torch.stack(rows).to(device)}
