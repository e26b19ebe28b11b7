"""Small pieces the picture runtimes share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.errors import UserError
from workbench.runtimes.weights import read_state

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Pixels


def load_strictly(card: ModelCard, module: nn.Module, path: Path) -> None:
    """A file's tensors into a network, every name and shape the same. Raises: UserError when they do not fit."""
    state = read_state(path, card.name)
    try:
        module.load_state_dict(state, strict=True)
    except RuntimeError as error:
        raise UserError(
            f"The weights of “{card.name}” do not fit its network.", "Delete it and download it again."
        ) from error


def as_tensor(picture: Pixels, device: torch.device) -> torch.Tensor:
    """uint8 [H, W, 3] to float32 [3, H, W] in 0..1."""
    import numpy as np
    import torch

    return torch.from_numpy(np.ascontiguousarray(picture)).to(device).permute(2, 0, 1).float() / 255.0


def normalised(pixels: torch.Tensor, mean: Sequence[float], std: Sequence[float]) -> torch.Tensor:
    """float32 [..., 3, H, W] with mean and standard deviation per channel taken off."""
    import torch

    shape = (3, 1, 1)
    centre = torch.tensor(mean, device=pixels.device).view(shape)
    return (pixels - centre) / torch.tensor(std, device=pixels.device).view(shape)


def to_classes(logits: torch.Tensor, size: tuple[int, int]) -> Any:
    """Logits float [C, h, w] to class indices uint8 [H, W] at `size` (H, W): enlarged first, then decided."""
    import torch
    from torch.nn.functional import interpolate

    large = interpolate(logits[None].float(), size=size, mode="bilinear", align_corners=False)[0]
    return large.argmax(0).to(torch.uint8).cpu().numpy()
