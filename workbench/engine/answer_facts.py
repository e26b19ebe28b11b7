"""What is watched of an answer, whatever its kind: how certain it is and, where it is of classes, which one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.data.types import ItemPrediction
from workbench.tasks.predictions import Boxes, Events, Mask, Prediction, Scores, from_record


@dataclass(frozen=True)
class AnswerFacts:
    """Attributes:
    answer: the likeliest class, or the labels that count; "" where the answer is none of classes.
    certainty: 0..1. margin: distance to the second in 0..1, entropy: of the classes in bits; -1 where there are none.
    strangeness: as in `Scores`; -1 where it is not known.
    """

    answer: str
    certainty: float
    margin: float = -1.0
    entropy: float = -1.0
    strangeness: float = -1.0


def facts_of(prediction: Prediction) -> AnswerFacts:
    """Of the likeliest class, not of what a threshold made of it: costs that are decided later change nothing that is
    compared."""
    if not isinstance(prediction, Scores):
        return AnswerFacts("", _share(prediction.certainty))
    if not prediction.top:
        return AnswerFacts("", 0.0, strangeness=prediction.strangeness)
    if prediction.several:
        labels = ", ".join(sorted(s.name for s in prediction.top if s.counts)) or prediction.summary()
        return AnswerFacts(labels, _share(prediction.certainty), strangeness=prediction.strangeness)
    best = max(prediction.top, key=lambda s: s.value)
    margin, entropy = spread([s.value for s in prediction.top])
    return AnswerFacts(best.name, _share(best.value), margin, entropy, prediction.strangeness)


def kept_facts(kept: ItemPrediction) -> AnswerFacts | None:
    """The same of a prediction that was kept with a run; None when it cannot be read."""
    if kept.scores:
        return AnswerFacts(kept.predicted_class, _share(max(kept.scores)), *spread(kept.scores))
    return facts_of(from_record(kept.record)) if kept.record else None


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Probabilities to (distance of the first two, entropy in bits)."""
    first = sorted(values, reverse=True)
    margin = first[0] - first[1] if len(first) > 1 else first[0] if first else 0.0
    return max(0.0, margin), -sum(v * math.log2(v) for v in values if v > 0)


def tells_no_text(prediction: Prediction) -> bool:
    """Whether the answer gives away nothing of what was said or written: it can be kept without a copy of the item."""
    if isinstance(prediction, Boxes):
        return not prediction.reading
    return isinstance(prediction, Scores | Mask | Events)


def _share(value: float) -> float:
    return min(1.0, max(0.0, float(value))) if math.isfinite(value) else 0.0
