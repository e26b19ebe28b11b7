"""How much of a person's examples is really different: from many pictures of one afternoon a model learns that afternoon, and
a test on more of the same flatters it.

Measured on the features of the model that would be taught, length 1: the mean squared distance from the mean (0: all in one
place, 1: all at right angles), the effective number of independent directions (participation ratio of the covariance's
eigenvalues), how much of the difference lies between classes, and how many are copies of others or nearly so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

# Real small sets measured with the starters spread 0.18 (digits) to 0.9 (messages); thirty frames of one still scene 0.01.
NARROW = 0.05
# From this share of near copies on, more of the same adds little.
MANY_COPIES = 0.3
FEWEST, FEWEST_OF_CLASS = 20, 5


@dataclass(frozen=True)
class ClassSpread:
    """Of one class: items, how many of them are really different, and how far these are from their mean (0..1)."""

    name: str
    count: int
    different: int
    within: float

    @property
    def narrow(self) -> bool:
        return self.count >= FEWEST_OF_CLASS and (self.different < FEWEST_OF_CLASS or self.within < NARROW)


@dataclass(frozen=True)
class Spread:
    """Of all items.

    Attributes:
        count: items; `different`: without copies and near copies of others.
        total: mean squared distance from the mean of those, 0..1. ways: effective number of independent directions.
        between: share of `total` that lies between the classes, 0..1.
    """

    count: int
    different: int
    total: float
    ways: float
    between: float
    classes: tuple[ClassSpread, ...]

    @property
    def copies(self) -> float:
        """Share of items that are copies of others, or nearly so."""
        return 1 - self.different / self.count if self.count else 0.0

    @property
    def narrow(self) -> tuple[ClassSpread, ...]:
        return tuple(c for c in self.classes if c.narrow)

    @property
    def worry(self) -> bool:
        return self.copies >= MANY_COPIES or bool(self.narrow)

    def sentence(self, nouns: str) -> str:
        """What it means, and what would help."""
        copies = self.count - self.different
        text = (
            f"Of {self.count:,} {nouns} {self.different:,} are really different"
            + (f" ({copies:,} are copies of others, or nearly so)" if copies else "")
            + f"; they differ in about {max(1, round(self.ways))} independent ways, and {self.between:.0%} of what differs"
            " goes with your classes."
        )
        if not self.worry:
            return text
        parts = [text]
        if self.narrow:
            names = ", ".join(f"“{c.name}”" for c in self.narrow[:4])
            more = f" and {len(self.narrow) - 4} more" if len(self.narrow) > 4 else ""
            parts.append(f"All examples of {names}{more} look nearly the same to this model.")
        parts.append(
            f"A model can then be right on all test {nouns} and wrong on others: what it is tested on is as alike as what it"
            f" learnt from. Add {nouns} from other places, days and sources."
        )
        return " ".join(parts)

    def figures(self) -> tuple[tuple[str, float], ...]:
        return (
            ("items", float(self.count)), ("different", float(self.different)), ("spread", round(self.total, 4)),
            ("ways", round(self.ways, 2)), ("between", round(self.between, 4)),
            ("narrow_classes", float(len(self.narrow))),
        )  # fmt: skip


def spread_of(
    features: torch.Tensor, labels: Sequence[int], groups: Sequence[int], names: Sequence[str]
) -> Spread | None:
    """Args:
        features: float [N, F]. labels: a place among `names` for each [N].
        groups: the same number for items that are copies of each other, or nearly so [N].

    Returns:
        None with fewer than 20 items: they are too few to say anything.
    """
    import torch

    if len(features) < FEWEST:
        return None
    # One of each group stands for it, in each class it is in.
    first: dict[tuple[int, int], int] = {}
    for row, (group, label) in enumerate(zip(groups, labels, strict=True)):
        first.setdefault((group, label), row)
    rows = sorted(first.values())
    unit = torch.nn.functional.normalize(features[rows].double(), dim=1)
    kept = torch.tensor([labels[r] for r in rows])
    centred = unit - unit.mean(0)
    total = float((centred**2).sum(1).mean())
    # The participation ratio of the eigenvalues, by the smaller of the two matrices that share them.
    small = centred @ centred.T if len(rows) <= centred.shape[1] else centred.T @ centred
    squares = float((small**2).sum())
    ways = float(small.diagonal().sum()) ** 2 / squares if squares > 0 else 0.0
    counts, inside, found = Counter(labels), 0.0, []
    for place, name in enumerate(names):
        own = unit[kept == place]
        apart = float(((own - own.mean(0)) ** 2).sum()) if len(own) else 0.0
        inside += apart
        if counts[place]:
            found.append(ClassSpread(name, counts[place], len(own), apart / max(1, len(own))))
    between = max(0.0, 1 - inside / len(rows) / total) if total > 0 else 0.0
    return Spread(len(features), len({groups[r] for r in rows}), total, ways, between, tuple(found))
