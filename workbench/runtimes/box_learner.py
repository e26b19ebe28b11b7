"""What a detector must give to be taught other things (`workbench.tasks.detection_lesson`).

Such a network is seen as eyes and the rest. The eyes are what the quickest way of training leaves as it is, so that what
they see of a picture can be kept; the rest finds boxes in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Detections

# The score from which things are shown while nothing better is known.
USUAL_LIMIT = 0.5
_LIMIT = "shown_from"


@dataclass(frozen=True)
class Seen:
    """What the eyes see of some pictures.

    Attributes:
        features: float32 [B, C, h, w] each, finest first.
        sizes: (height, width) in which the network sees each picture.
        frame: height and width of the frame that holds them all; a picture lies in its upper left corner.
    """

    features: tuple[torch.Tensor, ...]
    sizes: tuple[tuple[int, int], ...]
    frame: tuple[int, int]


@dataclass(frozen=True)
class BoxTarget:
    """The truth about one picture.

    Attributes:
        boxes: float32 [N, 4], x0 y0 x1 y1 as shares of the picture's width and height.
        labels: int64 [N], places among the classes that are taught.
        ignored: float32 [M, 4] as `boxes`: parts that count neither way.
    """

    boxes: torch.Tensor
    labels: torch.Tensor
    ignored: torch.Tensor


@runtime_checkable
class BoxLearner(Protocol):
    """A `Detector` that can be taught.

    Attributes:
        head_rate, body_rate: good peak learning rates (AdamW) of what is made anew, and of the rest.
        clip_norm: gradients are scaled down to this norm; 0 leaves them.
    """

    head_rate: float
    body_rate: float
    clip_norm: float

    @property
    def module(self) -> nn.Module:
        """The whole network."""

    @property
    def eyes(self) -> nn.Module:
        """The part that Quick leaves as it is; its weights decide what `look` gives."""

    def set_classes(self, labels: Sequence[str]) -> None:
        """Make the last layers anew for these classes; what is known of classes with the same name is kept."""

    def set_size(self, side: int) -> None:
        """Look at pictures in about this size (the shorter side in pixels).

        Raises:
            UserError: when this network sees one size only.
        """

    def seen_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height in which the network sees a picture of this size."""

    def look(self, pictures: Sequence[torch.Tensor]) -> Seen:
        """What the eyes see. Pictures: float32 [3, H, W] in 0..1 each, of any sizes."""

    def loss(self, seen: Seen, targets: Sequence[BoxTarget]) -> torch.Tensor:
        """The mean training loss of some pictures: a scalar. To be called in training mode."""

    def losses(self, seen: Seen, targets: Sequence[BoxTarget]) -> list[float]:
        """The loss of each picture, in evaluation mode and without gradients; empty where that is not cheap."""

    def found(self, seen: Seen, threshold: float) -> list[Detections]:
        """In evaluation mode and without gradients: boxes as shares of each picture's width and height."""

    def stages(self) -> list[list[nn.Parameter]]:
        """All parameters: first those made anew and the rest outside the eyes, then the eyes from last to first."""


def together(parts: Sequence[Seen]) -> Seen:
    """What was seen of single pictures as one; smaller ones are filled up with zeros at their right and lower edges."""
    import torch
    from torch.nn.functional import pad

    frame = max(p.frame[0] for p in parts), max(p.frame[1] for p in parts)
    levels = []
    for level in range(len(parts[0].features)):
        maps = [p.features[level] for p in parts]
        high, wide = max(m.shape[2] for m in maps), max(m.shape[3] for m in maps)
        levels.append(torch.cat([pad(m, (0, wide - m.shape[3], 0, high - m.shape[2])) for m in maps]))
    return Seen(tuple(levels), tuple(s for p in parts for s in p.sizes), frame)


def keep_limit(module: nn.Module, value: float = USUAL_LIMIT) -> None:
    """Let a taught network carry, with its weights, the score from which what it finds is shown."""
    import torch

    if _LIMIT in dict(module.named_buffers(recurse=False)):
        getattr(module, _LIMIT).fill_(value)
    else:
        first = next(module.parameters(), None)
        device = first.device if first is not None else None
        module.register_buffer(_LIMIT, torch.tensor(value, dtype=torch.float32, device=device))


def limit_of(module: Any) -> float:
    """See `keep_limit`; `USUAL_LIMIT` for networks that do not say."""
    kept = getattr(module, _LIMIT, None)
    return USUAL_LIMIT if kept is None else round(float(kept), 6)


def is_taught(module: Any) -> bool:
    """Was this network taught here? Then it looks at pictures as its lessons prepared them."""
    return hasattr(module, _LIMIT)
