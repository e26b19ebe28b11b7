"""With how many threads torch computes, while somebody needs another number than usual.

Each time torch computes with several threads, those wait busily for more work for some milliseconds afterwards (libgomp). On two cores
that takes one of them away from whoever computes next: ONNX Runtime's threads, or those that read pictures.

torch keeps the number per thread, and gives a new thread the one that was set last. So it is set for moments only, and a thread that
began in such a moment gets the usual number when it begins to compute.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_mine = threading.local()


class _State:
    """How many threads have another number at the moment, and the number before the first of them."""

    inside = 0
    usual = 0


def begin() -> None:
    """To be called where a thread may begin to compute with torch. Cheap from the second time on."""
    if getattr(_mine, "known", False):
        return
    import torch

    with _lock:
        _mine.known = True
        if _State.inside:
            torch.set_num_threads(_State.usual)


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Inside, torch computes with so many threads in this thread. Never leave it open over a `yield`."""
    import torch

    begin()
    before = torch.get_num_threads()
    if before == count:
        yield
        return
    with _lock:
        if not _State.inside:
            _State.usual = before
        _State.inside += 1
        torch.set_num_threads(count)
    try:
        yield
    finally:
        with _lock:
            _State.inside -= 1
            torch.set_num_threads(before)
