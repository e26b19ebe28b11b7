"""Arbitrary stylisation in one pass (Ghiasi et al. 2017, arXiv 1705.06830; Magenta): one small network looks at the
style and writes it down as a hundred numbers, a second paints the content by them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.onnx_session import Session, open_session

if TYPE_CHECKING:
    from workbench.runtimes.base import Floats

_STYLE_SIDE = 256


class OnePassStyle(Loaded):
    """A `Stylizer` of one network (content and style in, picture out) or of a pair."""

    def __init__(self, card: ModelCard, predict: Session | None, transfer: Session, size: int) -> None:
        super().__init__(card, None, extra_bytes=size)
        self._predict = predict
        self._transfer = transfer

    def stylise(
        self,
        content: Floats,
        style: Floats,
        strength: float,
        control: Control,
        preview: Callable[[Floats], None] | None = None,
    ) -> Floats:
        import numpy as np

        control.check()
        if self._predict is None:
            names = sorted(self._transfer.inputs, key=lambda n: "style" in n)
            given = {names[0]: _last(content)[None], names[1]: _last(_square(style, _STYLE_SIDE))[None]}
            made = self._transfer.run(given)[0][0]
        else:
            wanted = self._bottleneck(style)
            if strength < 1:
                # Between the style of the picture itself and the other's.
                wanted = strength * wanted + (1 - strength) * self._bottleneck(content)
            control.check()
            # The style is the input that is no picture: it has one number per feature and no width.
            names = sorted(self._transfer.inputs, key=lambda n: self._transfer.inputs[n][-1] != 3)
            height, width = self._transfer.inputs[names[0]][1:3]
            fixed = height if height > 1 and height == width else 0
            picture = _square(content, fixed) if fixed else content
            shape = tuple(v if v > 0 else 1 for v in self._transfer.inputs[names[1]][:-1])
            given = {names[0]: _last(picture)[None], names[1]: wanted.reshape(*shape, -1)}
            made = self._transfer.run(given)[0][0]
        made = np.clip(made, 0, 1).transpose(2, 0, 1).astype(np.float32)
        result: Floats = _resized(made, content.shape[2], content.shape[1])
        if self._predict is None and strength < 1:
            result = (strength * result + (1 - strength) * content).astype(np.float32)
        return result

    def _bottleneck(self, picture: Floats) -> Any:
        assert self._predict is not None
        (name, shape), *_ = self._predict.inputs.items()
        side = shape[1] if shape[1] > 1 else _STYLE_SIDE
        return self._predict.run({name: _last(_square(picture, side))[None]})[0].reshape(-1)


def _last(picture: Floats) -> Any:
    """[3, H, W] to [H, W, 3]: TensorFlow's order."""
    import numpy as np

    return np.ascontiguousarray(picture.transpose(1, 2, 0), dtype=np.float32)


def _square(picture: Floats, side: int) -> Floats:
    return _resized(picture, side, side)


def _resized(picture: Floats, width: int, height: int) -> Floats:
    import torch

    if picture.shape[1:] == (height, width):
        return picture
    resized: Floats = torch.nn.functional.interpolate(
        torch.from_numpy(picture)[None], size=(height, width), mode="bilinear", align_corners=False, antialias=True
    )[0].numpy()
    return resized


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """A folder with one .tflite/.onnx that takes both pictures, or two (style to numbers; content and numbers to picture).

    Raises:
        UserError: when they are missing or are something else.
    """
    files = sorted(f for f in (path.iterdir() if path.is_dir() else [path]) if f.suffix in (".tflite", ".onnx"))
    size = sum(f.stat().st_size for f in files)
    if len(files) == 1:
        both = open_session(files[0])
        if len(both.inputs) != 2:
            raise UserError(f"The file of “{card.name}” is no style network.", "Download the model again.")
        return OnePassStyle(card, None, both, size)
    if len(files) != 2:
        raise UserError(f"The files of “{card.name}” are incomplete.", "Download the model again.")
    # One picture goes into the first, a picture and a style into the second, whatever the files are called.
    first, second = sorted(map(open_session, files), key=lambda session: len(session.inputs))
    if len(first.inputs) != 1 or len(second.inputs) != 2:
        raise UserError(f"The files of “{card.name}” are no style networks.", "Download the model again.")
    return OnePassStyle(card, first, second, size)
