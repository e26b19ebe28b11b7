"""Pictures with labels on pieces of them, as every format gives them: put in order, checked, and kept on disk until they
are taken in.

A format calls `Collector.picture` and `Collector.mark`; odd things are mended where that is safe (`repairs`) and what
cannot be used is left out (`problems`), each named one by one. Boxes and outlines are kept in a database that SQLite
puts on disk when it grows, so that a million of them need no memory.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workbench.control import Control
from workbench.data import labels, orientation
from workbench.data.annotations import NewAnnotation
from workbench.data.importers.base import ImportPlan
from workbench.data.importers.survey import Finder, Found, Survey, split_of_folders
from workbench.data.orientation import Stored
from workbench.data.shapes import (
    BoxShape,
    Polygon,
    Region,
    Shape,
    bounds,
    checked,
    from_record,
    region_from_bits,
    to_record,
)
from workbench.data.types import NewItem, Split
from workbench.errors import Problem, UserError

# So many of one kind are named one by one; more are counted.
_MOST_NAMED = 500
# What sticks out no further than this is a matter of rounding.
_ROUNDING = 0.5
# Sizes whose sides have the same ratio within this are the same picture, made larger or smaller.
_SAME_RATIO = 0.01

_SEARCHED = {
    "moved": (
        "The picture was found by its name in another folder.",
        "{n} [picture was|pictures were] found by name in another folder than the file says.",
    ),
    "ending": (
        "The picture was found with another ending.",
        "{n} [picture was|pictures were] found with another ending than the file says.",
    ),
    "outside": (
        "The picture lies outside of this folder.",
        "{n} [picture lies|pictures lie] outside of this folder; [it is|they are] used from there.",
    ),
}
_NOT_FOUND = {
    "missing": UserError("The picture is not there.", "Put it beside the labels, or drop the folder that holds both."),
    "several": UserError(
        "Several pictures have this name, and the file does not say which one is meant.", "Rename them, or write their folders."
    ),
    "refused": UserError(
        "Its path leads out of the folder and is not followed.", "Put the picture beside the labels."
    ),
}  # fmt: skip


def said(sentence: str, count: int) -> str:
    """A sentence for so many: "{n} [picture was|pictures were] found"."""
    words = re.sub(r"\[([^|\]]*)\|([^\]]*)\]", r"\1" if count == 1 else r"\2", sentence)
    return words.replace("{n}", f"{count:,}")


class Notes:
    """Things to tell one by one, by kind; beyond a few hundred of a kind they are only counted."""

    def __init__(self) -> None:
        self._named: list[Problem] = []
        self._counts: Counter[str] = Counter()
        self._many: dict[str, str] = {}

    def add(self, kind: str, problem: Problem, many: str = "") -> None:
        self._counts[kind] += 1
        self._many.setdefault(kind, many)
        if self._counts[kind] <= _MOST_NAMED:
            self._named.append(problem)

    def count(self, kind: str) -> int:
        return self._counts[kind]

    def problems(self) -> list[Problem]:
        """One by one, and one more for each kind that had too many."""
        more = [
            Problem(
                f"{count - _MOST_NAMED:,} more", (self._many[kind] and said(self._many[kind], count)) or "As above."
            )
            for kind, count in self._counts.items()
            if count > _MOST_NAMED
        ]
        return [*self._named, *more]

    def sentences(self) -> list[str]:
        """One for each kind."""
        return [said(self._many[kind], count) for kind, count in self._counts.items() if self._many[kind]]


@dataclass(slots=True)
class Frame:
    """One picture that labels are put on. Formats only hand it back.

    Attributes:
        shown: width and height as it is shown.
        turned: the labels lie on the stored pixels and are turned with them.
        scale: what the labels' numbers are multiplied by.
        usable: False where its labels cannot be placed.
    """

    key: int
    name: str
    stored: Stored
    turned: bool = False
    scale: tuple[float, float] = (1.0, 1.0)
    usable: bool = True

    @property
    def shown(self) -> tuple[int, int]:
        return self.stored.shown

    @property
    def labelled_size(self) -> tuple[int, int]:
        """Width and height of the picture as the labels see it, for formats that give fractions of it."""
        return (self.stored.width, self.stored.height) if self.turned else self.shown


class Collector:
    """Takes a format's pictures and marks and makes the plan."""

    def __init__(self, found: Survey, format: str, source: Path, control: Control, title: str = "") -> None:
        self.survey, self.format, self.source, self.control = found, format, source, control
        self.title = title or (found.root.name if found.whole else source.stem)
        self.warnings: list[str] = []
        self.classes: list[str] = []
        self._class_of: dict[str, int] = {}
        self._spellings: dict[str, str] = {}
        self._frames: dict[Path, Frame | None] = {}
        self._wrong, self._odd = Notes(), Notes()
        self._counts: dict[str, Counter[int]] = {"boxes": Counter(), "regions": Counter()}
        self._has_areas = False
        self._rows: list[tuple[object, ...]] = []
        self._sql = sqlite3.connect("", check_same_thread=False)
        self._sql.executescript(
            "CREATE TABLE pictures (id INTEGER PRIMARY KEY, path TEXT, name TEXT, split TEXT, done TEXT, own INTEGER);"
            "CREATE TABLE marks (picture INTEGER, view TEXT, class INTEGER, shape TEXT, box TEXT, ignored INTEGER, text TEXT);"
        )

    # Telling -------------------------------------------------------------------------------------------------------

    def wrong(self, kind: str, where: str, message: str, hint: str = "", path: Path | None = None) -> None:
        """Something is left out."""
        self._wrong.add(kind, Problem(where, message, hint, str(path or "")))

    def odd(self, kind: str, where: str, message: str, many: str) -> None:
        """Something was mended.

        Args:
            many: the sentence for all of this kind, as `said` takes it.
        """
        self._odd.add(kind, Problem(where, message), many)

    # Classes -------------------------------------------------------------------------------------------------------

    def label(self, name: str) -> int:
        """The number of a class, made when it is new. Names that differ only by case are one class."""
        cleaned = labels.clean(readable(name))[: labels.MAX_LENGTH].strip() or "without a name"
        known = self._class_of.get(name)
        if known is not None:
            return known
        number = self._class_of.get("\0" + labels.key(cleaned))
        if number is None:
            number = len(self.classes)
            self.classes.append(cleaned)
            self._class_of["\0" + labels.key(cleaned)] = number
        elif self.classes[number] != cleaned:
            self.warnings.append(f"The classes “{self.classes[number]}” and “{cleaned}” are taken as one.")
        self._class_of[name] = number
        return number

    def settle(self, number: int, name: str | None, drop: bool = False) -> None:
        """Give a class that was made for the time being its name; None makes its marks areas that shall not count.

        Args:
            drop: take its marks away.
        """
        self._write()
        self._class_of = {k: v for k, v in self._class_of.items() if v != number}
        self.classes[number] = ""
        into = None if name is None or drop else self.label(name)
        if drop:
            self._sql.execute("DELETE FROM marks WHERE class = ?", (number,))
        elif into is None:
            self._sql.execute("UPDATE marks SET ignored = 1, class = NULL WHERE class = ?", (number,))
        else:
            self._sql.execute("UPDATE marks SET class = ? WHERE class = ?", (into, number))
        for counts in self._counts.values():
            count = counts.pop(number, 0)
            if not drop:
                counts[-1 if into is None else into] += count

    # Pictures ------------------------------------------------------------------------------------------------------

    def find(self, finder: Finder, name: str, where: str, near: Path | None = None) -> Path | None:
        """A picture by its name; what was odd about it is told."""
        found = finder.find(name, near)
        return self.accept(found, where)

    def accept(self, found: Found, where: str) -> Path | None:
        if found.path is None:
            error = _NOT_FOUND[found.how]
            self.wrong(found.how, where, error.message, error.hint)
        elif found.how:
            self.odd(found.how, where, *_SEARCHED[found.how])
        return found.path

    def picture(
        self,
        path: Path,
        where: str = "",
        size: tuple[int, int] = (0, 0),
        split: Split | None = None,
        done: Sequence[str] = ("boxes", "regions"),
        own: bool = False,
    ) -> Frame | None:
        """A picture that labels may be put on; None when it cannot be used (told as a problem).

        Args:
            where: how the file of labels calls it.
            size: width and height that the file of labels says; (0, 0) when it does not.
            done: for which editors it counts as labelled, even without a mark.
            own: the file is only there for now and must be copied into the project.
        """
        if path in self._frames:
            return self._frames[path]
        name = self.survey.name_of(path)
        where = where or name
        self._frames[path] = None
        if not encodable(str(path)):
            self.wrong("name", readable(where), "Its file name cannot be kept.", "Rename the file.", path)
            return None
        try:
            stored = orientation.look(path)
        except UserError as error:
            self.wrong("unreadable", where, error.message, error.hint, path)
            return None
        frame = Frame(len(self._frames), name, stored)
        self._fit(frame, where, size)
        self._frames[path] = frame
        given = " ".join(done) if frame.usable else ""
        self._sql.execute(
            "INSERT INTO pictures VALUES (?, ?, ?, ?, ?, ?)", (frame.key, str(path), name, split, given, own)
        )
        self.control.check()
        return frame

    def known(self, path: Path) -> bool:
        """Whether a picture was handed over before."""
        return path in self._frames

    def listed(self, path: Path, where: str) -> None:
        """A file lists a picture; where it was handed over before, that is said."""
        if self.known(path):
            self.odd(
                "twice", where, "The file lists this picture more than once; the labels are put together.",
                "{n} [picture is|pictures are] listed more than once; the labels are put together.",
            )  # fmt: skip

    def rest(self, pictures: Sequence[Path]) -> None:
        """Pictures that no label speaks of: they come in without labels."""
        count = 0
        for number, path in enumerate(pictures):
            if path not in self._frames:
                self.control.progress(number, len(pictures), "Looking at pictures")
                count += self.picture(path, split=split_of_folders(path, self.survey.root), done=()) is not None
        if count:
            self.warnings.append(
                said(
                    "{n} [picture has no labels yet and comes|pictures have no labels yet and come] in without.", count
                )
            )

    def _fit(self, frame: Frame, where: str, size: tuple[int, int]) -> None:
        width, height = size
        if width <= 0 or height <= 0 or size == frame.shown:
            return
        stored = frame.stored
        if size == (stored.width, stored.height):
            frame.turned = True
            self.odd(
                "turned", where, "The camera turned this picture; its labels are turned with it.",
                "{n} [picture was|pictures were] turned by the camera; the labels are turned as well.",
            )  # fmt: skip
            return
        for turned, real in ((False, frame.shown), (stored.turn >= 5, (stored.width, stored.height))):
            across, down = real[0] / width, real[1] / height
            if abs(across / down - 1) <= _SAME_RATIO:
                frame.turned, frame.scale = turned, (across, down)
                self.odd(
                    "scaled", where,
                    f"The labels were made on {width} × {height} pixels, the picture has {real[0]} × {real[1]};"
                    " they are scaled.",
                    "{n} [picture has|pictures have] another size than the labels were made for; the labels are scaled.",
                )  # fmt: skip
                return
        frame.usable = False
        shown = frame.shown
        self.wrong(
            "size", where,
            f"Its labels were made for {width} × {height} pixels, but the picture has {shown[0]} × {shown[1]}.",
            "It comes in without labels.",
        )  # fmt: skip

    # Marks ---------------------------------------------------------------------------------------------------------

    def mark(
        self,
        frame: Frame,
        name: str,
        shape: Shape,
        where: str,
        *,
        box: BoxShape | None = None,
        ignored: bool = False,
        text: str = "",
        view: str = "",
    ) -> bool:
        """Put a mark on a picture, in the numbers of the file of labels; False when it cannot be used (told).

        Args:
            name: its class; "" for none.
            box: the box that the file itself gives for an outline.
            view: the only editor that it is for; "" for all.
        """
        if not frame.usable:
            return False
        try:
            placed = self._placed(frame, shape, where)
            around = self._placed(frame, box, "") if box is not None else None
        except UserError as error:
            self.wrong("shape", where, error.message, error.hint)
            return False
        number = self.label(name) if name else None
        for editor in ("boxes", "regions"):
            if view in ("", editor):
                self._counts[editor][-1 if number is None else number] += 1
        self._has_areas |= not isinstance(placed, BoxShape)
        self._rows.append(
            (
                frame.key, view, number, json.dumps(to_record(placed)),
                json.dumps(to_record(around)) if around is not None and around != placed else "", ignored, readable(text),
            )
        )  # fmt: skip
        if len(self._rows) >= 1000:
            self._write()
            self.control.check()
        return True

    def _placed(self, frame: Frame, shape: Shape, where: str) -> Shape:
        moved = shape
        if frame.scale != (1.0, 1.0):
            moved = _scaled(moved, frame)
        if frame.turned:
            moved = orientation.upright(moved, frame.stored)
        width, height = frame.shown
        # What lies inside needs no cutting, which is slow for long outlines.
        inside = checked(moved) if _lies_inside(moved, width, height) else checked(moved, width, height)
        if where and inside != moved and _sticks_out(moved, width, height):
            self.odd(
                "clipped", where, "It reached over the edge of its picture and is cut off there.",
                "{n} [label|labels] reached over the edge of [its picture|their pictures] and [is|are] cut off there.",
            )  # fmt: skip
        return inside

    def _write(self) -> None:
        self._sql.executemany("INSERT INTO marks VALUES (?, ?, ?, ?, ?, ?, ?)", self._rows)
        self._rows.clear()

    # The plan ------------------------------------------------------------------------------------------------------

    def plan(self, marks: str = "", serves: Sequence[str] = ()) -> MarkedPlan:
        """What was collected.

        Args:
            marks: the editor it is for; "" decides by what came: "regions" where there are outlines or painted areas.
            serves: further editors it can be for.

        Raises:
            UserError: when no picture can be used.
        """
        self._write()
        self._sql.execute("CREATE INDEX marks_picture ON marks(picture)")
        self._sql.commit()
        total = self._sql.execute("SELECT COUNT(*) FROM pictures").fetchone()[0]
        problems = self._wrong.problems()
        if not total:
            raise UserError(
                f"None of the pictures that “{self.source.name}” speaks of can be used.",
                f"{problems[0]}" if problems else "Drop the folder that holds both the labels and the pictures.",
            )
        marks = marks or ("regions" if self._has_areas else "boxes")
        editors = tuple(dict.fromkeys([marks, *serves, *(["boxes"] if marks == "regions" else [])]))
        plan = MarkedPlan(
            "marked", "picture", self.title, self.source, total=total, problems=problems, marks=marks, format=self.format,
            classes=[name for name in self.classes if name], repairs=self._odd.problems(),
        )  # fmt: skip
        plan.editors, plan._sql, plan._names = editors, self._sql, list(self.classes)
        plan.counts_for = {
            editor: {self.classes[n] if n >= 0 else "without a class": c for n, c in sorted(counts.items()) if c}
            for editor, counts in self._counts.items()
        }
        plan.label_counts = plan.counts_for[marks]
        plan.kinds = self._sql.execute(
            "SELECT COALESCE(SUM(shape LIKE '[\"box%'), 0), COALESCE(SUM(shape NOT LIKE '[\"box%'), 0) FROM marks WHERE view IN ('', 'regions')"
        ).fetchone()
        plan.warnings = [*self._split_sentence(), *self.warnings, *self._odd.sentences()]
        empty = sum(1 for name in plan.classes if name not in plan.label_counts)
        if empty and plan.label_counts:
            plan.warnings.append(said("{n} [class has|classes have] no example.", empty))
        return plan

    def _split_sentence(self) -> list[str]:
        rows = self._sql.execute("SELECT split, COUNT(*) FROM pictures WHERE split IS NOT NULL GROUP BY 1").fetchall()
        if not rows:
            return []
        counts = {Split(name): count for name, count in rows}
        parts = [f"{counts[split]:,} {split.value}" for split in Split if split in counts]
        return [f"The parts of the data stay as the files say: {', '.join(parts)}."]


