"""Pascal VOC: an XML file per picture, and pictures of classes (Everingham et al. 2010; the development kit's manual,
"VOC2012 Development Kit", sections 8.2 "Annotation" and 3.2).

Its boxes count pixels from 1, and both ends belong to the box: xmin 1 and xmax 10 are the first ten pixels, which are 0 to
10 for us. So x0 = xmin - 1 and x1 = xmax. Many programs write the format but count from 0 with edges; a set that has a 0
among its lower ends is read so. `difficult` objects do not count. In SegmentationClass the value of a pixel is its
class (0 none, 255 not to be counted), in SegmentationObject its object.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from xml.etree.ElementTree import Element

from workbench.control import Control
from workbench.data.importers.base import ImportPlan
from workbench.data.importers.legend import Legend, legend_in
from workbench.data.importers.marked import Collector, Frame
from workbench.data.importers.mask_files import MaskReader, instances, size_of
from workbench.data.importers.numbers import whole_number
from workbench.data.importers.survey import Finder, Found, Survey, name_key, split_of_folders, survey
from workbench.data.importers.xml_files import amount, parsed, root_name, words
from workbench.data.media import PICTURE_SUFFIXES, decode_text, read_bytes
from workbench.data.shapes import BoxShape, Point, Polygon
from workbench.data.types import Split
from workbench.errors import UserError

# The classes of the challenge by their number in its pictures of classes.
VOC_CLASSES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
_SAMPLE = 12
_MOST_XML = 1_000_000


@dataclass
class _Thing:
    place: int
    name: str
    sides: tuple[float, float, float, float] | None
    ignored: bool
    outline: tuple[Point, ...] = ()


@dataclass
class _Sheet:
    """One XML file."""

    path: Path
    picture: Path
    size: tuple[int, int]
    called: str
    things: list[_Thing] = field(default_factory=list)


class VocImport:
    """See `ImportFormat`."""

    name = "Pascal VOC"
    order = 0

    def plan(self, paths: Sequence[Path], control: Control) -> ImportPlan | None:
        found = survey(paths, control)
        sheets = _sheets(found)
        masks = [p for p in found.of(".png") if p.parent.name == "SegmentationClass"]
        if not sheets and not (masks and found.whole):
            return None
        source = sheets[0] if sheets and not found.whole else found.root
        collector = Collector(found, self.name, source, control)
        _Reader(found, collector, control).read(sheets, masks)
        if found.whole:
            aside = {"SegmentationClass", "SegmentationObject"}
            collector.rest([p for p in found.pictures if p.parent.name not in aside])
        if not sheets:
            return collector.plan("regions")
        return collector.plan("boxes", ["regions"] if masks else [])


def _sheets(found: Survey) -> list[Path]:
    files = found.of(".xml")
    step = max(1, len(files) // _SAMPLE)
    if not any(root_name(found.head(f)) == "annotation" for f in files[::step][: _SAMPLE + 1]):
        return []
    return [f for f in files if root_name(found.head(f)) == "annotation"][:_MOST_XML]


class _Reader:
    def __init__(self, found: Survey, collector: Collector, control: Control) -> None:
        self.found, self.collector, self.control = found, collector, control
        bases = [found.root / "JPEGImages", found.root / "images", found.root]
        self.finder = Finder(found, bases, control)
        self.splits = self._splits()
        self.dropped = 0

    def read(self, files: list[Path], masks: list[Path]) -> None:
        sheets = []
        for number, file in enumerate(files):
            self.control.check()
            self.control.progress(number, len(files), "Reading annotations")
            try:
                sheet = self._sheet(file)
            except UserError as error:
                self.collector.wrong("sheet", self.found.name_of(file), error.message, error.hint, file)
                continue
            if sheet is not None:
                sheets.append(sheet)
        lows = [v for s in sheets for t in s.things if t.sides for v in t.sides[:2]]
        from_zero = any(v == 0 for v in lows)
        if from_zero:
            self.collector.warnings.append(
                "These boxes count pixels from 0, not from 1 as Pascal VOC does; they are read so."
            )
        if self.dropped:
            self.collector.warnings.append("“Truncated”, “occluded” and “pose” have no place here and are left out.")
        with_mask = {name_key(m.stem) for m in masks}
        for number, sheet in enumerate(sheets):
            self.control.progress(number, len(sheets), "Looking at pictures")
            self._place(sheet, from_zero, not masks or name_key(sheet.path.stem) in with_mask, bool(masks))
        if masks:
            self._read_masks(masks)

    def _sheet(self, file: Path) -> _Sheet | None:
        root = parsed(file)
        called = words(root, "filename") or words(root, "path") or file.stem
        where = self.found.name_of(file)
        found = self.finder.find(called, file.parent)
        if found.path is None or found.how == "ending":
            # Files are often renamed together with their sheet, but not in it.
            named = self.finder.by_stem(file.stem, file.parent)
            if named.path is None and file.parent.name == "Annotations":
                named = self.finder.by_stem(file.stem, file.parent.parent / "JPEGImages")
            if named.path is not None:
                found = named if name_key(Path(called).stem) == name_key(file.stem) else Found(named.path, "moved")
        path = self.collector.accept(
            found, where if name_key(Path(called).stem) == name_key(file.stem) else f"{where} ({called})"
        )
        if path is None:
            return None
        size = (whole_number(words(root, "size/width")), whole_number(words(root, "size/height")))
        sheet = _Sheet(file, path, size, where)
        for place, element in enumerate(root.findall("object"), 1):
            thing = self._thing(element, place, f"{where}, object {place}")
            if thing is not None:
                sheet.things.append(thing)
        return sheet

    def _thing(self, element: Element, place: int, where: str) -> _Thing | None:
        name = words(element, "name")
        if not name:
            self.collector.odd(
                "nameless", where, "It has no class; it is called “without a name”.",
                "{n} [object has|objects have] no class and [is|are] called “without a name”.",
            )  # fmt: skip
            name = "without a name"
        self.dropped += any(
            words(element, note) not in ("", "0", "Unspecified") for note in ("truncated", "occluded", "pose")
        )
        if element.find("part") is not None:
            self.collector.odd(
                "part", where, "The parts of its body are left out.",
                "{n} [object has|objects have] parts of a body marked; these are left out.",
            )  # fmt: skip
        ignored = words(element, "difficult") == "1"
        outline = _outline(element.find("polygon"))
        box = element.find("bndbox")
        sides = [amount(box, side) for side in ("xmin", "ymin", "xmax", "ymax")]
        if any(v is None for v in sides):
            if outline:
                return _Thing(place, name, None, ignored, outline)
            self.collector.wrong(
                "box", where, "Its box has a side that is missing or no number.", "Correct it in the file."
            )
            return None
        x0, y0, x1, y1 = (float(v) for v in sides if v is not None)
        if x1 < x0 or y1 < y0:
            self.collector.odd(
                "order", where, "The ends of its box are the wrong way round; they are exchanged.",
                "{n} [box has|boxes have] its ends the wrong way round; they are exchanged.",
            )  # fmt: skip
            x0, x1, y0, y1 = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
        return _Thing(place, name, (x0, y0, x1, y1), ignored, outline)

    def _place(self, sheet: _Sheet, from_zero: bool, has_mask: bool, masks: bool) -> None:
        if self.collector.known(sheet.picture):
            self.collector.odd(
                "twice", sheet.called, "Another file speaks of the same picture; the labels are put together.",
                "{n} [picture has|pictures have] more than one file of labels; they are put together.",
            )  # fmt: skip
        split = self.splits.get(name_key(sheet.path.stem)) or split_of_folders(sheet.picture, self.found.root)
        done = ("boxes", "regions") if has_mask or not masks else ("boxes",)
        frame = self.collector.picture(sheet.picture, sheet.called, sheet.size, split, done)
        if frame is None:
            return
        first = 0 if from_zero else 1
        for thing in sheet.things:
            where = f"{sheet.called}, object {thing.place}"
            box = None
            if thing.sides is not None:
                x0, y0, x1, y1 = thing.sides
                box = BoxShape(x0 - first, y0 - first, x1, y1)
            shape = Polygon((thing.outline,)) if len(thing.outline) >= 3 else box
            if shape is not None:
                self.collector.mark(
                    frame, thing.name, shape, where, box=box, ignored=thing.ignored, view="boxes" if masks else ""
                )

    def _read_masks(self, masks: list[Path]) -> None:
        legend = legend_in([self.found.root, masks[0].parent.parent], self.control) or Legend(
            by_number=dict(enumerate(VOC_CLASSES)) | {255: "void"}
        )
        reader = MaskReader(self.collector, legend, void=255)
        reader.announce()
        for number, mask in enumerate(masks):
            self.control.progress(number, len(masks), "Reading masks")
            where = self.found.name_of(mask)
            path = self.collector.accept(self.finder.by_stem(mask.stem, mask.parent.parent / "JPEGImages"), where)
            if path is None:
                continue
            split = self.splits.get(name_key(mask.stem)) or split_of_folders(path, self.found.root)
            try:
                size = size_of(mask)
            except UserError as error:
                self.collector.wrong("mask", where, error.message, error.hint, mask)
                continue
            frame = self.collector.picture(path, where, size, split, ("regions",))
            if frame is not None:
                things = mask.parent.parent / "SegmentationObject" / mask.name
                self._mask(reader, frame, mask, things, where)
        reader.settle()

    def _mask(self, reader: MaskReader, frame: Frame, mask: Path, things: Path, where: str) -> None:
        try:
            reader.read(frame, mask, where, view="regions", things=instances(things) if things.is_file() else None)
        except UserError as error:
            self.collector.wrong("mask", where, error.message, error.hint, mask)

    def _splits(self) -> dict[str, Split]:
        """Stem to part, from ImageSets."""
        found: dict[str, Split] = {}
        for folder in ("Main", "Segmentation", "Layout"):
            for split, name in ((Split.TRAIN, "train"), (Split.VALIDATION, "val"), (Split.TEST, "test")):
                for file in self.found.of(".txt"):
                    if (
                        file.name == f"{name}.txt"
                        and file.parent.name == folder
                        and file.parent.parent.name == "ImageSets"
                    ):
                        for line in _lines(file):
                            listed = PurePosixPath(line.replace("\\", "/"))
                            stem = listed.stem if listed.suffix.lower() in PICTURE_SUFFIXES else listed.name
                            found.setdefault(name_key(stem), split)
        return found


def _lines(file: Path) -> list[str]:
    try:
        return [line.strip() for line in decode_text(read_bytes(file, 100_000_000)).splitlines() if line.strip()]
    except UserError:
        return []


def _outline(element: Element | None) -> tuple[Point, ...]:
    """Corners x1, y1, x2, y2, … as some programs write them beside the box."""
    points: list[Point] = []
    while element is not None:
        x, y = (amount(element, f"{axis}{len(points) + 1}") for axis in "xy")
        if x is None or y is None:
            break
        points.append((x, y))
    return tuple(points) if len(points) >= 3 else ()


FORMAT = VocImport()
