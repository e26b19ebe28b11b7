"""What a picture's file tells besides the picture: where and when it was taken, by whom, with which very camera.

Found by reading what cameras and programs write: Exif (CIPA DC-008), XMP (ISO 16684), IPTC (IIM 4), comments, and the header of
DICOM files. Left out by `cleaned`: a JPEG, PNG, WebP or GIF loses these parts of its file and not a single pixel changes; a
TIFF is written anew with the same pixels; a DICOM file becomes a PNG as it is seen. The colour profile stays. How the
picture is turned stays too: as the one thing a JPEG, PNG or WebP still says of itself, and in the pixels of a TIFF.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.data.dicom import HEAD_BYTES, is_dicom
from workbench.data.media import encode_png, encoded_bytes, faults_in_words, open_picture
from workbench.data.types import Sample
from workbench.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

PLACE, TIME, CAMERA, PEOPLE, SMALL, NOTES, PATIENT = (
    "place",
    "time",
    "camera",
    "people",
    "thumbnail",
    "notes",
    "patient",
)
WORDS = {
    PATIENT: "the patient's name and more (DICOM)",
    PLACE: "where it was taken (GPS)",
    PEOPLE: "names of people",
    CAMERA: "the number of the camera",
    TIME: "when it was taken",
    SMALL: "a small picture of what it was before",
    NOTES: "notes",
}
# By themselves no reason to worry, but left out with the rest.
HARMLESS = (TIME, NOTES)

_EXIF, _GPS = 0x8769, 0x8825
_START_OF_JPEG = b"\xff\xd8\xff"
_ORIENTATION = 0x0112
_PEOPLE_TAGS = (0x013B, 0x8298, 0x9C9D, 0xA430)  # artist, copyright, author, owner
_CAMERA_TAGS = (0xA431, 0xA435, 0xC62F, 0x927C)  # camera, lens, camera (DNG), what the maker keeps for itself
_TIME_TAGS = (0x0132, 0x9003, 0x9004)
_NOTE_TAGS = (0x010E, 0x9286, 0x9C9B, 0x9C9C, 0x9C9E, 0x9C9F, 0x013C)
_XMP = {
    PLACE: re.compile(rb"GPSL(?:at|ong)itude|photoshop:City|Iptc4xmpCore:Location|LocationShown|LocationCreated"),
    PEOPLE: re.compile(
        rb"dc:creator|dc:rights|photoshop:Credit|PersonInImage|mwg-rs:Name|xmpRights:Owner|CreatorContact"
    ),
    CAMERA: re.compile(rb"SerialNumber"),
    TIME: re.compile(rb"xmp:CreateDate|photoshop:DateCreated|exif:DateTimeOriginal"),
}
_IPTC = {PLACE: (90, 92, 95, 101), PEOPLE: (80, 110, 115, 116, 122), TIME: (55, 60), NOTES: (105, 120)}


def look(path: Path) -> tuple[str, ...]:
    """What a picture's file tells besides the picture: keys of `WORDS`, in their order. The pixels are not read.

    Raises:
        UserError: when it cannot be read.
    """
    from PIL import Image

    with faults_in_words(), _silence():
        with path.open("rb") as stream:
            if is_dicom(stream.read(HEAD_BYTES)):
                return (PATIENT,)
        with Image.open(path) as picture:
            found = _told(picture)
    return tuple(kind for kind in WORDS if kind in found)


@contextmanager
def _silence() -> Iterator[None]:
    """Pillow warns of every tag that breaks a rule; they are left out anyway, and may hold what shall not be in a log."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _told(picture: Image) -> set[str]:
    found: set[str] = set()
    exif = picture.getexif()
    inner, place = exif.get_ifd(_EXIF), exif.get_ifd(_GPS)
    if any(tag in place for tag in (2, 4, 0x1D, 0x1B, 0x1C)) or len(place) > 1:
        found.add(PLACE)
    tags = {**dict(exif), **inner}
    for kind, wanted in ((PEOPLE, _PEOPLE_TAGS), (CAMERA, _CAMERA_TAGS), (TIME, _TIME_TAGS), (NOTES, _NOTE_TAGS)):
        if any(_says_something(tags.get(tag)) for tag in wanted):
            found.add(kind)
    info = picture.info
    if _START_OF_JPEG in bytes(info.get("exif") or b""):
        found.add(SMALL)
    packet = info.get("xmp") or info.get("XML:com.adobe.xmp") or b""
    packet = packet.encode("utf-8", "replace") if isinstance(packet, str) else bytes(packet)
    found |= {kind for kind, pattern in _XMP.items() if pattern.search(packet)}
    found |= _iptc(picture)
    if info.get("comment"):
        found.add(NOTES)
    for key in getattr(picture, "text", None) or {}:
        plain = str(key).lower()
        if plain in ("author", "artist", "copyright"):
            found.add(PEOPLE)
        elif plain != "xml:com.adobe.xmp":
            found.add(NOTES)
    return found


