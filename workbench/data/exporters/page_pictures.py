"""Pictures as PDF holds them: a photo stays a JPEG, a drawing or a scan keeps every point."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.data.media import encoded_bytes, open_picture
from workbench.data.types import Sample

if TYPE_CHECKING:
    from PIL.Image import Image

# Points (1/72 inch) of the longer side where a picture does not say how large it is: A4's.
_PAGE = 842.0
_LIKELY_DPI = (90.0, 1200.0)
# A lossless picture larger than this is held against a JPEG, and given up when that is so many times smaller.
_LARGE = 1_500_000
_MUCH_SMALLER = 3
_QUALITY = 90


@dataclass(frozen=True)
class PagePicture:
    """An image as the stream of a PDF's image object.

    Attributes:
        entries: of its dictionary: filter, colours, bits.
        points: how many points (1/72 inch) one pixel is wide and high on the page.
    """

    width: int
    height: int
    entries: bytes
    data: bytes
    points: float


def page_picture(sample: Sample) -> PagePicture:
    """A sample's picture, upright, and without what else its file tells (place and time of a photo).

    Raises:
        UserError: when it cannot be read.
    """
    picture = open_picture(sample)
    kept, dpi = _kept_jpeg(sample)
    points = _points(picture.size, dpi)
    if kept is not None:
        colours = b"DeviceGray" if kept[1] == "L" else b"DeviceRGB"
        return PagePicture(*picture.size, _jpeg(colours), kept[0], points)
    simple = _fewest_colours(picture)
    entries, data = _lossless(simple)
    if len(data) > _LARGE:
        stream = io.BytesIO()
        photo = simple.convert("L") if simple.mode == "1" else simple
        photo.save(stream, "JPEG", quality=_QUALITY)
        if len(stream.getvalue()) * _MUCH_SMALLER < len(data):
            colours = b"DeviceGray" if photo.mode == "L" else b"DeviceRGB"
            entries, data = _jpeg(colours), stream.getvalue()
    return PagePicture(*picture.size, entries, data, points)


def _jpeg(colours: bytes) -> bytes:
    return b"/ColorSpace /%b /BitsPerComponent 8 /Filter /DCTDecode" % colours


def _kept_jpeg(sample: Sample) -> tuple[tuple[bytes, str] | None, float]:
    """A JPEG written again with its own tables, which changes no point visibly, and its mode; None where that cannot
    be done. And the dots per inch the file tells, or 0."""
    from PIL import Image

    with Image.open(io.BytesIO(encoded_bytes(sample))) as file:
        told = file.info.get("dpi", (0, 0))
        try:
            dpi = float(told[0])
        except (TypeError, ValueError, IndexError, ZeroDivisionError):
            dpi = 0.0
        turned = file.getexif().get(0x0112, 1) != 1
        if file.format != "JPEG" or file.mode not in ("L", "RGB") or turned:
            return None, dpi
        stream = io.BytesIO()
        file.save(stream, "JPEG", quality="keep", exif=b"", icc_profile=None)
        return (stream.getvalue(), file.mode), dpi


def _points(size: tuple[int, int], dpi: float) -> float:
    if _LIKELY_DPI[0] <= dpi <= _LIKELY_DPI[1]:
        return 72.0 / dpi
    # A photo says nothing useful: then it fills a page, but small pictures are not blown up.
    return min(1.0, _PAGE / max(size))


def _fewest_colours(picture: Image) -> Image:
    """As black and white or grey where it is no more than that."""
    import numpy as np
    from PIL.Image import Dither

    pixels = np.asarray(picture)
    if (pixels[..., 0] != pixels[..., 1]).any() or (pixels[..., 1] != pixels[..., 2]).any():
        return picture
    grey = pixels[..., 0]
    only = (grey == 0) | (grey == 255)
    return picture.convert("L").convert("1", dither=Dither.NONE) if only.all() else picture.convert("L")


def _lossless(picture: Image) -> tuple[bytes, bytes]:
    """The image data of a PNG is what PDF calls Flate with a predictor."""
    stream = io.BytesIO()
    picture.save(stream, "PNG", compress_level=6)
    png = stream.getvalue()
    data, at = b"", 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += 12 + length
    colours, bits = (3, 8) if picture.mode == "RGB" else (1, 8 if picture.mode == "L" else 1)
    space = b"DeviceRGB" if colours == 3 else b"DeviceGray"
    entries = b"/ColorSpace /%b /BitsPerComponent %d /Filter /FlateDecode" % (space, bits)
    guess = b" /DecodeParms << /Predictor 15 /Colors %d /BitsPerComponent %d /Columns %d >>"
    return entries + guess % (colours, bits, picture.width), data
