"""COCO: one JSON file for many pictures (Lin et al. 2014, "Microsoft COCO: Common Objects in Context"; the format is
described at cocodataset.org under "Data format").

Its numbers count from the upper left corner of the picture, 0 being the left edge of the first pixel ("0-indexed"), so
they are ours: a `bbox` is x, y, width, height; outlines are x, y, x, y, …. x + width is computed in decimals, so that
300.3 and 600.4 give 900.7. A `segmentation` is outlines, or runs over the whole picture down the columns. `width` and
`height` of a picture say whether its labels lie on the stored pixels or on the picture as it is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.control import Control
from workbench.data.importers.base import ImportPlan
from workbench.data.importers.json_stream import elements, plus
from workbench.data.importers.marked import Collector, Frame
from workbench.data.importers.numbers import number, numbers, whole_number
from workbench.data.importers.survey import Finder, Survey, split_named, split_of_folders, survey
from workbench.data.rle import region_of_coco, unpacked
from workbench.data.shapes import BoxShape, Polygon, Shape
from workbench.data.types import Split
from workbench.errors import UserError


class CocoImport:
    """See `ImportFormat`."""

    name = "COCO"
    order = 0

    def plan(self, paths: Sequence[Path], control: Control) -> ImportPlan | None:
        found = survey(paths, control)
        files = [f for f in found.of(".json") if is_coco(found.peek(f))]
        if not files:
            return None
        for file in files:
            if "segments_info" in _first(found.peek(file), "annotations"):
                raise UserError(
                    f"“{file.name}” is a COCO panoptic set, which this app does not read.",
                    "Use the file with “instances” in its name.",
                )
        skipped = [f for f in files if _holds_no_places(found.peek(f))]
        files = [f for f in files if f not in skipped]
        if not files:
            raise UserError(
                f"“{skipped[0].name}” describes pictures in words or points, without boxes or outlines.",
                "Use the file with “instances” in its name.",
            )
        # The same people come in the file of key points again.
        instances = [f for f in files if "instances" in f.stem]
        if instances and any("keypoints" in f.stem for f in files):
            skipped += [f for f in files if "keypoints" in f.stem]
            files = [f for f in files if "keypoints" not in f.stem]
        collector = Collector(found, self.name, files[0], control)
        for file in skipped:
            collector.warnings.append(f"“{file.name}” is left out: it holds descriptions or key points.")
        for file in files:
            _File(file, found, collector, control).read()
        if found.whole:
            collector.rest(found.pictures)
        return collector.plan()


def is_coco(peeked: dict[str, Any]) -> bool:
    """Whether the first elements of a JSON file are COCO's."""
    picture, mark = _first(peeked, "images"), _first(peeked, "annotations")
    return ("file_name" in picture and "id" in picture) or ("image_id" in mark and "id" in mark)


def _first(peeked: dict[str, Any], name: str) -> dict[str, Any]:
    value = peeked.get(name)
    return value if isinstance(value, dict) else {}


def _holds_no_places(peeked: dict[str, Any]) -> bool:
    mark = _first(peeked, "annotations")
    return bool(mark) and not {"bbox", "segmentation", "category_id"} & mark.keys()


