"""What a model answers, when not simply its likeliest class: what errors cost, and when it says nothing.

A person decides it on the Results page; it is kept among the options of the model's card and applied to every answer.
Elkan 2001, "The foundations of cost-sensitive learning"; Chow 1970, "On optimum recognition error and reject tradeoff".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.tasks.predictions import Scores

# The name among a card's options.
DECISION = "decision"


@dataclass(frozen=True)
class Decision:
    """What was decided.

    Attributes:
        name: the class with a threshold of its own; "" for none.
        threshold: from this probability on (0..1) the answer is that class, whatever the others have.
        cost: a missed one costs so many times as much as a false alarm; what the threshold was chosen by.
        sure_from: below this certainty (0..1) nothing is answered; 0 always answers.
    """

    name: str = ""
    threshold: float = 0.5
    cost: float = 1.0
    sure_from: float = 0.0

    @property
    def empty(self) -> bool:
        return not self.name and self.sure_from <= 0

    def to_options(self) -> dict[str, Any]:
        return {
            "class": self.name, "threshold": round(self.threshold, 6), "cost": self.cost,
            "sure_from": round(self.sure_from, 6),
        }  # fmt: skip

    def sentence(self) -> str:
        """In plain words; "" when nothing was decided."""
        parts = []
        if self.name:
            parts.append(
                f"It answers “{self.name}” from {self.threshold:.0%} on, because a missed one costs {self.cost:g} times as"
                " much as a false alarm."
            )
        if self.sure_from > 0:
            parts.append(f"It says nothing when it is less than {self.sure_from:.0%} sure.")
        return " ".join(parts)


def decision_of(options: Mapping[str, Any], labels: Sequence[str]) -> Decision | None:
    """What was decided for a model by its card's options; None when nothing was, or it speaks of no class it has."""
    given = options.get(DECISION)
    if not isinstance(given, Mapping):
        return None
    name = str(given.get("class", ""))
    found = Decision(
        name if name in labels else "", _share(given.get("threshold"), 0.5), _positive(given.get("cost")),
        _share(given.get("sure_from"), 0.0),
    )  # fmt: skip
    return found if found.name or found.sure_from > 0 else None


def decided_class(row: Sequence[float], place: int, threshold: float) -> int:
    """The answer's place: `place` from the threshold on, else the likeliest of the others."""
    if row[place] >= threshold:
        return place
    return max((c for c in range(len(row)) if c != place), key=lambda c: row[c], default=place)


def decided(prediction: Scores, decision: Decision) -> Scores:
    """A prediction of one class as it was decided: the answer comes first, and may be that it says nothing.

    Whether it is sure enough is asked of the likeliest class or, where a class was found by its own threshold, not at all:
    a missed one is what the person wanted to avoid.
    """
    if prediction.several or not prediction.top:
        return prediction
    top = prediction.top
    named = next((s for s in top if s.name == decision.name), None)
    found = named is not None and named.value >= decision.threshold
    if named is not None:
        rest = [s for s in top if s is not named]
        if found:
            top = (named, *rest)
        elif rest:
            top = (rest[0], *(s for s in top if s is not rest[0]))
    if not found and max(s.value for s in top) < decision.sure_from:
        return replace(prediction, top=top, unsure=True)
    if top[0] is not prediction.top[0]:
        how = f"from {decision.threshold:.0%} on" if found else f"only from {decision.threshold:.0%} on"
        why = f"“{decision.name}” is the answer {how}, as was decided for this model."
        return replace(prediction, top=top, note=f"{prediction.note} {why}".strip())
    return replace(prediction, top=top)


def close_call(prediction: Scores, decision: Decision, width: float = 0.1) -> bool:
    """Whether a little more or less would have made another answer: nothing was answered, or the class with a threshold of
    its own lies within `width` of it."""
    if prediction.unsure:
        return True
    named = next((s.value for s in prediction.top if s.name == decision.name), None)
    return named is not None and not prediction.several and abs(named - decision.threshold) < width


def _share(value: object, otherwise: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return otherwise
    return min(1.0, max(0.0, float(value)))


def _positive(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        return 1.0
    return float(value)
