"""Judging forecasts by what came after occasions of the past, always beside repeating the last season and exponential
smoothing on the same occasions.

MASE: mean absolute error of the middle, divided by that of repeating the last season where the model learnt from (Hyndman &
Koehler 2006). Quantile loss: twice the pinball loss, in the same units (scaled) or by the size of the numbers (weighted; Park et
al. 2022). Coverage: how often what came lay in the 80 % range. Occasions that overlap are not independent, so intervals and tests
take blocks of them (Carlstein 1986), as long as one look ahead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from workbench.tasks.forecasting import NO_PROMISE
from workbench.tasks.predictions import FORECAST_LEVELS, HIGH, LOW, MIDDLE, Forecast, Occasion, from_record
from workbench.tasks.ranges import STATED
from workbench.trust.judging import Answered, bootstrap, paired

PARTS_WITHIN = True
TOO_NARROW = (
    "That is clearly less than it promises: the newest numbers are wilder than those before them, by which it was set. Take the range"
    " for too narrow."
)
_FEW = 10


@dataclass(frozen=True)
class Sums:
    """Sums over known steps of some occasions, of one forecaster.

    Attributes:
        steps: so many numbers came. error: scaled absolute error. pinball, size: quantile loss (mean over the levels) and size
            of the numbers, both in the series' own unit divided by its scale. inside: how many came in the 80 % range.
    """

    steps: int = 0
    error: float = 0.0
    pinball: float = 0.0
    size: float = 0.0
    inside: int = 0

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.steps + other.steps, self.error + other.error, self.pinball + other.pinball, self.size + other.size,
            self.inside + other.inside,
        )  # fmt: skip

    @property
    def mase(self) -> float:
        return self.error / self.steps if self.steps else 0.0

    @property
    def scaled_quantile_loss(self) -> float:
        return self.pinball / self.steps if self.steps else 0.0

    @property
    def weighted_quantile_loss(self) -> float:
        return self.pinball / self.size if self.size else 0.0

    @property
    def coverage(self) -> float:
        return self.inside / self.steps if self.steps else 0.0


_NAMES = {"said": "this model", "naive": "repeating the last season", "ets": "exponential smoothing (ETS)"}


@dataclass(frozen=True)
class Case:
    """One occasion, judged. `by`: "said", "naive" and "ets" (where it could be made) to their sums; `ahead`: for each step
    ahead the scaled absolute error of each, NaN where it is not known what came."""

    item_id: int
    occasion: Occasion
    by: Mapping[str, Sums]
    ahead: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class SeriesCase:
    """What is known of one series, for the window: its forecast with all occasions of this part."""

    item_id: int
    name: str
    forecast: Forecast
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class ForecastJudgement:
    """See `workbench.trust.judging.Judgement`. Intervals are [low, high], 95 %."""

    series: tuple[SeriesCase, ...]
    split: str
    totals: Mapping[str, Sums] = field(default_factory=dict)
    intervals: Mapping[str, Mapping[str, tuple[float, float]]] = field(default_factory=dict)
    closer: tuple[float, float] = (0.0, 1.0)
    closer_ets: tuple[float, float] = (0.0, 1.0)
    kind: str = "forecast"
    whom: ClassVar[str] = "occasions"
    table_title: str = "Beside the yardsticks"

    @property
    def warning(self) -> str:
        """To be kept in mind with every result."""
        return NO_PROMISE

    @property
    def cases(self) -> list[Case]:
        return [c for s in self.series for c in s.cases]

    @property
    def n(self) -> int:
        return len(self.cases)

    @property
    def steps(self) -> int:
        return max((len(c.occasion.truth) for c in self.cases), default=0)

    @property
    def gain(self) -> float:
        """By which share the model is closer than repeating the last season; below 0 it is further off."""
        return self._gain("naive")

    def _gain(self, other: str) -> float:
        base = self.totals.get(other, Sums())
        return 1 - self.totals["said"].mase / base.mase if base.mase else 0.0

    @property
    def score(self) -> float:
        return min(1.0, max(0.0, self.gain))

    @property
    def season_words(self) -> str:
        seasons = {s.forecast.season for s in self.series}
        return "the last number" if seasons == {1} else "the last season"

    def sentence(self) -> str:
        if not self.n:
            return "No series was long enough to ask the model on occasions of its past."
        low, high = self.closer
        mean = self.totals["said"]
        cover_low, cover_high = self.intervals["said"]["coverage"]
        text = (
            f"{self._so_many()} it was {_by(self.gain)} than repeating {self.season_words} (on more occasions expect"
            f" {_between(low, high)})"
        )
        if "ets" in self.totals:
            low, high = self.closer_ets
            if low == high == 0:
                text += ", and the same as exponential smoothing"
            else:
                text += f", and {_by(self._gain('ets'))} than exponential smoothing (expect {_between(low, high)})"
        text += (
            f". Off by {mean.mase:.2f} of what repeating {self.season_words} was off by where it learnt (MASE). What came lay in its 80 % range {mean.coverage:.0%} of the time (expect {cover_low:.0%} to"
            f" {cover_high:.0%})."
        )
        if self.too_narrow:
            text += f" {TOO_NARROW}"
        elif cover_low > STATED:
            text += " That is more than 80 %: the range is wider than it need be."
        if self.n < _FEW:
            text += f" {self.n} occasions say little: longer series, or more of them, say more."
        return text

    @property
    def too_narrow(self) -> bool:
        """The range held clearly less often than it promises, also on many more such occasions."""
        return bool(self.n) and self.intervals["said"]["coverage"][1] < STATED

    def _so_many(self) -> str:
        many = "1 past occasion" if self.n == 1 else f"{self.n:,} past occasions"
        of = f" of {len(self.series):,} series" if len(self.series) > 1 else ""
        return f"On {many}{of}, each {self.steps} {'step' if self.steps == 1 else 'steps'} ahead,"

    def headline(self) -> dict[str, Any]:
        if not self.n:
            return {"split": self.split, "n": 0}
        mean = self.totals["said"]
        return {
            "split": self.split,
            "n": self.n,
            "score": self.score,
            "metric": f"closer than repeating {self.season_words}",
            "low": min(1.0, max(0.0, self.closer[0])),
            "high": min(1.0, max(0.0, self.closer[1])),
            "words": f"{self._so_many()} {_by(self.gain)} than repeating {self.season_words}.",
            "gain": self.gain,
            "mase": mean.mase,
            "scaled_quantile_loss": mean.scaled_quantile_loss,
            "weighted_quantile_loss": mean.weighted_quantile_loss,
            "coverage": mean.coverage,
            "coverage_low": self.intervals["said"]["coverage"][0],
            "coverage_high": self.intervals["said"]["coverage"][1],
            "steps": self.steps,
            "series": len(self.series),
        } | ({"gain_over_ets": self._gain("ets")} if "ets" in self.totals else {})

    def to_json(self) -> dict[str, Any]:
        beside = {
            name: {
                "mase": sums.mase,
                "scaled_quantile_loss": sums.scaled_quantile_loss,
                "weighted_quantile_loss": sums.weighted_quantile_loss,
                "coverage_of_80": sums.coverage,
                "intervals_95": {k: list(v) for k, v in self.intervals[name].items()},
            }
            for name, sums in self.totals.items()
        }
        return {
            **self.headline(),
            "beside": beside,
            "error_by_step": self.by_step(),
            "sentence": self.sentence(),
            "warning": NO_PROMISE,
        }

    def by_step(self) -> dict[str, list[float]]:
        """Mean scaled absolute error of each step ahead, for each forecaster; NaN where nothing came."""
        found: dict[str, list[float]] = {}
        for name in self.totals:
            rows = [c.ahead[name] for c in self.cases if name in c.ahead]
            means = []
            for step in range(self.steps):
                values = [r[step] for r in rows if step < len(r) and r[step] == r[step]]
                means.append(sum(values) / len(values) if values else float("nan"))
            found[name] = means
        return found

    def per_item(self) -> Mapping[int, float]:
        """Of the error of the model and of repeating the last season together, the latter's share: 0.5 is as good as that."""
        found = {}
        for series in self.series:
            mine = sum((c.by["said"] for c in series.cases), Sums()).error
            naive = sum((c.by["naive"] for c in series.cases), Sums()).error
            found[series.item_id] = naive / (mine + naive) if mine + naive else 0.5
        return found

    def table(self) -> tuple[list[str], list[list[str]]]:
        def cell(name: str, key: str, value: float, form: str) -> str:
            low, high = self.intervals[name][key]
            return f"{value:{form}} ({low:{form}} to {high:{form}})"

        rows = [
            [
                _NAMES[name],
                cell(name, "mase", s.mase, ".3f"),
                cell(name, "scaled_quantile_loss", s.scaled_quantile_loss, ".3f"),
                cell(name, "weighted_quantile_loss", s.weighted_quantile_loss, ".4f"),
                cell(name, "coverage", s.coverage, ".0%"),
            ]
            for name, s in self.totals.items()
        ]
        heads = [
            "forecast by", "off by (MASE)", "off by, with its range (scaled quantile loss)",
            "by size (weighted quantile loss)", "in the 80 % range",
        ]  # fmt: skip
        return heads, rows


