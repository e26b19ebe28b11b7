"""Masks as files: a number for each pixel, with a palette so that they can be looked at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workbench.data.importers.mask_files import VOID, palette
from workbench.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def too_many(names: list[str]) -> None:
    """Raises: UserError when there are more classes than a mask of bytes holds."""
    if len(names) >= VOID:
        raise UserError("A mask can hold no more than 254 classes.", "Choose COCO, or merge some classes.")


def save_numbers(path: Path, values: npt.NDArray[np.uint8]) -> None:
    """uint8 [H, W] as an indexed PNG with Pascal VOC's palette."""
    from PIL import Image

    picture = Image.fromarray(values)
    picture.putpalette([v for colour in palette(256) for v in colour])
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, "PNG")


def save_colours(path: Path, values: npt.NDArray[np.uint8], colours: list[tuple[int, int, int]]) -> None:
    """uint8 [H, W] as a PNG in which number n has the n-th colour; numbers beyond are the last one's."""
    import numpy as np
    from PIL import Image

    table = np.zeros((256, 3), np.uint8)
    table[: len(colours)] = colours
    table[len(colours) :] = colours[-1]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(table[values]).save(path, "PNG")
