"""Several classes of one item: from independent probabilities to the labels that count.

Each class has a threshold of its own, chosen where F1 is best on the validation examples; a class with few positives
there would only fit their noise (Fan & Lin 2007, "A study on threshold selection for multi-label classification"), so it
takes the threshold that is best for all classes together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workbench.tasks.predictions import Score, Scores

if TYPE_CHECKING:
    import torch

USUAL = 0.5
# With fewer examples of a class, or without it, its own threshold would be luck.
_ENOUGH = 5
_LOWEST, _HIGHEST = 0.05, 0.95


def thresholds_of(options: Mapping[str, Any], classes: int) -> tuple[float, ...] | None:
    """The thresholds of a model by its card's options, one for each class; None when its classes exclude each other.

    Options: "multi_label" (the logits are independent), "thresholds" (a list, when they are not all 0.5).
    """
    if not options.get("multi_label"):
        return None
    given = options.get("thresholds")
    if not isinstance(given, list | tuple) or len(given) != classes:
        return (USUAL,) * classes
    return tuple(min(1.0, max(0.0, float(v))) if isinstance(v, int | float) else USUAL for v in given)


def several_scores(
    logits: torch.Tensor,
    labels: Sequence[str],
    thresholds: Sequence[float],
    notes: Sequence[str] = (),
    keep: int = 0,
) -> list[Scores]:
    """Independent logits float [N, C] as predictions: what counts first, each part by falling probability.

    Args:
        keep: leave out what does not count beyond so many classes; 0 keeps all.
    """
    import torch

    rows = torch.sigmoid(logits.double()).tolist()
    found = []
    for number, row in enumerate(rows):
        scores = [Score(labels[i], v, i, thresholds[i]) for i, v in enumerate(row)]
        prediction = Scores(_ordered(scores), notes[number] if notes else "", several=True)
        found.append(replace(prediction, top=prediction.first(keep)) if keep else prediction)
    return found


def with_thresholds(prediction: Scores, thresholds: Sequence[float]) -> Scores:
    """The same probabilities, judged by other thresholds (in order of `Score.index`)."""
    return replace(prediction, top=_ordered([replace(s, threshold=thresholds[s.index]) for s in prediction.top]))


def _ordered(scores: Sequence[Score]) -> tuple[Score, ...]:
    return tuple(sorted(scores, key=lambda s: (not s.counts, -s.value)))


def best_thresholds(values: Sequence[Sequence[float]], truth: Sequence[frozenset[int]], classes: int) -> list[float]:
    """The threshold of each class with the best F1 on these examples.

    Args:
        values: probabilities in 0..1, [N][C].
        truth: the classes of each example.

    Returns:
        [C], within 0.05..0.95. A class with fewer than five examples with or without it takes the one that is best for
        all classes together; all are 0.5 where there is nothing to choose by.
    """
    columns = [[(row[c], c in right) for row, right in zip(values, truth, strict=True)] for c in range(classes)]
    everything = [pair for column in columns for pair in column]
    common = _best(everything) if sum(is_true for _, is_true in everything) >= _ENOUGH else USUAL
    found = []
    for column in columns:
        positives = sum(is_true for _, is_true in column)
        enough = min(positives, len(column) - positives) >= _ENOUGH
        found.append(_best(column) if enough else common)
    return found


def _best(pairs: Sequence[tuple[float, bool]]) -> float:
    """Of all thresholds between two neighbouring values the one with the best F1; of equals the nearest to 0.5."""
    ordered = sorted(pairs, reverse=True)
    total = sum(is_true for _, is_true in ordered)
    best, chosen, right = -1.0, USUAL, 0
    for place, (value, is_true) in enumerate(ordered):
        right += is_true
        below = ordered[place + 1][0] if place + 1 < len(ordered) else 0.0
        if below == value:
            continue  # equal values cannot be told apart by a threshold
        f1 = 2 * right / (place + 1 + total)
        # Anywhere between the two is the same on these examples: as near to the usual one as it may be, but not at an end.
        gap = value - below
        limit = min(value - 0.1 * gap, max(below + 0.1 * gap, USUAL))
        if f1 > best + 1e-12 or (abs(f1 - best) <= 1e-12 and abs(limit - USUAL) < abs(chosen - USUAL)):
            best, chosen = f1, limit
    return min(_HIGHEST, max(_LOWEST, chosen))
