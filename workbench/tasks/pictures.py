"""What the tasks on pictures share: reading, and writing the new ones."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from workbench.data.media import PICTURE_SUFFIXES
from workbench.data.types import Sample
from workbench.tasks.predictions import Picture

if TYPE_CHECKING:
    from workbench.data.whole_picture import WholePicture
    from workbench.runtimes.base import Floats, Pixels

FILES = PICTURE_SUFFIXES


def pixels_of(sample: Sample, max_side: int = 0) -> Pixels:
    """uint8 [H, W, 3] in the picture's own size; at most `max_side` when that is given. Raises: UserError."""
    return sized_pixels(sample, max_side)[0]


def sized_pixels(sample: Sample, max_side: int = 0, max_pixels: int = 0) -> tuple[Pixels, tuple[int, int]]:
    """As `pixels_of`, with the picture's own width and height; at most `max_pixels` when that is given.

    Raises:
        UserError: when it cannot be read.
    """
    import numpy as np

    from workbench.data.media import open_picture

    picture = open_picture(sample)
    size = picture.size
    if max_side and max(size) > max_side:
        picture.thumbnail((max_side, max_side))
    if max_pixels and picture.width * picture.height > max_pixels:
        scale = (max_pixels / (picture.width * picture.height)) ** 0.5
        picture.thumbnail((max(1, int(picture.width * scale)), max(1, int(picture.height * scale))))
    return np.asarray(picture), size


def shrunk(pixels: Pixels, width: int, height: int) -> Pixels:
    """uint8 [H, W, 3], its shape kept, no smaller than this size in either direction; never enlarged."""
    import numpy as np
    from PIL import Image

    scale = max(width / pixels.shape[1], height / pixels.shape[0])
    if scale >= 1.0:
        return pixels
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))


def as_png(pixels: Any) -> bytes:
    """uint8 [H, W], [H, W, 3] or [H, W, 4] as PNG."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", compress_level=3)
    return stream.getvalue()


def to_values(picture: Floats, kind: Any, *, grey: bool = False) -> Any:
    """float32 [3, H, W] in 0..1 to whole numbers of `kind` (uint8, uint16) [H, W, 3]; the colours' mean [H, W] if grey."""
    import numpy as np

    high = np.iinfo(kind).max
    values = picture.mean(0) if grey else picture.transpose(1, 2, 0)
    return (np.clip(values, 0, 1) * high + 0.5).astype(kind)


def to_floats(pixels: Any) -> Floats:
    """uint8 or uint16 [H, W] or [H, W, 3] to float32 [3, H, W] in 0..1; of a grey picture all three are the same."""
    import numpy as np

    values = np.asarray(pixels, dtype=np.float32) / np.float32(np.iinfo(pixels.dtype).max)
    if values.ndim == 2:
        return np.repeat(values[None], 3, 0)
    return np.ascontiguousarray(values.transpose(2, 0, 1))


def as_picture(made: WholePicture, note: str = "", *, finished: bool = True) -> Picture:
    """A whole picture as a prediction. A preview is packed quickly."""
    from workbench.data.exporters.pictures import png_bytes

    return Picture(
        png_bytes(made, 3 if finished else 1), made.width, made.height, note, finished=finished, bits=made.bits
    )


def enlarged_alpha(alpha: Any, width: int, height: int) -> Any:
    """Alpha of a whole picture in another size, plainly: a network for photos knows nothing of it."""
    import cv2

    if alpha is None or alpha.shape == (height, width):
        return alpha
    smaller = height < alpha.shape[0]
    return cv2.resize(alpha, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)


def filled_in(picture: WholePicture) -> Any:
    """Pixels with the nearest visible colour where nothing is seen.

    Programs leave anything (mostly black) where a picture is clear, and a network would draw it into the edges.
    """
    from scipy.ndimage import distance_transform_edt

    clear = None if picture.alpha is None else picture.alpha == 0
    if clear is None or not clear.any() or clear.all():
        return picture.pixels
    rows, columns = distance_transform_edt(clear, return_distances=False, return_indices=True)
    return picture.pixels[rows, columns]