@dataclass
class MarkedPlan(ImportPlan):
    """Pictures with boxes, outlines or painted areas.

    Attributes:
        editors: the kinds of project it can be for.
        counts_for: annotations by class for each of them.
        kinds: how many boxes and how many outlined or painted areas a project of areas gets.
        keep: what must live as long as the plan does.
    """

    editors: tuple[str, ...] = ()
    counts_for: dict[str, dict[str, int]] = field(default_factory=dict)
    kinds: tuple[int, int] = (0, 0)
    keep: object = None
    _sql: sqlite3.Connection = field(default_factory=lambda: sqlite3.connect(""), repr=False, compare=False)
    _names: list[str] = field(default_factory=list, repr=False)

    @property
    def summary(self) -> str:
        if not self.label_counts:
            return f"{self.format}: {self.total:,} {self.noun} without labels."
        boxes, areas = self.kinds if self.marks == "regions" else (sum(self.label_counts.values()), 0)
        found = [said("{n} [box|boxes]", boxes)] if boxes else []
        found += [said("{n} outlined [area|areas]", areas)] if areas else []
        names = list(self.label_counts)
        shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
        kinds = "1 kind" if len(names) == 1 else f"{len(names)} kinds"
        return f"{self.format}: {self.total:,} {self.noun} with {' and '.join(found)} of {kinds}: {shown}."

    def serves(self, editor: str) -> bool:
        return editor in self.editors

    def loss(self, editor: str) -> str:
        if editor == "boxes" and self.marks == "regions":
            return "Only boxes fit here: outlines and painted areas become the boxes around them."
        return ""

    def read(self, control: Control | None = None) -> Iterator[NewItem | Problem]:
        return self.read_for(self.marks, control)

    def read_for(self, editor: str, control: Control | None = None) -> Iterator[NewItem | Problem]:
        control = control or Control()
        rows = self._sql.execute("SELECT id, path, name, split, done, own FROM pictures ORDER BY id").fetchall()
        for key, path, name, split, done, own in rows:
            control.check()
            marks = self._sql.execute(
                "SELECT class, shape, box, ignored, text FROM marks WHERE picture = ? AND view IN ('', ?) ORDER BY rowid",
                (key, editor),
            ).fetchall()
            given = None
            if editor in done.split():
                given = tuple(
                    NewAnnotation(
                        _for(editor, shape, box), self._names[number] if number is not None else "", text, bool(ignored)
                    )
                    for number, shape, box, ignored, text in marks
                )
            yield NewItem(
                "picture", name, path=Path(path), split=Split(split) if split else None, annotations=given, own_copy=bool(own)
            )  # fmt: skip
        yield from self.problems