def _by(gain: float) -> str:
    if abs(gain) < 0.005:
        return "no closer"
    return f"{gain:.0%} closer" if gain > 0 else f"{-gain:.0%} further off"


def _between(low: float, high: float) -> str:
    return f"{_by(low)} to {_by(high)}".replace("no closer", "the same")


def judge(classes: Sequence[str], answers: Sequence[Answered], split: str) -> ForecastJudgement:
    """See `workbench.trust.judging`. `split` chooses the occasions: those of the validation part, else those of the test part."""
    part = "validation" if split == "validation" else "test"
    found = []
    for answer in answers:
        if answer.said.record is None:
            continue
        forecast = from_record(answer.said.record)
        if not isinstance(forecast, Forecast):
            continue
        scale = forecast.scale or 1.0
        cases = tuple(
            c for o in forecast.occasions if o.part == part and (c := _case(answer.item.id, o, scale)) is not None
        )
        if cases:
            found.append(SeriesCase(answer.item.id, answer.item.name, forecast, cases))
    return _judged(tuple(found), split)


def _case(item_id: int, occasion: Occasion, scale: float) -> Case | None:
    given = {"said": occasion.said, "naive": occasion.naive, "ets": occasion.ets}
    by, ahead = {}, {}
    for name, rows in given.items():
        if rows:
            by[name], ahead[name] = _sums(rows, occasion.truth, scale)
    return Case(item_id, occasion, by, ahead) if by["said"].steps else None


