"""Judging models that sort into classes; the counting is in `workbench.trust.metrics`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.trust.groups import Rates, class_rates
from workbench.trust.judging import Answered
from workbench.trust.metrics import Comparison, Evaluation, evaluation_from_predictions
from workbench.trust.metrics import compare as _compare


def judge(classes: Sequence[str], answers: Sequence[Answered], split: str) -> Evaluation:
    """See `workbench.trust.judging`."""
    return evaluation_from_predictions(classes, [a.said for a in answers], split)


def compare(a: Evaluation, b: Evaluation) -> Comparison:
    """McNemar's exact test."""
    return _compare(a, b)


def rates_by_group(judgement: Evaluation, values: Mapping[int, str], groups: Sequence[str]) -> tuple[Rates, ...]:
    """What is missed and what is a false alarm, class by class on each group.

    Args:
        values: item id to group, of items that were judged; `groups`: in the order wanted.
    """
    truth = {p.item_id: p.true_class for p in judgement.predictions}
    said = {p.item_id: p.predicted_class for p in judgement.predictions}
    return tuple(class_rates(name, truth, said, values, groups) for name in judgement.classes)
