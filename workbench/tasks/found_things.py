"""Found things beside the real ones, picture by picture: what was found, missed, taken for something else, or made up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Corners = tuple[float, float, float, float]
NOTHING, LOOSE, TWICE = "nothing", "loose", "twice"


@dataclass(frozen=True)
class Thing:
    """One thing in a picture, as a person marked it or (with a score) as a model found it. `box`: x0, y0, x1, y1."""

    box: Corners
    name: str
    score: float = 1.0
    ignored: bool = False


@dataclass(frozen=True)
class Scene:
    """The things of one picture and those a model found, most certain first.

    Attributes:
        sure: the score from which a found thing counts in plain words (lists, shares); the curves use all.
    """

    item_id: int
    truths: tuple[Thing, ...]
    found: tuple[Thing, ...]
    sure: float = 0.5


@dataclass(frozen=True)
class Sorted:
    """What became of the things of one picture at the score that counts and an overlap of a half.

    Attributes:
        right: (truth, found) pairs; confused: the same, with the wrong class; missed: truths; wrong: (found, why).
    """

    right: tuple[tuple[Thing, Thing], ...]
    confused: tuple[tuple[Thing, Thing], ...]
    missed: tuple[Thing, ...]
    wrong: tuple[tuple[Thing, str], ...]

    @property
    def f1(self) -> float:
        """1 where nothing is there and nothing was found."""
        hits, misses = len(self.right), len(self.missed) + len(self.confused)
        false = len(self.wrong) + len(self.confused)
        return 2 * hits / (2 * hits + misses + false) if hits + misses + false else 1.0


def sort_out(scene: Scene, least: float = 0.5) -> Sorted:
    """Match the certain boxes of one picture: first with things of their class, then with others in the same place."""
    truths = [t for t in scene.truths if not t.ignored]
    found = sorted((f for f in scene.found if f.score >= scene.sure), key=lambda f: -f.score)
    free = set(range(len(truths)))
    right, confused, left, wrong = [], [], [], []
    for thing in found:
        best = max((i for i in free if truths[i].name == thing.name), key=lambda i: overlap(truths[i].box, thing.box), default=-1)  # fmt: skip
        if best >= 0 and overlap(truths[best].box, thing.box) >= least:
            free.discard(best)
            right.append((truths[best], thing))
        else:
            left.append(thing)
    for thing in left:
        if any(_inside(thing.box, t.box) >= least for t in scene.truths if t.ignored):
            continue
        best = max(free, key=lambda i: overlap(truths[i].box, thing.box), default=-1)
        if best >= 0 and overlap(truths[best].box, thing.box) >= least and truths[best].name != thing.name:
            free.discard(best)
            confused.append((truths[best], thing))
            continue
        nearest = max((overlap(t.box, thing.box) for t in truths), default=0.0)
        wrong.append((thing, TWICE if nearest >= least else LOOSE if nearest >= 0.1 else NOTHING))
    return Sorted(tuple(right), tuple(confused), tuple(truths[i] for i in sorted(free)), tuple(wrong))


def overlap(a: Corners, b: Corners) -> float:
    """Intersection over union of two boxes, 0..1."""
    shared = _shared(a, b)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union > 0 else 0.0


def _shared(a: Corners, b: Corners) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def _inside(box: Corners, around: Corners) -> float:
    """Which share of a box lies in another."""
    size = (box[2] - box[0]) * (box[3] - box[1])
    return _shared(box, around) / size if size > 0 else 0.0


def best_limit(scenes: Sequence[Scene], usual: float = 0.5, fewest: int = 5) -> float:
    """The score from which boxes should be shown: where F1, over all classes, is highest on these pictures.

    Rather a low one of all scores that are about as good: a box too many is seen at once, one too few is not; `usual` when there are fewer than `fewest` things to go by.
    """
    wanted = sum(not t.ignored for scene in scenes for t in scene.truths)
    if wanted < fewest:
        return usual
    judged = sorted((pair for scene in scenes for pair in _hits(scene)), key=lambda pair: -pair[0])
    rated: list[tuple[float, float]] = []
    hits = 0
    for number, (score, right) in enumerate(judged, start=1):
        hits += right
        if number == len(judged) or judged[number][0] != score:
            rated.append((2 * hits / (number + wanted), score))
    best = max((f for f, _ in rated), default=0.0)
    if best <= 0:
        return usual
    near = sorted(score for f, score in rated if f >= best - 0.01)
    return round(min(0.95, max(0.05, near[len(near) // 4] - 1e-3)), 3)


def _hits(scene: Scene, least: float = 0.5) -> list[tuple[float, bool]]:
    """Score of every found thing, and whether it is a thing of its class that no more certain one was."""
    free = set(range(len(scene.truths)))
    result = []
    for thing in sorted(scene.found, key=lambda f: -f.score):
        same = [i for i in free if scene.truths[i].name == thing.name and not scene.truths[i].ignored]
        best = max(same, key=lambda i: overlap(scene.truths[i].box, thing.box), default=-1)
        if best >= 0 and overlap(scene.truths[best].box, thing.box) >= least:
            free.discard(best)
            result.append((thing.score, True))
        elif not any(t.ignored and _inside(thing.box, t.box) >= least for t in scene.truths):
            result.append((thing.score, False))
    return result
