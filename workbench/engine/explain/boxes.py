"""Why something was found in a picture: which parts of it the model needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.tasks.predictions import Box

if TYPE_CHECKING:
    import numpy as np

    from workbench.runtimes.base import Detector, Floats, Pixels

METHOD = "D-RISE"
MASKS = 240
_CELLS = 12
_SHOWN = 0.5
_AT_ONCE = 4
# Every so many masks the picture of reasons is shown as far as it has come.
_STEP = 24


def heat(model: Detector, picture: Pixels, box: Box, control: Control, masks: int = MASKS) -> Iterator[Floats]:
    """Parts of the picture are covered at random, again and again; what is uncovered when the box is still found matters
    (Petsiuk et al. 2021, D-RISE: black-box explanations of detectors).

    Args:
        picture: uint8 [H, W, 3]; `box` in its pixels.

    Yields:
        float32 [h, w] in 0..1 as it grows, the last one whole.

    Raises:
        Cancelled: when asked to stop.
    """
    import numpy as np

    rng = np.random.default_rng(0)
    height, width = picture.shape[:2]
    grey = np.full_like(picture, round(float(picture.mean())))
    labels: Any = getattr(model, "labels", ())
    total = np.zeros((_CELLS * 4, _CELLS * 4), np.float64)
    seen = np.zeros_like(total)
    done = 0
    while done < masks:
        some = min(_AT_ONCE, masks - done)
        covers = [_cover(rng) for _ in range(some)]
        shown = []
        for cover in covers:
            share = _enlarged(cover, height, width)[..., None]
            shown.append((picture * share + grey * (1 - share)).astype(np.uint8))
            control.check()
        for cover, found in zip(covers, model.detect(shown), strict=True):
            total += cover * _still_there(found, labels, box)
            seen += cover
        done += some
        control.check()
        control.progress(done, masks, "Looking for reasons")
        if done % _STEP == 0 or done >= masks:
            yield _scaled(total / np.maximum(seen, 1e-9))


def _cover(rng: np.random.Generator) -> Floats:
    """float32 [48, 48] in 0..1, smooth: a coarse pattern of covered and uncovered places, at a random shift."""
    import cv2
    import numpy as np

    coarse = (rng.random((_CELLS + 1, _CELLS + 1)) < _SHOWN).astype(np.float32)
    side = _CELLS * 4
    large = cv2.resize(coarse, (side + 4, side + 4), interpolation=cv2.INTER_LINEAR)
    top, left = rng.integers(0, 4, 2)
    return np.asarray(large[top : top + side, left : left + side], np.float32)


def _enlarged(cover: Floats, height: int, width: int) -> Floats:
    import cv2
    import numpy as np

    return np.asarray(cv2.resize(cover, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _still_there(found: Any, labels: Any, box: Box) -> float:
    """How well one of the things found is the box: overlap (intersection over union) times certainty, 0..1."""
    best = 0.0
    for edges, label, score in zip(found.boxes, found.labels, found.scores, strict=True):
        name = labels[int(label)] if int(label) < len(labels) else str(int(label))
        if name == box.label:
            best = max(best, float(score) * _overlap([float(v) for v in edges], box))
    return best


def _overlap(edges: list[float], box: Box) -> float:
    x0, y0, x1, y1 = edges
    common = max(0.0, min(x1, box.x1) - max(x0, box.x0)) * max(0.0, min(y1, box.y1) - max(y0, box.y0))
    both = (x1 - x0) * (y1 - y0) + (box.x1 - box.x0) * (box.y1 - box.y0) - common
    return common / both if both > 0 else 0.0


def _scaled(values: Any) -> Floats:
    import numpy as np

    low, high = float(values.min()), float(values.max())
    return np.asarray((values - low) / (high - low) if high > low else np.zeros_like(values), np.float32)
