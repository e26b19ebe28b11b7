"""Probabilities of a model that has not seen the item: the Quick head, cross-validated on kept features."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.control import Control
from workbench.engine.head import fit_path

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

FOLDS = 5
# From strict to free, as Quick's path, but only its stricter part: what knows its examples by heart believes wrong labels.
_STRENGTHS = (3.0, 1.0, 0.3, 0.1)
# Of how many items a fold's head learns at most: more adds nothing to telling right labels from wrong ones.
MOST_LEARNT = 20_000


def folds_of(labels: Sequence[int], groups: Sequence[int], folds: int = FOLDS) -> list[int]:
    """The fold of each item: groups whole, and of each class about as many in every fold. Deterministic.

    Larger groups are placed first; each goes where fewest of its class are so far.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        members[group].append(place)
    have: dict[int, Counter[int]] = defaultdict(Counter)
    sizes: Counter[int] = Counter()
    found = [0] * len(labels)
    for rows in sorted(members.values(), key=lambda r: (-len(r), r[0])):
        main = Counter(labels[r] for r in rows).most_common(1)[0][0]
        fold = min(range(folds), key=lambda f: (have[main][f], sizes[f], f))
        for row in rows:
            found[row] = fold
            have[labels[row]][fold] += 1
            sizes[fold] += 1
    return found


def out_of_sample(
    features: torch.Tensor, labels: Sequence[int], groups: Sequence[int], classes: int, control: Control | None = None
) -> npt.NDArray[np.float64]:
    """Class probabilities [N, C] of each item from a head fitted without its fold.

    Of the strengths, the one with the least cross-entropy over all left-out items is taken.

    Args:
        features: float32 [N, F].
        groups: items of one group (near-duplicates) stand in one fold.

    Raises:
        Cancelled: when asked to stop.
    """
    import numpy as np
    import torch

    control = control or Control()
    given = torch.tensor(labels, dtype=torch.int64)
    fold = torch.tensor(folds_of(labels, groups))
    logits = [torch.zeros(len(labels), classes) for _ in _STRENGTHS]
    for number in range(FOLDS):
        control.check()
        control.progress(number, FOLDS, "Looking for wrong labels")
        out = torch.nonzero(fold == number).flatten()
        learn = torch.nonzero(fold != number).flatten()
        if not len(out) or not len(learn):
            continue
        if len(learn) > MOST_LEARNT:
            random = torch.Generator().manual_seed(number)
            learn = learn[torch.randperm(len(learn), generator=random)[:MOST_LEARNT].sort().values]
        empty = torch.zeros(0, features.shape[1]), torch.zeros(0, dtype=torch.int64)
        steps = fit_path(features[learn], given[learn], *empty, classes, None, control, _STRENGTHS)
        for place, step in enumerate(steps):
            logits[place][out] = features[out] @ step.weight.T + step.bias
    losses = [float(torch.nn.functional.cross_entropy(part, given)) for part in logits]
    best = logits[losses.index(min(losses))]
    return np.asarray(torch.softmax(best.double(), 1).numpy())
