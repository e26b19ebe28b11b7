"""The database under a project: connections per thread, whole transactions, and sentences instead of SQLite's words."""

from __future__ import annotations

import logging
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workbench import atomic
from workbench.data.drive import place_of
from workbench.data.lock import FileLock
from workbench.data.schema import APPLICATION_ID, INDEXES, OLD_INDEXES, PAGE, SCHEMA, UPDATES, VERSION
from workbench.errors import UserError, disk_full

log = logging.getLogger(__name__)

DATABASE = "project.db"
LOCK = "project.lock"


# Made anew each time: an error that is raised again keeps everybody who ever met it, with all they hold.
def _only_read() -> UserError:
    return UserError(
        "This project is open for reading only; nothing can be changed.",
        "Copy its folder to a place where you may write, and open the copy.",
    )


def _is_closed() -> UserError:
    return UserError("The project is closed.", "Open it again on the Home page.")


class DamagedProjectError(UserError):
    """The project's database is damaged. What can be done: restore a backup (`data.backup`), or read what can be read
    (`data.recover`)."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"The project file of “{folder.name}” is damaged.",
            "Your pictures are untouched. Restore a backup of the labels, or open what can still be read.",
        )
        self.folder = folder


class ProjectInUseError(UserError):
    """Another process works on it; it may be opened for reading."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"The project “{folder.name}” is open in another window.", "Close it there first, or go on working there."
        )
        self.folder = folder


class _Connection:
    """Closes its connection when its thread ends."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.sql = connection
        self.busy = threading.Lock()  # held while it is asked

    def close(self) -> None:
        """Not under a question: a long one is broken off, and waited for."""
        broken_off = not self.busy.acquire(blocking=False)
        if broken_off:
            self.sql.interrupt()
            self.busy.acquire()
        try:
            if broken_off:
                # A connection that was told to stop does not put the log into the file when it is closed, until it has
                # been asked something again (sqlite3_interrupt).
                self.sql.execute("SELECT 1")
            self.sql.close()
        finally:
            self.busy.release()

    def __del__(self) -> None:
        self.sql.close()


@contextmanager
def sentences(folder: Path) -> Iterator[None]:
    """Turn what SQLite and the disk may say into what a person can act on."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translated(error, folder) from error
    except OSError as error:
        if disk_full(error):
            raise _full(folder) from error
        raise UserError(f"The project “{folder.name}” cannot be read or written.", "Check the disk.") from error


def _full(folder: Path) -> UserError:
    return UserError(
        f"There is no room on the disk for the project “{folder.name}”.",
        "Make room and do the last step again; everything before it is safe.",
    )


def _translated(error: sqlite3.Error, folder: Path) -> UserError:
    text = str(error).lower()
    if "full" in text or "disk i/o" in text:
        return _full(folder)
    if "readonly" in text or "read-only" in text:
        return _only_read()
    if "locked" in text:
        return UserError(f"The project “{folder.name}” is busy in another program.", "Wait a moment and try again.")
    if "not a database" in text or "malformed" in text:
        return DamagedProjectError(folder)
    return UserError(f"The project “{folder.name}” cannot be read or written ({error}).", "Check the disk.")


