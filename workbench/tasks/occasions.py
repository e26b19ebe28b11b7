"""A model asked on occasions of the past (rolling origins; Tashman 2000): at each it sees what was known then, nothing later.

The last fifth of each series is for judging (test), the fifth before it for steering (validation), what is before for
learning. Where these begin depends on the series alone, so it stays where it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.series import Series
from workbench.errors import UserError
from workbench.tasks.predictions import FORECAST_LEVELS, Occasion

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from workbench.runtimes.base import Forecaster

    Numbers = npt.NDArray[np.float64]

VALIDATION, TEST = "validation", "test"
_SHARE = 0.2
# On one series at most so many occasions, fewer on each where there are many series.
MOST, MOST_IN_ALL, FEWEST = 40, 1200, 4
# Without a season so many steps are looked ahead when nothing is said.
_USUAL = 8


@dataclass(frozen=True)
class Parts:
    """Places in a series: what lies before `validation` is learnt from, what lies from `test` on judges."""

    validation: int
    test: int
    end: int


def parts_of(length: int) -> Parts:
    """Where the parts of a series of this length begin."""
    part = max(3, round(length * _SHARE))
    return Parts(length - 2 * part, length - part, length)


def steps_for(season: int, lengths: Sequence[int], wanted: int = 0) -> int:
    """How far to look ahead: what the person wants, else a season; never more than the part that judges the shortest series."""
    room = min((parts_of(n).end - parts_of(n).test for n in lengths), default=wanted or _USUAL)
    usual = season if 1 < season <= 60 else _USUAL
    return max(1, min(wanted or usual, room))


def moments(begin: int, end: int, steps: int, most: int) -> list[int]:
    """At most so many numbers of known values, evenly spread, from which `steps` lie whole within begin and end."""
    last = end - steps
    if last < begin:
        return []
    room = last - begin + 1
    count = min(most, room)
    if count == 1:
        return [begin]
    return [begin + round(i * (room - 1) / (count - 1)) for i in range(count)]


def occasions_each(series: int) -> int:
    """How many occasions of each part, where there are so many series."""
    return max(FEWEST, min(MOST, MOST_IN_ALL // max(1, series)))


def season_scale(values: Numbers, season: int) -> float:
    """Mean absolute error of repeating the last season, within these numbers: what MASE divides by (Hyndman & Koehler 2006).
    Where it is 0 or not known, that of repeating the last number; 1 where that is so, too."""
    import numpy as np

    for lag in (max(1, season), 1):
        if len(values) > lag:
            errors = np.abs(values[lag:] - values[:-lag])
            errors = errors[~np.isnan(errors)]
            if len(errors) and float(errors.mean()) > 0:
                return float(errors.mean())
    return 1.0


def roll(
    model: Forecaster, values: Numbers, at: Sequence[int], steps: int, control: Control, season: int
) -> list[npt.NDArray[Any]]:
    """What a model says at each of these moments: quantiles float [Q, steps] each, never falling from one level to the next."""
    import numpy as np

    from workbench.runtimes.base import Roller

    if not at:
        return []
    if isinstance(model, Roller):
        found = model.roll(values, at, steps, FORECAST_LEVELS, control, season)
    else:
        found = []
        for moment in at:
            control.check()
            found.append(model.forecast(values[:moment], steps, FORECAST_LEVELS, control, season))
    return [np.sort(f, axis=0) for f in found]


class Rivals:
    """What the two yardsticks say on the same occasions; kept, since they stay the same while a model learns."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._known: dict[tuple[int, str], tuple[list[Any], list[Any]]] = {}

    def of(
        self, key: int, part: str, values: Numbers, at: Sequence[int], steps: int, season: int, said: Mapping[str, Any]
    ) -> tuple[list[Any], list[Any]]:
        """Of repeating the last season and of exponential smoothing; the latter empty where it cannot be estimated.

        Args:
            said: what the model itself said, where it is one of the two ("naive", "ets").
        """
        found = self._known.get((key, part))
        if found is None:
            found = self._known[key, part] = (
                said["naive"] if "naive" in said else roll(_rule("naive"), values, at, steps, self._control, season),
                said["ets"] if "ets" in said else self._ets(values, at, steps, season),
            )
        return found

    def _ets(self, values: Numbers, at: Sequence[int], steps: int, season: int) -> list[Any]:
        try:
            return roll(_rule("ets"), values, at, steps, self._control, season)
        except UserError:
            return []


def _rule(runtime: str) -> Forecaster:
    """A yardstick, without a card of its own."""
    from workbench.catalog.card import ModelCard, Source
    from workbench.runtimes.ets_runtime import Ets
    from workbench.runtimes.naive_runtime import SeasonalNaive

    card = ModelCard(runtime, runtime, ("forecasting",), runtime, runtime, Source("bundled", ""))
    return Ets(card) if runtime == "ets" else SeasonalNaive(card)


def occasions(
    model: Forecaster,
    series: Series,
    part: str,
    steps: int,
    season: int,
    most: int,
    control: Control,
    rivals: Rivals | None = None,
    key: int = 0,
) -> tuple[Occasion, ...]:
    """Look ahead from several moments within a part of a series.

    Args:
        rivals, key: keep the yardsticks' answers under this key.
    """
    parts = parts_of(len(series))
    begin, end = (parts.validation, parts.test) if part == VALIDATION else (parts.test, parts.end)
    at = moments(begin, end, min(steps, end - begin), most)
    steps = min(steps, end - begin)
    said = roll(model, series.values, at, steps, control, season)
    known = {getattr(model, "yardstick", ""): said}
    naive, ets = (rivals or Rivals(control)).of(key, part, series.values, at, steps, season, known)
    return tuple(
        Occasion(
            moment, part, tuple(float(v) for v in series.values[moment : moment + steps]), _rows(said[i]),
            _rows(naive[i]) if naive else (), _rows(ets[i]) if ets else (),
        )
        for i, moment in enumerate(at)
    )  # fmt: skip


def _rows(quantiles: npt.NDArray[Any]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(f"{v:.9g}") for v in row) for row in quantiles)
