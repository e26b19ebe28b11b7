"""Estimating a number from the other columns of a table: a price, a demand, a measurement."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.data.columns import target_of
from workbench.data.numbers import number
from workbench.data.project_columns import columns_of
from workbench.tasks.base import TaskInfo
from workbench.tasks.intervals import ranged, settle_interval
from workbench.tasks.lesson import Example
from workbench.tasks.predictions import Number, Prediction
from workbench.tasks.tables import FILES, TableTask, table_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

    from workbench.data.project import Project
    from workbench.runtimes.base import Loaded


class TabularRegression(TableTask):
    """See `workbench.tasks.base.Task`."""

    info = TaskInfo(
        id="tabular-regression",
        title="Estimate a number in a table",
        summary="Estimates a column of numbers from the others, with the range it most likely lies in: price, demand, dose.",
        media="row",
        noun="row",
        nouns="rows",
        icon="trending-up",
        result="number",
        editor="number",
        mark="number",
        judge="numbers",
        trainable=True,
        first=True,
        group="Tables",
        question="estimate a number from the columns of a table: price, demand, risk score",
        taught_only=True,
        import_formats=("table",),
        file_suffixes=FILES,
    )

    def answers(self, rows: torch.Tensor, model: Loaded, notes: Sequence[str]) -> list[Prediction]:
        options = model.card.options
        return [
            ranged(Number(p.value, unit=p.unit, name=p.name, note=note), options)
            for p, note in zip(self._plain(rows, model), notes, strict=True)
        ]

    def plain_answers(self, rows: torch.Tensor, model: Loaded) -> list[Prediction]:
        return [*self._plain(rows, model)]

    def _plain(self, rows: torch.Tensor, model: Loaded) -> list[Number]:
        from workbench.runtimes.base import Estimator, require

        table = table_of(model)
        values = require(model, Estimator).estimate({"table": rows}).tolist()
        return [Number(v, unit=table.unit, name=table.target) for v in values]

    def asked(self, row: list[float], model: Loaded, target: str) -> tuple[str, Callable[[torch.Tensor], list[float]]]:
        from workbench.runtimes.base import Estimator, require

        estimator = require(model, Estimator)
        return table_of(model).target, lambda rows: estimator.estimate({"table": rows}).tolist()

    def measured(self, said: Sequence[Prediction], truths: npt.NDArray[np.float64]) -> tuple[float, float]:
        import numpy as np

        values = np.array([p.value for p in said if isinstance(p, Number)], np.float64)
        if not len(values):
            return -1.0, 0.0
        spread = float(truths.var())
        loss = float(((values - truths) ** 2).mean()) / spread if spread > 0 else 0.0
        return loss, max(0.0, 1 - loss)

    def truths(self, examples: Sequence[Example]) -> npt.NDArray[np.float64]:
        import numpy as np

        return np.array([truth_of(e) for e in examples], np.float64)

    def settled(
        self, options: Mapping[str, Any], examples: Sequence[Example], said: Sequence[Prediction], classes: int
    ) -> tuple[dict[str, Any], list[Prediction]]:
        numbers = [p for p in said if isinstance(p, Number)]
        found = settle_interval(options, [p.value for p in numbers], [truth_of(e) for e in examples])
        return found, [ranged(p, found) for p in numbers]

    def describe(self, classes: Sequence[str]) -> tuple[str, str]:
        return (
            "Estimates a number from the columns of a row.",
            "It never goes far beyond the numbers it learnt from, and the range it gives holds only for rows like those.",
        )

    def number_named(self, project: Project) -> tuple[str, str]:
        """What the numbers of a project are: name and unit."""
        target = target_of(columns_of(project))
        return (target.name, target.unit) if target is not None else ("", "")


def truth_of(example: Example) -> float:
    """The number an example says; NaN where it says none."""
    return next((v for a in example.annotations if (v := number(a.text)) is not None), math.nan)


TASK = TabularRegression()
