"""What frozen eyes see of pictures, kept on disk, so that the quickest way of training looks at each picture once.

One safetensors file per picture, in half precision. The folder may be deleted at any time; a full disk or a damaged file
only means that a picture is looked at again.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from workbench import atomic
from workbench.runtimes.box_learner import Seen

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

_MOST_BYTES = 4_000_000_000
# The rest of the disk is the person's.
_SHARE_OF_FREE = 0.5


class SeenStore:
    """Files by key (hex). Safe under threads; two processes may share a folder.

    When the room is used up, what was kept longest without being asked for goes. What this training itself needs does
    not: once its own pictures fill the room, the others are looked at again each time.
    """

    def __init__(self, folder: Path, most_bytes: int = _MOST_BYTES) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._own: set[str] = set()
        self._old: list[tuple[float, int, Path]] = []
        self._used = 0
        for file in folder.glob("*/*.safetensors") if folder.is_dir() else ():
            try:
                about = file.stat()
            except OSError:
                continue  # gone meanwhile
            self._old.append((about.st_mtime, about.st_size, file))
            self._used += about.st_size
        self._old.sort(reverse=True)  # the oldest is at the end
        self._room = min(most_bytes, self._used + int(_free(folder) * _SHARE_OF_FREE))

    @property
    def room(self) -> int:
        """Bytes that may be kept in all."""
        return self._room

    def get(self, key: str) -> tuple[Seen, dict[str, torch.Tensor]] | None:
        """What was kept, and the tensors kept beside it; None when there is nothing (any more)."""
        import json

        from safetensors import SafetensorError, safe_open

        file = self._file(key)
        if not file.is_file():
            return None
        try:
            with safe_open(file, "pt") as opened:
                tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
                note = json.loads((opened.metadata() or {})["seen"])
            levels = tuple(tensors.pop(f"level.{n}").float() for n in range(int(note["levels"])))
            sizes = tuple((int(h), int(w)) for h, w in note["sizes"])
            found = Seen(levels, sizes, (int(note["frame"][0]), int(note["frame"][1])))
            os.utime(file)
        except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
            log.warning("a kept view is looked at again: %s", error)
            file.unlink(missing_ok=True)
            return None
        with self._lock:
            self._own.add(key)
        return found, tensors

    def put(self, key: str, seen: Seen, beside: Mapping[str, torch.Tensor]) -> None:
        """Keep it where there is room for it."""
        import json

        from safetensors.torch import save

        tensors = {f"level.{n}": level.half().contiguous() for n, level in enumerate(seen.features)}
        note = {"levels": len(seen.features), "sizes": seen.sizes, "frame": seen.frame}
        data = save({**tensors, **{k: v.contiguous() for k, v in beside.items()}}, {"seen": json.dumps(note)})
        file = self._file(key)
        with self._lock:
            if not self._make_room(len(data)):
                return
            self._own.add(key)
            self._used += len(data)
        try:
            atomic.write_bytes(file, data, shared=True, lasting=False)
        except OSError as error:
            log.warning("a view is not kept: %s", error)

    def _make_room(self, wanted: int) -> bool:
        while self._used + wanted > self._room:
            if not self._old:
                return False
            _, size, file = self._old.pop()
            if file.stem in self._own:
                continue
            file.unlink(missing_ok=True)
            self._used -= size
        return True

    def _file(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.safetensors"


def _free(folder: Path) -> int:
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        return shutil.disk_usage(there).free
    except OSError:
        return 0
