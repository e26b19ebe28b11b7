"""Is everything of a project as it should be? Looks and changes nothing; `mend` does what needs no choice."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from workbench import atomic
from workbench.control import Control
from workbench.data.backup import FOLDER, alone, backups
from workbench.data.project import Project
from workbench.data.recover import mend_references
from workbench.data.row_pictures import is_whole, picture_cells
from workbench.data.store import DATABASE, sentences
from workbench.errors import UserError

Mends = Literal["restore", "clean", ""]
_SHOWN = 3
_OLD = 600.0


@dataclass(frozen=True)
class Trouble:
    """Something that is not as it should be.

    Attributes:
        code: what it is, for programs.
        message, hint: for people.
        mends: "restore": a backup, or what can be read; "clean": `mend` does it; "": a person must.
        count: of how many things.
    """

    code: str
    message: str
    hint: str = ""
    mends: Mends = ""
    count: int = 1


@dataclass(frozen=True)
class Verdict:
    """What was looked at, and what is wrong with it. `labels`: of the items, how many are labelled."""

    troubles: tuple[Trouble, ...]
    items: int = 0
    labels: int = 0
    copies: int = 0
    runs: int = 0
    backups: int = 0

    @property
    def sound(self) -> bool:
        return not self.troubles

    def sentence(self) -> str:
        """What was looked at, in one sentence."""
        return (
            f"{self.items:,} items, {self.labels:,} of them labelled; {self.copies:,} copied files,"
            f" {self.runs:,} trainings and {self.backups:,} backups."
        )


def verify(folder: Path, control: Control | None = None) -> Verdict:
    """Look at the database (SQLite's integrity check and its references), the media, the copies (by their hashes), the files of
    the trainings, and the backups.

    Raises:
        UserError: when it is no project or may not be read. Cancelled: when asked to stop.
    """
    control = control or Control()
    found: list[Trouble] = []
    if not (folder / DATABASE).is_file():
        raise UserError(f"“{folder.name}” is not a project of Model Workbench.", f"A project folder holds {DATABASE}.")
    kept = len(backups(folder))
    control.progress(0, 0, "Looking at the labels")
    wrong = check_database(folder / DATABASE)
    if wrong:
        found.append(Trouble(
            "database", f"The project's file is damaged ({wrong}).",
            "Restore a backup, or take what can still be read.", "restore",
        ))  # fmt: skip
        return Verdict(tuple(found), backups=kept)
    with Project.open(folder, read_only=True) as project, sentences(folder):
        loose = project._store.query("PRAGMA foreign_key_check")
        if loose:
            found.append(Trouble(
                "references", _counted(len(loose), "entry belongs", "entries belong") + " to something that is not there any more.", "", "clean", len(loose)
            ))  # fmt: skip
        counts, copies = project.counts(), 0
        found += _media(project, control)
        copies, damaged = _copies(project, control)
        found += damaged
        found += _runs(project, control)
        runs = len(project.runs())
    left = leftovers(folder)
    if left:
        found.append(Trouble(
            "leftovers", _counted(len(left), "half-written file is", "half-written files are") + " left from when the app was cut off.",
            "That only takes room.", "clean", len(left),
        ))  # fmt: skip
    return Verdict(tuple(found), counts.total, counts.labelled, copies, runs, kept)


def check_database(file: Path, quick: bool = False) -> str:
    """What SQLite finds wrong with it, in its words; "" when it is sound."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as sql:
            said = sql.execute("PRAGMA quick_check(1)" if quick else "PRAGMA integrity_check(1)").fetchone()[0]
            sql.execute("SELECT COUNT(*) FROM items").fetchone()
    except sqlite3.DatabaseError as error:
        if "readonly" in str(error) or "unable to open" in str(error):
            return ""  # what may not be written cannot be looked at with its log; it is opened in another way
        return str(error)
    return "" if said == "ok" else str(said).splitlines()[-1][:200]


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


def _media(project: Project, control: Control) -> list[Trouble]:
    """Files that are not where the project remembers them."""
    missing = []
    ids = project.item_ids()
    for start in range(0, len(ids), 500):
        control.check()
        control.progress(start, len(ids), "Looking for the files")
        for item in project.items(ids[start : start + 500]):
            files = [item.path] if item.path is not None else []
            if item.kind == "row":
                files = [*picture_cells(item.text or "").values()]
            missing += [item.name] if any(not f.is_file() for f in files) else []
    if not missing:
        return []
    return [Trouble(
        "media", f"{_counted(len(missing), 'file is', 'files are')} not where the project remembers: {_names(missing)}.",
        "Put back what was moved, or take these items out on the Data page. Their labels are kept.", "", len(missing),
    )]  # fmt: skip


def _copies(project: Project, control: Control) -> tuple[int, list[Trouble]]:
    """Copied files are named by their content and can be held against it."""
    damaged, count = [], 0
    ids = project.item_ids()
    for start in range(0, len(ids), 500):
        for item in project.items(ids[start : start + 500]):
            for file in picture_cells(item.text or "").values() if item.kind == "row" else ():
                if file.parent.parent != project.folder / "media" or not file.is_file():
                    continue
                control.check()
                count += 1
                if not is_whole(f"{file.parent.name}/{file.name}", project.folder / "media"):
                    damaged.append(item.name)
            if item.path is None or item.path.parent != project.folder / "media" or not item.path.is_file():
                continue
            control.check()
            count += 1
            control.progress(start, len(ids), "Checking the copied files")
            try:
                with item.path.open("rb") as stream:
                    same = hashlib.file_digest(stream, "sha256").hexdigest() == item.content_hash
            except OSError:
                same = False
            if not same:
                damaged.append(item.name)
    if not damaged:
        return count, []
    return count, [Trouble(
        "copies", f"{_counted(len(damaged), 'copied file is', 'copied files are')} damaged: {_names(damaged)}.",
        "Import again from where it came from.", "", len(damaged),
    )]  # fmt: skip


def _runs(project: Project, control: Control) -> list[Trouble]:
    """The folders of finished trainings, and whether the saved states of unfinished ones are whole."""
    gone, broken = [], []
    for run in project.runs():
        control.check()
        if not run.folder.is_dir():
            gone.append(run.name)
            continue
        broken += [run.name for file in run.folder.glob("*.safetensors") if not whole_tensors(file)]
    found = []
    if gone:
        found.append(Trouble(
            "runs", f"The files of {_counted(len(gone), 'training', 'trainings')} are gone: {_names(gone)}.",
            "What was learnt still works; its curves cannot be shown.", "", len(gone),
        ))  # fmt: skip
    if broken:
        found.append(Trouble(
            "states", f"The saved state of {_counted(len(broken), 'training', 'trainings')} is damaged: {_names(broken)}.",
            "It cannot go on; start it anew.", "", len(broken),
        ))  # fmt: skip
    return found


def whole_tensors(file: Path) -> bool:
    """Does a safetensors file hold the bytes that its header promises?"""
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if not 2 <= length <= min(size - 8, 100_000_000):
                return False
            header = json.loads(stream.read(length))
        ends = [int(v["data_offsets"][1]) for name, v in header.items() if name != "__metadata__"]
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return False
    return size == 8 + length + max(ends, default=0)


def leftovers(folder: Path, older_than: float = _OLD) -> list[Path]:
    """Half-written files below the project, so many seconds old at least: younger ones are being written now."""
    places = [
        folder,
        folder / "media",
        *(f for f in (folder / "media").glob("*") if f.is_dir()),
        folder / FOLDER,
        *(f for f in (folder / "runs").glob("*") if f.is_dir()),
    ]
    found = [
        f for place in places if place.is_dir() for f in place.iterdir()
        if f.is_file() and f.name.startswith(".") and f.name.endswith(atomic.PART)
    ]  # fmt: skip
    # One from the future was written before the clock was put back.
    return [f for f in found if not 0 <= time.time() - f.stat().st_mtime < older_than]


def mend(folder: Path) -> int:
    """Do what needs no choice: take out what belongs to nothing, and half-written files. Returns how many things.

    Raises:
        ProjectInUseError: when it is open; UserError: when it cannot be written.
    """
    done = 0
    with alone(folder), sentences(folder):
        for file in leftovers(folder):
            file.unlink(missing_ok=True)
            done += 1
        with closing(sqlite3.connect(folder / DATABASE, isolation_level=None, timeout=10)) as sql:
            loose = len(sql.execute("PRAGMA foreign_key_check").fetchall())
            if loose:
                mend_references(sql)
    return done + loose
