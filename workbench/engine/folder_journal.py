"""What was done with the files of a watched folder: a journal that survives a power cut, and the same as a table to read.

Each deed is written down before it is done (write-ahead) and after; one that was begun and not ended is looked at when the
folder is watched again. The table (CSV) is written from the journal, so that the two never differ for long.
"""

from __future__ import annotations

import csv
import io
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Literal

from workbench import atomic
from workbench.app_paths import AppPaths
from workbench.data.exporters.tables import safe_cell
from workbench.engine.folder_rules import LOG_NAME, WatchRule
from workbench.errors import UserError

State = Literal["begun", "done", "undone"]
Stamp = tuple[int, int]  # size in bytes, time of the last change in nanoseconds

COLUMNS = ("number", "when", "file", "answer", "certainty", "done", "now at", "problem")
_TABLES = """
CREATE TABLE IF NOT EXISTS deeds (
  id INTEGER PRIMARY KEY AUTOINCREMENT, rule TEXT NOT NULL, at TEXT NOT NULL, verb TEXT NOT NULL, source TEXT NOT NULL,
  target TEXT NOT NULL DEFAULT '', answer TEXT NOT NULL DEFAULT '', certainty REAL, problem TEXT NOT NULL DEFAULT '',
  size INTEGER NOT NULL DEFAULT -1, changed INTEGER NOT NULL DEFAULT -1, home TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS seen (
  rule TEXT NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL, changed INTEGER NOT NULL, PRIMARY KEY (rule, path));
"""


@dataclass(frozen=True)
class Deed:
    """One thing done with one file.

    Attributes:
        verb: "moved", "copied", "renamed", "tagged", "logged", "put back".
        source, target: where the file was, and what came of it ("" for nothing).
        size, changed: of what came of it, to know later whether somebody changed it.
        state: "begun" until it is done; "undone" when it was put back.
    """

    id: int
    at: str
    verb: str
    source: str
    target: str = ""
    answer: str = ""
    certainty: float | None = None
    problem: str = ""
    size: int = -1
    changed: int = -1
    state: State = "done"

    def sentence(self) -> str:
        """One line for a list."""
        name = Path(self.source).name
        if self.problem:
            return f"{name}: {self.problem}"
        sure = f" ({self.certainty:.0%})" if self.certainty is not None else ""
        where = f", {self.verb}: {self.target}" if self.target else ""
        return f"{name}: {self.answer}{sure}{where}"


