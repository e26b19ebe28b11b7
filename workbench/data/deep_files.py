"""Deep greys out of ordinary files: 16 bits and floating point in PNG and TIFF."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from workbench.data.deep import MAX_DEEP_PIXELS, Deep, deep
from workbench.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

# How Pillow calls them: 16 and 32 bits, floating point.
DEEP_MODES = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")
TIFF_MARKS = (b"II*\0", b"MM\0*")
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0
_WIDTH, _HEIGHT, _SAMPLES = 256, 257, 277
_SAMPLE_FORMAT, _FLOATING = 339, 3


def deep_of(picture: Image, upright: Image) -> Deep:
    """A picture of one of the `DEEP_MODES`: as opened (it knows its tags) and as turned upright."""
    import numpy as np

    values = np.asarray(upright)
    values = np.ascontiguousarray(values, values.dtype.newbyteorder("="))
    tags = getattr(picture, "tag_v2", {})
    if values.dtype == np.int32 and values.size and values.min() >= 0 and values.max() <= 0xFFFF:
        values = values.astype(np.uint16)
    return deep(values, inverted=tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO)


def rare_tiff(data: bytes) -> Deep | Image | None:
    """TIFF files that Pillow does not know (several floating-point channels, 64 bits), read by OpenCV; None: no such.

    Raises:
        UserError: when it is too large.
    """
    import cv2
    import numpy as np
    from PIL import Image
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    stream = io.BytesIO(data)
    tags = ImageFileDirectory_v2(stream.read(8))
    stream.seek(tags.next)
    tags.load(stream)
    if _FLOATING not in tuple(tags.get(_SAMPLE_FORMAT, ())):
        return None
    width, height, samples = (int(tags.get(key, 1)) for key in (_WIDTH, _HEIGHT, _SAMPLES))
    if width * height > MAX_DEEP_PIXELS or samples > 4:
        raise UserError(f"The picture is too large ({width} × {height}).", "Make it smaller and add it again.")
    try:
        values: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if values is None:
        return None
    if values.ndim == 2:
        return deep(values, inverted=tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO)
    colours = np.nan_to_num(values[..., 2::-1].astype(np.float32))
    # By custom colours in floating point go from 0 to 1; anything else is shown from its darkest to its brightest.
    low, high = (0.0, 1.0) if colours.min() >= 0 and colours.max() <= 1 else map(float, np.percentile(colours, (1, 99)))
    return Image.fromarray(((colours - low) / max(high - low, 1e-9) * 255 + 0.5).clip(0, 255).astype(np.uint8))
