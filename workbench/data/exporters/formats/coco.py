"""COCO: `annotations/instances_train.json` and so on, with pictures in `images/`. How its numbers map: see the importer.

Boxes and outlines come back to the last bit: width and height are written as decimals. Painted areas are written as
runs, parts that shall not count as `iscrowd`. One file is written for each part of the data.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import IO, Any

from workbench.data.exporters.marked import Done, Export, Mark, MarkedFormat
from workbench.data.importers.json_stream import span_of
from workbench.data.rle import coco_runs, packed
from workbench.data.shapes import BoxShape, Polygon, Region, area, bounds
from workbench.data.types import Split

_FILES = {Split.TRAIN: "train", Split.VALIDATION: "val", Split.TEST: "test", Split.NEW: "new", None: "default"}


def _write(running: Export) -> None:
    with ExitStack() as stack:
        files: dict[Split | None, _File] = {}
        count = 0
        for done in running.pictures(lambda split: "images"):
            if done.split not in files:
                files[done.split] = stack.enter_context(_File(running, _FILES[done.split]))
            for mark in done.marks:
                count += 1
                files[done.split].mark(count, done, mark)
            files[done.split].picture(done)


class _File:
    """One JSON file, written piece by piece; marks wait in a file of their own until the pictures are complete."""

    def __init__(self, running: Export, part: str) -> None:
        self._running = running
        self._name = f"annotations/instances_{part}.json"
        self._pictures: IO[str] = running.open(self._name)
        self._marks: IO[str] = running.open(f"{self._name}.marks")
        self._pictures.write('{"info": {"description": ')
        self._pictures.write(f'{json.dumps(running.project.name)}, "version": "1.0"}},\n"licenses": [],\n"images": [')
        self._first_picture = self._first_mark = True

    def __enter__(self) -> _File:
        return self

    def picture(self, done: Done) -> None:
        record = {"id": done.number, "file_name": done.file, "width": done.width, "height": done.height, "license": 0}
        self._pictures.write(("\n" if self._first_picture else ",\n") + json.dumps(record, ensure_ascii=False))
        self._first_picture = False

    def mark(self, number: int, done: Done, mark: Mark) -> None:
        x0, y0, x1, y1 = bounds(mark.shape)
        (x, width, _), (y, height, _) = span_of(x0, x1), span_of(y0, y1)
        record: dict[str, Any] = {
            "id": number, "image_id": done.number, "category_id": mark.number + 1, "iscrowd": int(mark.ignored),
            "area": area(mark.shape), "segmentation": _segmentation(mark.shape, done),
        }  # fmt: skip
        if mark.text:
            record["text"] = mark.text
        start = json.dumps(record, ensure_ascii=False)[:-1]
        self._marks.write(("\n" if self._first_mark else ",\n") + f'{start}, "bbox": [{x}, {y}, {width}, {height}]}}')
        self._first_mark = False

    def __exit__(self, *failed: object) -> None:
        self._marks.close()
        marks = self._running.folder / f"{self._name}.marks"
        if failed[0] is None:
            self._pictures.write('\n],\n"annotations": [')
            with marks.open(encoding="utf-8") as stream:
                while piece := stream.read(1 << 16):
                    self._pictures.write(piece)
            categories = [
                {"id": place, "name": name, "supercategory": ""} for place, name in enumerate(self._running.names, 1)
            ]
            self._pictures.write(f'\n],\n"categories": {json.dumps(categories, ensure_ascii=False)}}}\n')
        self._pictures.close()
        marks.unlink()


def _segmentation(shape: BoxShape | Polygon | Region, done: Done) -> Any:
    if isinstance(shape, Polygon):
        return [[v for point in part for v in point] for part in shape.parts]
    if isinstance(shape, Region):
        return {"size": [done.height, done.width], "counts": packed(coco_runs(shape, done.width, done.height))}
    return []


FORMAT = MarkedFormat("coco", "COCO (JSON)", "COCO", _write, may_refer=True)
