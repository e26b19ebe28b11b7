"""What the C library keeps of memory that was given back to it.

glibc gives each thread a heap of its own (up to eight per core) and keeps what is freed there. An app that does each piece of
work in a new thread, with arrays of many megabytes, so comes to hold hundreds of megabytes that nobody uses, and more each
hour. Two heaps are enough for the few threads there are, and after a piece of work what is free goes back to the system
(mallopt(3), malloc_trim(3)). Other systems' libraries do this by themselves.
"""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from functools import cache
from typing import Any

_M_ARENA_MAX = -8
_HEAPS = 2
# It takes some milliseconds for each 100 MB, during which others may wait for memory: not often, and not for little.
_SECONDS = 20.0
_WORTH = 100_000_000
_lock = threading.Lock()
_last = 0.0


class _Counted(ctypes.Structure):
    """struct mallinfo2 (glibc 2.33)."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    )  # fmt: skip


@cache
def _glibc() -> Any:
    """The C library, where it is the one of GNU."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None


def few_heaps() -> None:
    """To be called once, before there are threads."""
    library = _glibc()
    if library is not None:
        library.mallopt(_M_ARENA_MAX, _HEAPS)


def free_bytes() -> int:
    """What the library holds and nobody uses; -1 where it does not say."""
    library = _glibc()
    if library is None or not hasattr(library, "mallinfo2"):
        return -1
    library.mallinfo2.restype = _Counted
    return int(library.mallinfo2().fordblks)


def give_back(at_once: bool = False) -> bool:
    """Let the system have what is free, unless that is little, or was done just now. True when it was done.

    Args:
        at_once: whenever the last time was, and however little it is.
    """
    global _last
    library = _glibc()
    if library is None:
        return False
    now = time.monotonic()
    with _lock:
        if not at_once and now - _last < _SECONDS:
            return False
        if not at_once and 0 <= free_bytes() < _WORTH:
            return False
        _last = now
    library.malloc_trim(0)
    return True
