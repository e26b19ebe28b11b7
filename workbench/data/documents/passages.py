"""Documents cut into passages that a model reads at once: at sentences, overlapping, and with nothing left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from workbench.control import Control
from workbench.data.documents.base import Document, Piece

# Counts of tokens of texts, in order.
Count = Callable[[Sequence[str]], Sequence[int]]
_SHARED = 0.2  # of a passage is said again at the beginning of the next
_LITTLE = 0.25
_LONGEST_SENTENCE = 600  # characters; a longer one is cut
_LONGEST_PASSAGE = 2400  # characters, whatever a tokenizer makes of them
_COUNTED_AT_ONCE = 256
_END = re.compile(
    r"[.!?…؟۔।]+[\"'”’»)\]]*(?=\s)"  # a sentence's end before a blank
    r"|[。！？]+[」』”’）]*"  # and where scripts have none
    r"|\n\s*\n"
)
# What ends with a full stop and is no sentence's end: one letter, or a usual abbreviation of a few languages.
_SHORT = re.compile(
    r"(?:^|[\s(“\"'.])(?:[^\W\d_]|Mr|Mrs|Ms|Dr|Prof|St|No|Nr|Fig|Abb|vs|etc|ca|bzw|usw|al|approx|vol|pp|ed|Inc|Ltd|Jr|Sr)\.$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Cut:
    """A passage: characters `start` to `end` (one past the last) of a document's text, and where that is."""

    start: int
    end: int
    place: str


def sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Sentences of (a part of) a text without the blanks around them, as characters; long ones are cut at blanks."""
    end = len(text) if end is None else end
    at = start
    for found in _END.finditer(text, start, end):
        if found[0] == "." and _SHORT.search(text, max(at, found.end() - 12), found.end()):
            continue
        yield from _trimmed(text, at, found.end())
        at = found.end()
    yield from _trimmed(text, at, end)


def passages(document: Document, count: Count, budget: int, control: Control | None = None) -> Iterator[Cut]:
    """Passages of at most `budget` tokens. A heading begins a new one, most often a page too; every letter is in one.

    Raises:
        Cancelled: when asked to stop.
    """
    taken: list[tuple[int, int, int, Piece]] = []  # start, end, tokens, block
    fresh = False  # something in `taken` is in no passage yet
    for start, end, tokens, piece in _counted(document, count, budget, control or Control()):
        heading = piece.level > 0 and bool(taken) and not taken[-1][3].level
        # A page begins a new one too, unless the one before said little: pages of slides are found by their number.
        page = bool(taken) and piece.place != taken[-1][3].place and piece.place.startswith("page ")
        fresh_start = heading or (page and sum(t[2] for t in taken) > _LITTLE * budget)
        if taken and (fresh_start or not _fits(taken, end, tokens, budget)):
            if fresh:
                yield _cut(document, taken)
            taken = [] if fresh_start else _overlap(taken, end, tokens, budget)
        taken.append((start, end, tokens, piece))
        fresh = True
    if taken:
        yield _cut(document, taken)


def _fits(taken: Sequence[tuple[int, int, int, Piece]], end: int, tokens: int, budget: int) -> bool:
    return sum(t[2] for t in taken) + tokens <= budget and end - taken[0][0] <= _LONGEST_PASSAGE


def _overlap(
    taken: list[tuple[int, int, int, Piece]], end: int, tokens: int, budget: int
) -> list[tuple[int, int, int, Piece]]:
    """The last sentences of a passage, which the next one begins with."""
    kept: list[tuple[int, int, int, Piece]] = []
    for part in reversed(taken):
        if sum(k[2] for k in kept) + part[2] > _SHARED * budget or not _fits([part, *kept], end, tokens, budget):
            break
        kept.insert(0, part)
    return kept


def _cut(document: Document, taken: Sequence[tuple[int, int, int, Piece]]) -> Cut:
    first, last = taken[0][3].place, taken[-1][3].place
    place = first
    if first != last and first.startswith("page ") and last.startswith("page "):
        place = f"pages {first[5:]}–{last[5:]}"
    elif first != last and last.startswith("“"):
        place = last  # what stood before the first heading, and that heading
    return Cut(taken[0][0], taken[-1][1], place)


def _counted(document: Document, count: Count, budget: int, control: Control) -> Iterator[tuple[int, int, int, Piece]]:
    """Sentences with their number of tokens, none longer than the budget."""
    waiting: list[tuple[int, int, Piece]] = []
    text = document.text

    def counted() -> Iterator[tuple[int, int, int, Piece]]:
        control.check()
        numbers = count([text[s:e] for s, e, _ in waiting])
        for (start, end, piece), tokens in zip(waiting, numbers, strict=True):
            yield from _within(text, start, end, tokens, piece, count, budget)
        waiting.clear()

    for piece in document.pieces:
        for start, end in sentences(text, piece.start, piece.end):
            waiting.append((start, end, piece))
            if len(waiting) == _COUNTED_AT_ONCE:
                yield from counted()
    yield from counted()


def _within(
    text: str, start: int, end: int, tokens: int, piece: Piece, count: Count, budget: int
) -> Iterator[tuple[int, int, int, Piece]]:
    """A sentence, halved until it fits."""
    if tokens <= budget or end - start <= 1:
        yield start, end, tokens, piece
        return
    middle = _break(text, start, end, (start + end) // 2)
    halves = [half for half in (_stripped(text, start, middle), _stripped(text, middle, end)) if half[0] < half[1]]
    for (s, e), n in zip(halves, count([text[s:e] for s, e in halves]), strict=True):
        yield from _within(text, s, e, n, piece, count, budget)


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    start, end = _stripped(text, start, end)
    while end - start > _LONGEST_SENTENCE:
        at = _break(text, start, end, start + _LONGEST_SENTENCE)
        piece = _stripped(text, start, at)
        if piece[0] < piece[1]:
            yield piece
        start = at
        start, end = _stripped(text, start, end)
    if start < end:
        yield start, end


def _break(text: str, start: int, end: int, wanted: int) -> int:
    """Where to cut near `wanted`: at a blank before it, else between two letters that do not belong together."""
    blank = max(text.rfind(" ", start + 1, wanted), text.rfind("\n", start + 1, wanted))
    if blank > start + (wanted - start) // 2:
        return blank
    import unicodedata

    at = wanted
    while at < min(end - 1, wanted + 20) and (
        unicodedata.combining(text[at]) or text[at] in "\u200d\ufe0f" or text[at - 1] == "\u200d"
        or 0x1F3FB <= ord(text[at]) <= 0x1F3FF
    ):  # fmt: skip
        at += 1
    return at


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
