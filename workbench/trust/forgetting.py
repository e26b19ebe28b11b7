"""What a new version of a model can do better and worse than the old one, on the same items, class by class.

Intervals: of the difference of two shares of the same items, by squares and sums of Wilson's limits (Newcombe 1998,
"Improved confidence intervals for the difference between binomial proportions based on paired data", his method without
the correlation, which makes them wide rather than narrow). Which classes were forgotten: a paired permutation test of
each (`judging.paired`), corrected for their number after Holm (1979).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from workbench.trust.judging import paired
from workbench.trust.metrics import wilson

LEVEL = 0.05
# With fewer new items no difference could be told from chance.
ENOUGH_NEW = 20
# With fewer test items of a class only a large loss can be told from chance.
_FEW = 10
_DOUBT = 0.02
Advice = Literal["new", "old", "more"]


@dataclass(frozen=True)
class Change:
    """How a part of the items changed from the old version to the new one.

    Attributes:
        name: a class, or what the items are.
        before, after: mean score per item, 0..1; `low`..`high`: 95 % interval of after - before.
        p: of the paired test, corrected where it is one of several classes.
        lost: ids of items that were right before and are wrong now; `gained`: the other way round.
    """

    name: str
    n: int
    before: float
    after: float
    low: float
    high: float
    p: float
    lost: tuple[int, ...]
    gained: tuple[int, ...]

    @property
    def worse(self) -> bool:
        """It got worse, and that is unlikely to be chance."""
        return self.after < self.before and self.p < LEVEL

    @property
    def better(self) -> bool:
        return self.after > self.before and self.p < LEVEL

    def sentence(self, what: str = "") -> str:
        if not self.n:
            return f"There are no items of {what or self.name} to compare on."
        verdict = "worse" if self.worse else "better" if self.better else "the difference may well be chance"
        return (
            f"On {self.n} {what or f'items of “{self.name}”'}: {self.before:.0%} before, {self.after:.0%} now"
            f" (difference {self.after - self.before:+.0%}, 95 % interval {self.low:+.0%} to {self.high:+.0%}): {verdict}."
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name, "n": self.n, "before": round(self.before, 4), "after": round(self.after, 4),
            "low": round(self.low, 4), "high": round(self.high, 4), "p": round(self.p, 6), "worse": self.worse,
            "better": self.better, "lost": list(self.lost), "gained": list(self.gained),
        }  # fmt: skip


def change(name: str, old: Mapping[int, float], new: Mapping[int, float]) -> Change:
    """Compare scores in 0..1 of the items both have."""
    both = paired(old, new, name)
    low, high = difference(both.mean_a, both.mean_b, both.n)
    return Change(name, both.n, both.mean_a, both.mean_b, low, high, both.p_value, both.only_a, both.only_b)


def difference(before: float, after: float, n: int) -> tuple[float, float]:
    """95 % interval of `after` - `before`, two mean scores of the same n items; (-1, 1) for none."""
    if n == 0:
        return -1.0, 1.0
    (l1, u1), (l2, u2) = _limits(before, n), _limits(after, n)
    gap = after - before
    low = gap - math.hypot(after - l2, u1 - before)
    high = gap + math.hypot(u2 - after, before - l1)
    return max(-1.0, low), min(1.0, high)


def _limits(mean: float, n: int) -> tuple[float, float]:
    """Wilson's limits of a mean score as if it were a share: no score in 0..1 spreads wider."""
    right = mean * n
    if abs(right - round(right)) < 1e-9:
        return wilson(round(right), n)
    (low, _), (_, high) = wilson(math.floor(right), n), wilson(math.ceil(right), n)
    return low, high


def by_class(
    old: Mapping[int, float], new: Mapping[int, float], classes_of: Mapping[int, Sequence[str]]
) -> tuple[Change, ...]:
    """Class by class, those that lost most first. An item of several classes counts for each."""
    members: dict[str, list[int]] = {}
    for item_id in old.keys() & new.keys():
        for name in classes_of.get(item_id, ()):
            members.setdefault(name, []).append(item_id)
    found = [change(name, {i: old[i] for i in ids}, {i: new[i] for i in ids}) for name, ids in sorted(members.items())]
    corrected = holm([c.p for c in found])
    found = [
        Change(c.name, c.n, c.before, c.after, c.low, c.high, p, c.lost, c.gained)
        for c, p in zip(found, corrected, strict=True)
    ]
    return tuple(sorted(found, key=lambda c: (c.after - c.before, c.name)))


