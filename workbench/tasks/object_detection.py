"""Object detection: what is where in a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.types import Sample
from workbench.tasks.base import BaseTask, TaskInfo, TryOptions
from workbench.tasks.pictures import FILES, sized_pixels, stoppable
from workbench.tasks.predictions import Box, Boxes, Prediction

if TYPE_CHECKING:
    from workbench.runtimes.base import Detections, Loaded

# Detectors look at no more than this anyway; it bounds memory.
_LARGEST = 4096
_LOWEST = 0.05


class ObjectDetection(BaseTask):
    """See `workbench.tasks.base.Task`."""

    info = TaskInfo(
        id="object-detection",
        title="Find things in pictures",
        summary="Draws a box around every thing it knows, and counts them.",
        media="picture",
        noun="picture",
        nouns="pictures",
        icon="target",
        result="boxes",
        file_suffixes=FILES,
        group="Pictures",
        question="find and count things in pictures",
    )

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        pixels, size = sized_pixels(sample, _LARGEST)
        return {"pixels": pixels, "size": size, "note": ""}

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: Loaded, options: TryOptions, control: Control | None = None
    ) -> list[Prediction]:
        from workbench.runtimes.base import Detector, require

        control = control or Control()
        detector = require(model, Detector)
        found: list[Prediction] = []
        for sample in samples:
            pixels = sample["pixels"]
            with stoppable(model, control):
                answer = detector.detect([pixels], _LOWEST)[0]
            width, height = sample["size"]
            boxes = boxes_of(answer, model.labels, width / pixels.shape[1])
            found.append(Boxes(boxes, width, height, str(sample["note"])))
        return found


def boxes_of(answer: Detections, labels: Sequence[str], scale: float = 1.0) -> tuple[Box, ...]:
    """A model's detections as boxes with names, in the model's order; `scale` leads back to the original picture."""
    found = []
    for index, (box, label, score) in enumerate(
        zip(answer.boxes.tolist(), answer.labels.tolist(), answer.scores.tolist(), strict=True)
    ):
        name = labels[label] if 0 <= label < len(labels) else f"kind {label}"
        words = answer.texts[index] if answer.texts else name
        corners = tuple((x * scale, y * scale) for x, y in answer.polygons[index]) if answer.polygons else ()
        x0, y0, x1, y1 = (v * scale for v in box)
        pieces = tuple(
            replace(word, corners=tuple((x * scale, y * scale) for x, y in word.corners))
            for word in (answer.words[index] if answer.words else ())
        )
        block = answer.blocks[index] if answer.blocks else -1
        found.append(Box(x0, y0, x1, y1, words, score, corners, pieces, block))
    return tuple(found)


TASK = ObjectDetection()
