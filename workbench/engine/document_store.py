"""An index of documents on disk: passages and words in SQLite, vectors in a plain file of float16.

Vectors are only ever appended; a search that is going on while documents come in therefore sees what it began with. Rows
of passages that are gone are given back when the file is written anew (`tidy`), under another name.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench import atomic
from workbench.data.documents.words import words_of
from workbench.data.lock import FileLock
from workbench.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vectors = npt.NDArray[np.float32]
    Kept = npt.NDArray[np.float16]

_BLOCK = 4096
# The file of vectors is written anew when so large a share of its rows, and so many, are of no use.
_USELESS, _MANY_USELESS = 0.25, 1000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS documents (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, name TEXT NOT NULL, path BLOB NOT NULL, item INTEGER NOT NULL,
    changed INTEGER NOT NULL, bytes INTEGER NOT NULL, title TEXT NOT NULL, whole INTEGER NOT NULL,
    message TEXT NOT NULL, hint TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS passages (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL, number INTEGER NOT NULL, row INTEGER NOT NULL UNIQUE,
    start INTEGER NOT NULL, finish INTEGER NOT NULL, place TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS passages_document ON passages(document, number);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(said, tokenize = "unicode61 remove_diacritics 0 categories 'L* N* Co M*'");
"""


@dataclass(frozen=True, slots=True)
class Known:
    """A document of the index: its number, and by what a changed one is told."""

    id: int
    changed: int
    bytes: int
    whole: bool


@dataclass(frozen=True, slots=True)
class NewPassage:
    """A passage as it is kept. `number` counts from 0 in its document."""

    number: int
    start: int
    end: int
    place: str
    text: str


