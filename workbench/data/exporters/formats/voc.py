"""Pascal VOC: `Annotations`, `JPEGImages`, `ImageSets`, and for projects of areas `SegmentationClass` and
`SegmentationObject`. How its numbers map: see the importer.

Boxes are whole pixels counted from 1, as the format wants them: each side is right to half a pixel, and sides on whole
pixels come back as they were. Masks are exact, but each pixel is of one thing only: later ones lie on top.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from workbench.data.exporters.marked import Done, Export, Mark, MarkedFormat, one_line
from workbench.data.exporters.pixels import save_numbers, too_many
from workbench.data.importers.mask_files import VOID, palette
from workbench.data.importers.survey import SPLIT_FILES
from workbench.data.shapes import BoxShape, shape_bits

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def _write(running: Export, masks: bool) -> None:
    if masks:
        too_many(running.names)
        names = [("background", (0, 0, 0)), *zip(running.names, palette(len(running.names) + 1)[1:], strict=True)]
        lines = [f"{one_line(n).replace(':', '_')}:{r},{g},{b}::\n" for n, (r, g, b) in names]
        running.write("labelmap.txt", "# label:color_rgb:parts:actions\n" + "".join(lines))
    stems: dict[str, list[str]] = {}
    for done in running.pictures(lambda split: "JPEGImages", flat=True, nameless=masks):
        stems.setdefault(SPLIT_FILES[done.split] if done.split else "default", []).append(done.stem)
        running.write(f"Annotations/{done.stem}.xml", _sheet(done, masks))
        for mark in done.marks:
            if not masks and not isinstance(mark.shape, BoxShape):
                running.lose("{n} [area is|areas are] saved as the box around it.")
        if masks:
            _masks(done, running)
    for folder in ("Main", "Segmentation") if masks else ("Main",):
        for part, names_of in stems.items():
            running.write(f"ImageSets/{folder}/{part}.txt", "".join(f"{stem}\n" for stem in names_of))


def pixels_of(box: BoxShape) -> tuple[int, int, int, int]:
    """First and last pixel across and down, counted from 1: the nearest, and at least one."""
    x0, y0, x1, y1 = (_nearest(v) for v in (box.x0, box.y0, box.x1, box.y1))
    return x0 + 1, y0 + 1, max(x1, x0 + 1), max(y1, y0 + 1)


def _nearest(value: float) -> int:
    return int(value + 0.5)


def _sheet(done: Done, masks: bool) -> str:
    things = "".join(_thing(mark, box) for mark, box in done.boxes if mark.name)
    return (
        "<annotation>\n\t<folder>JPEGImages</folder>\n"
        f"\t<filename>{escape(done.file)}</filename>\n\t<source>\n\t\t<database>Unknown</database>\n\t</source>\n"
        f"\t<size>\n\t\t<width>{done.width}</width>\n\t\t<height>{done.height}</height>\n\t\t<depth>3</depth>\n\t</size>\n"
        f"\t<segmented>{int(masks)}</segmented>\n{things}</annotation>\n"
    )


def _thing(mark: Mark, box: BoxShape) -> str:
    sides = zip(("xmin", "ymin", "xmax", "ymax"), pixels_of(box), strict=True)
    return (
        f"\t<object>\n\t\t<name>{escape(one_line(mark.name))}</name>\n\t\t<pose>Unspecified</pose>\n"
        f"\t\t<truncated>0</truncated>\n\t\t<difficult>{int(mark.ignored)}</difficult>\n\t\t<bndbox>\n"
        + "".join(f"\t\t\t<{side}>{value}</{side}>\n" for side, value in sides)
        + "\t\t</bndbox>\n\t</object>\n"
    )


def _masks(done: Done, running: Export) -> None:
    import numpy as np

    classes: npt.NDArray[np.uint8] = np.zeros((done.height, done.width), np.uint8)
    objects = classes.copy()
    number = 0
    for mark in done.marks:
        bits = shape_bits(mark.shape, done.width, done.height)
        if mark.ignored or mark.number < 0:
            classes[bits] = objects[bits] = VOID
            continue
        number += 1
        if number >= VOID:
            running.lose("{n} [thing is|things are] left out of the masks: no more than 254 fit on a picture.")
            continue
        classes[bits], objects[bits] = mark.number + 1, number
    for folder, values in (("SegmentationClass", classes), ("SegmentationObject", objects)):
        save_numbers(running.folder / folder / f"{done.stem}.png", values)


_boxes_only, _with_masks = partial(_write, masks=False), partial(_write, masks=True)
FORMATS = (
    MarkedFormat("voc", "Pascal VOC (an XML file per picture)", "Pascal VOC", _boxes_only, ("boxes",)),
    MarkedFormat("voc-segmentation", "Pascal VOC with masks", "Pascal VOC", _with_masks, ("regions",)),
    MarkedFormat("voc-boxes", "Pascal VOC with boxes only", "Pascal VOC", _boxes_only, ("regions",)),
)
