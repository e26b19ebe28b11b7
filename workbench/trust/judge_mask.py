"""Judging models that colour areas: how far their areas and the true ones are the same.

For each class, points are counted: right ones, true ones, said ones. The overlap (intersection over union, Jaccard 1901)
is right / (true + said - right); the Dice coefficient (1945) is 2 right / (true + said). Both are taken over all points of
all pictures together, as in Everingham et al. 2010 ("The Pascal VOC Challenge"); the score is the mean overlap of the
person's own classes. The rest of the picture ("nothing") is told in the table and not in the score: where things are small
it is nearly always right and would flatter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from workbench.errors import UserError
from workbench.tasks.masks import IGNORED, MOST_CLASSES, numbers_of, resized, truth_map, values_of
from workbench.tasks.pictures import as_png
from workbench.tasks.predictions import Mask, from_record
from workbench.trust.judging import Answered, bootstrap

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Counts = npt.NDArray[np.int64]

NOTHING = "nothing"
# Values of a difference map: right, missed, coloured wrongly; 0 where neither has anything or the truth is to be ignored.
RIGHT, MISSED, WRONG = 1, 2, 3
_FEW = 30
_SEED = 0


@dataclass(frozen=True)
class AreaScore:
    """One class.

    Attributes:
        iou, dice: overlap and Dice coefficient in 0..1; None where the class is neither there nor said.
        precision: of the points called so, the share that are; recall: of the points that are so, the share found.
        share_true, share_said: of all judged points in 0..1.
        points_true, points_said: the same in square pixels.
        pictures: number of pictures it is in.
    """

    name: str
    iou: float | None
    dice: float | None
    precision: float | None
    recall: float | None
    share_true: float
    share_said: float
    points_true: int
    points_said: int
    pictures: int


@dataclass(frozen=True)
class AreaEvaluation:
    """What a model that colours areas did on pictures whose areas are known.

    Attributes:
        classes: the person's own, without "nothing".
        n: number of pictures.
        mean_iou: the score, 0..1, with `low`..`high` its 95 % interval (bootstrap over pictures).
        mean_iou_all: the same with "nothing" as one more class, as other programs count.
        mean_dice: mean of the classes' Dice coefficients.
        point_accuracy: share of the judged points that are right.
        baseline: what calling every point the one class that serves best would reach; `baseline_class` says which.
        per_class: "nothing" first, then `classes`.
        confusion: `confusion[t][p]`: points of class t that were called p, "nothing" first.
        scores: item id to its own mean overlap of the classes that are there or said; 1 where neither is any.
        answers: all of them by item id.
    """

    classes: tuple[str, ...]
    n: int
    mean_iou: float
    low: float
    high: float
    mean_iou_all: float
    mean_dice: float
    point_accuracy: float
    baseline: float
    baseline_class: str
    per_class: tuple[AreaScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    scores: Mapping[int, float]
    answers: Mapping[int, Answered] = field(default_factory=dict, repr=False)
    split: str = "test"
    kind: ClassVar[str] = "mask"

    def per_item(self) -> Mapping[int, float]:
        return self.scores

    def worst(self) -> list[int]:
        """Item ids, the least right first."""
        return sorted(self.scores, key=lambda i: (self.scores[i], i))

    def table(self) -> tuple[list[str], list[list[str]]]:
        return ["class", "overlap (IoU)", "Dice", "precision", "recall", "true area", "found area", "pictures"], [
            [c.name, _percent(c.iou), _percent(c.dice), _percent(c.precision), _percent(c.recall),
             f"{c.share_true:.1%}", f"{c.share_said:.1%}", str(c.pictures)]
            for c in self.per_class
        ]  # fmt: skip

    def words(self) -> str:
        """One short sentence."""
        return (
            f"Its areas and the true ones overlap by {self.mean_iou:.0%} (mean IoU) on {self.n} pictures it had not seen; expect"
            f" {self.low:.0%} to {self.high:.0%}."
        )

    def sentence(self) -> str:
        """The result in plain words, honest about small tests."""
        if self.n == 0:
            return "There was nothing to test on."
        own = [c for c in self.per_class[1:] if c.iou is not None]
        unseen = "it had not seen" if self.split == "test" else "that steered the training, which flatters it"
        if not own:
            return f"On {self.n} pictures {unseen} there was nothing to find, and it found nothing."
        found = [c for c in own if c.recall is not None]
        covers = sum(c.recall or 0.0 for c in found) / len(found) if found else 0.0
        whose = f"“{own[0].name}”" if len(own) == 1 else "your areas"
        text = (
            f"On {self.n} pictures {unseen} it covers {covers:.0%} of {whose}; counting also what it colours wrongly, the"
            f" overlap is {self.mean_iou:.0%} (on more such pictures expect {self.low:.0%} to {self.high:.0%}). {self.point_accuracy:.0%}"
            f" of all points are right. Calling every point “{self.baseline_class}” would overlap by {self.baseline:.0%}."
        )
        if len(own) > 1:
            best, least = max(own, key=lambda c: c.iou or 0.0), min(own, key=lambda c: c.iou or 0.0)
            if best.iou != least.iou:
                text += (
                    f" It is best at “{best.name}” ({_percent(best.iou, 0)}) and worst at “{least.name}”"
                    f" ({_percent(least.iou, 0)})."
                )
        if self.low <= self.baseline:
            text += " This is not clearly better than the simplest answer."
        if self.n < _FEW:
            text += f" Only {self.n} pictures were tested, so the true value may be quite different: add more examples."
        return text

    def headline(self) -> dict[str, Any]:
        """The numbers kept with a run and on a model's card; none where nothing was tested."""
        if self.n == 0:
            return {"split": self.split, "n": 0}
        return {
            "split": self.split,
            "n": self.n,
            "score": self.mean_iou,
            "metric": "mean overlap",
            "words": self.words(),
            "low": self.low,
            "high": self.high,
            "baseline": self.baseline,
            "baseline_words": f"all “{self.baseline_class}”",
            "mean_iou_all": self.mean_iou_all,
            "mean_dice": self.mean_dice,
            "point_accuracy": self.point_accuracy,
        }

    def to_json(self) -> dict[str, Any]:
        return {
            **self.headline(),
            "classes": list(self.classes),
            "baseline_class": self.baseline_class,
            "per_class": [asdict(c) for c in self.per_class],
            "confusion": [list(row) for row in self.confusion],
            "per_item": {str(i): round(v, 6) for i, v in self.scores.items()},
            "sentence": self.sentence(),
        }


