"""Whether a model of several labels is as often right as it says, label by label and over all of them, and what its errors
cost. Plain Python; no model needed.

Every label of every item is one answer: how sure the model is that the item has it, against whether it does. Everything that
is chosen is chosen on validation items; what it leads to is counted on test items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from workbench.tasks.tag_calibration import TagCalibration
from workbench.tasks.temperature import ENOUGH
from workbench.trust.certainty import Bin, Reliability, paid
from workbench.trust.judge_tags import TagCase, TagJudgement
from workbench.trust.metrics import wilson

_BINS = 10
_SPOKEN = 5

Pairs = Sequence[tuple[float, bool]]


@dataclass(frozen=True)
class LabelReliability(Reliability):
    """How sure a model says it is that items have a label (any one, or all labels' answers together) against how often they
    have it. `n` counts answers; `Bin.right` those where the label is there. `brier` is 0..1."""

    def sentence(self) -> str:
        """About the answers that are neither surely yes nor surely no: of the rest nearly every model is right."""
        bins = [b for b in self.bins if b.count >= _SPOKEN]
        if not bins:
            return "Too few answers were tested to say whether its percentages can be believed."
        outside = [b for b in bins if not b.interval()[0] <= b.said <= b.interval()[1]]
        text = f"Over {self.n:,} answers its percentages are off by {self.error:.1%} on average."
        if not outside:
            return f"{text} Nowhere do they differ from how often the label is there by more than chance would."
        worst = max(outside, key=lambda b: abs(b.said - b.share))
        low, high = worst.interval()
        return (
            f"{text} Where it says {worst.said:.0%}, the label is there {worst.share:.0%} of the time ({worst.count} answers;"
            f" expect {low:.0%} to {high:.0%} on more)."
        )


def reliability_of(pairs: Pairs) -> LabelReliability:
    """Of answers: probability that a label is there (0..1), and whether it is. Ten bins of equal width; the error is the
    mean over the answers of how far a bin's mean probability is from its share (expected calibration error)."""
    counts, hits, sums = [0] * _BINS, [0] * _BINS, [0.0] * _BINS
    for value, there in pairs:
        at = min(_BINS - 1, int(value * _BINS))
        counts[at] += 1
        hits[at] += there
        sums[at] += value
    n = len(pairs)
    bins = tuple(
        Bin(i / _BINS, (i + 1) / _BINS, counts[i], hits[i], sums[i] / counts[i] if counts[i] else (i + 0.5) / _BINS)
        for i in range(_BINS)
    )
    error = sum(b.count * abs(b.said - b.share) for b in bins) / n if n else 0.0
    return LabelReliability(n, bins, error, sum((v - there) ** 2 for v, there in pairs) / n if n else 0.0)


def answers_of(cases: Sequence[TagCase], names: Sequence[str]) -> list[tuple[float, bool]]:
    """Of items whose certainties are kept, of these labels: (probability, whether the item has it)."""
    return [(c.scores[n], n in c.truth) for c in cases for n in names if n in c.scores]


def known_labels(judgement: TagJudgement) -> tuple[str, ...]:
    """Those of which certainties are kept."""
    there = {name for case in judgement.cases for name in case.scores}
    return tuple(name for name in judgement.classes if name in there)


@dataclass(frozen=True)
class TagCertainty:
    """How sure a model says it is, before and after it was set right, on items that had no part in that.

    Attributes:
        calibration: what was done; None when nothing was.
        steering: number of validation items there were for it.
        before, after: over all labels; labels: of each label (before, after).
    """

    calibration: TagCalibration | None
    steering: int
    before: LabelReliability
    after: LabelReliability
    labels: Mapping[str, tuple[LabelReliability, LabelReliability]]

    def sentence(self) -> str:
        return f"{self.after.sentence()} {self.change()}"

    def change(self) -> str:
        """What was done about its percentages, and whether it helped, honestly."""
        if self.calibration is None:
            if self.steering < ENOUGH:
                return (
                    f"Its percentages are as they came: only {self.steering} items were kept aside for steering, and setting"
                    f" them right takes at least {ENOUGH}."
                )
            return (
                f"Its percentages are as they came: on the {self.steering} items kept aside for steering nothing made them"
                " more truthful."
            )
        temperature = self.calibration.temperature
        if temperature is not None:
            how = f"{'less sure' if temperature > 1 else 'surer'} of all labels alike (temperature {temperature:.2f})"
        else:
            # A line found by Newton's method has a shift that is never quite 0.
            own = sum(shift != 0.0 for shift in self.calibration.shifts)
            how = f"more truthful for {own} of {len(self.calibration.scales)} labels one by one (Platt scaling)"
        text = f"On {self.steering} items kept aside for steering it was made {how}."
        if not self.after.n:
            return text
        now, then = self.after.error, self.before.error
        if abs(now - then) < 0.0005:
            return f"{text} On the test items its percentages are off by {now:.1%} on average, as before."
        if now < then:
            return f"{text} On the test items its percentages are off by {now:.1%} on average, {then:.1%} before."
        return f"{text} On the test items it did not help: its percentages are off by {now:.1%} on average, {then:.1%} before."

    def to_json(self) -> dict[str, Any]:
        return {
            "steering_items": self.steering, "answers": self.after.n,
            "scales": None if self.calibration is None else list(self.calibration.scales),
            "shifts": None if self.calibration is None else list(self.calibration.shifts),
            "calibration_error_before": self.before.error, "calibration_error": self.after.error,
            "brier_before": self.before.brier, "brier": self.after.brier, "bins": [asdict(b) for b in self.after.bins],
            "labels": {
                name: {"calibration_error_before": before.error, "calibration_error": after.error, "brier": after.brier,
                       "bins": [asdict(b) for b in after.bins]}
                for name, (before, after) in self.labels.items()
            },
            "sentence": self.sentence(),
        }  # fmt: skip


def tag_certainty(
    test: TagJudgement, order: Sequence[str], calibration: TagCalibration | None, steering: int
) -> TagCertainty:
    """Of answers to test items as they were kept, set right already.

    Args:
        order: the model's labels, as `calibration` counts them.
    """
    names = known_labels(test)
    place = {name: n for n, name in enumerate(order)}

    def plain(name: str, pairs: Pairs) -> Pairs:
        if calibration is None or name not in place:
            return pairs
        return [(calibration.before(place[name], value), there) for value, there in pairs]

    after = {name: answers_of(test.cases, [name]) for name in names}
    before = {name: plain(name, pairs) for name, pairs in after.items()}
    return TagCertainty(
        calibration,
        steering,
        reliability_of([p for pairs in before.values() for p in pairs]),
        reliability_of([p for pairs in after.values() for p in pairs]),
        {name: (reliability_of(before[name]), reliability_of(after[name])) for name in names},
    )


# What errors cost -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LabelCosts:
    """One label with a threshold: of `n` items `there` have it, `missed` of those were not given it, and others got it
    wrongly. A missed one costs `cost` times as much as a wrongly given one."""

    name: str
    threshold: float
    cost: float
    n: int
    there: int
    missed: int
    wrong: int

    @property
    def total(self) -> float:
        """The cost, in wrongly given ones."""
        return self.missed * self.cost + self.wrong

    def sentence(self) -> str:
        if not self.n:
            return "There was nothing to test on."
        low, high = wilson(self.missed, self.there)
        share = f" (of all such items expect {low:.0%} to {high:.0%} missed)" if self.there else ""
        return (
            f"Of {self.n} test items it misses “{self.name}” on {self.missed} of the {self.there} that have it{share} and gives"
            f" it wrongly to {self.wrong}."
        )

    def beside(self, usual: LabelCosts) -> str:
        """This one against the threshold the training chose, on the same items, honestly."""
        text = (
            f"With the threshold the training chose ({usual.threshold:.0%}): {usual.missed} missed, {usual.wrong} wrongly"
            " given."
        )
        return f"{text} {paid(self.total, usual.total, 'wrongly given ones')}" if self.n else text

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"total": self.total, "sentence": self.sentence()}


def label_costs(pairs: Pairs, name: str, threshold: float, cost: float) -> LabelCosts:
    """What a threshold leads to on these answers of one label."""
    missed = sum(there and value < threshold for value, there in pairs)
    wrong = sum(not there and value >= threshold for value, there in pairs)
    return LabelCosts(name, threshold, cost, len(pairs), sum(there for _, there in pairs), missed, wrong)


# Saying nothing -------------------------------------------------------------------------------------------------------


def sure_and_right(cases: Sequence[TagCase], thresholds: Mapping[str, float]) -> list[tuple[float, bool]]:
    """Of each item whose certainties are kept: how sure the model is that all its labels are right
    (`workbench.tasks.tag_decision.sure_of_all`), and whether they are, with these thresholds."""
    found = []
    for case in cases:
        if not case.scores:
            continue
        sure, given = 1.0, set()
        for name, value in case.scores.items():
            if value >= thresholds.get(name, 0.5):
                given.add(name)
                sure *= value
            else:
                sure *= 1 - value
        found.append((sure, given == case.truth))
    return found
