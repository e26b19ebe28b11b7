"""Judging several labels per item: every label of every item is right, wrongly given or missed.

Averages as Tsoumakas & Katakis 2007 ("Multi-label classification: an overview") name them: micro over all labels of all
items, macro over the classes that occur. Average precision is the area under the steps of precision over recall (Manning,
Raghavan & Schütze 2008, section 8.4), as scikit-learn counts it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from workbench.data.shapes import Whole
from workbench.tasks.predictions import NONE_OF_THEM, Scores, from_record
from workbench.trust.judging import Answered, bootstrap

_FEW = 30
NOTHING = "(nothing)"


@dataclass(frozen=True)
class TagCounts:
    """Of one class: items that rightly have it, got it wrongly, and had it missed; its average precision in 0..1 (-1 where
    no item has it, or the certainties are not known) and its threshold (-1 where it is not known)."""

    name: str
    right: int
    wrong: int
    missed: int
    average_precision: float = -1.0
    threshold: float = -1.0

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.support if self.support else 0.0

    @property
    def f1(self) -> float:
        return f1(self.right, self.wrong, self.missed)

    @property
    def support(self) -> int:
        """Items that have it."""
        return self.right + self.missed


@dataclass(frozen=True)
class TagCase:
    """One item: its labels as they are and as the model gave them.

    Attributes:
        scores: certainty in 0..1 by class name, as far as they were kept.
    """

    item_id: int
    name: str
    truth: frozenset[str]
    found: frozenset[str]
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def counts(self) -> tuple[int, int, int]:
        """Right, wrong, missed."""
        right = len(self.truth & self.found)
        return right, len(self.found) - right, len(self.truth) - right

    @property
    def f1(self) -> float:
        """1 where there is no label and none was given."""
        return 1.0 if self.truth == self.found else f1(*self.counts)

    def sentence(self) -> str:
        """What is wrong with it."""
        parts = []
        if self.truth - self.found:
            parts.append(f"missed {', '.join(sorted(self.truth - self.found))}")
        if self.found - self.truth:
            parts.append(f"wrongly given {', '.join(sorted(self.found - self.truth))}")
        return "; ".join(parts) or "all right"


@dataclass(frozen=True)
class TagJudgement:
    """See `workbench.trust.judging.Judgement`. The score is the F1 over all labels (micro average).

    Attributes:
        classes: those the model knows, then those only the items have.
        cases: all items.
        per_class: in order of `classes`.
        low, high: 95 % interval of the score (bootstrap over items).
        baseline: score of the best answer that is always the same; `baseline_set`: its labels.
    """

    classes: tuple[str, ...]
    cases: tuple[TagCase, ...]
    per_class: tuple[TagCounts, ...]
    low: float
    high: float
    baseline: float
    baseline_set: tuple[str, ...]
    split: str = "test"
    kind: ClassVar[str] = "tags"

    @property
    def n(self) -> int:
        return len(self.cases)

    @cached_property
    def total(self) -> TagCounts:
        sums = [sum(values) for values in zip(*(c.counts for c in self.cases), strict=True)] or [0, 0, 0]
        return TagCounts("all", *sums)

    @property
    def macro_f1(self) -> float:
        """The mean over the classes that occur in truth or answer."""
        occurring = [c.f1 for c in self.per_class if c.right + c.wrong + c.missed]
        return sum(occurring) / len(occurring) if occurring else 0.0

    @property
    def exact(self) -> float:
        """Share of the items with all labels right and none besides (subset accuracy)."""
        return sum(c.truth == c.found for c in self.cases) / self.n if self.n else 0.0

    @property
    def hamming_loss(self) -> float:
        """Share of all decisions, of every item for every class, that are wrong."""
        decisions = self.n * len(self.classes)
        return (self.total.wrong + self.total.missed) / decisions if decisions else 0.0

    @property
    def mistakes(self) -> tuple[TagCase, ...]:
        """Items with something wrong, the most wrong first."""
        wrong = [c for c in self.cases if c.truth != c.found]
        return tuple(sorted(wrong, key=lambda c: (-(c.counts[1] + c.counts[2]), c.f1, c.item_id)))

    def missed(self, name: str) -> list[int]:
        """Ids of the items that have this label and did not get it."""
        return [c.item_id for c in self.cases if name in c.truth - c.found]

    def wrongly_given(self, name: str) -> list[int]:
        """Ids of the items that got this label and do not have it."""
        return [c.item_id for c in self.cases if name in c.found - c.truth]

    def rightly_given(self, name: str) -> list[int]:
        """Ids of the items that have this label and got it."""
        return [c.item_id for c in self.cases if name in c.found & c.truth]

    def instead(self, missed: str, given: str) -> list[int]:
        """Ids of the items for which one label was missed and another wrongly given; `NOTHING` for either: none was."""
        found = []
        for case in self.cases:
            lost, made_up = case.truth - case.found, case.found - case.truth
            was_missed = missed in lost if missed != NOTHING else not lost
            was_given = given in made_up if given != NOTHING else not made_up
            if was_missed and was_given and case.truth != case.found:
                found.append(case.item_id)
        return found

    @cached_property
    def confusion(self) -> tuple[tuple[int, ...], ...]:
        """How often which label was given instead of which missed one, over `names`; on the diagonal those rightly given."""
        names = self.names
        place = {name: i for i, name in enumerate(names)}
        counts = [[0] * len(names) for _ in names]
        for case in self.cases:
            for name in case.truth & case.found:
                counts[place[name]][place[name]] += 1
            if case.truth != case.found:
                for missed in case.truth - case.found or {NOTHING}:
                    for given in case.found - case.truth or {NOTHING}:
                        counts[place[missed]][place[given]] += 1
        return tuple(tuple(row) for row in counts)

    @property
    def names(self) -> tuple[str, ...]:
        """The classes, and `NOTHING`: missed without another in its place, given without another being missed."""
        return (*self.classes, NOTHING)

    @cached_property
    def co_occurrence(self) -> tuple[tuple[int, ...], ...]:
        """How many items truly have both of two labels, over `classes`; on the diagonal those that have one."""
        return tuple(tuple(len(self.together(a, b)) for b in self.classes) for a in self.classes)

    def together(self, first: str, second: str) -> list[int]:
        """Ids of the items that truly have both labels."""
        return [c.item_id for c in self.cases if first in c.truth and second in c.truth]

    def at(self, name: str, threshold: float) -> TagCounts:
        """What one class would come to with another threshold."""
        right = wrong = missed = 0
        for case in self.cases:
            given, is_true = case.scores.get(name, 0.0) >= threshold, name in case.truth
            right += given and is_true
            wrong += given and not is_true
            missed += is_true and not given
        return TagCounts(name, right, wrong, missed, threshold=threshold)

    def sentence(self) -> str:
        if not self.cases:
            return "There was nothing to test on."
        total = self.total
        unseen = "it had not seen" if self.split == "test" else "that steered the training, which flatters it"
        always = ", ".join(self.baseline_set) or NONE_OF_THEM
        text = (
            f"For {self.n} items {unseen} it gave {total.right} of {total.support} labels rightly and {total.wrong} wrongly;"
            f" {self.exact:.0%} of the items have exactly the right ones. Both together (F1): {total.f1:.0%}; on more such"
            f" items expect between {self.low:.0%} and {self.high:.0%}. Always answering “{always}” would reach"
            f" {self.baseline:.0%}."
        )
        if self.low <= self.baseline and self.n:
            text += " So it is not sure that it has learnt anything."
        elif total.support == 0:
            text += " None of these items has a label, so this says little."
        elif self.n < _FEW:
            text += f" Only {self.n} items were tested, so the true value may be quite different: add more examples."
        return text

    def headline(self) -> dict[str, Any]:
        if not self.cases:
            return {"split": self.split, "n": 0}
        total = self.total
        return {
            "split": self.split,
            "n": self.n,
            "score": total.f1,
            "metric": "F1",
            "low": self.low,
            "high": self.high,
            "words": (
                f"Gave {total.right} of {total.support} labels rightly on {self.n} items it had not seen, and {total.wrong}"
                f" wrongly (F1 {total.f1:.0%}, expect {self.low:.0%} to {self.high:.0%}; always the same answer:"
                f" {self.baseline:.0%})."
            ),
            "baseline": self.baseline,
            "baseline_words": "always the same",
            "macro_f1": self.macro_f1,
            "precision": total.precision,
            "recall": total.recall,
            "exact": self.exact,
            "hamming_loss": self.hamming_loss,
        }

    def to_json(self) -> dict[str, Any]:
        return {
            **self.headline(),
            "classes": list(self.classes),
            "baseline_set": list(self.baseline_set),
            "per_class": [
                {
                    "name": c.name, "precision": c.precision, "recall": c.recall, "f1": c.f1, "support": c.support,
                    "average_precision": c.average_precision if c.average_precision >= 0 else None,
                    "threshold": c.threshold if c.threshold >= 0 else None,
                }
                for c in self.per_class
            ],
            "sentence": self.sentence(),
        }  # fmt: skip

    def per_item(self) -> Mapping[int, float]:
        """F1 of each item's labels."""
        return {c.item_id: c.f1 for c in self.cases}

    def table(self) -> tuple[list[str], list[list[str]]]:
        rows = [
            [
                c.name, f"{c.precision:.1%}", f"{c.recall:.1%}", f"{c.f1:.1%}",
                f"{c.average_precision:.1%}" if c.average_precision >= 0 else "–", str(c.support),
                f"{c.threshold:.2f}" if c.threshold >= 0 else "–",
            ]
            for c in (*self.per_class, self.total)
        ]  # fmt: skip
        return ["class", "precision", "recall", "F1", "AP", "items", "threshold"], rows


