"""Super-resolution: a picture made larger, with detail that fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.types import Sample
from workbench.errors import UserError
from workbench.tasks.base import BaseTask, TaskInfo, TryOptions
from workbench.tasks.pictures import FILES, as_png, stoppable, to_bytes, to_floats
from workbench.tasks.predictions import Picture, Prediction

if TYPE_CHECKING:
    from workbench.runtimes.base import Enlarger, Floats, Loaded

_TILE = 160
# Tiles overlap by so much on every side, which is thrown away: a network sees its surroundings.
_RIM = 16
_MOST_POINTS = 100_000_000


class SuperResolution(BaseTask):
    """See `workbench.tasks.base.Task`."""

    info = TaskInfo(
        id="super-resolution",
        title="Make pictures larger",
        summary="Makes small pictures larger and sharper; detail is invented, not found.",
        media="picture",
        noun="picture",
        nouns="pictures",
        icon="image-plus",
        result="picture",
        file_suffixes=FILES,
        verb="Enlarge",
        group="Pictures",
        question="make small pictures larger and sharper",
    )

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        import numpy as np

        from workbench.data.media import open_picture, open_transparency

        return {
            "pixels": np.asarray(open_picture(sample).convert("RGB")),
            "alpha": open_transparency(sample),
            "note": "",
        }

    def predict_stream(
        self, sample: Mapping[str, Any], model: Loaded, options: TryOptions, control: Control
    ) -> Iterator[Prediction]:
        import numpy as np

        from workbench.runtimes.base import Enlarger, require

        enlarger = require(model, Enlarger)
        pixels = sample["pixels"]
        height, width = pixels.shape[:2]
        scale = enlarger.scale
        if height * width * scale * scale > _MOST_POINTS:
            raise UserError(
                f"The picture would become {width * scale:,} x {height * scale:,} points, which is too large.",
                "Choose a smaller picture.",
            )
        with stoppable(model, control):
            large = to_bytes(enlarged(to_floats(pixels), enlarger, control))
        if sample["alpha"] is not None:
            # What is see-through stays so; it is enlarged plainly, a network for photos knows nothing of it.
            from PIL import Image

            alpha = Image.fromarray(sample["alpha"]).resize((width * scale, height * scale), Image.Resampling.BICUBIC)
            large = np.dstack([large, np.asarray(alpha)])
        note = "Fine detail is the model's invention: do not read plates, faces or writing from it."
        yield Picture(as_png(large), width * scale, height * scale, note)


def enlarged(picture: Floats, enlarger: Enlarger, control: Control, tile: int = _TILE) -> Floats:
    """float32 [3, H, W] in 0..1 to [3, H * scale, W * scale], tile by tile, so that any size fits into memory."""
    import numpy as np

    _, height, width = picture.shape
    scale = enlarger.scale
    result = np.zeros((3, height * scale, width * scale), np.float32)
    places = [(y, x) for y in range(0, height, tile) for x in range(0, width, tile)]
    for number, (y, x) in enumerate(places):
        control.check()
        control.progress(number, len(places), "Enlarging")
        top, left = max(0, y - _RIM), max(0, x - _RIM)
        bottom, right = min(height, y + tile + _RIM), min(width, x + tile + _RIM)
        large = enlarger.enlarge(picture[:, top:bottom, left:right])
        down, across = min(height, y + tile), min(width, x + tile)
        result[:, y * scale : down * scale, x * scale : across * scale] = large[
            :, (y - top) * scale : (down - top) * scale, (x - left) * scale : (across - left) * scale
        ]
    return result


TASK = SuperResolution()