def judge(classes: Sequence[str], answers: Sequence[Answered], split: str) -> AreaEvaluation:
    """See `workbench.trust.judging`. What is no mask is left out; a labelled class the model does not know counts as
    not found; areas to be ignored, or without a class, count neither way.

    Raises:
        UserError: for more classes than fit into a class map.
    """
    import numpy as np

    known = [name for a in answers for name, kept in zip(a.names, a.annotations, strict=True) if not kept.ignored]
    names = tuple(dict.fromkeys([*classes, *(n for n in known if n)]))
    if len(names) > MOST_CLASSES:
        raise UserError(f"There are more than {MOST_CLASSES} kinds of areas.", "Use fewer classes.")
    size = len(names) + 1
    confusion = np.zeros((size, size), np.int64)
    rows: list[Counts] = []
    kept_answers: dict[int, Answered] = {}
    for answer in answers:
        said = said_of(answer)
        if said is None:
            continue
        counted = confusion_of(*both(answer, said, names), size)
        confusion += counted
        rows.append(_summed(counted))
        kept_answers[answer.item.id] = answer
    pictures = np.stack(rows) if rows else np.zeros((0, 3, size), np.int64)
    total = pictures.sum(0)
    low, high = bootstrap(range(len(rows)), lambda drawn: _mean_iou(pictures[drawn].sum(0)), seed=_SEED)
    baseline, place = _simplest(total[1])
    ious, dices = _ious(total), _dices(total)
    return AreaEvaluation(
        classes=names,
        n=len(rows),
        mean_iou=_mean_iou(total),
        low=low,
        high=high,
        mean_iou_all=_mean(ious),
        mean_dice=_mean(dices[1:], 1.0),
        point_accuracy=float(total[0].sum() / max(1, total[1].sum())),
        baseline=baseline,
        baseline_class=(NOTHING, *names)[place],
        per_class=tuple(
            _score(name, i, total, pictures, ious, dices) for i, name in enumerate((NOTHING, *names))
        ),
        confusion=tuple(tuple(int(v) for v in row) for row in confusion),
        scores={item_id: _mean_iou(row) for item_id, row in zip(kept_answers, rows, strict=True)},
        answers=kept_answers,
        split=split,
    )  # fmt: skip


