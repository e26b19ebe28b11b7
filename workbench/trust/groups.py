"""How good a model is on each group of items (device, place, age band …), and whether the groups really differ.

Every group is held against all other items that are in a group of the same property. Many comparisons at once find something by
chance alone, so their p-values are corrected together, over all properties (Holm 1979), and the intervals of the differences
are widened in the same spirit (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import NormalDist
from typing import Any

from workbench.control import Control
from workbench.trust.judging import Judgement, judge_of
from workbench.trust.metrics import wilson

# A group, or what it is held against, with fewer items than this is shown but not tested.
FEWEST = 10
# More values than this tell no groups apart.
MOST = 50
ALPHA = 0.05
_ROUNDS = 10_000
_BOOTSTRAP = 2_000
_AT = round(0.025 * (_BOOTSTRAP - 1))
# Large tests get fewer permutations: so many numbers are drawn at most, and so many permutations at least.
_DRAWN, _LEAST = 40_000_000, 2_000


@dataclass(frozen=True)
class GroupScore:
    """One group: the mean of its items' scores in 0..1 with its 95 % interval.

    Attributes:
        ids: its items, the least right first.
        wrong: those of them that are less than half right.
    """

    name: str
    n: int
    score: float
    low: float
    high: float
    ids: tuple[int, ...]
    wrong: tuple[int, ...]


@dataclass(frozen=True)
class Gap:
    """A group against all others of its property.

    Attributes:
        difference: the group's score less the others', with `low`..`high` its interval (95 % for all gaps together).
        p_value: of one comparison alone; `adjusted`: after Holm's correction for all of them.
        tested: False where there are too few items on either side; the p-values are 1 then.
    """

    group: str
    score: float
    others: float
    n: int
    n_others: int
    difference: float
    low: float
    high: float
    p_value: float
    adjusted: float
    tested: bool

    @property
    def real(self) -> bool:
        return self.tested and self.adjusted < ALPHA

    def words(self) -> str:
        """The difference in points with its interval, and whether it may be chance."""
        if not self.tested:
            return "too few to say"
        points = f"{self.difference * 100:+.0f} points ({self.low * 100:+.0f} to {self.high * 100:+.0f})"
        return f"{points}, {'unlikely to be chance' if self.real else 'may be chance'}"


@dataclass(frozen=True)
class Rates:
    """One class on each group, as shares in 0..1; None where there is nothing to take the share of.

    Attributes:
        missed: of the items that are this class, the share called something else (false negative rate).
        false_alarms: of the items that are not, the share called so (false positive rate).
        called: of all items, the share called so (selection rate).
        parity: demographic parity difference: the largest less the smallest `called`.
        odds: equalised odds difference (Hardt et al. 2016): the larger of the spreads of `missed` and `false_alarms`. Groups
            without a share are left out of the spread; None where fewer than two have one.
    """

    name: str
    missed: Mapping[str, float | None]
    false_alarms: Mapping[str, float | None]
    called: Mapping[str, float | None]
    parity: float | None
    odds: float | None


@dataclass(frozen=True)
class ByGroup:
    """A judgement by the groups of one property.

    Attributes:
        name: of the property.
        metric: what an item's score is; "accuracy" where it is right or wrong.
        without: judged items in no group of this property.
        gaps: one for each group (one in all where there are two groups, as the other is the same turned round).
        comparisons: number of gaps tested, of all properties together.
        rates: the classes' rates, where items have one class each.
        too_many: number of different values where they are too many to tell groups apart; nothing is tested then.
    """

    name: str
    metric: str
    groups: tuple[GroupScore, ...]
    without: int
    gaps: tuple[Gap, ...]
    comparisons: int = 0
    rates: tuple[Rates, ...] = ()
    too_many: int = 0

    @property
    def largest(self) -> Gap | None:
        """The gap to speak of: the largest that is unlikely to be chance, else the largest that could be tested."""
        tested = [g for g in self.gaps if g.tested]
        return max(tested, key=lambda g: (g.real, abs(g.difference)), default=None)

    def sentence(self) -> str:
        """What to make of it, in plain words, honest about small groups."""
        if self.too_many:
            return (
                f"“{self.name}” has {self.too_many:,} different values among these items; that is too many to hold"
                " groups against each other."
            )
        if len(self.groups) < 2:
            return f"All of these items are of one group of “{self.name}”, so there is nothing to compare."
        gap = self.largest
        if gap is None:
            return (
                f"The groups of “{self.name}” are too small to say anything: a group and the others need at least"
                f" {FEWEST} tested items each."
            )
        score = next(g for g in self.groups if g.name == gap.group)
        interval_words = f"{score.low:.0%} to {score.high:.0%}"
        if self.metric == "accuracy":
            said = f"it is right {gap.score:.0%} of the time ({interval_words})"
        else:
            said = f"it reaches {gap.score:.0%} ({self.metric}, item by item; {interval_words})"
        low, high = (gap.low, gap.high) if gap.difference >= 0 else (-gap.high, -gap.low)
        text = (
            f"On items with {self.name} “{gap.group}” {said}, on the others {gap.others:.0%}: a difference of"
            f" {abs(gap.difference) * 100:.0f} points ({low * 100:.0f} to {high * 100:.0f}), "
        )
        if gap.real:
            text += "unlikely to be chance."
        elif gap.high - gap.low > 0.2:
            text += "which may well be chance; with so few items a large one could be overlooked."
        else:
            text += "which may well be chance."
        small = [g.name for g in self.groups if g.n < FEWEST]
        if small:
            names = ", ".join(f"“{n}”" for n in small[:4]) + (" and others" if len(small) > 4 else "")
            text += f" Too few items to say: {names}."
        return text

    def note(self) -> str:
        """How it was counted, in one or two sentences."""
        test = "Fisher's exact test" if self.metric == "accuracy" else "a permutation test"
        many = (
            f" {self.comparisons} comparisons were made; they are corrected for each other (Holm)."
            if self.comparisons > 1
            else ""
        )
        without = f" {self.without} tested items are in no such group." if self.without else ""
        return f"Each group is held against all others by {test}.{many}{without}"

    def to_json(self) -> dict[str, Any]:
        """Everything, for other programs."""
        gap = self.largest
        return {
            "property": self.name,
            "metric": self.metric,
            "sentence": self.sentence(),
            "note": self.note(),
            "groups": [{k: v for k, v in asdict(g).items() if k != "ids"} for g in self.groups],
            "without": self.without,
            "gaps": [{**asdict(g), "unlikely_to_be_chance": g.real} for g in self.gaps],
            "largest": None if gap is None else gap.group,
            "comparisons": self.comparisons,
            "rates": [asdict(r) for r in self.rates],
        }

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Headings and rows, group by group, for a terminal and the report."""
        gaps = {g.group: g for g in self.gaps}
        rows = []
        for g in self.groups:
            gap = gaps.get(g.name)
            said = "" if gap is None else gap.words()
            rows.append([g.name, f"{g.score:.1%}", f"{g.low:.1%} to {g.high:.1%}", str(g.n), said])
        return [
            self.name,
            "right" if self.metric == "accuracy" else self.metric,
            "95 %",
            "items",
            "against the others",
        ], rows

    def rates_table(self) -> tuple[list[str], list[list[str]]]:
        """Headings and rows, class by class and group by group; no rows where there are no rates."""
        rows = [
            [r.name, g.name, _share(r.missed[g.name]), _share(r.false_alarms[g.name]), _share(r.called[g.name])]
            for r in self.rates
            for g in self.groups
        ]
        return ["class", self.name, "missed", "false alarms", "called so"], rows


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def by_groups(
    judgement: Judgement, members: Mapping[str, Mapping[int, str]], control: Control | None = None
) -> tuple[ByGroup, ...]:
    """Judge by every property, the p-values corrected over all of them.

    Args:
        members: property to item id to value.

    Raises:
        Cancelled: when asked to stop.
    """
    control = control or Control()
    scores = judgement.per_item()
    if not scores:
        return ()
    binary = all(s in (0.0, 1.0) for s in scores.values())
    metric = str(judgement.headline().get("metric", "score"))
    wanted = {
        name: here for name, values in members.items() if (here := {i: v for i, v in values.items() if i in scores})
    }
    pairs = {name: _tested_groups(scores, here) for name, here in wanted.items()}
    level = 1 - ALPHA / max(1, sum(len(p) for p in pairs.values()))
    found = [
        _by_group(judgement, name, here, pairs[name], scores, binary, metric, level, control)
        for name, here in wanted.items()
    ]
    return _corrected(found)


