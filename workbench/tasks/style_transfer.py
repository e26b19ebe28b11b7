"""Style transfer: a picture painted in the manner of another."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.types import Sample
from workbench.errors import UserError
from workbench.tasks.base import BaseTask, Option, TaskInfo, TryOptions
from workbench.tasks.pictures import FILES, as_picture, enlarged_alpha, filled_in, pixels_of, to_floats, to_values
from workbench.tasks.predictions import Picture, Prediction

if TYPE_CHECKING:
    from workbench.data.whole_picture import WholePicture
    from workbench.runtimes.base import Floats, Loaded

STYLE = Option(
    "style",
    "Style picture",
    "picture",
    tip="The picture whose manner is taken over: a painting, a pattern",
    needed=True,
)
STRENGTH = Option(
    "strength", "How strongly", "number", 0.7, "From 0, the picture as it is, to 1, the style in full", 0.0, 1.0, 0.05
)
RESULT = Option(
    "result",
    "Size of the result",
    "choice",
    "set",
    "In its own size a large picture takes much longer",
    choices=(("set", "As set below"), ("own", "The picture's own size")),
)
SIZE = Option("size", "Longer side in points", "number", 512, "A larger picture takes longer", 128, 2048, 64)
# A style is its strokes: more points of it than of the picture are of no use, and none need more than these.
_STYLE_SIDE = 2048
_MOST_POINTS = 40_000_000


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
        options=(STYLE, STRENGTH, RESULT, SIZE),
        group="Pictures",
        question="paint a picture in the style of another",
    )

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        from workbench.data.whole_picture import open_whole

        return {"picture": open_whole(sample), "note": ""}

    def predict_stream(
        self, sample: Mapping[str, Any], model: Loaded, options: TryOptions, control: Control
    ) -> Iterator[Prediction]:
        from workbench.runtimes.base import Stylizer, require

        painter = require(model, Stylizer)
        picture: WholePicture = sample["picture"]
        content = to_floats(_fitted(picture, options))
        side = min(_STYLE_SIDE, max(_STYLE_SIDE // 4, *content.shape[1:]))
        style = to_floats(pixels_of(_style(options), side))
        strength = options.number(STRENGTH)
        canvas = _Canvas()
        stop = _Either(control)

        def work() -> None:
            try:
                canvas.finish(painter.stylise(content, style, strength, stop, canvas.show))
            except BaseException as error:  # noqa: BLE001 - raised again by the caller, below
                canvas.fail(error)

        # The painter calls, and this gives one after the other: so it paints in a thread of its own.
        thread = threading.Thread(target=work, daemon=True, name="painting")
        thread.start()
        try:
            while (preview := canvas.next_preview()) is not None:
                yield _picture(preview, picture, finished=False)
        finally:
            # Also when nobody wants the rest: the model is free again only when the painter has stopped.
            stop.cancel()
            thread.join()
        yield _picture(canvas.result(), picture, finished=True)


class _Either(Control):
    """Stops when either the one who asked for the picture or the one who paints it says so."""

    def __init__(self, asked: Control) -> None:
        super().__init__(lambda share, text: asked.progress(share, 1 if share >= 0 else 0, text))
        self._asked = asked

    def check(self) -> None:
        super().check()
        self._asked.check()


class _Canvas:
    """What the painter shows, for another thread: only the newest preview counts, older ones are not waited for."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._preview: Floats | None = None
        self._made: Floats | None = None
        self._error: BaseException | None = None

    def show(self, preview: Floats) -> None:
        with self._changed:
            self._preview = preview
            self._changed.notify()

    def finish(self, made: Floats) -> None:
        with self._changed:
            self._made = made
            self._changed.notify()

    def fail(self, error: BaseException) -> None:
        with self._changed:
            self._error = error
            self._changed.notify()

    def next_preview(self) -> Floats | None:
        """Wait for the next one; None when the painter is done."""
        with self._changed:
            self._changed.wait_for(lambda: self._preview is not None or self._made is not None or bool(self._error))
            if self._made is not None or self._error is not None:
                return None
            preview, self._preview = self._preview, None
            return preview

    def result(self) -> Floats:
        """The finished picture. Raises: what the painter raised."""
        if self._error is not None:
            raise self._error
        assert self._made is not None
        return self._made


def _style(options: TryOptions) -> Sample:
    path = Path(options.text(STYLE))
    if not options.text(STYLE) or not path.is_file():
        raise UserError("There is no style picture.", "Choose the picture whose style shall be taken over.")
    return Sample("picture", path.name, path=path)


def _fitted(picture: WholePicture, options: TryOptions) -> Any:
    """The picture's pixels in the size that was asked for; never larger than they are."""
    import cv2

    pixels = filled_in(picture)
    scale = min(1.0, options.number(SIZE) / max(picture.width, picture.height))
    if options.text(RESULT) == "own":
        if picture.width * picture.height > _MOST_POINTS:
            raise UserError(
                f"This picture ({picture.width:,} x {picture.height:,} points) is too large to be painted in its own size.",
                "Set a size instead.",
            )
        return pixels
    if scale == 1.0:
        return pixels
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def _picture(values: Floats, given: WholePicture, *, finished: bool) -> Picture:
    """As deep and as see-through as the picture it was painted from."""
    from workbench.data.whole_picture import WholePicture

    alpha = enlarged_alpha(given.alpha, values.shape[2], values.shape[1])
    icc = b"" if given.is_grey else given.icc
    return as_picture(WholePicture(to_values(values, given.pixels.dtype), alpha, icc), finished=finished)


TASK = StyleTransfer()
