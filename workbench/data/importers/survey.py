"""What lies where something was dropped, looked at once for all formats; and finding the pictures that labels name."""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote
from weakref import ReferenceType, WeakKeyDictionary, ref

from workbench.control import Control
from workbench.data.importers.json_stream import peek
from workbench.data.media import PICTURE_SUFFIXES
from workbench.data.types import Split
from workbench.errors import UserError

# Beside a single file that was dropped no more than this is looked through for its pictures.
_MOST_BESIDE = 200_000
_ASIDE = {"annotations", "annotation", "labels", "label", "json", "xml"}
_SPLITS = {
    "train": Split.TRAIN, "training": Split.TRAIN, "val": Split.VALIDATION, "valid": Split.VALIDATION,
    "validation": Split.VALIDATION, "dev": Split.VALIDATION, "test": Split.TEST, "testing": Split.TEST,
}  # fmt: skip
SPLIT_FILES = {Split.TRAIN: "train", Split.VALIDATION: "val", Split.TEST: "test", Split.NEW: "new"}


def split_named(word: str) -> Split | None:
    """The part of the data that a word or a file's stem speaks of: "val", "instances_train2017", "Test"."""
    for piece in reversed(word.casefold().replace("-", "_").replace(".", "_").split("_")):
        found = _SPLITS.get(piece.rstrip("0123456789"))
        if found is not None:
            return found
    return None


def split_of_folders(path: Path, below: Path) -> Split | None:
    """The part that the folders between `below` and a file speak of, the nearest first."""
    try:
        parts = path.relative_to(below).parts[:-1]
    except ValueError:
        parts = path.parts[-2:-1]
    for part in reversed(parts):
        found = _SPLITS.get(part.casefold().rstrip("0123456789"))
        if found is not None:
            return found
    return None


@dataclass(eq=False)
class Survey:
    """Files by what they may be.

    Attributes:
        paths: what was dropped.
        root: the dropped folder, or the folder that the dropped files lie in.
        inside: nothing outside of this folder is looked at because a file of labels says so.
        files: all dropped files, and all files in dropped folders, in order of name.
        whole: a folder was dropped, so that pictures nothing speaks of come in as well.
    """

    paths: tuple[Path, ...]
    root: Path
    inside: Path
    files: list[Path]
    whole: bool
    by_suffix: dict[str, list[Path]] = field(default_factory=dict)
    # Weak, since surveys are remembered by their control.
    _control: ReferenceType[Control] | None = None
    _peeks: dict[Path, dict[str, Any]] = field(default_factory=dict)
    _heads: dict[Path, bytes] = field(default_factory=dict)

    @property
    def pictures(self) -> list[Path]:
        return [p for suffix in PICTURE_SUFFIXES for p in self.by_suffix.get(suffix, ())]

    def of(self, *suffixes: str) -> list[Path]:
        """Files with these endings."""
        return [p for suffix in suffixes for p in self.by_suffix.get(suffix, ())]

    def peek(self, path: Path) -> dict[str, Any]:
        """As `json_stream.peek`, remembered. Raises: Cancelled when asked to stop."""
        control = self._control() if self._control is not None else None
        if control is not None:
            control.check()
        if path not in self._peeks:
            self._peeks[path] = peek(path)
        return self._peeks[path]

    def head(self, path: Path) -> bytes:
        """A file's first 4,096 bytes; b"" when it may not be read."""
        if path not in self._heads:
            try:
                with path.open("rb") as stream:
                    self._heads[path] = stream.read(4096)
            except OSError:
                self._heads[path] = b""
        return self._heads[path]

    def name_of(self, path: Path) -> str:
        """A file's path below the root, for people and as an item's name."""
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return path.name


_surveys: WeakKeyDictionary[Control, Survey] = WeakKeyDictionary()


def survey(paths: Sequence[Path], control: Control) -> Survey:
    """Look through what was dropped, once for each `control`.

    Raises:
        UserError: when a folder may not be read or holds more than a million files. Cancelled: when asked to stop.
    """
    known = _surveys.get(control)
    if known is not None and known.paths == tuple(paths):
        return known
    from workbench.data.importers.folders import walk

    folders = [p for p in paths if p.is_dir()]
    files = [p for p in paths if not p.is_dir()]
    for folder in folders:
        files += walk(folder, control)
    if len(paths) == 1 and folders:
        root = inside = folders[0]
    else:
        root = inside = Path(os.path.commonpath([p if p.is_dir() else p.parent for p in paths]))
        if root.name.casefold() in _ASIDE and root.parent != root:
            inside = root.parent
    by_suffix: dict[str, list[Path]] = defaultdict(list)
    for file in files:
        by_suffix[file.suffix.lower()].append(file)
    made = Survey(tuple(paths), root, inside, files, bool(folders), dict(by_suffix), ref(control))
    _surveys[control] = made
    return made


