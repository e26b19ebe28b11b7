"""What counts of a moment of a stream: as was decided for the model, else as was settled when it was taught."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.tasks.decision import Decision
from workbench.tasks.tag_decision import TagDecision


@dataclass(frozen=True)
class LiveRule:
    """Of a model that listens.

    Attributes:
        limits: where several labels can be true: from which share on each counts [C]; () where that was never settled.
        decision: of one class; tags: of several.
    """

    limits: tuple[float, ...] = ()
    decision: Decision | None = None
    tags: TagDecision | None = None

    def answer(self, shares: Sequence[float], labels: Sequence[str]) -> tuple[int, bool, bool]:
        """Of one class: (its place, whether it is found by a threshold of its own, whether nothing is said)."""
        best = max(range(len(shares)), key=lambda c: shares[c])
        if self.decision is None:
            return best, False, False
        named = labels.index(self.decision.name) if self.decision.name in labels else -1
        if named >= 0 and shares[named] >= self.decision.threshold:
            return named, True, False
        place = max((c for c in range(len(shares)) if c != named), key=lambda c: shares[c], default=best)
        return place, False, shares[best] < self.decision.sure_from

    def silent(self, shares: Sequence[float]) -> bool:
        """Of several labels: whether it is too doubtful that all of them are right."""
        if self.tags is None or self.tags.sure_from <= 0:
            return False
        sure = 1.0
        for share, limit in zip(shares, self.limits, strict=True):
            sure *= share if share >= limit else 1 - share
        return sure < self.tags.sure_from
