"""Sorting rows of a table: which of its classes a customer, a loan, a patient belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.errors import UserError
from workbench.tasks.base import TaskInfo
from workbench.tasks.classification import Classification, as_classifier
from workbench.tasks.lesson import Example
from workbench.tasks.predictions import Prediction, Scores
from workbench.tasks.tables import FILES, TableTask
from workbench.tasks.temperature import temperature_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

    from workbench.data.project import Project
    from workbench.runtimes.base import Loaded

# What logits, temperatures and decisions of classes mean, whatever they were computed from.
_SORTING = Classification()


class TabularClassification(TableTask):
    """See `workbench.tasks.base.Task`."""

    info = TaskInfo(
        id="tabular-classification",
        title="Sort rows of a table",
        summary="Finds out a column of classes from the others: will this customer leave, is this loan at risk?",
        media="row",
        noun="row",
        nouns="rows",
        icon="table",
        editor="classes",
        judge="classes",
        trainable=True,
        first=True,
        group="Tables",
        question="find out a class from the columns of a table: risk, churn, yes or no",
        taught_only=True,
        import_formats=("table",),
        file_suffixes=FILES,
    )

    def answers(self, rows: torch.Tensor, model: Loaded, notes: Sequence[str]) -> list[Prediction]:
        return [*_SORTING.said(as_classifier(model).class_logits({"table": rows}), model, notes)]

    def plain_answers(self, rows: torch.Tensor, model: Loaded) -> list[Prediction]:
        return _SORTING.answers(as_classifier(model).class_logits({"table": rows}), model.labels)

    def asked(self, row: list[float], model: Loaded, target: str) -> tuple[str, Callable[[torch.Tensor], list[float]]]:
        import torch

        def shares(rows: torch.Tensor) -> torch.Tensor:
            logits = as_classifier(model).class_logits({"table": rows}).double()
            return torch.softmax(logits / temperature_of(model.card.options), 1)

        if target and target not in model.labels:
            raise UserError(f"“{target}” is none of its classes.", f"It knows: {', '.join(model.labels[:12])}.")
        place = (
            model.labels.index(target) if target else int(shares(torch.tensor([row], dtype=torch.float64))[0].argmax())
        )
        return model.labels[place], lambda rows: shares(rows)[:, place].tolist()

    def measured(self, said: Sequence[Prediction], truths: npt.NDArray[np.float64]) -> tuple[float, float]:
        import math

        pairs = [(p, int(t)) for p, t in zip(said, truths, strict=True) if isinstance(p, Scores)]
        if not pairs:
            return -1.0, 0.0
        right = [next((s.value for s in p.top if s.index == t), 0.0) for p, t in pairs]
        loss = -sum(math.log(max(v, 1e-12)) for v in right) / len(right)
        return loss, sum(p.best.index == t for p, t in pairs) / len(pairs)

    def truths(self, examples: Sequence[Example]) -> npt.NDArray[np.float64]:
        import numpy as np

        return np.array([e.target for e in examples], np.float64)

    def settled(
        self, options: Mapping[str, Any], examples: Sequence[Example], said: Sequence[Prediction], classes: int
    ) -> tuple[dict[str, Any], list[Prediction]]:
        found = _SORTING.settle(options, examples, said, classes)
        return found, [_SORTING.settled(p, found) for p in said]

    def check(self, project: Project) -> None:
        super().check(project)
        _CHECKED.check(project)

    def describe(self, classes: Sequence[str]) -> tuple[str, str]:
        return (
            f"Sorts rows into: {', '.join(classes)}.",
            f"Knows only these {len(classes)} classes and always names one of them. It goes by the columns it learnt from, in the"
            " way they were filled in then; what it finds is no cause.",
        )


class _Checked(Classification):
    info = TabularClassification.info


_CHECKED = _Checked()
TASK = TabularClassification()
