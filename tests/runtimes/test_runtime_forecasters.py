"""Forecasters that are rules: by hand, and against statsmodels used directly."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.datasets
from statsmodels.tsa.exponential_smoothing.ets import ETSModel

from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.errors import Cancelled
from workbench.hub.store import files
from workbench.runtimes.base import Forecaster, Roller, require
from workbench.runtimes.ets_runtime import FORMS, Ets
from workbench.runtimes.naive_runtime import SeasonalNaive, last_season
from workbench.runtimes.registry import open_model
from workbench.tasks.occasions import roll, season_scale

LEVELS = (0.1, 0.5, 0.9)


def rule(catalog: Catalog, name: str) -> Any:
    card = catalog.get(name)
    assert (card.starter and "ot pre-trained" in card.summary) or "Not a model" in card.summary
    return open_model(card, files(card))


def test_the_last_season_again_by_hand(catalog: Catalog) -> None:
    model = rule(catalog, "last-season")
    assert isinstance(model, SeasonalNaive) and require(model, Forecaster) is model
    nan = float("nan")
    assert last_season(np.array([1.0, 2, 3, 4, 5, 6]), 5, 3).tolist() == [4, 5, 6, 4, 5]
    assert last_season(np.array([1.0, 2, 3, 4, nan, 6]), 4, 3).tolist() == [4, 2, 6, 4]  # a gap: the season before
    assert last_season(np.array([5.0, nan]), 3, 1).tolist() == [5, 5, 5]
    values = np.array([1.0, 5, 2, 6, 3, 7])
    found = model.forecast(values, 4, LEVELS, Control(), 2)
    assert found[1].tolist() == [3, 7, 3, 7]
    # Residuals of lag 2 are all 1; the 90th percentile of a normal distribution is 1.2816; two seasons ahead: root of 2.
    assert found[2] - found[1] == pytest.approx([1.2816, 1.2816, 1.8124, 1.8124], abs=1e-3)
    assert season_scale(values, 2) == 1.0 and season_scale(np.array([3.0, 3, 3]), 1) == 1.0


def test_exponential_smoothing_is_statsmodels(catalog: Catalog) -> None:
    model = rule(catalog, "exponential-smoothing")
    assert isinstance(model, Ets) and isinstance(model, Roller)
    values = statsmodels.datasets.nile.load_pandas().data["volume"].to_numpy(np.float64)
    found = model.forecast(values, 6, LEVELS, Control())
    best: Any = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for trend, damped, _ in FORMS[:3]:
            fitted = ETSModel(pd.Series(values), error="add", trend=trend, damped_trend=damped).fit(disp=False)
            if best is None or fitted.aicc < best.aicc:
                best = fitted
    there = best.get_prediction(start=100, end=105)
    assert found[1] == pytest.approx(there.predicted_mean.to_numpy(), rel=1e-9)
    interval = there.pred_int(0.2).to_numpy()
    assert found[0] == pytest.approx(interval[:, 0], rel=1e-9) and found[2] == pytest.approx(interval[:, 1], rel=1e-9)


def test_on_later_occasions_only_the_state_goes_on_and_nothing_later_is_seen(catalog: Catalog) -> None:
    model = rule(catalog, "exponential-smoothing")
    values = statsmodels.datasets.nile.load_pandas().data["volume"].to_numpy(np.float64)
    found = roll(model, values, [70, 80, 90], 5, Control(), 1)
    changed = values.copy()
    changed[90:] = 1e6
    again = roll(model, changed, [70, 80, 90], 5, Control(), 1)
    assert all(np.array_equal(a, b) for a, b in zip(found, again, strict=True))
    assert found[0][4] == pytest.approx(model.forecast(values[:70], 5, (0.5,), Control())[0], rel=1e-9)
    for quantiles in found:
        assert np.all(np.diff(quantiles, axis=0) >= 0)


def test_gaps_long_seasons_and_a_stop(catalog: Catalog) -> None:
    model = rule(catalog, "exponential-smoothing")
    rng = np.random.default_rng(0)
    values = 10 + np.sin(np.arange(120) * 2 * np.pi / 30) + 0.1 * rng.normal(size=120)
    values[5:9] = np.nan
    found = model.forecast(values, 30, LEVELS, Control(), 30)
    assert np.isfinite(found).all()
    truth = 10 + np.sin(np.arange(120, 150) * 2 * np.pi / 30)
    assert np.abs(found[1] - truth).mean() < 0.2
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        model.forecast(values, 3, LEVELS, control, 1)
