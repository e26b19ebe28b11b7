"""Exponential smoothing in its state-space form (Hyndman, Koehler, Ord & Snyder 2008), by statsmodels.

Of six forms (level; with trend; with damped trend; each with and without a season; errors and seasons additive) the one with
the least corrected Akaike criterion is taken. Its intervals are exact for these forms. Everything is estimated on the series
itself at the moment it is asked; missing numbers are filled by straight lines before.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.rule import bare, filled

if TYPE_CHECKING:
    import numpy.typing as npt

# Older numbers say little about the next ones and cost time.
MOST_PAST = 2000
_SEASONS_LOOKED_AT = 20
# Longer seasons have more beginnings than can be estimated.
_LONGEST_SEASON, _LONGEST_ESTIMATED = 400, 24
FORMS: tuple[tuple[str | None, bool, str | None], ...] = (
    (None, False, None), ("add", False, None), ("add", True, None),
    (None, False, "add"), ("add", False, "add"), ("add", True, "add"),
)  # fmt: skip


@dataclass(frozen=True)
class Fitted:
    """A form with what was estimated: (trend, damped, season's kind), the season's length, statsmodels' parameters."""

    form: tuple[str | None, bool, str | None]
    season: int
    params: Any
    aicc: float


def model_of(values: npt.NDArray[Any], form: tuple[str | None, bool, str | None], season: int) -> Any:
    """statsmodels' model of a form on float64 [T] without gaps."""
    import pandas as pd
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    trend, damped, seasonal = form
    simple = seasonal is not None and season > _LONGEST_ESTIMATED
    return ETSModel(
        pd.Series(values),
        error="add",
        trend=trend,
        damped_trend=damped,
        seasonal=seasonal,
        seasonal_periods=season if seasonal else None,
        initialization_method="heuristic" if simple else "estimated",
    )


def fit(values: npt.NDArray[Any], season: int, control: Control) -> Fitted:
    """The best form for float64 [T] without gaps.

    Raises:
        UserError: when none can be estimated. Cancelled: between forms.
    """
    import numpy as np

    best: Fitted | None = None
    for form in FORMS:
        control.check()
        if form[2] and not (1 < season <= _LONGEST_SEASON and len(values) >= 2 * season + 5):
            continue
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                found = model_of(values, form, season).fit(disp=False)
        except (ValueError, ZeroDivisionError, FloatingPointError, np.linalg.LinAlgError):
            continue
        aicc = float(found.aicc)
        if np.isfinite(aicc) and (best is None or aicc < best.aicc):
            best = Fitted(form, season, found.params, aicc)
    if best is None:
        raise UserError("No form of exponential smoothing fits these numbers.", "Choose another model.")
    return best


def go_on(values: npt.NDArray[Any], fitted: Fitted, steps: int, quantiles: Sequence[float]) -> npt.NDArray[Any]:
    """Quantiles float64 [Q, steps] after float64 [T] without gaps, with what was estimated before."""
    import numpy as np
    from scipy.stats import norm

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        smoothed = model_of(values, fitted.form, fitted.season).smooth(fitted.params)
        found = smoothed.get_prediction(start=len(values), end=len(values) + steps - 1)
    middle = np.asarray(found.predicted_mean, np.float64)
    width = np.sqrt(np.maximum(0.0, np.asarray(found.forecast_variance, np.float64)))
    result: npt.NDArray[Any] = middle + norm.ppf(np.asarray(quantiles))[:, None] * width
    return result


def _past(values: npt.NDArray[Any], season: int) -> npt.NDArray[Any]:
    import numpy as np

    return filled(np.asarray(values, np.float64))[-max(MOST_PAST, _SEASONS_LOOKED_AT * min(season, _LONGEST_SEASON)) :]


class Ets(Loaded):
    """A `Forecaster`, and a `Roller`: form and parameters are estimated at the first moment, and only its state (level, trend,
    season) goes on from there."""

    yardstick = "ets"

    def forecast(
        self, values: npt.NDArray[Any], steps: int, quantiles: Sequence[float], control: Control, season: int = 1
    ) -> npt.NDArray[Any]:
        past = _past(values, season)
        return go_on(past, fit(past, season, control), steps, quantiles)

    def roll(
        self, values: npt.NDArray[Any], moments: Sequence[int], steps: int, quantiles: Sequence[float], control: Control,
        season: int = 1,
    ) -> list[npt.NDArray[Any]]:  # fmt: skip
        import numpy as np

        known = np.asarray(values, np.float64)
        begin = max(0, moments[0] - len(_past(known[: moments[0]], season)))
        fitted = fit(filled(known[begin : moments[0]]), season, control)
        found = []
        for moment in moments:
            control.check()
            found.append(go_on(filled(known[begin:moment]), fitted, steps, quantiles))
        return found


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    return Ets(card, bare())


def build(card: ModelCard, folder: Path) -> Loaded:
    return Ets(card, bare())
