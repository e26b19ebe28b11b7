"""Judging answers whatever they are: each kind (`TaskInfo.judge`) has a module `workbench.trust.judge_KIND`.

Such a module has `judge(classes, answers, split) -> Judgement`, and may have `compare(a, b) -> Compared` where a test of
its own is better than the general one, `gather(project, said) -> [Answered]` where it is not items that are judged, and `rates_by_group(judgement, values, groups)` where rates matter (`trust.groups`).
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Protocol

from workbench.data.annotations import Annotation
from workbench.data.types import Item, ItemPrediction
from workbench.errors import UserError

_FLIPS = 10_000


@dataclass(frozen=True)
class Answered:
    """One item, the truth about it as it stands now, and what a model said of it.

    Attributes:
        said: the kept prediction; its `true_class` is the label of now.
        annotations: the item's annotations of now, without proposals.
        names: class name of each annotation; "" for one without a class.
    """

    item: Item
    said: ItemPrediction
    annotations: tuple[Annotation, ...] = ()
    names: tuple[str, ...] = ()


class Judgement(Protocol):
    """How good a model is on items whose answers are known.

    Attributes:
        kind: names the judge's module and the window's view.
        n: number of items judged; `split`: which they are.
        whom: (may be left out: "items") what was judged, in the plural.
        score_words: (may be left out: the metric's name) what the score as a percentage says in plain words.
        table_title: (may be left out: "Class by class") what its table is called.
        tells_items: (may be left out: False) its table shows words of the items themselves.
    """

    @property
    def kind(self) -> str: ...

    @property
    def n(self) -> int: ...

    @property
    def split(self) -> str: ...

    def sentence(self) -> str:
        """The result in plain words, honest about small tests."""

    def headline(self) -> dict[str, Any]:
        """The numbers kept with a run and on a model's card: "split", "n", and where n > 0 also "score" in 0..1 (higher
        is better), "metric" (what the score is called), "low" and "high" (its 95 % interval), "words" (one short
        sentence), and what else this kind has."""

    def to_json(self) -> dict[str, Any]:
        """Everything, for other programs."""

    def per_item(self) -> Mapping[int, float]:
        """Item id to how right it was in 0..1, for comparing two models on the same items and for showing the worst."""

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Headings and rows, class by class, for a terminal and the report."""


class Compared(Protocol):
    """Two models on the same items. `only_a` and `only_b`: ids of items that one got clearly better than the other."""

    @property
    def only_a(self) -> tuple[int, ...]: ...

    @property
    def only_b(self) -> tuple[int, ...]: ...

    def sentence(self, name_a: str = "The first", name_b: str = "the second") -> str: ...


@dataclass(frozen=True)
class Paired:
    """`p_value` of a paired sign-flip permutation test on the items' scores (Fisher 1935)."""

    n: int
    metric: str
    mean_a: float
    mean_b: float
    only_a: tuple[int, ...]
    only_b: tuple[int, ...]
    p_value: float

    def sentence(self, name_a: str = "The first", name_b: str = "the second") -> str:
        if self.n == 0:
            return "The two were not tested on the same items, so they cannot be compared."
        text = (
            f"On the same {self.n} items, {name_a} reaches {self.mean_a:.0%} on average and {name_b} {self.mean_b:.0%}"
            f" ({self.metric}, item by item)."
        )
        if self.p_value < 0.05:
            better = name_a if self.mean_a > self.mean_b else name_b
            return f"{text} {better[:1].upper()}{better[1:]} is better; that is unlikely to be chance."
        return f"{text} The difference may well be chance."


def judge_of(kind: str) -> ModuleType:
    """The module of a kind. Raises: UserError when this app has none."""
    name = f"workbench.trust.judge_{kind}"
    if not kind.isidentifier() or find_spec(name) is None:
        raise UserError("Models of this kind cannot be judged here.", "Choose another model.")
    return import_module(name)


def parts_within(kind: str) -> bool:
    """Whether what is kept of an item speaks of its own parts (`PARTS_WITHIN` of the module), and the judge chooses by them."""
    return bool(getattr(judge_of(kind), "PARTS_WITHIN", False))


def judge(kind: str, classes: Sequence[str], answers: Sequence[Answered], split: str = "test") -> Judgement:
    """Raises: UserError when this app cannot judge this kind."""
    found: Judgement = judge_of(kind).judge(classes, answers, split)
    return found


def compare(a: Judgement, b: Judgement) -> Compared:
    """Raises: UserError when they are of different kinds."""
    if a.kind != b.kind:
        raise UserError("Models for different tasks cannot be compared.", "Choose another one.")
    own = getattr(judge_of(a.kind), "compare", None)
    if own is not None:
        found: Compared = own(a, b)
        return found
    return paired(a.per_item(), b.per_item(), str(a.headline().get("metric", "score")))


def paired(first: Mapping[int, float], second: Mapping[int, float], metric: str) -> Paired:
    """Compare scores in 0..1 of the items both have. Exact for up to 13 differing items, else 10,000 random flips."""
    shared = sorted(first.keys() & second.keys())
    n = len(shared)
    differences = [first[i] - second[i] for i in shared]
    moving = [d for d in differences if d]
    observed = abs(sum(moving))
    if not moving:
        p_value = 1.0
    elif len(moving) <= 13:
        sums = [0.0]
        for d in moving:
            sums = [s + v for s in sums for v in (d, -d)]
        p_value = sum(abs(s) >= observed - 1e-12 for s in sums) / len(sums)
    else:
        rng = random.Random(0)
        hits = sum(
            abs(math.fsum(d if rng.random() < 0.5 else -d for d in moving)) >= observed - 1e-12 for _ in range(_FLIPS)
        )
        p_value = (hits + 1) / (_FLIPS + 1)
    return Paired(
        n,
        metric,
        sum(first[i] for i in shared) / n if n else 0.0,
        sum(second[i] for i in shared) / n if n else 0.0,
        tuple(i for i, d in zip(shared, differences, strict=True) if d >= 0.5),
        tuple(i for i, d in zip(shared, differences, strict=True) if d <= -0.5),
        p_value,
    )


def bootstrap(
    scores: Sequence[Any], statistic: Any, rounds: int = 1000, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """Percentile interval of `statistic(list of entries)` over items drawn with replacement (Efron 1979).

    Args:
        scores: one entry per item, whatever `statistic` takes a list of.

    Returns:
        (low, high); (0, 1) when there is nothing.
    """
    if not scores:
        return 0.0, 1.0
    rng = random.Random(seed)
    found = sorted(statistic(rng.choices(scores, k=len(scores))) for _ in range(rounds))
    at = round((1 - level) / 2 * (rounds - 1))
    return float(found[at]), float(found[-1 - at])
