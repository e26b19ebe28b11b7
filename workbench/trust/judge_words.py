"""Judging what was written down against the right words: how many are changed, missing or too many (word error rate)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from workbench.tasks.predictions import Text, from_record
from workbench.trust.judging import Answered
from workbench.trust.text_distance import Counts, Normalisation, TextComparison, compare_texts, interval, total

# Speech has no capitals and no commas: they are not counted.
HOW = Normalisation(case=True, punctuation=True)
_MOST_CONFUSED = 50


@dataclass(frozen=True)
class WordsCase:
    """One item: the right words, those that were written, and how they differ."""

    item_id: int
    name: str
    truth: str
    said: str
    comparison: TextComparison

    @property
    def words(self) -> Counts:
        return self.comparison.words.counts


@dataclass(frozen=True)
class WordsJudgement:
    """See `workbench.trust.judging.Judgement`. The score is 1 minus the word error rate over all items, at least 0.

    Attributes:
        low, high: the 95 % interval of the score, by drawing the items anew.
        confused: (right word, written word, times) of words that were changed, the most frequent first.
    """

    cases: tuple[WordsCase, ...]
    low: float
    high: float
    confused: tuple[tuple[str, str, int], ...]
    split: str = "test"
    kind: ClassVar[str] = "words"
    table_title: ClassVar[str] = "In numbers"

    @property
    def n(self) -> int:
        return len(self.cases)

    @property
    def words(self) -> Counts:
        return total(c.words for c in self.cases)

    @property
    def characters(self) -> Counts:
        return total(c.comparison.characters.counts for c in self.cases)

    @property
    def score(self) -> float:
        return max(0.0, 1.0 - self.words.rate)

    @property
    def mistakes(self) -> tuple[WordsCase, ...]:
        """Items with something wrong, those with the most wrong words first."""
        return tuple(sorted((c for c in self.cases if c.words.errors), key=lambda c: (-c.words.errors, -c.words.rate)))

    def sentence(self) -> str:
        if not self.cases:
            return "There was nothing to test on."
        words = self.words
        unseen = "it had not seen" if self.split == "test" else "that steered the training, which flatters it"
        items = "1 item" if self.n == 1 else f"{self.n} items"
        text = (
            f"In {items} {unseen} it got {words.same:,} of {words.units:,} words right; {words.changed:,} it changed,"
            f" {words.missing:,} it left out, {words.extra:,} it made up. Word error rate {words.rate:.0%}, of letters"
            f" {self.characters.rate:.0%}; on more such items expect a word error rate between {1 - self.high:.0%} and"
            f" {1 - self.low:.0%}{' or more' if self.low <= 0 else ''}. Capitals and punctuation do not count."
        )
        if words.units == 0:
            text += " None of these items has a word in it, so this says little."
        elif self.n < 30:
            text += f" Only {self.n} were tested, so the true value may be quite different: add more examples."
        return text

    def headline(self) -> dict[str, Any]:
        if not self.cases:
            return {"split": self.split, "n": 0}
        words = self.words
        return {
            "split": self.split,
            "n": self.n,
            "score": self.score,
            "metric": "words right",
            "low": self.low,
            "high": self.high,
            "words": (
                f"{words.same:,} of {words.units:,} words right in {self.n} items it had not seen (word error rate"
                f" {words.rate:.0%}, expect {1 - self.high:.0%} to {1 - self.low:.0%})."
            ),
            "word_error_rate": words.rate,
            "character_error_rate": self.characters.rate,
        }

    def to_json(self) -> dict[str, Any]:
        return {
            **self.headline(),
            "words_counted": self.words.to_json(),
            "characters_counted": self.characters.to_json(),
            "confused": [{"right": a, "written": b, "times": n} for a, b, n in self.confused],
            "sentence": self.sentence(),
        }

    def per_item(self) -> Mapping[int, float]:
        """Share of words right, at least 0."""
        return {c.item_id: max(0.0, 1.0 - c.words.rate) for c in self.cases}

    def table(self) -> tuple[list[str], list[list[str]]]:
        rows = []
        for name, counts in (("words", self.words), ("letters", self.characters)):
            rows.append(
                [
                    name,
                    f"{counts.rate:.1%}",
                    str(counts.changed),
                    str(counts.missing),
                    str(counts.extra),
                    str(counts.units),
                ]
            )
        return ["of", "error rate", "changed", "left out", "made up", "in all"], rows


def judge(classes: Sequence[str], answers: Sequence[Answered], split: str) -> WordsJudgement:
    """See `workbench.trust.judging`."""
    cases = tuple(_case(a) for a in answers)
    confused: Counter[tuple[str, str]] = Counter()
    for case in cases:
        for kind, right, given in case.comparison.words.pieces():
            if kind == "changed":
                confused.update(zip(right, given, strict=True))
    found = interval([c.words for c in cases])
    low, high = (max(0.0, 1 - found[1]), max(0.0, 1 - found[0])) if found is not None else (0.0, 1.0)
    most = tuple((a, b, n) for (a, b), n in confused.most_common(_MOST_CONFUSED))
    return WordsJudgement(cases, low, high, most, split)


def _case(answer: Answered) -> WordsCase:
    truth = next((a.text for a in answer.annotations if a.text.strip()), "")
    said = ""
    if answer.said.record is not None:
        prediction = from_record(answer.said.record)
        said = prediction.text if isinstance(prediction, Text) else prediction.summary()
    return WordsCase(answer.item.id, answer.item.name, truth, said, compare_texts(truth, said, HOW))
