"""What a frozen trunk sees in items, kept on disk while (and after) something learns from it."""

from __future__ import annotations

import logging
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from workbench import atomic

if TYPE_CHECKING:
    import torch

    Features = tuple[torch.Tensor, ...]

log = logging.getLogger(__name__)

MAX_BYTES = 2_000_000_000
# The disk is never filled beyond this share of what is free.
_SHARE_OF_FREE = 0.25
_LARGEST_HALF = 65504.0


class KeptFeatures:
    """Features by name in one folder per trunk (its weights and preparation), each file written whole or not at all.

    Safe under several threads and processes; may be deleted at any time. What cannot be read or written is not there.

    Args:
        folder: of all trunks; `key` is this one's.
        budget: bytes for all trunks together; 0 for the usual bound.
        half: in half precision; else as they are.
    """

    def __init__(self, folder: Path, key: str, budget: int = 0, half: bool = True) -> None:
        self._all = folder
        self._half = half
        self._folder = folder / key
        self._budget = budget or self.budget(folder)
        self._lock = threading.Lock()
        self._used = _size(folder)

    @staticmethod
    def budget(folder: Path) -> int:
        """Bytes that may be kept: 2 GB, less where the disk has little room."""
        place = folder
        while not place.exists() and place != place.parent:
            place = place.parent
        try:
            free = shutil.disk_usage(place).free
        except OSError:
            return 0
        return min(MAX_BYTES, int(free * _SHARE_OF_FREE) + _size(folder))

    def make_room(self, wanted: int) -> bool:
        """Whether so many bytes fit; features of other trunks go for it, the longest unused first."""
        if wanted > self._budget:
            return False
        others = [f for f in self._all.iterdir() if f.is_dir() and f != self._folder] if self._all.is_dir() else []
        sizes = {f: _size(f) for f in others}
        for old in sorted(others, key=_used_at):
            if wanted + sum(sizes.values()) <= self._budget:
                break
            shutil.rmtree(old, ignore_errors=True)
            sizes[old] = 0
        with self._lock:
            self._used = _size(self._all)
        return True

    def get(self, name: str) -> Features | None:
        """The tensors as they were kept; None when there are none."""
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            found = load_file(self._folder / f"{name}.safetensors")
            return tuple(found[str(i)] for i in range(len(found)))
        except (OSError, SafetensorError, KeyError):
            return None

    def put(self, name: str, features: Features) -> None:
        """Keep one item's features, such as a picture's [C, h, w]."""
        from safetensors.torch import save_file

        tensors = {str(i): self._rounded(f.detach()).cpu().contiguous() for i, f in enumerate(features)}
        size = sum(t.numel() * t.element_size() for t in tensors.values())
        with self._lock:
            if self._used + size > self._budget:
                return
            self._used += size
        target = self._folder / f"{name}.safetensors"
        try:
            with atomic.writing(target, shared=True, lasting=False) as part:
                save_file(tensors, part)
        except (OSError, RuntimeError) as error:
            log.warning("features are not kept: %s", error)

    def _rounded(self, features: torch.Tensor) -> torch.Tensor:
        return features.clamp(-_LARGEST_HALF, _LARGEST_HALF).half() if self._half else features


def _size(folder: Path) -> int:
    """Bytes in a folder, those below included."""
    total = 0
    for file in folder.rglob("*") if folder.is_dir() else ():
        try:
            total += file.stat().st_size
        except OSError:
            continue  # another process removed it just now
    return total


def _used_at(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0
