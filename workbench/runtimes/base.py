"""`LoadedModel`: weights in memory, whatever library they came from.

A runtime module offers `open_model(card, files, device) -> LoadedModel`. torch is imported inside functions
only, so that this module costs nothing to import.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from workbench.catalog.card import ModelCard, Preparation

if TYPE_CHECKING:
    import torch
    from torch import nn

    Batch = Mapping[str, torch.Tensor]


class LoadedModel(Protocol):
    """A model ready to compute. Not thread-safe: one job at a time uses one loaded model (see engine.pool).

    A batch is a mapping of named tensors already on `device`: pictures give {"pixels": float32 [B, 3, H, W]};
    texts give {"input_ids": int64 [B, T], "attention_mask": int64 [B, T]}.
    """

    card: ModelCard
    labels: tuple[str, ...]  # class names in order of the logits; empty when there is no head

    @property
    def module(self) -> nn.Module:
        """The whole network, head included."""

    @property
    def device(self) -> torch.device: ...

    @property
    def preparation(self) -> Preparation: ...

    @property
    def tokenizer(self) -> Any:
        """The tokenizer of a text model; None for the others."""

    @property
    def feature_width(self) -> int:
        """F, the width of the pooled features."""

    @property
    def weights_hash(self) -> str:
        """sha256 (hex) of the backbone's weights: part of the feature cache's key."""

    def features(self, batch: Batch) -> torch.Tensor:
        """Pooled features, float32 [B, F]."""

    def logits(self, batch: Batch) -> torch.Tensor:
        """Class logits, float32 [B, C]. Raises: UserError when the model has no head."""

    def head_logits(self, features: torch.Tensor) -> torch.Tensor:
        """The head alone: float32 [B, F] to [B, C]."""

    def set_head(
        self, labels: Iterable[str], weight: torch.Tensor | None = None, bias: torch.Tensor | None = None
    ) -> None:
        """Put a fresh linear head for these labels ([C, F] and [C] given, or zeros) in place of the old one."""

    def stages(self) -> list[list[nn.Parameter]]:
        """Parameter groups from the head (first) to the stem (last), for discriminative learning rates."""

    def backbone_state(self) -> dict[str, torch.Tensor]: ...

    def head_state(self) -> dict[str, torch.Tensor]: ...

    def to(self, device: str) -> None: ...

    def memory_bytes(self) -> int:
        """Bytes of weights and buffers held."""
