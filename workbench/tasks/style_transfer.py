"""Style transfer: a picture painted in the manner of another."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.types import Sample
from workbench.errors import UserError
from workbench.tasks.base import BaseTask, Option, TaskInfo, TryOptions
from workbench.tasks.pictures import FILES, as_png, pixels_of, to_bytes, to_floats
from workbench.tasks.predictions import Picture, Prediction

if TYPE_CHECKING:
    from workbench.runtimes.base import Floats, Loaded

STYLE = Option(
    "style",
    "Style picture",
    "picture",
    tip="The picture whose manner is taken over: a painting, a pattern",
    needed=True,
)
STRENGTH = Option(
    "strength", "How strongly", "number", 0.7, "From the picture as it is to the style in full", 0.0, 1.0, 0.05
)
SIZE = Option("size", "Longer side in points", "number", 512, "A larger picture takes longer", 128, 2048, 64)


class StyleTransfer(BaseTask):
    """See `workbench.tasks.base.Task`."""

    info = TaskInfo(
        id="style-transfer",
        title="Paint in another style",
        summary="Paints your picture in the manner of another picture.",
        media="picture",
        noun="picture",
        nouns="pictures",
        icon="wand-sparkles",
        result="picture",
        file_suffixes=FILES,
        verb="Paint",
        streams=True,
        options=(STYLE, STRENGTH, SIZE),
        group="Pictures",
        question="paint a picture in the style of another",
    )

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        return {"pixels": pixels_of(sample, int(SIZE.high)), "note": ""}

    def predict_stream(
        self, sample: Mapping[str, Any], model: Loaded, options: TryOptions, control: Control
    ) -> Iterator[Prediction]:
        from workbench.runtimes.base import Stylizer, require

        painter = require(model, Stylizer)
        path = Path(options.text(STYLE))
        if not options.text(STYLE) or not path.is_file():
            raise UserError("There is no style picture.", "Choose the picture whose style shall be taken over.")
        side = int(options.number(SIZE))
        style = to_floats(pixels_of(Sample("picture", path.name, path=path), min(side, 512)))
        content = to_floats(_fitted(sample["pixels"], side))
        strength = options.number(STRENGTH)
        previews: queue.Queue[Floats | None] = queue.Queue()
        made: list[Floats] = []
        errors: list[BaseException] = []

        stop = _Either(control)

        def work() -> None:
            try:
                made.append(painter.stylise(content, style, strength, stop, previews.put))
            except BaseException as error:  # noqa: BLE001 - raised again by the caller, below
                errors.append(error)
            finally:
                previews.put(None)

        # The painter calls, and this gives one after the other: so it paints in a thread of its own.
        thread = threading.Thread(target=work, daemon=True, name="painting")
        thread.start()
        try:
            while (preview := previews.get()) is not None:
                yield _picture(preview, finished=False)
        finally:
            # Also when nobody wants the rest: the model is free again only when the painter has stopped.
            stop.cancel()
            thread.join()
        if errors:
            raise errors[0]
        yield _picture(made[0], finished=True)


class _Either(Control):
    """Stops when either the one who asked for the picture or the one who paints it says so."""

    def __init__(self, asked: Control) -> None:
        super().__init__(lambda share, text: asked.progress(share, 1 if share >= 0 else 0, text))
        self._asked = asked

    def check(self) -> None:
        super().check()
        self._asked.check()


def _fitted(pixels: Any, side: int) -> Any:
    import numpy as np
    from PIL import Image

    picture = Image.fromarray(pixels)
    scale = side / max(picture.size)
    if scale < 1:
        picture = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))
    return np.asarray(picture)


def _picture(values: Floats, *, finished: bool) -> Picture:
    pixels = to_bytes(values)
    return Picture(as_png(pixels), pixels.shape[1], pixels.shape[0], finished=finished)


TASK = StyleTransfer()