class Store:
    """An open project database. Reads may come from any thread at once; writes wait for each other."""

    def __init__(self, folder: Path, read_only: bool, lock: FileLock | None) -> None:
        self.folder = folder
        self.read_only = read_only
        self._lock = lock
        self._local = threading.local()
        self._all: weakref.WeakSet[_Connection] = weakref.WeakSet()
        self._write = threading.RLock()
        self._closed = False
        self._commits = 0
        # On network drives and in folders that are copied to the cloud a write-ahead log is not safe.
        self.place = place_of(folder)

    @classmethod
    def create(cls, folder: Path, meta: Mapping[str, str]) -> Store:
        """Make the folder and an empty database, which is there whole or not at all.

        Args:
            meta: what is remembered of the project from the first, as JSON.

        Raises:
            UserError: when the folder is taken or cannot be written.
        """
        if (folder / DATABASE).exists():
            raise UserError(f"There is already a project in “{folder.name}”.", "Open it, or choose another name.")
        try:
            for part in (folder, folder / "media", folder / "runs"):
                part.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"The folder “{folder}” cannot be written.", "Choose another place.") from error
        store = cls(folder, False, _locked(folder))
        try:
            with sentences(folder), atomic.writing(folder / DATABASE) as temporary:
                temporary.unlink(missing_ok=True)
                new_database(temporary, meta)
            store._set_journal()
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def open(cls, folder: Path, read_only: bool = False) -> Store:
        """Raises: UserError when it is no project, damaged, of a newer version, or open elsewhere."""
        import os

        if not (folder / DATABASE).is_file():
            raise UserError(
                f"“{folder.name}” is not a project of Model Workbench.", f"A project folder holds {DATABASE}."
            )
        lock = None
        if not read_only:
            if os.access(folder, os.W_OK) and os.access(folder / DATABASE, os.W_OK):
                lock = _locked(folder)
            else:
                read_only = True
        store = cls(folder, read_only, lock)
        try:
            store._check_version()
            if not store.read_only:
                store._set_journal()
                store._set_indexes()
        except UserError:
            store.close()
            raise
        return store

    def _check_version(self) -> None:
        with sentences(self.folder):
            version = self._connection().execute("PRAGMA user_version").fetchone()[0]
            application = self._connection().execute("PRAGMA application_id").fetchone()[0]
        if application != APPLICATION_ID:
            raise UserError(f"“{self.folder.name}” is not a project of Model Workbench.", "Choose another folder.")
        if version > VERSION:
            raise UserError(
                f"The project “{self.folder.name}” was made by a newer version of Model Workbench.",
                "Update the app to open it.",
            )
        if version < VERSION:
            if self.read_only:
                raise UserError(
                    f"The project “{self.folder.name}” was made by an older version of Model Workbench, and its folder"
                    " may not be written.",
                    "Copy the folder to a place where you may write, and open the copy.",
                )
            self._update(int(version))

    def _set_journal(self) -> None:
        """The way of writing that is safe where the project lies."""
        wanted = "wal" if self.place.kind == "local" else "delete"
        with sentences(self.folder):
            sql = self._connection()
            if sql.execute("PRAGMA journal_mode").fetchone()[0] == wanted:
                return
            try:
                sql.execute(f"PRAGMA journal_mode={wanted}")
            except sqlite3.OperationalError as error:
                # Somebody is reading; the next opening does it.
                log.info("the journal of %s stays as it is: %s", self.folder.name, error)

    def _set_indexes(self) -> None:
        """What an older app's project lacks."""
        with sentences(self.folder):
            sql = self._connection()
            there = {row[0] for row in sql.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
        missing = [made for name, made in INDEXES.items() if name not in there]
        if missing:
            with self.transaction() as sql:
                for step in (*missing, *(f"DROP INDEX IF EXISTS {name}" for name in OLD_INDEXES)):
                    sql.execute(step)

    def _update(self, version: int) -> None:
        """Bring an older project's tables up to today's, all or nothing."""
        steps = "".join(UPDATES[number] for number in range(version, VERSION))
        with sentences(self.folder):
            connection = self._connection()
            try:
                connection.executescript(f"BEGIN IMMEDIATE; {steps} PRAGMA user_version={VERSION}; COMMIT;")
            except sqlite3.Error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _connection(self) -> sqlite3.Connection:
        return self._held().sql

    def _held(self) -> _Connection:
        """This thread's own."""
        if self._closed:
            raise _is_closed()
        held: _Connection | None = getattr(self._local, "held", None)
        if held is None:
            held = _Connection(self._connect())
            self._local.held = held
            self._all.add(held)
        return held

    def _connect(self) -> sqlite3.Connection:
        file = self.folder / DATABASE
        # isolation_level None: transactions begin and end where `transaction` says, nowhere else.
        options: dict[str, Any] = {
            "timeout": 10,
            "isolation_level": None,
            "check_same_thread": False,
            "cached_statements": 64,
        }
        if self.read_only:
            try:
                connection: sqlite3.Connection = sqlite3.connect(
                    f"{file.absolute().as_uri()}?mode=ro", uri=True, **options
                )
                connection.execute("SELECT 1 FROM sqlite_master LIMIT 1")
            except sqlite3.OperationalError:
                # A folder that cannot be written has no room for the log's index; nobody writes there, so none is needed.
                connection = sqlite3.connect(f"{file.absolute().as_uri()}?immutable=1", uri=True, **options)
            return connection
        connection = sqlite3.connect(file, **options)
        # A commit is on the disk when it returns: with a write-ahead log FULL says so; without one only EXTRA does, which
        # also syncs the folder after the journal is deleted (https://www.sqlite.org/pragma.html#pragma_synchronous).
        connection.execute(f"PRAGMA synchronous={'FULL' if self.place.kind == 'local' else 'EXTRA'}")
        connection.execute("PRAGMA foreign_keys=ON")
        return connection

    def query(self, sql: str, values: tuple[Any, ...] = ()) -> list[Any]:
        """All rows."""
        with sentences(self.folder):
            held = self._held()
            with held.busy:
                if self._closed:
                    raise _is_closed()
                try:
                    return held.sql.execute(sql, values).fetchall()
                except sqlite3.Error as error:
                    if self._closed:  # broken off, whatever words SQLite has for it
                        raise _is_closed() from error
                    raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; on disk when the block ends. Raises: UserError."""
        if self.read_only:
            raise _only_read()
        with self._write, sentences(self.folder):
            connection = self._connection()
            if connection.in_transaction:  # a step of a larger one
                yield connection
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
                self._commits += 1
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @property
    def state(self) -> int | None:
        """Another number after every change: what was worked out under the same number still holds. None where that cannot be
        told: another process may write, or this thread is in the midst of a change."""
        return None if self.read_only or self._connection().in_transaction else self._commits

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Close every thread's connection and let the lock go."""
        with self._write:
            connections, self._closed = [] if self._closed else list(self._all), True
            for held in connections:
                held.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _locked(folder: Path) -> FileLock:
    lock = FileLock(folder / LOCK)
    with sentences(folder):
        got = lock.acquire()
    if not got:
        raise ProjectInUseError(folder)
    return lock


def new_database(file: Path, meta: Mapping[str, str]) -> None:
    """An empty project's database, on the disk when this returns. Raises: sqlite3.Error."""
    sql = sqlite3.connect(file, isolation_level=None)
    try:
        sql.execute(f"PRAGMA page_size={PAGE}")
        sql.execute("PRAGMA synchronous=FULL")
        sql.executescript(f"BEGIN; {SCHEMA} PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={VERSION};")
        sql.executemany("INSERT INTO meta VALUES (?, ?)", list(meta.items()))
        sql.execute("COMMIT")
    finally:
        sql.close()
