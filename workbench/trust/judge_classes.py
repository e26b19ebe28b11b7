"""Judging models that sort into classes; the counting is in `workbench.trust.metrics`."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.trust.judging import Answered
from workbench.trust.metrics import Comparison, Evaluation, evaluation_from_predictions
from workbench.trust.metrics import compare as _compare


def judge(classes: Sequence[str], answers: Sequence[Answered], split: str) -> Evaluation:
    """See `workbench.trust.judging`."""
    return evaluation_from_predictions(classes, [a.said for a in answers], split)


def compare(a: Evaluation, b: Evaluation) -> Comparison:
    """McNemar's exact test."""
    return _compare(a, b)
