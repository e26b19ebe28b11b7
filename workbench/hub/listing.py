"""Is a name in a folder? Asked for a thousand cards at a time, so a folder is read once and again when it changed."""

from __future__ import annotations

import os
import threading
from pathlib import Path

_lock = threading.Lock()
_known: dict[str, tuple[int, frozenset[str]]] = {}


def has(folder: Path, name: str) -> bool:
    """True when the folder has an entry of this name."""
    key = str(folder)
    try:
        changed = os.stat(key).st_mtime_ns  # noqa: PTH116 - markedly quicker than the Path
    except OSError:
        return False
    with _lock:
        known = _known.get(key)
        if known is None or known[0] != changed:
            try:
                names = frozenset(os.listdir(key))  # noqa: PTH208
            except OSError:
                return False
            known = _known[key] = (changed, names)
    return name in known[1]
