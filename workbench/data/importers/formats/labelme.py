"""labelme: a JSON file beside each picture (Wada, labelme; the format as versions 3 to 6 write it).

Points are x, y in pixels of the picture as it is shown, 0 being the left edge of the first pixel: they are ours. A "mask"
is a small black and white PNG whose corners are whole pixels, both ends in it. Outlines with the same group number and
class are one thing.
"""

from __future__ import annotations

import base64
import binascii
import io
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.control import Control
from workbench.data.importers.base import ImportPlan
from workbench.data.importers.formats.coco import truth
from workbench.data.importers.json_stream import whole
from workbench.data.importers.marked import Collector, Frame
from workbench.data.importers.numbers import numbers, whole_number
from workbench.data.importers.rounds import CORNERS, ellipse
from workbench.data.importers.survey import Finder, split_of_folders, survey
from workbench.data.media import MAX_PIXELS
from workbench.data.shapes import BoxShape, Point, Polygon, Region, Shape, region_from_bits
from workbench.errors import UserError

_SAMPLE = 12
_LARGEST = 200_000_000
_LARGEST_PICTURE = 100_000_000
_FLAT = {"point", "points", "line", "linestrip"}


@dataclass
class _Mark:
    name: str
    shape: Shape
    ignored: bool
    text: str
    group: int | str | None
    where: str


