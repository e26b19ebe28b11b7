"""Downloads one after the other, or a few at once: kept on disk, so that a kill or a power cut loses no place in it."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from workbench import atomic
from workbench.app_paths import AppPaths, app_paths
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import Cancelled, Problem, UserError
from workbench.hub import net_settings, records
from workbench.hub.plan import PickleQuestion
from workbench.hub.store import download, is_present

log = logging.getLogger(__name__)
State = Literal["waiting", "running", "paused", "failed", "done"]
_FILE = "downloads.json"
# Seconds of the past from which speed is reckoned.
_WINDOW = 5.0


@dataclass(frozen=True)
class Entry:
    """One download as it stands.

    Attributes:
        done_bytes, total_bytes: total is 0 while it is not known.
        bytes_per_second: over the last seconds; 0 when it is not running.
        seconds_left: -1 when not known.
        problem: why it failed; None otherwise.
        asks_pickle: it failed because the person must agree to weights in the old format first.
    """

    id: str
    name: str
    state: State
    done_bytes: int = 0
    total_bytes: int = 0
    bytes_per_second: float = 0.0
    seconds_left: float = -1.0
    problem: Problem | None = None
    asks_pickle: bool = False


@dataclass
class _Work:
    card: ModelCard
    allow_pickle: bool
    entry: Entry
    control: Control = field(default_factory=Control)
    wants: Literal["go", "pause", "cancel", "quit"] = "go"
    seen: deque[tuple[float, int]] = field(default_factory=deque)


class DownloadQueue:
    """Safe to use from any thread.

    Args:
        on_change: called from worker threads when anything changed; it must return at once.
        at_once: how many run together; 0 takes the network settings'.
    """

    def __init__(
        self, paths: AppPaths | None = None, on_change: Callable[[], None] | None = None, at_once: int = 0
    ) -> None:
        self._paths = paths or app_paths()
        self._file = self._paths.settings / _FILE
        self._tell = on_change or (lambda: None)
        self._works: dict[str, _Work] = {}
        self._ready = threading.Condition()
        self._closed = False
        self._threads: list[threading.Thread] = []
        self._at_once = at_once or net_settings.load(self._paths).at_once

    @classmethod
    def load(
        cls, paths: AppPaths | None = None, on_change: Callable[[], None] | None = None, at_once: int = 0
    ) -> DownloadQueue:
        """The queue as it was left, however it was left: what was under way goes on, what was paused stays so."""
        queue = cls(paths, on_change, at_once)
        for work in queue._kept():
            queue._works[work.card.id] = work
        if any(w.entry.state == "waiting" for w in queue._works.values()):
            queue._start()
        return queue

    # What a person does --------------------------------------------------------------------------------------------

    def add(self, card: ModelCard, allow_pickle: bool = False) -> None:
        """Fetch a model. One that is in the queue already and stands still is started again."""
        with self._ready:
            old = self._works.get(card.id)
            if old is not None and old.entry.state in ("waiting", "running"):
                return
            entry = Entry(card.id, card.name, "waiting", 0, card.source.size)
            if old is not None:
                entry = replace(entry, done_bytes=old.entry.done_bytes)
            self._works[card.id] = _Work(card, allow_pickle, entry)
            self._keep()
            self._start()
            self._ready.notify()
        self._tell()

    def pause(self, model_id: str) -> None:
        """Stop for now; what has come stays."""
        self._stop_one(model_id, "pause", "paused")

    def resume(self, model_id: str) -> None:
        """Go on with a paused or failed one."""
        with self._ready:
            work = self._works.get(model_id)
            if work is None or work.entry.state not in ("paused", "failed"):
                return
            work.control, work.wants = Control(), "go"
            work.entry = replace(work.entry, state="waiting", problem=None, asks_pickle=False)
            self._keep()
            self._start()
            self._ready.notify()
        self._tell()

    def cancel(self, model_id: str) -> None:
        """Take it out of the queue and delete what has come of it."""
        self._stop_one(model_id, "cancel", None)

    def entries(self) -> list[Entry]:
        """In the order they were added."""
        with self._ready:
            return [w.entry for w in self._works.values()]

    def stop(self, timeout: float = 2.0) -> None:
        """End the threads; the next `load` goes on."""
        with self._ready:
            self._closed = True
            for work in self._works.values():
                if work.entry.state == "running":
                    work.wants = "quit"
                    work.control.cancel()
            self._ready.notify_all()
            threads = list(self._threads)
        ends = time.monotonic() + timeout
        for thread in threads:
            thread.join(max(0.0, ends - time.monotonic()))

    def wait(self, timeout: float) -> bool:
        """Until nothing is waiting or running; False when the time is over first."""
        ends = time.monotonic() + timeout
        while time.monotonic() < ends:
            if all(e.state not in ("waiting", "running") for e in self.entries()):
                return True
            time.sleep(0.02)
        return False

    # Working -------------------------------------------------------------------------------------------------------

    def _stop_one(self, model_id: str, wants: Literal["pause", "cancel"], state: State | None) -> None:
        with self._ready:
            work = self._works.get(model_id)
            if work is None:
                return
            if work.entry.state == "running":
                work.wants = wants
                work.control.cancel()
            elif state is None:
                del self._works[model_id]
                self._throw_away(work)
            elif work.entry.state == "waiting":
                work.entry = replace(work.entry, state=state)
            self._keep()
        self._tell()

    def _start(self) -> None:
        self._threads = [t for t in self._threads if t.is_alive()]
        wanted = sum(w.entry.state in ("waiting", "running") for w in self._works.values())
        while len(self._threads) < min(self._at_once, wanted) and not self._closed:
            thread = threading.Thread(target=self._run, daemon=True, name="download")
            self._threads.append(thread)
            thread.start()

    def _next(self) -> _Work | None:
        with self._ready:
            while not self._closed:
                for work in self._works.values():
                    if work.entry.state == "waiting":
                        work.entry = replace(work.entry, state="running")
                        return work
                self._ready.wait()
        return None

    def _run(self) -> None:
        while (work := self._next()) is not None:
            self._tell()
            state: State = "done"
            problem: Problem | None = None
            asks = False
            try:
                download(
                    work.card,
                    work.control,
                    self._paths,
                    allow_pickle=work.allow_pickle,
                    tell=lambda done, total, work=work: self._came(work, done, total),  # type: ignore[misc]
                )
            except Cancelled:
                state = "paused"
            except UserError as error:
                state, problem, asks = "failed", Problem.of(work.card.name, error), isinstance(error, PickleQuestion)
            except Exception:  # a thread's outermost frame: the next download must run all the same
                log.exception("download of %s failed", work.card.id)
                state = "failed"
                problem = Problem(
                    work.card.name, "Something unexpected went wrong.", "Try again; the log (Help menu) says more."
                )
            self._over(work, state, problem, asks)

    def _over(self, work: _Work, state: State, problem: Problem | None, asks: bool) -> None:
        with self._ready:
            if state == "paused" and work.wants == "cancel":
                self._works.pop(work.card.id, None)
                self._throw_away(work)
            else:
                if state == "paused" and work.wants == "quit":
                    state = "waiting"  # the app goes; the next start goes on
                work.entry = replace(
                    work.entry, state=state, problem=problem, bytes_per_second=0.0, seconds_left=-1.0, asks_pickle=asks
                )
            self._keep()
        self._tell()

    def _came(self, work: _Work, done: int, total: int) -> None:
        now = time.monotonic()
        work.seen.append((now, done))
        while work.seen[-1][0] - work.seen[0][0] > _WINDOW:
            work.seen.popleft()
        (began, first), (last, newest) = work.seen[0], work.seen[-1]
        speed = (newest - first) / (last - began) if last - began > 0.2 else 0.0
        left = (total - done) / speed if speed > 0 and total else -1.0
        with self._ready:
            work.entry = replace(
                work.entry, done_bytes=done, total_bytes=total, bytes_per_second=speed, seconds_left=left
            )
        self._tell()

    # On disk ---------------------------------------------------------------------------------------------------------

    def _throw_away(self, work: _Work) -> None:
        record = records.read(work.card.id, self._paths)
        if record is None or is_present(work.card, self._paths):
            return
        base = net_settings.weights_folder(self._paths)
        for name in record.parts:
            target = base / name
            for file in (target.with_name(f"{target.name}{e}") for e in (".part", ".part.json", ".lock", "")):
                try:
                    file.unlink(missing_ok=True)
                except OSError:
                    log.exception("%s could not be deleted", file)
        records.forget(work.card.id, self._paths)

    def _keep(self) -> None:
        rows = [
            {
                "card": w.card.to_json(),
                "allow_pickle": w.allow_pickle,
                "state": "waiting" if w.entry.state == "running" else w.entry.state,
                "done": w.entry.done_bytes,
                "total": w.entry.total_bytes,
            }
            for w in self._works.values()
            if w.entry.state != "done"
        ]
        try:
            atomic.write_text(self._file, json.dumps(rows, ensure_ascii=False), shared=True)
        except OSError:
            log.exception("the list of downloads could not be written")

    def _kept(self) -> list[_Work]:
        try:
            rows = json.loads(self._file.read_text(encoding="utf-8"))
            found = []
            for row in rows:
                card = ModelCard.from_json(row["card"])
                state: State = "paused" if row["state"] == "paused" else "waiting"
                if row["state"] == "failed":
                    state = "paused"  # it is not tried again unasked
                entry = Entry(card.id, card.name, state, int(row["done"]), int(row["total"]))
                found.append(_Work(card, bool(row["allow_pickle"]), entry))
            return found
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError, UserError):
            log.exception("the list of downloads cannot be read")
            return []


def queue_file(paths: AppPaths) -> Path:
    """Where the queue is kept."""
    return paths.settings / _FILE
