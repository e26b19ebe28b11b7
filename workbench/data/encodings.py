"""In which encoding a text is written, found from its bytes: a text file, or a table of any size."""

from __future__ import annotations

import codecs
import re
from typing import BinaryIO

from workbench.control import Control
from workbench.errors import UserError

_BLOCK = 250_000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_SIGNS = frozenset("€–—‘’“”„…°§£·«»±µ²³½¼¾ºª¿¡\u00a0")
_WORDS = re.compile(r"[^\W\d_]+")
# Of the letters of words with accents, so many have one; in other alphabets all have.
_ACCENTS = 0.6


def encoding_of(stream: BinaryIO, control: Control | None = None) -> str:
    """UTF-8, UTF-16 and UTF-32 (by their mark, or by where their zeros are), also with a few broken letters or cut off; else
    the encoding that fits best. Texts are then to be decoded with `errors="replace"`.

    Args:
        stream: at its beginning; it is read through once, in blocks.

    Raises:
        UserError: when it is no text.
        Cancelled: when asked to stop.
    """
    block = stream.read(_BLOCK)
    for mark, name in _MARKS:
        if block.startswith(mark):
            return name
    if b"\0" in block[:4000]:
        return _by_zeros(block[:4000])
    decoder = codecs.getincrementaldecoder("utf-8")()
    odd: list[bytes] = []
    size, accents, broken = 0, False, False
    while block:
        if control is not None:
            control.check()
        # Only what is beyond ASCII tells encodings apart; a million bytes of it are enough.
        if not block.isascii() and size <= 4 * _BLOCK:
            odd += [line for line in block.splitlines(keepends=True) if not line.isascii()]
            size = sum(map(len, odd))
        if not broken:
            try:
                accents = not decoder.decode(block).isascii() or accents
            except UnicodeDecodeError:
                broken = True
        if broken and size > 4 * _BLOCK:
            break
        block = stream.read(_BLOCK)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        broken = broken or not accents  # it may be cut off in the middle of a letter
    return _guessed(b"".join(odd)) if broken else "utf-8"


def _by_zeros(head: bytes) -> str:
    even, odd = head[::2].count(0), head[1::2].count(0)
    # Western letters have a zero in every other byte; no other text has zeros at all.
    if len(head) % 2 or len(head) < 4 or max(even, odd) < 0.4 * len(head) / 2 or min(even, odd):
        raise _no_text()
    return "utf-16-le" if odd > even else "utf-16-be"


def _guessed(sample: bytes) -> str:
    text = sample.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if sum(not c.isascii() for c in text) - broken > 4 * broken:
        return "utf-8"
    if _western(sample):
        return "cp1252"
    import charset_normalizer

    guesses = list(charset_normalizer.from_bytes(sample))
    if not guesses:
        raise _no_text()
    # Several Latin encodings often fit equally well; then the one of most old files is meant.
    fitting = [g for g in guesses if (g.chaos, -g.coherence) <= (guesses[0].chaos, -guesses[0].coherence)]
    return next((g for g in fitting if g.encoding == "cp1252"), guesses[0]).encoding


def _western(sample: bytes) -> bool:
    """All that is not ASCII in it are letters and signs of Western Europe, and most words have few of these letters."""
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    if not all(c.isascii() or c.isalpha() or c in _SIGNS for c in text):
        return False
    words = "".join(w for w in _WORDS.findall(text) if not w.isascii())
    odd = [c for c in words if not c.isascii()]
    # Letters of other alphabets come out as capitals in a row.
    return len(odd) <= _ACCENTS * len(words) and sum(c.isupper() for c in odd) <= max(2, len(odd) // 2)


def _no_text() -> UserError:
    return UserError("This file is not readable text.", "Save it as plain text or CSV with the encoding UTF-8.")
