"""Writes JPEG Lossless (ITU-T T.81, Annex H) for the tests: every predictor, precision and restart interval."""

from __future__ import annotations

import struct

import numpy as np


def encode(values: np.ndarray, precision: int, predictor: int = 1, shift: int = 0, restart_rows: int = 0) -> bytes:
    """Unsigned [H, W] or [H, W, C] as a lossless JPEG. Codes of eight bits for every category (0 to 16)."""
    planes = values[..., None] if values.ndim == 2 else values
    height, width, count = planes.shape
    planes = planes.astype(int) >> shift
    parts = [b"\xff\xd8", _segment(0xC3, struct.pack(">BHHB", precision, height, width, count) + b"".join(
        bytes((n + 1, 0x11, 0)) for n in range(count)))]  # fmt: skip
    # Category n has the code n with five bits: 17 of 32, none of them all ones.
    parts.append(_segment(0xC4, bytes((0, 0, 0, 0, 0, 17, *[0] * 11, *range(17)))))
    if restart_rows:
        parts.append(_segment(0xDD, struct.pack(">H", restart_rows * width)))
    names = b"".join(bytes((n + 1, 0)) for n in range(count))
    parts.append(_segment(0xDA, bytes((count,)) + names + bytes((predictor, 0, shift))))
    step = restart_rows or height
    for number, first in enumerate(range(0, height, step)):
        if number:
            parts.append(bytes((0xFF, 0xD0 + (number - 1) % 8)))
        parts.append(_run(planes[first : first + step], predictor, 1 << (precision - shift - 1)))
    return b"".join((*parts, b"\xff\xd9"))


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def _run(planes: np.ndarray, predictor: int, begin: int) -> bytes:
    bits: list[str] = []
    height, width, count = planes.shape
    for y in range(height):
        for x in range(width):
            bits += [
                _code((int(planes[y, x, c]) - _guess(planes[..., c], y, x, predictor, begin)) & 0xFFFF)
                for c in range(count)
            ]
    stream = "".join(bits)
    stream += "1" * (-len(stream) % 8)
    data = bytes(int(stream[n : n + 8], 2) for n in range(0, len(stream), 8))
    return data.replace(b"\xff", b"\xff\x00")


def _guess(plane: np.ndarray, y: int, x: int, predictor: int, begin: int) -> int:
    if y == 0:
        return begin if x == 0 else int(plane[y, x - 1])
    above = int(plane[y - 1, x])
    if x == 0:
        return above
    left, corner = int(plane[y, x - 1]), int(plane[y - 1, x - 1])
    return {
        1: left, 2: above, 3: corner, 4: left + above - corner, 5: left + ((above - corner) >> 1),
        6: above + ((left - corner) >> 1), 7: (left + above) >> 1,
    }[predictor]  # fmt: skip


def _code(difference: int) -> str:
    if difference == 32768:
        return f"{16:05b}"
    signed = difference - 65536 if difference > 32768 else difference
    size = abs(signed).bit_length()
    extra = signed if signed >= 0 else signed + (1 << size) - 1
    return f"{size:05b}" + (f"{extra:0{size}b}" if size else "")