class Journal:
    """Of one watched folder. One writer at a time (see `folder_watch`); others may read and put back."""

    def __init__(self, folder: Path, paths: AppPaths) -> None:
        name = sha256(str(folder.resolve()).encode("utf-8", "surrogatepass")).hexdigest()[:20]
        self.file = paths.settings / "watched folders" / f"{name}.db"
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self._open() as db:
                db.executescript(_TABLES)
        except (OSError, sqlite3.Error) as error:
            raise UserError("What is done cannot be noted down.", "Check the disk of your home folder.") from error

    def begin(self, rule: WatchRule, deed: Deed) -> int:
        """Note what will be done. Gives the deed's number."""
        with self._open() as db, db:
            row = db.execute(
                "INSERT INTO deeds (rule, at, verb, source, target, answer, certainty, problem, size, changed, home, state)"
                " VALUES (?,?,?,?,?,?,?,?,?,?,?,'begun')",
                (rule.key, deed.at, deed.verb, deed.source, deed.target, deed.answer, deed.certainty, deed.problem,
                 deed.size, deed.changed, str(rule.home)),
            )  # fmt: skip
            return int(row.lastrowid or 0)

    def end(self, rule: WatchRule, number: int, target: str, stamp: Stamp, seen: dict[str, Stamp]) -> None:
        """It is done. `seen`: files that need not be answered again while they stay as they are."""
        with self._open() as db, db:
            db.execute(
                "UPDATE deeds SET state = 'done', target = ?, size = ?, changed = ? WHERE id = ?",
                (target, *stamp, number),
            )
            db.executemany(
                "INSERT OR REPLACE INTO seen VALUES (?,?,?,?)", [(rule.key, path, *s) for path, s in seen.items()]
            )

    def drop(self, number: int) -> None:
        """It was not done after all."""
        with self._open() as db, db:
            db.execute("DELETE FROM deeds WHERE id = ? AND state = 'begun'", (number,))

    def undone(self, number: int, back: str, stamp: Stamp) -> None:
        """It was put back; what lies there again stays as it is, under this rule."""
        with self._open() as db, db:
            (rule,) = db.execute("SELECT rule FROM deeds WHERE id = ?", (number,)).fetchone()
            db.execute("UPDATE deeds SET state = 'undone' WHERE id = ?", (number,))
            if back:
                db.execute("INSERT OR REPLACE INTO seen VALUES (?,?,?,?)", (rule, back, *stamp))
            db.execute(
                "INSERT INTO deeds (rule, at, verb, source, target, home, state)"
                " SELECT rule, ?, 'put back', target, ?, home, 'undone' FROM deeds WHERE id = ?",
                (now(), back, number),
            )

    def seen(self, rule: WatchRule) -> dict[str, Stamp]:
        """All at once, for a look at a large folder."""
        with self._open() as db:
            rows = db.execute("SELECT path, size, changed FROM seen WHERE rule = ?", (rule.key,)).fetchall()
        return {path: (size, changed) for path, size, changed in rows}

    def deeds(self, last: int = 500, state: State | None = None) -> list[Deed]:
        """The newest first."""
        where = "" if state is None else "WHERE state = ?"
        with self._open() as db:
            rows = db.execute(
                "SELECT id, at, verb, source, target, answer, certainty, problem, size, changed, state FROM deeds"
                f" {where} ORDER BY id DESC LIMIT ?",
                ((state,) if state is not None else ()) + (last,),
            ).fetchall()
        return [Deed(*row) for row in rows]

    # The table -----------------------------------------------------------------------------------------------------------

    def write_table(self, home: Path) -> bool:
        """Bring the table of a folder up to date; False when it cannot be written now (it is open in another program)."""
        file = home / LOG_NAME
        try:
            last = _last_number(file)
            with self._open() as db:
                rows = db.execute(
                    "SELECT id, at, source, answer, certainty, verb, target, problem FROM deeds"
                    " WHERE home = ? AND state != 'begun' AND id > ? ORDER BY id",
                    (str(home), last),
                ).fetchall()
            if not rows:
                return True
            home.mkdir(parents=True, exist_ok=True)
            text = io.StringIO(newline="")
            writer = csv.writer(text)
            if not file.exists() or not file.stat().st_size:
                text.write("\ufeff")  # by which Excel knows UTF-8
                writer.writerow(COLUMNS)
            for row in rows:
                certainty = "" if row[4] is None else round(row[4], 4)
                writer.writerow([safe_cell(v) for v in (*row[:4], certainty, *row[5:])])
            with file.open("ab") as stream:
                stream.write(text.getvalue().encode("utf-8", "replace"))
                atomic.sync(stream)
        except OSError:
            return False
        return True

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.file, timeout=10)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            yield db


def now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")


def _last_number(file: Path) -> int:
    """Of the table's last whole line; a line that was cut off by a power cut is taken away. 0 when there is none."""
    if not file.exists():
        return 0
    with file.open("r+b") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - 1_000_000))
        tail = stream.read()
        if not tail.endswith(b"\n"):
            kept = tail.rfind(b"\n") + 1
            stream.truncate(size - len(tail) + kept)
            tail = tail[:kept]
    # Names of files may hold line breaks: the last row is found by reading as CSV.
    for row in reversed(list(csv.reader(io.StringIO(tail.decode("utf-8-sig", "replace"), newline="")))):
        if row and row[0].isdigit() and len(row) == len(COLUMNS):
            return int(row[0])
    return 0
