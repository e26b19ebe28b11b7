"""Confident learning (Northcutt, Jiang and Chuang 2021, “Confident Learning: Estimating Uncertainty in Dataset Labels”, JAIR
70): which given labels are probably wrong, from probabilities of a model that has not seen the item.

Written from the paper's definitions. i is the class given, j the class that is probably true.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Probabilities = npt.NDArray[np.float64]
    Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Suspect:
    """One given label that is probably wrong.

    Attributes:
        place: row among the items.
        given, likely: classes.
        margin: probability of the class given less the greatest of the others, -1..1 (the paper's normalised margin,
            before it is moved to 0..1); the lowest is the most suspicious.
    """

    place: int
    given: int
    likely: int
    margin: float


def self_confidence(probabilities: Probabilities, labels: Labels) -> Probabilities:
    """float64 [N]: the probability of the class given."""
    import numpy as np

    found: Probabilities = probabilities[np.arange(len(labels)), labels]
    return found


def margins(probabilities: Probabilities, labels: Labels) -> Probabilities:
    """float64 [N]: self-confidence less the greatest probability among the other classes."""
    import numpy as np

    others = probabilities.copy()
    others[np.arange(len(labels)), labels] = -1.0
    found: Probabilities = self_confidence(probabilities, labels) - others.max(axis=1)
    return found


def thresholds(probabilities: Probabilities, labels: Labels) -> Probabilities:
    """float64 [C]: the mean probability of class j among items given class j (equation 2); NaN for a class without one."""
    import numpy as np

    classes = probabilities.shape[1]
    found = np.full(classes, np.nan)
    for j in range(classes):
        if (labels == j).any():
            found[j] = probabilities[labels == j, j].mean()
    return found


def confident_class(probabilities: Probabilities, labels: Labels) -> Labels:
    """int64 [N]: the class an item is confidently of: the most probable of those that reach their threshold (equation 1,
    with the paper's rule for several); -1 where none does."""
    import numpy as np

    reached = probabilities >= np.nan_to_num(thresholds(probabilities, labels), nan=2.0)
    best = np.where(reached, probabilities, -1.0)
    found: Labels = np.where(reached.any(axis=1), best.argmax(axis=1), -1)
    return found


def confident_joint(probabilities: Probabilities, labels: Labels) -> Labels:
    """int64 [C, C]: how many items are given class i and confidently of class j (equation 1)."""
    import numpy as np

    classes = probabilities.shape[1]
    joint = np.zeros((classes, classes), np.int64)
    confident = confident_class(probabilities, labels)
    known = confident >= 0
    np.add.at(joint, (labels[known], confident[known]), 1)
    return joint


def estimated_joint(probabilities: Probabilities, labels: Labels) -> Probabilities:
    """float64 [C, C] of sum 1: the share of items given class i and truly of class j: the confident joint with each row
    scaled to the number of items given that class (equation 3)."""
    import numpy as np

    joint = confident_joint(probabilities, labels).astype(np.float64)
    given = np.bincount(labels, minlength=len(joint)).astype(np.float64)
    for i in range(len(joint)):
        total = joint[i].sum()
        if total > 0:
            joint[i] *= given[i] / total
        else:  # nobody is confident of anything here: all are as given
            joint[i, i] = given[i]
    found: Probabilities = joint / joint.sum()
    return found


def off_diagonal(probabilities: Probabilities, labels: Labels) -> Labels:
    """int64 [M]: places whose confident class is another than the given one (the paper's method 2)."""
    import numpy as np

    confident = confident_class(probabilities, labels)
    found: Labels = np.flatnonzero((confident >= 0) & (confident != labels)).astype(np.int64)
    return found


def by_class(probabilities: Probabilities, labels: Labels) -> Labels:
    """int64 [M]: of each class the estimated number of wrong ones, those of lowest self-confidence (method 3, PBC)."""
    import numpy as np

    joint = estimated_joint(probabilities, labels) * len(labels)
    sure = self_confidence(probabilities, labels)
    found: list[int] = []
    for i in range(len(joint)):
        rows = np.flatnonzero(labels == i)
        count = round(joint[i].sum() - joint[i, i])
        found += rows[np.argsort(sure[rows], kind="stable")[:count]].tolist()
    return np.array(sorted(found), np.int64)


def by_noise_rate(probabilities: Probabilities, labels: Labels) -> Labels:
    """int64 [M]: for each pair of classes the estimated number of items given i and truly j, those with the greatest
    p(j) - p(i) (method 4, PBNR)."""
    import numpy as np

    joint = estimated_joint(probabilities, labels) * len(labels)
    found: set[int] = set()
    for i in range(len(joint)):
        rows = np.flatnonzero(labels == i)
        for j in range(len(joint)):
            count = round(joint[i, j]) if i != j else 0
            if count:
                gain = probabilities[rows, j] - probabilities[rows, i]
                found.update(rows[np.argsort(-gain, kind="stable")[:count]].tolist())
    return np.array(sorted(found), np.int64)


def suspects(probabilities: Probabilities, labels: Labels) -> list[Suspect]:
    """The labels that are probably wrong, the most suspicious first: those that the paper's method 3 (PBC) selects, where
    another class is the more probable one. Of the paper's methods it found the most on digits and on short texts with every
    twentieth label changed, and was as often right (benchmarks/data_health.py).

    Args:
        probabilities: float64 [N, C], rows of sum 1, of a model that did not learn from that row's item.
        labels: int64 [N] in 0..C-1, as given.
    """
    if not len(labels):
        return []
    margin = margins(probabilities, labels)
    likely = probabilities.argmax(axis=1)
    found = [
        Suspect(int(p), int(labels[p]), int(likely[p]), float(margin[p])) for p in by_class(probabilities, labels) if likely[p] != labels[p]
    ]  # fmt: skip
    return sorted(found, key=lambda s: (s.margin, s.place))
