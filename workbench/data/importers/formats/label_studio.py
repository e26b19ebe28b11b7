"""Label Studio: one JSON list of tasks (Label Studio's manual, "Label Studio JSON format of annotated tasks").

Numbers are percent of the picture as it is shown, x and width of its width, y and height of its height; painted areas
are packed RGBA pictures (`workbench.data.rle`). Percent are turned into pixels and rounded to a millionth of one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

from workbench.control import Control
from workbench.data.importers.base import ImportPlan
from workbench.data.importers.json_stream import elements
from workbench.data.importers.marked import Collector, Frame
from workbench.data.importers.numbers import number, numbers, whole_number
from workbench.data.importers.rounds import CORNERS, ellipse, turned_box
from workbench.data.importers.survey import Finder, split_named, split_of_folders, survey
from workbench.data.media import PICTURE_SUFFIXES
from workbench.data.rle import region_of_brush
from workbench.data.shapes import BoxShape, Polygon, Shape
from workbench.errors import UserError

_DIGITS = 6
_SHAPES = ("rectangle", "polygon", "brush", "ellipse")
# Uploaded pictures get such a prefix: "1b2c3d4e-cat.jpg".
_UPLOADED = re.compile(r"^[0-9a-f]{8}-(.+)$")


class LabelStudioImport:
    """See `ImportFormat`."""

    name = "Label Studio"
    order = 0

    def plan(self, paths: Sequence[Path], control: Control) -> ImportPlan | None:
        found = survey(paths, control)
        files = [f for f in found.of(".json") if is_label_studio(found.peek(f))]
        if not files:
            return None
        collector = Collector(found, self.name, files[0], control)
        for file in files:
            finder = Finder(found, [file.parent, found.root, found.root / "images"], control)
            split = split_named(file.stem) or split_of_folders(file, found.root)
            for place, (_, task) in enumerate(elements(file, control), 1):
                named = _picture_of(task) if isinstance(task, dict) else ""
                where = named or f"{file.name}, task {place}"
                if not named:
                    collector.wrong("task", where, "It is no task about a picture.")
                    continue
                bare = named.replace("\\", "/").rsplit("/", 1)[-1]
                uploaded = _UPLOADED.match(bare)
                candidate = finder.find(named, file.parent)
                if candidate.path is None and uploaded:
                    candidate = finder.find(uploaded[1], file.parent)
                path = collector.accept(candidate, where)
                if path is not None:
                    of_task = (
                        split
                        or split_named(str(task.get("data", {}).get("split", "")))
                        or split_of_folders(path, found.root)
                    )
                    _task(task, path, where, of_task, collector)
        if found.whole:
            collector.rest(found.pictures)
        return collector.plan()


def is_label_studio(peeked: dict[str, Any]) -> bool:
    """Whether the first elements of a JSON file are Label Studio's tasks about pictures."""
    task = peeked.get("")
    if not isinstance(task, dict) or not {"annotations", "completions", "predictions"} & task.keys():
        return False
    return isinstance(task.get("data"), dict) and bool(_picture_of(task))


def _picture_of(task: dict[str, Any]) -> str:
    """The name of a task's picture; "" when it has none."""
    data = task.get("data")
    for value in data.values() if isinstance(data, dict) else ():
        if not isinstance(value, str) or len(value) > 4000:
            continue
        text = value
        try:
            address = urlparse(value)
        except ValueError:
            continue
        if address.path.endswith("/local-files/") or "d=" in address.query:
            text = parse_qs(address.query).get("d", [value])[0]
        elif address.scheme in ("http", "https", "s3", "gs", "azure-blob"):
            text = unquote(address.path)
        elif value.startswith("/data/upload/"):
            text = unquote(value.removeprefix("/data/upload/"))
        if text.lower().endswith(PICTURE_SUFFIXES):
            return text
    return ""


def _results(task: dict[str, Any]) -> tuple[list[Any] | None, bool]:
    """What a person answered first, and whether there is more than one answer; None when nobody has."""
    given = task.get("annotations", task.get("completions"))
    kept = [
        a["result"]
        for a in (given if isinstance(given, list) else [])
        if isinstance(a, dict) and isinstance(a.get("result"), list) and not a.get("was_cancelled")
    ]
    return (kept[0] if kept else None), len(kept) > 1


