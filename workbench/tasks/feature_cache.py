"""Features of frozen backbones kept on disk, by weights, preparation and content: whatever is looked at is looked at once, as an item
or as a cell of a table."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from workbench.runtimes.network import Network
from workbench.tasks.base import PooledTask

log = logging.getLogger(__name__)

_MAX_BYTES = 2_000_000_000


class FeatureCache:
    """Feature vectors by key, in one SQLite file. Safe under two processes; may be deleted at any time.

    A file that is damaged is thrown away and begun anew; a disk that is full only means nothing is kept.
    """

    def __init__(self, folder: Path, max_bytes: int = _MAX_BYTES) -> None:
        self._file = folder / "features.db"
        self._max = max_bytes
        self._lock = threading.Lock()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._file, timeout=10)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("CREATE TABLE IF NOT EXISTS features (key TEXT PRIMARY KEY, value BLOB NOT NULL)")
            with connection:
                yield connection
        finally:
            connection.close()

    def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The values there are."""
        with self._lock:
            try:
                with self._open() as sql:
                    rows = sql.execute(
                        "SELECT key, value FROM features WHERE key IN (SELECT value FROM json_each(?))",
                        (json.dumps(keys),),
                    )
                    return dict(rows.fetchall())
            except sqlite3.DatabaseError as error:
                self._start_anew(error)
                return {}

    def count(self, keys: Sequence[str]) -> int:
        """How many of these different keys there are."""
        with self._lock:
            try:
                with self._open() as sql:
                    found = sql.execute(
                        "SELECT COUNT(*) FROM features WHERE key IN (SELECT value FROM json_each(?))",
                        (json.dumps(keys),),
                    )
                    return int(found.fetchone()[0])
            except sqlite3.DatabaseError as error:
                self._start_anew(error)
                return 0

    def put(self, values: Mapping[str, bytes]) -> None:
        with self._lock:
            try:
                with self._open() as sql:
                    sql.executemany("INSERT OR REPLACE INTO features VALUES (?, ?)", list(values.items()))
                    self._bound(sql)
            except sqlite3.DatabaseError as error:
                log.warning("features are not kept: %s", error)

    def _bound(self, sql: sqlite3.Connection) -> None:
        pages, free, size = (
            sql.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        if (pages - free) * size > self._max:
            # The oldest quarter goes.
            sql.execute("DELETE FROM features WHERE rowid IN (SELECT rowid FROM features ORDER BY rowid LIMIT"
                        " (SELECT COUNT(*) / 4 + 1 FROM features))")  # fmt: skip

    def _start_anew(self, error: sqlite3.DatabaseError) -> None:
        if isinstance(error, sqlite3.OperationalError):
            log.warning("the feature cache cannot be read now: %s", error)
            return
        log.warning("the feature cache is damaged and begun anew: %s", error)
        for suffix in ("", "-wal", "-shm"):
            self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)


def prefix_of(model: Network, task: PooledTask) -> str:
    """What the keys of a model's features begin with; a content key follows."""
    return f"{model.weights_hash}/{task.preparation_key(model)}/"
