"""Semantic segmentation: to what every point of a picture belongs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.types import Sample
from workbench.tasks.base import BaseTask, TaskInfo, TryOptions
from workbench.tasks.pictures import FILES, as_png, sized_pixels, stoppable
from workbench.tasks.predictions import Mask, Prediction

if TYPE_CHECKING:
    from workbench.runtimes.base import Loaded

_LARGEST = 4096
_NOTHING = ("background", "__background__", "void")


class SemanticSegmentation(BaseTask):
    """See `workbench.tasks.base.Task`."""

    info = TaskInfo(
        id="semantic-segmentation",
        title="Colour areas of pictures",
        summary="Says for every point of a picture what it belongs to, and how large each area is.",
        media="picture",
        noun="picture",
        nouns="pictures",
        icon="shapes",
        result="mask",
        editor="regions",
        file_suffixes=FILES,
        group="Pictures",
        question="mark areas of a picture and measure them",
    )

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        pixels, size = sized_pixels(sample, _LARGEST)
        return {"pixels": pixels, "size": size, "note": ""}

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: Loaded, options: TryOptions, control: Control | None = None
    ) -> list[Prediction]:
        import numpy as np

        from workbench.runtimes.base import Segmenter, require

        control = control or Control()
        segmenter = require(model, Segmenter)
        found: list[Prediction] = []
        for sample in samples:
            with stoppable(model, control):
                classes = segmenter.segment([sample["pixels"]])[0]
            width, height = sample["size"]
            if classes.shape != (height, width):  # a very large picture was looked at smaller
                from PIL import Image

                resized = Image.fromarray(classes).resize((width, height), Image.Resampling.NEAREST)
                classes = np.asarray(resized)
            counts = np.bincount(classes.reshape(-1), minlength=len(model.labels))[: len(model.labels)]
            shares = tuple(float(n) / (height * width) for n in counts)
            background = next((i for i, name in enumerate(model.labels) if name in _NOTHING), -1)
            found.append(Mask(as_png(classes), width, height, model.labels, shares, background, str(sample["note"])))
        return found


TASK = SemanticSegmentation()
