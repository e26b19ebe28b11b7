"""Areas as pixels: between what people mark, what models say, and the class maps both are compared and taught by.

A class map is uint8 [H, W]: 0 where nothing is, 1 and up the classes in their order, `IGNORED` where it shall count
neither way.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from workbench.data.annotations import Annotation
from workbench.data.labels import COLOURS
from workbench.data.shapes import PICTURE_SHAPES, class_map, region_from_bits
from workbench.tasks.predictions import Mask

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Map = npt.NDArray[np.uint8]

IGNORED = 255
MOST_CLASSES = 254
# Of what a model found, smaller pieces than this share of the picture are specks that nobody wants to correct one by one.
_SPECK = 0.0005
_MOST_PIECES = 200


def truth_map(annotations: Iterable[Annotation], numbers: Iterable[int], width: int, height: int) -> Map:
    """What a person marked, drawn in its order, as a class map of the whole picture.

    Args:
        numbers: the class number of each annotation (from 1); 0 and below, as for one that is marked to be ignored: its
            area counts neither way.
    """
    drawn = [
        (a.shape, IGNORED if a.ignored or number < 1 else number)
        for a, number in zip(annotations, numbers, strict=True)
        if isinstance(a.shape, PICTURE_SHAPES)
    ]
    return class_map(drawn, width, height)


def values_of(mask: Mask) -> Map:
    """The class of every point, as the model numbers them: uint8 [H, W]."""
    import numpy as np
    from PIL import Image

    with Image.open(io.BytesIO(mask.png)) as picture:
        return np.asarray(picture if picture.mode in ("L", "P") else picture.convert("L")).copy()


def resized(values: Map, width: int, height: int) -> Map:
    """A class map in another size: the class of the nearest point, never a mixture."""
    import numpy as np
    from PIL import Image

    if values.shape == (height, width):
        return values
    return np.asarray(Image.fromarray(values).resize((width, height), Image.Resampling.NEAREST))


def regions_of(mask: Mask, class_ids: Mapping[str, int]) -> list[Annotation]:
    """What a model found as painted areas, one for each piece that hangs together, the largest first.

    Args:
        class_ids: class id by name; what has no id is left out, and so are specks.
    """
    import cv2
    import numpy as np

    values = values_of(mask)
    smallest = max(4, round(values.size * _SPECK))
    found: list[tuple[int, Annotation]] = []
    for number, name, _share in mask.present():
        class_id = class_ids.get(name)
        if class_id is None:
            continue
        bits = (values == number).astype(np.uint8)
        count, pieces, stats, _ = cv2.connectedComponentsWithStats(bits, connectivity=8)
        for piece in range(1, count):
            x, y, width, height, size = (int(v) for v in stats[piece])
            if size < smallest:
                continue
            region = region_from_bits(pieces[y : y + height, x : x + width] == piece, x, y)
            if region is not None:
                score = mask.sure[number] if mask.sure else 1.0
                found.append((size, Annotation(region, class_id, source="model", score=score)))
    found.sort(key=lambda entry: -entry[0])
    return [annotation for _, annotation in found[:_MOST_PIECES]]


def shares_of(values: Map, classes: int) -> tuple[float, ...]:
    """Share of the area in 0..1 of each of so many classes."""
    import numpy as np

    counts = np.bincount(values.reshape(-1), minlength=classes)[:classes]
    return tuple(float(n) / values.size for n in counts)


def numbers_of(names: Sequence[str], classes: Sequence[str]) -> list[int]:
    """Class number (from 1) of each name; 0 for one that is not among the classes."""
    place = {name: i for i, name in enumerate(classes, 1)}
    return [place.get(name, 0) for name in names]


def colour_of(value: int, background: int = 0) -> str:
    """ "#rrggbb" of a class of a mask; the person's first class has the colour of the first class of a project."""
    place = value - 1 if 0 <= background < value else value
    return COLOURS[place % len(COLOURS)]


def indexed_png(mask: Mask) -> bytes:
    """A mask as an 8-bit PNG with a palette: a pixel's value is still its class, and other programs show it in colour; the
    background is black."""
    from PIL import Image

    picture = Image.frombytes("P", (mask.width, mask.height), values_of(mask).tobytes())
    palette: list[int] = []
    for value in range(256):
        colour = "#000000" if value == mask.background else colour_of(value, mask.background)
        palette += [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    picture.putpalette(palette)
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def area_rows(mask: Mask) -> list[dict[str, str | float | int]]:
    """What is there, the largest first, for a table."""
    return [
        {"area": name, "value": value, "share": round(share, 6), "square_pixels": mask.points(share)}
        for value, name, share in mask.present()
    ]


AREA_COLUMNS = ["area", "value", "share", "square_pixels"]
