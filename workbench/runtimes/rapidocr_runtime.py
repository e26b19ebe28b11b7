"""PP-OCR through ONNX Runtime, with the networks that came inside the `rapidocr` package (no download)."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.errors import UserError
from workbench.runtimes.base import Detections, Loaded

if TYPE_CHECKING:
    from workbench.runtimes.base import Pixels

# Lines whose middles lie closer than this share of their height stand in one row.
_ROW = 0.5


class PpOcr(Loaded):
    """A `TextReader`."""

    def __init__(self, card: ModelCard, engine: Any, size: int) -> None:
        super().__init__(card, None, extra_bytes=size)
        self._engine = engine

    def read(self, picture: Pixels) -> Detections:
        import numpy as np

        # The library takes pictures in OpenCV's order of colours.
        answer = self._engine(np.ascontiguousarray(picture[:, :, ::-1]))
        if answer.boxes is None or not len(answer.boxes):
            return Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, np.float32))
        corners = np.asarray(answer.boxes, np.float32)
        order = reading_order(corners)
        boxes = np.concatenate([corners.min(1), corners.max(1)], 1)[order]
        return Detections(
            boxes,
            np.zeros(len(order), np.int64),
            np.array([float(answer.scores[i]) for i in order], np.float32),
            [[(float(x), float(y)) for x, y in corners[i]] for i in order],
            [str(answer.txts[i]) for i in order],
        )


def reading_order(corners: Any) -> list[int]:
    """From above to below, within a row from left to right. `corners`: float [N, 4, 2]."""
    middles = corners[:, :, 1].mean(1)
    heights = corners[:, :, 1].max(1) - corners[:, :, 1].min(1)
    lefts = corners[:, :, 0].min(1)
    rows: list[list[int]] = []
    for index in sorted(range(len(corners)), key=lambda i: float(middles[i])):
        last = rows[-1] if rows else None
        if last is not None and abs(middles[index] - middles[last[0]]) < _ROW * max(heights[index], heights[last[0]]):
            last.append(index)
        else:
            rows.append([index])
    return [i for row in rows for i in sorted(row, key=lambda i: float(lefts[i]))]


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """Raises: UserError when the package's networks are missing."""
    from rapidocr import RapidOCR

    # Its log would be written over a command line's results.
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    if not any(path.rglob("*.onnx")):
        raise UserError(f"The files of “{card.name}” are missing.", "Install the app again.")
    engine = RapidOCR(params={"Global.log_level": "error"})
    return PpOcr(card, engine, sum(f.stat().st_size for f in path.rglob("*.onnx")))