class _File:
    """One file of labels."""

    def __init__(self, path: Path, found: Survey, collector: Collector, control: Control) -> None:
        self.path, self.found, self.collector, self.control = path, found, collector, control
        self.finder = Finder(found, [path.parent, found.root, path.parent / "images", found.root / "images"], control)
        self.frames: dict[Any, Frame | None] = {}
        self.files: dict[Any, str] = {}
        self.categories: dict[Any, str] = {}
        self.seen: dict[Any, int] = {}
        self.split: Split | None = split_named(path.stem) or split_of_folders(path, found.root)

    def read(self) -> None:
        """Pictures and classes first: in most files some of them come after the marks."""
        held: list[dict[str, Any]] = []
        for section, value in elements(self.path, self.control):
            if section == "images" and isinstance(value, dict):
                self._picture(value)
            elif section == "categories" and isinstance(value, dict):
                held.append(value)
        self._learn(held)
        for section, value in elements(self.path, self.control):
            if section == "annotations" and isinstance(value, dict):
                self._mark(value)

    def _learn(self, held: list[dict[str, Any]]) -> None:
        above = {c.get("supercategory") for c in held if isinstance(c.get("supercategory"), str)}
        for category in held:
            given = key_of(category.get("id"))
            name = category.get("name")
            name = name if isinstance(name, str) and name.strip() else f"class {category.get('id')}"
            if given in self.categories and self.categories[given] != name:
                self.collector.odd(
                    "category id", f"category {category.get('id')}",
                    f"Two classes have this id; “{self.categories[given]}” is taken, “{name}” is not.",
                    "{n} [class has|classes have] the id of another one; the first of each counts.",
                )  # fmt: skip
                continue
            self.categories[given] = name
            # Some programs put the name of the whole set first, as a class of which there is never a mark.
            if not (name in above and category.get("supercategory") in (None, "none", "")):
                self.collector.label(name)

    def _picture(self, record: dict[str, Any]) -> None:
        given, name = key_of(record.get("id")), record.get("file_name")
        where = f"picture {record.get('id')}"
        if not isinstance(name, str) or not name.strip():
            self.collector.wrong("no name", where, "It has no file name.", "Write it into the file of labels.")
            self.frames.setdefault(given, None)
            return
        if given in self.files:
            if self.files[given] != name:
                self.collector.wrong(
                    "picture id", f"{name} (id {record.get('id')})",
                    f"Two pictures have this id; labels with it go to “{self.files[given]}”.", "Give each its own id.",
                )  # fmt: skip
            return
        self.files[given] = name
        path = self.collector.find(self.finder, name, name, self.path.parent)
        if path is None:
            self.frames[given] = None
            return
        self.collector.listed(path, name)
        size = (whole_number(record.get("width")), whole_number(record.get("height")))
        split = self.split or split_of_folders(path, self.found.root)
        self.frames[given] = self.collector.picture(path, name, size, split)

    def _mark(self, record: dict[str, Any]) -> None:
        given = record.get("id")
        picture = key_of(record.get("image_id"))
        where = f"annotation {given} ({self.files.get(picture, self.path.name)})"
        if picture not in self.frames:
            self.collector.wrong(
                "no picture", where, f"It belongs to picture {record.get('image_id')}, which the file does not list.",
                "Add the picture to the file, or leave this out.",
            )  # fmt: skip
            return
        frame = self.frames[picture]
        if frame is None:
            return
        if self._again(record, where):
            return
        name = self._category(record, where)
        if record.get("keypoints"):
            self.collector.odd(
                "keypoints", where, "Its key points have no place here and are left out.",
                "{n} [label has|labels have] key points; these are left out.",
            )  # fmt: skip
        ignored = truth(record.get("iscrowd")) or truth(record.get("ignore"))
        try:
            shape, box = self._shape(record, frame, where)
        except UserError as error:
            self.collector.wrong("shape", where, error.message, error.hint)
            return
        text = record.get("text")
        self.collector.mark(
            frame, name, shape, where, box=box, ignored=ignored, text=text if isinstance(text, str) else ""
        )

    def _again(self, record: dict[str, Any], where: str) -> bool:
        given = key_of(record.get("id"))
        place = record.get("bbox") or record.get("segmentation")
        print_of = hash(repr((record.get("image_id"), record.get("category_id"), place)))
        if given is None or given not in self.seen:
            self.seen[given] = print_of
            return False
        if self.seen[given] == print_of:
            self.collector.odd(
                "same", where, "It is in the file twice, with the same id and place; it is taken once.",
                "{n} [label is|labels are] in the file twice and taken once.",
            )  # fmt: skip
            return True
        self.collector.odd(
            "annotation id", where, "Another label has the same id; both are taken.",
            "{n} [label has|labels have] the id of another one; all are taken.",
        )  # fmt: skip
        return False

    def _category(self, record: dict[str, Any], where: str) -> str:
        given = key_of(record.get("category_id"))
        name = self.categories.get(given)
        if name is None:
            name = f"class {record.get('category_id')}"
            self.collector.odd(
                "unknown", where, f"Its class {record.get('category_id')} is not in the file; it is called “{name}”.",
                "{n} [label is|labels are] of a class that the file does not name; it is called by its number.",
            )  # fmt: skip
        return name

    def _shape(self, record: dict[str, Any], frame: Frame, where: str) -> tuple[Shape, BoxShape | None]:
        """The place, and the box that the file gives beside an outline. Raises: UserError when there is none."""
        box = None
        sides = numbers(record.get("bbox"))
        if sides is not None and len(sides) >= 4:
            x, y, width, height = sides[:4]
            if width < 0 or height < 0:
                raise UserError("Its box has a negative width or height.", "Correct it in the file.")
            box = BoxShape(float(x), float(y), plus(x, width), plus(y, height))
        given = record.get("segmentation")
        shape: Shape | None = None
        if isinstance(given, dict):
            shape = self._painted(given, frame)
            if shape is None and box is None:
                raise UserError("Its painted area is empty.", "Paint it again, or leave it out.")
        elif isinstance(given, list) and given:
            shape = self._outlines(given, where)
        if shape is not None:
            return shape, box
        if box is None:
            raise UserError("It has neither a box nor an outline.", "Correct it in the file, or leave it out.")
        return box, None

    def _painted(self, given: dict[str, Any], frame: Frame) -> Shape | None:
        size, counts = numbers(given.get("size")), given.get("counts")
        if size is None or len(size) != 2:
            raise UserError("Its painted area has no size.", "Save it again in the program it comes from.")
        height, width = (whole_number(v) for v in size)
        across, down = frame.scale
        real = frame.labelled_size
        if (width, height) != (round(real[0] / across), round(real[1] / down)):
            raise UserError(
                f"Its painted area is of {width} × {height} pixels, its picture of {real[0]} × {real[1]}.",
                "Save it again in the program it comes from.",
            )
        if isinstance(counts, str):
            counts = unpacked(counts)
        if not isinstance(counts, list):
            raise UserError("Its painted area is damaged.", "Save it again in the program it comes from.")
        return region_of_coco(counts, width, height)

    def _outlines(self, given: list[Any], where: str) -> Shape | None:
        # Some programs leave the outer list out when there is one outline.
        lists = given if isinstance(given[0], list) else [given]
        parts = []
        for flat in lists:
            values = numbers(flat)
            if values is None or len(values) < 6 or len(values) % 2:
                self.collector.odd(
                    "part", where, "One of its outlines has fewer than three points, or half a point; it is left out.",
                    "{n} [outline has|outlines have] fewer than three points, or half a point, and [is|are] left out.",
                )  # fmt: skip
                continue
            parts.append(tuple((float(x), float(y)) for x, y in zip(values[::2], values[1::2], strict=True)))
        return Polygon(tuple(parts)) if parts else None


def key_of(value: Any) -> Any:
    """An id as it is looked up: numbers in quotation marks and 7.0 are the same as 7."""
    if isinstance(value, str) and value.strip().lstrip("-").isdigit() and len(value) < 40:
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, str | int | float) or value is None else repr(value)


def truth(value: Any) -> bool:
    """Whether a flag is set: 1, true, "1", "true"."""
    return (
        value.strip().casefold() in ("1", "true", "yes") if isinstance(value, str) else number(value) not in (None, 0)
    )


FORMAT = CocoImport()
