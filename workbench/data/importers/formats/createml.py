"""Create ML: one JSON list for many pictures (Apple, "Building an object detector data source").

A box is the middle, width and height in pixels from the upper left corner, 0 being the left edge of the first pixel; its
ends are computed in decimals.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.control import Control
from workbench.data.importers.base import ImportPlan
from workbench.data.importers.formats.coco import truth
from workbench.data.importers.json_stream import elements, ends_of
from workbench.data.importers.marked import Collector, Frame
from workbench.data.importers.numbers import number
from workbench.data.importers.survey import Finder, split_named, split_of_folders, survey
from workbench.data.shapes import BoxShape

_NAMES = ("image", "imagefilename", "imageFilename", "filename")


class CreateMlImport:
    """See `ImportFormat`."""

    name = "Create ML"
    order = 0

    def plan(self, paths: Sequence[Path], control: Control) -> ImportPlan | None:
        found = survey(paths, control)
        files = [f for f in found.of(".json") if is_create_ml(found.peek(f))]
        if not files:
            return None
        collector = Collector(found, self.name, files[0], control)
        for file in files:
            finder = Finder(found, [file.parent, found.root, found.root / "images"], control)
            split = split_named(file.stem) or split_of_folders(file, found.root)
            for place, (_, record) in enumerate(elements(file, control), 1):
                if not isinstance(record, dict):
                    collector.wrong("record", f"{file.name}, entry {place}", "It is no entry for a picture.")
                    continue
                named = next((record[n] for n in _NAMES if isinstance(record.get(n), str)), "")
                where = named or f"{file.name}, entry {place}"
                path = collector.find(finder, named, where, file.parent)
                if path is None:
                    continue
                collector.listed(path, where)
                frame = collector.picture(path, where, split=split or split_of_folders(path, found.root))
                if frame is not None:
                    _marks(record.get("annotations"), frame, where, collector)
        if found.whole:
            collector.rest(found.pictures)
        return collector.plan("boxes")


def is_create_ml(peeked: dict[str, Any]) -> bool:
    """Whether the first elements of a JSON file are Create ML's."""
    record = peeked.get("")
    if not isinstance(record, dict) or not any(isinstance(record.get(n), str) for n in _NAMES):
        return False
    given = record.get("annotations")
    if not isinstance(given, list):
        return False
    return all(isinstance(a, dict) and isinstance(a.get("coordinates"), dict) for a in given)


def _marks(given: Any, frame: Frame, where: str, collector: Collector) -> None:
    boxes: list[tuple[str, list[float], bool, str]] = []
    for place, record in enumerate(given if isinstance(given, list) else [], 1):
        here = f"{where}, box {place}"
        sides = record.get("coordinates") if isinstance(record, dict) else None
        values = [number(sides.get(k)) for k in ("x", "y", "width", "height")] if isinstance(sides, dict) else [None]
        known = [v for v in values if v is not None]
        if len(known) < 4:
            collector.wrong("box", here, "Its box has a side that is missing or no number.", "Correct it in the file.")
            continue
        if known[2] < 0 or known[3] < 0:
            collector.wrong("box", here, "Its box has a negative width or height.", "Correct it in the file.")
            continue
        label = record.get("label")
        name = label if isinstance(label, str) and label.strip() else "without a name"
        boxes.append((name, known, truth(record.get("ignored")), here))
    # Some programs write fractions of the picture instead of pixels.
    fractions = bool(boxes) and min(frame.shown) > 4 and all(max(values) <= 1 for _, values, _, _ in boxes)
    if fractions:
        collector.odd(
            "fractions", where, "Its boxes are fractions of the picture, not pixels; they are read so.",
            "{n} [picture has|pictures have] boxes as fractions instead of pixels; they are read so.",
        )  # fmt: skip
    for name, (x, y, width, height), ignored, here in boxes:
        (x0, x1), (y0, y1) = ends_of(x, width), ends_of(y, height)
        if fractions:
            x0, x1, y0, y1 = x0 * frame.shown[0], x1 * frame.shown[0], y0 * frame.shown[1], y1 * frame.shown[1]
        collector.mark(frame, name, BoxShape(x0, y0, x1, y1), here, ignored=ignored)


FORMAT = CreateMlImport()
