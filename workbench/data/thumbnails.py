"""Thumbnails on disk, so that a project opens with its pictures at once."""

from __future__ import annotations

import hashlib
import os
import threading
from contextlib import suppress
from pathlib import Path

from workbench import atomic
from workbench.data.media import thumbnail_bytes
from workbench.data.types import Window
from workbench.errors import UserError

_PRUNE_EVERY = 500


class ThumbnailCache:
    """JPEG thumbnails keyed by path, time of change, size and side, and drawn molecules. May be deleted at any time.

    Args:
        folder: where they lie; made when needed.
        max_bytes: the oldest go when all together are larger.
    """

    def __init__(self, folder: Path, max_bytes: int = 500_000_000) -> None:
        self._folder = folder
        self._max = max_bytes
        self._writes = 0
        self._bytes = -1
        self._lock = threading.Lock()

    def get(self, path: Path, side: int, window: Window | None = None) -> bytes:
        """The thumbnail's bytes, made when they are not there. Raises: UserError as `open_picture`."""
        try:
            stat = path.stat()
        except OSError as error:
            raise UserError("The file is not there any more.", "Put it back, or remove it from the project.") from error
        key = f"{path}|{stat.st_mtime_ns}|{stat.st_size}|{side}{f'|{window}' if window else ''}"
        target = self._folder / f"{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}.jpg"
        try:
            return target.read_bytes()
        except OSError:
            data = thumbnail_bytes(path, side, window)
            self._write(target, data)
            return data

    def structure(self, smiles: str, side: int, *, dark: bool = False) -> bytes:
        """A drawn molecule (PNG with a see-through ground), made when it is not there. Raises: UserError when it is none."""
        from workbench.data.molecules import drawing, read_molecule

        key = f"molecule|{smiles}|{side}|{dark}"
        target = self._folder / f"{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}.png"
        try:
            return target.read_bytes()
        except OSError:
            data = drawing(read_molecule(smiles), side, side, dark=dark)
            self._write(target, data)
            return data

    def _write(self, target: Path, data: bytes) -> None:
        # A cache that cannot be written (full disk) is only slower: the thumbnail is there all the same.
        try:
            atomic.write_bytes(target, data, shared=True, lasting=False)
        except OSError:
            return
        with self._lock:
            self._writes += 1
            self._bytes += len(data) if self._bytes >= 0 else 0
            due = self._writes % _PRUNE_EVERY == 0 and not 0 <= self._bytes <= self._max
        if due:
            self.prune()

    def prune(self) -> None:
        """Delete the oldest until the bound holds, with a tenth to spare: looking at all of them shall be seldom."""
        files = []
        with os.scandir(self._folder) as found:
            for entry in found:
                if entry.name.endswith((".jpg", ".png")):
                    with suppress(OSError):  # another one has deleted it
                        stat = entry.stat()
                        files.append((stat.st_mtime, stat.st_size, entry.path))
        total = sum(size for _, size, _ in files)
        if total > self._max:
            files.sort()
            for _, size, file in files:
                Path(file).unlink(missing_ok=True)
                total -= size
                if total <= self._max * 0.9:
                    break
        with self._lock:
            self._bytes = total
