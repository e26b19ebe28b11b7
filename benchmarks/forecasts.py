"""Our forecasts and measures beside statsmodels used directly, on series that come with it.

    python benchmarks/forecasts.py [--write]

Each set goes the whole way of a person: a CSV file, import, a project, judged as it is. Beside it statsmodels' own ETSModel, fitted
and smoothed by this script on the same occasions (rolling origins), and MASE, quantile loss and coverage counted by this script with
numpy alone. `--write` puts the result into docs/forecasts.md.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

os.environ["WORKBENCH_HOME"] = tempfile.mkdtemp()

import numpy as np
import pandas as pd
import statsmodels
import statsmodels.datasets
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.holtwinters import ExponentialSmoothing

from workbench.catalog.catalog import Catalog
from workbench.data.importers import sniff
from workbench.data.types import Split
from workbench.engine.evaluate import evaluate
from workbench.engine.events import Finished
from workbench.engine.fit import fit, new_config
from workbench.engine.journey import project_from_plan
from workbench.errors import UserError
from workbench.tasks.forecasting import FACTOR
from workbench.tasks.occasions import parts_of
from workbench.tasks.predictions import HIGH, LOW, MIDDLE
from workbench.trust.judge_forecast import ForecastJudgement

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "forecasts.md"
LEVELS = np.arange(1, 10) / 10
FORMS = [(t, d, s) for s in (None, "add") for t, d in ((None, False), ("add", False), ("add", True))]


def sets() -> dict[str, tuple[pd.DataFrame, int]]:
    """Name to a table with a date and numbers, and how far to look ahead."""
    load = statsmodels.datasets
    co2 = load.co2.load_pandas().data["co2"].resample("MS").mean().rename("ppm")
    macro = load.macrodata.load_pandas().data[["year", "quarter", "realgdp", "cpi", "unemp"]]
    elnino = load.elnino.load_pandas().data
    months = [c for c in elnino.columns if c != "YEAR"]
    sea = pd.DataFrame(
        [
            (f"{int(y)}-{i + 1:02}", row)
            for y, *rest in elnino[["YEAR", *months]].to_numpy()
            for i, row in enumerate(rest)
        ],
        columns=["month", "sea surface"],
    )
    return {
        "co2 (monthly means)": (co2.rename_axis("month").reset_index(), 12),
        "elnino (sea surface, monthly)": (sea, 12),
        "sunspots (yearly)": (load.sunspots.load_pandas().data, 8),
        "nile (yearly)": (load.nile.load_pandas().data, 5),
        "macrodata (three series, quarterly)": (macro, 4),
    }


def filled(values: np.ndarray) -> np.ndarray:
    return pd.Series(values).interpolate().bfill().to_numpy()


def directly(values: np.ndarray, at: list[int], steps: int, season: int) -> np.ndarray:
    """statsmodels alone: the form with the least AICc, fitted at the first occasion, smoothed up to each. [occasions, 3, steps]."""
    first = filled(values[: at[0]])
    best: Any = None
    for trend, damped, seasonal in FORMS:
        if seasonal and (season < 2 or len(first) < 2 * season + 5):
            continue
        periods = season if seasonal else None
        how = {
            "error": "add", "trend": trend, "damped_trend": damped, "seasonal": seasonal, "seasonal_periods": periods,
        }  # fmt: skip
        found = ETSModel(pd.Series(first), **how).fit(disp=False)
        if best is None or found.aicc < best[0]:
            best = (found.aicc, how, found.params)
    rows = []
    for moment in at:
        there = ETSModel(pd.Series(filled(values[:moment])), **best[1]).smooth(best[2])
        said = there.get_prediction(start=moment, end=moment + steps - 1)
        interval = said.pred_int(0.2).to_numpy()
        rows.append([interval[:, 0], said.predicted_mean.to_numpy(), interval[:, 1]])
    return np.array(rows)


def holt_winters(values: np.ndarray, at: list[int], steps: int, season: int) -> np.ndarray:
    """Another implementation (least squares instead of likelihood), fitted anew on every occasion. [occasions, steps]."""
    rows = []
    for moment in at:
        past = filled(values[:moment])
        how = {"trend": "add", "damped_trend": True, "seasonal": "add" if season > 1 else None}
        rows.append(
            ExponentialSmoothing(past, seasonal_periods=season if season > 1 else None, **how).fit().forecast(steps)
        )
    return np.array(rows)


def counted(quantiles: np.ndarray, truth: np.ndarray, scale: float) -> tuple[float, float, float]:
    """MASE, scaled quantile loss, coverage: [N, 9, H] against [N, H]."""
    known = ~np.isnan(truth)
    mase = np.abs(truth - quantiles[:, MIDDLE])[known].mean() / scale
    missed = truth[:, None, :] - quantiles
    pinball = 2 * np.maximum(LEVELS[None, :, None] * missed, (LEVELS[None, :, None] - 1) * missed).mean(1)
    inside = (quantiles[:, LOW] <= truth) & (truth <= quantiles[:, HIGH])
    return float(mase), float(pinball[known].mean() / scale), float(inside[known].mean())


def judged(project: Any, catalog: Catalog, model: str, steps: int) -> tuple[ForecastJudgement, float, float]:
    began = time.perf_counter()
    events = list(fit(new_config(project, catalog.get(model), options={"steps": steps}), project, catalog))
    finished = events[-1]
    assert isinstance(finished, Finished)
    found = evaluate(project, finished.run_id, Split.TEST, catalog)
    assert isinstance(found, ForecastJudgement)
    return found, float(catalog.get(finished.model_id).options[FACTOR]), time.perf_counter() - began


def measure(name: str, table: pd.DataFrame, steps: int, catalog: Catalog, folder: Path) -> list[str]:
    """Rows of the page for one set."""
    file = folder / f"{name.split()[0]}.csv"
    table.to_csv(file, index=False)
    project, result = project_from_plan(sniff([file]))
    assert not result.problems
    lines = []
    with project:
        ets, factor, seconds = judged(project, catalog, "exponential-smoothing", steps)
        for one in ets.series:
            column = table[one.name].to_numpy(np.float64)
            at = [c.occasion.at for c in one.cases]
            truth = np.array([c.occasion.truth for c in one.cases])
            season = one.forecast.season
            assert at[0] >= parts_of(len(column)).test
            ours = np.array([c.occasion.ets for c in one.cases])
            there = directly(column, at, truth.shape[1], season)
            apart = np.max(np.abs(ours[:, [LOW, MIDDLE, HIGH]] - there) / np.maximum(1.0, np.abs(there)))
            past = column[: parts_of(len(column)).validation]
            errors = np.abs(past[season:] - past[:-season])
            scale = float(np.nanmean(errors))
            mine = [
                sum(x)
                for x in zip(
                    *[(s.error, s.pinball, s.inside, s.steps) for s in (c.by["said"] for c in one.cases)], strict=True
                )
            ]
            said = np.array([c.occasion.said for c in one.cases])
            independent = counted(said, truth, scale)
            ours_counted = (mine[0] / mine[3], mine[1] / mine[3], mine[2] / mine[3])
            measures = max(abs(a - b) for a, b in zip(independent, ours_counted, strict=True))
            known = ~np.isnan(truth)
            winters = np.abs(truth - holt_winters(column, at, truth.shape[1], season))[known].mean() / scale
            naive = np.array([c.occasion.naive for c in one.cases])
            full = filled(column)
            repeated = np.array([[full[t - season + h % season] for h in range(truth.shape[1])] for t in at])
            naive_apart = float(np.max(np.abs(naive[:, MIDDLE] - repeated)))
            before, after = counted(ours, truth, scale), independent
            lines.append(
                f"| {one.name} | {len(column)} | {len(at)} x {truth.shape[1]} | {season} | {apart:.1e} | {measures:.1e} |"
                f" {counted(naive, truth, scale)[0]:.3f} | {before[0]:.3f} | {winters:.3f} | {before[2]:.0%} | {factor:.2f} |"
                f" {after[2]:.0%} |"
            )
            if apart > 1e-6 or measures > 1e-6:
                raise SystemExit(f"{one.name}: not the same as statsmodels ({apart}, {measures})")
            if naive_apart > 1e-6 and not np.isnan(column).any():
                raise SystemExit(f"{one.name}: repeating the last season differs by {naive_apart}")
        print(f"{name}: {ets.sentence()} ({seconds:.0f} s)", file=sys.stderr)
        lines.append(f"| *{name}* | | | | | | | | | | | {seconds:.0f} s |")
    return lines


def bad_inputs(folder: Path) -> list[str]:
    """Each kind of bad input with the sentence the app says."""
    months = [f"{2015 + i // 12}-{i % 12 + 1:02}" for i in range(30)]
    tables = {
        "too short": [f"{m},{i * i if i < 9 else ''},{i}" for i, m in enumerate(months)],
        "always the same": [f"{m},5,{i}" for i, m in enumerate(months)],
        "words among the numbers": [f"{m},{'closed' if i % 7 == 0 else i},{i}" for i, m in enumerate(months)],
        "one word among the numbers": [f"{m},{'closed' if i == 7 else i * i % 11},{i}" for i, m in enumerate(months)],
        "mostly empty": [f"{m},{i if i % 3 == 0 or i < 12 else ''},{i}" for i, m in enumerate(months * 1)],
        "gaps": [f"{m},{'' if i in (4, 5) else i * i % 11},{i}" for i, m in enumerate(months)],
        "out of order": [
            f"{m},{i * i % 11},{i}" for i, m in reversed(list(enumerate(months[:15] + months[15:][::-1])))
        ],
        "a time twice, the same": [f"{m},{i * i % 11},{i}" for i, m in enumerate(months)] + ["2015-03,4,2"],
        "a time twice, different": [f"{m},{i * i % 11},{i}" for i, m in enumerate(months)] + ["2015-03,99,2"],
        "uneven times": [
            f"2024-01-01 {i // 60:02}:{i % 60:02},{i},{i}" for i in (0, 7, 9, 20, 21, 33, 50, 52, 61, 70, 90, 95)
        ],
        "a date that is none": [f"{'soon' if i == 20 else m},{i * i % 11},{i}" for i, m in enumerate(months)],
        "dates in two ways": [f"{m:02}/{d:02}/2023,{m * d % 7},{d}" for m in range(1, 4) for d in range(1, 13)],
    }
    lines = []
    for what, rows in tables.items():
        file = folder / "bad.csv"
        file.write_text("when,a,b\n" + "\n".join(rows) + "\n")
        try:
            plan = sniff([file])
            said = [p for p in (*plan.problems, *plan.repairs) if p.where == "a"]
            words = " ".join([*(f"{p.message} {p.hint}".strip() for p in said), *plan.warnings])
            kept = "comes in" if any(m[0] == "a" for m in getattr(plan, "made", ())) else "left out"
        except UserError as error:
            words, kept = str(error), "left out"
        lines.append(f"| {what} | {kept} | {words} |")
        assert words, what
    return lines


def main() -> None:
    """Measure, and print or write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    warnings.simplefilter("ignore")
    catalog = Catalog.load()
    with tempfile.TemporaryDirectory() as place:
        rows = [line for n, (t, s) in sets().items() for line in measure(n, t, s, catalog, Path(place))]
        bad = bad_inputs(Path(place))
    text = f"""# Forecasts beside statsmodels

Written by `python benchmarks/forecasts.py --write`, with statsmodels {statsmodels.__version__} on its own data sets (public domain). Every
set goes the whole way: a CSV file, import, a project, judged as it is. The last fifth of each series judges; on each occasion only
what was known then is seen.

- **apart**: the largest difference between our exponential smoothing (low, middle, high) and statsmodels' ETSModel called by this
  script on the same occasions, relative to the numbers. The same computation, so it must be below 1e-6.
- **measures apart**: the largest difference between our MASE, quantile loss and coverage and those this script counts with numpy.
- **MASE** of repeating the last season, of our ETS, and of Holt-Winters (statsmodels' ExponentialSmoothing, damped, by least squares,
  fitted anew on every occasion): another method, so near but not the same.
- **in range**: how often what came lay in the stated 80 % range, of ETS as it is; **factor**: by what the range was widened or narrowed
  on the validation fifth (one factor for all series of a set); **in range after**: with it, on the test fifth it was not chosen on.

| series | numbers | occasions x steps | season | apart | measures apart | MASE last season | MASE ETS | MASE Holt-Winters | in range | factor | in range after |
|---|---|---|---|---|---|---|---|---|---|---|---|
{chr(10).join(rows)}

The last row of each set has the time for judging all of it. Where the future is not like the past (a test fifth that is calmer or wilder
than the validation fifth) a range that was set right before is not right after: no method can mend that, and the app says how often it held.

## What is odd is said beside the series

| what | it | sentence |
|---|---|---|
{chr(10).join(bad)}
"""
    print(text)
    if write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
