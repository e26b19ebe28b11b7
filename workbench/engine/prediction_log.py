"""What an own model answered, kept on this computer where the person wants it: one SQLite file per model, off at first.

Nothing is sent anywhere. What is kept is bounded by number and age; of texts, and of pictures and recordings themselves, a
copy is kept only where the person agreed to that too. Rows are written by a thread of their own, so that predictions do not
wait: a killed app loses at most what it answered in the last second.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import logging
import sqlite3
import threading
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.app_paths import AppPaths, app_paths
from workbench.catalog.card import ModelCard
from workbench.data.intake import written_hash
from workbench.data.media import read_text_file
from workbench.data.types import WRITTEN, Sample
from workbench.engine.answer_facts import AnswerFacts, facts_of, tells_no_text
from workbench.errors import UserError
from workbench.tasks.predictions import Prediction, Scores, thumbnail_record, to_record

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

MOST, DAYS = 100_000, 180
_MOST_ROWS = 5_000_000
_EVERY = 0.4
_BATCH = 200
# So much may wait before a prediction does.
_WAITING = 10_000
_IDLE = 2.0
_LARGEST_COPY = 8_000_000
_LARGEST_RECORD = 64_000
_BOUND_EVERY = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS predictions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, hash TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
    path TEXT, source TEXT NOT NULL, answer TEXT NOT NULL, certainty REAL NOT NULL, margin REAL NOT NULL,
    entropy REAL NOT NULL, strangeness REAL NOT NULL, record BLOB, features BLOB);
CREATE INDEX IF NOT EXISTS predictions_at ON predictions(at);
CREATE INDEX IF NOT EXISTS predictions_hash ON predictions(hash);
CREATE TABLE IF NOT EXISTS copies (hash TEXT PRIMARY KEY, suffix TEXT NOT NULL, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS decisions (
    hash TEXT PRIMARY KEY, decision TEXT NOT NULL, labels TEXT NOT NULL, item_id INTEGER, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS looks (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_COLUMNS = "id, at, hash, kind, name, path, source, answer, certainty, margin, entropy, strangeness"


@dataclass(frozen=True)
class LogSettings:
    """What the person agreed to.

    Attributes:
        on: answers are kept. texts: copies of texts, too. copies: copies of pictures and recordings, too.
        most: so many answers are kept at most, the newest. days: none is kept longer.
    """

    on: bool = False
    texts: bool = False
    copies: bool = False
    most: int = MOST
    days: int = DAYS


@dataclass(frozen=True)
class Logged:
    """One answer. `at`: seconds since 1970; `path`: where the item lay; the rest as in `AnswerFacts`."""

    id: int
    at: float
    hash: str
    kind: str
    name: str
    path: str | None
    source: str
    answer: str
    certainty: float
    margin: float
    entropy: float
    strangeness: float

    @property
    def unlike(self) -> bool:
        return self.strangeness > 1


@dataclass(frozen=True)
class Decision:
    """What a person said of an answer: "right", "corrected" (then `labels`), or "not mine"."""

    hash: str
    decision: str
    labels: tuple[str, ...] = ()
    item_id: int | None = None


@dataclass
class _Entry:
    at: float
    sample: Sample
    prediction: Prediction
    features: Any
    source: str
    settings: LogSettings
    facts: AnswerFacts = field(init=False)


def content_hash(sample: Sample) -> str:
    """As a project names contents (`Item.content_hash`); of a file that is gone, by its name."""
    text = sample.text
    if text is None and sample.kind == "text" and sample.path is not None:
        with suppress(UserError):
            text = read_text_file(sample.path)
    if text is not None:
        return written_hash(sample.kind, text)
    if sample.data is not None:
        return hashlib.sha256(sample.data).hexdigest()
    try:
        assert sample.path is not None
        with sample.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (OSError, AssertionError):
        return hashlib.sha256(f"gone:{sample.path or sample.name}".encode("utf-8", "surrogatepass")).hexdigest()


class PredictionLog:
    """One model's log. Connections are short: several processes may use it at once.

    All methods that read or write may raise `UserError` when the file is damaged or cannot be written.
    """

    def __init__(self, model_id: str, paths: AppPaths | None = None) -> None:
        self.model_id = model_id
        safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in model_id)[:150]
        self.file = (paths or app_paths()).prediction_logs / f"{safe}.db"

    @property
    def exists(self) -> bool:
        return self.file.is_file()

    @contextmanager
    def _open(self, make: bool = False) -> Iterator[sqlite3.Connection]:
        if make:
            try:
                self.file.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UserError("The log cannot be written.", "Check the disk.") from error
        try:
            connection = sqlite3.connect(self.file, timeout=10)
            try:
                connection.execute("PRAGMA secure_delete=ON")
                if make:
                    connection.execute("PRAGMA journal_mode=WAL")
                    connection.executescript(_SCHEMA)
                connection.execute("PRAGMA synchronous=NORMAL")
                with connection:
                    yield connection
            finally:
                connection.close()
        except sqlite3.Error as error:
            words = str(error).lower()
            if "full" in words or "disk i/o" in words:
                raise UserError("There is no room on the disk for the log.", "Make room.") from error
            if "locked" in words:
                raise UserError("The log is busy in another program.", "Wait a moment and try again.") from error
            raise UserError(
                f"The log of “{self.model_id}” is damaged.", "Delete everything in it; the model itself is not touched."
            ) from error

    def settings(self) -> LogSettings:
        """Off where there is no log."""
        if not self.exists:
            return LogSettings()
        with self._open() as sql:
            row = sql.execute("SELECT value FROM meta WHERE key = 'settings'").fetchone()
        known = LogSettings.__dataclass_fields__
        given = json.loads(row[0]) if row else {}
        return LogSettings(**{k: v for k, v in given.items() if k in known})

    def set_settings(self, settings: LogSettings) -> LogSettings:
        """What the person agrees to from now on. Agreements that are taken back take the copies along."""
        settings = replace(
            settings, most=min(_MOST_ROWS, max(1, settings.most)), days=min(36_500, max(1, settings.days))
        )
        known = self.settings()
        with self._open(make=True) as sql:
            sql.execute("INSERT OR REPLACE INTO meta VALUES ('settings', ?)", (json.dumps(asdict(settings)),))
            for agreed, what in ((settings.texts, "="), (settings.copies, "!=")):
                if not agreed:
                    sql.execute(f"DELETE FROM copies WHERE suffix {what} '.txt'")
            if not settings.texts:
                sql.execute("UPDATE predictions SET name = '' WHERE path IS NULL AND kind = 'text'")
            if settings.most < known.most or settings.days < known.days:
                _bound(sql, settings)
        return settings

    # Reading -----------------------------------------------------------------------------------------------------------

    def count(self) -> int:
        if not self.exists:
            return 0
        with self._open() as sql:
            return int(sql.execute("SELECT COUNT(*) FROM predictions").fetchone()[0])

    def size(self) -> int:
        """Bytes on the disk."""
        files = (self.file, self.file.with_name(f"{self.file.name}-wal"))
        return sum(f.stat().st_size for f in files if f.is_file())

    def rows(self, since: float = 0.0, until: float = 1e12, newest: int = 0) -> list[Logged]:
        """Answers in the order they were given; `newest`: only so many of the last."""
        if not self.exists:
            return []
        order, limit = ("DESC", f"LIMIT {int(newest)}") if newest else ("ASC", "")
        with self._open() as sql:
            found = sql.execute(
                f"SELECT {_COLUMNS} FROM predictions WHERE at >= ? AND at < ? ORDER BY at {order}, id {order} {limit}",
                (since, until),
            ).fetchall()
        rows = [Logged(*row) for row in found]
        return rows[::-1] if newest else rows

    def quarters(self) -> list[float]:
        """Beginnings of the quarters of an hour in which something was answered, as seconds since 1970: all clocks of the
        world differ by whole ones."""
        if not self.exists:
            return []
        with self._open() as sql:
            return [900.0 * row[0] for row in sql.execute("SELECT DISTINCT CAST(at / 900 AS INTEGER) FROM predictions")]

    def features(self, ids: Sequence[int]) -> dict[int, bytes]:
        """Feature vectors, float16, of the answers that have some."""
        with self._open() as sql:
            return dict(
                sql.execute(
                    "SELECT id, features FROM predictions WHERE features IS NOT NULL AND id IN"
                    " (SELECT value FROM json_each(?))",
                    (json.dumps(list(ids)),),
                )
            )

    def record(self, row_id: int) -> dict[str, Any] | None:
        """The whole answer as `predictions.to_record` made it, where it was kept."""
        with self._open() as sql:
            row = sql.execute("SELECT record FROM predictions WHERE id = ?", (row_id,)).fetchone()
        return json.loads(zlib.decompress(row[0])) if row and row[0] else None

    def copy_of(self, content: str) -> tuple[str, bytes] | None:
        """(ending, bytes) of the copy of an item; None where none was kept."""
        if not self.exists:
            return None
        with self._open() as sql:
            row = sql.execute("SELECT suffix, data FROM copies WHERE hash = ?", (content,)).fetchone()
        return (str(row[0]), bytes(row[1])) if row else None

    # What was looked at ------------------------------------------------------------------------------------------------

    def look(self, key: str) -> dict[str, Any] | None:
        """What a look found that was taken before."""
        with self._open() as sql:
            row = sql.execute("SELECT value FROM looks WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0]) if row else None

    def keep_look(self, key: str, value: Mapping[str, Any]) -> None:
        with self._open() as sql:
            sql.execute("INSERT OR REPLACE INTO looks VALUES (?, ?)", (key, json.dumps(value)))

    def decisions(self) -> dict[str, Decision]:
        """Content to what the person said of it."""
        if not self.exists:
            return {}
        with self._open() as sql:
            rows = sql.execute("SELECT hash, decision, labels, item_id FROM decisions").fetchall()
        return {r[0]: Decision(r[0], r[1], tuple(json.loads(r[2])), r[3]) for r in rows}

    def decide(self, decision: Decision) -> None:
        """Note what the person said; on disk when this returns."""
        with self._open() as sql:
            sql.execute(
                "INSERT OR REPLACE INTO decisions VALUES (?, ?, ?, ?, ?)",
                (decision.hash, decision.decision, json.dumps(decision.labels), decision.item_id, time.time()),
            )

    def undecide(self, content: str) -> None:
        with self._open() as sql:
            sql.execute("DELETE FROM decisions WHERE hash = ?", (content,))

    # Deleting ----------------------------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Delete all that was kept; the deleted bytes are overwritten. What was agreed to stays as it is."""
        flush(self.file, throw_away=True)
        if not self.exists:
            return
        with self._open(make=True) as sql:
            for table in ("predictions", "copies", "decisions", "looks"):
                sql.execute(f"DELETE FROM {table}")
        connection = sqlite3.connect(self.file, timeout=10, isolation_level=None)
        try:
            # While another program reads, the file shrinks later; its contents are gone already.
            with suppress(sqlite3.OperationalError):
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()

    def remove(self) -> None:
        """Delete the log itself, with what was agreed to: it is off then. Also mends a damaged one."""
        flush(self.file, throw_away=True)
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)

    # Writing -----------------------------------------------------------------------------------------------------------

    def write(self, entries: Sequence[_Entry], bound: bool) -> None:
        """Put answers in; for the writer."""
        with self._open(make=True) as sql:
            for entry in entries:
                content = content_hash(entry.sample)
                facts = entry.facts
                sql.execute(
                    "INSERT INTO predictions (at, hash, kind, name, path, source, answer, certainty, margin, entropy,"
                    " strangeness, record, features) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        entry.at, content, entry.sample.kind, _name(entry), _path(entry.sample), entry.source,
                        facts.answer, facts.certainty, facts.margin, facts.entropy, facts.strangeness, _record(entry),
                        entry.features,
                    ),
                )  # fmt: skip
                copy = _copy(entry)
                if copy is not None:
                    sql.execute("INSERT OR IGNORE INTO copies VALUES (?, ?, ?)", (content, *copy))
            if bound:
                _bound(sql, entries[-1].settings)


