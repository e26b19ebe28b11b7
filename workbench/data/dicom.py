"""DICOM files (ISO 12052): X-ray, CT, MR and ultrasound pictures as hospitals store them.

Only what the picture needs is looked at. Names, dates and numbers of patients stand in the same file; they are never
handed on, shown or logged.
"""

from __future__ import annotations

import io
import logging
import struct
import warnings
import zlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from workbench.data.deep import CT_WINDOWS, MAX_DEEP_PIXELS, Curve, Deep, deep
from workbench.data.types import Window
from workbench.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

SUFFIXES = (".dcm", ".dicom")
# Where a file with a preamble says what it is, and how old files without one begin (group 2 or 8, little endian).
_MARK = slice(128, 132)
_BARE = (b"\x02\x00\x00\x00", b"\x02\x00\x01\x00", b"\x02\x00\x02\x00", b"\x08\x00\x00\x00", b"\x08\x00\x05\x00",
         b"\x08\x00\x08\x00", b"\x08\x00\x16\x00")  # fmt: skip
HEAD_BYTES = 132
_MAX_FRAMES = 100_000
_MAX_INFLATED = 500_000_000
_MAX_ELEMENTS = 100_000
# Run lengths may unfold to 64 times their size.
_MAX_RUNS = 32_000_000
_MAX_LOSSLESS = 50_000_000
_RLE = "1.2.840.10008.1.2.5"
_LOSSLESS = ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
# Who decodes what. Other libraries pydicom would use if they happen to be installed are left alone: JPEG-LS by CharLS
# can take minutes over a few damaged bytes, and cannot be stopped meanwhile.
_DECODERS = {
    _RLE: "pydicom", "1.2.840.10008.1.2.4.50": "pillow", "1.2.840.10008.1.2.4.51": "pillow",
    "1.2.840.10008.1.2.4.90": "pillow", "1.2.840.10008.1.2.4.91": "pillow",
}  # fmt: skip
# pydicom raises all of these for files that break the rules.
_BROKEN = (
    ArithmeticError, AttributeError, AssertionError, EOFError, LookupError, MemoryError, OSError, RuntimeError, TypeError,
    ValueError, struct.error, zlib.error,
)  # fmt: skip


@dataclass(frozen=True)
class DicomPicture:
    """One frame: `deep` where its greys can be windowed, else `picture` (RGB or grey, 8 bits). `frame` from 0."""

    deep: Deep | None
    picture: Image | None
    frame: int
    frames: int


def is_dicom(head: bytes) -> bool:
    """By the file's first 132 bytes, whatever it is called."""
    return head[_MARK] == b"DICM" or head.startswith(_BARE)


