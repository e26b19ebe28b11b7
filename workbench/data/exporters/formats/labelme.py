"""labelme: a JSON file beside each picture, in a folder for each part of the data. How its numbers map: see the importer.

All shapes come back to the last bit. Several outlines of one thing get a group number of their own; parts that shall not
count get the flag "ignored".
"""

from __future__ import annotations

import base64
import io
import json
from pathlib import PurePosixPath
from typing import Any

from workbench.data.exporters.marked import Done, Export, Mark, MarkedFormat
from workbench.data.shapes import BoxShape, Polygon, Region, bits_of_runs
from workbench.data.types import Split

_PARTS = {Split.TRAIN: "train", Split.VALIDATION: "val", Split.TEST: "test", Split.NEW: "new", None: "all"}
# The version of labelme whose format this is.
_VERSION = "5.5.0"


def _write(running: Export) -> None:
    for done in running.pictures(lambda split: _PARTS[split]):
        sheet: dict[str, Any] = {
            "version": _VERSION, "flags": {}, "shapes": list(_shapes(done)),
            "imagePath": PurePosixPath(done.file).name if running.copy_pictures else done.file, "imageData": None,
            "imageHeight": done.height, "imageWidth": done.width,
        }  # fmt: skip
        running.write(f"{_PARTS[done.split]}/{done.stem}.json", json.dumps(sheet, ensure_ascii=False, indent=1))
    running.write("labels.txt", "".join(f"{name}\n" for name in ["__ignore__", "_background_", *running.names]))


def _shapes(done: Done) -> list[dict[str, Any]]:
    shapes = []
    for group, mark in enumerate(done.marks, 1):
        match mark.shape:
            case BoxShape():
                box = mark.shape
                shapes.append(_shape(mark, "rectangle", [[box.x0, box.y0], [box.x1, box.y1]]))
            case Polygon():
                several = group if len(mark.shape.parts) > 1 else None
                shapes += [_shape(mark, "polygon", [list(p) for p in part], several) for part in mark.shape.parts]
            case Region():
                area = mark.shape
                ends = [[area.x, area.y], [area.x + area.width - 1, area.y + area.height - 1]]
                shapes.append(_shape(mark, "mask", ends) | {"mask": _png(area)})
    return shapes


def _shape(
    mark: Mark, kind: str, points: list[list[float]] | list[list[int]], group: int | None = None
) -> dict[str, Any]:
    return {
        "label": mark.name, "points": points, "group_id": group, "description": mark.text, "shape_type": kind,
        "flags": {"ignored": True} if mark.ignored else {}, "mask": None,
    }  # fmt: skip


def _png(area: Region) -> str:
    from PIL import Image

    bits = bits_of_runs(area.runs, area.width * area.height).reshape(area.height, area.width)
    stream = io.BytesIO()
    Image.fromarray(bits).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


FORMAT = MarkedFormat("labelme", "labelme (a JSON file per picture)", "labelme", _write, may_refer=True)
