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

    from workbench.runtimes.base import Floats, Pixels

# So many values are enlarged at once: 128 MB.
_BAND_VALUES = 32_000_000


def load_strictly(card: ModelCard, module: nn.Module, path: Path) -> None:
    """A file's tensors into a network, every name and shape the same. Raises: UserError when they do not fit."""
    state = read_state(path, card.name)
    try:
        module.load_state_dict(state, strict=True)
    except RuntimeError as error:
        raise UserError(
            f"The weights of “{card.name}” do not fit its network.", "Delete it and download it again."
        ) from error


def writable(picture: Pixels) -> Pixels:
    """As it is, or a copy: torch says of an array that may not be written that it may crash."""
    return picture if picture.flags.writeable else picture.copy()


def as_tensor(picture: Pixels, device: torch.device) -> torch.Tensor:
    """uint8 [H, W, 3] to float32 [3, H, W] in 0..1."""
    import numpy as np
    import torch

    return torch.tensor(np.ascontiguousarray(picture), device=device).permute(2, 0, 1).float() / 255.0


def normalised(pixels: torch.Tensor, mean: Sequence[float], std: Sequence[float]) -> torch.Tensor:
    """float32 [..., 3, H, W] with mean and standard deviation per channel taken off."""
    import torch

    shape = (3, 1, 1)
    centre = torch.tensor(mean, device=pixels.device).view(shape)
    return (pixels - centre) / torch.tensor(std, device=pixels.device).view(shape)


def resized(picture: Floats, width: int, height: int) -> Floats:
    """float32 [C, h, w] in another size: bilinear, and without patterns of its own when it becomes smaller."""
    import torch

    if picture.shape[1:] == (height, width):
        return picture
    made: Floats = torch.nn.functional.interpolate(
        torch.from_numpy(picture)[None], size=(height, width), mode="bilinear", align_corners=False, antialias=True
    )[0].numpy()
    return made


def to_classes(logits: torch.Tensor, size: tuple[int, int]) -> Any:
    """Logits float [C, h, w] to class indices uint8 [H, W] at `size` (H, W): enlarged first, then decided.

    Band by band: 150 classes of a 12-megapixel photo at once would need 7 GB.

    Raises:
        UserError: for more classes than fit into a byte.
    """
    import numpy as np
    import torch
    from torch.nn.functional import interpolate

    kinds, rows = logits.shape[:2]
    height, width = size
    if kinds > 256:
        raise UserError("This model tells apart more than 256 kinds of areas.", "Choose another model.")
    wide = interpolate(logits[None].float(), size=(rows, width), mode="bilinear", align_corners=False)[0]
    # Where each row of the result lies among the rows of the logits, pixel centres on pixel centres.
    place = ((torch.arange(height, dtype=torch.float64) + 0.5) * rows / height - 0.5).clamp(0, rows - 1)
    above = place.floor().long()
    below = (above + 1).clamp(max=rows - 1)
    share = (place - above).float().to(wide.device)[None, :, None]
    result = np.empty(size, np.uint8)
    band = max(1, _BAND_VALUES // (kinds * width))
    for first in range(0, height, band):
        part = slice(first, first + band)
        mixed = wide[:, above[part]] * (1 - share[:, part]) + wide[:, below[part]] * share[:, part]
        result[part] = mixed.argmax(0).to(torch.uint8).cpu().numpy()
    return result
