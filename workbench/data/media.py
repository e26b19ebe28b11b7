"""Reading pictures and texts that may be anything: bounded, upright, and one clear sentence when it fails."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.data.deep import MAX_DEEP_PIXELS, Deep
from workbench.data.deep_files import DEEP_MODES, TIFF_MARKS, deep_of, rare_tiff
from workbench.data.dicom import HEAD_BYTES, is_dicom, read_dicom
from workbench.data.dicom import SUFFIXES as DICOM_SUFFIXES
from workbench.data.encodings import encoding_of
from workbench.data.types import Sample, Window
from workbench.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", *DICOM_SUFFIXES)
TEXT_SUFFIXES = (".txt", ".md")
MAX_PIXELS = 200_000_000
MAX_BYTES = 500_000_000
MAX_TEXT_BYTES = 50_000_000
# The EXIF tag that says how the camera was held.
_ORIENTATION = 0x0112
_HALVES = re.compile("[\ud800-\udfff]")


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


@dataclass(frozen=True)
class Opened:
    """A picture that was read.

    Attributes:
        picture: RGB, upright; a JPEG may have been decoded smaller than it is.
        width, height: as the file says, before it is turned upright.
        note: what a person should know about how it was read; "" for nothing.
        deep: all its greys, where there are more than 256.
        frame, frames: which picture of a file that holds several, from 0.
    """

    picture: Image
    width: int
    height: int
    note: str = ""
    deep: Deep | None = None
    frame: int = 0
    frames: int = 1


def open_picture(source: Sample | Path | bytes, max_side: int | None = None, window: Window | None = None) -> Image:
    """A picture as RGB, upright as the camera meant it; what is see-through becomes white. See `read_picture`."""
    return read_picture(source, max_side, window).picture


def read_picture(source: Sample | Path | bytes, max_side: int | None = None, window: Window | None = None) -> Opened:
    """A picture with what is to be known about it.

    Of a DICOM file with several pictures the middle one is taken, of a TIFF file the first, unless the sample says
    which. Greys deeper than 8 bits go through the sample's window, else `window`, else the file's own, else from the
    1st to the 99th percentile (see `workbench.data.deep`).

    Args:
        source: a sample, a file, or encoded bytes.
        max_side: a JPEG may be decoded smaller, but not below this many pixels on its longer side.

    Raises:
        UserError: when it is not a picture, damaged, cut off, or larger than 200 million pixels.
    """
    given = source if isinstance(source, Sample) else Sample("picture")
    window = given.window or window
    with faults_in_words():
        data = encoded_bytes(source)
        if is_dicom(data[:HEAD_BYTES]):
            return _opened_dicom(data, given.frame, window)
        return _opened_by_pillow(data, given.frame, max_side, window)


@contextmanager
def faults_in_words() -> Iterator[None]:
    """What Pillow says while it opens and decodes a picture, as a `UserError`; sizes are for the caller to check."""
    import struct
    import warnings

    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            yield
    except Image.DecompressionBombError as error:
        raise UserError("The picture is too large.", "Make it smaller and add it again.") from error
    except UnidentifiedImageError as error:
        raise UserError("This is not a picture the app can read.", "Save it as JPEG or PNG.") from error
    except (OSError, SyntaxError, ValueError, EOFError, TypeError, IndexError, MemoryError, struct.error) as error:
        # Pillow's decoders raise all of these for damaged files.
        raise UserError("The picture is damaged or cut off.", "Copy it again from where it came from.") from error


def _opened_by_pillow(data: bytes, frame: int | None, max_side: int | None, window: Window | None) -> Opened:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        picture = Image.open(io.BytesIO(data))
    except UnidentifiedImageError:
        found = rare_tiff(data) if data[:4] in TIFF_MARKS else None
        if found is None:
            raise
        return _opened_rare(found, window)
    width, height = checked_size(picture.size, picture.mode in DEEP_MODES)
    frames = _pages(picture)
    frame = max(0, min(frames - 1, frame or 0))
    if frame:
        picture.seek(frame)
        width, height = checked_size(picture.size, picture.mode in DEEP_MODES)
    if max_side is not None and picture.format == "JPEG":
        picture.draft("RGB", (max_side, max_side))
    picture.load()
    # Both of these would copy a picture that is as it should be already.
    upright = ImageOps.exif_transpose(picture) if picture.getexif().get(_ORIENTATION, 1) != 1 else picture
    note = _frame_note(frame, frames)
    if picture.mode in DEEP_MODES:
        greys = deep_of(picture, upright)
        return Opened(greys.greys(window).convert("RGB"), width, height, note, greys, frame, frames)
    return Opened(_rgb(upright), width, height, note, None, frame, frames)


def _opened_rare(found: Any, window: Window | None) -> Opened:
    if isinstance(found, Deep):
        height, width = found.values.shape
        return Opened(found.greys(window).convert("RGB"), width, height, deep=found)
    return Opened(found, found.width, found.height)


def _opened_dicom(data: bytes, frame: int | None, window: Window | None) -> Opened:
    found = read_dicom(data, frame)
    note = _frame_note(found.frame, found.frames)
    picture = found.picture if found.deep is None else found.deep.greys(window)
    assert picture is not None
    return Opened(picture.convert("RGB"), picture.width, picture.height, note, found.deep, found.frame, found.frames)


def checked_size(size: tuple[int, int], is_deep: bool = False) -> tuple[int, int]:
    """Raises: UserError for more pixels than fit into the memory of a small computer."""
    width, height = size
    if width * height > (MAX_DEEP_PIXELS if is_deep else MAX_PIXELS):
        raise UserError(f"The picture is too large ({width} × {height}).", "Make it smaller and add it again.")
    return width, height


def _pages(picture: Image) -> int:
    """How many pictures a TIFF file holds; 1 where the list of them is damaged, since the first may still be good."""
    try:
        return int(getattr(picture, "n_frames", 1)) if picture.format == "TIFF" else 1
    except (OSError, SyntaxError, ValueError, EOFError, TypeError, KeyError):
        return 1


def _frame_note(frame: int, frames: int) -> str:
    return f"Picture {frame + 1} of {frames} in this file." if frames > 1 else ""


def is_picture(path: Path) -> bool:
    """By its ending; a file without one, or with a number for one (as DICOM files often are), by its first bytes."""
    suffix = path.suffix.lower()
    if suffix in PICTURE_SUFFIXES:
        return True
    if suffix and not suffix[1:].isdigit():
        return False
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError:
        return False
    return head[-4:] == b"DICM" and path.name.upper() != "DICOMDIR"


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

    if picture.mode in ("RGBa", "La"):  # with the transparency multiplied in
        picture = picture.convert({"RGBa": "RGBA", "La": "LA"}[picture.mode])
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        ground = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(ground, picture)
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def holds_patient_data(path: Path) -> bool:
    """True for DICOM files, whatever they are called. Raises: OSError when it cannot be read."""
    with path.open("rb") as stream:
        return is_dicom(stream.read(HEAD_BYTES))


def thumbnail_bytes(path: Path, side: int, window: Window | None = None) -> bytes:
    """A JPEG of at most `side` pixels; of a series a curve as PNG. Raises: UserError as `open_picture`."""
    from PIL import Image

    if path.suffix == ".series":
        from workbench.data.sparkline import sparkline

        return sparkline(path, side)
    picture = open_picture(path, max_side=side, window=window)
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
    """A text in whatever encoding it is (`workbench.data.encodings`), without the half of a letter where it is cut off.

    Raises:
        UserError: when the bytes are not text.
    """
    text = data.decode(encoding_of(io.BytesIO(data)), errors="replace").removeprefix("\ufeff")
    if "\0" in text:
        raise UserError("This file is not readable text.", "Save it as plain text or CSV with the encoding UTF-8.")
    cut = text.count("\ufffd") == 1 and not data.endswith("\ufffd".encode())
    return text.removesuffix("\ufffd") if cut else text


def first_words(text: str) -> str:
    """What a text is called: its first words, at most 80 letters."""
    return " ".join(text[:400].split()[:8])[:80]


def sound_text(text: str) -> str:
    """With a mark in place of each half of a letter (lone surrogates, as JSON may hold them), which no file can hold; as
    long as before."""
    return _HALVES.sub("\ufffd", text)