def f1(right: int, wrong: int, missed: int) -> float:
    """Harmonic mean of precision and recall; 0 where there is nothing."""
    return 2 * right / (2 * right + wrong + missed) if right + wrong + missed else 0.0


def judge(classes: Sequence[str], answers: Sequence[Answered], split: str) -> TagJudgement:
    """See `workbench.trust.judging`. Labels of the items that the model does not know count as missed; what it says of
    classes that are not asked for does not count."""
    truths = [_truth(a) for a in answers]
    names = tuple(dict.fromkeys([*classes, *sorted(name for truth in truths for name in truth)]))
    thresholds: dict[str, float] = {}
    cases = tuple(_case(a, t, frozenset(names), thresholds) for a, t in zip(answers, truths, strict=True))
    low, high = bootstrap([c.counts for c in cases], lambda drawn: f1(*(sum(v) for v in zip(*drawn, strict=True))))
    baseline, always = _always(truths)
    return TagJudgement(
        names, cases, tuple(_counts(name, cases, thresholds) for name in names), low, high, baseline, always, split
    )


def _truth(answer: Answered) -> frozenset[str]:
    """An item of one class has it as its only label."""
    named = {n for a, n in zip(answer.annotations, answer.names, strict=True) if n and isinstance(a.shape, Whole)}
    return frozenset(named or {answer.said.true_class} - {""})


