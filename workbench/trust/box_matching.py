"""Which boxes of a model are which things: COCO's matching and average precision (Lin et al. 2014, arXiv 1405.0312).

The matching of each picture is pycocotools'. What is made of the matches (precision at 101 recalls) is done here, for the
whole set and for pictures drawn again and again, so that an interval costs no second matching.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.tasks.found_things import Scene, Thing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]

OVERLAPS = tuple(0.5 + 0.05 * n for n in range(10))
_RECALLS = 101
# COCO looks at no more than this many boxes of a class in a picture.
MOST_BOXES = 100
_ROUNDS = 400


@dataclass(frozen=True)
class ClassMatches:
    """The boxes of one class over all pictures, the most certain first.

    Attributes:
        scores: float64 [D].
        pictures: int64 [D], the place of each one's picture.
        right, ignored: bool [T, D] at each of `OVERLAPS`.
        truths: int64 [P], things of this class in each picture, without those to be ignored.
    """

    name: str
    scores: Any
    pictures: Any
    right: Any
    ignored: Any
    truths: Any


def match(scenes: Sequence[Scene], names: Sequence[str]) -> list[ClassMatches]:
    """Match every class in every picture. Things without one of the names are left out."""
    import numpy as np
    from pycocotools.cocoeval import COCOeval

    judge = COCOeval(iouType="bbox")
    judge.params.imgIds, judge.params.catIds = list(range(len(scenes))), list(range(len(names)))
    place = {name: number for number, name in enumerate(names)}
    # Numbers from 1: in pycocotools' tables 0 means that there is none.
    next_id = 1
    for number, scene in enumerate(scenes):
        for things, into in ((scene.truths, judge._gts), (scene.found, judge._dts)):
            for thing in things:
                if thing.name in place:
                    into[number, place[thing.name]].append(_as_coco(thing, next_id))
                    next_id += 1
    found = []
    for kind, name in enumerate(names):
        parts: list[tuple[int, dict[str, Any]]] = []
        truths = np.zeros(len(scenes), np.int64)
        for number in range(len(scenes)):
            if not judge._gts.get((number, kind)) and not judge._dts.get((number, kind)):
                continue
            judge.ious[number, kind] = judge.computeIoU(number, kind)
            part = judge.evaluateImg(number, kind, [0, 1e10], MOST_BOXES)
            parts.append((number, part))
            truths[number] = int(np.sum(np.asarray(part["gtIgnore"]) == 0))
        scores = np.array([s for _, part in parts for s in part["dtScores"]], np.float64)
        pictures = np.array([n for n, part in parts for _ in part["dtScores"]], np.int64)
        empty = np.zeros((len(OVERLAPS), 0), bool)
        right = np.concatenate([empty, *(np.asarray(p["dtMatches"]) > 0 for _, p in parts)], 1)
        ignored = np.concatenate([empty, *(np.asarray(p["dtIgnore"]).astype(bool) for _, p in parts)], 1)
        order = np.argsort(-scores, kind="mergesort")
        found.append(ClassMatches(name, scores[order], pictures[order], right[:, order], ignored[:, order], truths))
    return found


def _as_coco(thing: Thing, number: int) -> dict[str, Any]:
    x0, y0, x1, y1 = thing.box
    return {
        "id": number, "bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0), "score": thing.score,
        "ignore": int(thing.ignored), "iscrowd": int(thing.ignored),
    }  # fmt: skip


def average_precision(matches: ClassMatches, weights: Numbers | None = None, overlaps: int = 10) -> tuple[Any, Any]:
    """Average precision and highest recall of a class at the first `overlaps` of `OVERLAPS`.

    Args:
        weights: float64 [R, P], how often each picture was drawn in each of R rounds; None: once each.

    Returns:
        Two float64 [R, overlaps] (R = 1 without weights); NaN where no thing was drawn.
    """
    import numpy as np

    drawn = np.ones((1, len(matches.truths))) if weights is None else weights
    wanted = drawn @ matches.truths
    per_box = drawn[:, matches.pictures]
    at = np.linspace(0, 1, _RECALLS)
    precision = np.full((len(drawn), overlaps), np.nan)
    recall = np.full((len(drawn), overlaps), np.nan)
    for t in range(overlaps):
        counted = ~matches.ignored[t]
        hits = np.cumsum(per_box * (matches.right[t] & counted), 1)
        misses = np.cumsum(per_box * (~matches.right[t] & counted), 1)
        for row in np.flatnonzero(wanted > 0):
            if not hits.shape[1]:
                precision[row, t] = recall[row, t] = 0.0
                continue
            reached = hits[row] / wanted[row]
            exact = hits[row] / np.maximum(hits[row] + misses[row], np.spacing(1))
            # Precision may not rise again further to the right.
            envelope = np.append(np.maximum.accumulate(exact[::-1])[::-1], 0.0)
            precision[row, t] = envelope[np.searchsorted(reached, at, side="left")].mean()
            recall[row, t] = reached[-1]
    return precision, recall


def mean_interval(matches: Sequence[ClassMatches], pictures: int, seed: int = 0) -> tuple[float, float]:
    """95 % interval of the mean average precision at 0.5 over pictures drawn with replacement (Efron 1979)."""
    import numpy as np

    there = [m for m in matches if m.truths.sum()]
    if not there or not pictures:
        return 0.0, 1.0
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(pictures, np.full(pictures, 1 / pictures), size=_ROUNDS).astype(np.float64)
    values = np.stack([average_precision(m, drawn, 1)[0][:, 0] for m in there])
    known = ~np.isnan(values)
    means = np.where(known, values, 0.0).sum(0) / np.maximum(1, known.sum(0))
    low, high = np.percentile(means[known.any(0)], [2.5, 97.5])
    return float(low), float(high)


def curve(matches: Sequence[ClassMatches], most: int = 200) -> list[tuple[float, float, float]]:
    """(recall, precision, score) at an overlap of 0.5, from certain to uncertain, the classes counted together.

    The last of several boxes of the same score stands for all of them; no more than `most` points.
    """
    import numpy as np

    wanted = sum(int(m.truths.sum()) for m in matches)
    kept = [(m.scores[~m.ignored[0]], m.right[0][~m.ignored[0]]) for m in matches]
    scores = np.concatenate([np.zeros(0), *(s for s, _ in kept)])
    right = np.concatenate([np.zeros(0, bool), *(r for _, r in kept)])
    if not wanted or not len(scores):
        return []
    order = np.argsort(-scores, kind="mergesort")
    scores, hits = scores[order], np.cumsum(right[order])
    last = np.flatnonzero(np.append(scores[:-1] != scores[1:], True))
    if len(last) > most:
        last = last[np.unique(np.linspace(0, len(last) - 1, most).round().astype(int))]
    return [(float(hits[i] / wanted), float(hits[i] / (i + 1)), float(scores[i])) for i in last]
