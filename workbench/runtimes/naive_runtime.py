"""Repeating the last season: the yardstick of every forecast (Hyndman & Athanasopoulos, Forecasting: Principles and
Practice, 3rd ed., 5.2 and 5.5). It has learnt nothing and knows nothing beyond the series itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.runtimes.base import Loaded
from workbench.runtimes.rule import bare

if TYPE_CHECKING:
    import numpy.typing as npt


def last_season(values: npt.NDArray[Any], steps: int, season: int) -> npt.NDArray[Any]:
    """float [T] to float [steps]: each step has the last known number of its place in the season; where none is known, the
    last known number of all."""
    import numpy as np

    season = max(1, min(season, len(values)))
    known = values[~np.isnan(values)]
    result = np.full(steps, known[-1] if len(known) else math.nan)
    for place in range(min(steps, season)):
        same = values[len(values) - season + place :: -season]
        there = same[~np.isnan(same)]
        if len(there):
            result[place::season] = there[0]
    return result


def spread(values: npt.NDArray[Any], season: int) -> float:
    """Root mean square of what repeating the last season was wrong by, one step ahead; 0 where that is not known."""
    import numpy as np

    season = max(1, season)
    if len(values) <= season:
        return 0.0
    errors = values[season:] - values[:-season]
    errors = errors[~np.isnan(errors)]
    return float(np.sqrt(np.mean(errors**2))) if len(errors) else 0.0


class SeasonalNaive(Loaded):
    """A `Forecaster`: the last season again, with a normal interval that widens by the root of the seasons ahead."""

    yardstick = "naive"

    def forecast(
        self, values: npt.NDArray[Any], steps: int, quantiles: Sequence[float], control: Control, season: int = 1
    ) -> npt.NDArray[Any]:
        import numpy as np
        from scipy.stats import norm

        control.check()
        values = np.asarray(values, np.float64)
        middle = last_season(values, steps, season)
        ahead = np.floor(np.arange(steps) / max(1, season)) + 1
        width = spread(values, season) * np.sqrt(ahead)
        result: npt.NDArray[Any] = middle + norm.ppf(np.asarray(quantiles))[:, None] * width
        return result


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    return SeasonalNaive(card, bare())


def build(card: ModelCard, folder: Path) -> Loaded:
    return SeasonalNaive(card, bare())
