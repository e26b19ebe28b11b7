"""Encoded pictures as Qt's, safely in any thread.

Where Qt is not told what the bytes are, it asks every reader it has whether they are its own. The one of SVG makes objects that
connect to each other for this, under one of Qt's own locks, while this thread holds Python's interpreter; the window's thread may
hold that lock and wait for the interpreter (it asks Python while it disconnects something). Then both stand still for ever: found
once in many runs of the tests. So what it is is told by its first bytes, and no reader is asked.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QImage, QImageReader

# How files of a kind begin, and Qt's name of it. Specs: PNG 5.2, JPEG (ITU-T T.81) B.1.1.3, GIF89a, BMP; WebP (RFC 9649) 2.4.
_BEGINNINGS = ((b"\x89PNG\r\n\x1a\n", b"png"), (b"\xff\xd8\xff", b"jpeg"), (b"GIF8", b"gif"), (b"BM", b"bmp"))


def kind_of(beginning: bytes) -> bytes:
    """Qt's name of a kind of pictures, by a file's first 12 bytes; empty for one that is not among these."""
    if beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP":
        return b"webp"
    return next((kind for start, kind in _BEGINNINGS if beginning.startswith(start)), b"")


def decoded(data: bytes) -> QImage:
    """A whole PNG, JPEG, GIF, BMP or WebP; a null picture for anything else."""
    kind = kind_of(data)
    # PySide's stubs say bytes; what it takes is a string.
    return QImage.fromData(data, kind.decode()) if kind else QImage()  # type: ignore[arg-type]


def reader_of(path: Path) -> QImageReader | None:
    """What reads a file of these kinds; None for one of another kind, and for one that cannot be opened."""
    try:
        with path.open("rb") as file:
            kind = kind_of(file.read(16))
    except OSError:
        return None
    if not kind:
        return None
    reader = QImageReader(str(path), kind)
    reader.setAutoDetectImageFormat(False)
    return reader
