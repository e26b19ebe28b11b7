"""Forecasting: how a row of numbers may go on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.annotations import Annotation
from workbench.data.types import Item, Sample
from workbench.errors import UserError
from workbench.tasks.base import BaseTask, Option, TaskInfo, TryOptions
from workbench.tasks.lesson import How
from workbench.tasks.predictions import FORECAST_LEVELS, HIGH, LOW, MIDDLE, Forecast, Occasion, Prediction
from workbench.tasks.ranges import STATED, followed, widened, widths_of

if TYPE_CHECKING:
    from workbench.data.project import Project
    from workbench.data.series import Series
    from workbench.runtimes.base import Loaded
    from workbench.tasks.lesson import Lesson, Material


STEPS = Option(
    "steps", "How far ahead, in steps", "number", 12,
    "The forecast horizon: as many steps of the same length as your numbers have", 1, 512, 1,
)  # fmt: skip
SEASON = Option(
    "season", "Comes round again after so many steps", "number", 0,
    "The season's length: 12 for months with a year's rhythm; 0: guessed from the numbers, 1: there is none", 0, 5000, 1,
)  # fmt: skip
# Of a taught model's card: how far ahead it was judged (by what its range is widened: see `ranges`).
HORIZON = "horizon"
NO_PROMISE = (
    "The past need not go on: how well a strategy or a market did is no promise. This is no advice to buy or sell, and the app is"
    " connected to no exchange."
)
_RANGE = "In 8 of 10 cases the number should lie between low and high, if the future is like the past."
_NARROW = (
    "Take the range for too narrow: it is meant to hold 8 of 10 numbers, but of those that came later in the series it learnt from only"
    " {share:.0%} lay in it."
)
# So many of the last numbers go with an answer, for the drawing.
SHOWN = 2000
_ROLLING = "rolling"
# Of an estimate: the runtime that estimates once for all occasions, what one occasion then costs of that, seconds that an estimation
# takes for each number (with a season; measured), and bytes that any training takes.
_ROLLED, _SMOOTHED, _ESTIMATED, _MEMORY = "ets", 0.05, 8e-4, 180_000_000
_MOST_LOOKED_AT = 200


class Forecasting(BaseTask):
    """See `workbench.tasks.base.Task`."""

    info = TaskInfo(
        id="forecasting",
        title="Look ahead",
        summary="Goes on with a row of numbers: sales, visits, temperatures. It gives a range, not a promise.",
        media="series",
        noun="series",
        nouns="series",
        icon="trending-up",
        result="forecast",
        file_suffixes=(".csv", ".tsv", ".xlsx"),
        options=(STEPS, SEASON),
        group="Numbers",
        question="look ahead: how numbers over time may go on",
        trainable=True,
        editor="season",
        learns_as_is=True,
        parts_within=True,
        judge="forecast",
        mark="season",
        import_formats=("table",),
        learns_with=("steps",),
        warning=NO_PROMISE,
        many="Drop tables with a date and numbers, or a folder of them: how each series may go on is saved as a table (CSV).",
        ways={
            "quick": "As it is: nothing is learnt; its range is set right on your numbers, and it is judged. Right for every"
            " model, and all there is for formulas.",
            "balanced": "Fine-tunes the network on the older part of your series, in small steps. For many series, or long ones.",
            "thorough": "Fine-tunes longer. Wants thousands of numbers; watch that the steering curve does not rise.",
        },
    )

    # Asking -----------------------------------------------------------------------------------------------------------

    def sample_of(self, item: Item, annotations: Sequence[Annotation]) -> Sample:
        """An item is asked how it goes on, and on occasions in its own past."""
        season = season_of(annotations)
        return replace(item.sample(), asked=(_ROLLING, str(season)))

    def samples_in(self, path: Path, control: Control) -> Iterable[Sample]:
        from workbench.data.series_sample import samples_in

        return samples_in(Sample("series", path.name, path=path))

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        from workbench.data.series import guess_season
        from workbench.data.series_sample import series_of

        series, odd = series_of(sample)
        asked = sample.asked[1] if len(sample.asked) > 1 else ""
        return {
            "series": series,
            "season": int(asked) if asked.isdigit() and int(asked) else guess_season(series),
            "rolling": _ROLLING in sample.asked,
            "name": sample.name,
            "note": " ".join(odd),
        }

    def predict_stream(
        self, sample: Mapping[str, Any], model: Loaded, options: TryOptions, control: Control
    ) -> Iterator[Prediction]:
        from workbench.runtimes.base import Forecaster, require
        from workbench.tasks.occasions import parts_of, season_scale

        series: Series = sample["series"]
        season = int(options.number(SEASON)) or sample["season"]
        steps = int(options.number(STEPS))
        if STEPS.id not in options.values and HORIZON in model.card.options:
            steps = int(model.card.options[HORIZON])
        forecaster = require(model, Forecaster)
        widths, name = widths_of(model.card.options), sample["name"]
        if sample["rolling"]:
            past, now = looked_back(forecaster, series, steps, season, widths.at(name, steps), control)
            found = replace(
                ahead(forecaster, series, steps, season, now, control),
                occasions=past,
                scale=season_scale(series.values[: parts_of(len(series)).validation], season),
            )
        else:
            found = ahead(forecaster, series, steps, season, widths.now(name, steps), control)
        said = (sample["note"], range_words(model.card), NO_PROMISE)
        yield replace(found, note=" ".join(part for part in said if part))

    # Teaching ---------------------------------------------------------------------------------------------------------

    def check(self, project: Project) -> None:
        if not project.counts().labelled:
            raise UserError("There is no series in this project yet.", "Import a table with dates and numbers.")

    def lesson(self, material: Material) -> Lesson:
        from workbench.tasks.forecast_lesson import ForecastLesson

        return ForecastLesson(material)

    def describe(self, classes: Sequence[str]) -> tuple[str, str]:
        return (
            "Goes on with series like yours, with a range that was set right on them.",
            f"It sees only the numbers: not holidays, prices or plans. {NO_PROMISE}",
        )

    def how_words(self, card: ModelCard) -> dict[How, tuple[str, str]]:
        """A formula has nothing to learn, whichever way is chosen."""
        if card.parameters:
            return {}
        same = "Nothing more: a formula has nothing to learn, so this is the same as Quick.", "No parameters to train"
        return {How.BALANCED: same, How.THOROUGH: same}

    def passes(self, card: ModelCard, how: How, epochs: int, items: int) -> float:
        """In looks ahead: those on occasions of both parts, and the windows learnt from (each costs a fraction of one). Of
        exponential smoothing a look is an estimation, which is made once for all occasions of a part."""
        from workbench.tasks.forecast_lesson import EPOCHS, WINDOWS
        from workbench.tasks.occasions import occasions_each

        each = occasions_each(items)
        if card.runtime == _ROLLED:
            return items * 2.0 * (1.0 + _SMOOTHED * each)
        rounds = 0 if card.parameters == 0 else (epochs or EPOCHS[how])
        return items * each * (2.0 + 0.6 * rounds) + rounds * WINDOWS * 0.1

    def more_seconds(self, project: Project, card: ModelCard, how: How) -> float:
        """The yardstick of exponential smoothing that stands beside every model: estimated on both parts of every series."""
        from workbench.data.types import ItemFilter
        from workbench.tasks.occasions import occasions_each

        if card.runtime == _ROLLED:
            return 0.0
        lengths = [i.width for i in project.items(project.item_ids(ItemFilter(problems=False))[:_MOST_LOOKED_AT])]
        total = project.counts().labelled
        mean = sum(lengths) / len(lengths) if lengths else 0.0
        return total * 2 * _ESTIMATED * mean * (1.0 + _SMOOTHED * occasions_each(total))

    def memory(self, card: ModelCard, items: int) -> int:
        """Bytes: statsmodels or torch, and for networks the weights with gradients and averages."""
        return _MEMORY + card.parameters * 4 * 4

    def once(self, prepared: Mapping[str, Any], model: Loaded) -> None:
        """One look ahead, for measuring the speed."""
        from workbench.runtimes.base import Forecaster, require

        forecaster = require(model, Forecaster)
        forecaster.forecast(prepared["series"].values, 12, FORECAST_LEVELS, Control(), prepared["season"])


def season_of(annotations: Sequence[Annotation]) -> int:
    """What is said of a series' season; 0 where nothing is."""
    for annotation in annotations:
        words = annotation.text.strip()
        if not annotation.is_proposal and words.isdigit() and 0 < int(words) <= SEASON.high:
            return int(words)
    return 0


