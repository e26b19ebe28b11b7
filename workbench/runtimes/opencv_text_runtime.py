"""EAST, which finds words and lines of text (Zhou et al. 2017, arXiv 1704.03155), from TensorFlow's frozen graph through
OpenCV. It does not read; the networks of the reading starter read what it found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.runtimes.base import Detections, Loaded
from workbench.runtimes.line_reader import LineReader, from_upper_left, joined, widened

if TYPE_CHECKING:
    from workbench.runtimes.base import Pixels

_OUTPUTS = ("feature_fusion/Conv_7/Sigmoid", "feature_fusion/concat_3")
# The mean colour of its training pictures (ImageNet's, RGB, 0..255).
_MEAN = (123.68, 116.78, 103.94)
_MULTIPLE = 32
_LARGEST = 1280
_CELL = 4
_MOST_BYTES = 1_000_000_000
# The surest cells; a page full of text has some thousands.
_MOST_CELLS = 4000
_OVERLAP = 0.4
# What is read: found with at least this certainty, and so much wider all round, as a share of its height.
_READ = 0.5
_MARGIN = 0.1
_MOST_READ = 1000


class East(Loaded):
    """A `Detector` of text: boxes askew, label "text"; and a `TextReader` with the help of another model's reader."""

    def __init__(self, card: ModelCard, net: Any, size: int, reader: LineReader | None = None) -> None:
        super().__init__(card, None, ("text",), size)
        self._net = net
        self._reader = reader

    def read(self, picture: Pixels, control: Control | None = None) -> Detections:
        import numpy as np

        from workbench.runtimes.rapidocr_runtime import LOWEST, in_order, open_line_reader

        control = control or Control()
        control.check()
        found = self.detect([picture], _READ)[0]
        if self._reader is None:
            self._reader = open_line_reader()
        places = found.polygons[:_MOST_READ]
        quads = np.array([widened(from_upper_left(place), _MARGIN) for place in places], np.float32)
        lines = self._reader.read(picture, quads.reshape(-1, 4, 2), control)
        # It finds words where they stand apart: those beside each other are put together again.
        read = in_order(joined([line for line in lines if line.score >= LOWEST]))
        note = f"Only the {_MOST_READ:,} surest places were read." if len(found.polygons) > _MOST_READ else ""
        return replace(read, note=note)

    def detect(self, pictures: Sequence[Pixels], threshold: float = 0.05) -> list[Detections]:
        import cv2

        found = []
        for picture in pictures:
            height, width = picture.shape[:2]
            scale = min(1.0, _LARGEST / max(height, width))
            inner = tuple(max(1, round(v * scale / _MULTIPLE)) * _MULTIPLE for v in (width, height))
            # The picture is RGB already, and so is the mean.
            blob = cv2.dnn.blobFromImage(picture, 1.0, inner, _MEAN, swapRB=False, crop=False)
            self._net.setInput(blob)
            scores, geometry = self._net.forward(list(_OUTPUTS))
            found.append(decode(scores[0, 0], geometry[0], threshold, (width / inner[0], height / inner[1])))
        return found


def decode(scores: Any, geometry: Any, threshold: float, scale: tuple[float, float]) -> Detections:
    """From EAST's maps to boxes.

    Args:
        scores: float32 [h, w], how sure a cell of 4 x 4 points lies in a line of text.
        geometry: float32 [5, h, w]: distances to the line's upper, right, lower and left edge, and its angle.
        scale: from the network's points to the picture's, x and y.
    """
    import cv2
    import numpy as np

    limit = threshold
    if np.count_nonzero(scores >= threshold) > _MOST_CELLS:
        limit = float(np.partition(scores.reshape(-1), -_MOST_CELLS)[-_MOST_CELLS])
    rows, columns = (found[:_MOST_CELLS] for found in np.nonzero(scores >= limit))
    rectangles, sure = [], []
    for y, x in zip(rows.tolist(), columns.tolist(), strict=True):
        up, right, down, left, angle = (float(v) for v in geometry[:, y, x])
        cosine, sine = math.cos(angle), math.sin(angle)
        wide, high = left + right, up + down
        # From the cell to the lower right corner, then back by half the sides: the middle of the line.
        end = (x * _CELL + cosine * right + sine * down, y * _CELL - sine * right + cosine * down)
        middle = (end[0] - cosine * wide / 2 - sine * high / 2, end[1] + sine * wide / 2 - cosine * high / 2)
        rectangles.append((middle, (wide, high), -math.degrees(angle)))
        sure.append(float(scores[y, x]))
    keep = cv2.dnn.NMSBoxesRotated(rectangles, sure, threshold, _OVERLAP) if rectangles else ()
    polygons, boxes, kept = [], [], []
    for index in np.asarray(keep).reshape(-1).tolist():
        corners = cv2.boxPoints(rectangles[index]) * np.array(scale)
        polygons.append([(float(x), float(y)) for x, y in corners])
        boxes.append([*corners.min(0).tolist(), *corners.max(0).tolist()])
        kept.append(sure[index])
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4), np.zeros(len(kept), np.int64), np.array(kept, np.float32), polygons
    )


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """A frozen graph (.pb). Raises: UserError when it is none, or is another network."""
    import cv2
    import numpy as np

    file = path if path.is_file() else next(iter(sorted(path.rglob("*.pb"))), path)
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise UserError(f"The file of “{card.name}” is too large to be EAST.", "Choose another file.")
        # Read here: OpenCV itself cannot open every path of Windows.
        net = cv2.dnn.readNetFromTensorflow(np.frombuffer(file.read_bytes(), np.uint8))
        names = set(net.getLayerNames())
    except (cv2.error, OSError) as error:
        raise UserError(f"The file of “{card.name}” is no network OpenCV reads.", "Download it again.") from error
    if not set(_OUTPUTS) <= names:
        raise UserError(f"The file of “{card.name}” is another network than EAST.", "Choose another file.")
    return East(card, net, file.stat().st_size)
