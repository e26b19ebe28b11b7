"""Would more examples help? Quick heads on growing shares of the training part, judged on the same test items.

The features of the frozen part are kept (`workbench.engine.features`), so this takes seconds. Through the errors goes a
power law, error = a · n^-b, as learning curves follow (Hestness et al. 2017; Cortes et al. 1993).
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from workbench.app_paths import app_paths
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import Item, ItemFilter, Split
from workbench.engine.apart import give_splits
from workbench.engine.features import FeatureCache, compute_features
from workbench.engine.head import HeadStep, fit_path
from workbench.engine.pool import shared_pool
from workbench.engine.run import examples_of
from workbench.errors import UserError
from workbench.tasks.base import PooledTask
from workbench.tasks.lesson import Example
from workbench.tasks.registry import get_trainable
from workbench.trust.metrics import wilson

if TYPE_CHECKING:
    import torch

SHARES = (0.125, 0.25, 0.5, 1.0)
_DRAWS = 5
# Fewer could hardly hold two of each class and be told apart.
_LEAST_TEST, _LEAST_TRAIN = 10, 16
# Gains below one in a hundred are not worth labelling twice as much for.
_WORTH = 0.01
_GOOD = 0.03
# Strengths of the head, thinned out: a curve needs no finer choice.
_STRENGTHS = (30.0, 3.0, 0.3, 0.03, 3e-3, 3e-4)


@dataclass(frozen=True)
class Point:
    """So many examples learnt from.

    Attributes:
        n: number of examples; `scores`: share of test items named rightly, one for each draw of that many.
        low, high: where such a draw lies 19 times of 20 (Student's t over the draws); of a single draw, its test's interval.
    """

    n: int
    scores: tuple[float, ...]
    low: float
    high: float

    @property
    def mean(self) -> float:
        return sum(self.scores) / len(self.scores)


@dataclass(frozen=True)
class LearningCurve:
    """See the module.

    Attributes:
        points: from few to all.
        train_score: of the head on all examples, on those examples themselves.
        slope: b of the power law with `slope_low`..`slope_high`, its 95 % interval over the draws.
        metric: what the scores are.
        test: number of test items.
    """

    points: tuple[Point, ...]
    train_score: float
    slope: float
    slope_low: float
    slope_high: float
    test: int
    nouns: str
    metric: str = "accuracy"

    def expected(self, n: int) -> float:
        """The score with `n` examples, as the power law goes on from the whole."""
        last = self.points[-1]
        return 1 - (1 - last.mean) * math.pow(n / last.n, -max(0.0, self.slope))

    def verdict(self) -> str:
        """ "data", "model", "both" or "neither": what would help."""
        error = 1 - self.points[-1].mean
        if error <= _GOOD:
            return "neither"
        helps = self.slope_low > 0 and self.expected(2 * self.points[-1].n) - self.points[-1].mean >= _WORTH
        # A head that is wrong on its own examples is too simple for them.
        simple = 1 - self.train_score > max(_GOOD, error / 2)
        return "both" if helps and simple else "data" if helps else "model" if simple else "unclear"

    def sentence(self) -> str:
        """One honest answer to: would more data help, or a bigger model, or neither?"""
        last, first = self.points[-1], self.points[0]
        was = f"With {first.n} {self.nouns} it reaches {first.mean:.0%}, with {last.n} {last.mean:.0%} ({self.metric})."
        low, high = wilson(round(last.mean * self.test), self.test)
        more = f"twice as many examples would bring it to about {self.expected(2 * last.n):.0%}"
        words = {
            "neither": "It is about as good as can be measured here: neither more examples nor a bigger model would show.",
            "data": f"More examples would help: if it goes on like this, {more}.",
            "model": "More examples of the same kind would hardly help; it is not even right on those it learnt from, so"
            " Balanced, or a bigger model, is the next thing to try.",
            "both": f"More examples would help: if it goes on like this, {more}. So would Balanced or a bigger model: it is"
            " not even right on those it learnt from.",
            "unclear": "More examples of the same kind would probably not help much, and it knows those it learnt from:"
            " check the labels, add examples unlike those there are, or try another model.",
        }
        text = f"{was} {words[self.verdict()]}"
        if high - low > 0.2:
            text += f" Only {self.test} {self.nouns} were tested on, so this is a rough guess."
        return text

    def to_json(self) -> dict[str, Any]:
        return {
            "points": [asdict(p) | {"mean": p.mean} for p in self.points], "train_score": self.train_score,
            "slope": self.slope, "slope_low": self.slope_low, "slope_high": self.slope_high, "metric": self.metric,
            "test_items": self.test, "verdict": self.verdict(), "sentence": self.sentence(),
        }  # fmt: skip


def learning_curve(
    project: Project,
    model_id: str,
    catalog: Catalog,
    control: Control | None = None,
    seed: int = 0,
    draws: int = _DRAWS,
) -> LearningCurve:
    """Learn from growing shares of the project's training part; nothing is kept but features.

    Args:
        model_id: the model that is taught; its weights must be there.

    Raises:
        UserError: when there is too little to learn from or to test on, or the model cannot be taught this way.
        Cancelled: when asked to stop.
    """
    from workbench.hub.store import files

    control = control or Control()
    task = get_trainable(project.task_id)
    card = catalog.get(model_id)
    if not isinstance(task, PooledTask) or project.task_id not in card.trainable_for:
        raise UserError("This is only there for models that sort into classes or give labels.", "Choose another one.")
    task.check(project)
    files(card, app_paths())
    give_splits(project, control)
    counts = project.tag_counts() or project.counts().per_class
    classes = [c.name for c in project.classes() if counts.get(c.id)]
    ids = {c.id for c in project.classes() if c.name in classes}
    items: dict[Split, list[Item]] = {}
    for split in Split:
        found = project.items(project.item_ids(ItemFilter(labelled=True, split=split, problems=False)))
        items[split] = [i for i in found if i.marked or i.class_id in ids]
    nouns = task.info.nouns
    with shared_pool().use_network(card, "auto", control) as model:
        cache = FeatureCache(app_paths().cache / "features")
        seen = compute_features([i for s in Split for i in items[s]], model, task, control, cache)
    row = {item_id: at for at, item_id in enumerate(seen.ids)}
    examples = {s: examples_of(project, [i for i in items[s] if i.id in row], classes) for s in Split}
    if len(examples[Split.TEST]) < _LEAST_TEST or len(examples[Split.TRAIN]) < _LEAST_TRAIN:
        raise UserError(
            f"There are too few {nouns} to see how learning goes on ({len(examples[Split.TRAIN])} to learn from,"
            f" {len(examples[Split.TEST])} to test on).",
            f"It takes at least {_LEAST_TRAIN} and {_LEAST_TEST}: label more.",
        )
    matrix = {s: seen.matrix[[row[e.item.id] for e in examples[s]]] for s in Split}
    return curve_of(task, examples, matrix, classes, control, seed, draws)


def curve_of(
    task: PooledTask,
    examples: dict[Split, list[Example]],
    matrix: dict[Split, torch.Tensor],
    classes: Sequence[str],
    control: Control | None = None,
    seed: int = 0,
    draws: int = _DRAWS,
) -> LearningCurve:
    """`learning_curve` of features that are there: float32 [N, F] for each split, in the order of its examples."""
    control = control or Control()
    targets = {s: task.targets(examples[s], len(classes)) for s in examples}
    train = examples[Split.TRAIN]
    by_draw: list[list[tuple[int, float]]] = []
    whole: tuple[float, float] | None = None
    for draw in range(draws):
        order = _shuffled(train, seed * 1009 + draw)
        line: list[tuple[int, float]] = []
        for at, share in enumerate(SHARES):
            control.check()
            control.progress(draw * len(SHARES) + at, draws * len(SHARES), "Learning from more and more examples")
            if share == 1.0:
                # All of them are the same ones in every draw.
                whole = whole or _learn(task, matrix, targets, list(range(len(train))), len(classes), control)
                line.append((len(train), whole[1]))
                continue
            taken = order[: max(2, round(share * len(train)))]
            if taken and len(taken) >= _LEAST_TRAIN // 2:
                line.append((len(taken), _learn(task, matrix, targets, taken, len(classes), control)[1]))
        by_draw.append(line)
    assert whole is not None
    n_test = len(examples[Split.TEST])
    points = []
    for at in range(len(by_draw[0])):
        n, scores = by_draw[0][at][0], tuple(line[at][1] for line in by_draw)
        if n == len(train):
            points.append(Point(n, scores[:1], *wilson(round(scores[0] * n_test), n_test)))
        else:
            points.append(_point(n, scores))
    # Half an item's error more, so that a perfect draw has a logarithm.
    slopes = [_slope([(n, 1 - score + 0.5 / n_test) for n, score in line]) for line in by_draw]
    slope = _point(0, tuple(slopes), bounded=False)
    return LearningCurve(
        tuple(points), whole[0], slope.mean, slope.low, slope.high, n_test, task.info.nouns, task.metric
    )


def _learn(
    task: PooledTask,
    matrix: dict[Split, torch.Tensor],
    targets: dict[Split, torch.Tensor],
    taken: list[int],
    classes: int,
    control: Control,
) -> tuple[float, float]:
    """The score on what is learnt from and on the test items of the head that is best on the validation items."""
    best: HeadStep | None = None
    for step in fit_path(
        matrix[Split.TRAIN][taken], targets[Split.TRAIN][taken], matrix[Split.VALIDATION], targets[Split.VALIDATION],
        classes, None, control, _STRENGTHS, task,
    ):  # fmt: skip
        if step.is_best or best is None:
            best = step
    assert best is not None
    said = matrix[Split.TEST] @ best.weight.T + best.bias
    return best.train_accuracy, task.score(said, targets[Split.TEST])


def _shuffled(train: Sequence[Example], seed: int) -> list[int]:
    """Places in an order drawn from `seed`, so that every beginning of it has the classes in about their shares."""
    rng = random.Random(seed)
    by_class: dict[int, list[int]] = {}
    for at, example in enumerate(train):
        main = example.target if example.target >= 0 else next((c for c in example.classes if c >= 0), -1)
        by_class.setdefault(main, []).append(at)
    placed: list[tuple[float, float, int]] = []
    for places in by_class.values():
        rng.shuffle(places)
        placed += [((k + rng.random()) / len(places), rng.random(), at) for k, at in enumerate(places)]
    return [at for _, _, at in sorted(placed)]


def _slope(line: Sequence[tuple[int, float]]) -> float:
    """b of error = a · n^-b, by least squares of the logarithms."""
    xs, ys = [math.log(n) for n, _ in line], [math.log(max(e, 1e-9)) for _, e in line]
    if len(xs) < 2:
        return 0.0
    mx, my = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - mx) ** 2 for x in xs)
    return -sum((x - mx) * (y - my) for x, y in zip(xs, ys, strict=True)) / spread if spread else 0.0


# Student's t for 95 % and 1, 2, … degrees of freedom.
_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)


def _point(n: int, values: tuple[float, ...], bounded: bool = True) -> Point:
    mean = sum(values) / len(values)
    if len(values) < 2:
        return Point(n, values, 0.0 if bounded else -math.inf, 1.0 if bounded else math.inf)
    deviation = math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))
    half = _T[min(len(values) - 1, len(_T)) - 1] * deviation / (1 if bounded else math.sqrt(len(values)))
    low, high = mean - half, mean + half
    return Point(n, values, max(0.0, low), min(1.0, high)) if bounded else Point(n, values, low, high)
