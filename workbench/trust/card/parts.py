"""What a model card is made of. Plain data without markup: the writers (`card.html`, `card.pdf`) decide how it looks.

All words in it may come from anywhere (class names, file names, texts of the person): writers treat them as text, never as
markup, and pass them through `shown` first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

# Longest run of words in one place, in characters: of a paragraph, and of a cell or a caption.
LONGEST, SHORT = 4_000, 240
# Rows of one table, columns of one table, examples of one gallery: what a person would look through.
MOST_ROWS, MOST_COLUMNS, MOST_EXAMPLES = 60, 12, 12
# A class's name at the head of a narrow column.
_NAME = 28

# Letters that turn or hide what stands around them: a name could make a report say something else (Unicode TR 36).
_HIDDEN = re.compile(
    "[\u200b\u2060-\u2064\ufeff\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ufff9-\ufffb\U000e0000-\U000e007f]"
)

Style = Literal["", "strong", "soft", "struck"]
Tone = Literal["", "good", "bad", "warn", "other"]


def shown(text: object, longest: int = LONGEST) -> str:
    """Words as they may stand in a card: without control characters and what turns or hides letters, in one line, at most
    `longest` characters, and always encodable."""
    raw = str(text)
    cut = raw[: 4 * longest]
    plain = _HIDDEN.sub("", cut.encode("utf-8", "replace").decode("utf-8"))
    plain = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in plain)
    plain = " ".join(plain.split())
    if len(plain) > longest or len(cut) < len(raw):
        return f"{plain[: longest - 1].rstrip()}…"
    return plain


@dataclass(frozen=True)
class Words:
    """A few words that look alike. `tone`: the ground they stand on, for what is right, wrong, missing, or something else;
    `strength` in 0..1 how deep that ground is."""

    text: str
    style: Style = ""
    tone: Tone = ""
    strength: float = 1.0


Line = str | tuple[Words, ...]


def words_of(line: Line) -> tuple[Words, ...]:
    return (Words(line),) if isinstance(line, str) else line


def plain(line: Line) -> str:
    """The words alone."""
    return "".join(w.text for w in words_of(line))


@dataclass(frozen=True)
class Paragraph:
    line: Line
    soft: bool = False


@dataclass(frozen=True)
class Heading:
    text: str


@dataclass(frozen=True)
class Bullets:
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Table:
    """
    Attributes:
        shades: how deep each cell's ground is, 0..1, row by row; empty for none.
        numbers: the columns after the first hold numbers and stand to the right; else all are text.
        note: what stands below it.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    shades: tuple[tuple[float, ...], ...] = ()
    numbers: bool = True
    note: str = ""


@dataclass(frozen=True)
class Facts:
    """Names and values, line by line."""

    rows: tuple[tuple[str, Line], ...]


@dataclass(frozen=True)
class Picture:
    """`data`: PNG or JPEG; `alt` says what is to be seen for who cannot see it; `width`: of the text's, 0..1."""

    data: bytes
    alt: str
    caption: Line = ""
    width: float = 0.6


@dataclass(frozen=True)
class Example:
    """One item: its picture (PNG or JPEG) or its words, and what is said of it."""

    caption: Line
    name: str = ""
    picture: bytes | None = None
    text: Line = ""
    more: bytes | None = None


@dataclass(frozen=True)
class Gallery:
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Gauge:
    """A score in 0..1 with its 95 % interval; `baseline`: what the simplest answer reaches, -1 where there is none."""

    value: float
    low: float
    high: float
    words: str
    baseline: float = -1.0
    baseline_words: str = ""


Part = Paragraph | Heading | Bullets | Table | Facts | Picture | Gallery | Gauge


@dataclass(frozen=True)
class Section:
    """
    Attributes:
        id: stable name, for links.
        sentence: what it says in one or two sentences for everybody.
        expert: what only an expert misses.
    """

    id: str
    title: str
    sentence: str
    parts: tuple[Part, ...] = ()
    expert: tuple[Part, ...] = ()

    def all_parts(self) -> Iterator[Part]:
        yield from self.parts
        yield from self.expert


@dataclass(frozen=True)
class Card:
    """`made`: ISO 8601; `app`: name and version of the program that wrote it."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    made: str = ""
    app: str = ""
    notes: tuple[str, ...] = field(default=())

    def section(self, section_id: str) -> Section | None:
        return next((s for s in self.sections if s.id == section_id), None)


def table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], note: str = "", numbers: bool = True, of: str = "rows"
) -> Table:
    """A table of bounded size; what is left out is said below it."""
    columns = headings[:MOST_COLUMNS]
    kept = tuple(tuple(row[:MOST_COLUMNS]) for row in rows[:MOST_ROWS])
    if len(rows) > MOST_ROWS:
        note = f"{note} The first {MOST_ROWS} of {len(rows):,} {of}.".strip()
    return Table(tuple(h if h[1:2].isupper() else h[:1].upper() + h[1:] for h in columns), kept, (), numbers, note)


def matrix(corner: str, names: Sequence[str], counts: Sequence[Sequence[int]], shares: bool = False) -> list[Part]:
    """What was taken for what: as a table with shades where that can be read, else the most frequent pairs.

    Args:
        counts: `counts[a][b]`, rows as named at the left of `corner`.
        shares: show shares of the row instead of the counts.
    """
    totals = [max(1, sum(row)) for row in counts]
    names = [shown(name, _NAME) for name in names]
    if len(names) < MOST_COLUMNS:
        cells = [
            [f"{v / t:.1%}" if shares and v else str(v or "") for v in row]
            for row, t in zip(counts, totals, strict=True)
        ]
        return [
            Table(
                (corner, *names),
                tuple((name, *row) for name, row in zip(names, cells, strict=True)),
                tuple((0.0, *(v / t for v in row)) for row, t in zip(counts, totals, strict=True)),
            )
        ]
    pairs = sorted(
        ((v, a, b) for a, row in enumerate(counts) for b, v in enumerate(row) if a != b and v), reverse=True
    )[:20]
    rows = [
        (names[a], names[b], f"{v / totals[a]:.1%}" if shares else f"{v:,} ({v / totals[a]:.0%})") for v, a, b in pairs
    ]
    note = f"The {len(rows)} most frequent pairs of {len(names)} classes; {corner}"
    return [Table(("This", "And this", "How often"), tuple(rows), note=note)]
