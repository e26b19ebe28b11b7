"""Arbitrary stylisation in one pass (Ghiasi et al. 2017, arXiv 1705.06830; Magenta): one small network looks at the
style and writes it down as a hundred numbers, a second paints the content by them.

The second network paints some hundred points at a time. A larger picture is painted whole in that size first, then in
tiles at its own, all by the same hundred numbers. The network levels each picture it gets (instance normalisation), so
that a tile of sky and one of shadow come out alike; what is coarse in a tile (its drift of colour and brightness) is
therefore taken from the whole, and only what is fine is the tile's. Chen et al. 2022 (arXiv 2103.11784) take the
whole's statistics inside the network, which a finished file does not allow.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.onnx_session import Session, open_session
from workbench.runtimes.pictures import resized
from workbench.runtimes.tiles import Tiling, through_tiles

if TYPE_CHECKING:
    from workbench.runtimes.base import Floats

_STYLE_SIDE = 256
# A network that takes any size gets this much at once; in multiples of what its strides divide.
_SIDE, _STRIDE = 512, 8
_RIM, _FADE = 16, 32
# Coarser than so many points is what a tile takes from the whole.
_COARSE = 48
# Below this strength the picture itself is mixed in as well, so that 0 is the picture.
_FADING = 0.25


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
        if strength <= 0:
            return content
        control.progress(0, 0, "Looking at the style")
        paint, side, blended = self._painter(content, style, strength)
        control.check()
        height, width = content.shape[1:]
        most = side or _SIDE
        smaller = min(1.0, most / max(height, width))
        whole = paint(resized(content, max(1, round(width * smaller)), max(1, round(height * smaller))))
        own = np.float32(1.0 - blended)
        if smaller == 1.0:
            return (blended * whole + own * content).astype(np.float32)
        if preview is not None:
            preview(whole)
        result = np.empty_like(content)
        window = min(most, height), min(most, width)

        def compute(top: int, left: int, bottom: int, right: int) -> Floats:
            # At the picture's edges a tile is moved inwards: the network always gets its full size where there is one.
            y, x = min(top, height - window[0]), min(left, width - window[1])
            given = content[:, y : y + window[0], x : x + window[1]]
            rough = _part_of(whole, (y, x, *window), (height, width))
            made = paint(given)
            made = made + _coarse(rough) - _coarse(made)
            return made[:, top - y : bottom - y, left - x : right - x]

        def keep(first: int, rows: Floats) -> None:
            place = slice(first, first + rows.shape[1])
            result[:, place] = np.clip(blended * rows + own * content[:, place], 0, 1)

        tiling = Tiling(most - 2 * (_RIM + _FADE), _RIM, _FADE)
        through_tiles((height, width), 1, compute, keep, control, "Painting", tiling)
        return result

    def _painter(
        self, content: Floats, style: Floats, strength: float
    ) -> tuple[Callable[[Floats], Floats], int, float]:
        """(paints a picture of any size up to the network's; the network's side or 0; how much of it counts)."""
        if self._predict is None:
            # The style is the input that says so.
            names = sorted(self._transfer.inputs, key=lambda n: "style" in n)
            given: Any = _last(resized(style, _STYLE_SIDE, _STYLE_SIDE))[None]
            share = strength
        else:
            wanted = self._bottleneck(style)
            if strength < 1:
                # Between the style of the picture itself and the other's.
                wanted = strength * wanted + (1 - strength) * self._bottleneck(content)
            # The style is the input that is no picture: it has one number per feature and no width.
            names = sorted(self._transfer.inputs, key=lambda n: self._transfer.inputs[n][-1] != 3)
            shape = tuple(v if v > 0 else 1 for v in self._transfer.inputs[names[1]][:-1])
            given = wanted.reshape(*shape, -1)
            share = min(1.0, strength / _FADING)
        height, width = self._transfer.inputs[names[0]][1:3]
        side = height if height > 1 and height == width else 0

        def paint(picture: Floats) -> Floats:
            import numpy as np

            rows, columns = picture.shape[1:]
            high, wide = (side, side) if side else (-(-v // _STRIDE) * _STRIDE for v in (rows, columns))
            filled = np.pad(picture, ((0, 0), (0, high - rows), (0, wide - columns)), mode="symmetric")
            made = self._transfer.run({names[0]: _last(filled)[None], names[1]: given})[0][0]
            painted: Floats = np.clip(made, 0, 1).transpose(2, 0, 1)[:, :rows, :columns].astype(np.float32)
            return painted

        return paint, side, share

    def _bottleneck(self, picture: Floats) -> Any:
        assert self._predict is not None
        (name, shape), *_ = self._predict.inputs.items()
        side = shape[1] if shape[1] > 1 else _STYLE_SIDE
        return self._predict.run({name: _last(resized(picture, side, side))[None]})[0].reshape(-1)


def _last(picture: Floats) -> Any:
    """[3, H, W] to [H, W, 3]: TensorFlow's order."""
    import numpy as np

    return np.ascontiguousarray(picture.transpose(1, 2, 0), dtype=np.float32)


def _part_of(small: Floats, place: tuple[int, int, int, int], size: tuple[int, int]) -> Floats:
    """A window (top, left, height, width) of a picture of `size`, from that picture made small."""
    import numpy as np

    top, left, height, width = place
    rows = (np.arange(height) + top + 0.5) * small.shape[1] / size[0] - 0.5
    columns = (np.arange(width) + left + 0.5) * small.shape[2] / size[1] - 0.5
    part: Floats = _between(_between(small, rows, 1), columns, 2)
    return part


def _between(values: Any, places: Any, axis: int) -> Any:
    """Linearly between the points along an axis, and on in the same direction beyond the first and the last."""
    import numpy as np

    last = values.shape[axis] - 1
    low = np.floor(places).astype(int).clip(0, max(0, last - 1))
    high = np.minimum(low + 1, last)
    shape = [1] * values.ndim
    shape[axis] = -1
    share = (places - low).astype(np.float32).reshape(shape)
    return np.take(values, low, axis) * (1 - share) + np.take(values, high, axis) * share


def _coarse(picture: Floats) -> Floats:
    """What is left when everything finer than `_COARSE` points is taken off."""
    size = picture.shape[1], picture.shape[2]
    cells = resized(picture, max(1, round(size[1] / _COARSE)), max(1, round(size[0] / _COARSE)))
    return _part_of(cells, (0, 0, *size), size)


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
