"""What all formats share that labels on pictures are saved in: which items, under which names, into a folder that is there
whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from workbench import atomic
from workbench.control import Control
from workbench.data import orientation
from workbench.data.annotations import Annotation
from workbench.data.project import Project
from workbench.data.shapes import PICTURE_SHAPES, BoxShape, Polygon, Region, bounds
from workbench.data.types import Item, ItemFilter, Split
from workbench.errors import Problem, UserError

_PAGE = 100
_LONGEST = 120
_BAD = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]+')
# Names that Windows keeps for devices.
_DEVICES = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$", re.I)


@dataclass(frozen=True)
class Mark:
    """One annotation as it is written.

    Attributes:
        number: place of its class among the classes, from 0; -1 when it has none.
        name: its class; "" when it has none.
    """

    number: int
    name: str
    shape: BoxShape | Polygon | Region
    ignored: bool = False
    text: str = ""


@dataclass(frozen=True)
class Done:
    """One picture that is written.

    Attributes:
        number: 1, 2, 3, … in the order of writing.
        file: how the labels call the picture: its path below the folder of pictures, with forward slashes; its whole path
            when pictures are not copied.
        stem: `file` without its ending and, when pictures are not copied, without its folders.
        width, height: as it is shown.
    """

    number: int
    file: str
    stem: str
    width: int
    height: int
    split: Split | None
    marks: tuple[Mark, ...]

    @property
    def boxes(self) -> list[tuple[Mark, BoxShape]]:
        """Each mark with the box around it."""
        return [(m, m.shape if isinstance(m.shape, BoxShape) else BoxShape(*bounds(m.shape))) for m in self.marks]


@dataclass
class Export:
    """One export while it runs.

    Attributes:
        folder: where files are written for now.
        names: all classes in their order.
        problems: what was left out or lost, told one by one.
    """

    project: Project
    folder: Path
    control: Control
    copy_pictures: bool
    names: list[str]
    problems: list[Problem] = field(default_factory=list)
    written: int = 0
    lost: dict[str, int] = field(default_factory=dict)

    def lose(self, sentence: str) -> None:
        """Count something that the format cannot hold; `{n}` in the sentence is the count."""
        self.lost[sentence] = self.lost.get(sentence, 0) + 1

    def pictures(
        self, home: Callable[[Split | None], str], flat: bool = False, nameless: bool = False
    ) -> Iterator[Done]:
        """All done pictures, each copied to its place before it is handed out.

        Args:
            home: folder of the pictures of a part of the data, below `folder`.
            flat: no folders within it.
            nameless: also marks without a class.
        """
        numbers = {c.id: place for place, c in enumerate(self.project.classes())}
        ids = self.project.item_ids(ItemFilter(problems=False))
        names = Names()
        waiting = 0
        for start in range(0, len(ids), _PAGE):
            page = ids[start : start + _PAGE]
            states = self.project.annotation_states(page)
            for item in self.project.items(page):
                self.control.check()
                self.control.progress(start, len(ids), "Writing labels")
                if item.kind != "picture" or item.path is None:
                    continue
                if not states[item.id].marked:
                    waiting += 1
                    continue
                marks = tuple(self._marks(states[item.id].annotations, numbers, item.name, nameless))
                done = self._picture(item, marks, names, home, flat)
                if done is not None:
                    self.written += 1
                    yield done
        if waiting:
            self.problems.append(
                Problem(
                    "1 picture" if waiting == 1 else f"{waiting:,} pictures",
                    "It is not done yet and is left out."
                    if waiting == 1
                    else "They are not done yet and are left out.",
                )
            )

    def _marks(
        self, given: tuple[Annotation, ...], numbers: dict[int, int], where: str, nameless: bool
    ) -> Iterator[Mark]:
        for annotation in given:
            if annotation.is_proposal or not isinstance(annotation.shape, PICTURE_SHAPES):
                continue
            number = numbers.get(annotation.class_id or 0, -1)
            if number < 0 and not nameless:
                self.lose("{n} labels without a class have no place in this format and are left out.")
                continue
            name = self.names[number] if number >= 0 else ""
            yield Mark(number, name, annotation.shape, annotation.ignored, annotation.text)

    def _picture(
        self, item: Item, marks: tuple[Mark, ...], names: Names, home: Callable[[Split | None], str], flat: bool
    ) -> Done | None:
        assert item.path is not None
        try:
            stored = orientation.look(item.path)
            name = names.give(item.name, item.path.suffix, home(item.split), flat)
            if self.copy_pictures:
                target = self.folder / home(item.split) / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(item.path, target)
                file = name
            else:
                file = item.path.absolute().as_posix()
        except UserError as error:
            self.problems.append(Problem.of(item.name, error, str(item.path)))
            return None
        except OSError as error:
            if not item.path.is_file():
                self.problems.append(Problem(item.name, "It could not be copied.", "Check the file.", str(item.path)))
                return None
            raise UserError(
                "The pictures cannot be copied there.", "Make room on the disk, or choose another place."
            ) from error
        width, height = stored.shown
        stem = str(PurePosixPath(name).with_suffix(""))
        return Done(self.written + 1, file, stem, width, height, item.split, marks)

    def open(self, name: str) -> IO[str]:
        """A new text file below the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("w", encoding="utf-8", newline="\n")

    def write(self, name: str, text: str) -> None:
        with self.open(name) as stream:
            stream.write(text)


