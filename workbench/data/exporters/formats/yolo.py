"""YOLO: `images/train`, `labels/train` and so on with `data.yaml` (ultralytics' layout). How its numbers map: see the
importer.

Fractions are written with 14 digits behind the point, which is a millionth of a pixel and better in any picture; so what lies
on a millionth of a pixel comes back as it was. Projects of boxes give boxes, others outlines: several outlines of one
thing are joined by lines walked there and back, painted areas become outlines along their pixels' edges, holes included.
"""

from __future__ import annotations

import json
from functools import partial

from workbench.data.exporters.marked import Done, Export, Mark, MarkedFormat, one_line
from workbench.data.outlines import line_of, outline_of
from workbench.data.shapes import BoxShape, Point, Polygon, Region, bounds
from workbench.data.types import Split

_PARTS = {Split.TRAIN: "train", Split.VALIDATION: "val", Split.TEST: "test", Split.NEW: "new", None: "all"}
_BRIDGED = "{n} [thing of several outlines is|things of several outlines are] joined into one line each."
_IGNORED = "{n} [label|labels] that shall not count [is|are] left out: this format cannot say it."


def _write(running: Export, outlines: bool) -> None:
    parts: dict[Split | None, str] = {}
    for done in running.pictures(lambda split: f"images/{_PARTS[split]}"):
        lines = [line for mark in done.marks if (line := _line(mark, done, running, outlines))]
        running.write(f"labels/{_PARTS[done.split]}/{done.stem}.txt", "".join(f"{line}\n" for line in lines))
        parts[done.split] = f"images/{_PARTS[done.split]}"
    running.write("data.yaml", _settings(list(parts.items()), running.names))


def _line(mark: Mark, done: Done, running: Export, outlines: bool) -> str:
    if mark.ignored:
        running.lose(_IGNORED)
        return ""
    if outlines:
        points = _outline(mark.shape, running)
        values = [v for x, y in points for v in (x / done.width, y / done.height)]
    else:
        if not isinstance(mark.shape, BoxShape):
            running.lose("{n} [area is|areas are] saved as the box around it.")
        x0, y0, x1, y1 = bounds(mark.shape)
        values = [
            (x0 + x1) / 2 / done.width, (y0 + y1) / 2 / done.height, (x1 - x0) / done.width, (y1 - y0) / done.height
        ]  # fmt: skip
    return " ".join([str(mark.number), *map(_fraction, values)])


def _outline(shape: BoxShape | Polygon | Region, running: Export) -> tuple[Point, ...]:
    if isinstance(shape, BoxShape):
        running.lose("{n} [box is|boxes are] saved as an outline with four corners.")
        x0, y0, x1, y1 = bounds(shape)
        return (x0, y0), (x1, y0), (x1, y1), (x0, y1)
    if isinstance(shape, Region):
        return outline_of(shape)
    if len(shape.parts) > 1:
        running.lose(_BRIDGED)
    return line_of(shape)


def _fraction(value: float) -> str:
    text = f"{value:.14f}".rstrip("0").rstrip(".")
    return text if text not in ("-0", "") else "0"


def _settings(parts: list[tuple[Split | None, str]], names: list[str]) -> str:
    """data.yaml. Pictures in no part are ones to train on; where there are none to check on, those to train on are named
    again, since ultralytics wants both."""
    places = {_PARTS[split]: place for split, place in parts}
    train = [places[part] for part in ("train", "all") if part in places] or [next(iter(places.values()))]
    given: dict[str, str | list[str]] = {"train": train[0] if len(train) == 1 else train}
    given["val"] = places.get("val", given["train"])
    if "test" in places:
        given["test"] = places["test"]
    # JSON's texts and lists are YAML's too.
    lines = [f"{key}: {json.dumps(place, ensure_ascii=False)}" for key, place in given.items()]
    lines += ["names:", *(f"  {n}: {json.dumps(one_line(name), ensure_ascii=False)}" for n, name in enumerate(names))]
    return "\n".join(["path: .", *lines, ""])


# Labels are found by where their pictures lie, so pictures come along always.
_boxes_only, _with_outlines = partial(_write, outlines=False), partial(_write, outlines=True)
FORMATS = (
    MarkedFormat("yolo", "YOLO (a text file per picture)", "YOLO", _boxes_only, ("boxes",)),
    MarkedFormat(
        "yolo-segmentation", "YOLO with outlines (a text file per picture)", "YOLO", _with_outlines, ("regions",)
    ),
    MarkedFormat("yolo-boxes", "YOLO with boxes only (a text file per picture)", "YOLO", _boxes_only, ("regions",)),
)