def holm(values: Sequence[float]) -> list[float]:
    """p of several tests, corrected so that any false alarm among them keeps the rate of one (Holm 1979)."""
    order = sorted(range(len(values)), key=lambda n: values[n])
    corrected, highest = [0.0] * len(values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - rank) * values[place]))
        corrected[place] = highest
    return corrected


@dataclass(frozen=True)
class Forgetting:
    """Two versions side by side.

    Attributes:
        test: on the frozen test split; `new`: on the reviewed items that neither learnt from; `by_lot`: on those of them
            that were drawn by lot, and so speak for all that is asked now.
        classes: of the test split, worst first.
    """

    test: Change
    new: Change
    by_lot: Change
    classes: tuple[Change, ...]

    @property
    def forgotten(self) -> tuple[Change, ...]:
        return tuple(c for c in self.classes if c.worse)

    @property
    def advice(self) -> Advice:
        """Keep the old one, use the new one, or gather more before deciding."""
        if self.forgotten or self.test.worse or self.new.worse:
            return "old"
        better = self.new.better or self.test.better
        return "new" if better and not self.doubtful else "more"

    @property
    def doubtful(self) -> bool:
        """It is lower on the test items, or on what was drawn by lot, by so much that one should look first, chance or not."""
        return any(c.n and c.after < c.before - _DOUBT for c in (self.test, self.by_lot))

    def sentence(self) -> str:
        """What to do, and why."""
        if self.forgotten:
            names = ", ".join(f"“{c.name}”" for c in self.forgotten)
            return f"Keep the old version: the new one has forgotten some of {names}. Add more examples of it and update again."
        if self.test.worse:
            return "Keep the old version: the new one is worse on the test items, and that is unlikely to be chance."
        if self.new.worse:
            return "Keep the old version: the new one is worse on the new data, and that is unlikely to be chance."
        if self.advice == "new":
            where = "the new data" if self.new.better else "the test items"
            held = "and nothing that could be measured was forgotten" if self.classes else "and worse nowhere"
            return f"Use the new version: it is better on {where}, {held}."
        if self.doubtful and (self.new.better or self.test.better):
            return (
                "Look before you decide: the new version is better on a part, but lower on another; that may be chance. See"
                " what was right before and is wrong now, and add more examples of it."
            )
        if self.new.n < ENOUGH_NEW:
            return (
                f"Nothing can be decided yet: only {self.new.n} reviewed items are kept apart to compare on. Review more"
                f" ({ENOUGH_NEW} of them are a beginning), then compare again."
            )
        return "No difference can be told from chance. Keep the old version for now, and review more before you update again."

    def lines(self) -> list[str]:
        """The figures behind it."""
        found = [self.test.sentence("test items"), self.new.sentence("new items kept apart")]
        if self.new.n:
            found.append(
                "New items are those that were worth a review (unsure, unlike): harder than most that is asked, and chosen by"
                " the doubts of the old version, which looks worse for it."
            )
        if self.by_lot.n:
            found.append(self.by_lot.sentence("new items drawn by lot, which speak for all that is asked now"))
        fewest = min((c.n for c in self.classes), default=0)
        if self.classes and fewest < _FEW:
            found.append(
                f"Of the smallest class there are only {fewest} test items, so that it would have to lose most of them before"
                " that can be told from chance."
            )
        lower = [c for c in self.classes if c.after < c.before and not c.worse]
        found += [c.sentence() for c in self.forgotten]
        if lower:
            names = ", ".join(f"“{c.name}” ({c.after - c.before:+.0%} of {c.n})" for c in lower[:8])
            found.append(f"Lower, but it may be chance: {names}.")
        return found

    def to_json(self) -> dict[str, Any]:
        return {
            "advice": self.advice, "sentence": self.sentence(), "test": self.test.to_json(), "new": self.new.to_json(),
            "by_lot": self.by_lot.to_json(), "classes": [c.to_json() for c in self.classes],
            "forgotten": [c.name for c in self.forgotten],
        }  # fmt: skip