class LabelmeImport:
    """See `ImportFormat`."""

    name = "labelme"
    order = 0

    def plan(self, paths: Sequence[Path], control: Control) -> ImportPlan | None:
        found = survey(paths, control)
        files = found.of(".json")
        step = max(1, len(files) // _SAMPLE)
        if not any(is_labelme(found.peek(f)) for f in files[::step][: _SAMPLE + 1]):
            return None
        collector = Collector(found, self.name, found.root if found.whole else files[0], control)
        reader = _Reader(collector, Finder(found, [found.root], control), control)
        for number, file in enumerate(files):
            control.check()
            control.progress(number, len(files), "Reading labels")
            if is_labelme(found.peek(file)):
                reader.read(file)
        reader.tell()
        if found.whole:
            collector.rest(found.pictures)
        plan = collector.plan()
        # The pictures taken out of the files live as long as the plan.
        plan.keep = reader.own
        return plan


def is_labelme(peeked: dict[str, Any]) -> bool:
    """Whether the first elements of a JSON file are labelme's."""
    shape = peeked.get("shapes")
    if isinstance(shape, dict):
        return "points" in shape and "label" in shape
    return "imagePath" in peeked and bool({"shapes", "version", "flags", "imageData"} & peeked.keys())


class _Reader:
    def __init__(self, collector: Collector, finder: Finder, control: Control) -> None:
        self.collector, self.finder, self.control = collector, finder, control
        self.own: tempfile.TemporaryDirectory[str] | None = None
        self.taken_out = 0

    def read(self, file: Path) -> None:
        where = self.collector.survey.name_of(file)
        try:
            sheet = whole(file, _LARGEST)
        except UserError as error:
            self.collector.wrong("sheet", where, error.message, error.hint, file)
            return
        if not isinstance(sheet, dict):
            return
        frame = self._frame(sheet, file, where)
        if frame is None:
            return
        shapes = sheet.get("shapes")
        marks: list[_Mark] = []
        groups: dict[tuple[Any, str], _Mark] = {}
        for place, record in enumerate(shapes if isinstance(shapes, list) else [], 1):
            mark = self._mark(record, f"{where}, shape {place}")
            if mark is None:
                continue
            first = groups.setdefault((mark.group, mark.name), mark) if mark.group is not None else mark
            if first is mark:
                marks.append(mark)
            elif isinstance(first.shape, Polygon) and isinstance(mark.shape, Polygon):
                # Its place among the others is the one of its first part.
                first.shape = Polygon((*first.shape.parts, *mark.shape.parts))
        for mark in marks:
            self.collector.mark(frame, mark.name, mark.shape, mark.where, ignored=mark.ignored, text=mark.text)

    def _mark(self, record: Any, where: str) -> _Mark | None:
        """One shape; None when it cannot be used (told)."""
        if not isinstance(record, dict):
            self.collector.wrong("shape", where, "It is no shape.", "Correct it in the file.")
            return None
        try:
            shape = self._shape(record, where)
        except UserError as error:
            self.collector.wrong("shape", where, error.message, error.hint)
            return None
        if shape is None:
            return None
        label, text, group = record.get("label"), record.get("description"), record.get("group_id")
        flags = record.get("flags")
        noted = [flags.get(n) for n in ("ignored", "difficult", "crowd")] if isinstance(flags, dict) else []
        return _Mark(
            label if isinstance(label, str) and label.strip() else "without a name",
            shape,
            any(truth(v) for v in (*noted, record.get("difficult"))),
            text if isinstance(text, str) else "",
            group if isinstance(group, int | str) and isinstance(shape, Polygon) else None,
            where,
        )

    def _frame(self, sheet: dict[str, Any], file: Path, where: str) -> Frame | None:
        named = sheet.get("imagePath")
        name = named if isinstance(named, str) and named.strip() else f"{file.stem}.jpg"
        found = self.finder.find(name, file.parent)
        if found.path is None or found.how == "ending":
            beside = self.finder.by_stem(file.stem, file.parent)
            found = beside if beside.path is not None else found
        size = (whole_number(sheet.get("imageWidth")), whole_number(sheet.get("imageHeight")))
        split = split_of_folders(file, self.collector.survey.root)
        if found.path is None and isinstance(sheet.get("imageData"), str):
            path = self._taken_out(sheet["imageData"], name, where)
            return None if path is None else self.collector.picture(path, where, size, split, own=True)
        path = self.collector.accept(found, where)
        if path is None:
            return None
        if self.collector.known(path):
            self.collector.odd(
                "twice", where, "Another file speaks of the same picture; the labels are put together.",
                "{n} [picture has|pictures have] more than one file of labels; they are put together.",
            )  # fmt: skip
        return self.collector.picture(path, where, size, split)

    def _taken_out(self, data: str, name: str, where: str) -> Path | None:
        """The picture that the file holds itself, in a folder for now."""
        try:
            if len(data) > _LARGEST_PICTURE * 4 // 3 + 4:
                raise ValueError("too large")
            picture = base64.b64decode(data, validate=True)
        except (ValueError, binascii.Error):
            self.collector.wrong("missing", where, "Its picture is not there, and the copy in the file is damaged.")
            return None
        if self.own is None:
            self.own = tempfile.TemporaryDirectory(prefix="workbench-labelme-")
        self.taken_out += 1
        stem = Path(name.replace("\\", "/")).name[:80] or "picture"
        folder = Path(self.own.name) / str(self.taken_out)
        folder.mkdir()
        safe = "".join(c if c.isalnum() or c in " ._-()" else "_" for c in stem)
        path = folder / (safe if "." in safe.strip(".") else f"{safe}.png")
        path.write_bytes(picture)
        return path

    def tell(self) -> None:
        if self.taken_out:
            self.collector.warnings.append(
                f"{self.taken_out:,} pictures are not there; the copies inside the label files are used."
                if self.taken_out > 1
                else "1 picture is not there; the copy inside the label file is used."
            )

    def _shape(self, record: dict[str, Any], where: str) -> Shape | None:
        """A shape; None when it has no area by its kind (told). Raises: UserError when it is damaged."""
        kind = str(record.get("shape_type") or "polygon")
        given = record.get("points")
        pairs = [numbers(p) for p in given] if isinstance(given, list) else []
        points = [(float(p[0]), float(p[1])) for p in pairs if p is not None and len(p) == 2]
        if len(points) != len(pairs) or not points:
            raise UserError("One of its points is no pair of numbers.", "Correct it in the file.")
        if kind in _FLAT:
            self.collector.odd(
                "flat", where, f"A “{kind}” has no area and is left out.",
                "{n} [point or line has|points and lines have] no area and [is|are] left out.",
            )  # fmt: skip
            return None
        if kind == "mask":
            return _mask(record, points)
        if kind == "rectangle" and len(points) == 2:
            (x0, y0), (x1, y1) = points
            return BoxShape(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        if kind == "circle" and len(points) == 2:
            self.collector.odd(
                "circle", where, f"A circle becomes an outline with {CORNERS} corners.",
                f"{{n}} [circle becomes an outline|circles become outlines] with {CORNERS} corners.",
            )  # fmt: skip
            (x, y), edge = points
            radius = math.dist((x, y), edge)
            return Polygon((ellipse(x, y, radius, radius),))
        if kind in ("polygon", "oriented_rectangle", "rotation", "rectangle", "quadrilateral"):
            if kind == "rectangle" and len(points) == 4:
                xs, ys = [p[0] for p in points], [p[1] for p in points]
                return BoxShape(min(xs), min(ys), max(xs), max(ys))
            if len(points) < 3:
                raise UserError("Its outline has fewer than three points.", "Correct it in the file.")
            return Polygon((tuple(points),))
        raise UserError(f"This app does not know shapes of the kind “{kind[:40]}”.", "Draw it as an outline.")


def _mask(record: dict[str, Any], points: list[Point]) -> Region:
    """A painted area: a PNG in base64, its corner at the first point. Raises: UserError when it is damaged."""
    import numpy as np
    from PIL import Image

    x, y = round(points[0][0]), round(points[0][1])
    try:
        data = base64.b64decode(str(record.get("mask") or ""), validate=True)
        with Image.open(io.BytesIO(data)) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise UserError("A painted area is too large.", "Paint it again.")
            bits = np.asarray(picture.convert("L")) > 0
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        TypeError,
        IndexError,
        MemoryError,
        Image.DecompressionBombError,
    ) as error:
        raise UserError("A painted area is damaged.", "Save it again in the program it comes from.") from error
    if abs(x) > 1 << 31 or abs(y) > 1 << 31:
        raise UserError("A painted area lies outside its picture.", "Paint it again.")
    found = region_from_bits(bits, x, y)
    if found is None:
        raise UserError("A painted area is empty.", "Paint it again.")
    return found


FORMAT = LabelmeImport()