class Names:
    """File names that every system takes, each given once; no two differ only by case or by their ending."""

    def __init__(self) -> None:
        self._taken: set[tuple[str, str]] = set()

    def give(self, name: str, suffix: str, room: str = "", flat: bool = False) -> str:
        """A free name for a picture.

        Args:
            name: what it is called, perhaps with folders.
            suffix: the ending of its file, which says what it is.
            room: the folder it is for, which is not repeated; names in different ones do not get in each other's way.
            flat: folders become part of the name.
        """
        parts = [p for p in name.replace("\\", "/").split("/") if p not in ("", ".", "..")]
        # A name that came from such a folder does not get one within the other.
        around = {p.casefold() for p in room.split("/")}
        while len(parts) > 1 and parts[0].casefold() in around:
            parts.pop(0)
        stem = parts[-1] if parts else "picture"
        if suffix and stem.lower().endswith(suffix.lower()):
            stem = stem[: -len(suffix)]
        folders = [safe_name(p) for p in parts[:-1]]
        if flat and folders:
            stem = "_".join([*folders, stem])
            folders = []
        stem = safe_name(stem)
        number, wanted = 1, stem
        while (room, unicodedata.normalize("NFC", "/".join([*folders, wanted])).casefold()) in self._taken:
            number += 1
            wanted = f"{stem}-{number}"
        self._taken.add((room, unicodedata.normalize("NFC", "/".join([*folders, wanted])).casefold()))
        return "/".join([*folders, wanted + safe_suffix(suffix)])


def safe_suffix(suffix: str) -> str:
    return suffix.lower() if re.fullmatch(r"\.[A-Za-z0-9]{1,8}", suffix) else ""


def safe_name(name: str) -> str:
    """A name that Windows, macOS and Linux take for one file or folder."""
    text = _BAD.sub("_", name.encode("utf-8", "replace").decode()).strip(" .")
    text = text[:_LONGEST].rstrip(" .") or "_"
    return f"_{text}" if _DEVICES.match(text) else text


def one_line(name: str) -> str:
    """A class's name for formats of one name a line."""
    return " ".join(name.split())


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to write into, which takes `target`'s place when all went well and goes away when not.

    Raises:
        UserError: when `target` is a file, holds something, or cannot be written.
    """
    target = target.absolute()
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise UserError(f"“{target.name}” is there already and is not empty.", "Choose a new or an empty folder.")
        target.parent.mkdir(parents=True, exist_ok=True)
        work = target.with_name(f".{target.name}.{os.getpid()}.part")
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
    except OSError as error:
        raise _cannot(target) from error
    try:
        yield work
        if target.exists():
            target.rmdir()
        atomic.put(work, target)
    except OSError as error:
        raise _cannot(target) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _cannot(target: Path) -> UserError:
    return UserError(
        f"The folder “{target.name}” cannot be written.", "Make room on the disk, or choose another place."
    )


@dataclass(frozen=True)
class MarkedFormat:
    """An `ExportFormat` of pictures with their marks.

    Attributes:
        name: what it is called in problems that concern no single picture.
        writer: writes all files; told what to write and where.
        may_refer: its files can name the pictures where they lie; else pictures come along always.
    """

    id: str
    title: str
    name: str
    writer: Callable[[Export], None]
    marks: tuple[str, ...] = ("boxes", "regions")
    may_refer: bool = False
    suffix: str = ""

    def write(
        self, project: Project, target: Path, control: Control, copy_pictures: bool = True
    ) -> tuple[int, list[Problem]]:
        """See `ExportFormat.write`. Raises: UserError, Cancelled; nothing is left behind then."""
        with new_folder(target) as work:
            names = [c.name for c in project.classes()]
            running = Export(project, work, control, copy_pictures or not self.may_refer, names)
            self.writer(running)
            if not running.written:
                raise UserError("There is no picture that is done.", "Label some, and mark them as done.")
        losses = [Problem(self.name, _counted(sentence, count)) for sentence, count in running.lost.items()]
        return running.written, [*running.problems, *losses]


def _counted(sentence: str, count: int) -> str:
    from workbench.data.importers.marked import said

    return said(sentence, count)