def range_words(card: ModelCard) -> str:
    """What is to be thought of the range: that of a model whose range held too seldom is not praised."""
    high, share = card.metrics.get("coverage_high"), card.metrics.get("coverage")
    if isinstance(high, float) and isinstance(share, float) and high < STATED:
        return _NARROW.format(share=share)
    return _RANGE


def ahead(model: Any, series: Series, steps: int, season: int, widths: Sequence[float], control: Control) -> Forecast:
    """How a series may go on. Raises: UserError, Cancelled."""
    import numpy as np

    found = model.forecast(series.values, steps, FORECAST_LEVELS, control, season)
    found = widened(np.sort(np.asarray(found, np.float64), axis=0), widths)
    length, first = len(series), max(0, len(series) - SHOWN)
    rows = tuple((float(found[LOW, i]), float(found[MIDDLE, i]), float(found[HIGH, i])) for i in range(steps))
    return Forecast(
        rows,
        series.labels(length, steps),
        tuple(float(v) for v in series.values[first:]),
        series.labels(first, length - first),
        first,
        series.step.words,
        season,
    )


def looked_back(
    model: Any, series: Series, steps: int, season: int, widths: Sequence[float], control: Control
) -> tuple[tuple[Occasion, ...], tuple[float, ...]]:
    """What it says on occasions of the series' own past, beside the yardsticks, and what the widths have become by the end of it.
    Raises: UserError, Cancelled."""
    from workbench.tasks.occasions import MOST, TEST, VALIDATION, Rivals, occasions

    rivals = Rivals(control)
    before = occasions(model, series, VALIDATION, steps, season, MOST, control, rivals)
    later = occasions(model, series, TEST, steps, season, MOST, control, rivals)
    return with_ranges(before, later, widths)


def with_ranges(
    before: Sequence[Occasion], later: Sequence[Occasion], widths: Sequence[float]
) -> tuple[tuple[Occasion, ...], tuple[float, ...]]:
    """Occasions with the model's range widened: as settled, and later as it was followed; and the newest widths."""
    rows, now = followed(before, later, widths)
    made = [*(rescaled(o, widths) for o in before), *(rescaled(o, row) for o, row in zip(later, rows, strict=True))]
    return tuple(made), now


def rescaled(occasion: Occasion, widths: Sequence[float]) -> Occasion:
    """An occasion with the model's range widened."""
    steps = len(occasion.truth)
    if all(w == 1.0 for w in widths[:steps]):
        return occasion
    said = widened(occasion.said, widths[:steps])
    return replace(occasion, said=tuple(tuple(float(f"{v:.9g}") for v in row) for row in said))


TASK = Forecasting()
