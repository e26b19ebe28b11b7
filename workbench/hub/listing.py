"""Is a name in a folder? Asked for a thousand cards at a time, so a folder is read once and again when it changed."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

# File systems note the time of a change by a clock that ticks: what comes within one tick of it is not told by it. Some tick
# every 10 ms, some every 2 s (FAT). So a folder that changed just now is read each time.
_TICK_NS = 2_000_000_000
_lock = threading.Lock()
_known: dict[str, tuple[int, frozenset[str]]] = {}


def is_settled(changed: int, at: int | None = None) -> bool:
    """Whether what is read of a file or folder holds as long as its time of change (nanoseconds) stays the same.

    Args:
        at: when it was read; None: now.
    """
    return (time.time_ns() if at is None else at) - changed > _TICK_NS


def has(folder: Path, name: str) -> bool:
    """True when the folder has an entry of this name."""
    key = str(folder)
    try:
        changed = os.stat(key).st_mtime_ns  # noqa: PTH116 - markedly quicker than the Path
    except OSError:
        return False
    with _lock:
        known = _known.get(key)
        if known is not None and known[0] == changed:
            return name in known[1]
        read_at = time.time_ns()
        try:
            names = frozenset(os.listdir(key))  # noqa: PTH208
        except OSError:
            return False
        if is_settled(changed, read_at):
            _known[key] = (changed, names)
    return name in names
