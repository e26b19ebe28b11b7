"""Reading what can be read of a damaged database into a new one, table by table, as SQLite's own `.recover` does for its shell:
up to each damaged page, on from the nearest place behind it, and one by one between."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench import atomic
from workbench.control import Control
from workbench.data.backup import LABELS, alone, put_in_place
from workbench.data.schema import APPLICATION_ID, INTERACTIONS, PAGE, SCHEMA, VERSION
from workbench.data.store import DATABASE, sentences
from workbench.errors import UserError

log = logging.getLogger(__name__)

# Tables in the order of what refers to what.
_TABLES = (
    "meta",
    "classes",
    "items",
    "annotations",
    "merged",
    "item_groups",
    "runs",
    "predictions",
    "people",
    "interactions",
    "item_keys",
)
# Numbers of rows, as SQLite has them; annotations have random ones of 62 bits.
_FIRST, _LAST = -(1 << 63), (1 << 63) - 1
# So many rows behind a damaged page are asked for one by one.
_ONE_BY_ONE = 5000


@dataclass(frozen=True)
class Recovered:
    """What was read: `rows` by table; `damaged`: tables of which not everything could be read; `aside`: the old database."""

    items: int
    labels: int
    rows: dict[str, int]
    damaged: tuple[str, ...]
    aside: Path | None = None


def recover(folder: Path, control: Control | None = None) -> Recovered:
    """Put what can be read of the project's database in its place; the old one is kept in `set-aside`.

    Raises:
        UserError: when nothing can be read, it is open elsewhere, or there is no room. Cancelled: nothing is changed.
    """
    control = control or Control()
    with alone(folder), sentences(folder):
        new = atomic.part_of(folder / DATABASE)
        try:
            found = read_into(folder / DATABASE, new, control)
            return Recovered(found.items, found.labels, found.rows, found.damaged, put_in_place(folder, new))
        finally:
            new.unlink(missing_ok=True)


def read_into(source: Path, target: Path, control: Control | None = None) -> Recovered:
    """Read what can be read of `source` into a new database `target`. Raises: UserError when there is nothing."""
    control = control or Control()
    target.unlink(missing_ok=True)
    rows: dict[str, int] = {}
    damaged: list[str] = []
    with closing(sqlite3.connect(target, isolation_level=None)) as new:
        new.execute(f"PRAGMA page_size={PAGE}")
        new.executescript(
            f"BEGIN; {SCHEMA} PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={VERSION}; COMMIT;"
        )
        # The log may hold the last labels, so it is read as well; opened for writing, as reading it may need that.
        with closing(sqlite3.connect(source, isolation_level=None)) as old:
            old.execute("PRAGMA cell_size_check=1")
            if _has_interactions(old):
                new.executescript(INTERACTIONS)
            for number, table in enumerate(_TABLES):
                control.progress(number, len(_TABLES), "Reading what can be read")
                rows[table], whole = _copy(old, new, table, control)
                if not whole:
                    damaged.append(table)
        mend_references(new)
        items, labels = new.execute(LABELS).fetchone()
        if not rows["items"] and not rows["classes"]:
            raise UserError("Nothing can be read of this project's file any more.", "Restore a backup of the labels.")
        if not new.execute("SELECT 1 FROM meta WHERE key = 'task'").fetchone():
            raise UserError(
                "What the project is for can not be read any more, and its labels mean nothing without it.",
                "Restore a backup of the labels.",
            )
    return Recovered(int(items), int(labels), rows, tuple(damaged))


def _copy(old: sqlite3.Connection, new: sqlite3.Connection, table: str, control: Control) -> tuple[int, bool]:
    """Rows copied, and whether that is known to be all."""
    wanted = [row[1] for row in new.execute(f"PRAGMA table_info({table})")]
    try:
        there = {row[1] for row in old.execute(f"PRAGMA table_info({table})")}
    except sqlite3.DatabaseError:
        return 0, False
    columns = [c for c in wanted if c in there]  # an older version's table has fewer
    if not columns:
        return 0, True
    names = ", ".join(columns)
    reader = _Reader(old, table, names, control)
    keyed = table != "item_groups"  # it has no row numbers
    marks = ", ".join("?" * len(columns))
    count = refused = 0
    new.execute("BEGIN")
    for row in reader.by_number() if keyed else reader.in_order():
        try:
            new.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", row)
            count += 1
        except (sqlite3.Error, ValueError) as error:
            refused += 1
            log.info("a row of %s is left out: %s", table, error)
    new.execute("COMMIT")
    return count, reader.whole and not refused


class _Reader:
    """Rows of one table. `whole` is True afterwards when no page of it was damaged."""

    def __init__(self, sql: sqlite3.Connection, table: str, names: str, control: Control) -> None:
        self.whole = True
        self._sql, self._table, self._names, self._control = sql, table, names, control

    def in_order(self) -> Iterator[tuple[Any, ...]]:
        """Up to the first damaged page."""
        try:
            yield from self._sql.execute(f"SELECT {self._names} FROM {self._table}")
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            self.whole = False

    def by_number(self) -> Iterator[tuple[Any, ...]]:
        """From each damaged page on to the nearest place behind it that can be read."""
        last = _FIRST
        while True:
            sound = True
            try:
                for number, *row in self._sql.execute(
                    f"SELECT rowid, {self._names} FROM {self._table} WHERE rowid > ? ORDER BY rowid", (last,)
                ):
                    last = int(number)
                    yield tuple(row)
            except (sqlite3.DatabaseError, UnicodeDecodeError):
                sound = False
            if sound:
                return
            self.whole = False
            self._control.check()
            behind = self._behind(last)
            # What lies between two damaged pages may have been jumped over.
            for number in range(last + 1, min(behind, last + _ONE_BY_ONE) + 1):
                yield from self._one(number)
            if behind >= _LAST:
                return
            last = behind

    def _behind(self, last: int) -> int:
        """The smallest number found after which rows can be read again; _LAST when there is none."""
        step = 1
        while last + step < _LAST and not self._readable(last + step):
            step *= 2
        low, high = last + step // 2, min(_LAST, last + step)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._readable(middle) else (middle, high)
        return high

    def _readable(self, number: int) -> bool:
        try:
            self._sql.execute(
                f"SELECT rowid, {self._names} FROM {self._table} WHERE rowid > ? ORDER BY rowid LIMIT 1", (number,)
            ).fetchall()
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            return False
        return True

    def _one(self, number: int) -> list[tuple[Any, ...]]:
        try:
            return self._sql.execute(f"SELECT {self._names} FROM {self._table} WHERE rowid = ?", (number,)).fetchall()
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            return []


def mend_references(sql: sqlite3.Connection) -> None:
    """What refers to rows that are lost would be refused by the database: it is taken out, or refers to nothing."""
    sql.executescript(
        """
        BEGIN;
        UPDATE items SET class_id = NULL, label_source = '' WHERE class_id NOT IN (SELECT id FROM classes);
        DELETE FROM annotations WHERE item_id NOT IN (SELECT id FROM items);
        DELETE FROM item_groups WHERE item_id NOT IN (SELECT id FROM items);
        DELETE FROM predictions WHERE run_id NOT IN (SELECT id FROM runs);
        COMMIT;
        """
    )
    if _has_interactions(sql):
        sql.executescript(
            """
            BEGIN;
            DELETE FROM interactions WHERE item_id NOT IN (SELECT id FROM items) OR person_id NOT IN (SELECT id FROM people);
            DELETE FROM item_keys WHERE item_id NOT IN (SELECT id FROM items);
            COMMIT;
            """
        )


def _has_interactions(sql: sqlite3.Connection) -> bool:
    """Only some projects have those tables."""
    try:
        return bool(sql.execute("SELECT 1 FROM sqlite_master WHERE name = 'interactions'").fetchone())
    except sqlite3.DatabaseError:
        return False
