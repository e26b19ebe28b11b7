"""Sorting rows of a table: which of its classes a customer, a loan, a patient belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.tasks.base import TaskInfo
from workbench.tasks.classification import Classification, as_classifier
from workbench.tasks.lesson import Example
from workbench.tasks.predictions import Prediction
from workbench.tasks.tables import FILES, TableTask

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
