"""Masks: pictures whose values or colours say what is where."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.data.importers.legend import Colour, Legend, is_none, is_void
from workbench.data.importers.marked import Collector, Frame
from workbench.data.media import MAX_PIXELS
from workbench.data.shapes import Region, region_from_bits
from workbench.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_MOST_KINDS = 300
VOID = 255
# Number 255 in Pascal VOC's palette.
_VOID_COLOUR = (224, 224, 192)
OBJECT = "object"


@dataclass(frozen=True)
class Values:
    """What a mask's pixels say.

    Attributes:
        values: int64 [H, W]: numbers, or colours as red * 65536 + green * 256 + blue.
        coloured: whether they are colours.
        palette: colour of each number, where the file has a palette.
    """

    values: npt.NDArray[np.int64]
    coloured: bool
    palette: dict[int, Colour] | None = None


def read_values(path: Path) -> Values:
    """The values of a mask; grey pictures are numbers. Raises: UserError when it cannot be read."""
    import warnings

    import numpy as np
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    raise UserError("The mask is too large.", "Make it smaller.")
                if picture.mode == "1":
                    return Values(np.asarray(picture, np.uint8).astype(np.int64) * VOID, False)
                if picture.mode == "P":
                    flat = picture.getpalette("RGB") or []
                    colours = {n: (flat[3 * n], flat[3 * n + 1], flat[3 * n + 2]) for n in range(len(flat) // 3)}
                    return Values(np.asarray(picture).astype(np.int64), False, colours)
                if picture.mode in ("L", "I", "I;16", "I;16B", "I;16L", "LA"):
                    grey = picture.convert("L") if picture.mode == "LA" else picture
                    return Values(np.asarray(grey).astype(np.int64), False)
                channels = np.asarray(picture.convert("RGB")).astype(np.int64)
    except (Image.DecompressionBombError, UnidentifiedImageError) as error:
        raise UserError("The mask is not a picture the app can read.", "Save it as PNG.") from error
    except (OSError, SyntaxError, ValueError, EOFError, TypeError, IndexError, MemoryError, KeyError) as error:
        raise UserError("The mask is damaged or cut off.", "Copy it again from where it came from.") from error
    if bool((channels[..., 0] == channels[..., 1]).all() and (channels[..., 1] == channels[..., 2]).all()):
        return Values(channels[..., 0], False)
    return Values(channels @ np.array([65536, 256, 1]), True)


def looks_like_photo(path: Path) -> bool:
    """Whether a picture has many values and changes much, as photos do and masks do not; False when it cannot be read."""
    import numpy as np

    try:
        found = read_values(path)
    except UserError:
        return False
    # A grey photo has nearly all greys and much change; a mask is flat.
    flat = found.values[:: max(1, found.values.shape[0] // 256)]
    changes = float((np.diff(flat, axis=1) != 0).mean()) if flat.shape[1] > 1 else 0.0
    return len(np.unique(flat)) > _MOST_KINDS or changes >= 0.3


def instances(path: Path) -> npt.NDArray[np.int64]:
    """The object of each pixel, 0 and 255 for none. Raises: UserError when it cannot be read."""
    return read_values(path).values


class MaskReader:
    """Puts the areas of masks on pictures: one for each class, or one for each object where objects are given.

    Args:
        void: the number that never counts; None decides by what comes (255, unless it is the only one).
    """

    def __init__(self, collector: Collector, legend: Legend | None, void: int | None = None) -> None:
        self._collector, self._legend, self._void = collector, legend, void
        self._pending: dict[int, str] = {}

    def announce(self) -> None:
        """Make the legend's classes, in its order."""
        for name in self._legend.names if self._legend else ():
            self._collector.label(name)

    def read(
        self,
        frame: Frame,
        mask: Path,
        where: str,
        view: str = "",
        things: npt.NDArray[np.int64] | None = None,
        name: str = "",
    ) -> None:
        """Read one mask.

        Args:
            things: the object of each pixel.
            name: the class of all that is not 0, where the mask says only that.

        Raises:
            UserError: when it cannot be read, is of another size than its picture, or is a photo.
        """
        import numpy as np

        found = read_values(mask)
        values = found.values
        across, down = frame.scale
        real = frame.labelled_size
        if (values.shape[1], values.shape[0]) != (round(real[0] / across), round(real[1] / down)):
            raise UserError(
                f"The mask has {values.shape[1]} × {values.shape[0]} pixels, its picture {real[0]} × {real[1]}.",
                "Save it in the picture's size.",
            )
        kinds = np.unique(values)
        if len(kinds) > _MOST_KINDS:
            raise UserError(f"The mask has {len(kinds)} colours, as a photo has.", "Save it as PNG, without smoothing.")
        if name:
            self._put(frame, values > 0, name, where, view)
            return
        if things is not None and things.shape == values.shape:
            for number in np.unique(things).tolist():
                if number in (0, VOID):
                    continue
                inside = things == number
                most = Counter(v for v in values[inside].tolist() if v not in (0, VOID)).most_common(1)
                if most:
                    self._kind(frame, inside, most[0][0], found, f"{where}, object {number}", view)
            kinds = kinds[kinds == VOID]
        for kind in kinds.tolist():
            self._kind(frame, values == kind, kind, found, where, view)

    def _kind(
        self, frame: Frame, inside: npt.NDArray[np.bool_], kind: int, found: Values, where: str, view: str
    ) -> None:
        """One area of a mask's value."""
        legend = self._legend
        coloured = found.coloured
        colour = (kind >> 16, kind >> 8 & 255, kind & 255) if coloured else (found.palette or {}).get(kind)
        if self._void is not None and (kind == self._void if not coloured else colour == _VOID_COLOUR):
            name: str | None = "void"
        elif legend is not None and legend.by_colour and not legend.by_number:
            if colour is None and not coloured and found.palette is None:
                colour = (kind, kind, kind)
            name = legend.by_colour.get(colour) if colour is not None else None
            if name is None and colour is not None and colour != (0, 0, 0):
                self._collector.wrong(
                    "colour", where,
                    f"{int(inside.sum()):,} pixels have a colour ({', '.join(map(str, colour))}) that the list of"
                    " colours does not name; they are left out.", "Add the colour to the list.",
                )  # fmt: skip
        elif coloured:
            name = None if kind == 0 else f"colour #{kind:06x}"
        else:
            name = self._number(kind)
        if name is None or is_none(name):
            return
        self._put(frame, inside, name, where, view)

    def _number(self, kind: int) -> str | None:
        """The class of a number; a name for now where that is clear only after the last mask."""
        named = self._legend.by_number if self._legend is not None else {}
        if kind in named:
            return named[kind]
        if kind == self._void:
            return "void"
        if kind == 0 and not (self._legend is not None and self._legend.lines):
            return None
        self._pending[kind] = f"\x01{kind}"
        return self._pending[kind]

    def _put(self, frame: Frame, inside: npt.NDArray[np.bool_], name: str, where: str, view: str) -> None:
        region: Region | None = region_from_bits(inside)
        if region is None:
            return
        void = is_void(name)
        self._collector.mark(frame, "" if void else name, region, where, ignored=void, view=view)

    def settle(self) -> None:
        """After the last mask: names for the numbers that had none."""
        numbers = sorted(self._pending)
        used = [n for n in numbers if n != VOID]
        named = self._legend.numbered(max(used, default=0)) if self._legend is not None else {}
        only = [n for n in numbers if n != 0]
        for number in numbers:
            name: str | None = named.get(number, f"class {number}")
            if number not in named and number == VOID and (len(only) > 1 or self._void == VOID):
                name = None
            elif number not in named and only == [number] and number in (1, VOID):
                name = OBJECT
            elif name is not None and is_void(name):
                name = None
            nothing = (number == 0 and number not in named) or (name is not None and is_none(name))
            self._collector.settle(self._collector.label(self._pending[number]), name, drop=nothing)


def size_of(path: Path) -> tuple[int, int]:
    """Width and height of a mask. Raises: UserError when it is no picture."""
    from workbench.data.orientation import look

    found = look(path)
    return found.width, found.height


def palette(count: int) -> list[Colour]:
    """Colours for numbers 0..count-1, as Pascal VOC's: the bits of a number spread over red, green and blue, high first.

    See "VOC2012 Development Kit", function VOClabelcolormap.
    """
    colours: list[Colour] = []
    for number in range(count):
        red = green = blue = 0
        for place in range(8):
            red |= (number >> (3 * place) & 1) << (7 - place)
            green |= (number >> (3 * place + 1) & 1) << (7 - place)
            blue |= (number >> (3 * place + 2) & 1) << (7 - place)
        colours.append((red, green, blue))
    return colours
