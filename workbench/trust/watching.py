"""Watching a model at work, week after week, with a stated rate of false alarms.

Looking often finds something by chance: at 5 % a week a year without any change would bring an alarm with a chance of
93 %. So the rate is for a whole year, and shared out evenly among all looks of it and the tests of each look (Bonferroni):
of 100 years without change at most five bring any alarm at all. A week is looked at when its 50th and its 200th item has
come and when it is over; how often the person opens the sheet changes nothing.

The tests, each against items the model did not learn from:
- what the network sees: maximum mean discrepancy (`trust.drift`); how certain it is: Kolmogorov-Smirnov; which classes it
  names: Pearson's chi-square. Their p are shares of random divisions, drawn until 20 of them reach further than the real
  one (Besag and Clifford 1991, "Sequential Monte Carlo p-values"), which are valid for any sizes and ties.
- how many items are unlike all it learnt from: Fisher's exact test against the test items, which set no limit.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from workbench.control import Control

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]

YEAR_RATE = 0.05
WEEKS = 52
# A week is looked at when so many different items have come, and when it is over.
LOOKS_AT = (50, 200)
DIVISIONS = 19_999
_ENOUGH = 20
_BLOCK = 200
# With fewer hardly anything could be told.
FEWEST = 10
MOST = 400
# More classes than this are watched together as "others".
_MOST_CLASSES = 50
TESTS = ("features", "certainty", "unlike", "classes")


@dataclass(frozen=True)
class Reference:
    """What is kept of the time when the model was judged.

    Attributes:
        features: float64 [N, F] of length 1, or None. certainty: float64 [M].
        answers: class names, none where answers are not of classes.
        tested, alarms: of so many test items so many were unlike what was learnt; (0, 0) where that is not known.
    """

    features: Matrix | None
    certainty: Matrix
    answers: tuple[str, ...]
    tested: int = 0
    alarms: int = 0


@dataclass(frozen=True)
class Seen:
    """Different items of a week in the order they came, as in `Reference`. `strangeness`: above 1 is unlike, -1 unknown."""

    features: Matrix | None
    certainty: Matrix
    answers: tuple[str, ...]
    strangeness: Matrix

    def first(self, count: int) -> Seen:
        return Seen(
            None if self.features is None else self.features[:count], self.certainty[:count], self.answers[:count],
            self.strangeness[:count],
        )  # fmt: skip


@dataclass(frozen=True)
class Look:
    """One look at a week.

    Attributes:
        items: so many different items had come. p: by test, in 0..1, of those that could be made.
        limit: at or below it a test raises an alarm.
    """

    items: int
    p: Mapping[str, float]
    limit: float

    @property
    def changed(self) -> tuple[str, ...]:
        """The tests that raised an alarm."""
        return tuple(name for name, value in self.p.items() if value <= self.limit)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Look:
        return cls(int(value["items"]), {str(k): float(v) for k, v in value["p"].items()}, float(value["limit"]))


def look(reference: Reference, seen: Seen, key: str, control: Control | None = None, year: float = YEAR_RATE) -> Look:
    """Make all tests that can be made. `key` seeds the divisions, so that the same look finds the same.

    Raises:
        Cancelled: when asked to stop.
    """
    import numpy as np

    control = control or Control()
    rng = np.random.default_rng(zlib.crc32(key.encode()))
    found: dict[str, float] = {}
    a, b = reference.features, seen.features
    if a is not None and b is not None and min(len(a), len(b)) >= FEWEST and a.shape[1] == b.shape[1]:
        found["features"] = _features(_drawn(a, rng), _drawn(b, rng), rng, control)
    if min(len(reference.certainty), len(seen.certainty)) >= FEWEST:
        found["certainty"] = _certainty(_drawn(reference.certainty, rng), _drawn(seen.certainty, rng), rng, control)
    known = seen.strangeness[seen.strangeness >= 0]
    if reference.tested >= FEWEST and len(known) >= FEWEST:
        found["unlike"] = more_often(int((known > 1).sum()), len(known), reference.alarms, reference.tested)
    if len(set(reference.answers) | set(seen.answers)) > 1 and min(len(reference.answers), len(seen.answers)) >= FEWEST:
        found["classes"] = _classes(reference.answers, seen.answers, rng, control)
    return Look(len(seen.certainty), found, year / (WEEKS * (len(LOOKS_AT) + 1) * max(1, len(found))))


def sequential(reached: Callable[[int], int], control: Control, divisions: int = DIVISIONS) -> float:
    """p by random divisions; `reached(count)` makes so many and says how many reach at least as far as the real one."""
    done = higher = 0
    size = 25
    while done < divisions and higher < _ENOUGH:
        control.check()
        size = min(size, divisions - done)
        higher += reached(size)
        done += size
        size = min(_BLOCK, size * 2)
    # Stopped early it is a share of the divisions made; else the real one counts as one of them. Blocks only make the
    # first larger than one by one would: `done` is checked at their ends alone.
    return min(1.0, (higher + 1) / (done + 1))


def _features(x: Matrix, y: Matrix, rng: np.random.Generator, control: Control) -> float:
    import numpy as np

    from workbench.trust.drift import gaussian_kernel

    kernel = gaussian_kernel(np.concatenate([x, y])).astype(np.float32)
    weights = np.full(len(kernel), -1.0 / len(y), np.float32)
    weights[: len(x)] = 1.0 / len(x)

    def of(columns: Any) -> Any:
        return np.einsum("nd,nd->d", columns, kernel @ columns)

    real = float(of(weights[:, None])[0])

    def reached(count: int) -> int:
        columns = rng.permuted(np.repeat(weights[:, None], count, axis=1), axis=0)
        # Divisions that only differ by rounding count as equal.
        return int((of(columns) >= real - 1e-7).sum())

    return sequential(reached, control)


def _certainty(a: Matrix, b: Matrix, rng: np.random.Generator, control: Control) -> float:
    import numpy as np

    pooled = np.concatenate([a, b])
    order = np.argsort(pooled, kind="stable")
    # Only after the last of equal values is the share complete.
    last = np.append(np.diff(pooled[order]) > 0, True)
    steps = np.where(order < len(a), 1.0 / len(a), -1.0 / len(b))

    def of(columns: Any) -> Any:
        return np.abs(np.cumsum(columns, axis=0)[last]).max(axis=0)

    real = float(of(steps[:, None])[0])

    def reached(count: int) -> int:
        columns = rng.permuted(np.repeat(steps[:, None], count, axis=1), axis=0)
        return int((of(columns) >= real - 1e-12).sum())

    return sequential(reached, control)


def _classes(before: Sequence[str], now: Sequence[str], rng: np.random.Generator, control: Control) -> float:
    import numpy as np

    first, second = counted(before, now)
    a, b = np.array(first), np.array(second)
    together, size = a + b, int(b.sum())
    expected = together * (size / together.sum())
    rest = together - expected

    def of(counts: Any) -> Any:
        off = (counts - expected) ** 2
        return (off / expected + off / rest).sum(axis=-1)

    real = float(of(b))

    def reached(count: int) -> int:
        # So many of each class fall to the second part when the items are divided at random.
        drawn = rng.multivariate_hypergeometric(together, size, size=count)
        return int((of(drawn) >= real - 1e-9).sum())

    return sequential(reached, control)


def counted(before: Sequence[str], now: Sequence[str]) -> tuple[list[int], list[int]]:
    """How often each class was named, the rare ones together."""
    first, second = Counter(before), Counter(now)
    names = [name for name, _ in (first + second).most_common()]
    kept = names[: _MOST_CLASSES - 1] if len(names) > _MOST_CLASSES else names
    found = [[counts[name] for name in kept] for counts in (first, second)]
    if len(kept) < len(names):
        for values, counts in zip(found, (first, second), strict=True):
            values.append(counts.total() - sum(values))
    return found[0], found[1]


def stability(before: Sequence[str], now: Sequence[str]) -> float:
    """Population stability index of the classes that were named: 0 for the same shares; half an item is added to each.

    Above 0.25 it is usually called a large shift (Siddiqi 2006, "Credit risk scorecards").
    """
    if not before or not now:
        return 0.0
    first, second = counted(before, now)
    p = [(v + 0.5) / (sum(first) + 0.5 * len(first)) for v in first]
    q = [(v + 0.5) / (sum(second) + 0.5 * len(second)) for v in second]
    return sum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True))


def more_often(hits: int, n: int, before: int, n_before: int) -> float:
    """Fisher's exact test, one-sided: the chance of at least so many hits among the n, if both had the same share."""
    total, drawn = hits + before, n
    whole = math.comb(n + n_before, drawn)
    highest = min(total, drawn)
    ways = sum(math.comb(total, k) * math.comb(n + n_before - total, drawn - k) for k in range(hits, highest + 1))
    return min(1.0, ways / whole)


def _drawn(values: Matrix, rng: np.random.Generator) -> Matrix:
    return values if len(values) <= MOST else values[rng.permutation(len(values))[:MOST]]
