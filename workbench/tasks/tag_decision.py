"""What a model of several labels answers, when not by the thresholds with the best F1: what errors cost, label by label, and
when it says nothing.

As `workbench.tasks.decision` for one class: a person decides it on the Results page, it is kept among the options of the
model's card and applied to every answer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from workbench.tasks.decision import DECISION
from workbench.tasks.predictions import Score, Scores


@dataclass(frozen=True)
class LabelRule:
    """One label's: from this probability on (0..1) it is given; a missed one costs so many times as much as a wrongly given
    one, which is what the threshold was chosen by."""

    threshold: float
    cost: float = 1.0


@dataclass(frozen=True)
class TagDecision:
    """What was decided.

    Attributes:
        labels: label to its rule; those without one keep the threshold with the best F1.
        sure_from: below this certainty of having all labels right (0..1) nothing is answered; 0 always answers.
    """

    labels: Mapping[str, LabelRule] = field(default_factory=dict)
    sure_from: float = 0.0

    @property
    def empty(self) -> bool:
        return not self.labels and self.sure_from <= 0

    def to_options(self) -> dict[str, Any]:
        return {
            "labels": {n: {"threshold": round(r.threshold, 6), "cost": r.cost} for n, r in self.labels.items()},
            "sure_from": round(self.sure_from, 6),
        }  # fmt: skip

    def sentence(self) -> str:
        """In plain words; "" when nothing was decided."""
        parts = [
            f"It gives “{name}” from {rule.threshold:.0%} on, because a missed one costs {rule.cost:g} times as much as a"
            " wrongly given one."
            for name, rule in self.labels.items()
        ]
        if self.sure_from > 0:
            parts.append(f"It says nothing when it is less than {self.sure_from:.0%} sure that all labels are right.")
        return " ".join(parts)

    def thresholds(self, usual: Sequence[float], labels: Sequence[str]) -> tuple[float, ...]:
        """The usual thresholds [C] with those that were decided in their places."""
        return tuple(
            self.labels[name].threshold if name in self.labels else value
            for name, value in zip(labels, usual, strict=True)
        )


def tag_decision_of(options: Mapping[str, Any], labels: Sequence[str]) -> TagDecision | None:
    """What was decided for a model by its card's options; None when nothing was, or only of labels it does not have."""
    given = options.get(DECISION)
    if not isinstance(given, Mapping):
        return None
    rules = {}
    wanted = given.get("labels")
    for name, rule in wanted.items() if isinstance(wanted, Mapping) else ():
        if name in labels and isinstance(rule, Mapping):
            threshold, cost = _number(rule.get("threshold")), _number(rule.get("cost"))
            if threshold is not None and 0 <= threshold <= 1:
                rules[str(name)] = LabelRule(threshold, cost if cost is not None and cost > 0 else 1.0)
    sure = _number(given.get("sure_from"))
    found = TagDecision(rules, min(1.0, max(0.0, sure or 0.0)))
    return None if found.empty else found


def sure_of_all(top: Sequence[Score]) -> float:
    """How sure it is that all labels are right, 0..1: the product of how sure it is of each, given or not. Labels are
    decided independently of each other, so that is what their probabilities say together."""
    return math.prod(s.value if s.counts else 1 - s.value for s in top)


def decided_tags(prediction: Scores, decision: TagDecision) -> Scores:
    """A prediction with all labels as it was decided: it may be that it says nothing. Its thresholds are the decided ones
    already (`TagDecision.thresholds`)."""
    if decision.sure_from > 0 and sure_of_all(prediction.top) < decision.sure_from:
        return replace(prediction, unsure=True)
    return prediction


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
