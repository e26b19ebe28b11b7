"""Teaching a forecaster one's own series, or only judging it as it is and setting its range right.

A network learns from windows of the part of each series that is for learning, never from what comes later: a past and what
came then, drawn at random (Ansari et al. 2024, section 3). Quick and formulas learn nothing. In all cases the width of the range
is settled on the validation part (see `ranges`).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workbench.data.types import Split
from workbench.errors import UserError
from workbench.tasks.forecasting import HORIZON, ahead, rescaled, season_of, with_ranges
from workbench.tasks.lesson import Checked, Example, How, Lesson, Material, Step
from workbench.tasks.occasions import (
    TEST,
    VALIDATION,
    Rivals,
    occasions,
    occasions_each,
    parts_of,
    season_scale,
    steps_for,
)
from workbench.tasks.predictions import FORECAST_LEVELS, Forecast, Occasion, Prediction
from workbench.tasks.ranges import FACTOR, Widths, settle_widths

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Loaded

EPOCHS = {How.QUICK: 0, How.BALANCED: 8, How.THOROUGH: 20}
# An epoch draws so many windows, shared out evenly over the series.
WINDOWS = 256
_BATCH = 8
_RATES = {How.BALANCED: 1e-4, How.THOROUGH: 2e-4}
_SHORTEST = 8
# Of all series together, and with an item's id behind it of one.
_SETTLED = "settled.interval_widths"


class ForecastLesson(Lesson):
    """See `workbench.tasks.lesson.Lesson`."""

    judged_by = "loss"
    tests_first = False
    weight_decay = 0.01
    clip_norm = 1.0

    def __init__(self, material: Material) -> None:
        from workbench.runtimes.base import Forecaster, require

        self._model: Loaded = material.model
        self._forecaster = require(material.model, Forecaster)
        self._control = material.control
        self.learns = hasattr(material.model, "loss") and material.how is not How.QUICK
        self.epochs = EPOCHS[material.how] if self.learns else 0
        self.checks_first = self.learns
        self.batch = _BATCH
        self.head_rate = self.body_rate = _RATES.get(material.how, 1e-4)
        self._rivals = Rivals(material.control)
        self._most = occasions_each(len(material.train))
        wanted = material.options.get("steps") or 0
        lengths = [e.item.width for e in material.train if e.item.width]
        seasons = sorted(season_of(e.annotations) or 1 for e in material.train)
        self.steps = steps_for(seasons[len(seasons) // 2] if seasons else 1, lengths, int(wanted))
        # A series lends more than one window to an epoch where there are few.
        self.repeats = max(1, WINDOWS // max(1, len(material.train))) if self.learns else 1
        self._part = VALIDATION
        self._widths = Widths()
        # Series of one name are taken together: a card knows them by it.
        self._names = {e.item.id: e.item.name for e in material.train}
        # As the model gave them; and what each series' widths have become by its end.
        self._validated: dict[int, tuple[Occasion, ...]] = {}
        self._newest: dict[str, list[tuple[float, ...]]] = {}
        self._wanted = int(wanted)

    @property
    def module(self) -> nn.Module:
        network = self._model.network
        assert network is not None
        return network

    def notes(self) -> list[str]:
        found = [
            f"It is asked to look {self.steps} steps ahead, on occasions in the last two fifths of each series; what comes after"
            " each of them is hidden from it."
        ]
        if self._wanted > self.steps:
            found.append(
                f"{self._wanted} steps are more than the last fifth of the shortest series has, so it is judged on {self.steps}."
            )
        if not self.learns:
            found.append("Nothing is learnt this way: the model stays as it is, and only its range is set right.")
        return found

    def stages(self) -> list[list[nn.Parameter]]:
        return [list(self.module.parameters()) if self.learns else []]

    def training_mode(self) -> None:
        self.module.train()

    def look_at(self, split: Split) -> None:
        """Which part of the series `check` asks about from now on (see `TaskInfo.parts_within`)."""
        self._part = TEST if split is Split.TEST else VALIDATION
        self._newest = {}
        # Of processes that train together each asks on the test part about all series: the widths at their ends are of all.
        self.checks_whole = self._part == TEST

    def prepare(self, example: Example, augment_seed: int | None = None) -> dict[str, Any]:
        """The series; with a seed also a window drawn from the part for learning."""
        from workbench.data.series import guess_season
        from workbench.data.series_sample import series_of

        series, _ = series_of(example.item.sample())
        season = season_of(example.annotations) or guess_season(series)
        found: dict[str, Any] = {
            "item_id": example.item.id,
            "name": example.item.name,
            "series": series,
            "season": season,
        }
        if self.learns:
            past, future = self._window(series.values[: parts_of(len(series)).validation], augment_seed or 0)
            found |= {"past": past, "future": future}
        return found

    def _window(self, values: Any, seed: int) -> tuple[Any, Any]:
        """A past and what came then, drawn from exactly this seed; what came has at least one known number."""
        import numpy as np

        model: Any = self._model
        if len(values) < _SHORTEST + 2:
            raise UserError("This series is too short to learn from.", "Judge a model on it as it is: choose Quick.")
        rng = random.Random(seed)
        ahead_steps = max(1, min(model.longest_future, max(self.steps, 8), (len(values) - _SHORTEST) // 2 + 1))
        for _ in range(20):
            at = rng.randint(_SHORTEST, len(values) - ahead_steps)
            past, future = values[max(0, at - model.longest_past) : at], values[at : at + ahead_steps]
            if not np.isnan(future).all() and not np.isnan(past).all():
                return past, future
        raise UserError("This series has too many gaps to learn from.", "Fill them, or leave the series out.")

    def step(self, prepared: Sequence[Mapping[str, Any]]) -> Step:
        model: Any = self._model
        return Step(model.loss([p["past"] for p in prepared], [p["future"] for p in prepared]))

    def check(self, prepared: Sequence[Mapping[str, Any]]) -> Checked:
        """On validation the range is as the model gives it, until `settle`; on test it goes on from there (`ranges.followed`)."""
        import torch

        found: list[Prediction] = []
        losses: list[float] = []
        for sample in prepared:
            self._control.check()
            series, season, key = sample["series"], sample["season"], sample["item_id"]
            now = settled = self._widths.at(sample["name"], self.steps)
            with torch.inference_mode():
                made = occasions(
                    self._forecaster,
                    series,
                    self._part,
                    self.steps,
                    season,
                    self._most,
                    self._control,
                    self._rivals,
                    key,
                )
                if self._part == TEST:
                    made, now = with_ranges(self._validated.get(key, ()), made, settled)
                    self._newest.setdefault(sample["name"], []).append(now)
                going_on = (
                    ahead(self._forecaster, series, self.steps, season, now, self._control)
                    if self._part == TEST
                    else _past_only(series, season)
                )
            scale = season_scale(series.values[: parts_of(len(series)).validation], season)
            losses.append(quantile_loss([o for o in made if o.part == self._part], scale))
            found.append(replace(going_on, occasions=made, scale=scale))
        return Checked(found, losses)

    def settle(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[Prediction]:
        """How wide the range must be, from what came on the occasions of the validation part."""
        by_name: dict[str, list[Occasion]] = {}
        for example, said in zip(examples, predictions, strict=True):
            if isinstance(said, Forecast):
                by_name.setdefault(example.item.name, []).extend(said.occasions)
        self._widths = settle_widths(by_name)
        settled: list[Prediction] = []
        for example, said in zip(examples, predictions, strict=True):
            if isinstance(said, Forecast):
                self._validated[example.item.id] = said.occasions
                widths = self._widths.at(example.item.name, self.steps)
                said = replace(said, occasions=tuple(rescaled(o, widths) for o in said.occasions))
            settled.append(said)
        return settled

    def state(self) -> dict[str, torch.Tensor]:
        import torch

        widths = {_SETTLED: torch.tensor(self._widths.usual, dtype=torch.float64)}
        for item, name in self._names.items():
            if name in self._widths.of:
                widths[f"{_SETTLED}.{item}"] = torch.tensor(self._widths.of[name], dtype=torch.float64)
        return self._model.state() | widths

    def load_state(self, state: Mapping[str, torch.Tensor]) -> None:
        def row(key: str) -> tuple[float, ...]:
            return tuple(float(v) for v in state[key].tolist()) if key in state else ()

        of = {name: found for item, name in self._names.items() if (found := row(f"{_SETTLED}.{item}"))}
        self._widths = Widths(row(_SETTLED), of)
        self._model.load_state({k: v for k, v in state.items() if not k.startswith("settled.")})

    def result(self) -> Loaded:
        card = self._model.card
        # Of several series of one name the widest counts.
        newest = {name: tuple(map(max, *rows)) if len(rows) > 1 else rows[0] for name, rows in self._newest.items()}
        widths = self._widths.after(newest) if newest else self._widths
        kept = {k: v for k, v in card.options.items() if k != FACTOR}
        self._model.card = replace(card, options={**kept, **widths.to_options(), HORIZON: self.steps})
        return self._model


def _past_only(series: Any, season: int) -> Forecast:
    """While a model learns, only occasions of the past are of interest."""
    from workbench.tasks.forecasting import SHOWN

    first = max(0, len(series) - SHOWN)
    return Forecast(
        (), (), tuple(float(v) for v in series.values[first:]), series.labels(first, len(series) - first), first,
        series.step.words, season,
    )  # fmt: skip


def quantile_loss(given: Sequence[Occasion], scale: float) -> float:
    """Twice the mean pinball loss over levels and known steps, in units of `scale`; 0 for nothing."""
    total, count = 0.0, 0
    for occasion in given:
        for level, row in zip(FORECAST_LEVELS, occasion.said, strict=True):
            for said, truth in zip(row, occasion.truth, strict=True):
                if truth == truth:
                    total += 2 * max(level * (truth - said), (level - 1) * (truth - said))
                    count += 1
    return total / count / scale if count else 0.0
