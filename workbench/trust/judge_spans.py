"""Judging marked pieces of texts: a piece counts as found when its place and its class are exactly right, as the CoNLL
shared task counts (Tjong Kim Sang & De Meulder 2003; seqeval's strict mode)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from workbench.data.shapes import TextSpan
from workbench.tasks.predictions import Text, from_record
from workbench.trust.judging import Answered, bootstrap

Piece = tuple[int, int, str]


@dataclass(frozen=True)
class SpanCounts:
    """Of one class, or of all: pieces found rightly, found wrongly, and missed."""

    name: str
    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 0.0

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed) if self.right + self.missed else 0.0

    @property
    def f1(self) -> float:
        return f1(self.right, self.wrong, self.missed)

    @property
    def support(self) -> int:
        return self.right + self.missed


@dataclass(frozen=True)
class SpanCase:
    """One text: its pieces as they are and as the model marked them.

    Attributes:
        borders: found pieces that overlap a true one of their class without being equal to it.
        confused: found pieces on exactly the place of a true one, of another class.
    """

    item_id: int
    name: str
    truth: frozenset[Piece]
    found: frozenset[Piece]
    text: str
    borders: int = 0
    confused: int = 0

    @property
    def counts(self) -> tuple[int, int, int]:
        """Right, wrong, missed."""
        right = len(self.truth & self.found)
        return right, len(self.found) - right, len(self.truth) - right


@dataclass(frozen=True)
class SpanJudgement:
    """See `workbench.trust.judging.Judgement`. The score is the F1 over all pieces (micro average)."""

    classes: tuple[str, ...]
    cases: tuple[SpanCase, ...]
    per_class: tuple[SpanCounts, ...]
    low: float
    high: float
    split: str = "test"
    kind: ClassVar[str] = "spans"

    @property
    def n(self) -> int:
        return len(self.cases)

    @property
    def total(self) -> SpanCounts:
        return (
            SpanCounts("all", *(sum(v) for v in zip(*(c.counts for c in self.cases), strict=True)))
            if self.cases
            else (SpanCounts("all", 0, 0, 0))
        )

    @property
    def mistakes(self) -> tuple[SpanCase, ...]:
        """Texts with something wrong, the most wrong first."""
        wrong = [c for c in self.cases if c.truth != c.found]
        return tuple(sorted(wrong, key=lambda c: -(c.counts[1] + c.counts[2])))

    def sentence(self) -> str:
        if not self.cases:
            return "There was nothing to test on."
        all_of = self.total
        unseen = "it had not seen" if self.split == "test" else "that steered the training, which flatters it"
        text = (
            f"In {self.n} texts {unseen} it found {all_of.right} of {all_of.support} pieces with exactly the right place and"
            f" class, and marked {all_of.wrong} that are not so. Both together (F1): {all_of.f1:.0%}; on more such texts"
            f" expect between {self.low:.0%} and {self.high:.0%}."
        )
        borders = sum(c.borders for c in self.cases)
        if borders:
            text += f" {borders} of the wrong ones overlap a right one and only begin or end elsewhere."
        if all_of.support == 0:
            text += " None of these texts has a piece to find, so this says little."
        elif self.n < 30:
            text += f" Only {self.n} texts were tested, so the true value may be quite different: add more examples."
        return text

    def headline(self) -> dict[str, Any]:
        if not self.cases:
            return {"split": self.split, "n": 0}
        all_of = self.total
        return {
            "split": self.split,
            "n": self.n,
            "score": all_of.f1,
            "metric": "F1",
            "low": self.low,
            "high": self.high,
            "words": (
                f"Found {all_of.right} of {all_of.support} pieces in {self.n} texts it had not seen, with {all_of.wrong}"
                f" wrong ones (F1 {all_of.f1:.0%}, expect {self.low:.0%} to {self.high:.0%})."
            ),
            "precision": all_of.precision,
            "recall": all_of.recall,
        }

    def to_json(self) -> dict[str, Any]:
        headings, rows = self.table()
        return {
            **self.headline(),
            "classes": list(self.classes),
            "per_class": [dict(zip(headings, row, strict=True)) for row in rows],
            "sentence": self.sentence(),
        }

    def per_item(self) -> Mapping[int, float]:
        """F1 of each text; 1 where there is nothing to find and nothing was marked."""
        return {c.item_id: 1.0 if not c.truth and not c.found else f1(*c.counts) for c in self.cases}

    def table(self) -> tuple[list[str], list[list[str]]]:
        rows = [
            [c.name, f"{c.precision:.1%}", f"{c.recall:.1%}", f"{c.f1:.1%}", str(c.support)]
            for c in (*self.per_class, self.total)
        ]
        return ["class", "precision", "recall", "F1", "pieces"], rows


def f1(right: int, wrong: int, missed: int) -> float:
    """Harmonic mean of precision and recall; 0 where there is nothing."""
    return 2 * right / (2 * right + wrong + missed) if right + wrong + missed else 0.0


def judge(classes: Sequence[str], answers: Sequence[Answered], split: str) -> SpanJudgement:
    """See `workbench.trust.judging`."""
    cases = [_case(a) for a in answers]
    names = list(dict.fromkeys([*classes, *(p[2] for c in cases for p in (*c.truth, *c.found))]))
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for case in cases:
        right.update(p[2] for p in case.truth & case.found)
        wrong.update(p[2] for p in case.found - case.truth)
        missed.update(p[2] for p in case.truth - case.found)
    low, high = bootstrap([c.counts for c in cases], lambda drawn: f1(*(sum(v) for v in zip(*drawn, strict=True))))
    per_class = tuple(SpanCounts(name, right[name], wrong[name], missed[name]) for name in names)
    return SpanJudgement(tuple(names), tuple(cases), per_class, low, high, split)


def _case(answer: Answered) -> SpanCase:
    text = answer.item.text or ""
    truth = frozenset(
        _tight(text, a.shape.start, a.shape.end, name)
        for a, name in zip(answer.annotations, answer.names, strict=True)
        if isinstance(a.shape, TextSpan) and name and not a.ignored
    )
    found: frozenset[Piece] = frozenset()
    if answer.said.record is not None:
        said = from_record(answer.said.record)
        if isinstance(said, Text):
            found = frozenset(_tight(text, s.start, s.end, s.label) for s in said.spans if s.start >= 0)
    borders = confused = 0
    for start, end, name in found - truth:
        if any(t[2] == name and t[0] < end and start < t[1] for t in truth):
            borders += 1
        elif any(t[:2] == (start, end) for t in truth):
            confused += 1
    return SpanCase(answer.item.id, answer.item.name, truth, found, text, borders, confused)


def _tight(text: str, start: int, end: int, name: str) -> Piece:
    """White space at the ends makes no difference."""
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip()), name
