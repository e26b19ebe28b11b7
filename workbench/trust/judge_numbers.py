"""Judging estimated numbers against the true ones: how far off they are, and how much better than always saying the middle.

Root mean squared error (RMSE), mean absolute error (MAE) and the share of the spread that is explained (R², coefficient of
determination), each with a 95 % interval by drawing the items anew; the share of true numbers in the stated range (Wilson
1927).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, median
from typing import Any, ClassVar

from workbench.data.numbers import number
from workbench.tasks.predictions import Number, figure, from_record
from workbench.trust.judging import Answered
from workbench.trust.metrics import wilson

_ROUNDS = 1000
_FLIPS = 10_000
_AT_ONCE = 2_000_000
_TABLE_ROWS = 200
_FEW = 30


@dataclass(frozen=True)
class NumberCase:
    """One item: the true number, the estimate, and its range where it has one."""

    item_id: int
    name: str
    truth: float
    said: float
    low: float | None = None
    high: float | None = None

    @property
    def error(self) -> float:
        """Above 0 where the estimate is too large."""
        return self.said - self.truth

    @property
    def inside(self) -> bool | None:
        """Whether the true number lies in the range; None where there is none."""
        if self.low is None or self.high is None:
            return None
        return self.low <= self.truth <= self.high


@dataclass(frozen=True)
class Measured:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class NumbersJudgement:
    """See `workbench.trust.judging.Judgement`. The score is R², at least 0: 1 is without error, 0 is no better than always
    saying the mean of these items.

    Attributes:
        rmse, mae, r2: R² is None where all true numbers are the same.
        rmse_guess, mae_guess: of always saying the mean, or the middle, of these items themselves: the best that saying one
            number can do.
        covered: share of true numbers in the stated range; None where the estimates have none. `stated`: what was promised.
        unit, target: what the numbers are.
    """

    cases: tuple[NumberCase, ...]
    rmse: Measured
    mae: Measured
    r2: Measured | None
    rmse_guess: float
    mae_guess: float
    covered: Measured | None = None
    stated: float = 0.0
    unit: str = ""
    target: str = ""
    split: str = "test"
    kind: ClassVar[str] = "numbers"
    table_title: ClassVar[str] = "In numbers"
    score_words: ClassVar[str] = "of the differences explained"

    @property
    def n(self) -> int:
        return len(self.cases)

    @property
    def score(self) -> float:
        return max(0.0, self.r2.value) if self.r2 is not None else 0.0

    @cached_property
    def worst(self) -> tuple[NumberCase, ...]:
        """Farthest off first."""
        return tuple(sorted(self.cases, key=lambda c: -abs(c.error)))

    def amount(self, value: float) -> str:
        """ "12.5 kg"."""
        return f"{figure(value)} {self.unit}".strip()

    def sentence(self) -> str:
        if not self.cases:
            return "There was nothing to test on."
        unseen = "it had not seen" if self.split != "validation" else "that steered the training, which flatters it"
        items = "1 item" if self.n == 1 else f"{self.n:,} items"
        text = (
            f"On {items} {unseen} it is off by {self.amount(self.mae.value)} on average; on more such items expect"
            f" {figure(self.mae.low)} to {self.amount(self.mae.high)}. Always saying the same number would be off by"
            f" {self.amount(self.mae_guess)} at best."
        )
        if self.r2 is None:
            text += " All true numbers are the same, so this says little."
        elif self.r2.value <= 0:
            text += " So it is no better than saying one number for all: it has found nothing to go by."
        else:
            text += f" It explains {self.r2.value:.0%} of the differences between them (R²)."
        if self.covered is not None:
            text += (
                f" Of the true numbers {self.covered.value:.0%} lie in the range it gives, {self.stated:.0%} should."
            )
        if self.n < _FEW:
            text += f" Only {self.n} were tested, so the true values may be quite different: add more examples."
        return text

    def headline(self) -> dict[str, Any]:
        if not self.cases:
            return {"split": self.split, "n": 0}
        numbers: dict[str, Any] = {
            "split": self.split,
            "n": self.n,
            "score": self.score,
            "metric": "R²",
            "low": max(0.0, self.r2.low) if self.r2 is not None else 0.0,
            "high": max(0.0, self.r2.high) if self.r2 is not None else 0.0,
            "baseline": 0.0,
            "baseline_words": "saying the mean",
            "words": (
                f"Off by {self.amount(self.mae.value)} on average on {self.n:,} items it had not seen; saying one number"
                f" for all would be off by {self.amount(self.mae_guess)}."
            ),
            "rmse": self.rmse.value,
            "mae": self.mae.value,
            "unit": self.unit,
        }
        if self.r2 is not None:
            numbers["r2"] = self.r2.value
        if self.covered is not None:
            numbers |= {"covered": self.covered.value, "coverage": self.stated}
        return numbers

    def to_json(self) -> dict[str, Any]:
        return {
            **self.headline(),
            "sentence": self.sentence(),
            "intervals": {
                name: value.to_json()
                for name, value in (("rmse", self.rmse), ("mae", self.mae), ("r2", self.r2), ("covered", self.covered))
                if value is not None
            },
            "guess": {"rmse": self.rmse_guess, "mae": self.mae_guess},
            "items": [{"name": c.name, "true": c.truth, "said": c.said} for c in self.cases],
        }

    def per_item(self) -> Mapping[int, float]:
        """1 for no error, 0.5 for one as large as that of saying the middle usually is, towards 0 beyond."""
        usual = self.mae_guess if self.mae_guess > 0 else 1.0
        return {c.item_id: usual / (usual + abs(c.error)) for c in self.cases}

    def table(self) -> tuple[list[str], list[list[str]]]:
        rows = [
            ["off by on average (MAE)", *self._cells(self.mae), self.amount(self.mae_guess)],
            ["large errors count more (RMSE)", *self._cells(self.rmse), self.amount(self.rmse_guess)],
        ]
        if self.r2 is not None:
            r2 = self.r2
            rows.append(["differences explained (R²)", f"{r2.value:.3f}", f"{r2.low:.3f} to {r2.high:.3f}", "0"])
        if self.covered is not None:
            c = self.covered
            rows.append(["true number in its range", f"{c.value:.0%}", f"{c.low:.0%} to {c.high:.0%}", ""])
            rows.append(["promised", f"{self.stated:.0%}", "", ""])
        return ["measure", "value", "expect (95 %)", "saying one number"], rows

    def _cells(self, found: Measured) -> tuple[str, str]:
        return self.amount(found.value), f"{figure(found.low)} to {self.amount(found.high)}"


def judge(_classes: Sequence[str], answers: Sequence[Answered], split: str) -> NumbersJudgement:
    """See `workbench.trust.judging`. Items without a true number, and answers that are none, are left out."""
    cases: list[NumberCase] = []
    unit, target, stated = "", "", 0.0
    for answer in answers:
        said = from_record(answer.said.record) if answer.said.record is not None else None
        truth = truth_of(answer)
        if truth is None or not isinstance(said, Number):
            continue
        cases.append(NumberCase(answer.item.id, answer.item.name, truth, said.value, said.low, said.high))
        unit, target = said.unit or unit, said.name or target
        stated = said.coverage if said.ranged else stated
    return measure(cases, split, unit, target, stated)


def truth_of(answer: Answered) -> float | None:
    """The true number of an item: what its annotation says."""
    return next((v for a in answer.annotations if (v := number(a.text)) is not None), None)


def measure(
    cases: Sequence[NumberCase], split: str = "test", unit: str = "", target: str = "", stated: float = 0.0
) -> NumbersJudgement:
    """All measures with their intervals."""
    import numpy as np

    nothing = Measured(0.0, 0.0, 0.0)
    if not cases:
        return NumbersJudgement((), nothing, nothing, None, 0.0, 0.0, None, stated, unit, target, split)
    truth = np.array([c.truth for c in cases], np.float64)
    error = np.array([c.error for c in cases], np.float64)
    # The same draws for all measures, so that they belong together; a few million numbers at once.
    rng = np.random.default_rng(0)
    drawn: dict[str, list[float]] = {"rmse": [], "mae": [], "r2": []}
    while len(drawn["mae"]) < _ROUNDS:
        rows = min(_ROUNDS - len(drawn["mae"]), max(1, _AT_ONCE // len(cases)))
        places = rng.integers(0, len(cases), (rows, len(cases)))
        e, t = error[places], truth[places]
        means, spreads = np.mean(e * e, 1), np.var(t, 1)
        drawn["rmse"] += np.sqrt(means).tolist()
        drawn["mae"] += np.mean(np.abs(e), 1).tolist()
        drawn["r2"] += (1 - means[spreads > 0] / spreads[spreads > 0]).tolist()
    spread = float(np.var(truth))
    squares = float(np.mean(error * error))
    r2 = _between(1 - squares / spread, drawn["r2"]) if spread > 0 and drawn["r2"] else None
    inside = [c.inside for c in cases if c.inside is not None]
    covered = None
    if inside:
        low, high = wilson(sum(inside), len(inside))
        covered = Measured(sum(inside) / len(inside), low, high)
    middle = median(c.truth for c in cases)
    return NumbersJudgement(
        tuple(cases),
        _between(math.sqrt(squares), drawn["rmse"]),
        _between(float(np.mean(np.abs(error))), drawn["mae"]),
        r2,
        math.sqrt(spread),
        fmean(abs(c.truth - middle) for c in cases),
        covered, stated, unit, target, split,
    )  # fmt: skip


def _between(value: float, drawn: Sequence[float]) -> Measured:
    """With the percentile interval of what was drawn (Efron 1979)."""
    ordered = sorted(drawn)
    at = round(0.025 * (len(ordered) - 1))
    return Measured(value, ordered[at], ordered[-1 - at])


@dataclass(frozen=True)
class NumbersCompared:
    """Two models on the same items, by the squares of their errors.

    Attributes:
        rmse_a, rmse_b: of each on the `n` items both answered.
        p_value: of a paired sign-flip permutation test on the differences of squared errors (Fisher 1935).
        only_a, only_b: ids of items that one got much nearer than the other.
    """

    n: int
    rmse_a: float
    rmse_b: float
    p_value: float
    only_a: tuple[int, ...]
    only_b: tuple[int, ...]
    unit: str = ""

    def sentence(self, name_a: str = "The first", name_b: str = "the second") -> str:
        if self.n == 0:
            return "The two were not tested on the same items, so they cannot be compared."
        unit = f" {self.unit}" if self.unit else ""
        text = (
            f"On the same {self.n} items {name_a} is off by {figure(self.rmse_a)}{unit} and {name_b} by"
            f" {figure(self.rmse_b)}{unit} (root mean squared error)."
        )
        if self.p_value < 0.05:
            better = name_a if self.rmse_a < self.rmse_b else name_b
            return f"{text} {better[:1].upper()}{better[1:]} is better; that is unlikely to be chance."
        return f"{text} The difference may well be chance."


def compare(a: NumbersJudgement, b: NumbersJudgement) -> NumbersCompared:
    """A paired test on the items both were judged on."""
    first, second = {c.item_id: c for c in a.cases}, {c.item_id: c for c in b.cases}
    shared = sorted(first.keys() & second.keys())
    differences = [first[i].error ** 2 - second[i].error ** 2 for i in shared]
    usual = max(a.mae_guess, b.mae_guess)

    def nearer(one: Mapping[int, NumberCase], other: Mapping[int, NumberCase]) -> tuple[int, ...]:
        return tuple(i for i in shared if abs(other[i].error) - abs(one[i].error) > usual / 2)

    def rmse(cases: Mapping[int, NumberCase]) -> float:
        return math.sqrt(fmean(cases[i].error ** 2 for i in shared)) if shared else 0.0

    return NumbersCompared(
        len(shared), rmse(first), rmse(second), sign_flips(differences), nearer(first, second), nearer(second, first),
        a.unit,
    )  # fmt: skip


def sign_flips(differences: Sequence[float]) -> float:
    """p-value of the mean of paired differences being 0: exact for up to 13 that are not 0, else 10,000 random flips."""
    moving = [d for d in differences if d]
    if not moving:
        return 1.0
    observed = abs(math.fsum(moving)) * (1 - 1e-12)
    if len(moving) <= 13:
        sums = [0.0]
        for d in moving:
            sums = [s + v for s in sums for v in (d, -d)]
        return sum(abs(s) >= observed for s in sums) / len(sums)
    import numpy as np

    values = np.array(moving, np.float64)
    rng = np.random.default_rng(0)
    hits, left = 0, _FLIPS
    while left:
        rows = min(left, max(1, _AT_ONCE // len(values)))
        signs = rng.integers(0, 2, (rows, len(values)), dtype=np.int8) * 2 - 1
        hits += int((np.abs(signs @ values) >= observed).sum())
        left -= rows
    return (hits + 1) / (_FLIPS + 1)


@dataclass(frozen=True)
class SizeBand:
    """Items whose true numbers are of about the same size.

    Attributes:
        low, high: the smallest and the largest of them. bias: the mean error, above 0 where the estimates are too large.
    """

    low: float
    high: float
    n: int
    mae: float
    bias: float

    def words(self, found: NumbersJudgement) -> str:
        return f"{figure(self.low)} to {found.amount(self.high)}"

    def lean(self, found: NumbersJudgement) -> str:
        """Whether it leans to one side there."""
        if abs(self.bias) < self.mae / 3:
            return "about even"
        return f"too {'large' if self.bias > 0 else 'small'} by {found.amount(abs(self.bias))}"


def by_size(found: NumbersJudgement, bands: int = 5) -> list[SizeBand]:
    """The errors in parts of (nearly) as many items each, from the smallest true numbers to the largest; fewer parts where
    there are few items."""
    ordered = sorted(found.cases, key=lambda c: c.truth)
    count = max(1, min(bands, len(ordered) // 5))
    result = []
    for place in range(count):
        part = ordered[place * len(ordered) // count : (place + 1) * len(ordered) // count]
        if part:
            result.append(
                SizeBand(
                    part[0].truth, part[-1].truth, len(part), fmean(abs(c.error) for c in part), fmean(c.error for c in part)
                )
            )  # fmt: skip
    return result
