"""Pictures as a screen shows them: 8 bits, upright, and not larger than the window's memory should be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.data.types import Sample
from workbench.data.whole_picture import in_eight_bits, open_whole
from workbench.engine.picture_truth import bicubic
from workbench.errors import UserError
from workbench.tasks.pictures import as_png, enlarged_alpha

# About 100 MB as the screen holds it.
MOST_POINTS = 24_000_000


@dataclass(frozen=True)
class OnScreen:
    """
    Attributes:
        rgba: bytes of red, green, blue and alpha, row by row.
        width, height: of `rgba`.
        true_width, true_height: of the picture itself, which may be larger.
    """

    rgba: bytes
    width: int
    height: int
    true_width: int
    true_height: int


def on_screen(source: Sample | Path | bytes, size: tuple[int, int] | None = None, most: int = MOST_POINTS) -> OnScreen:
    """Decode a picture for the screen; slow for large ones.

    Args:
        size: width and height to enlarge it to first, by plain bicubic.
        most: a picture of more points is made smaller.

    Raises:
        UserError: when it cannot be read.
    """
    import cv2
    import numpy as np

    picture = in_eight_bits(open_whole(source))
    true_width, true_height = size or (picture.width, picture.height)
    pixels: Any = picture.pixels
    smaller = min(1.0, (most / (true_width * true_height)) ** 0.5)
    width, height = max(1, int(true_width * smaller)), max(1, int(true_height * smaller))
    if (width, height) != (picture.width, picture.height):
        if width > picture.width:
            pixels = bicubic(pixels, width, height)
        else:
            pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    rgba = np.full((height, width, 4), 255, np.uint8)
    rgba[..., :3] = pixels[..., None] if picture.is_grey else pixels
    if picture.alpha is not None:
        rgba[..., 3] = enlarged_alpha(picture.alpha, width, height)
    return OnScreen(rgba.tobytes(), width, height, true_width, true_height)


def piece(sample: Sample, box: tuple[float, float, float, float], side: int) -> bytes:
    """A part of a picture as PNG, from all the points it has; slow for large pictures.

    Args:
        box: x0, y0, x1, y1 in its pixels; what lies outside is left out.
        side: a larger part is made so large.

    Raises:
        UserError: when it cannot be read, or nothing of the box lies in it.
    """
    import numpy as np

    from workbench.data.media import open_picture

    picture = open_picture(sample)
    x0, y0 = max(0, int(box[0])), max(0, int(box[1]))
    x1, y1 = min(picture.width, round(box[2])), min(picture.height, round(box[3]))
    if x1 <= x0 or y1 <= y0:
        raise UserError("Nothing of this lies in the picture.")
    part = picture.crop((x0, y0, x1, y1))
    part.thumbnail((side, side))
    return as_png(np.asarray(part))
