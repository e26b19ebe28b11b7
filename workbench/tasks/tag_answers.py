"""From logits of several labels to what a model answers: its percentages set right, the thresholds that hold, and whether it
is sure enough to say anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workbench.tasks.predictions import Scores
from workbench.tasks.several import several_scores, thresholds_of
from workbench.tasks.tag_calibration import tag_calibration_of
from workbench.tasks.tag_decision import decided_tags, tag_decision_of

if TYPE_CHECKING:
    import torch


def tag_logits(logits: torch.Tensor, options: Mapping[str, Any]) -> torch.Tensor:
    """float [N, C], set right as the model's options say; float64 where they do."""
    calibration = tag_calibration_of(options, logits.shape[-1])
    return logits if calibration is None else calibration.logits(logits)


def tag_thresholds(options: Mapping[str, Any], labels: Sequence[str]) -> tuple[float, ...] | None:
    """From which probability on each label counts: as was decided, else as was settled; None where one label excludes
    the others."""
    usual = thresholds_of(options, len(labels))
    decision = tag_decision_of(options, labels) if usual is not None else None
    return usual if usual is None or decision is None else decision.thresholds(usual, labels)


def tag_answers(
    logits: torch.Tensor, labels: Sequence[str], options: Mapping[str, Any], notes: Sequence[str] = (), keep: int = 0
) -> list[Scores]:
    """Logits float [N, C] as the model of these options means them; see `several_scores` for `keep`."""
    limits = tag_thresholds(options, labels) or ()
    decision = tag_decision_of(options, labels)
    found = several_scores(tag_logits(logits, options), labels, limits, notes, 0 if decision is not None else keep)
    if decision is None:
        return found
    # All labels are asked before some are left out of the list.
    found = [decided_tags(scores, decision) for scores in found]
    return [replace(s, top=s.top[: max(keep, sum(t.counts for t in s.top))]) for s in found] if keep else found