def _sums(rows: Sequence[Sequence[float]], truth: Sequence[float], scale: float) -> tuple[Sums, tuple[float, ...]]:
    steps = inside = 0
    error = pinball = size = 0.0
    ahead = []
    for step, came in enumerate(truth):
        if came != came:
            ahead.append(float("nan"))
            continue
        ahead.append(abs(came - rows[MIDDLE][step]) / scale)
        steps += 1
        error += ahead[-1]
        size += abs(came) / scale
        inside += rows[LOW][step] <= came <= rows[HIGH][step]
        losses = 0.0
        for level, row in zip(FORECAST_LEVELS, rows, strict=True):
            missed = came - row[step]
            losses += 2 * max(level * missed, (level - 1) * missed)
        pinball += losses / len(FORECAST_LEVELS) / scale
    return Sums(steps, error, pinball, size, inside), tuple(ahead)


def blocks(series: Sequence[SeriesCase]) -> list[list[Case]]:
    """Occasions of a series that follow each other and overlap, in blocks as long as a look ahead; others alone."""
    found: list[list[Case]] = []
    for one in series:
        block: list[Case] = []
        for case in one.cases:
            if block and case.occasion.at - block[0].occasion.at >= len(block[0].occasion.truth):
                found.append(block)
                block = []
            block.append(case)
        if block:
            found.append(block)
    return found


