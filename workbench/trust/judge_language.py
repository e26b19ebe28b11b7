"""Judging language models by how well they foresee texts they have not seen: the perplexity, and the share it stands for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from workbench.tasks.predictions import Text, from_record
from workbench.trust.judging import Answered, bootstrap


@dataclass(frozen=True)
class LanguageCase:
    """One text: how surprising it was (mean nats per token) after and before teaching, and what was written."""

    item_id: int
    given: str
    wanted: str
    surprise: float
    surprise_before: float
    written: str
    before: str


@dataclass(frozen=True)
class LanguageJudgement:
    """See `workbench.trust.judging.Judgement`. The score is 1 / perplexity: the (geometric) mean probability that was
    given to the token that really came next."""

    cases: tuple[LanguageCase, ...]
    low: float
    high: float
    split: str = "test"
    kind: ClassVar[str] = "language"
    table_title: ClassVar[str] = "Text by text"
    tells_items: ClassVar[bool] = True

    @property
    def n(self) -> int:
        return len(self.cases)

    @property
    def surprise(self) -> float:
        return sum(c.surprise for c in self.cases) / self.n if self.cases else 0.0

    @property
    def surprise_before(self) -> float:
        known = [c.surprise_before for c in self.cases if c.surprise_before >= 0]
        return sum(known) / len(known) if known and len(known) == self.n else -1.0

    def sentence(self) -> str:
        if not self.cases:
            return "There was nothing to test on."
        now = math.exp(self.surprise)
        text = (
            f"In {self.n} texts it had not seen, it is as unsure of the next piece of a word as if it chose among"
            f" {now:,.1f} equally likely ones (perplexity)"
        )
        before = self.surprise_before
        if before >= 0:
            then = math.exp(before)
            text += f"; before it was taught it was {then:,.1f}."
            if now >= then:
                text += " So the teaching has not helped it to foresee such texts."
        else:
            text += "."
        text += " This says how well it knows the manner of the texts, not whether what it writes is true."
        if self.n < 20:
            text += f" Only {self.n} texts were tested: add more examples to be sure."
        return text

    def headline(self) -> dict[str, Any]:
        if not self.cases:
            return {"split": self.split, "n": 0}
        numbers: dict[str, Any] = {
            "split": self.split,
            "n": self.n,
            "score": math.exp(-self.surprise),
            "metric": "share foreseen",
            "low": self.low,
            "high": self.high,
            "perplexity": math.exp(self.surprise),
            "words": f"Perplexity {math.exp(self.surprise):,.1f} on {self.n} texts it had not seen.",
        }
        before = self.surprise_before
        if before >= 0:
            numbers |= {
                "baseline": math.exp(-before),
                "baseline_words": "before",
                "perplexity_before": math.exp(before),
                "words": (
                    f"Perplexity {math.exp(self.surprise):,.1f} on {self.n} texts it had not seen; it was"
                    f" {math.exp(before):,.1f} before."
                ),
            }
        return numbers

    def to_json(self) -> dict[str, Any]:
        return {**self.headline(), "sentence": self.sentence()}

    def per_item(self) -> Mapping[int, float]:
        return {c.item_id: math.exp(-c.surprise) for c in self.cases}

    def table(self) -> tuple[list[str], list[list[str]]]:
        rows = []
        for c in sorted(self.cases, key=lambda c: -c.surprise)[:200]:
            before = f"{math.exp(c.surprise_before):,.1f}" if c.surprise_before >= 0 else ""
            rows.append([" ".join((c.given or c.wanted).split()[:8]), before, f"{math.exp(c.surprise):,.1f}"])
        return ["text", "perplexity before", "perplexity now"], rows


def judge(_classes: Sequence[str], answers: Sequence[Answered], split: str) -> LanguageJudgement:
    """See `workbench.trust.judging`. Answers whose surprise was not measured are left out."""
    cases = []
    for answer in answers:
        said = from_record(answer.said.record) if answer.said.record is not None else None
        if not isinstance(said, Text) or said.surprise < 0:
            continue
        words = next((a.text for a in answer.annotations if a.text), "")
        text = answer.item.text or ""
        cases.append(
            LanguageCase(
                answer.item.id, text if words else "", words or text, said.surprise, said.surprise_before, said.text,
                said.before,
            )
        )  # fmt: skip
    low, high = bootstrap([c.surprise for c in cases], lambda drawn: math.exp(-sum(drawn) / len(drawn)))
    return LanguageJudgement(tuple(cases), low, high, split)
