"""Copies of a project's label database, beside it in `backups/`: made by SQLite's online backup while people work on it
(https://www.sqlite.org/backup.html), numbered, so that a clock that goes backwards mixes nothing up."""

from __future__ import annotations

import logging
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from workbench import atomic
from workbench.control import Control
from workbench.data.lock import FileLock
from workbench.data.store import DATABASE, LOCK, DamagedProjectError, ProjectInUseError, sentences
from workbench.errors import UserError

log = logging.getLogger(__name__)

FOLDER = "backups"
ASIDE = "set-aside"
KEPT = 10
# So many of the newest are always kept; older ones are thinned.
_NEWEST = 4
# A backup is due when the last one is this old, or after so many changed labels.
AGE = timedelta(days=1)
EVERY = 200
_NAME = re.compile(r"labels-(\d{6,})-(\d{8}T\d{6})Z\.db")
_PAGES = 2000
LABELS = "SELECT COUNT(*), COALESCE(SUM(class_id IS NOT NULL OR marked), 0) FROM items WHERE NOT deleted"


@dataclass(frozen=True)
class Backup:
    """A backup. `number` grows with each; `when` is the clock's word; `items`, `labels`: what is in it."""

    path: Path
    number: int
    when: datetime
    items: int
    labels: int

    @property
    def title(self) -> str:
        """Its day and time here, as people read it."""
        return f"{self.when.astimezone():%d %B %Y, %H:%M}"


def backups(folder: Path) -> list[Backup]:
    """The whole ones, newest first. One that cannot be read is left out."""
    found = []
    for number, when, path in _files(folder):
        try:
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as sql:
                items, labels = sql.execute(LABELS).fetchone()
        except sqlite3.Error as error:
            log.warning("a backup cannot be read: %s", error)
            continue
        found.append(Backup(path, number, when, int(items), int(labels)))
    return found