def _bound(sql: sqlite3.Connection, settings: LogSettings) -> None:
    """The oldest go: by number and by age, copies with them."""
    sql.execute("DELETE FROM predictions WHERE at < ?", (time.time() - settings.days * 86_400,))
    sql.execute(
        "DELETE FROM predictions WHERE id <= (SELECT id FROM predictions ORDER BY id DESC LIMIT 1 OFFSET ?)",
        (settings.most,),
    )
    sql.execute("DELETE FROM copies WHERE hash NOT IN (SELECT hash FROM predictions)")


def _name(entry: _Entry) -> str:
    """What it is called; the name of a text without a file is its first words."""
    typed = entry.sample.kind in WRITTEN and entry.sample.path is None
    return "" if typed and not entry.settings.texts else entry.sample.name[:300]


def _path(sample: Sample) -> str | None:
    return None if sample.path is None or sample.text is not None else str(sample.path.absolute())


def _record(entry: _Entry) -> bytes | None:
    if not (tells_no_text(entry.prediction) or entry.settings.texts):
        return None
    small = entry.prediction if isinstance(entry.prediction, Scores) else None
    found = to_record(small) if small is not None else thumbnail_record(entry.prediction)
    packed = zlib.compress(json.dumps(found).encode())
    return packed if len(packed) <= _LARGEST_RECORD else None


