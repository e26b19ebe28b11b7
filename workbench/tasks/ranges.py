"""How wide a forecast's range must be so that it holds what it promises: the same for all forecasters, whatever they are.

Split conformal prediction on occasions of the validation part (Vovk, Gammerman & Shafer 2005, "Algorithmic learning in a random
world"; Lei et al. 2018, section 5.2; for multi-step forecasts each step ahead by itself: Stankeviciute, Alaa & van der Schaar 2021).
The score is the distance from the middle in half-widths, so the range keeps the shape that the model gave it. Numbers that follow
each other are not exchangeable: it is a calibration and no guarantee, and how often the range held is counted on the test part.

Ranges are widened, never narrowed: a calm stretch is no reason to promise more (measured: docs/forecasts.md).

From there on the width follows what comes: a number outside its range widens the next ones, one inside narrows them a little
(quantile tracking; Gibbs & Candes 2021; in this form Angelopoulos, Candes & Tibshirani 2023, "Conformal PID control for time series",
with the rate they recommend). At each moment only numbers count that were known then, so it may go on through the test part.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from workbench.tasks.predictions import FORECAST_LEVELS, LOW, MIDDLE, Occasion

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]

STATED = 0.8
# Among a card's options: for each step ahead, and by the name of a series where there were many; older models have one number.
WIDTHS, WIDTHS_OF, FACTOR = "interval_widths", "interval_widths_of", "interval_factor"
# The same after the last number that was known.
NEWEST, NEWEST_OF = "interval_widths_newest", "interval_widths_newest_of"
# Of fewer occasions that do not overlap no quantile of 80 % can be told: (n + 1) * 0.8 is more than n.
_FEWEST = 4
# Of several series each goes by its own occasions from so many on.
_FEWEST_OWN = 8
_WIDEST = 10.0
# A miss moves the width by this share of the largest of the last scores (recommended in the paper), less what misses are promised.
_RATE, _LAST = 0.1, 100
# So many series are kept by name.
_MOST_NAMES = 1000


@dataclass(frozen=True)
class Widths:
    """By what the distances from the middle are multiplied at each step ahead; empty: by nothing.

    Attributes:
        usual: from the occasions of all series together.
        of: of a series, by its name.
        newest, newest_of: the same after what came later (see `followed`); empty where nothing did.
    """

    usual: tuple[float, ...] = ()
    of: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    newest: tuple[float, ...] = ()
    newest_of: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def at(self, name: str, steps: int) -> tuple[float, ...]:
        """For so many steps of this series, as settled; behind the last one that is known the last one counts."""
        return _as_long(self.of.get(name) or self.usual or (1.0,), steps)

    def now(self, name: str, steps: int) -> tuple[float, ...]:
        """As `at`, after the last number that was known."""
        return _as_long(self.newest_of.get(name) or self.newest or self.at(name, steps), steps)

    def after(self, found: Mapping[str, tuple[float, ...]]) -> Widths:
        """With what each series' widths have become; of others that of the middle one counts."""
        from statistics import median

        long = max(map(len, found.values()), default=0)
        usual = tuple(median(_as_long(row, long)[step] for row in found.values()) for step in range(long))
        return replace(self, newest=usual, newest_of=dict(found) if len(found) > 1 else {})

    def to_options(self) -> dict[str, Any]:
        """As a card keeps them."""
        return {
            WIDTHS: [round(v, 6) for v in self.usual],
            WIDTHS_OF: {n: [round(v, 6) for v in row] for n, row in list(self.of.items())[:_MOST_NAMES]},
            NEWEST: [round(v, 6) for v in self.newest],
            NEWEST_OF: {n: [round(v, 6) for v in row] for n, row in list(self.newest_of.items())[:_MOST_NAMES]},
        }


def widths_of(options: Mapping[str, Any]) -> Widths:
    """What a card's options say; what is damaged counts as not there."""
    usual = _row(options.get(WIDTHS)) or _row([options.get(FACTOR)])
    return Widths(usual, _rows(options.get(WIDTHS_OF)), _row(options.get(NEWEST)), _rows(options.get(NEWEST_OF)))


def _rows(given: Any) -> dict[str, tuple[float, ...]]:
    rows = {str(n): _row(row) for n, row in given.items()} if isinstance(given, Mapping) else {}
    return {n: row for n, row in rows.items() if row}


def _as_long(known: Sequence[float], steps: int) -> tuple[float, ...]:
    """As many as there are steps: behind the last one that is known the last one counts."""
    return (*known[:steps], *[known[-1]] * (steps - len(known)))


def _row(given: Any) -> tuple[float, ...]:
    if not isinstance(given, list) or not all(isinstance(v, int | float) and 0 < v <= _WIDEST for v in given):
        return ()
    return tuple(float(v) for v in given)