def name_key(name: str) -> str:
    """Equal for file names that people take for the same: letters composed (macOS takes them apart), case ignored."""
    return unicodedata.normalize("NFC", name).casefold()


@dataclass(frozen=True)
class Found:
    """A picture that was looked for.

    Attributes:
        how: "" where it was said to be, "moved" found by its name elsewhere, "ending" with another ending, "outside" at an
            absolute path outside of the folder; with no path: "missing", "several" of this name, or "refused".
    """

    path: Path | None
    how: str = ""


class Finder:
    """Finds pictures by what labels call them, never outside of `inside` unless by an absolute path.

    Args:
        bases: where relative names begin, in the order of trying.
    """

    def __init__(self, found: Survey, bases: Iterable[Path], control: Control) -> None:
        self._survey, self._control = found, control
        self.root = found.root
        self._bases = list(dict.fromkeys(bases))
        self._by_name: dict[str, list[Path]] | None = None
        self._by_stem: dict[str, list[Path]] = defaultdict(list)

    def find(self, name: str, near: Path | None = None) -> Found:
        """A picture by its name or path as written.

        Args:
            near: the folder of the file that names it; tried first.
        """
        found = self._find(name, near)
        # A name may begin with a blank, but more often the blank was put there by mistake.
        return found if found.path is not None or name == name.strip() else self._find(name.strip(), near)

    def _find(self, name: str, near: Path | None) -> Found:
        if "://" in name:
            # Of an address only the file's name counts; nothing is fetched.
            name = unquote(name.split("://", 1)[1].split("?")[0].split("#")[0]).rsplit("/", 1)[-1]
        name = name.replace("\\", "/")
        if not name.strip() or "\0" in name or len(name) > 4000:
            return Found(None, "missing")
        pure = PurePosixPath(name)
        absolute = pure.is_absolute() or name[1:3] == ":/"
        beyond = False
        if not absolute:
            for base in ([near] if near is not None else []) + self._bases:
                there = Path(os.path.normpath(base / name))
                if not there.is_relative_to(self._survey.inside):
                    beyond = True
                elif _is_file(there):
                    return Found(there)
        matches = self._named(pure)
        if len(matches) == 1:
            return Found(matches[0], "moved")
        if len(matches) > 1:
            return Found(None, "several")
        # A name that begins with two slashes asks another computer for the file; that is never followed.
        if absolute and not name.startswith("//") and _is_file(Path(name)):
            return Found(Path(name), "outside")
        others = self._stemmed(pure)
        if len(others) == 1:
            return Found(others[0], "ending")
        return Found(None, "refused" if beyond and ".." in pure.parts else "missing")

    def by_stem(self, stem: str, near: Path | None = None) -> Found:
        """A picture by its name without ending.

        Args:
            near: where several have the name, the one in this folder is meant.
        """
        self._index()
        found = self._by_stem.get(name_key(stem), [])
        if len(found) > 1 and near is not None:
            found = [p for p in found if p.parent == near] or found
        return Found(found[0]) if len(found) == 1 else Found(None, "several" if found else "missing")

    def _named(self, pure: PurePosixPath) -> list[Path]:
        self._index()
        assert self._by_name is not None
        found = self._by_name.get(name_key(pure.name), [])
        if len(found) < 2:
            return found
        # Of several, the ones whose folders agree best with what is written.
        wanted = [name_key(part) for part in pure.parts]

        def agreeing(path: Path) -> int:
            parts = [name_key(part) for part in path.parts]
            count = 0
            while count < min(len(parts), len(wanted)) and parts[-1 - count] == wanted[-1 - count]:
                count += 1
            return count

        best = max(agreeing(p) for p in found)
        return [p for p in found if agreeing(p) == best]

    def _stemmed(self, pure: PurePosixPath) -> list[Path]:
        self._index()
        if pure.suffix.lower() in PICTURE_SUFFIXES:
            return self._by_stem.get(name_key(pure.stem), [])
        return self._by_stem.get(name_key(pure.name), [])

    def _index(self) -> None:
        if self._by_name is not None:
            return
        self._by_name = defaultdict(list)
        pictures = self._survey.pictures
        if not self._survey.whole:
            pictures = list(dict.fromkeys([*pictures, *_beside(self._survey.inside, self._control)]))
        for path in pictures:
            self._by_name[name_key(path.name)].append(path)
            self._by_stem[name_key(path.stem)].append(path)


def _beside(folder: Path, control: Control) -> list[Path]:
    """Pictures below the folder of a single file; a folder that holds very much is not looked through to its end."""
    from workbench.data.importers.folders import walk

    found: list[Path] = []
    try:
        for number, file in enumerate(walk(folder, control)):
            if number >= _MOST_BESIDE:
                break
            if file.suffix.lower() in PICTURE_SUFFIXES:
                found.append(file)
    except UserError:
        return found
    return found


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
