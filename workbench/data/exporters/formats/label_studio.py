"""Label Studio: `tasks.json` with pictures in `images/`, and `labels.xml` for the labelling interface. How its numbers
map: see the importer.

Percent are written with 15 digits behind the point, so that what lies on a millionth of a pixel comes back as it was. Several
outlines of one thing are joined by lines walked there and back.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from workbench.data.exporters.marked import Done, Export, Mark, MarkedFormat
from workbench.data.outlines import line_of
from workbench.data.rle import brush_of_region
from workbench.data.shapes import BoxShape, Polygon, Region
from workbench.data.types import Split

_SPLITS = {Split.TRAIN: "train", Split.VALIDATION: "validation", Split.TEST: "test", Split.NEW: "new"}


def _write(running: Export) -> None:
    kinds: set[str] = {"Rectangle"}
    with running.open("tasks.json") as stream:
        start = "["
        for done in running.pictures(lambda split: "images"):
            results: list[dict[str, Any]] = []
            for place, mark in enumerate(done.marks, 1):
                results += _results(mark, f"{done.number}-{place}", done, running, kinds)
            place_of = f"images/{done.file}" if running.copy_pictures else done.file
            # As Label Studio serves files from a folder of this computer.
            data = {"image": f"/data/local-files/?d={quote(place_of)}"}
            if done.split:
                data["split"] = _SPLITS[done.split]
            task = {"id": done.number, "data": data, "annotations": [{"id": done.number, "result": results}]}
            stream.write(f"{start}\n{json.dumps(task, ensure_ascii=False)}")
            start = ","
        stream.write("\n]\n")
    running.write("labels.xml", _interface(running.names, sorted(kinds)))


def _results(mark: Mark, key: str, done: Done, running: Export, kinds: set[str]) -> list[dict[str, Any]]:
    common = {
        "id": key, "from_name": "label", "to_name": "image", "original_width": done.width,
        "original_height": done.height, "image_rotation": 0,
    }  # fmt: skip

    def percent(value: float, whole: int) -> float:
        return round(value / whole * 100, 15)

    match mark.shape:
        case BoxShape(x0, y0, x1, y1):
            kind = "rectangle"
            value: dict[str, Any] = {
                "x": percent(x0, done.width), "y": percent(y0, done.height), "width": percent(x1 - x0, done.width),
                "height": percent(y1 - y0, done.height), "rotation": 0,
            }  # fmt: skip
        case Polygon(parts):
            kind = "polygon"
            if len(parts) > 1:
                running.lose(
                    "{n} [thing of several outlines is|things of several outlines are] joined into one line each."
                )
            points = [[percent(x, done.width), percent(y, done.height)] for x, y in line_of(mark.shape)]
            value = {"points": points, "closed": True}
        case Region():
            kind = "brush"
            value = {"format": "rle", "rle": brush_of_region(mark.shape, done.width, done.height)}
    kinds.add(kind.capitalize())
    made = [common | {"type": f"{kind}labels", "value": value | {f"{kind}labels": [mark.name]}}]
    made[0]["from_name"] = kind
    if mark.text:
        made.append(common | {"type": "textarea", "from_name": "text", "value": {"text": [mark.text]}})
    if mark.ignored:
        made.append(common | {"type": "choices", "from_name": "note", "value": {"choices": ["ignored"]}})
    return made


def _interface(names: list[str], kinds: list[str]) -> str:
    """The labelling interface that fits the tasks."""
    labels = "".join(f"\n    <Label value={quoteattr(name)}/>" for name in names)
    tags = "".join(
        f'\n  <{kind}Labels name="{kind.lower()}" toName="image">{labels}\n  </{kind}Labels>' for kind in kinds
    )
    return (
        f'<View>\n  <Image name="image" value="$image"/>{tags}\n'
        '  <TextArea name="text" toName="image" perRegion="true"/>\n'
        '  <Choices name="note" toName="image" perRegion="true" choice="multiple">\n    <Choice value="ignored"/>\n'
        "  </Choices>\n</View>\n"
    )


FORMAT = MarkedFormat("label-studio", "Label Studio (JSON)", "Label Studio", _write, may_refer=True)