class DocumentStore:
    """See the module. May be deleted at any time: it can be made again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    # One at a time --------------------------------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[None]:
        """For the one who brings it up to date. Raises: UserError when someone else does, or it cannot be written."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._folder / "index.lock")
            if not lock.acquire():
                raise UserError("These documents are being read in another window.", "Wait until it is done.")
        except OSError as error:
            raise UserError("What the documents say cannot be kept.", "Make room on the disk.") from error
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
                self._forget_all()
            raise UserError("What the documents say cannot be kept.", "Make room on the disk and try again.") from error
        finally:
            lock.release()

    def _forget_all(self) -> None:
        """Damaged: begun anew next time."""
        for file in self._folder.glob("index.db*"):
            file.unlink(missing_ok=True)

    def open(self) -> closing[sqlite3.Connection]:
        connection = sqlite3.connect(self._folder / "index.db", timeout=10, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'words'").fetchone() is None:
            connection.executescript(_SCHEMA)
        return closing(connection)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """One state of it, whatever is written meanwhile; None when there is none yet. Raises: UserError."""
        if not (self._folder / "index.db").exists():
            yield None
            return
        try:
            with self.open() as sql:
                sql.execute("BEGIN")
                yield sql
        except sqlite3.Error as error:
            raise UserError("The index of these documents cannot be read.", "Have them read again.") from error

    # Documents ------------------------------------------------------------------------------------------------------

    def known(self) -> dict[bytes, Known]:
        """All documents by key. Passages whose vector was lost are forgotten, and their documents are no longer whole."""
        with self.open() as sql, _at_once(sql):
            rows = self._rows_on_disk(sql)
            lost = "SELECT document FROM passages WHERE row >= ?"
            sql.execute(f"UPDATE documents SET whole = 0 WHERE id IN ({lost})", (rows,))
            sql.execute("DELETE FROM words WHERE rowid IN (SELECT id FROM passages WHERE row >= ?)", (rows,))
            sql.execute("DELETE FROM passages WHERE row >= ?", (rows,))
            sql.execute("UPDATE about SET value = MIN(value, ?) WHERE name = 'rows'", (rows,))
            return {
                key: Known(number, changed, size, bool(whole))
                for number, key, changed, size, whole in sql.execute(
                    "SELECT id, key, changed, bytes, whole FROM documents"
                )
            }

    def drop(self, documents: Sequence[int]) -> None:
        """Forget documents."""
        with self.open() as sql:
            for number in documents:
                with _at_once(sql):
                    _forget_passages(sql, number)
                    sql.execute("DELETE FROM documents WHERE id = ?", (number,))

    def begin(self, key: bytes, name: str, path: bytes, item: int, title: str) -> tuple[int, dict[str, list[int]]]:
        """A document is being taken in: its number, and the passages there are of it, by their text."""
        with self.open() as sql, _at_once(sql):
            sql.execute(
                "INSERT INTO documents (key, name, path, item, changed, bytes, title, whole, message, hint)"
                " VALUES (?, ?, ?, ?, 0, 0, ?, 0, '', '') ON CONFLICT(key) DO UPDATE SET name = excluded.name,"
                " path = excluded.path, title = excluded.title, whole = 0, message = '', hint = ''",
                (key, name, path, item, title),
            )
            number = int(sql.execute("SELECT id FROM documents WHERE key = ?", (key,)).fetchone()[0])
            there: dict[str, list[int]] = {}
            for passage, text in sql.execute("SELECT id, text FROM passages WHERE document = ?", (number,)):
                there.setdefault(text, []).append(passage)
        return number, there

    def put(self, passages: Sequence[tuple[int, NewPassage]], vectors: Vectors) -> list[int]:
        """Keep passages (document, passage) with their vectors: the vectors first, so that no record points to nothing.

        Returns: the passages' ids.
        """
        import numpy as np

        ids = []
        with self.open() as sql:
            row = _about(sql, "rows")
            width = vectors.shape[1]
            file = self._vectors(sql)
            with file.open("r+b" if file.exists() else "w+b") as stream:
                stream.seek(row * 2 * width)
                stream.write(vectors.astype(np.float16).tobytes())
                atomic.sync(stream)
            with _at_once(sql):
                sql.executemany(
                    "INSERT OR REPLACE INTO about VALUES (?, ?)", [("width", width), ("rows", row + len(passages))]
                )
                for place, (document, passage) in enumerate(passages):
                    found = sql.execute(
                        "INSERT INTO passages (document, number, row, start, finish, place, text)"
                        " VALUES (?, ?, ?, ?, ?, ?, ?)",
                        (
                            document,
                            passage.number,
                            row + place,
                            passage.start,
                            passage.end,
                            passage.place,
                            passage.text,
                        ),
                    )
                    ids.append(int(found.lastrowid or 0))
                    sql.execute("INSERT INTO words (rowid, said) VALUES (?, ?)", (ids[-1], spaced(passage.text)))
        return ids

    def finish(self, document: int, changed: int, size: int, moved: Sequence[tuple[int, NewPassage]]) -> None:
        """A document is whole: passages that were kept are moved to their place, and all others of before go.

        Args:
            moved: (id, what it is now) of all its passages.
        """
        with self.open() as sql, _at_once(sql):
            sql.execute("CREATE TEMP TABLE IF NOT EXISTS kept (id INTEGER PRIMARY KEY)")
            sql.execute("DELETE FROM kept")
            sql.executemany("INSERT INTO kept VALUES (?)", [(n,) for n, _ in moved])
            gone = "SELECT id FROM passages WHERE document = ? AND id NOT IN (SELECT id FROM kept)"
            sql.execute(f"DELETE FROM words WHERE rowid IN ({gone})", (document,))
            sql.execute(f"DELETE FROM passages WHERE id IN ({gone})", (document,))
            sql.executemany(
                "UPDATE passages SET number = ?, start = ?, finish = ?, place = ? WHERE id = ?",
                [(p.number, p.start, p.end, p.place, n) for n, p in moved],
            )
            sql.execute(
                "UPDATE documents SET whole = 1, changed = ?, bytes = ? WHERE id = ?", (changed, size, document)
            )

    def refuse(self, key: bytes, name: str, path: bytes, item: int, changed: int, size: int, error: UserError) -> None:
        """A document cannot be read."""
        number, _ = self.begin(key, name, path, item, name)
        with self.open() as sql, _at_once(sql):
            _forget_passages(sql, number)
            sql.execute(
                "UPDATE documents SET whole = 1, changed = ?, bytes = ?, message = ?, hint = ? WHERE id = ?",
                (changed, size, error.message, error.hint, number),
            )

    # Vectors --------------------------------------------------------------------------------------------------------

    def vectors(self, sql: sqlite3.Connection) -> Kept | None:
        """float16 [R, F] as it lies on disk; None when there are none."""
        import numpy as np

        rows, width = _about(sql, "rows"), _about(sql, "width")
        if not rows or not width:
            return None
        try:
            found: Kept = np.memmap(self._vectors(sql), np.float16, "r", shape=(rows, width))
        except (OSError, ValueError) as error:
            raise UserError("The index of these documents is damaged.", "Have them read again.") from error
        return found

    def tidy(self) -> None:
        """Give back the rows of passages that are gone, when there are many; files of before go."""
        import numpy as np

        with self.open() as sql:
            used = sql.execute("SELECT COUNT(*) FROM passages").fetchone()[0]
            useless = _about(sql, "rows") - used
            old = self.vectors(sql)
            if old is not None and useless >= _MANY_USELESS and useless >= _USELESS * len(old):
                generation = _about(sql, "generation") + 1
                pairs = sql.execute("SELECT id, row FROM passages ORDER BY document, number").fetchall()
                with self._file(generation).open("wb") as stream:
                    for start in range(0, len(pairs), _BLOCK):
                        rows = np.array([row for _, row in pairs[start : start + _BLOCK]])
                        stream.write(old[rows].tobytes())
                    atomic.sync(stream)
                with _at_once(sql):
                    # Two steps: a row belongs to one passage at any time.
                    sql.execute("UPDATE passages SET row = -1 - row")
                    sql.executemany(
                        "UPDATE passages SET row = ? WHERE id = ?", [(n, i) for n, (i, _) in enumerate(pairs)]
                    )
                    sql.executemany(
                        "INSERT OR REPLACE INTO about VALUES (?, ?)", [("generation", generation), ("rows", len(pairs))]
                    )
            del old
            current = self._vectors(sql)
        for file in self._folder.glob("vectors-*.f16"):
            if file != current:
                try:
                    file.unlink()
                except OSError:
                    return  # still being read; it goes next time

    def _rows_on_disk(self, sql: sqlite3.Connection) -> int:
        width, file = _about(sql, "width"), self._vectors(sql)
        return file.stat().st_size // (2 * width) if width and file.exists() else 0

    def _vectors(self, sql: sqlite3.Connection) -> Path:
        return self._file(_about(sql, "generation"))

    def _file(self, generation: int) -> Path:
        return self._folder / f"vectors-{generation}.f16"


def spaced(text: str) -> str:
    """A text as its words are looked up."""
    return " ".join(word.folded.replace("'", "") for word in words_of(text))


@contextmanager
def _at_once(sql: sqlite3.Connection) -> Iterator[None]:
    """All or nothing."""
    sql.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        sql.execute("ROLLBACK")
        raise
    sql.execute("COMMIT")


def _about(sql: sqlite3.Connection, name: str) -> int:
    found = sql.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
    return int(found[0]) if found else 0


def _forget_passages(sql: sqlite3.Connection, document: int) -> None:
    sql.execute("DELETE FROM words WHERE rowid IN (SELECT id FROM passages WHERE document = ?)", (document,))
    sql.execute("DELETE FROM passages WHERE document = ?", (document,))