def _case(answer: Answered, truth: frozenset[str], asked: frozenset[str], thresholds: dict[str, float]) -> TagCase:
    found: frozenset[str] = frozenset()
    scores: dict[str, float] = {}
    if answer.said.record is not None:
        said = from_record(answer.said.record)
        if isinstance(said, Scores):
            found = frozenset(s.name for s in said.chosen)
            scores = {s.name: s.value for s in said.top}
            thresholds.update({s.name: s.threshold for s in said.top if s.threshold >= 0})
    elif answer.said.predicted_class:
        found = frozenset({answer.said.predicted_class})
    return TagCase(answer.item.id, answer.item.name, truth, found & asked, scores)


def _counts(name: str, cases: Sequence[TagCase], thresholds: Mapping[str, float]) -> TagCounts:
    right = wrong = missed = 0
    pairs = []
    for case in cases:
        is_true, given = name in case.truth, name in case.found
        right += is_true and given
        wrong += given and not is_true
        missed += is_true and not given
        if case.scores:
            pairs.append((case.scores.get(name, 0.0), is_true))
    return TagCounts(name, right, wrong, missed, average_precision(pairs), thresholds.get(name, -1.0))


def average_precision(pairs: Sequence[tuple[float, bool]]) -> float:
    """Sum over thresholds of precision times the step of recall; equal values are one step. -1 without a positive.

    Args:
        pairs: certainty, and whether it is so.
    """
    total = sum(is_true for _, is_true in pairs)
    if not total:
        return -1.0
    ordered = sorted(pairs, key=lambda p: -p[0])
    found, right, before = 0.0, 0, 0
    for place, (value, is_true) in enumerate(ordered):
        right += is_true
        if place + 1 < len(ordered) and ordered[place + 1][0] == value:
            continue
        found += (right - before) / total * right / (place + 1)
        before = right
    return found


def _always(truths: Sequence[frozenset[str]]) -> tuple[float, tuple[str, ...]]:
    """The best F1 an answer reaches that is the same for every item: the commonest labels, so many as help, or the
    commonest set of labels."""
    counts = Counter(name for truth in truths for name in truth)
    total = counts.total()
    candidates: list[tuple[str, ...]] = []
    ranked = [name for name, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))]
    candidates += [tuple(ranked[:size]) for size in range(1, len(ranked) + 1)]
    sets = Counter(tuple(sorted(truth)) for truth in truths)
    candidates += [max(sets, key=lambda s: (sets[s], s))] if sets else []
    best, chosen = 0.0, candidates[-1] if candidates else ()
    for names in candidates:
        right = sum(counts[name] for name in names)
        reached = f1(right, len(names) * len(truths) - right, total - right)
        if reached > best:
            best, chosen = reached, names
    return best, chosen
