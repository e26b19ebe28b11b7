"""How far a text that was read, heard or translated is from the right one: word and character error rates (WER, CER).

Both are the smallest number of words (characters) that must be changed, put in or taken out to get the right text
(Levenshtein 1966), divided by the number of words (characters) of the right text. A rate can exceed 1 when much was
made up. What counts as the same is said by a `Normalisation`; without one, letter case and punctuation count.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from workbench.errors import UserError
from workbench.runtimes.words import word_spans

StepKind = Literal["same", "changed", "missing", "extra"]

# Ten seconds of work for characters; a novel has about half as many.
LONGEST = 1_000_000
_KINDS: dict[str, StepKind] = {"equal": "same", "replace": "changed", "delete": "missing", "insert": "extra"}
_DRAWS = 1000


@dataclass(frozen=True)
class Normalisation:
    """What is made equal before two texts are compared. Runs of blanks and line ends always count as one blank, and
    composed and decomposed accents are the same (Unicode NFC).

    Attributes:
        case: letter case is ignored (Unicode case folding: "ß" is "ss").
        punctuation: marks and symbols are ignored; between letters ("o'clock", "well-known") they part no words.
        accents: "é" counts as "e".
    """

    case: bool = False
    punctuation: bool = False
    accents: bool = False

    def apply(self, text: str) -> str:
        """The text as it is compared: NFC, single blanks, none at the ends."""
        if self.accents:
            parts = unicodedata.normalize("NFD", text)
            text = "".join(c for c in parts if unicodedata.category(c) != "Mn")
        if self.case:
            text = text.casefold()
        if self.punctuation:
            text = "".join(c for c in text if unicodedata.category(c)[0] not in "PS")
        return " ".join(unicodedata.normalize("NFC", text).split())

    def sentence(self) -> str:
        """In plain words."""
        names = (("upper and lower case", self.case), ("punctuation", self.punctuation), ("accents", self.accents))
        ignored = [name for name, on in names if on]
        return f"Not counted: {', '.join([*ignored, 'line breaks and extra blanks'])}."


@dataclass(frozen=True)
class Step:
    """A stretch of an alignment. Places are units (words or characters); `end` is one past the last.

    Attributes:
        kind: "same"; "changed": as many units of the right text as of the given one differ, one by one; "missing":
            in the right text alone; "extra": in the given text alone.
    """

    kind: StepKind
    right_start: int
    right_end: int
    given_start: int
    given_end: int


@dataclass(frozen=True)
class Counts:
    """Units counted over one or many texts; add them up for the rate of a whole collection (a micro average)."""

    same: int = 0
    changed: int = 0
    missing: int = 0
    extra: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.same + other.same,
            self.changed + other.changed,
            self.missing + other.missing,
            self.extra + other.extra,
        )

    @property
    def units(self) -> int:
        """Of the right text."""
        return self.same + self.changed + self.missing

    @property
    def errors(self) -> int:
        return self.changed + self.missing + self.extra

    @property
    def rate(self) -> float:
        """Errors per unit of the right text; where that is empty, the number of errors."""
        return self.errors / max(1, self.units)

    def to_json(self) -> dict[str, Any]:
        return {
            "rate": round(self.rate, 6),
            "units": self.units,
            "changed": self.changed,
            "missing": self.missing,
            "extra": self.extra,
        }


@dataclass(frozen=True)
class Alignment:
    """Two rows of units laid beside each other with the fewest errors.

    Attributes:
        right, given: the units of the two texts.
        steps: from the first to the last unit of both, in order and without gaps.
    """

    right: Sequence[str]
    given: Sequence[str]
    steps: tuple[Step, ...]
    counts: Counts = field(init=False)

    def __post_init__(self) -> None:
        found = dict.fromkeys(_KINDS.values(), 0)
        for step in self.steps:
            found[step.kind] += max(step.right_end - step.right_start, step.given_end - step.given_start)
        object.__setattr__(self, "counts", Counts(**found))

    @property
    def rate(self) -> float:
        return self.counts.rate

    def pieces(self) -> list[tuple[StepKind, list[str], list[str]]]:
        """Each step with its units: (kind, of the right text, of the given text)."""
        return [
            (s.kind, list(self.right[s.right_start : s.right_end]), list(self.given[s.given_start : s.given_end]))
            for s in self.steps
        ]


@dataclass(frozen=True)
class TextComparison:
    """A given text against the right one, by words and by characters (Unicode code points, blanks among them)."""

    words: Alignment
    characters: Alignment
    normalisation: Normalisation

    @property
    def word_error_rate(self) -> float:
        return self.words.rate

    @property
    def character_error_rate(self) -> float:
        return self.characters.rate

    def sentence(self) -> str:
        """The result in plain words."""
        return sentence(self.words.counts, self.characters.counts)

    def to_json(self) -> dict[str, Any]:
        return {"words": self.words.counts.to_json(), "characters": self.characters.counts.to_json()}


def sentence(words: Counts, characters: Counts) -> str:
    """What the counts of one text or of many come to, in plain words."""
    if words.units == 0:
        return "The right text is empty: there is nothing to compare with."
    if words.errors == 0:
        blanks = f" {characters.errors:,} blanks are not." if characters.errors else ""
        return ("The word is right." if words.units == 1 else f"All {words.units:,} words are right.") + blanks
    parts = [
        f"{count:,} {name}"
        for count, name in ((words.changed, "changed"), (words.missing, "missing"), (words.extra, "too many"))
        if count
    ]
    return (
        f"{words.same:,} of {words.units:,} words are right; {', '.join(parts)}."
        f" Word error rate {words.rate:.1%}, character error rate {characters.rate:.1%}."
    )


def align(right: Sequence[str], given: Sequence[str]) -> Alignment:
    """The alignment with the fewest errors of two texts (unit: the character) or two lists of words.

    Time grows with the product of the lengths, 64 units at a time (Hyyrö 2003), memory with their sum.
    """
    from rapidfuzz.distance import Levenshtein

    steps = tuple(
        Step(_KINDS[code.tag], code.src_start, code.src_end, code.dest_start, code.dest_end)
        for code in Levenshtein.opcodes(right, given)
    )
    return Alignment(right, given, steps)


def words_of(text: str) -> list[str]:
    """Words are what blanks part. Chinese characters and Japanese kana, written without blanks, are a word each."""
    return [text[start:end] for start, end in word_spans(text)]


def compare_texts(right: str, given: str, normalisation: Normalisation | None = None) -> TextComparison:
    """Word and character errors of `given` against the `right` text.

    Raises:
        UserError: when a text has more than a million characters.
    """
    how = normalisation or Normalisation()
    if max(len(right), len(given)) > LONGEST:
        raise UserError(f"Texts of more than {LONGEST:,} characters are not compared.", "Compare chapters one by one.")
    right, given = how.apply(right), how.apply(given)
    return TextComparison(align(words_of(right), words_of(given)), align(right, given), how)


def total(counts: Iterable[Counts]) -> Counts:
    """All of them added up."""
    whole = Counts()
    for one in counts:
        whole = whole + one
    return whole


def interval(counts: Sequence[Counts], seed: int = 0) -> tuple[float, float] | None:
    """The 95 % interval of the rate of a whole collection, by drawing its texts anew a thousand times (bootstrap:
    Bisani & Ney 2004). None for fewer than two texts, which say nothing of how much texts differ.
    """
    if len(counts) < 2:
        return None
    import numpy as np

    errors = np.array([c.errors for c in counts], np.float64)
    units = np.array([c.units for c in counts], np.float64)
    drawn = np.random.default_rng(seed).integers(0, len(counts), (_DRAWS, len(counts)))
    rates = errors[drawn].sum(1) / np.maximum(1.0, units[drawn].sum(1))
    low, high = np.quantile(rates, (0.025, 0.975))
    return float(low), float(high)
