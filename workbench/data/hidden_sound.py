"""A recording's file without what is written beside the sound: titles, names, pictures, places.

WAV, FLAC and MP3 lose those parts of the file and not a single sample changes; any other kind becomes a WAV file of what is
heard. The voice itself stays, of course: who must not be recognised must not be given away.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path

from workbench.data.media import read_bytes
from workbench.data.types import Sample
from workbench.errors import UserError

# Seconds; it has to fit into memory.
_LONGEST = 3 * 3600.0
_WAV_KEPT = (b"fmt ", b"fact", b"data", b"ds64")


def cleaned_sound(path: Path) -> tuple[bytes, str]:
    """The file's bytes without tags, and the ending of its name. Raises: UserError when it cannot be read."""
    data = read_bytes(path)
    try:
        if data[:4] in (b"RIFF", b"RF64") and data[8:12] == b"WAVE":
            return _wav(data), ".wav"
        if data[:4] == b"fLaC":
            return _flac(data), ".flac"
        if path.suffix.lower() == ".mp3":
            return _mp3(data), ".mp3"
    except (IndexError, struct.error) as error:
        raise UserError("The recording is damaged or cut off.", "Copy it again from where it came from.") from error
    return _anew(path), ".wav"


def _wav(data: bytes) -> bytes:
    parts, at = [], 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + size + size % 2
        if name in _WAV_KEPT:
            parts.append(data[at:end])
        at = end
    body = b"".join(parts)
    return data[:4] + struct.pack("<I", min(len(body) + 4, 0xFFFFFFFF)) + b"WAVE" + body


def _flac(data: bytes) -> bytes:
    """Only what describes the stream (RFC 9639, section 8: types 0 and 3)."""
    blocks, at, last = [], 4, False
    while not last:
        head = data[at]
        last, size = bool(head & 0x80), int.from_bytes(data[at + 1 : at + 4])
        if head & 0x7F in (0, 3):
            blocks.append((head & 0x7F, data[at + 1 : at + 4 + size]))
        at += 4 + size
    made = [bytes([kind | (0x80 if n == len(blocks) - 1 else 0)]) + body for n, (kind, body) in enumerate(blocks)]
    return b"".join([b"fLaC", *made, data[at:]])


def _mp3(data: bytes) -> bytes:
    """Without ID3v2 before, and ID3v1, APEv2 and lyrics after the frames."""
    at = 0
    while data[at : at + 3] == b"ID3":
        size = 0
        for part in data[at + 6 : at + 10]:
            size = size << 7 | part & 0x7F
        at += 10 + size + (10 if data[at + 5] & 0x10 else 0)
    end = len(data)
    while (cut := _tail(data, end)) and end - cut > at:
        end -= cut
    return data[at:end]


def _tail(data: bytes, end: int) -> int:
    """How many bytes before `end` are a note; there may be several, one before the other."""
    if data[end - 128 : end - 125] == b"TAG":
        return 128
    if data[end - 9 : end] == b"LYRICS200" and data[end - 15 : end - 9].isdigit():
        return 15 + int(data[end - 15 : end - 9])
    if data[end - 32 : end - 24] == b"APETAGEX":
        has_head = data[end - 9] & 0x80
        return int.from_bytes(data[end - 20 : end - 16], "little") + (32 if has_head else 0)
    return 0


def _anew(path: Path) -> bytes:
    import soundfile

    from workbench.data.sound import read_sound, sound_info

    sample = Sample("sound", path.name, path=path)
    rate = sound_info(sample).rate
    heard, cut = read_sound(sample, rate, _LONGEST)
    if cut:
        raise UserError("The recording is too long to be written anew.", "Save it as WAV, FLAC or MP3 first.")
    made = io.BytesIO()
    soundfile.write(made, heard, rate, format="WAV", subtype="PCM_16")
    return made.getvalue()
