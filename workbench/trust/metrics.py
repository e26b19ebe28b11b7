"""How good a classifier is, said with its uncertainty. No model needed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from workbench.data.types import ItemPrediction
from workbench.trust.auc import Auc, auc

# More scores (items times classes) are not ranked.
_MOST_SCORES = 2_000_000


@dataclass(frozen=True)
class ClassScore:
    """One class: precision, recall and F1 in 0..1 (0 where undefined), and its number of items; how well it is told from the
    others whatever the threshold, None where that cannot be said."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int
    auc: Auc | None = None


@dataclass(frozen=True)
class Evaluation:
    """What a classifier did on items whose answers are known.

    Attributes:
        classes: names in the order of the confusion matrix.
        n: number of items.
        accuracy: share of right answers, with `low`..`high` its 95 % interval (Wilson 1927).
        baseline: accuracy of always answering with the most common class.
        confusion: `confusion[t][p]` items of class t were called p.
        calibration_error: expected calibration error in 0..1 with 10 bins (Guo et al. 2017).
        mistakes: wrong answers, most confident first.
        predictions: all of them, in the order given.
    """

    classes: tuple[str, ...]
    n: int
    accuracy: float
    low: float
    high: float
    baseline: float
    baseline_class: str
    macro_f1: float
    per_class: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    calibration_error: float
    mistakes: tuple[ItemPrediction, ...]
    predictions: tuple[ItemPrediction, ...]
    split: str = "test"
    kind: ClassVar[str] = "classes"

    def per_item(self) -> dict[int, float]:
        """1 for a right answer, 0 for a wrong one."""
        return {p.item_id: float(p.true_class == p.predicted_class) for p in self.predictions}

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Class by class."""
        return ["class", "precision", "recall", "F1", "AUC", "items"], [
            [
                c.name, f"{c.precision:.1%}", f"{c.recall:.1%}", f"{c.f1:.1%}", c.auc.words() if c.auc is not None else "–",
                str(c.support),
            ]
            for c in self.per_class
        ]  # fmt: skip

    @property
    def auc(self) -> float | None:
        """Mean area under the ROC curve over the classes that can be told of; of two classes the area itself."""
        known = [c.auc.value for c in self.per_class if c.auc is not None]
        return sum(known) / len(known) if known else None

    def words(self) -> str:
        """One short sentence."""
        return (
            f"Right on {self.accuracy:.0%} of {self.n} examples it had not seen (expect {self.low:.0%} to {self.high:.0%});"
            f" guessing would give {self.baseline:.0%}."
        )

    def cell(self, true: str, predicted: str) -> list[int]:
        """Ids of the items of one class that were called another (or rightly the same)."""
        return [p.item_id for p in self.predictions if p.true_class == true and p.predicted_class == predicted]

    def sentence(self) -> str:
        """The result in plain words, honest about small tests."""
        if self.n == 0:
            return "There was nothing to test on."
        right = round(self.accuracy * self.n)
        unseen = "it had not seen" if self.split == "test" else "that steered the training, which flatters it"
        text = (
            f"Right on {right} of {self.n} items {unseen} ({self.accuracy:.0%}); on more such data expect between"
            f" {self.low:.0%} and {self.high:.0%}. Always guessing “{self.baseline_class}” would be right {self.baseline:.0%}"
            " of the time."
        )
        if self.low <= self.baseline:
            text += " This is not clearly better than guessing."
        if self.n < 30:
            text += f" Only {self.n} items were tested, so the true value may be quite different: add more examples."
        return text

    def headline(self) -> dict[str, Any]:
        """The numbers kept with a run and on a model's card; none where nothing was tested."""
        if self.n == 0:
            return {"split": self.split, "n": 0}
        return {
            "split": self.split,
            "n": self.n,
            "score": self.accuracy,
            "metric": "accuracy",
            "words": self.words(),
            "accuracy": self.accuracy,
            "low": self.low,
            "high": self.high,
            "baseline": self.baseline,
            "macro_f1": self.macro_f1,
            "calibration_error": self.calibration_error,
            **({"auc": self.auc} if self.auc is not None else {}),
        }

    def to_json(self) -> dict[str, Any]:
        return {
            **self.headline(),
            "classes": list(self.classes),
            "baseline_class": self.baseline_class,
            "per_class": [asdict(c) for c in self.per_class],
            "confusion": [list(row) for row in self.confusion],
            "sentence": self.sentence(),
        }


@dataclass(frozen=True)
class Comparison:
    """Two classifiers on the same items. `p_value` of McNemar's exact test (1947) on those only one got right."""

    n: int
    accuracy_a: float
    accuracy_b: float
    only_a: tuple[int, ...]
    only_b: tuple[int, ...]
    p_value: float

    def sentence(self, name_a: str = "The first", name_b: str = "the second") -> str:
        if self.n == 0:
            return "The two were not tested on the same items, so they cannot be compared."
        text = (
            f"On the same {self.n} items, {name_a} is right {self.accuracy_a:.0%} of the time and {name_b}"
            f" {self.accuracy_b:.0%}."
        )
        if self.p_value < 0.05:
            better = name_a if len(self.only_a) > len(self.only_b) else name_b
            return f"{text} {better[:1].upper()}{better[1:]} is better; that is unlikely to be chance."
        return f"{text} The difference may well be chance."


