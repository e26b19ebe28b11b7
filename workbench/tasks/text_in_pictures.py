"""Text in pictures: where it stands, and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.types import Sample
from workbench.tasks.base import BaseTask, TaskInfo, TryOptions
from workbench.tasks.object_detection import boxes_of
from workbench.tasks.pictures import FILES, sized_pixels, stoppable
from workbench.tasks.predictions import Boxes, Prediction

if TYPE_CHECKING:
    from workbench.runtimes.base import Loaded

_LARGEST = 4096


class TextInPictures(BaseTask):
    """See `workbench.tasks.base.Task`. A model that only finds text (EAST) gives boxes labelled "text"."""

    info = TaskInfo(
        id="text-in-pictures",
        title="Read text in pictures",
        summary="Finds text in photos and scans, and reads it (OCR).",
        media="picture",
        noun="picture",
        nouns="pictures",
        icon="scan-text",
        result="boxes",
        file_suffixes=FILES,
        group="Pictures",
        question="read text in photos and scans",
    )

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        pixels, size = sized_pixels(sample, _LARGEST)
        return {"pixels": pixels, "size": size, "note": ""}

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: Loaded, options: TryOptions, control: Control | None = None
    ) -> list[Prediction]:
        from workbench.runtimes.base import Detector, TextReader, require

        control = control or Control()
        found: list[Prediction] = []
        for sample in samples:
            control.check()
            pixels = sample["pixels"]
            width, height = sample["size"]
            scale = width / pixels.shape[1]
            if isinstance(model, TextReader):
                answer = model.read(pixels)
                found.append(Boxes(boxes_of(answer, ("text",), scale), width, height, "", 0.5, reading=True))
            else:
                finder = require(model, Detector)
                with stoppable(model, control):
                    answer = finder.detect([pixels])[0]
                note = "This model finds lines of text; it does not read them."
                found.append(Boxes(boxes_of(answer, ("text",), scale), width, height, note))
        return found


TASK = TextInPictures()
