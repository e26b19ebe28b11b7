"""Pictures as files, with their 16 bits, what is see-through, and their colour profile.

PNG (ISO/IEC 15948) and TIFF (TIFF 6.0, Deflate as in Adobe's technical note 2) are written here: Pillow has no 16-bit
colours, and OpenCV writes no profile.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.data.exporters.tables import write_bytes
from workbench.data.whole_picture import WholePicture, in_eight_bits, on_white
from workbench.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

# Endings a picture can be saved under; the first one loses nothing and is read everywhere.
SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg")
# About so many bytes are packed at a time.
_BAND = 4_000_000
# Kinds of pixels in a PNG: grey, colour, and both with alpha.
_KINDS = {1: 0, 3: 2, 2: 4, 4: 6}
_MOST_TIFF = 4_000_000_000


def save_picture(picture: WholePicture, path: Path) -> None:
    """Write atomically, as the ending says. JPEG has 8 bits and nothing see-through: white stands behind.

    Raises:
        UserError: for another ending, or when the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(f"A picture cannot be saved as “{suffix or path.name}”.", f"Use {' or '.join(SUFFIXES)}.")
    make = {".png": png_bytes, ".tif": tiff_bytes, ".tiff": tiff_bytes}.get(suffix, jpeg_bytes)
    write_bytes(path, make(picture))


def png_bytes(picture: WholePicture, level: int = 3) -> bytes:
    """As PNG, packed at zlib's `level`."""
    values = _stacked(picture)
    height, width, channels = values.shape
    head = struct.pack(">IIBBBBB", width, height, picture.bits, _KINDS[channels], 0, 0, 0)
    out = [b"\x89PNG\r\n\x1a\n", _chunk(b"IHDR", head)]
    if picture.icc:
        out.append(_chunk(b"iCCP", b"profile\0\0" + zlib.compress(picture.icc)))
    packer = zlib.compressobj(level)
    step = channels * picture.bits // 8
    out += [_chunk(b"IDAT", packer.compress(_filtered(rows, step))) for rows in _bands(values, ">")]
    out += [_chunk(b"IDAT", packer.flush()), _chunk(b"IEND", b"")]
    return b"".join(out)


def tiff_bytes(picture: WholePicture) -> bytes:
    """As TIFF, packed without loss. Raises: UserError when the picture is too large for that kind of file."""
    import numpy as np

    if picture.is_grey and picture.alpha is not None and picture.bits == 16:
        # Few programs read deep greys with alpha from a TIFF; colours they do.
        colours: Any = np.repeat(picture.pixels[..., None], 3, 2)
        picture = WholePicture(colours, picture.alpha)
    values = _stacked(picture)
    height, width, channels = values.shape
    if values.nbytes > _MOST_TIFF:
        raise UserError("This picture is too large for a TIFF file.", "Save it as PNG.")
    strips = [zlib.compress(rows.tobytes(), 6) for rows in _bands(values, "<")]
    rows_per_strip = _rows(values)
    colours = channels - (picture.alpha is not None)
    short, long, undefined = 3, 4, 7
    # (tag, type, values); TIFF wants them in rising order.
    tags: list[tuple[int, int, Any]] = [
        (256, long, [width]), (257, long, [height]), (258, short, [picture.bits] * channels), (259, short, [8]),
        (262, short, [2 if colours == 3 else 1]), (273, long, strips), (277, short, [channels]), (278, long, [rows_per_strip]),
        (279, long, [len(s) for s in strips]), (284, short, [1]),
    ]  # fmt: skip
    if picture.alpha is not None:
        tags.append((338, short, [2]))  # alpha beside the colours, which are not multiplied by it
    if picture.icc:
        tags.append((34675, undefined, picture.icc))
    return _tiff(tags, strips)


def jpeg_bytes(picture: WholePicture, quality: int = 95) -> bytes:
    """As JPEG: 8 bits, on white. Raises: UserError when the picture is too large for that kind of file."""
    if max(picture.width, picture.height) > 65500:
        raise UserError("This picture is too large for a JPEG file.", "Save it as PNG.")
    plain = on_white(in_eight_bits(picture))
    stream = io.BytesIO()
    more = {"icc_profile": picture.icc} if picture.icc else {}
    pillow_image(plain).save(stream, "JPEG", quality=quality, subsampling=0, **more)
    return stream.getvalue()


def pillow_image(picture: WholePicture) -> Image:
    """As a Pillow picture with 8 bits: "L", "LA", "RGB" or "RGBA"."""
    from PIL import Image

    values = _stacked(in_eight_bits(picture))
    return Image.fromarray(values[..., 0] if values.shape[2] == 1 else values)


def _stacked(picture: WholePicture) -> Any:
    """[H, W, 1..4]: grey or colours, and alpha."""
    import numpy as np

    pixels = picture.pixels[..., None] if picture.is_grey else picture.pixels
    return pixels if picture.alpha is None else np.concatenate([pixels, picture.alpha[..., None]], 2)


def _rows(values: Any) -> int:
    return max(1, _BAND // max(1, int(values[0].nbytes)))


def _bands(values: Any, order: str) -> Iterator[Any]:
    """Some rows at a time, as bytes [rows, bytes of a row] in the order of bytes ">" or "<"."""
    import numpy as np

    step = _rows(values)
    for first in range(0, len(values), step):
        rows = values[first : first + step]
        if rows.dtype.itemsize == 2:
            rows = rows.astype(f"{order}u2")
        yield np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), -1)


def _filtered(rows: Any, step: int) -> bytes:
    """Each row as the difference to the point on the left (filter 1, "Sub"), which packs better."""
    import numpy as np

    out = np.empty((rows.shape[0], rows.shape[1] + 1), np.uint8)
    out[:, 0] = 1
    out[:, 1 : step + 1] = rows[:, :step]
    np.subtract(rows[:, step:], rows[:, :-step], out=out[:, step + 1 :])
    return out.tobytes()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _tiff(tags: list[tuple[int, int, Any]], strips: list[bytes]) -> bytes:
    """Head, pixels, and the list of tags with what does not fit into it behind it."""
    sizes, letters = {3: 2, 4: 4, 7: 1}, {3: "H", 4: "I"}
    places, at = [], 8
    for strip in strips:
        places.append(at)
        at += len(strip) + len(strip) % 2
    directory = at
    behind = directory + 2 + 12 * len(tags) + 4
    entries, extra = [], b""
    for tag, kind, given in tags:
        values: Any = places if given is strips else given
        data: bytes = values if kind == 7 else struct.pack(f"<{len(values)}{letters[kind]}", *values)
        if len(data) > 4:
            where = struct.pack("<I", behind + len(extra))
            extra += data + b"\0" * (len(data) % 2)
        else:
            where = data.ljust(4, b"\0")
        entries.append(struct.pack("<HHI", tag, kind, len(data) // sizes[kind]) + where)
    padded = [strip + b"\0" * (len(strip) % 2) for strip in strips]
    head = struct.pack("<2sHI", b"II", 42, directory)
    return b"".join((head, *padded, struct.pack("<H", len(tags)), *entries, b"\0\0\0\0", extra))