def _task(task: dict[str, Any], path: Path, where: str, split: Any, collector: Collector) -> None:
    results, several = _results(task)
    if several:
        collector.odd(
            "several", where, "More than one person has labelled it; the first one's labels are taken.",
            "{n} [picture was|pictures were] labelled more than once; the first labels are taken.",
        )  # fmt: skip
    collector.listed(path, where)
    sized = next((r for r in results or () if isinstance(r, dict) and whole_number(r.get("original_width"))), {})
    size = (whole_number(sized.get("original_width")), whole_number(sized.get("original_height")))
    done = ("boxes", "regions") if results is not None else ()
    frame = collector.picture(path, where, size, split, done)
    if frame is None:
        return
    texts = {
        r.get("id"): r["value"]["text"][0]
        for r in results or ()
        if isinstance(r, dict) and isinstance(r.get("id"), str) and isinstance(r.get("value"), dict)
        and isinstance(r["value"].get("text"), list) and r["value"]["text"] and isinstance(r["value"]["text"][0], str)
    }  # fmt: skip
    ignored = {
        r.get("id")
        for r in results or ()
        if isinstance(r, dict) and isinstance(r.get("id"), str) and isinstance(r.get("value"), dict)
        and r["value"].get("choices") == ["ignored"]
    }  # fmt: skip
    seen: dict[str, int] = {}
    for place, result in enumerate(results or (), 1):
        here = f"{where}, label {place}"
        if not isinstance(result, dict) or not isinstance(result.get("value"), dict):
            collector.wrong("result", here, "It is no label.", "Correct it in the file.")
            continue
        kind = str(result.get("type", ""))
        base = next((s for s in _SHAPES if kind.startswith(s)), "")
        if not base:
            if kind not in ("textarea", "choices", "labels") or result["value"].keys() & {"x", "points"}:
                collector.odd(
                    "kind", here, f"A label of the kind “{kind[:40]}” has no place here and is left out.",
                    "{n} [label|labels] of another kind [is|are] left out.",
                )  # fmt: skip
            continue
        given = result.get("id")
        if isinstance(given, str):
            seen[given] = seen.get(given, 0) + 1
            if seen[given] > 1:
                collector.odd(
                    "annotation id", here, "Another label has the same id; both are taken.",
                    "{n} [label has|labels have] the id of another one; all are taken.",
                )  # fmt: skip
        try:
            shape = _shape(base, result, frame, here, collector)
        except UserError as error:
            collector.wrong("shape", here, error.message, error.hint)
            continue
        key = given if isinstance(given, str) else None
        collector.mark(
            frame, _label(result["value"], base), shape, here, ignored=key in ignored, text=texts.get(key, "")
        )


def _label(value: dict[str, Any], base: str) -> str:
    names = value.get(f"{base}labels", value.get("labels"))
    if isinstance(names, list) and names and isinstance(names[0], str) and names[0].strip():
        return names[0]
    return "without a name"


def _shape(base: str, result: dict[str, Any], frame: Frame, where: str, collector: Collector) -> Shape:
    """Raises: UserError when it is damaged."""
    value = result["value"]
    across, down = frame.scale
    real = frame.labelled_size
    width, height = real[0] / across, real[1] / down

    def side(name: str, whole: float) -> float:
        found = number(value.get(name))
        if found is None:
            raise UserError("One of its numbers is missing or none.", "Correct it in the file.")
        return found * whole / 100

    if base == "brush":
        packed = value.get("rle")
        if not isinstance(packed, list) or len(packed) > 100_000_000:
            raise UserError("A painted area is damaged.", "Save it again in the program it comes from.")
        region = region_of_brush(packed, round(width), round(height))
        if region is None:
            raise UserError("A painted area is empty.", "Paint it again.")
        return region
    if base == "polygon":
        pairs = [numbers(p) for p in value["points"]] if isinstance(value.get("points"), list) else []
        if len(pairs) < 3 or any(p is None or len(p) != 2 for p in pairs):
            raise UserError("Its outline has fewer than three points, or half a point.", "Correct it in the file.")
        return Polygon(
            (tuple((round(p[0] * width / 100, _DIGITS), round(p[1] * height / 100, _DIGITS)) for p in pairs if p),)
        )
    turn = number(value.get("rotation", 0)) or 0.0
    x, y = side("x", width), side("y", height)
    if base == "ellipse":
        collector.odd(
            "circle", where, f"An ellipse becomes an outline with {CORNERS} corners.",
            f"{{n}} [ellipse becomes an outline|ellipses become outlines] with {CORNERS} corners.",
        )  # fmt: skip
        return Polygon((ellipse(x, y, side("radiusX", width), side("radiusY", height), turn),))
    w, h = side("width", width), side("height", height)
    if turn % 360 == 0:
        return BoxShape(round(x, _DIGITS), round(y, _DIGITS), round(x + w, _DIGITS), round(y + h, _DIGITS))
    collector.odd(
        "turned box", where, "A turned box becomes an outline with four corners.",
        "{n} turned [box becomes an outline|boxes become outlines] with four corners.",
    )  # fmt: skip
    # It is turned around its upper left corner.
    return Polygon((turned_box(x, y, w, h, turn, (x, y)),))


FORMAT = LabelStudioImport()
