"""Create ML: `annotations.json` beside the pictures, in a folder for each part of the data. How its numbers map: see the
importer. Boxes come back to the last bit: middle, width and height are written as decimals."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import IO

from workbench.data.exporters.marked import Export, MarkedFormat
from workbench.data.importers.json_stream import span_of
from workbench.data.shapes import BoxShape
from workbench.data.types import Split

_PARTS = {Split.TRAIN: "train", Split.VALIDATION: "valid", Split.TEST: "test", Split.NEW: "new", None: "all"}


def _write(running: Export) -> None:
    with ExitStack() as stack:
        files: dict[Split | None, IO[str]] = {}
        for done in running.pictures(lambda split: _PARTS[split]):
            first = done.split not in files
            if first:
                files[done.split] = stack.enter_context(running.open(f"{_PARTS[done.split]}/annotations.json"))
            boxes = []
            for mark, box in done.boxes:
                if not isinstance(mark.shape, BoxShape):
                    running.lose("{n} [area is|areas are] saved as the box around it.")
                (_, width, x), (_, height, y) = span_of(box.x0, box.x1), span_of(box.y0, box.y1)
                ignored = ', "ignored": true' if mark.ignored else ""
                boxes.append(
                    f'{{"label": {json.dumps(mark.name, ensure_ascii=False)}, "coordinates": '
                    f'{{"x": {x}, "y": {y}, "width": {width}, "height": {height}}}{ignored}}}'
                )
            name = json.dumps(done.file, ensure_ascii=False)
            files[done.split].write(
                ("[\n" if first else ",\n") + f'{{"image": {name}, "annotations": [{", ".join(boxes)}]}}'
            )
        for stream in files.values():
            stream.write("\n]\n")


FORMAT = MarkedFormat("createml", "Create ML (JSON)", "Create ML", _write, may_refer=True)
