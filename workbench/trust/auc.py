"""How well a class is told from the others whatever the threshold: the area under the ROC curve, which is the share of pairs (one
item of the class, one of another) in which the one of the class gets the higher score (Hanley & McNeil 1982)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

_Z = 1.959964
_STEPS = 60


@dataclass(frozen=True)
class Auc:
    """`value` with its 95 % interval, all 0..1; 0.5 is guessing."""

    value: float
    low: float
    high: float

    def words(self) -> str:
        return f"{self.value:.1%} ({self.low:.0%} to {self.high:.0%})"


def auc(scores: Sequence[float] | Floats, positive: Sequence[bool] | Flags) -> Auc | None:
    """None where there is not one of each. Equal scores count half.

    The interval is Newcombe's (2006, Statistics in Medicine 25:559, method 5): it asks which areas would make the one that was
    found no surprise, and so says something of a perfect result, too.
    """
    import numpy as np
    from scipy.stats import rankdata

    right = np.asarray(positive, bool)
    ones, others = int(right.sum()), int((~right).sum())
    if not ones or not others:
        return None
    ranks = rankdata(np.asarray(scores, np.float64))
    value = float((ranks[right].sum() - ones * (ones + 1) / 2) / (ones * others))
    return Auc(value, _bound(value, 0.0, ones, others), _bound(value, 1.0, ones, others))


def _bound(found: float, end: float, ones: int, others: int) -> float:
    """The area nearest to `end` that still makes `found` no surprise; by halving."""
    near, far = found, end
    for _ in range(_STEPS):
        middle = (near + far) / 2
        if abs(found - middle) <= _Z * math.sqrt(_variance(middle, ones, others)):
            near = middle
        else:
            far = middle
    return near


def _variance(area: float, ones: int, others: int) -> float:
    star = (ones + others) / 2 - 1
    spread = 1 + star * (1 - area) / (2 - area) + star * area / (1 + area)
    return area * (1 - area) * spread / (ones * others)
