"""YOLO: a text file per picture, a line per label (Redmon et al. 2016, in darknet; ultralytics' YAML and outlines).

A line is the class's number and the box's middle, width and height as fractions of the picture as it is shown, or the
corners of an outline as such fractions. Fractions are turned into pixels and rounded to a millionth of one, so that what was
written with enough digits comes back as it was. Files written with six digits are right to half a millionth of the
picture's side (0.002 pixels in 4,000).
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.control import Control
from workbench.data.importers.base import ImportPlan
from workbench.data.importers.marked import Collector, Frame
from workbench.data.importers.numbers import number
from workbench.data.importers.survey import Finder, Survey, name_key, split_named, split_of_folders, survey
from workbench.data.media import PICTURE_SUFFIXES, read_text_file
from workbench.data.shapes import BoxShape, Polygon, Shape
from workbench.data.types import Split
from workbench.errors import UserError

_NAMES = ("classes.txt", "obj.names", "labels.names", "names.txt", "_darknet.labels", "classes.names")
_LISTS = re.compile(r"^(train|val|valid|validation|test)(\d{4})?\.txt$", re.I)
_NOT_LABELS = re.compile(
    r"^(classes|labels|names|readme.*|notes|licen[cs]e.*|requirements|train.*|val.*|test.*|_darknet)\.txt$", re.I
)
_SAMPLE = 25
_MOST_LINES = 200_000
_DIGITS = 6
_SPLIT_KEYS = {
    "train": Split.TRAIN,
    "val": Split.VALIDATION,
    "valid": Split.VALIDATION,
    "validation": Split.VALIDATION,
    "test": Split.TEST,
}


@dataclass
class _Settings:
    """What data.yaml, obj.data and lists of names say."""

    names: list[str] = field(default_factory=list)
    places: list[tuple[Split, str, Path]] = field(default_factory=list)
    key_points: bool = False
    file: Path | None = None


class YoloImport:
    """See `ImportFormat`."""

    name = "YOLO"
    order = 2

    def plan(self, paths: Sequence[Path], control: Control) -> ImportPlan | None:
        found = survey(paths, control)
        if not found.whole:
            file = paths[0]
            if len(paths) != 1 or file.suffix.lower() not in (".yaml", ".yml", ".data") or _settings_of(file) is None:
                return None
            # The settings name a folder's worth of files: what lies with them is looked at as well.
            return self.plan([file.parent], control)
        sheets = [f for f in found.of(".txt") if not _NOT_LABELS.match(f.name)]
        settings = _settings(found)
        if settings.file is None and not _looks_right(sheets, found):
            return None
        if not sheets and not found.pictures:
            return None
        collector = Collector(found, self.name, settings.file or found.root, control, found.root.name)
        _Reader(found, settings, collector, control).read(sheets)
        return collector.plan()


def _looks_right(sheets: list[Path], found: Survey) -> bool:
    """Whether a sample of the text files have a picture's name and hold nothing but numbers."""
    if not sheets:
        return False
    stems = {name_key(p.stem) for p in found.pictures}
    named = [f for f in sheets if name_key(f.stem) in stems]
    if 2 * len(named) < len(sheets):
        return False
    step = max(1, len(named) // _SAMPLE)
    good = bad = 0
    for file in named[::step][:_SAMPLE]:
        text = found.head(file).decode("utf-8", "replace")
        # The last line of a head that is full may be cut off.
        lines = [line for line in text.splitlines()[: 20 if len(text) < 4000 else 1] if line.strip()]
        fits = sum(map(_is_line, lines))
        good, bad = good + fits, bad + len(lines) - fits
    return good > 0 and good >= bad


def _is_line(line: str) -> bool:
    values = [number(word) for word in line.split()]
    return len(values) >= 5 and None not in values and values[0] is not None and values[0] >= 0 and values[0] % 1 == 0


def _settings(found: Survey) -> _Settings:
    """Settings from the files nearest to the root."""
    made = _Settings()
    for file in sorted(found.of(".yaml", ".yml", ".data"), key=lambda f: len(f.parts)):
        read = _settings_of(file)
        if read is not None:
            made = read
            break
    if not made.names:
        files = [f for f in found.files if f.name.casefold() in _NAMES]
        files += [f for f in found.of(".names") if f not in files]
        for file in sorted(files, key=lambda f: len(f.parts)):
            made.names = _lines(file)
            if made.names:
                break
    if not made.places:
        for file in found.of(".txt"):
            split = split_named(file.stem) if _LISTS.match(file.name) else None
            if split is not None:
                made.places.append((split, file.name, file.parent))
    return made


def _settings_of(file: Path) -> _Settings | None:
    """What one file of settings says; None when it is none of YOLO's."""
    if file.suffix.lower() == ".data":
        return _darknet(file)
    import yaml

    try:
        value = yaml.safe_load(read_text_file(file)) if file.stat().st_size < 1_000_000 else None
    except (UserError, yaml.YAMLError, ValueError, RecursionError, OSError, TypeError, AttributeError):
        return None
    if not isinstance(value, dict) or not (
        "names" in value and {"train", "val", "valid", "test", "path", "nc"} & value.keys()
    ):
        return None
    made = _Settings(file=file, key_points="kpt_shape" in value)
    made.names = _names(value["names"])
    base = file.parent
    inner = value.get("path")
    if isinstance(inner, str) and not Path(inner).is_absolute() and _is_folder(base / inner):
        base = base / inner
    for key, split in _SPLIT_KEYS.items():
        for place in value[key] if isinstance(value.get(key), list) else [value.get(key)]:
            if isinstance(place, str):
                made.places.append((split, place, base))
    return made


def _names(value: Any) -> list[str]:
    if isinstance(value, dict):
        numbered = {int(k): str(v) for k, v in value.items() if number(k) is not None and 0 <= int(float(k)) < 100_000}
        return [numbered.get(n, f"class {n}") for n in range(max(numbered, default=-1) + 1)]
    return [str(v) for v in value] if isinstance(value, list) else []


def _darknet(file: Path) -> _Settings | None:
    """darknet's obj.data: "classes = 2", "train = data/train.txt", "names = data/obj.names"."""
    values = {}
    for line in _lines(file)[:100]:
        key, is_one, value = line.partition("=")
        if is_one:
            values[key.strip()] = value.strip()
    if not {"names", "train", "classes"} & values.keys() or "names" not in values:
        return None
    made = _Settings(file=file)
    for place in (file.parent / values["names"], file.parent / Path(values["names"].replace("\\", "/")).name):
        made.names = made.names or _lines(place)
    for key in ("train", "valid", "test"):
        if key in values:
            made.places.append((_SPLIT_KEYS[key], values[key], file.parent))
    return made


def _lines(file: Path) -> list[str]:
    try:
        return [line.strip() for line in read_text_file(file).splitlines() if line.strip()]
    except UserError:
        return []


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


class _Reader:
    def __init__(self, found: Survey, settings: _Settings, collector: Collector, control: Control) -> None:
        self.found, self.settings, self.collector, self.control = found, settings, collector, control
        self.finder = Finder(found, [found.root], control)
        self.named = bool(settings.names)

    def read(self, sheets: list[Path]) -> None:
        for name in self.settings.names:
            self.collector.label(name)
        listed = self._listed()
        by_place: dict[str, Path] = {}
        by_stem: dict[str, list[Path]] = {}
        for file in sheets:
            by_place[name_key(file.with_suffix("").as_posix())] = file
            by_stem.setdefault(name_key(file.stem), []).append(file)
        used: set[Path] = set()
        pictures = sorted({*self.found.pictures, *listed}, key=lambda p: p.as_posix())
        plain = []
        for place, picture in enumerate(pictures):
            self.control.check()
            self.control.progress(place, len(pictures), "Reading labels")
            sheet = _sheet_of(picture, by_place) or next(iter(by_stem.get(name_key(picture.stem), ())), None)
            if sheet is None:
                plain.append(picture)
                continue
            used.add(sheet)
            split = listed.get(picture) or split_of_folders(picture, self.found.root)
            frame = self.collector.picture(picture, split=split)
            if frame is not None:
                self._sheet(sheet, frame)
        for file in sheets:
            if file not in used:
                self.collector.wrong(
                    "alone", self.found.name_of(file), "There is no picture of this name.", "Put it beside the labels.", file
                )  # fmt: skip
        for picture in plain:
            if picture in listed:
                self.collector.picture(picture, split=listed[picture], done=())
        self.collector.rest(plain)
        if not self.named and self.collector.classes:
            self.collector.warnings.append(
                "No file says what the classes are called (classes.txt, data.yaml); they are called by their numbers."
            )

    def _listed(self) -> dict[Path, Split]:
        """Pictures by the part that the settings or lists of names put them into."""
        listed: dict[Path, Split] = {}
        named = Counter(place for _, place, _ in self.settings.places)
        for split, place, base in self.settings.places:
            # The same place for two parts only means that there are no parts.
            if named[place] > 1:
                continue
            for picture in self._pictures_of(place, base):
                if listed.setdefault(picture, split) != split:
                    self.collector.odd(
                        "parts", self.found.name_of(picture),
                        f"It is listed for “{listed[picture].value}” and for “{split.value}”; the first counts.",
                        "{n} [picture is|pictures are] listed for more than one part of the data; the first counts.",
                    )  # fmt: skip
        return listed

    def _pictures_of(self, place: str, base: Path) -> list[Path]:
        text = place.strip().replace("\\", "/")
        # Paths that lead up and away are tried from the folder itself, as ultralytics' own sets need it.
        bare = re.sub(r"^(\.\.?/)+", "", text)
        candidates = [base / text, base / bare, self.found.root / bare]
        if bare.lower().endswith(".txt"):
            candidates.append(base / Path(bare).name)
        for candidate in dict.fromkeys(candidates):
            there = Path(os.path.normpath(candidate))
            if not there.is_relative_to(self.found.inside):
                continue
            if _is_folder(there):
                return [p for p in self.found.pictures if p.is_relative_to(there)]
            if there.suffix.lower() == ".txt" and there.is_file():
                return self._list(there)
        self.collector.warnings.append(f"“{place}” is named for a part of the data, but it is not here.")
        return []

    def _list(self, file: Path) -> list[Path]:
        found = []
        for line in _lines(file):
            if line.lower().endswith(PICTURE_SUFFIXES):
                path = self.collector.find(self.finder, line, f"{line} (in {file.name})", file.parent)
                if path is not None:
                    found.append(path)
        return found

    def _sheet(self, file: Path, frame: Frame) -> None:
        where = self.found.name_of(file)
        try:
            text = read_text_file(file) if file.stat().st_size else ""
        except (UserError, OSError) as error:
            message = error.message if isinstance(error, UserError) else "It cannot be read."
            self.collector.wrong("sheet", where, message, "", file)
            return
        lines = text.splitlines()
        if len(lines) > _MOST_LINES:
            self.collector.wrong("sheet", where, "It has more lines than a picture can have labels.", "", file)
            return
        seen: set[str] = set()
        for place, line in enumerate(lines, 1):
            if line.strip():
                again = line.strip() in seen
                seen.add(line.strip())
                self._line(line, frame, f"{where}, line {place}", again)

    def _line(self, line: str, frame: Frame, where: str, again: bool) -> None:
        if again:
            self.collector.odd(
                "same", where, "The same line comes twice; it is taken once.",
                "{n} [line comes|lines come] twice and [is|are] taken once.",
            )  # fmt: skip
            return
        values = [number(word) for word in line.split()]
        known = [v for v in values if v is not None]
        if (
            len(values) < 5
            or len(known) < len(values)
            or known[0] < 0
            or known[0] != int(known[0])
            or known[0] > 100_000
        ):
            self.collector.wrong(
                "line", where, "This line is not a class and four numbers, or a class and an outline.",
                "Correct it in the file.",
            )  # fmt: skip
            return
        shape = self._shape(known[1:], frame, where)
        if shape is not None:
            self.collector.mark(frame, self._class(int(known[0]), where), shape, where)

    def _class(self, index: int, where: str) -> str:
        if index < len(self.settings.names):
            return self.settings.names[index]
        name = f"class {index}"
        if self.named:
            self.collector.odd(
                "unknown", where, f"There is no name for its class {index}; it is called “{name}”.",
                "{n} [label is|labels are] of a class that has no name; it is called by its number.",
            )  # fmt: skip
        return name

    def _shape(self, values: list[float], frame: Frame, where: str) -> Shape | None:
        width, height = frame.shown
        if self.settings.key_points and len(values) > 4:
            values = values[:4]
            self.collector.odd(
                "keypoints", where, "Its key points have no place here and are left out.",
                "{n} [label has|labels have] key points; these are left out.",
            )  # fmt: skip
        if len(values) == 5:
            # What a model answered: the last number is how sure it was.
            values = values[:4]
        if len(values) == 4:
            x, y, w, h = values
            if w < 0 or h < 0:
                self.collector.wrong("line", where, "Its width or height is negative.", "Correct it in the file.")
                return None
            if max(values) > 2:
                self.collector.wrong(
                    "pixels", where, "Its numbers are no fractions of the picture's width and height.",
                    "Divide them by the picture's size.",
                )  # fmt: skip
                return None
            return BoxShape(
                round((x - w / 2) * width, _DIGITS), round((y - h / 2) * height, _DIGITS),
                round((x + w / 2) * width, _DIGITS), round((y + h / 2) * height, _DIGITS),
            )  # fmt: skip
        if len(values) % 2 or len(values) < 6:
            self.collector.wrong("line", where, "Its outline has half a point.", "Correct it in the file.")
            return None
        points = tuple(
            (round(x * width, _DIGITS), round(y * height, _DIGITS))
            for x, y in zip(values[::2], values[1::2], strict=True)
        )
        return Polygon((points,))


def _sheet_of(picture: Path, sheets: dict[str, Path]) -> Path | None:
    """The labels of a picture: beside it, or where its path says "labels" instead of "images" (the last one of them)."""
    stem = name_key(picture.with_suffix("").as_posix())
    head, found, tail = stem.rpartition("/images/")
    swapped = sheets.get(f"{head}/labels/{tail}") if found else None
    return swapped or sheets.get(stem)


FORMAT = YoloImport()
