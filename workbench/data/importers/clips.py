"""What all formats share that mark pieces of recordings: finding the recordings, putting odd rows in order, telling what was
mended and what could not be used, one by one."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote

from workbench.control import Control
from workbench.data.annotations import NewAnnotation
from workbench.data.importers.base import ReadPlan
from workbench.data.importers.folders import walk
from workbench.data.importers.survey import name_key
from workbench.data.shapes import Clip
from workbench.data.sound import FILES, seconds_of
from workbench.data.types import NewItem, Sample
from workbench.errors import Problem, UserError

# So many of one kind are named one by one; more are counted.
_MOST_NAMED = 500
_MOST_FILES = 100_000
# What reaches over the end no further than this is a matter of rounding.
_ROUNDING = 0.02
# Label Studio's uploads get such a prefix: "1b2c3d4e-morning.wav".
_UPLOADED = re.compile(r"^[0-9a-f]{8}-(.+)$")


@dataclass
class ClipsPlan(ReadPlan):
    """Recordings with marked pieces."""

    @property
    def summary(self) -> str:
        pieces = sum(self.label_counts.values())
        if not pieces:
            return f"{self.format}: {self.total:,} {self.noun} without marked sounds."
        names = list(self.label_counts)
        shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
        many = "1 marked sound" if pieces == 1 else f"{pieces:,} marked sounds"
        return f"{self.format}: {self.total:,} {self.noun} with {many}: {shown}."

    @property
    def brings_labels(self) -> bool:
        return any(i.annotations is not None for i in self.items)


class SoundFinder:
    """Finds recordings by what labels call them, in a folder and below, never elsewhere unless by an absolute path."""

    def __init__(self, folder: Path, control: Control) -> None:
        self._folder, self._control = folder, control
        self._names: dict[str, list[Path]] | None = None
        self._stems: dict[str, list[Path]] = defaultdict(list)

    def find(self, name: str, near: Path) -> Path | None:
        """By name or path as written, with or without its ending; None when there is none, or several could be meant."""
        if "://" in name or name.startswith("/data/"):
            # Of an address only the file's name counts; nothing is fetched.
            address, _, query = name.partition("?")
            asked = parse_qs(query).get("d", [""])[0] if address.endswith("/local-files/") else ""
            name = unquote(asked or address).rsplit("/", 1)[-1]
        name = name.strip().replace("\\", "/")
        if not name or "\0" in name or len(name) > 4000:
            return None
        pure = PurePosixPath(name)
        absolute = pure.is_absolute() or name[1:3] == ":/"
        if not absolute and ".." not in pure.parts:
            for base in (near, self._folder):
                if _is_sound(base / name):
                    return (base / name).absolute()
        found = self._named(pure.name)
        if found is None and (uploaded := _UPLOADED.match(pure.name)):
            found = self._named(uploaded[1])
        # A name that begins with two slashes asks another computer for the file; that is never followed.
        if found is None and absolute and not name.startswith("//") and _is_sound(Path(name)):
            return Path(name)
        return found

    def _named(self, name: str) -> Path | None:
        self._index()
        assert self._names is not None
        found = self._names.get(name_key(name), [])
        if not found:
            pure = PurePosixPath(name)
            stem = pure.stem if pure.suffix.lower() in FILES else name
            found = self._stems.get(name_key(stem), [])
        return found[0].absolute() if len(found) == 1 else None

    def sounds(self) -> list[Path]:
        """All recordings, in order of name."""
        self._index()
        assert self._names is not None
        return sorted(p for found in self._names.values() for p in found)

    def _index(self) -> None:
        if self._names is not None:
            return
        self._names = defaultdict(list)
        for number, file in enumerate(walk(self._folder, self._control)):
            if number >= _MOST_FILES:
                break
            if file.suffix.lower() in FILES:
                self._names[name_key(file.name)].append(file)
                self._stems[name_key(file.stem)].append(file)


@dataclass
class ClipCollector:
    """Takes what a format reads, row by row.

    Attributes:
        folder: where recordings lie, or a folder above; items are called by their path below it.
    """

    format: str
    source: Path
    folder: Path
    control: Control
    problems: list[Problem] = field(default_factory=list)
    repairs: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    _marks: dict[Path, list[NewAnnotation]] = field(default_factory=dict)
    _seconds: dict[Path, float] = field(default_factory=dict)
    _lost: set[str] = field(default_factory=set)
    _told: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.finder = SoundFinder(self.folder, self.control)

    def recording(self, name: str, near: Path, where: str) -> Path | None:
        """A recording that labels speak of; it counts as done, even without a mark. None when there is none (told once)."""
        found = self.finder.find(name, near)
        if found is None:
            if name not in self._lost:
                self._lost.add(name)
                self.wrong(
                    readable(name) or where, "There is no recording of this name, or several could be meant.",
                    f"Put it beside “{self.source.name}”.",
                )  # fmt: skip
            return None
        return found if self.take(found) else None

    def take(self, path: Path) -> bool:
        """Put a recording among the items; False when it cannot be read (told once)."""
        if path in self._marks:
            return True
        if path in self._seconds:
            return False
        try:
            self._seconds[path] = seconds_of(Sample("sound", path.name, path=path))
        except UserError as error:
            self._seconds[path] = -1.0
            self._problem(Problem.of(readable(path.name), error, str(path)))
            return False
        self._marks[path] = []
        return True

    def mark(
        self, path: Path, begins: Any, ends: Any, label: str, where: str, low: float = 0.0, high: float = 0.0
    ) -> None:
        """A marked piece of a recording that was taken, in seconds as they are written."""
        first, last = moment(begins), moment(ends)
        if first is None or last is None:
            self.wrong(where, "Its beginning or end is no number.", "It is left out.")
            return
        name = " ".join(readable(label).split())
        if not name:
            self.wrong(where, "It has no class.", "It is left out.")
            return
        if last < first:
            first, last = last, first
            self.odd(where, "It ended before it began; the two are exchanged.")
        length = self._seconds[path]
        if first < 0:
            first = 0.0
            self.odd(where, "It began before the recording and begins with it now.")
        if length > 0 and last > length:
            if last > length + _ROUNDING and first < length:
                self.odd(
                    where, f"It reached over the end of the recording ({length:.1f} seconds) and is cut off there."
                )
            last = length
        if length > 0 and first >= length:
            self.wrong(where, f"It lies beyond the end of the recording ({length:.1f} seconds).", "It is left out.")
            return
        if last - first < 1e-6:
            self.wrong(where, "It is a moment without length.", "Draw it longer where it was made, or here.")
            return
        low, high = (low, high) if math.isfinite(low) and math.isfinite(high) and 0 <= low < high else (0.0, 0.0)
        self._marks[path].append(NewAnnotation(Clip(first, last, low, high), name))

    def wrong(self, where: str, message: str, hint: str = "") -> None:
        """Something that cannot be used."""
        self._problem(Problem(readable(where), message, hint, str(self.source)))

    def _problem(self, problem: Problem) -> None:
        self._told["problem"] += 1
        if self._told["problem"] <= _MOST_NAMED:
            self.problems.append(problem)

    def odd(self, where: str, message: str) -> None:
        """Something that was mended."""
        self._told["repair"] += 1
        if self._told["repair"] <= _MOST_NAMED:
            self.repairs.append(Problem(readable(where), message))

    def plan(self, others: bool = True) -> ClipsPlan:
        """What was collected. `others`: recordings beside them come in too, without marks.

        Raises:
            UserError: when no recording can be used.
        """
        if not self._marks:
            hint = str(self.problems[0]) if self.problems else "Drop the folder that holds both."
            raise UserError(f"None of the recordings that “{self.source.name}” speaks of can be used.", hint)
        items = [NewItem("sound", self._name(p), path=p, annotations=tuple(m)) for p, m in self._marks.items()]
        rest = [p.absolute() for p in self.finder.sounds()] if others else []
        rest = [p for p in rest if p not in self._marks and p not in self._seconds]
        items += [NewItem("sound", self._name(p), path=p) for p in rest]
        made = ClipsPlan(
            "marked", "sound", self.source.stem if self.source.is_file() else self.source.name, self.source, len(items),
            marks="clips", format=self.format, items=items, problems=self.problems, repairs=self.repairs,
        )  # fmt: skip
        counts = Counter(m.label for marks in self._marks.values() for m in marks)
        made.label_counts = dict(counts.most_common())
        made.warnings = [
            "Recordings with labels come in as done: what is not marked in them counts as silence. Open those again that"
            " are not finished.",
            *self.warnings,
        ]
        if rest:
            many = "1 recording has" if len(rest) == 1 else f"{len(rest):,} recordings have"
            made.warnings.append(f"{many} no labels and {'comes' if len(rest) == 1 else 'come'} in without.")
        for kind, words in (("problem", "could not be used"), ("repair", "were mended")):
            if self._told[kind] > _MOST_NAMED:
                made.warnings.append(f"{self._told[kind]:,} entries {words}; the first {_MOST_NAMED} are named.")
        return made

    def _name(self, path: Path) -> str:
        folder = self.folder.absolute()
        return readable(path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name)


def moment(value: Any) -> float | None:
    """Seconds as programs write them ("12.5", "12,5", "0:01:02.5"); None when it is no finite number."""
    if isinstance(value, bool) or value is None:
        return None
    text = str(value).strip().replace(",", ".")
    if not text or len(text) > 40:
        return None
    try:
        total = 0.0
        parts = text.split(":")
        if len(parts) > 3:
            return None
        for part in parts:
            total = total * 60 + float(part)
    except (ValueError, OverflowError):
        return None
    return total if math.isfinite(total) and abs(total) < 1e9 else None


def readable(text: str) -> str:
    """A text that can be kept: halves of characters become question marks."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")[:1000]


def _is_sound(path: Path) -> bool:
    try:
        return path.suffix.lower() in FILES and path.is_file()
    except (OSError, ValueError):
        return False
