"""Items far from all others: the distance to the k-th nearest neighbour (Ramaswamy, Rastogi and Shim 2000) between features.

The distance is one less the cosine. How far is too far is told by the project itself: the logarithms of the distances are
near a bell curve, whose middle and width are taken from the median and the median deviation, so that outliers do not hide
themselves (Rousseeuw and Croux 1993).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.control import Control

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

    Floats = npt.NDArray[np.float64]

NEIGHBOUR = 5
# With fewer items, or fewer of a class, what is usual cannot be told.
FEWEST, FEWEST_OF_CLASS = 20, 20
# In widths of the bell curve. Measured: see benchmarks/data_health.py.
FAR, FAR_FROM_CLASS = 2.6, 1.0
_LEAST_DISTANCE = 1e-4
_BLOCK = 1024


@dataclass(frozen=True)
class Outlier:
    """An item far from all others: its place, and how many widths of the bell curve it lies outside."""

    place: int
    score: float


def kth_distance(likeness: npt.NDArray[np.float32], k: int = NEIGHBOUR) -> Floats:
    """float64 [N]: distance to the k-th nearest, from the likeness [N, K] of at least so many nearest ones in any order."""
    import numpy as np

    k = min(k, likeness.shape[1])
    found: Floats = 1.0 - (-np.partition(-likeness, k - 1, axis=1)[:, k - 1]).astype(np.float64)
    return found


def oddness(distances: Floats) -> Floats:
    """float64 [N]: how many widths of the bell curve each logarithm lies above the middle."""
    import numpy as np

    logs = np.log(np.maximum(distances, _LEAST_DISTANCE))
    middle = np.median(logs)
    width = 1.4826 * np.median(np.abs(logs - middle))
    found: Floats = (logs - middle) / max(float(width), 0.05)
    return found


def class_distances(vectors: torch.Tensor, rows: Sequence[int], control: Control) -> Floats:
    """float64 [R]: distance to the k-th nearest among these rows of `vectors` (of length 1)."""
    import numpy as np

    own = vectors[list(rows)].float()
    keep = min(NEIGHBOUR, len(rows) - 1)
    found = np.empty(len(rows))
    for start in range(0, len(rows), _BLOCK):
        control.check()
        close = own[start : start + _BLOCK] @ own.T
        # The nearest is the item itself.
        found[start : start + _BLOCK] = 1.0 - close.topk(keep + 1, dim=1).values[:, -1].double().numpy()
    return found


def outliers(
    vectors: torch.Tensor,
    likeness: npt.NDArray[np.float32],
    labels: Sequence[int | None],
    control: Control | None = None,
) -> list[Outlier]:
    """The items far from all others and, where there are enough of their class, from their class; the oddest first.

    Args:
        vectors: [N, F] of length 1.
        likeness: [N, K] of the nearest others, K at least 5 (`similarity.nearest`).
        labels: class of each; None where it has none.

    Raises:
        Cancelled: when asked to stop.
    """
    import numpy as np

    control = control or Control()
    if len(vectors) < FEWEST:
        return []
    whole = oddness(kth_distance(likeness))
    found = []
    within: dict[int, dict[int, float]] = {}
    for place in np.flatnonzero(whole >= FAR).tolist():
        label = labels[place]
        if label is not None:
            if label not in within:
                rows = [p for p, other in enumerate(labels) if other == label]
                enough = len(rows) >= FEWEST_OF_CLASS
                odd = oddness(class_distances(vectors, rows, control)) if enough else np.full(len(rows), np.inf)
                within[label] = dict(zip(rows, odd.tolist(), strict=True))
            if within[label][place] < FAR_FROM_CLASS:
                continue
        found.append(Outlier(place, float(whole[place])))
    return sorted(found, key=lambda o: (-o.score, o.place))
