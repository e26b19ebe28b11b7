"""Text in pictures: where it stands, and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.types import Sample
from workbench.runtimes.stopping import between_layers
from workbench.tasks.base import BaseTask, Option, TaskInfo, TryOptions
from workbench.tasks.object_detection import boxes_of
from workbench.tasks.pictures import FILES, sized_pixels
from workbench.tasks.predictions import Boxes, Prediction

if TYPE_CHECKING:
    from workbench.runtimes.base import Loaded

# Of a photo, some more than is looked at; a long receipt keeps its width.
_MOST_PIXELS = 4096 * 4096
_LONGEST = 30_000
_WORK = Option(
    "reading",
    "What to do",
    "choice",
    "yes",
    "Finding alone is quicker and gives boxes without words (text detection)",
    choices=(("yes", "Find and read the text"), ("no", "Only find where text is")),
)


class TextInPictures(BaseTask):
    """See `workbench.tasks.base.Task`. Text that is only found gives boxes labelled "text"."""

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
        options=(_WORK,),
        group="Pictures",
        question="read text in photos and scans",
    )

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        pixels, size = sized_pixels(sample, _LONGEST, _MOST_PIXELS)
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
            if isinstance(model, TextReader) and options.text(_WORK) != "no":
                answer = model.read(pixels, control)
                found.append(Boxes(boxes_of(answer, ("text",), scale), width, height, answer.note, 0.5, reading=True))
            else:
                finder = require(model, Detector)
                with between_layers(model.network, control):
                    answer = finder.detect([pixels])[0]
                note = "Only where text is was looked for; it was not read."
                found.append(Boxes(boxes_of(answer, ("text",), scale), width, height, note))
        return found


TASK = TextInPictures()