def _says_something(value: Any) -> bool:
    if isinstance(value, bytes):
        value = value.strip(b"\0 ASCI")
    elif isinstance(value, str):
        value = value.strip("\0 ")
    return bool(value)


def _iptc(picture: Image) -> set[str]:
    from PIL import IptcImagePlugin

    try:
        records = IptcImagePlugin.getiptcinfo(picture) or {}  # type: ignore[arg-type]
    except (SyntaxError, ValueError, KeyError, IndexError, struct.error, TypeError):
        return {NOTES}  # damaged, and left out all the same
    return {kind for kind, numbers in _IPTC.items() if any((2, number) in records for number in numbers)}


# Leaving it out ---------------------------------------------------------------------------------------------------------


def cleaned(source: Sample | Path) -> tuple[bytes, str]:
    """A picture's file without what is hidden in it, and the ending of its name (".jpg", …).

    Raises:
        UserError: when it cannot be read, or is of a kind that cannot be written anew without loss.
    """
    from PIL import Image, UnidentifiedImageError

    data = encoded_bytes(source)
    path = source if isinstance(source, Path) else source.path
    suffix = path.suffix.lower() if path is not None else ""
    if is_dicom(data[:HEAD_BYTES]):
        return encode_png(open_picture(source)), ".png"
    with faults_in_words(), _silence():
        try:
            with Image.open(io.BytesIO(data)) as picture:
                kind = picture.format or ""
                turn = picture.getexif().get(_ORIENTATION, 1)
        except UnidentifiedImageError as error:
            raise UserError(
                "It is of a rare kind whose hidden data cannot be taken out.", "Save it as PNG or JPEG first."
            ) from error
        turn = turn if turn in range(2, 9) else 1
        match kind:
            case "JPEG" | "MPO":
                return _jpeg(data, turn), suffix if suffix in (".jpg", ".jpeg") else ".jpg"
            case "PNG":
                return _png(data, turn), ".png"
            case "WEBP":
                return _webp(data, turn), ".webp"
            case "GIF":
                return _gif(data), ".gif"
            case "TIFF":
                return _tiff(data), suffix if suffix in (".tif", ".tiff") else ".tif"
            case _:
                return _anew(data), ".png"


def _turned(turn: int) -> bytes:
    """Exif that says how to turn the picture and nothing else: the header and one entry."""
    return struct.pack("<2sHIHHHIHHI", b"II", 42, 8, 1, _ORIENTATION, 3, 1, turn, 0, 0)


def _jpeg(data: bytes, turn: int) -> bytes:
    """Segments (ITU-T T.81, annex B) that the picture needs: JFIF, the colour profile, Adobe's note on colours, tables."""
    parts = [b"\xff\xd8"]
    if turn != 1:
        exif = b"Exif\0\0" + _turned(turn)
        parts.append(struct.pack(">2sH", b"\xff\xe1", len(exif) + 2) + exif)
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            raise ValueError("no marker")
        marker = data[at + 1]
        if marker == 0xFF:  # filling
            at += 1
            continue
        if marker == 0xD9:
            break
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:
            at += 2
            continue
        size = int.from_bytes(data[at + 2 : at + 4])
        if size < 2:
            raise ValueError("no length")
        body = data[at + 4 : at + 2 + size]
        end = at + 2 + size
        if marker == 0xDA:
            end = _scan_end(data, end)
            parts.append(data[at:end])
        elif marker == 0xE0 and body.startswith(b"JFIF\0"):
            # Without the small picture it may hold.
            parts.append(b"\xff\xe0\x00\x10" + body[:12].ljust(12, b"\0") + b"\0\0")
        elif (
            (marker == 0xE2 and body.startswith(b"ICC_PROFILE\0"))
            or (marker == 0xEE and body.startswith(b"Adobe"))
            or not (0xE0 <= marker <= 0xEF or marker == 0xFE)
        ):
            parts.append(data[at:end])
        at = end
    # What some cameras and programs append (films, other sizes) goes with the rest.
    return b"".join([*parts, b"\xff\xd9"])


