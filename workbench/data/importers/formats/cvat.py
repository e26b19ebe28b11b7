"""CVAT for images 1.1: one XML file for many pictures (CVAT's manual, "XML annotation format").

Numbers are pixels of the picture as it is shown, 0 being the left edge of the first pixel: they are ours. A mask is runs
over its window row by row, not painted first, which is how this app keeps it too. Outlines of one group and class are
one thing. A mark with an attribute "difficult", "is_crowd" or "ignored" that is set does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element

from workbench.control import Control
from workbench.data.importers.base import ImportPlan
from workbench.data.importers.formats.coco import truth
from workbench.data.importers.marked import Collector, Frame
from workbench.data.importers.numbers import number, whole_number
from workbench.data.importers.rounds import CORNERS, ellipse, turned_box
from workbench.data.importers.survey import Finder, split_named, split_of_folders, survey
from workbench.data.importers.xml_files import ended_elements, root_name
from workbench.data.media import MAX_PIXELS
from workbench.data.shapes import BoxShape, Point, Polygon, Region, Shape
from workbench.errors import UserError

_IGNORED = {"difficult", "is_crowd", "iscrowd", "ignored", "ignore"}
_FLAT = {"polyline", "points", "skeleton", "cuboid"}
_SHAPES = {"box", "polygon", "mask", "ellipse"}


class CvatImport:
    """See `ImportFormat`."""

    name = "CVAT"
    order = 0

    def plan(self, paths: Sequence[Path], control: Control) -> ImportPlan | None:
        found = survey(paths, control)
        files = [f for f in found.of(".xml") if root_name(found.head(f)) == "annotations"]
        if not files:
            return None
        collector = Collector(found, self.name, files[0], control)
        tracks = images = 0
        for file in files:
            finder = Finder(found, [file.parent, file.parent / "images", found.root, found.root / "images"], control)
            for element in ended_elements(file, "image", "track", "labels"):
                control.check()
                if element.tag == "labels":
                    for name in element.iterfind("label/name"):
                        if (name.text or "").strip():
                            collector.label(name.text or "")
                elif element.tag == "track":
                    tracks += 1
                else:
                    images += 1
                    _image(element, file, finder, collector)
        if tracks and not images:
            raise UserError(
                f"“{files[0].name}” follows things through a video, frame by frame, which this app does not read.",
                "In CVAT, save the frames with the format “CVAT for images 1.1”.",
            )
        if tracks:
            collector.warnings.append(f"{tracks} tracks through a video are left out.")
        if found.whole:
            collector.rest(found.pictures)
        return collector.plan()


def _image(element: Element, file: Path, finder: Finder, collector: Collector) -> None:
    named = element.get("name", "")
    where = named or f"picture {element.get('id')}"
    path = collector.find(finder, named, where, file.parent)
    if path is None:
        return
    collector.listed(path, where)
    size = (whole_number(element.get("width")), whole_number(element.get("height")))
    split = split_named(element.get("subset", "")) or split_named(file.stem)
    frame = collector.picture(path, where, size, split or split_of_folders(path, finder.root))
    if frame is None:
        return
    groups = _groups(element)
    told: set[tuple[str, str]] = set()
    for place, mark in enumerate(element, 1):
        here = f"{where}, {mark.tag} {place}"
        if mark.tag in _FLAT or mark.tag == "tag":
            kind = "tag" if mark.tag == "tag" else "flat"
            collector.odd(
                kind, here, f"A “{mark.tag}” has no place here and is left out.",
                "{n} [label|labels] for whole pictures [is|are] left out." if kind == "tag"
                else "{n} [point, line or solid is|points, lines and solids are] left out.",
            )  # fmt: skip
            continue
        if mark.tag not in _SHAPES:
            continue
        group = (mark.get("group_id", "0"), mark.get("label", ""))
        together = groups.get(group, []) if mark.tag == "polygon" else []
        if len(together) > 1:
            if group in told:
                continue
            told.add(group)
        _mark(mark, together, frame, here, collector)


def _groups(element: Element) -> dict[tuple[str, str], list[Element]]:
    """Outlines of one thing, by their group and class."""
    groups: dict[tuple[str, str], list[Element]] = {}
    for mark in element.iterfind("polygon"):
        if mark.get("group_id", "0") not in ("", "0"):
            groups.setdefault((mark.get("group_id", "0"), mark.get("label", "")), []).append(mark)
    return groups


def _mark(mark: Element, together: list[Element], frame: Frame, where: str, collector: Collector) -> None:
    notes = {(a.get("name") or "").casefold(): (a.text or "").strip() for a in mark.iterfind("attribute")}
    ignored = any(truth(v) for k, v in notes.items() if k in _IGNORED)
    name = mark.get("label", "").strip() or "without a name"
    try:
        shape = _shape(mark, together, where, collector)
    except UserError as error:
        collector.wrong("shape", where, error.message, error.hint)
        return
    collector.mark(frame, name, shape, where, ignored=ignored, text=notes.get("text", ""))


def _shape(mark: Element, together: list[Element], where: str, collector: Collector) -> Shape:
    """Raises: UserError when it is damaged."""
    if mark.tag == "polygon":
        return Polygon(tuple(_points(m) for m in together or [mark]))
    if mark.tag == "mask":
        return _painted(mark)
    if mark.tag == "ellipse":
        collector.odd(
            "circle", where, f"An ellipse becomes an outline with {CORNERS} corners.",
            f"{{n}} [ellipse becomes an outline|ellipses become outlines] with {CORNERS} corners.",
        )  # fmt: skip
        x, y, across, down = (_side(mark, n) for n in ("cx", "cy", "rx", "ry"))
        return Polygon((ellipse(x, y, across, down, number(mark.get("rotation", "0")) or 0.0),))
    x0, y0, x1, y1 = (_side(mark, n) for n in ("xtl", "ytl", "xbr", "ybr"))
    turn = number(mark.get("rotation", "0")) or 0.0
    if turn % 360 == 0:
        return BoxShape(x0, y0, x1, y1)
    collector.odd(
        "turned box", where, "A turned box becomes an outline with four corners.",
        "{n} turned [box becomes an outline|boxes become outlines] with four corners.",
    )  # fmt: skip
    return Polygon((turned_box(x0, y0, x1 - x0, y1 - y0, turn, ((x0 + x1) / 2, (y0 + y1) / 2)),))


def _side(mark: Element, name: str) -> float:
    found = number(mark.get(name))
    if found is None:
        raise UserError("One of its sides is missing or no number.", "Correct it in the file.")
    return float(found)


def _points(mark: Element) -> tuple[Point, ...]:
    points = []
    for pair in mark.get("points", "").split(";"):
        values = [number(v) for v in pair.split(",")]
        if len(values) != 2 or values[0] is None or values[1] is None:
            raise UserError("One of its points is no pair of numbers.", "Correct it in the file.")
        points.append((float(values[0]), float(values[1])))
    if len(points) < 3:
        raise UserError("Its outline has fewer than three points.", "Correct it in the file.")
    return tuple(points)


def _painted(mark: Element) -> Region:
    left, top = (round(_side(mark, n)) for n in ("left", "top"))
    width, height = (whole_number(mark.get(n)) for n in ("width", "height"))
    words_of = mark.get("rle", "").replace(" ", "").split(",")
    if not width or not height or width * height > MAX_PIXELS or not all(w.isdigit() and len(w) < 12 for w in words_of):
        raise UserError("A painted area is damaged.", "Save it again in the program it comes from.")
    runs = [int(w) for w in words_of]
    rest = width * height - sum(runs)
    # Older versions leave out a last run that is not painted.
    return Region(left, top, width, height, tuple([*runs, rest] if rest > 0 and len(runs) % 2 == 0 else runs))


FORMAT = CvatImport()
