"""Conversations on the disk: one small file each, replaced whole, so that a killed app finds them as they were."""

from __future__ import annotations

import json
import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from workbench import atomic
from workbench.data.exporters.tables import write_bytes
from workbench.engine.conversation import Conversation, from_json, to_json
from workbench.errors import UserError

log = logging.getLogger(__name__)

_MOST_BYTES = 50_000_000
_BIN = "deleted"
# What was deleted can be taken back for so long.
_KEPT_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True)
class Entry:
    """A line of the list; `problem` says why a conversation cannot be opened, or is ""."""

    id: str
    name: str
    changed: str
    turns: int = 0
    problem: str = ""


class ConversationStore:
    """A folder of conversations; may be used from any thread.

    An answer that is being written is saved by its job while the person renames or deletes the conversation in the
    window: the name given last holds, and what was deleted stays deleted.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}
        self._gone: set[str] = set()

    def listed(self) -> list[Entry]:
        """The newest first; damaged ones with their problem."""
        found: list[Entry] = []
        for file in self.folder.glob("*.json") if self.folder.is_dir() else ():
            try:
                talk = self._read(file)
                found.append(Entry(talk.id, talk.title, talk.changed, len(talk.turns)))
            except UserError as error:
                found.append(Entry(file.stem, file.stem, "", problem=str(error)))
        return sorted(found, key=lambda entry: (entry.changed, entry.id), reverse=True)

    def load(self, talk_id: str) -> Conversation:
        """Raises: UserError when it is not there or cannot be read."""
        with self._lock:
            return self._read(self._path(talk_id))

    def save(self, talk: Conversation) -> None:
        """Write atomically. Raises: UserError when there is no room."""
        with self._lock:
            if talk.id in self._gone:
                return
            named = replace(talk, name=self._names.get(talk.id, talk.name))
            write_bytes(self._path(talk.id), json.dumps(to_json(named), ensure_ascii=False).encode())

    def rename(self, talk_id: str, name: str) -> Conversation:
        """Raises: UserError when the name is empty, or the conversation cannot be read or written."""
        if not name.strip():
            raise UserError("The conversation needs a name.", "Type one.")
        talk = self.load(talk_id)
        with self._lock:
            self._names[talk_id] = " ".join(name.split())[:200]
        named = replace(talk, name=self._names[talk_id])
        self.save(named)
        return named

    def delete(self, talk_id: str) -> None:
        """Into the bin, where `restore` finds it for a week. Raises: UserError."""
        with self._lock:
            self._gone.add(talk_id)
            target = self.folder / _BIN / f"{talk_id}.json"
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                atomic.put(self._path(talk_id), target)
                target.touch()
                self._empty_bin(target.parent)
            except OSError as error:
                self._gone.discard(talk_id)
                raise UserError(
                    "The conversation could not be deleted.", "Close programs that use its file."
                ) from error

    def restore(self, talk_id: str) -> Conversation:
        """Take back `delete`. Raises: UserError when it is not there any more."""
        with self._lock:
            try:
                atomic.put(self.folder / _BIN / f"{talk_id}.json", self._path(talk_id))
            except OSError as error:
                raise UserError("The conversation is not there any more.", "") from error
            self._gone.discard(talk_id)
        return self.load(talk_id)

    def _path(self, talk_id: str) -> Path:
        if not talk_id or any(c in talk_id for c in "/\\:") or talk_id.startswith("."):
            raise UserError("There is no such conversation.", "Choose one of the list.")
        return self.folder / f"{talk_id}.json"

    def _read(self, file: Path) -> Conversation:
        try:
            if file.stat().st_size > _MOST_BYTES:
                raise ValueError("too large")
            talk = from_json(json.loads(file.read_text(encoding="utf-8")))
        except FileNotFoundError as error:
            raise UserError("There is no such conversation.", "Choose one of the list.") from error
        except (OSError, ValueError, TypeError, RecursionError) as error:
            log.warning("conversation %s: %s", file.name, error)
            raise UserError(
                f"The conversation “{file.stem}” cannot be read.", "Its file is damaged; delete it."
            ) from error
        return replace(talk, id=file.stem, name=self._names.get(file.stem, talk.name))

    def _empty_bin(self, folder: Path) -> None:
        for old in folder.glob("*.json"):
            with suppress(OSError):  # the next time, then
                if time.time() - old.stat().st_mtime > _KEPT_SECONDS:
                    old.unlink()
