"""PP-OCR through ONNX Runtime, with the networks that came inside the `rapidocr` package (no download).

Finding (a DB network: Liao et al. 2020, arXiv 1911.08947), turning and reading are put together here and not by the
library, so that a long picture is looked at in parts, work can be stopped, and lines are cut from the picture in its
own resolution.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.runtimes.base import Detections, Loaded
from workbench.runtimes.line_reader import LineReader, ReadLine
from workbench.runtimes.onnx_session import StoppableRun
from workbench.runtimes.reading_order import reading_order

if TYPE_CHECKING:
    from workbench.runtimes.base import Floats, Pixels

# Text is looked for in at most so many points each way. A picture that is longer (a receipt, a conversation on a
# phone) is looked at in parts that overlap.
_LARGEST = 2000
_LONG = 2.0
_OVERLAP = 240
# The network enlarges the shorter side to 736 points: a narrow band must be made wider (or higher) before.
_NARROWEST = 2.0
# Less sure readings are left out altogether: they are mostly of what is no text.
LOWEST = 0.2
# Two finds that share so much of the smaller one are the same line.
_SAME = 0.6


class PpOcr(Loaded):
    """A `TextReader`, and a `Detector` of lines."""

    def __init__(self, card: ModelCard, finder: Any, reader: LineReader, size: int) -> None:
        super().__init__(card, None, ("text",), size)
        self._run = StoppableRun(finder.session.session)
        finder.session = self._run
        self._finder = finder
        self._reader = reader

    def detect(self, pictures: Sequence[Pixels], threshold: float = 0.05) -> list[Detections]:
        return [self._found(picture, threshold) for picture in pictures]

    def read(self, picture: Pixels, control: Control | None = None) -> Detections:
        control = control or Control()
        quads, _ = self._find(picture, control)
        lines = [line for line in self._reader.read(picture, quads, control) if line.score >= LOWEST]
        return in_order(lines)

    def _found(self, picture: Pixels, threshold: float) -> Detections:
        import numpy as np

        quads, scores = self._find(picture, Control())
        kept = [i for i in np.argsort(-scores, kind="stable").tolist() if scores[i] >= threshold]
        return detections(quads[kept], scores[kept])

    def _find(self, picture: Pixels, control: Control) -> tuple[Floats, Floats]:
        """Corners float [N, 4, 2], clockwise from the upper left, and scores [N], of the lines of a picture."""
        import cv2
        import numpy as np

        height, width = picture.shape[:2]
        # Of a long picture, the width alone says how small it is looked at.
        whole = height <= _LONG * width
        scale = min(1.0, _LARGEST / (max(height, width) if whole else width))
        if scale < 1:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        quads, scores = [], []
        with self._run.watching(control):
            for top, bottom in _bands(picture.shape[0]):
                found, sure = self._look(picture[top:bottom])
                for quad, score in zip(found, sure, strict=True):
                    # What a cut runs through is seen whole in the neighbouring part.
                    first, last = quad[:, 1].min() <= 1 and top, quad[:, 1].max() >= bottom - top - 1
                    if not first and not (last and bottom < picture.shape[0]):
                        quads.append(quad + np.array([0, top], np.float32))
                        scores.append(score)
        corners, sure_of = np.array(quads, np.float32).reshape(-1, 4, 2), np.array(scores, np.float32)
        if picture.shape[0] > _LARGEST:
            kept = _once(corners, sure_of)
            corners, sure_of = corners[kept], sure_of[kept]
        shape = np.array([width / picture.shape[1], height / picture.shape[0]], np.float32)
        return corners * shape, sure_of

    def _look(self, part: Any) -> tuple[list[Any], list[float]]:
        import cv2
        import numpy as np

        height, width = part.shape[:2]
        below, beside = (max(0, round(a / _NARROWEST) - b) for a, b in ((width, height), (height, width)))
        if below or beside:
            part = cv2.copyMakeBorder(part, 0, below, 0, beside, cv2.BORDER_REPLICATE)
        # The library takes pictures in OpenCV's order of colours.
        answer = self._finder(np.ascontiguousarray(part[:, :, ::-1]))
        if answer.boxes is None or not len(answer.boxes):
            return [], []
        quads = [np.asarray(quad, np.float32) for quad in answer.boxes]
        inside = [i for i, quad in enumerate(quads) if (quad.mean(0) < (width, height)).all()]
        return [quads[i] for i in inside], [float(answer.scores[i]) for i in inside]


def _bands(height: int) -> list[tuple[int, int]]:
    """Parts of a picture, from above to below: one, or several that overlap."""
    if height <= _LARGEST:
        return [(0, height)]
    count = -(-(height - _OVERLAP) // (_LARGEST - _OVERLAP))
    step = (height - _LARGEST) / (count - 1)
    return [(round(n * step), round(n * step) + _LARGEST) for n in range(count)]


def _once(corners: Floats, scores: Floats) -> list[int]:
    """Places of the lines, each once: where two parts overlap, both found it."""
    import cv2
    import numpy as np

    low, high = corners.min(1), corners.max(1)
    area = [cv2.contourArea(quad) for quad in corners]
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable").tolist():
        near = [k for k in kept if (low[k] < high[i]).all() and (low[i] < high[k]).all()]
        shared = (cv2.intersectConvexConvex(corners[k], corners[i])[0] / max(1.0, min(area[k], area[i])) for k in near)
        if all(share < _SAME for share in shared):
            kept.append(i)
    return sorted(kept)


def detections(quads: Any, scores: Any, lines: Sequence[ReadLine] = (), blocks: Sequence[int] = ()) -> Detections:
    """Corners float [N, 4, 2] and scores [N], and what was read there, in the given order."""
    import numpy as np

    corners = np.asarray(quads, np.float32).reshape(-1, 4, 2)
    return Detections(
        np.concatenate([corners.min(1), corners.max(1)], 1),
        np.zeros(len(corners), np.int64),
        np.asarray(scores, np.float32),
        [[(float(x), float(y)) for x, y in quad] for quad in corners],
        [line.text for line in lines],
        [line.words for line in lines],
        blocks,
    )


def in_order(lines: Sequence[ReadLine]) -> Detections:
    """Lines as they are read one after the other."""
    import numpy as np

    corners = np.array([line.corners for line in lines], np.float32).reshape(-1, 4, 2)
    found = reading_order(corners, [line.text for line in lines])
    sorted_ = [lines[i] for i in found.order]
    return detections(corners[found.order], [line.score for line in sorted_], sorted_, found.blocks)


def _engine() -> Any:
    """The library with nothing opened yet. Its log would be written over a command line's results."""
    from rapidocr import RapidOCR

    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    return RapidOCR(params={"Global.log_level": "error"})


def open_line_reader(engine: Any = None) -> LineReader:
    """The networks that turn and read lines."""
    engine = engine or _engine()
    return LineReader(engine._load_cls_model(), engine._load_rec_model())


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """Raises: UserError when the package's networks are missing."""
    if not any(path.rglob("*.onnx")):
        raise UserError(f"The files of “{card.name}” are missing.", "Install the app again.")
    engine = _engine()
    size = sum(f.stat().st_size for f in path.rglob("*.onnx"))
    return PpOcr(card, engine._load_det_model(), open_line_reader(engine), size)