_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def _scan_end(data: bytes, at: int) -> int:
    """Where the coded pixels end: at the next marker that is none of restarting."""
    found = _MARKER.search(data, at)
    return found.start() if found else len(data)


_PNG_KEPT = {
    b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs", b"hIST", b"acTL",
    b"fcTL", b"fdAT", b"cICP", b"mDCV", b"cLLI",
}  # fmt: skip


def _png(data: bytes, turn: int) -> bytes:
    """Chunks (ISO/IEC 15948) that say how the picture looks."""
    import zlib

    parts, at = [data[:8]], 8
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4])
        name = data[at + 4 : at + 8]
        chunk = data[at : at + 12 + size]
        if name in _PNG_KEPT:
            parts.append(chunk)
        if name == b"IHDR" and turn != 1:
            body = b"eXIf" + _turned(turn)
            parts.append(struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body)))
        at += len(chunk)
        if name == b"IEND":
            break
    return b"".join(parts)


_WEBP_KEPT = {b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}


def _webp(data: bytes, turn: int) -> bytes:
    """Chunks of the RIFF file that hold pixels or colours (RFC 9649); the header says what there is."""
    chunks, at = [], 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name in _WEBP_KEPT:
            chunks.append([name, data[at + 8 : at + 8 + size]])
        at += 8 + size + size % 2
    if turn != 1:
        chunks.append([b"EXIF", _turned(turn)])
    for chunk in chunks:
        if chunk[0] == b"VP8X":
            flags = chunk[1][0] & ~0x0C
            chunk[1] = bytes([flags | (0x08 if turn != 1 else 0)]) + chunk[1][1:]
    body = b"".join(name + struct.pack("<I", len(part)) + part + b"\0" * (len(part) % 2) for name, part in chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _gif(data: bytes) -> bytes:
    """Blocks (GIF89a) without comments, plain texts and what programs add; how often it repeats and its colours stay."""
    flags = data[10]
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    parts = [data[:at]]
    while at < len(data):
        if data[at] == 0x21:
            end = _blocks_end(data, at + 2)
            kept = data[at + 1] == 0xF9 or (
                data[at + 1] == 0xFF and data[at + 3 : at + 14] in (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")
            )
            parts += [data[at:end]] if kept else []
        elif data[at] == 0x2C:
            local = data[at + 9]
            end = _blocks_end(data, at + 10 + (3 << (local & 7) + 1 if local & 0x80 else 0) + 1)
            parts.append(data[at:end])
        else:
            break
        at = end
    return b"".join([*parts, b";"])


def _blocks_end(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1


def _bare(picture: Image) -> Image:
    """The same pixels, with nothing that was read along with them."""
    from PIL import Image

    made = Image.frombytes(picture.mode, picture.size, picture.tobytes())
    palette = picture.getpalette("RGB") if picture.mode == "P" else None
    if palette:
        made.putpalette(palette)
    return made


def _tiff(data: bytes) -> bytes:
    """All pages written anew, upright, packed without loss (Deflate)."""
    from PIL import Image, ImageOps

    pages, profile = [], None
    with Image.open(io.BytesIO(data)) as picture:
        for number in range(getattr(picture, "n_frames", 1)):
            picture.seek(number)
            picture.load()
            profile = profile or picture.info.get("icc_profile")
            pages.append(_bare(ImageOps.exif_transpose(picture)))
    made = io.BytesIO()
    pages[0].save(
        made, "TIFF", compression="tiff_adobe_deflate", save_all=True, append_images=pages[1:], icc_profile=profile
    )
    return made.getvalue()


def _anew(data: bytes) -> bytes:
    """As PNG, which loses no pixel."""
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(data)) as picture:
        made = io.BytesIO()
        upright = ImageOps.exif_transpose(picture)
        _bare(upright).save(made, "PNG", icc_profile=picture.info.get("icc_profile"))
    return made.getvalue()
