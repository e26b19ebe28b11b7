"""Whether a classifier is as often right as it says, and what its answers cost. Plain Python; no model needed.

Everything that is chosen is chosen on validation items; what it leads to is counted on test items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from workbench.data.types import ItemPrediction
from workbench.tasks.decision import decided_class
from workbench.tasks.temperature import ENOUGH, tempered
from workbench.trust.metrics import calibration_error, wilson

_BINS = 10
# Fewer items with or without a class say too little to choose its threshold by.
ENOUGH_OF_A_CLASS = 5
_SPOKEN = 5


@dataclass(frozen=True)
class Bin:
    """Answers with a certainty in `low`..`high`.

    Attributes:
        count: how many; `right` of them were right.
        said: their mean certainty, 0..1.
    """

    low: float
    high: float
    count: int
    right: int
    said: float

    @property
    def share(self) -> float:
        """Of right answers."""
        return self.right / self.count if self.count else 0.0

    def interval(self) -> tuple[float, float]:
        """95 % interval of the share (Wilson 1927)."""
        return wilson(self.right, self.count)


@dataclass(frozen=True)
class Reliability:
    """How sure a model says it is against how often it is right (DeGroot & Fienberg 1983; Guo et al. 2017).

    Attributes:
        bins: ten of equal width; the empty ones too.
        error: expected calibration error, 0..1.
        brier: mean over items of the summed squared distance of the probabilities from the truth, 0..2 (Brier 1950).
    """

    n: int
    bins: tuple[Bin, ...]
    error: float
    brier: float

    def sentence(self) -> str:
        """About the fullest part of it."""
        bins = [b for b in self.bins if b.count >= _SPOKEN]
        if not bins:
            return "Too few answers were tested to say whether its percentages can be believed."
        fullest = max(bins, key=lambda b: b.count)
        low, high = fullest.interval()
        text = (
            f"When it says {fullest.said:.0%}, it is right {fullest.share:.0%} of the time ({fullest.count} answers; expect"
            f" {low:.0%} to {high:.0%} on more)."
        )
        outside = [b for b in bins if not b.interval()[0] <= b.said <= b.interval()[1]]
        if not outside:
            return f"{text} Nowhere does it differ by more than chance would."
        worst = max(outside, key=lambda b: abs(b.said - b.share))
        way = "surer than it should be" if worst.said > worst.share else "less sure than it could be"
        if worst is fullest:
            return f"{text} It is {way}."
        return f"{text} Where it says {worst.said:.0%}, it is right {worst.share:.0%} of the time: {way}."


def reliability(predictions: Sequence[ItemPrediction], classes: Sequence[str]) -> Reliability:
    """Of answers with a probability for each of `classes`, in this order."""
    counts, hits, sums = [0] * _BINS, [0] * _BINS, [0.0] * _BINS
    brier = 0.0
    for p in predictions:
        certainty = max(p.scores, default=0.0)
        at = min(_BINS - 1, int(certainty * _BINS))
        counts[at] += 1
        hits[at] += p.true_class == p.predicted_class
        sums[at] += certainty
        known = p.true_class in classes
        brier += sum((v - (name == p.true_class)) ** 2 for name, v in zip(classes, p.scores, strict=True)) + (not known)
    n = len(predictions)
    bins = tuple(
        Bin(i / _BINS, (i + 1) / _BINS, counts[i], hits[i], sums[i] / counts[i] if counts[i] else (i + 0.5) / _BINS)
        for i in range(_BINS)
    )
    return Reliability(n, bins, calibration_error(predictions, _BINS), brier / n if n else 0.0)


def without_temperature(predictions: Sequence[ItemPrediction], temperature: float) -> list[ItemPrediction]:
    """The same answers as they were before a temperature was applied."""
    return [
        ItemPrediction(
            p.item_id, p.split, p.true_class, p.predicted_class, tempered(p.scores, 1 / temperature), p.record
        )
        for p in predictions
    ]


@dataclass(frozen=True)
class Certainty:
    """How sure a model says it is, before and after it was set right, on items that had no part in that.

    Attributes:
        temperature: 1 when nothing was changed.
        steering: number of validation items there were for it.
    """

    temperature: float
    steering: int
    before: Reliability
    after: Reliability

    def sentence(self) -> str:
        return f"{self.after.sentence()} {self.change()}"

    def change(self) -> str:
        """What was done about its percentages, and whether it helped, honestly."""
        if self.temperature == 1.0:
            if self.steering < ENOUGH:
                return (
                    f"Its percentages are as they came: only {self.steering} items were kept aside for steering, and setting"
                    f" them right takes at least {ENOUGH}."
                )
            return (
                f"Its percentages are as they came: on the {self.steering} items kept aside for steering nothing made them"
                " more truthful."
            )
        how = "less sure" if self.temperature > 1 else "surer"
        text = (
            f"On {self.steering} items kept aside for steering it was made {how} (temperature {self.temperature:.2f}); no"
            " answer changes by that."
        )
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
            "temperature": self.temperature, "steering_items": self.steering, "n": self.after.n,
            "calibration_error_before": self.before.error, "calibration_error": self.after.error,
            "brier_before": self.before.brier, "brier": self.after.brier, "bins": [asdict(b) for b in self.after.bins],
            "sentence": self.sentence(),
        }  # fmt: skip


def certainty(test: Sequence[ItemPrediction], classes: Sequence[str], temperature: float, steering: int) -> Certainty:
    """Of answers to test items as they were kept, with their temperature applied."""
    plain = test if temperature == 1.0 else without_temperature(test, temperature)
    return Certainty(temperature, steering, reliability(plain, classes), reliability(test, classes))


# What errors cost -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Consequences:
    """One class against the rest with a threshold.

    Attributes:
        there: items that are of the class, of all `n`.
        missed: of these, how many were called something else; false_alarms: others that were called so.
    """

    name: str
    threshold: float
    cost: float
    n: int
    there: int
    missed: int
    false_alarms: int

    @property
    def total(self) -> float:
        """The cost, in false alarms."""
        return self.missed * self.cost + self.false_alarms

    def sentence(self) -> str:
        if not self.n:
            return "There was nothing to test on."
        low, high = wilson(self.missed, self.there)
        share = f" (of all such items expect {low:.0%} to {high:.0%} missed)" if self.there else ""
        return (
            f"Of {self.n} test items it misses {self.missed} of {self.there} “{self.name}”{share} and gives"
            f" {_alarms(self.false_alarms)}; of 100 items that is {self.missed / self.n * 100:.1f} missed and"
            f" {self.false_alarms / self.n * 100:.1f} false alarms."
        )

    def beside(self, usual: Consequences) -> str:
        """This one against answering with the likeliest class, on the same items, honestly."""
        text = f"With the likeliest class as the answer: {usual.missed} missed, {_alarms(usual.false_alarms)}."
        return f"{text} {paid(self.total, usual.total, 'false alarms')}" if self.n else text

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"total": self.total, "sentence": self.sentence()}


def paid(total: float, usual: float, unit: str) -> str:
    """What a decision costs against what is usual, counted in `unit`, honestly."""
    text = f"Counted in {unit}, that costs {usual:g}; this costs {total:g}"
    if total > usual:
        return f"{text}, so on the test items it did not pay off."
    return f"{text}, just as much." if total == usual else f"{text}."


def _alarms(count: int) -> str:
    return "1 false alarm" if count == 1 else f"{count} false alarms"


def consequences(
    predictions: Sequence[ItemPrediction], classes: Sequence[str], name: str, threshold: float | None, cost: float
) -> Consequences:
    """What a threshold leads to on these items; with None the likeliest class is the answer."""
    place = list(classes).index(name)
    there = missed = alarms = 0
    for p in predictions:
        called = max(range(len(p.scores)), key=lambda c, row=p.scores: row[c])  # type: ignore[misc]
        if threshold is not None:
            called = decided_class(p.scores, place, threshold)
        is_so = p.true_class == name
        there += is_so
        missed += is_so and called != place
        alarms += not is_so and called == place
    return Consequences(name, -1.0 if threshold is None else threshold, cost, len(predictions), there, missed, alarms)


def cheapest_threshold(
    validation: Sequence[ItemPrediction], classes: Sequence[str], name: str, cost: float
) -> float | None:
    """The threshold of one class with the smallest cost on these items.

    Between two neighbouring probabilities every threshold is the same here; the nearest to 1 / (1 + cost) is taken, which
    is the best there is where the probabilities are true (Elkan 2001).

    Returns:
        None with fewer than five items of the class or of the others: then it would be luck.
    """
    place = list(classes).index(name)
    return cheapest([(p.scores[place], p.true_class == name) for p in validation], cost)


def cheapest(answers: Sequence[tuple[float, bool]], cost: float) -> float | None:
    """As `cheapest_threshold`, by probabilities and whether it is so."""
    pairs = sorted(answers, reverse=True)
    total = sum(is_so for _, is_so in pairs)
    if min(total, len(pairs) - total) < ENOUGH_OF_A_CLASS:
        return None
    ideal = 1 / (1 + cost)
    best, chosen = float("inf"), ideal
    missed, alarms = total, 0
    above = 1.0
    for at in range(len(pairs) + 1):
        below = pairs[at][0] if at < len(pairs) else 0.0
        if at == 0 or pairs[at - 1][0] != below:
            # A threshold within (below, above] has exactly the first `at` items called so.
            here = min(above, max(below + 0.1 * (above - below), ideal))
            price = missed * cost + alarms
            if price < best - 1e-9 or (abs(price - best) <= 1e-9 and abs(here - ideal) < abs(chosen - ideal)):
                best, chosen = price, here
        if at < len(pairs):
            missed -= pairs[at][1]
            alarms += not pairs[at][1]
            above = pairs[at][0]
    return min(0.999, max(0.001, chosen))


# Saying nothing -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answering:
    """What saying nothing below a certainty leads to: `answered` of `n` items, `right` of these."""

    sure_from: float
    n: int
    answered: int
    right: int

    @property
    def share_answered(self) -> float:
        return self.answered / self.n if self.n else 0.0

    @property
    def share_right(self) -> float:
        return self.right / self.answered if self.answered else 0.0

    def sentence(self) -> str:
        if not self.n:
            return "There was nothing to test on."
        low, high = wilson(self.right, self.answered)
        if not self.answered:
            return f"On {self.n} test items it would say nothing at all."
        return (
            f"On {self.n} test items it answers {self.answered} ({self.share_answered:.0%}) and is right on"
            f" {self.share_right:.0%} of those (expect {low:.0%} to {high:.0%}); it leaves {self.n - self.answered} to you."
        )


def answering(predictions: Sequence[ItemPrediction], sure_from: float) -> Answering:
    """What this limit leads to on these items."""
    return answering_of(_sure_and_right(predictions), sure_from)


def answering_of(answers: Sequence[tuple[float, bool]], sure_from: float) -> Answering:
    """As `answering`, by how sure it is of each item and whether it is right."""
    answered = [is_right for value, is_right in answers if value >= sure_from]
    return Answering(sure_from, len(answers), len(answered), sum(answered))


def answering_curve(predictions: Sequence[ItemPrediction]) -> list[Answering]:
    """Share answered against share right for every limit that makes a difference, from answering all to the surest
    (risk-coverage curve, El-Yaniv & Wiener 2010)."""
    return answering_curve_of(_sure_and_right(predictions))


def answering_curve_of(answers: Sequence[tuple[float, bool]]) -> list[Answering]:
    """As `answering_curve`, by how sure it is of each item and whether it is right."""
    ordered = sorted(answers, reverse=True)
    found, right = [], 0
    for at, (value, is_right) in enumerate(ordered):
        right += is_right
        if at + 1 == len(ordered) or ordered[at + 1][0] != value:
            found.append(Answering(value, len(ordered), at + 1, right))
    return found[::-1]


def limit_for(validation: Sequence[ItemPrediction], wanted: float) -> float | None:
    """The lowest certainty from which on this share of the answers is right on these items; None when there is none."""
    return limit_on(answering_curve(validation), wanted)


def limit_on(curve: Sequence[Answering], wanted: float) -> float | None:
    """As `limit_for`, on a curve from answering all to the surest."""
    return next((point.sure_from for point in curve if point.share_right >= wanted), None)


def _sure_and_right(predictions: Sequence[ItemPrediction]) -> list[tuple[float, bool]]:
    return [(max(p.scores, default=0.0), p.true_class == p.predicted_class) for p in predictions]