def read_dicom(data: bytes, frame: int | None = None) -> DicomPicture:
    """One picture of a file; of a series in one file the middle one unless `frame` (from 0) says which.

    Raises:
        UserError: when it holds no picture, is damaged, too large, or compressed in a way the app cannot read.
    """
    pydicom = _library()
    damaged = UserError("The DICOM file is damaged or cut off.", "Export it again from the program it came from.")
    how = "in a rare way"
    try:
        with warnings.catch_warnings():
            # About broken rules, now and then with the value that breaks them.
            warnings.simplefilter("ignore")
            dataset = _dataset(data)
            if not any(key in dataset for key in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
                raise UserError(*_without_picture(dataset))
            frames = int(dataset.get("NumberOfFrames", 1) or 1)
            _check_size(dataset, frames)
            place = frames // 2 if frame is None else max(0, min(frames - 1, frame))
            syntax = _syntax(dataset)
            how = syntax.name
            values, photometric = _decoded(dataset, syntax, place, frames)
            return _picture(dataset, values, photometric, place, frames)
    except (pydicom.errors.InvalidDicomError, pydicom.errors.BytesLengthException) as error:
        raise damaged from error
    except _BROKEN as error:
        if "not support" in str(error):
            raise _unreadable(how) from error
        raise damaged from error


@cache
def _library() -> Any:
    import pydicom
    import pydicom.errors
    import pydicom.filereader
    import pydicom.pixels

    # Values that break a rule are common and no reason to stop; and a warning about one would put it into our log.
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    return pydicom


def _without_picture(dataset: Any) -> tuple[str, str]:
    if "DirectoryRecordSequence" in dataset:
        return (
            "This is the list of contents of a DICOM disc, not a picture.",
            "Choose the folder of pictures beside it.",
        )
    if not any(key in dataset for key in ("SOPClassUID", "Modality", "Rows")):
        return ("This is not a picture the app can read.", "Save it as JPEG or PNG.")
    return ("This DICOM file holds no picture.", "It may be a report or a plan; choose the pictures of the study.")


class _Deflated(Exception):  # noqa: N818 - not an error: a fork in the way
    def __init__(self, rest: bytes) -> None:
        super().__init__()
        self.rest = rest


class _Source(io.BytesIO):
    """A file that is only handed out in pieces: pydicom asks for all the rest at once only to unfold it, unbounded."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            raise _Deflated(super().read())
        return super().read(size)


def _dataset(data: bytes) -> Any:
    """Everything in a file but its preamble. Raises: UserError when it unfolds to more than there is room for."""
    pydicom = _library()
    count = 0

    def enough(_tag: Any, _kind: Any, _length: int) -> bool:
        nonlocal count
        count += 1
        if count > _MAX_ELEMENTS:
            raise ValueError("too many elements")
        return False

    try:
        return pydicom.filereader.read_partial(_Source(data), enough, force=True)
    except _Deflated as found:
        inner = _unfolded(found.rest)
    name = pydicom.uid.ExplicitVRLittleEndian.encode()
    name += b"\0" * (len(name) % 2)
    head = b"\0" * 128 + b"DICM" + b"\x02\x00\x10\x00UI" + len(name).to_bytes(2, "little") + name
    return pydicom.filereader.read_partial(_Source(head + inner), enough, force=True)


def _unfolded(rest: bytes) -> bytes:
    unfold = zlib.decompressobj(-zlib.MAX_WBITS)
    inner = unfold.decompress(rest, _MAX_INFLATED)
    if unfold.unconsumed_tail:
        raise UserError("The picture is too large.", "Make it smaller and add it again.")
    return inner


def _check_size(dataset: Any, frames: int) -> None:
    """Raises: UserError before anything is made room for."""
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    samples = int(dataset.get("SamplesPerPixel", 1) or 1)
    if rows < 1 or columns < 1 or samples not in (1, 3, 4) or not 1 <= frames <= _MAX_FRAMES:
        raise ValueError("impossible size")
    if rows * columns > MAX_DEEP_PIXELS:
        raise UserError(f"The picture is too large ({columns} × {rows}).", "Make it smaller and add it again.")


def _syntax(dataset: Any) -> Any:
    """The transfer syntax: how the pixels are stored. Filled in where an old file leaves it out."""
    pydicom = _library()
    meta = getattr(dataset, "file_meta", None)
    if meta is None:
        meta = dataset.file_meta = pydicom.dataset.FileMetaDataset()
    if "TransferSyntaxUID" not in meta:
        implicit, little = dataset.original_encoding
        if little is False:
            meta.TransferSyntaxUID = pydicom.uid.ExplicitVRBigEndian
        else:
            meta.TransferSyntaxUID = (
                pydicom.uid.ImplicitVRLittleEndian if implicit else pydicom.uid.ExplicitVRLittleEndian
            )
    return meta.TransferSyntaxUID


def _decoded(dataset: Any, syntax: Any, place: int, frames: int) -> tuple[npt.NDArray[Any], str]:
    """One frame as stored, [H, W] or [H, W, C], and what its samples mean now."""
    import numpy as np

    pydicom = _library()
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    photometric = str(dataset.get("PhotometricInterpretation", "MONOCHROME2")).strip()
    if syntax.is_encapsulated and "PixelData" in dataset:
        encoded = pydicom.encaps.get_frame(dataset.PixelData, place, number_of_frames=frames)
        if str(syntax) in _LOSSLESS:
            return _lossless(dataset, encoded, photometric)
        if str(syntax) == _RLE and len(encoded) > _MAX_RUNS:
            raise UserError("The picture is too large.", "Make it smaller and add it again.")
        if str(syntax) not in _DECODERS:
            raise _unreadable(syntax.name)
        if encoded[:2] == b"\xff\xd8" and _jpeg_size(encoded) != (rows, columns):
            raise ValueError("another size")
    after = pydicom.dataset.Dataset()
    with np.errstate(all="ignore"):
        values = pydicom.pixels.pixel_array(
            dataset, ds_out=after, index=place, decoding_plugin=_DECODERS.get(str(syntax), "")
        )
    found = str(after.get("PhotometricInterpretation", photometric)).strip()
    return _native(dataset, values), "RGB" if found.startswith("YBR") else found


def _unreadable(how: str) -> UserError:
    return UserError(
        f"This DICOM picture is compressed in a way the app cannot read ({how}).",
        "Export it without compression (Explicit VR Little Endian), or as PNG.",
    )


def _lossless(dataset: Any, encoded: bytes, photometric: str) -> tuple[npt.NDArray[Any], str]:
    from workbench.data.jpeg_lossless import decode

    rows, columns = int(dataset.Rows), int(dataset.Columns)
    if rows * columns * int(dataset.get("SamplesPerPixel", 1) or 1) > _MAX_LOSSLESS:
        raise UserError(f"The picture is too large ({columns} × {rows}).", "Make it smaller and add it again.")
    values = decode(encoded, rows, columns)
    if int(dataset.get("PixelRepresentation", 0) or 0):
        values = values.view(f"i{values.dtype.itemsize}")
    if values.ndim == 3 and photometric.startswith("YBR_FULL"):
        values = _library().pixels.convert_color_space(values, "YBR_FULL", "RGB")
        photometric = "RGB"
    return _native(dataset, values), photometric


def _native(dataset: Any, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """In this computer's byte order; bits beside the stored ones (old overlays) do not count."""
    import numpy as np

    own: npt.NDArray[Any] = np.ascontiguousarray(values, values.dtype.newbyteorder("="))
    whole = own.dtype.itemsize * 8
    spare = whole - int(dataset.get("BitsStored", whole) or whole)
    if own.dtype.kind in "ui" and 0 < spare < whole:
        # Down again, a signed type brings its sign along.
        own = own << spare >> spare
    return own


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Height and width by the frame header (T.81 B.2.2). Raises: ValueError."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(data[at + 5 : at + 7]), int.from_bytes(data[at + 7 : at + 9])
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    raise ValueError("no frame header")


# From values to a picture -----------------------------------------------------------------------------------------------


def _picture(dataset: Any, values: npt.NDArray[Any], photometric: str, place: int, frames: int) -> DicomPicture:
    from PIL import Image

    if photometric == "PALETTE COLOR":
        coloured = _library().pixels.apply_color_lut(values, dataset)
        bits = coloured.dtype.itemsize * 8
        return DicomPicture(None, Image.fromarray(_eight(coloured, bits)), place, frames)
    if values.ndim == 3:
        stored = int(dataset.get("BitsStored", 8) or 8)
        return DicomPicture(None, Image.fromarray(_eight(values[..., :3], stored)), place, frames)
    if not photometric.startswith("MONOCHROME"):
        raise _unreadable(f"colours as {photometric[:20]}")
    return _grey(dataset, values, photometric == "MONOCHROME1", place, frames)


def _eight(values: npt.NDArray[Any], bits: int) -> npt.NDArray[np.uint8]:
    import numpy as np

    return (values >> max(0, bits - 8)).clip(0, 255).astype(np.uint8)


def _grey(dataset: Any, values: npt.NDArray[Any], inverted: bool, place: int, frames: int) -> DicomPicture:
    import numpy as np

    stored = int(dataset.get("BitsStored", 16) or 16)
    if stored == 1:
        return _plain(values.astype(np.uint8) * 255, inverted, place, frames)
    aside = _padding(dataset, values)
    slope, intercept = 1.0, 0.0
    modality = dataset.get("ModalityLUTSequence")
    if modality:
        values = _library().pixels.apply_modality_lut(values, dataset)
    else:
        rescale = _group(dataset, place, "PixelValueTransformationSequence")
        slope = float(rescale.get("RescaleSlope", 1) or 1)
        intercept = float(rescale.get("RescaleIntercept", 0) or 0)
    voi = _group(dataset, place, "FrameVOILUTSequence")
    presets = _windows(voi)
    is_ct = str(dataset.get("Modality", "")) == "CT"
    table = None
    window = presets[0][1] if presets else None
    if voi.get("VOILUTSequence"):
        table, window = _table(voi, values * slope + intercept)
    elif window is None and stored <= 8 and not modality and (slope, intercept) == (1.0, 0.0):
        return _plain(values.astype(np.uint8), inverted, place, frames)
    if is_ct:
        presets = (*presets, *CT_WINDOWS)
    found = deep(
        values, aside=aside, window=window, slope=slope, intercept=intercept, unit="HU" if is_ct else "",
        curve=_curve(voi) if presets and window == presets[0][1] else "linear", inverted=inverted, table=table, presets=presets,
    )  # fmt: skip
    return DicomPicture(found, None, place, frames)


def _plain(greys: npt.NDArray[np.uint8], inverted: bool, place: int, frames: int) -> DicomPicture:
    from PIL import Image

    return DicomPicture(None, Image.fromarray(255 - greys if inverted else greys), place, frames)


def _group(dataset: Any, place: int, name: str) -> Any:
    """Where a value of this frame stands: with the frame, with all frames (enhanced objects), or in the file itself."""
    frames = dataset.get("PerFrameFunctionalGroupsSequence")
    shared = dataset.get("SharedFunctionalGroupsSequence")
    for group in (*(frames[place : place + 1] if frames else ()), *(shared[:1] if shared else ())):
        inner = group.get(name)
        if inner:
            return inner[0]
    return dataset


def _windows(voi: Any) -> tuple[tuple[str, Window], ...]:
    """The windows the file itself offers, the first one its own choice."""
    import math

    centres, widths, words = (
        _several(voi.get(key)) for key in ("WindowCenter", "WindowWidth", "WindowCenterWidthExplanation")
    )
    found = []
    for number, (centre, width) in enumerate(zip(centres, widths, strict=False)):
        window = (float(centre), float(width))
        if all(map(math.isfinite, window)) and window[1] > 0:
            name = str(words[number]).strip().capitalize()[:40] if number < len(words) else ""
            found.append((name or ("As in the file" if not number else f"In the file, number {number + 1}"), window))
    return tuple(found)


def _several(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return list(value) if hasattr(value, "__iter__") and not isinstance(value, str) else [value]


def _curve(voi: Any) -> Curve:
    function = str(voi.get("VOILUTFunction", "LINEAR")).strip()
    return "sigmoid" if function == "SIGMOID" else "exact" if function == "LINEAR_EXACT" else "linear"


def _table(voi: Any, values: npt.NDArray[Any]) -> tuple[npt.NDArray[np.uint8], Window]:
    """The file's own table (C.11.2.1.1) applied: greys 0..255, and the window that comes nearest to it."""
    import numpy as np

    entry = voi.VOILUTSequence[0]
    count, first, bits = (int(v) for v in entry.LUTDescriptor[:3])
    count = count or 65536
    data = entry.LUTData
    table = np.frombuffer(data, "<u2") if isinstance(data, bytes) else np.array(data, np.int64)
    if len(table) < count or not 1 <= bits <= 16:
        raise ValueError("a bad table")
    greys = (table[:count].astype(np.float64) / ((1 << bits) - 1) * 255 + 0.5).clip(0, 255).astype(np.uint8)
    places = (np.round(values) - first).clip(0, count - 1).astype(np.int64)
    return greys[places], (first + count / 2, float(count))


def _padding(dataset: Any, values: npt.NDArray[Any]) -> npt.NDArray[np.bool_] | None:
    """Where the file says that there is no picture (C.7.5.1.1.2)."""
    value = dataset.get("PixelPaddingValue")
    if value is None or isinstance(value, bytes):
        return None
    limit = dataset.get("PixelPaddingRangeLimit", value)
    low, high = sorted((int(value), int(value if isinstance(limit, bytes) or limit is None else limit)))
    inside: npt.NDArray[np.bool_] = (values >= low) & (values <= high)
    return inside