def said_of(answer: Answered) -> Mask | None:
    """What a model said of a picture; None when it is no mask."""
    if answer.said.record is None:
        return None
    prediction = from_record(answer.said.record)
    return prediction if isinstance(prediction, Mask) else None


def both(answer: Answered, said: Mask, names: Sequence[str]) -> tuple[Any, Any]:
    """Truth and answer as class maps [H, W] of the answer's size, numbered by `names` from 1; what the model calls
    something else counts as nothing."""
    import numpy as np

    truth = truth_map(answer.annotations, numbers_of(answer.names, names), said.width, said.height)
    table = np.zeros(256, np.uint8)
    for value, number in enumerate(numbers_of(said.labels, names)):
        table[value] = 0 if value == said.background else number
    return truth, table[resized(values_of(said), said.width, said.height)]


def difference_of(truth: Any, said: Any) -> Any:
    """Where two class maps agree on one of the classes, where one was missed, and where something else was said."""
    import numpy as np

    judged = truth != IGNORED
    found = np.zeros(truth.shape, np.uint8)
    found[judged & (truth == said) & (truth > 0)] = RIGHT
    found[judged & (truth != said) & (said == 0)] = MISSED
    found[judged & (truth != said) & (said > 0)] = WRONG
    return found


@dataclass(frozen=True)
class Compared:
    """One picture for the eye: class maps (8-bit PNG, values as in `AreaEvaluation.classes` from 1) of what is true and what
    was said, and their difference."""

    truth: bytes
    said: bytes
    difference: bytes


def compared(answer: Answered, classes: Sequence[str], side: int = 256) -> Compared | None:
    """An answer beside its truth, at most `side` points wide; None when it is no mask."""
    said = said_of(answer)
    if said is None:
        return None
    scale = min(1.0, side / max(said.width, said.height))
    size = max(1, round(said.width * scale)), max(1, round(said.height * scale))
    truth, found = (resized(values, *size) for values in both(answer, said, classes))
    return Compared(as_png(truth), as_png(found), as_png(difference_of(truth, found)))


def confusion_of(truth: Any, said: Any, size: int) -> Counts:
    """Two class maps as points int64 [size, size]: rows true, columns said; ignored points count nowhere."""
    import numpy as np

    judged = truth != IGNORED
    places = truth[judged].astype(np.int64) * size + said[judged]
    return np.bincount(places, minlength=size * size).reshape(size, size)


def _summed(confusion: Counts) -> Counts:
    """Right, true and said points: int64 [3, classes]."""
    import numpy as np

    return np.stack([confusion.diagonal(), confusion.sum(1), confusion.sum(0)])


def _ious(counts: Counts) -> Any:
    """Overlap of each class, float64; NaN where it is neither there nor said."""
    import numpy as np

    union = counts[1] + counts[2] - counts[0]
    return np.where(union > 0, counts[0] / np.maximum(union, 1), np.nan)


def _dices(counts: Counts) -> Any:
    import numpy as np

    both_sizes = counts[1] + counts[2]
    return np.where(both_sizes > 0, 2 * counts[0] / np.maximum(both_sizes, 1), np.nan)


def _mean(values: Any, empty: float = 0.0) -> float:
    """Of the defined ones."""
    import numpy as np

    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else empty


def _mean_iou(counts: Counts) -> float:
    """Over the person's own classes; 1 where there is none of them and none was said."""
    return _mean(_ious(counts)[1:], 1.0)


def _simplest(true_points: Counts) -> tuple[float, int]:
    """The best mean overlap that calling every point the same can reach, and with which class."""
    present = [i for i in range(1, len(true_points)) if true_points[i] > 0]
    if not present:
        return 1.0, 0
    best = max(present, key=lambda i: int(true_points[i]))
    return float(true_points[best] / true_points.sum()) / len(present), best


def _score(name: str, at: int, total: Counts, pictures: Counts, ious: Any, dices: Any) -> AreaScore:
    import numpy as np

    right, true, said = (int(v) for v in total[:, at])
    points = max(1, int(total[1].sum()))
    there = None if np.isnan(ious[at]) else float(ious[at])
    return AreaScore(
        name, there, None if there is None else float(dices[at]), right / said if said else None,
        right / true if true else None, true / points, said / points, true, said, int((pictures[:, 1, at] > 0).sum()),
    )  # fmt: skip


def _percent(value: float | None, digits: int = 1) -> str:
    return "–" if value is None else f"{value:.{digits}%}"
