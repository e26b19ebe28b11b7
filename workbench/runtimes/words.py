"""Where a word begins and ends in a text, in whatever script."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


def word_spans(text: str) -> list[tuple[int, int]]:
    """Start and end (one past the last character) of each word, in order.

    Words are what blanks part. Chinese characters and Japanese kana, written without blanks, are a word each.
    """
    found: list[tuple[int, int]] = []
    start = -1
    for place, character in enumerate(text):
        ends = character.isspace() or stands_alone(character)
        if ends and start >= 0:
            found.append((start, place))
            start = -1
        if stands_alone(character):
            found.append((place, place + 1))
        elif not ends and start < 0:
            start = place
    if start >= 0:
        found.append((start, len(text)))
    return found


def stands_alone(character: str) -> bool:
    """True for what is written without blanks between words: Chinese characters and kana with their marks."""
    code = ord(character)
    return (
        0x3041 <= code <= 0x30FF
        or 0x3400 <= code <= 0x4DBF
        or 0x4E00 <= code <= 0x9FFF
        or 0xF900 <= code <= 0xFAFF
        or 0x20000 <= code <= 0x3FFFF
    )


def runs_to_the_left(texts: Iterable[str]) -> bool:
    """True when most letters are of a script that is written from right to left (Hebrew, Arabic and their kin)."""
    balance = 0
    for text in texts:
        for character in text:
            direction = unicodedata.bidirectional(character)
            balance += (direction in ("R", "AL")) - (direction == "L")
    return balance > 0
