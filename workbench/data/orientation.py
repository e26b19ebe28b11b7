"""How a picture lies in its file and how it is shown: the camera's orientation, and places turned with it.

Cameras store pixels as the sensor read them and note in the EXIF tag 0x0112 how to turn them (CIPA DC-008, Exif 2.32,
section 4.6.4). Some labelling tools place labels on the stored pixels, others on the picture as it is shown; this app
does the latter.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbench.data.media import MAX_PIXELS
from workbench.data.shapes import BoxShape, Point, Polygon, Region, Shape
from workbench.errors import UserError

_TAG = 0x0112


@dataclass(frozen=True)
class Stored:
    """Width and height of the stored pixels, and the orientation 1..8 (1: as stored)."""

    width: int
    height: int
    turn: int = 1

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height as shown."""
        return (self.height, self.width) if self.turn >= 5 else (self.width, self.height)


def look(path: Path) -> Stored:
    """Size and orientation from a picture's header; its pixels are not read.

    Raises:
        UserError: when it is missing, not a picture, or larger than 200 million pixels.
    """
    import warnings

    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                width, height = picture.size
                turn = picture.getexif().get(_TAG, 1)
    except FileNotFoundError as error:
        raise UserError("The picture is not there.", "Put it beside the labels.") from error
    except Image.DecompressionBombError as error:
        raise UserError("The picture is too large.", "Make it smaller.") from error
    except UnidentifiedImageError as error:
        raise UserError("This is not a picture the app can read.", "Save it as JPEG or PNG.") from error
    except (OSError, SyntaxError, ValueError, EOFError, TypeError, IndexError, MemoryError, KeyError) as error:
        raise UserError("The picture is damaged or cut off.", "Copy it again from where it came from.") from error
    if width * height > MAX_PIXELS:
        raise UserError(f"The picture is too large ({width} × {height}).", "Make it smaller.")
    return Stored(width, height, turn if turn in range(1, 9) else 1)


def upright(shape: Shape, stored: Stored) -> Shape:
    """A place on the stored pixels as the place on the picture as shown."""
    if stored.turn == 1:
        return shape
    match shape:
        case BoxShape():
            a, b = _turned((shape.x0, shape.y0), stored), _turned((shape.x1, shape.y1), stored)
            return BoxShape(min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1]))
        case Polygon():
            return Polygon(tuple(tuple(_turned(point, stored) for point in part) for part in shape.parts))
        case Region():
            return _turned_region(shape, stored)
    return shape


def _turned(point: Point, stored: Stored) -> Point:
    x, y = point
    width, height = stored.width, stored.height
    return {
        2: (width - x, y), 3: (width - x, height - y), 4: (x, height - y), 5: (y, x), 6: (height - y, x),
        7: (height - y, width - x), 8: (y, width - x),
    }[stored.turn]  # fmt: skip


def _turned_region(region: Region, stored: Stored) -> Region:
    import numpy as np

    from workbench.data.shapes import bits_of_runs, runs_of

    bits = bits_of_runs(region.runs, region.width * region.height).reshape(region.height, region.width)
    if stored.turn >= 5:
        bits = bits.T
    flip_x = stored.turn in (2, 3, 6, 7)
    flip_y = stored.turn in (3, 4, 7, 8)
    bits = np.ascontiguousarray(bits[:: -1 if flip_y else 1, :: -1 if flip_x else 1])
    far = (region.x + region.width, region.y + region.height)
    a, b = _turned((region.x, region.y), stored), _turned(far, stored)
    return Region(int(min(a[0], b[0])), int(min(a[1], b[1])), bits.shape[1], bits.shape[0], runs_of(bits.reshape(-1)))