def _for(editor: str, shape: str, box: str) -> Shape:
    if editor != "boxes":
        return from_record(json.loads(shape))
    found = from_record(json.loads(box or shape))
    return found if isinstance(found, BoxShape) else BoxShape(*bounds(found))


def readable(text: str) -> str:
    """A text that can be written down: halves of characters become question marks."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _lies_inside(shape: Shape, width: int, height: int) -> bool:
    if isinstance(shape, Polygon) and not (shape.parts and all(shape.parts)):
        return False
    x0, y0, x1, y1 = bounds(shape)
    return 0 <= x0 <= x1 <= width and 0 <= y0 <= y1 <= height


def _sticks_out(shape: Shape, width: int, height: int) -> bool:
    x0, y0, x1, y1 = bounds(shape)
    x0, x1, y0, y1 = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
    return x0 < -_ROUNDING or y0 < -_ROUNDING or x1 > width + _ROUNDING or y1 > height + _ROUNDING


def _scaled(shape: Shape, frame: Frame) -> Shape:
    across, down = frame.scale
    match shape:
        case BoxShape():
            return BoxShape(shape.x0 * across, shape.y0 * down, shape.x1 * across, shape.y1 * down)
        case Polygon():
            return Polygon(tuple(tuple((x * across, y * down) for x, y in part) for part in shape.parts))
        case Region():
            return _scaled_region(shape, frame)
    return shape


def _scaled_region(region: Region, frame: Frame) -> Region:
    """Each pixel of the larger or smaller picture takes the value of the one that its middle lies in."""
    import numpy as np

    from workbench.data.shapes import region_bits

    across, down = frame.scale
    width, height = (frame.stored.width, frame.stored.height) if frame.turned else frame.shown
    before = region_bits(region, round(width / across), round(height / down))
    rows = np.minimum(((np.arange(height) + 0.5) / down).astype(np.int64), before.shape[0] - 1)
    columns = np.minimum(((np.arange(width) + 0.5) / across).astype(np.int64), before.shape[1] - 1)
    found = region_from_bits(before[np.ix_(rows, columns)])
    if found is None:
        raise UserError("A painted area has no pixel left in its picture.", "Paint it again.")
    return found
