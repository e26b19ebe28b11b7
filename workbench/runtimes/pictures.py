"""Small pieces the picture runtimes share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.errors import UserError
from workbench.runtimes.weights import read_state

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch
    from torch import nn

    from workbench.runtimes.base import Floats, Pixels

# So many points are decided at once: what is needed of them stays in a core's own cache.
_BAND_POINTS = 65_536
# On a card so many values at once: 128 MB.
_BAND_VALUES = 32_000_000
_MOST_KINDS = 256


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

    return torch.tensor(np.ascontiguousarray(picture), device=device).permute(2, 0, 1).float().div_(255.0)


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
    """Logits float [C, h, w] to class indices uint8 [H, W] at `size` (H, W): enlarged first (bilinear, pixel centres on pixel
    centres), then decided; of two that are as likely the first.

    Band by band and class by class, each against the likeliest so far: 150 classes of a 12-megapixel photo at once would
    need 7 GB, and finding the largest number across classes is many times slower.

    Raises:
        UserError: for more classes than fit into a byte.
    """
    import numpy as np

    kinds, rows, columns = logits.shape
    height, width = size
    if kinds > _MOST_KINDS:
        raise UserError("This model tells apart more than 256 kinds of areas.", "Choose another model.")
    if logits.device.type != "cpu":
        return _to_classes_in_torch(logits, size)
    values = logits.detach().float().numpy()
    down, across = _places(rows, height), _places(columns, width)
    result = np.empty(size, np.uint8)
    band = max(1, _BAND_POINTS // width)
    for first in range(0, height, band):
        part = _part(down, first, band)
        result[first : first + band] = _likeliest(_enlarged(plane, part, across) for plane in values)[0]
    return result


def _to_classes_in_torch(logits: torch.Tensor, size: tuple[int, int]) -> Any:
    """As `to_classes`, on the logits' device."""
    import numpy as np
    import torch
    from torch.nn.functional import interpolate

    kinds, rows = logits.shape[:2]
    height, width = size
    wide = interpolate(logits[None].float(), size=(rows, width), mode="bilinear", align_corners=False)[0]
    # Where each row of the result lies among the rows of the logits.
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


def certainties(logits: torch.Tensor) -> tuple[float, ...]:
    """Logits float [C, h, w] to how certain the points of each class are (mean softmax in 0..1 of those at which it is the
    likeliest), 0 for a class without one."""
    import numpy as np

    if logits.device.type != "cpu":
        return _certainties_in_torch(logits)
    values = logits.detach().float().numpy().reshape(len(logits), -1)
    counts, sums = np.zeros(len(values), np.int64), np.zeros(len(values))
    for first in range(0, values.shape[1], _BAND_POINTS):
        planes = values[:, first : first + _BAND_POINTS]
        kind, best = _likeliest(planes)
        others = np.zeros_like(best)
        for plane in planes:
            others += np.exp(plane - best)
        counts += np.bincount(kind, minlength=len(values))
        sums += np.bincount(kind, 1 / others, len(values))
    return tuple((sums / np.maximum(counts, 1)).tolist())


def _certainties_in_torch(logits: torch.Tensor) -> tuple[float, ...]:
    """As `certainties`, on the logits' device."""
    import torch

    best, kind = torch.softmax(logits.float(), 0).max(0)
    flat = kind.reshape(-1)
    counts = torch.bincount(flat, minlength=logits.shape[0])
    sums = torch.zeros(logits.shape[0], device=logits.device).index_add_(0, flat, best.reshape(-1))
    return tuple(min(1.0, v) for v in (sums / counts.clamp(min=1)).tolist())


def _likeliest(planes: Iterable[Floats]) -> tuple[Any, Floats]:
    """Of logits float32 of each class: the first of the largest at each point (uint8), and that largest."""
    import numpy as np

    each = iter(planes)
    best = next(each).copy()
    kind, larger = np.zeros(best.shape, np.uint8), np.empty(best.shape, np.bool_)
    for number, plane in enumerate(each, 1):
        np.greater(plane, best, out=larger)
        np.maximum(best, plane, out=best)
        # Later numbers are larger, so that the last one that was better stays.
        np.maximum(kind, larger.view(np.uint8) * np.uint8(number), out=kind)
    return kind, best


def sampled(picture: Pixels, size: tuple[int, int]) -> Floats:
    """uint8 [H, W, 3] to float32 [h, w, 3] in 0..1 at `size` (h, w): bilinear as torch's `interpolate`, between the four nearest
    points alone, however much smaller it becomes. Looks at no others, which a large picture has very many of."""
    import numpy as np

    above, below, down = _places_in_torch(picture.shape[0], size[0])
    left, right, across = _places_in_torch(picture.shape[1], size[1])
    across = across[:, None]

    def mixed(rows: Pixels) -> Floats:
        # Whole numbers times float32 are float32.
        made: Floats = rows.take(left, 1) * (1 - across) + rows.take(right, 1) * across
        return made

    down = down[:, None, None]
    made: Floats = mixed(picture[above]) * (1 - down) + mixed(picture[below]) * down
    return made / np.float32(255)


# For each of some points the two between which it lies, and how near it is to the second; None where they are the points
# themselves.
_Places = tuple["npt.NDArray[np.intp]", "npt.NDArray[np.intp]", "Floats"]


def _places(before: int, after: int) -> _Places | None:
    """Where `after` points side by side lie among `before` points."""
    import numpy as np

    if before == after:
        return None
    return _between((np.arange(after) + 0.5) * before / after - 0.5, before)


def _places_in_torch(before: int, after: int) -> _Places:
    """The same with the digits that torch keeps of a place."""
    import numpy as np

    scale = float(np.float32(before) / np.float32(after))
    return _between((scale * (np.arange(after) + 0.5) - 0.5).astype(np.float32), before)


def _between(places: npt.NDArray[np.floating[Any]], count: int) -> _Places:
    import numpy as np

    places = places.clip(0, count - 1)
    first = np.floor(places).astype(np.intp)
    return first, np.minimum(first + 1, count - 1), (places - first).astype(np.float32)


def _part(places: _Places | None, first: int, count: int) -> tuple[slice, _Places | None]:
    """The rows that so many rows of the result lie among, and where they lie among these."""
    if places is None:
        return slice(first, first + count), None
    part = slice(first, first + count)
    above, below, share = places[0][part], places[1][part], places[2][part]
    top = int(above[0])
    return slice(top, int(below[-1]) + 1), (above - top, below - top, share[:, None])


def _enlarged(plane: Floats, part: tuple[slice, _Places | None], across: _Places | None) -> Floats:
    """Some rows float32 of one class in the result's size."""
    rows, down = part
    return _mixed(_mixed(plane[rows], across, 1), down, 0)


def _mixed(plane: Floats, places: _Places | None, axis: int) -> Floats:
    if places is None:
        return plane
    first, second, share = places
    made: Floats = plane.take(first, axis)
    made *= 1 - share
    other = plane.take(second, axis)
    other *= share
    made += other
    return made
