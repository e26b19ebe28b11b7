"""Super-resolution: a picture made larger, with detail that fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.types import Sample
from workbench.errors import UserError
from workbench.runtimes.stopping import between_layers
from workbench.runtimes.tiles import Tiling, through_tiles
from workbench.tasks.base import BaseTask, TaskInfo, TryOptions
from workbench.tasks.pictures import FILES, as_picture, enlarged_alpha, filled_in, to_floats, to_values
from workbench.tasks.predictions import Prediction

if TYPE_CHECKING:
    from workbench.data.whole_picture import Values
    from workbench.runtimes.base import Enlarger, Floats, Loaded

_MOST_POINTS = 100_000_000
# About so wide a tile's result is: what memory and the time between two looks at the stop button depend on.
_RESULT_SIDE = 640
_NOTE = "Fine detail is the model's invention: do not read plates, faces or writing from it."


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
        has_truth=True,
    )

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        from workbench.data.whole_picture import open_whole

        return {"picture": open_whole(sample), "note": ""}

    def predict_stream(
        self, sample: Mapping[str, Any], model: Loaded, options: TryOptions, control: Control
    ) -> Iterator[Prediction]:
        from workbench.data.whole_picture import WholePicture
        from workbench.runtimes.base import Enlarger, require

        enlarger = require(model, Enlarger)
        picture: WholePicture = sample["picture"]
        width, height = picture.width * enlarger.scale, picture.height * enlarger.scale
        if height * width > _MOST_POINTS:
            raise UserError(
                f"The picture would become {width:,} x {height:,} points, which is too large.",
                "Choose a smaller picture.",
            )
        with between_layers(model.network, control):
            large = enlarged(filled_in(picture), enlarger, control)
        alpha = enlarged_alpha(picture.alpha, width, height)
        control.check()
        control.progress(1, 1, "Packing")
        yield as_picture(WholePicture(large, alpha, picture.icc), _NOTE)


def enlarged(pixels: Values, enlarger: Enlarger, control: Control, tiling: Tiling | None = None) -> Values:
    """uint8 or uint16 [H, W] or [H, W, 3] to the same with H and W `scale` times as large, tile by tile."""
    import numpy as np

    scale = enlarger.scale
    height, width = pixels.shape[:2]
    grey = pixels.ndim == 2
    result = np.empty((height * scale, width * scale, *pixels.shape[2:]), pixels.dtype)

    def compute(top: int, left: int, bottom: int, right: int) -> Floats:
        return enlarger.enlarge(to_floats(pixels[top:bottom, left:right]))

    def keep(first: int, rows: Floats) -> None:
        result[first : first + rows.shape[1]] = to_values(rows, pixels.dtype, grey=grey)

    tiling = tiling or Tiling(side=max(64, _RESULT_SIDE // scale // 8 * 8))
    through_tiles((height, width), scale, compute, keep, control, "Enlarging", tiling)
    return result


TASK = SuperResolution()