def _copy(entry: _Entry) -> tuple[str, bytes] | None:
    """Ending and bytes of what is kept of the item itself, where the person agreed."""
    sample, settings = entry.sample, entry.settings
    if sample.kind in WRITTEN:
        if not settings.texts:
            return None
        text = sample.text
        if text is None and sample.path is not None:
            with suppress(UserError):
                text = read_text_file(sample.path)
        return (".txt", text.encode("utf-8", "surrogatepass")[:_LARGEST_COPY]) if text is not None else None
    if not settings.copies:
        return None
    if sample.data is not None:
        return (_ending(sample), sample.data) if len(sample.data) <= _LARGEST_COPY else None
    with suppress(OSError):
        if sample.path is not None and sample.path.stat().st_size <= _LARGEST_COPY:
            return _ending(sample), sample.path.read_bytes()
    return None


def _ending(sample: Sample) -> str:
    found = sample.path.suffix.lower() if sample.path is not None else ""
    return found or {"picture": ".png", "sound": ".wav"}.get(sample.kind, ".bin")


class _Writer:
    """Writes what is handed to it from a thread of its own, several times a second."""

    def __init__(self, target: PredictionLog) -> None:
        self._log = target
        self._waiting: list[_Entry] = []
        self._state = threading.Condition()
        self._thread: threading.Thread | None = None
        self._busy = False
        self._hurry = False
        self._written = 0

    def add(self, entries: Sequence[_Entry]) -> None:
        with self._state:
            while len(self._waiting) >= _WAITING and self._thread is not None:
                self._state.wait(1.0)
            self._waiting += entries
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True, name="prediction log")
                self._thread.start()
            self._state.notify_all()

    def flush(self, timeout: float = 10.0, throw_away: bool = False) -> None:
        """Wait until all is written; with `throw_away` what still waits is forgotten."""
        end = time.monotonic() + timeout
        with self._state:
            if throw_away:
                self._waiting.clear()
            self._hurry = True
            self._state.notify_all()
            while (self._waiting or self._busy) and time.monotonic() < end:
                self._state.wait(0.1)
            self._hurry = False

    def _work(self) -> None:
        while True:
            with self._state:
                if not self._waiting:
                    self._state.wait(_IDLE)
                if not self._waiting:
                    self._thread = None
                    self._state.notify_all()
                    return
                if not self._hurry and len(self._waiting) < _BATCH:
                    self._state.wait_for(lambda: self._hurry or len(self._waiting) >= _BATCH, _EVERY)
                taken, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
                self._busy = bool(taken)
                self._state.notify_all()
            try:
                if taken:
                    self._put(taken)
            finally:
                with self._state:
                    self._busy = False
                    self._state.notify_all()

    def _put(self, taken: Sequence[_Entry]) -> None:
        first = not self._written
        before = self._written // _BOUND_EVERY
        self._written += len(taken)
        try:
            self._log.write(taken, bound=first or self._written // _BOUND_EVERY != before)
        except UserError as error:
            log.warning("%d answers are not kept: %s", len(taken), error)
        except Exception:  # a thread's outermost frame: what comes next must be kept all the same
            log.exception("%d answers are not kept", len(taken))


_writers: dict[Path, _Writer] = {}
_writers_lock = threading.Lock()


def flush(file: Path | None = None, throw_away: bool = False) -> None:
    """Wait until what was answered is on disk: of one log, or of all."""
    with _writers_lock:
        chosen = [w for f, w in _writers.items() if file is None or f == file]
    for writer in chosen:
        writer.flush(throw_away=throw_away)


atexit.register(flush)


class AnswerRecorder:
    """The way of one stream of answers into the log of the model that gives them."""

    def __init__(self, target: PredictionLog, settings: LogSettings, source: str, waits: bool = False) -> None:
        with _writers_lock:
            self._writer = _writers.setdefault(target.file, _Writer(target))
        self._settings, self._source = settings, source
        self._held: dict[Path | None, _Entry] | None = {} if waits else None
        self._seen: list[torch.Tensor] = []

    @contextmanager
    def watching(self, model: Any) -> Iterator[None]:
        """While it lasts, what a network computes on the way to its answers (pooled features) is gathered."""
        if not hasattr(model, "seen"):
            yield
            return
        self._seen.clear()
        model.seen = self._seen.append
        try:
            yield
        finally:
            model.seen = None

    def note(self, samples: Sequence[Sample], predictions: Sequence[Prediction]) -> None:
        """Hand answers over, with the features gathered since the last time; returns at once."""
        features: list[bytes | None] = [None] * len(samples)
        if self._seen and sum(len(rows) for rows in self._seen) == len(samples):
            for place, row in enumerate(row for rows in self._seen for row in rows.detach().cpu().half()):
                features[place] = row.numpy().tobytes()
        self._seen.clear()
        now = time.time()
        entries = []
        for sample, prediction, vector in zip(samples, predictions, features, strict=True):
            entry = _Entry(now, sample, prediction, vector, self._source, self._settings)
            entry.facts = facts_of(prediction)
            entries.append(entry)
        if self._held is None:
            self._writer.add(entries)
        else:
            self._held.update((entry.sample.path, entry) for entry in entries)

    def placed(self, sample: Sample, path: Path) -> None:
        """Of a recorder that waits: the file of an answer that was noted lies here from now on."""
        entry = self._held.pop(sample.path, None) if self._held is not None else None
        if entry is not None:
            entry.sample = replace(entry.sample, path=path)
            self._writer.add([entry])


def recorder_for(
    card: ModelCard, source: str, paths: AppPaths | None = None, waits: bool = False
) -> AnswerRecorder | None:
    """The one seam through which answers are kept; None where nothing is: no `source` was given, the model is none of
    the person's own, or its log is off (as at first).

    Args:
        source: where it was asked, in a word: "try", "use", "command line", "server".
        waits: files are moved once they are answered: an answer is kept when it is `placed`, and not at all when it never is.
    """
    if not source or not card.is_own or card.is_remote:
        return None
    target = PredictionLog(card.id, paths)
    if not target.exists:
        return None
    try:
        settings = target.settings()
    except UserError as error:
        # A prediction never fails for its log.
        log.warning("answers are not kept: %s", error)
        return None
    return AnswerRecorder(target, settings, source, waits) if settings.on else None


def require_log(card: ModelCard, paths: AppPaths | None = None) -> PredictionLog:
    """An own model's log. Raises: UserError when it is no own model."""
    if not card.is_own or card.is_remote:
        raise UserError(f"“{card.name}” is not one of your own models.", "Only answers of your own models can be kept.")
    return PredictionLog(card.id, paths)


def require_on(card: ModelCard) -> None:
    """For `--log`. Raises: UserError when the model's log is off."""
    if not require_log(card).settings().on:
        raise UserError(f"The log of “{card.name}” is off.", f"Turn it on first: workbench log on {card.id}")


def log_source(wanted: bool, card: ModelCard) -> str:
    """What a command with `--log` says where it is asked; "" without. Raises: UserError when the model's log is off."""
    if wanted:
        require_on(card)
    return "command line" if wanted else ""
