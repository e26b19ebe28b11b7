"""Reading pictures and texts that may be anything: bounded, upright, and one clear sentence when it fails."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.data.types import Sample
from workbench.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
TEXT_SUFFIXES = (".txt", ".md")
MAX_PIXELS = 200_000_000
MAX_BYTES = 500_000_000
MAX_TEXT_BYTES = 50_000_000


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """A file's bytes. Raises: UserError when it is missing, a folder, empty, too large, or may not be read."""
    try:
        if path.is_dir():
            raise UserError("This is a folder, not a file.", "Drop the folder on the Data page, or choose a file.")
        size = path.stat().st_size
        if size > limit:
            raise UserError(
                f"The file is too large ({size / 1e6:.0f} MB; at most {limit / 1e6:.0f} MB).", "Make it smaller."
            )
        if size == 0:
            raise UserError("The file is empty.", "Copy it again from where it came from.")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UserError("The file is not there any more.", "Put it back, or remove it from the project.") from error
    except PermissionError as error:
        raise UserError("You may not read this file.", "Change its permissions, or copy it elsewhere.") from error
    except OSError as error:
        raise UserError("The file cannot be read.", "Check the disk, or copy the file again.") from error


def open_picture(source: Sample | Path | bytes, max_side: int | None = None) -> Image:
    """A picture as RGB, upright as the camera meant it; what is see-through becomes white.

    Args:
        source: a sample, a file, or encoded bytes.
        max_side: a JPEG may be decoded smaller, but not below this many pixels on its longer side.

    Raises:
        UserError: when it is not a picture, damaged, cut off, or larger than 200 million pixels.
    """
    import warnings

    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # Size is checked below, before anything is decoded.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(encoded_bytes(source)))
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise UserError(f"The picture is too large ({width} × {height}).", "Make it smaller and add it again.")
            if max_side is not None and picture.format == "JPEG":
                picture.draft("RGB", (max_side, max_side))
            picture.load()
            return _rgb(ImageOps.exif_transpose(picture))
    except Image.DecompressionBombError as error:
        raise UserError("The picture is too large.", "Make it smaller and add it again.") from error
    except UnidentifiedImageError as error:
        raise UserError("This is not a picture the app can read.", "Save it as JPEG or PNG.") from error
    except (OSError, SyntaxError, ValueError, EOFError, TypeError, IndexError, MemoryError) as error:
        # Pillow's decoders raise all of these for damaged files.
        raise UserError("The picture is damaged or cut off.", "Copy it again from where it came from.") from error


def open_transparency(source: Sample | Path | bytes) -> Any:
    """How see-through a picture is: uint8 [H, W] (0 is clear), upright; None when it is not at all.

    Raises:
        UserError: as `open_picture`, which is to be called first: it checks the size.
    """
    import numpy as np
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(encoded_bytes(source))) as picture:
        if picture.mode not in ("RGBA", "LA", "PA") and "transparency" not in picture.info:
            return None
        alpha = ImageOps.exif_transpose(picture).convert("RGBA").getchannel("A")
    return np.asarray(alpha)


def encoded_bytes(source: Sample | Path | bytes) -> bytes:
    """The bytes of a picture as its file holds them. Raises: UserError when there is none or it cannot be read."""
    if isinstance(source, bytes):
        return source
    if isinstance(source, Path):
        return read_bytes(source)
    if source.data is not None:
        return source.data
    if source.path is None:
        raise UserError("There is no picture here.", "Drop a picture.")
    return read_bytes(source.path)


def _rgb(picture: Image) -> Image:
    from PIL import Image

    if picture.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        picture = _eight_bits(picture)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        ground = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(ground, picture)
    return picture.convert("RGB")


def _eight_bits(picture: Image) -> Image:
    """Deep greys to 0..255: by the format's range for 16 bits, by the picture's own range otherwise."""
    import numpy as np
    from PIL import Image

    values = np.asarray(picture).astype(np.float64)
    low, high = (0.0, 65535.0) if 255 < values.max() <= 65535 and values.min() >= 0 else (values.min(), values.max())
    scaled = (values - low) / max(high - low, 1e-9) * 255
    return Image.fromarray(scaled.clip(0, 255).astype(np.uint8))


def thumbnail_bytes(path: Path, side: int) -> bytes:
    """A JPEG of at most `side` pixels. Raises: UserError as `open_picture`."""
    from PIL import Image

    picture = open_picture(path, max_side=side)
    picture.thumbnail((side, side), Image.Resampling.BILINEAR)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=85)
    return stream.getvalue()


def encode_png(picture: Any) -> bytes:
    """A Pillow picture as PNG bytes."""
    stream = io.BytesIO()
    # Without the colour profile, which some programs write wrongly and Qt complains about.
    picture.save(stream, "PNG", icc_profile=None)
    return stream.getvalue()


def read_text_file(path: Path) -> str:
    """A text file, whatever its encoding. Raises: UserError when it is not text or too large."""
    return decode_text(read_bytes(path, MAX_TEXT_BYTES))


def decode_text(data: bytes) -> str:
    """UTF-8 (with or without mark), UTF-16 with mark, else the encoding that fits best.

    Raises:
        UserError: when the bytes are not text.
    """
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if marked else "utf-8-sig")
        if "\0" not in text:
            return text
    except UnicodeDecodeError:
        marked = False
    if b"\0" not in data:
        import charset_normalizer

        guesses = list(charset_normalizer.from_bytes(data[:1_000_000]))
        if guesses:
            # Several Latin encodings often fit equally well; then the one of most old files is meant.
            fitting = [g for g in guesses if (g.chaos, -g.coherence) <= (guesses[0].chaos, -guesses[0].coherence)]
            best = next((g for g in fitting if g.encoding == "cp1252"), guesses[0])
            return data.decode(best.encoding, errors="replace")
    raise UserError("This file is not readable text.", "Save it as plain text or CSV with the encoding UTF-8.")