def settle_widths(given: Mapping[str, Sequence[Occasion]]) -> Widths:
    """From occasions on which nothing was learnt, by the name of their series: each series by itself, and all together for those
    with too few occasions and for other series."""
    usual = _widths(list(given.values()))
    if len(given) < 2:
        return Widths(usual)
    return Widths(usual, {n: _widths([found]) for n, found in given.items() if _apart(found) >= _FEWEST_OWN})


def followed(
    before: Sequence[Occasion], later: Sequence[Occasion], widths: Sequence[float]
) -> tuple[list[tuple[float, ...]], tuple[float, ...]]:
    """The widths on each later occasion, and those after all of them.

    Each step ahead is followed by itself: w + rate * largest of the last scores * (1 if it was missed, else 0, minus 0.2), between 1
    and `_WIDEST`. An occasion is counted by the next ones that begin after its number had come.

    Args:
        before: those that `widths` were settled on. They, and `later`, as the model gave them (not widened), in order of time.
        widths: one for each step; where nothing was settled (all 1, too few occasions before) they stay.
    """
    now = list(_as_long(widths, max((len(o.truth) for o in later), default=len(widths)))) if widths else []
    if _apart(before) < _FEWEST:
        return [tuple(now)] * len(later), tuple(now)
    known: list[list[float]] = [[] for _ in now]
    for occasion in before:
        for step, score in enumerate(_scores(occasion)[: len(now)]):
            if score == score:
                known[step].append(score)
    waiting: list[tuple[int, int, float, float]] = []
    found: list[tuple[float, ...]] = []

    def count(until: float) -> None:
        for _due, step, score, width in [w for w in waiting if w[0] < until]:
            largest = min(_WIDEST, max(known[step][-_LAST:], default=0.0))
            moved = now[step] + _RATE * largest * ((score > width) - (1 - STATED))
            now[step] = min(_WIDEST, max(1.0, moved))
            known[step].append(score)
        waiting[:] = [w for w in waiting if w[0] >= until]

    for occasion in later:
        count(occasion.at)
        found.append(tuple(now))
        waiting += [
            (occasion.at + step, step, score, now[step])
            for step, score in enumerate(_scores(occasion))
            if score == score
        ]
    count(math.inf)
    return found, tuple(now)


def _widths(series: Sequence[Sequence[Occasion]]) -> tuple[float, ...]:
    """One number for each step; () where there are too few occasions. A step is seen together with the one before and the one
    after it, so that the range has no teeth."""
    apart = sum(_apart(found) for found in series)
    steps = max((len(o.truth) for found in series for o in found), default=0)
    if apart < _FEWEST:
        return ()
    scores: list[list[float]] = [[] for _ in range(steps)]
    for found in series:
        for occasion in found:
            for step, score in enumerate(_scores(occasion)):
                if score == score:
                    scores[step].append(score)
    return tuple(
        _quantile([s for near in scores[max(0, step - 1) : step + 2] for s in near], apart) for step in range(steps)
    )


def _scores(occasion: Occasion) -> list[float]:
    """How far what came lay from the middle, in half-widths of the range on its side; NaN where it is not known."""
    found = []
    for low, middle, high, truth in zip(
        occasion.said[LOW], occasion.said[MIDDLE], occasion.said[-1], occasion.truth, strict=True
    ):
        half = high - middle if truth > middle else middle - low
        if truth != truth:
            found.append(math.nan)
        else:
            found.append(abs(truth - middle) / half if half > 0 else (0.0 if truth == middle else math.inf))
    return found


def _quantile(scores: list[float], apart: int) -> float:
    """The finite-sample quantile, where only so many of the scores count as independent."""
    if not scores:
        return 1.0
    scores.sort()
    level = min(1.0, STATED * (1 + 1 / apart))
    found = scores[min(len(scores), math.ceil(len(scores) * level)) - 1]
    return min(_WIDEST, max(1.0, found))


def _apart(given: Sequence[Occasion]) -> int:
    """How many occasions of a series, in order of time, do not overlap."""
    count, end = 0, -math.inf
    for occasion in given:
        if occasion.at >= end:
            count, end = count + 1, occasion.at + len(occasion.truth)
    return count


def widened(quantiles: Any, widths: Sequence[float]) -> Numbers:
    """Quantiles [Q, steps] with the distances from the middle one multiplied, step by step."""
    import numpy as np

    rows = np.asarray(quantiles, np.float64)
    middle = rows[MIDDLE] if len(rows) == len(FORECAST_LEVELS) else rows[len(rows) // 2]
    found: Numbers = middle + (rows - middle) * np.asarray(widths, np.float64)
    return found
