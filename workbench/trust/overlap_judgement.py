"""Judging texts that were written (translated, summed up) by how much they have in common with the right ones.

A right text is one of many that would be right; so the scores compare models and say little by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from workbench.tasks.predictions import NOT_WRITTEN, Text, from_record
from workbench.trust.judging import Answered
from workbench.trust.text_overlap import Overlap, overlaps, parting_for, per_text

_FEW = 50
_SHOWN = 200


@dataclass(frozen=True)
class OverlapCase:
    """One text.

    Attributes:
        given: what was to be changed; `wanted`: the right answer; `written`: the model's.
        before: what it wrote before it was taught; None where that is not known.
        surprise, surprise_before: mean nats per token of the right answer; -1 where that was not measured.
    """

    item_id: int
    given: str
    wanted: str
    written: str
    before: str | None = None
    surprise: float = -1.0
    surprise_before: float = -1.0


@dataclass(frozen=True)
class OverlapJudgement:
    """See `workbench.trust.judging.Judgement`. The score is the first of `scores` (BLEU, chrF, ROUGE-L) as a share of 1.

    Attributes:
        cases: the texts that were written out.
        before: the scores before teaching; empty where that is not known.
        surprises: (before, now) mean nats per token of all texts, where that was measured; -1 where it is not known.
    """

    kind: str
    cases: tuple[OverlapCase, ...]
    scores: tuple[Overlap, ...]
    before: tuple[Overlap, ...] = ()
    surprises: tuple[float, float] = (-1.0, -1.0)
    split: str = "test"
    table_title: ClassVar[str] = "In numbers"

    @property
    def n(self) -> int:
        return len(self.cases)

    def sentence(self) -> str:
        if not self.scores:
            return "There was nothing to test on."
        main = self.scores[0]
        unseen = "it had not seen" if self.split == "test" else "that steered the training, which flatters it"
        texts = "1 text" if self.n == 1 else f"{self.n:,} texts"
        text = f"In {texts} {unseen}: {'; '.join(s.sentence() for s in self.scores)}."
        if self.before:
            text += f" Before it was taught: {self.before[0].value:.1f} ({main.term})."
            if main.value <= self.before[0].value:
                text += " So the teaching has not brought its texts nearer to yours."
        text += " The same can be said rightly in many ways: the numbers compare models, they are no marks."
        if self.n < _FEW:
            text += f" Only {self.n} were tested: add more examples to be sure."
        return text

    def remark(self) -> str:
        """Beside the scores themselves: how many texts, and whether that is enough."""
        texts = "1 text was judged" if self.n == 1 else f"{self.n:,} texts were judged"
        return f"{texts}{': too few to be sure' if self.n < _FEW else ''}. Those least like the right ones come first."

    def headline(self) -> dict[str, Any]:
        if not self.scores:
            return {"split": self.split, "n": 0}
        main = self.scores[0]
        numbers: dict[str, Any] = {
            "split": self.split,
            "n": self.n,
            "score": main.value / 100,
            "metric": main.term,
            "low": (main.value if main.low is None else main.low) / 100,
            "high": (main.value if main.high is None else main.high) / 100,
            "words": f"{', '.join(f'{s.term} {s.value:.1f}' for s in self.scores)} on {self.n:,} texts it had not seen.",
            **{s.kind: s.value for s in self.scores},
        }
        if self.before:
            numbers |= {"baseline": self.before[0].value / 100, "baseline_words": "before"}
        then, now = self.surprises
        if now >= 0:
            numbers["perplexity"] = math.exp(now)
        if then >= 0:
            numbers["perplexity_before"] = math.exp(then)
        return numbers

    def to_json(self) -> dict[str, Any]:
        return {
            **self.headline(),
            "scores": {s.kind: s.to_json() for s in self.scores},
            "before": {s.kind: s.to_json() for s in self.before},
            "sentence": self.sentence(),
        }

    @cached_property
    def _each(self) -> dict[int, float]:
        if not self.scores:
            return {}
        kind = self.scores[0].kind
        parting = parting_for([c.wanted for c in self.cases]) if kind == "bleu" else "13a"
        return {c.item_id: per_text(kind, c.written, c.wanted, parting) for c in self.cases}

    def per_item(self) -> Mapping[int, float]:
        """The main score of each text by itself."""
        return self._each

    def table(self) -> tuple[list[str], list[list[str]]]:
        then = {s.kind: f"{s.value:.1f}" for s in self.before}
        rows = [
            [s.title, s.term, then.get(s.kind, ""), f"{s.value:.1f}", "" if s.low is None else f"{s.low:.1f} – {s.high:.1f}", s.signature]
            for s in self.scores
        ]  # fmt: skip
        return ["of 100", "called", "before", "now", "expect", "how it was counted"], rows

    def worst(self) -> list[OverlapCase]:
        """The texts that have least in common with the right ones first."""
        each = self.per_item()
        return sorted(self.cases, key=lambda c: each[c.item_id])[:_SHOWN]


def judged(kind: str, kinds: Sequence[str], answers: Sequence[Answered], split: str) -> OverlapJudgement:
    """Judge answers by these scores. Items whose right text is missing or too long are left out."""
    cases: list[OverlapCase] = []
    nats: list[tuple[float, float]] = []
    for answer in answers:
        said = from_record(answer.said.record) if answer.said.record is not None else None
        wanted = next((a.text for a in answer.annotations if a.text.strip()), "")
        if not isinstance(said, Text) or not wanted:
            continue
        if said.surprise >= 0:
            nats.append((said.surprise_before, said.surprise))
        if said.note == NOT_WRITTEN:
            continue
        first_try = said.before if said.surprise_before >= 0 else None
        cases.append(
            OverlapCase(
                answer.item.id,
                answer.item.text or "",
                wanted,
                said.text,
                first_try,
                said.surprise,
                said.surprise_before,
            )
        )
    if not cases:
        return OverlapJudgement(kind, (), (), split=split)
    right = [c.wanted for c in cases]
    scores = tuple(overlaps(kinds, [c.written for c in cases], right))
    then = [c.before for c in cases if c.before is not None]
    before = tuple(overlaps(kinds, then, right)) if len(then) == len(cases) else ()
    now = sum(n for _, n in nats) / len(nats) if nats else -1.0
    first = sum(b for b, _ in nats) / len(nats) if nats and all(b >= 0 for b, _ in nats) else -1.0
    return OverlapJudgement(kind, tuple(cases), scores, before, (first, now), split)
