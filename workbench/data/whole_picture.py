"""A picture with all that its file holds: 8 or 16 bits, grey or colour, what is see-through, and its colour profile."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.data.deep_files import TIFF_MARKS
from workbench.data.dicom import HEAD_BYTES, is_dicom
from workbench.data.media import checked_size, encoded_bytes, faults_in_words, read_picture
from workbench.data.types import Sample
from workbench.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

    Values = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]

# Where a file says how the camera was held (EXIF 2.3, tag Orientation), and the TIFF tag of bits per colour.
_ORIENTATION, _BITS = 0x0112, 258
# The kinds of ICC profiles (ICC.1:2022, 7.2.6) that fit pixels of one and of three values.
_SPACES = {b"GRAY": 2, b"RGB ": 3}


@dataclass(frozen=True)
class WholePicture:
    """
    Attributes:
        pixels: uint8 or uint16; [H, W] when it is grey, else [H, W, 3] in the order red, green, blue.
        alpha: of the same kind, [H, W]: 0 where it is clear; None when nothing is.
        icc: the colour profile of `pixels` as it lay in the file; empty when there was none that fits.
    """

    pixels: Values
    alpha: Values | None = None
    icc: bytes = b""

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def bits(self) -> int:
        """Per colour: 8 or 16."""
        return int(self.pixels.dtype.itemsize) * 8

    @property
    def is_grey(self) -> bool:
        return self.pixels.ndim == 2


@contextmanager
def reading_picture(data: bytes) -> Iterator[Image]:
    """A picture file, opened and not yet decoded; inside, what a damaged one raises becomes a sentence.

    Raises:
        UserError: as `open_picture`.
    """
    from PIL import Image

    with faults_in_words():
        picture = Image.open(io.BytesIO(data))
        checked_size(picture.size)
        yield picture


def open_whole(source: Sample | Path | bytes) -> WholePicture:
    """Upright as the camera meant it. Of moving pictures the first; what is no RGB or grey (CMYK, Lab) becomes RGB.

    Scans (DICOM), TIFF files of kinds that only few programs write, and another page than the first are taken as they are
    shown: in 8 bits, through the window (see `media.read_picture`).

    Raises:
        UserError: when it is not a picture, damaged, cut off, or larger than 200 million pixels.
    """
    data = encoded_bytes(source)
    later = isinstance(source, Sample) and bool(source.frame)
    if later or is_dicom(data[:HEAD_BYTES]) or (data[:4] in TIFF_MARKS and not _known(data)):
        return _as_shown(source)
    with reading_picture(data) as picture:
        icc = picture.info.get("icc_profile") or b""
        deep = _deep(picture, data)
        if deep is not None:
            return _fitting(_turned(deep, int(picture.getexif().get(_ORIENTATION, 1))), icc)
        from PIL import ImageOps

        picture.load()
        upright = ImageOps.exif_transpose(picture)
        colours = _converted(upright, icc)
        return _fitting(_arrays(colours), icc if upright.mode not in ("CMYK", "LAB", "YCbCr", "HSV") else b"")


def _known(data: bytes) -> bool:
    """Whether Pillow can tell what kind of picture it is."""
    from PIL import UnidentifiedImageError

    try:
        with reading_picture(data):
            return True
    except UserError as error:
        return not isinstance(error.__cause__, UnidentifiedImageError)


def _as_shown(source: Sample | Path | bytes) -> WholePicture:
    import numpy as np

    colours = np.asarray(read_picture(source).picture)
    grey = (colours == colours[..., :1]).all()
    return WholePicture(np.ascontiguousarray(colours[..., 0]) if grey else colours)


def in_eight_bits(picture: WholePicture) -> WholePicture:
    """The same with 8 bits per colour, rounded."""
    if picture.bits == 8:
        return picture
    alpha = None if picture.alpha is None else _narrow(picture.alpha)
    return replace(picture, pixels=_narrow(picture.pixels), alpha=alpha)


def on_white(picture: WholePicture) -> WholePicture:
    """The same with white behind what is see-through."""
    import numpy as np

    if picture.alpha is None:
        return picture
    high = np.iinfo(picture.pixels.dtype).max
    share = picture.alpha.astype(np.float32) / high
    if not picture.is_grey:
        share = share[..., None]
    pixels: Any = (picture.pixels * share + high * (1 - share) + 0.5).astype(picture.pixels.dtype)
    return WholePicture(pixels, None, picture.icc)


def _narrow(values: Any) -> Any:
    import numpy as np

    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _deep(picture: Image, data: bytes) -> WholePicture | None:
    """Pixels of 16 bits, which Pillow has for greys only; None for a picture of 8."""
    import numpy as np

    # PNG (ISO/IEC 15948, 11.2.2): byte 24 of the file is the depth, byte 25 the kind of pixels (4: grey with alpha).
    depth = data[24] if picture.format == "PNG" else 0
    grey = picture.format == "PNG" and data[25] == 4
    if picture.format == "TIFF":
        depth = max(picture.tag_v2.get(_BITS, (8,)))  # type: ignore[attr-defined]
    if depth != 16 or picture.mode not in ("I;16", "I;16B", "I;16L", "I", "L", "LA", "RGB", "RGBA"):
        return None
    picture.load()  # says what is wrong with a damaged file
    if picture.mode.startswith("I;16"):
        return WholePicture(np.asarray(picture).astype(np.uint16))
    if picture.mode == "I":
        return WholePicture(np.asarray(picture).clip(0, 65535).astype(np.uint16))
    import cv2

    values: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16:
        return None
    if values.ndim == 2:
        return WholePicture(values)
    # OpenCV has blue first.
    colours: Any = np.ascontiguousarray(values[..., 2::-1])
    alpha = np.ascontiguousarray(values[..., 3]) if values.shape[2] == 4 else None
    return WholePicture(colours[..., 0].copy() if grey else colours, alpha)


def _converted(picture: Image, icc: bytes) -> Image:
    """As "L", "LA", "RGB" or "RGBA"."""
    if picture.mode in ("I", "F"):
        return eight_bits(picture)
    clear = picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info
    if picture.mode in ("1", "L", "LA"):
        return picture.convert("LA" if clear else "L")
    if picture.mode == "CMYK" and icc:
        return _printed(picture, icc)
    return picture.convert("RGBA" if clear else "RGB")


def _printed(picture: Image, icc: bytes) -> Image:
    """Colours for print as sRGB, by their profile where it is readable."""
    import io

    from PIL import ImageCms

    try:
        ink, screen = ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB")
        made = ImageCms.profileToProfile(picture, ink, screen, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        made = None  # a wrong profile: the plain way
    return made or picture.convert("RGB")


def _arrays(picture: Image) -> WholePicture:
    import numpy as np

    values = np.asarray(picture)
    if picture.mode in ("LA", "RGBA"):
        colours = values[..., 0] if picture.mode == "LA" else values[..., :3]
        return WholePicture(np.ascontiguousarray(colours), np.ascontiguousarray(values[..., -1]))
    return WholePicture(values)


def _turned(picture: WholePicture, orientation: int) -> WholePicture:
    """Upright by the EXIF number, as Pillow's exif_transpose does it."""
    import numpy as np

    def turn(values: Any) -> Any:
        if orientation in (5, 6, 7, 8):
            values = values.swapaxes(0, 1)
        if orientation in (2, 3, 6, 7):
            values = values[:, ::-1]
        if orientation in (3, 4, 7, 8):
            values = values[::-1]
        return np.ascontiguousarray(values)

    alpha = None if picture.alpha is None else turn(picture.alpha)
    return WholePicture(turn(picture.pixels), alpha, picture.icc)


def _fitting(picture: WholePicture, icc: bytes) -> WholePicture:
    """With its profile, unless that is of other colours than the pixels."""
    return replace(picture, icc=icc if _SPACES.get(icc[16:20]) == picture.pixels.ndim else b"")


def eight_bits(picture: Image) -> Image:
    """Deep greys to 0..255: by the format's range for 16 bits, by the picture's own range otherwise."""
    import numpy as np
    from PIL import Image

    values = np.asarray(picture).astype(np.float64)
    low, high = (0.0, 65535.0) if 255 < values.max() <= 65535 and values.min() >= 0 else (values.min(), values.max())
    scaled = (values - low) / max(high - low, 1e-9) * 255
    return Image.fromarray(scaled.clip(0, 255).astype(np.uint8))