def wilson(right: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927). (0, 1) when n is 0."""
    if n == 0:
        return 0.0, 1.0
    share = right / n
    denominator = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / denominator
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / denominator
    # The ends are exact where rounding would miss them by a hair.
    low = 0.0 if right == 0 else max(0.0, centre - half)
    high = 1.0 if right == n else min(1.0, centre + half)
    return low, high


def evaluation_from_predictions(
    classes: Sequence[str], predictions: Sequence[ItemPrediction], split: str = "test"
) -> Evaluation:
    """Count. True classes the model does not know are added to the list, so that they count as mistakes."""
    names = list(dict.fromkeys([*classes, *(p.true_class for p in predictions)]))
    place = {name: i for i, name in enumerate(names)}
    confusion = [[0] * len(names) for _ in names]
    for p in predictions:
        confusion[place[p.true_class]][place[p.predicted_class]] += 1
    n = len(predictions)
    right = sum(confusion[i][i] for i in range(len(names)))
    areas = _areas(names, predictions)
    per_class = [_class_score(name, i, confusion, areas[i]) for i, name in enumerate(names)]
    scored = [c for c in per_class if c.support]
    most = max(per_class, key=lambda c: c.support, default=ClassScore("", 0, 0, 0, 0))
    low, high = wilson(right, n)
    wrong = sorted(
        (p for p in predictions if p.true_class != p.predicted_class), key=lambda p: -max(p.scores, default=0)
    )
    return Evaluation(
        classes=tuple(names),
        n=n,
        accuracy=right / n if n else 0.0,
        low=low,
        high=high,
        baseline=most.support / n if n else 0.0,
        baseline_class=most.name,
        macro_f1=sum(c.f1 for c in scored) / len(scored) if scored else 0.0,
        per_class=tuple(per_class),
        confusion=tuple(tuple(row) for row in confusion),
        calibration_error=calibration_error(predictions),
        mistakes=tuple(wrong),
        predictions=tuple(predictions),
        split=split,
    )


def _areas(names: Sequence[str], predictions: Sequence[ItemPrediction]) -> list[Auc | None]:
    """For each class; none of them where working it out would hold up the judging of very many classes."""
    import numpy as np

    width = max((len(p.scores) for p in predictions), default=0)
    known = [p for p in predictions if len(p.scores) == width]
    if not width or len(known) * width > _MOST_SCORES:
        return [None] * len(names)
    scores = np.array([p.scores for p in known], np.float64)
    truths = np.array([p.true_class for p in known], object)
    return [auc(scores[:, at], truths == name) if at < width else None for at, name in enumerate(names)]


def _class_score(name: str, at: int, confusion: Sequence[Sequence[int]], area: Auc | None) -> ClassScore:
    hit = confusion[at][at]
    support = sum(confusion[at])
    called = sum(row[at] for row in confusion)
    precision = hit / called if called else 0.0
    recall = hit / support if support else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return ClassScore(name, precision, recall, f1, support, area)


def calibration_error(predictions: Sequence[ItemPrediction], bins: int = 10) -> float:
    """Expected calibration error in 0..1: how far the stated certainty is from the share of right answers."""
    counts, hits, certainties = [0] * bins, [0] * bins, [0.0] * bins
    for p in predictions:
        certainty = max(p.scores, default=0.0)
        at = min(bins - 1, int(certainty * bins))
        counts[at] += 1
        hits[at] += p.true_class == p.predicted_class
        certainties[at] += certainty
    total = sum(counts)
    return sum(abs(h - c) for h, c in zip(hits, certainties, strict=True)) / total if total else 0.0


def compare(a: Evaluation, b: Evaluation) -> Comparison:
    """McNemar's exact test on the items both judged."""
    first = {p.item_id: p.true_class == p.predicted_class for p in a.predictions}
    second = {p.item_id: p.true_class == p.predicted_class for p in b.predictions}
    shared = sorted(first.keys() & second.keys())
    only_a = tuple(i for i in shared if first[i] and not second[i])
    only_b = tuple(i for i in shared if second[i] and not first[i])
    n = len(shared)
    discordant = len(only_a) + len(only_b)
    fewer = min(len(only_a), len(only_b))
    tail = sum(math.comb(discordant, k) for k in range(fewer + 1)) / 2**discordant if discordant else 0.5
    return Comparison(
        n,
        sum(first[i] for i in shared) / n if n else 0.0,
        sum(second[i] for i in shared) / n if n else 0.0,
        only_a,
        only_b,
        min(1.0, 2 * tail),
    )