def _tested_groups(scores: Mapping[int, float], values: Mapping[int, str]) -> list[str]:
    """Groups that are compared with the others: with enough items on both sides; of two groups one."""
    sizes = _sizes(values)
    if not 2 <= len(sizes) <= MOST:
        return []
    found = [name for name, n in sizes.items() if n >= FEWEST and len(values) - n >= FEWEST]
    if len(sizes) == 2 and len(found) == 2:
        means = {name: _mean([scores[i] for i, v in values.items() if v == name]) for name in found}
        return [min(found, key=lambda name: means[name])]
    return found


def _sizes(values: Mapping[int, str]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for value in values.values():
        sizes[value] = sizes.get(value, 0) + 1
    return dict(sorted(sizes.items(), key=lambda pair: (-pair[1], pair[0].casefold())))


def _by_group(
    judgement: Judgement,
    name: str,
    values: Mapping[int, str],
    tested: Sequence[str],
    scores: Mapping[int, float],
    binary: bool,
    metric: str,
    level: float,
    control: Control,
) -> ByGroup:
    sizes = _sizes(values)
    without = len(scores) - len(values)
    if len(sizes) > MOST:
        return ByGroup(name, metric, (), without, (), too_many=len(sizes))
    groups = []
    for group in sizes:
        ids = sorted((i for i, v in values.items() if v == group), key=lambda i: (scores[i], i))
        low, high = interval([scores[i] for i in ids])
        wrong = tuple(i for i in ids if scores[i] < 0.5)
        groups.append(GroupScore(group, len(ids), _mean([scores[i] for i in ids]), low, high, tuple(ids), wrong))
    compared = list(sizes) if len(sizes) > 2 else (list(tested) or list(sizes)[-1:]) if len(sizes) == 2 else []
    gaps = []
    for group in compared:
        control.check()
        inside = [scores[i] for i, v in values.items() if v == group]
        others = [scores[i] for i, v in values.items() if v != group]
        low, high = difference_interval(inside, others, level)
        p_value = 1.0
        if group in tested:
            p_value = fisher_exact(inside, others) if binary else permutation(inside, others)
        a, b = _mean(inside), _mean(others)
        gaps.append(Gap(group, a, b, len(inside), len(others), a - b, low, high, p_value, p_value, group in tested))
    rates = getattr(judge_of(judgement.kind), "rates_by_group", None)
    # Said by the judge of the kind: which rates matter is its business.
    told: tuple[Rates, ...] = rates(judgement, values, list(sizes)) if rates is not None and len(sizes) > 1 else ()
    return ByGroup(name, metric, tuple(groups), without, tuple(gaps), rates=told)


def _corrected(found: Sequence[ByGroup]) -> tuple[ByGroup, ...]:
    flat = [(n, k) for n, by in enumerate(found) for k, gap in enumerate(by.gaps) if gap.tested]
    adjusted = dict(zip(flat, holm([found[n].gaps[k].p_value for n, k in flat]), strict=True))
    return tuple(
        replace(
            by,
            gaps=tuple(replace(g, adjusted=adjusted.get((n, k), 1.0)) for k, g in enumerate(by.gaps)),
            comparisons=len(flat),
        )
        for n, by in enumerate(found)
    )


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0


def interval(values: Sequence[float]) -> tuple[float, float]:
    """95 % interval of a mean of scores in 0..1: Wilson (1927) for right and wrong, else a percentile bootstrap.

    Few scores, or all the same, would look too certain in a bootstrap; they get Wilson's, too, which errs on the safe side:
    of all scores in 0..1 with the same mean, right and wrong vary most.
    """
    if len(values) < FEWEST or len(set(values)) == 1 or all(v in (0.0, 1.0) for v in values):
        return _wilson(values, 1.959964)
    means = _means(values, 0)
    return float(means[_AT]), float(means[-1 - _AT])


def _wilson(values: Sequence[float], z: float) -> tuple[float, float]:
    n = len(values)
    total = min(float(n), max(0.0, math.fsum(values)))
    if total == round(total):
        return wilson(round(total), n, z)
    share = total / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def difference_interval(a: Sequence[float], b: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """Interval of the mean of `a` less that of `b`, both of scores in 0..1; (-1, 1) when one is empty.

    For right and wrong, and where a side is small or all the same, Newcombe's (1998, method 10) of two Wilson intervals; else
    a percentile bootstrap within each side.
    """
    if not a or not b:
        return -1.0, 1.0
    z = NormalDist().inv_cdf(0.5 + level / 2)
    small = min(len(a), len(b)) < FEWEST or len(set(a)) == 1 or len(set(b)) == 1
    if small or all(v in (0.0, 1.0) for v in (*a, *b)):
        (low_a, high_a), (low_b, high_b) = _wilson(a, z), _wilson(b, z)
        p, q = _mean(a), _mean(b)
        low = p - q - math.hypot(p - low_a, high_b - q)
        high = p - q + math.hypot(high_a - p, q - low_b)
        return max(-1.0, low), min(1.0, high)
    import numpy as np

    means = np.sort(_means(a, 1) - _means(b, 2))
    at = round((1 - level) / 2 * (_BOOTSTRAP - 1))
    return float(means[at]), float(means[-1 - at])


def _means(values: Sequence[float], seed: int) -> Any:
    """Means of samples drawn with replacement (Efron 1979): float64[2000]; sorted for seed 0."""
    import numpy as np

    rng = np.random.default_rng(seed)
    drawn = np.asarray(values, np.float64)
    means = np.array([drawn[rng.integers(0, len(drawn), len(drawn))].mean() for _ in range(_BOOTSTRAP)])
    return np.sort(means) if seed == 0 else means


def fisher_exact(a: Sequence[float], b: Sequence[float]) -> float:
    """Two-sided p-value of Fisher's exact test (1935) on right (1) and wrong (0) of two sides."""
    n, m, right = len(a), len(b), round(math.fsum(a) + math.fsum(b))
    total = _log_choose(n + m, right)

    def log_p(hits: int) -> float:
        return _log_choose(n, hits) + _log_choose(m, right - hits) - total

    seen = log_p(round(math.fsum(a)))
    every = range(max(0, right - m), min(n, right) + 1)
    return min(1.0, math.fsum(math.exp(p) for hits in every if (p := log_p(hits)) <= seen + 1e-7))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def permutation(a: Sequence[float], b: Sequence[float]) -> float:
    """Two-sided p-value of a permutation test on the difference of means (Fisher 1935; Pitman 1937), up to 10,000 random ones."""
    import numpy as np

    both = np.asarray([*a, *b], np.float64)
    n = len(a)
    if both.std() == 0:
        return 1.0
    mean = both.mean()
    seen = abs(both[:n].mean() - mean)
    rng = np.random.default_rng(0)
    hits = 0
    wanted = max(_LEAST, min(_ROUNDS, _DRAWN // len(both)))
    # In blocks: all permutations of a large test at once would not fit.
    block = max(1, min(wanted, 2_000_000 // len(both)))
    for start in range(0, wanted, block):
        rounds = min(block, wanted - start)
        drawn = rng.permuted(np.broadcast_to(both, (rounds, len(both))), axis=1)[:, :n].mean(axis=1)
        hits += int((np.abs(drawn - mean) >= seen - 1e-12).sum())
    return (hits + 1) / (wanted + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values after Holm's (1979) step-down correction: below 0.05, all those together are wrong 5 % of the time at most."""
    order = sorted(range(len(p_values)), key=lambda k: p_values[k])
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def class_rates(
    name: str, truth: Mapping[int, str], said: Mapping[int, str], values: Mapping[int, str], groups: Sequence[str]
) -> Rates:
    """The rates of one class, against all other classes, on each group.

    Args:
        truth, said: item id to class; `values`: item id to group.
    """
    missed: dict[str, float | None] = {}
    alarms: dict[str, float | None] = {}
    called: dict[str, float | None] = {}
    for group in groups:
        ids = [i for i, v in values.items() if v == group]
        of = [i for i in ids if truth[i] == name]
        not_of = [i for i in ids if truth[i] != name]
        missed[group] = sum(said[i] != name for i in of) / len(of) if of else None
        alarms[group] = sum(said[i] == name for i in not_of) / len(not_of) if not_of else None
        called[group] = sum(said[i] == name for i in ids) / len(ids) if ids else None
    spreads = [s for s in (_spread(missed), _spread(alarms)) if s is not None]
    return Rates(name, missed, alarms, called, _spread(called), max(spreads, default=None))


def _spread(shares: Mapping[str, float | None]) -> float | None:
    known = [s for s in shares.values() if s is not None]
    return max(known) - min(known) if len(known) > 1 else None