def _files(folder: Path) -> list[tuple[int, datetime, Path]]:
    """Newest first, by number."""
    found = []
    for path in (folder / FOLDER).glob("labels-*.db"):
        named = _NAME.fullmatch(path.name)
        if named:
            when = datetime.strptime(named[2], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
            found.append((int(named[1]), when, path))
    return sorted(found, reverse=True)


def is_due(folder: Path, now: datetime | None = None) -> bool:
    """Whether the last backup is older than a day, or there is none. One from the future says that the clock went back: then
    nobody knows how old it is."""
    files = _files(folder)
    now = now or datetime.now(UTC)
    return not files or not timedelta(0) <= now - files[0][1] < AGE


def back_up(folder: Path, control: Control | None = None, now: datetime | None = None) -> Backup:
    """Copy the labels as they are at this moment; others may read and write meanwhile. In a job.

    Raises:
        DamagedProjectError: when the database is not sound: a copy of damage must not push a good one out.
        UserError: when it cannot be read or there is no room. Cancelled: when asked to stop.
    """
    control = control or Control()
    now = (now or datetime.now(UTC)).replace(microsecond=0)
    place = folder / FOLDER
    with sentences(folder):
        files = _files(folder)
        number = files[0][0] + 1 if files else 1
        path = place / f"labels-{number:06}-{now:%Y%m%dT%H%M%S}Z.db"
        with atomic.writing(path, shared=True) as temporary:
            copy_database(folder / DATABASE, temporary, control)
            with closing(sqlite3.connect(temporary)) as sql:
                if sql.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                    raise DamagedProjectError(folder)
                items, labels = sql.execute(LABELS).fetchone()
        _thin(folder)
    return Backup(path, number, now, int(items), int(labels))


def copy_database(source: Path, target: Path, control: Control | None = None) -> None:
    """A copy of a database as it is at one moment. Raises: sqlite3.Error; Cancelled."""
    control = control or Control()
    target.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        # A reading transaction holds the moment: without it each change by others would begin the copy anew.
        old.execute("BEGIN")
        old.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()

        def told(_status: int, left: int, total: int) -> None:
            control.check()
            control.progress(total - left, total, "Backing up the labels")

        old.backup(new, pages=_PAGES, progress=told, sleep=0.0)
        # One file, with no log beside it, that can be read where nothing can be written.
        new.execute("PRAGMA journal_mode=DELETE")


def _thin(folder: Path) -> None:
    """Keep the newest, the oldest, and of those between them ones that lie far apart in time."""
    files = _files(folder)
    while len(files) > KEPT:
        # The one whose neighbours are nearest to each other, for its age, is missed least.
        def missed(place: int) -> float:
            gap = abs((files[place - 1][1] - files[place + 1][1]).total_seconds())
            age = abs((files[0][1] - files[place][1]).total_seconds())
            return gap / (age + 60.0)

        least = min(range(_NEWEST, len(files) - 1), key=missed)
        files.pop(least)[2].unlink(missing_ok=True)


def restore(folder: Path, backup: Backup, control: Control | None = None) -> Path | None:
    """Make a backup the project's labels. What is there now is backed up first or, when it is damaged, set aside.

    Returns:
        Where the damaged database lies now; None when it was sound and is among the backups.

    Raises:
        ProjectInUseError: when it is open; UserError: when the backup is damaged, or there is no room.
    """
    with alone(folder), sentences(folder):
        control = control or Control()
        new = atomic.part_of(folder / DATABASE)
        try:
            copy_database(backup.path, new, control)
            with closing(sqlite3.connect(new)) as sql:
                if sql.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
                    raise UserError("This backup is damaged.", "Choose an older one.")
            _keep_runs(folder / DATABASE, new)
            return put_in_place(folder, new)
        except sqlite3.OperationalError:
            raise  # the disk, not the backup
        except sqlite3.DatabaseError as error:
            raise UserError("This backup is damaged.", "Choose an older one.") from error
        finally:
            new.unlink(missing_ok=True)


def _keep_runs(now: Path, new: Path) -> None:
    """Trainings that were made since the backup stay in the list, with what they said: going back is about labels. Of a damaged
    database, or one of another version, nothing is taken."""
    if not now.exists():
        return
    with closing(sqlite3.connect(new, isolation_level=None, uri=True)) as sql:
        try:
            sql.execute("ATTACH ? AS now", (f"{now.absolute().as_uri()}?mode=ro",))
            versions = [sql.execute(f"PRAGMA {name}.user_version").fetchone() for name in ("main", "now")]
            if versions[0] != versions[1]:
                return
            sql.execute("BEGIN")
            for table in ("runs", "predictions"):
                order = " ORDER BY rowid" if table == "runs" else ""
                sql.execute(f"INSERT OR IGNORE INTO main.{table} SELECT * FROM now.{table}{order}")
            sql.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            log.warning("the trainings since the backup are not in the list: %s", error)
            if sql.in_transaction:
                sql.execute("ROLLBACK")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else may write the project meanwhile. Raises: ProjectInUseError."""
    lock = FileLock(folder / LOCK)
    with sentences(folder):
        got = lock.acquire()
    if not got:
        raise ProjectInUseError(folder)
    try:
        yield
    finally:
        lock.release()


def put_in_place(folder: Path, new: Path) -> Path | None:
    """Give a new database the place of the project's; the old one is kept (see `restore`). Raises: OSError; UserError."""
    database = folder / DATABASE
    aside: Path | None = None
    if database.exists():
        try:
            back_up(folder)
        except UserError as error:
            log.warning("the old database is set aside as it is: %s", error)
            aside = _set_aside(folder)
    # A log of the old database must never be read into the new one.
    for ending in ("-wal", "-shm", "-journal"):
        database.with_name(f"{DATABASE}{ending}").unlink(missing_ok=True)
    atomic.put(new, database)
    return aside


def _set_aside(folder: Path) -> Path:
    """A copy of the database with its log, as they are."""
    place = folder / ASIDE
    place.mkdir(exist_ok=True)
    number = 1 + sum(1 for _ in place.glob("project-*.db"))
    target = place / f"project-{number:03}.db"
    for ending in ("-wal", "-journal", ""):
        source = folder / f"{DATABASE}{ending}"
        if source.exists():
            with atomic.writing(target.with_name(f"{target.name}{ending}")) as temporary:
                shutil.copyfile(source, temporary)
    return target
