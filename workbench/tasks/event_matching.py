"""Which found sounds are the marked ones, as the evaluation of sound event detection counts (Mesaros, Heittola & Virtanen 2016,
"Metrics for Polyphonic Sound Event Detection", Applied Sciences 6(6):162)."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

# Of the beginning; the end may be off by this too, or by half of the true length where that is more.
COLLAR = 0.2
LENGTH_SHARE = 0.5
SEGMENT = 1.0

Span = tuple[float, float]


def matched(truth: Sequence[Span], found: Sequence[Span]) -> list[tuple[int, int]]:
    """Pairs of places (in `truth`, in `found`) of sounds of one class that are the same, as many as there can be: a largest
    matching of the graph of all pairs that would do (Kuhn's algorithm), so that the order makes no difference."""
    order = sorted(range(len(truth)), key=lambda i: truth[i][0])
    begins = [truth[i][0] for i in order]
    near: list[list[int]] = []
    for start, end in found:
        # A little more than the collar is looked through; what counts is decided by `_same`.
        first, last = bisect_left(begins, start - 2 * COLLAR), bisect_right(begins, start + 2 * COLLAR)
        near.append([order[k] for k in range(first, last) if _same(truth[order[k]], (start, end))])
    of_truth: dict[int, int] = {}
    of_found: dict[int, int] = {}
    for place in range(len(found)):
        _take(place, near, of_truth, of_found)
    return sorted(of_truth.items())


def _take(place: int, near: Sequence[Sequence[int]], of_truth: dict[int, int], of_found: dict[int, int]) -> None:
    """Find a partner for one that has none, where others can move on to make room. Without recursion: chains are long."""
    came: dict[int, int] = {}  # a true one to the found one that asked for it first
    waiting = [place]
    while waiting:
        asking = waiting.pop()
        for wanted in near[asking]:
            if wanted in came:
                continue
            came[wanted] = asking
            holder = of_truth.get(wanted)
            if holder is not None:
                waiting.append(holder)
                continue
            # It is free: everybody on the way takes what he asked for, and leaves what he had to who asked for that.
            free: int | None = wanted
            while free is not None:
                asker = came[free]
                left = of_found.get(asker)
                of_truth[free], of_found[asker] = asker, free
                free = left
            return


def _same(true: Span, said: Span) -> bool:
    # The same arithmetic as sed_eval's, to the last bit.
    room = max(COLLAR, LENGTH_SHARE * (true[1] - true[0]))
    return math.fabs(true[0] - said[0]) <= COLLAR and math.fabs(true[1] - said[1]) <= room


def segments(spans: Sequence[Span], seconds: float = SEGMENT) -> set[int]:
    """Numbers of the segments in which something is heard, however short."""
    active: set[int] = set()
    for begins, ends in spans:
        active.update(range(math.floor(begins * 1 / seconds), math.ceil(ends * 1 / seconds)))
    return active


def f1(right: float, wrong: float, missed: float) -> float:
    """Harmonic mean of precision and recall; 0 where there is nothing."""
    return 2 * right / (2 * right + wrong + missed) if right + wrong + missed else 0.0