def _judged(series: tuple[SeriesCase, ...], split: str) -> ForecastJudgement:
    cases = [c for s in series for c in s.cases]
    if not cases:
        return ForecastJudgement(series, split)
    # A yardstick counts when it was there on every occasion: else the two would be compared on different ones.
    names = [n for n in _NAMES if all(n in c.by for c in cases)]
    units = [{n: sum((c.by[n] for c in block), Sums()) for n in names} for block in blocks(series)]
    totals = {n: sum((u[n] for u in units), Sums()) for n in names}

    def interval(name: str, key: str) -> tuple[float, float]:
        return bootstrap([u[name] for u in units], lambda drawn: float(getattr(sum(drawn, Sums()), key)))

    keys = ("mase", "scaled_quantile_loss", "weighted_quantile_loss", "coverage")
    intervals = {n: {k: interval(n, k) for k in keys} for n in names}

    def gains(name: str) -> tuple[float, float]:
        def gain(drawn: list[Mapping[str, Sums]]) -> float:
            base = sum((u[name] for u in drawn), Sums()).error
            return 1 - sum((u["said"] for u in drawn), Sums()).error / base if base else 0.0

        return bootstrap(units, gain) if name in names else (0.0, 1.0)

    return ForecastJudgement(series, split, totals, intervals, gains("naive"), gains("ets"))


# Two models on the same occasions ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ForecastsCompared:
    """Mean scaled quantile loss on the occasions that both were asked on; `p_value` of a paired sign-flip test of blocks."""

    n: int
    loss_a: float
    loss_b: float
    p_value: float
    only_a: tuple[int, ...] = ()
    only_b: tuple[int, ...] = ()

    def sentence(self, name_a: str = "The first", name_b: str = "the second") -> str:
        if not self.n:
            return "The two were not asked on the same occasions, so they cannot be compared."
        gain = 1 - self.loss_a / self.loss_b if self.loss_b else 0.0
        text = f"On the same {self.n:,} occasions, {name_a} is {_by(gain)} than {name_b} (by quantile loss)."
        if self.p_value < 0.05:
            better = name_a if self.loss_a < self.loss_b else name_b
            return f"{text} {better[:1].upper()}{better[1:]} is better; that is unlikely to be chance."
        return f"{text} The difference may well be chance."


def compare(a: ForecastJudgement, b: ForecastJudgement) -> ForecastsCompared:
    """See `workbench.trust.judging`."""

    def key(case: Case) -> tuple[int, int, int]:
        return case.item_id, case.occasion.at, len(case.occasion.truth)

    others = {key(c): c.by["said"] for c in b.cases}
    mine: dict[int, float] = {}
    theirs: dict[int, float] = {}
    better: dict[int, float] = {}
    total_a, total_b, count = Sums(), Sums(), 0
    for number, block in enumerate(blocks(a.series)):
        shared = [(c.by["said"], others[key(c)], c.item_id) for c in block if key(c) in others]
        if not shared:
            continue
        first, second = sum((s[0] for s in shared), Sums()), sum((s[1] for s in shared), Sums())
        mine[number], theirs[number] = -first.pinball, -second.pinball
        total_a, total_b, count = total_a + first, total_b + second, count + len(shared)
        item = shared[0][2]
        better[item] = better.get(item, 0.0) + second.pinball - first.pinball
    found = paired(mine, theirs, "quantile loss")
    return ForecastsCompared(
        count, total_a.scaled_quantile_loss, total_b.scaled_quantile_loss, found.p_value,
        tuple(i for i, d in better.items() if d > 0), tuple(i for i, d in better.items() if d < 0),
    )  # fmt: skip
