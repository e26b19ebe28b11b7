"""Threads that read examples ahead of a network, without taking its cores away.

What a reader computes with torch (scaling, varying) is small. Left alone, each reader would bring a team of threads of its
own, as many as there are cores, that waits busily for work: on two cores a training then takes three times as long.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType


class Readers(ThreadPoolExecutor):
    """Threads whose work is no longer wanted once something went wrong, or somebody said stop: what has not begun is dropped."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown(wait=True, cancel_futures=kind is not None)


def reader_threads(count: int) -> Readers:
    """So many threads in which torch computes with one thread each; all others keep the number they have."""
    import torch

    before = torch.get_num_threads()
    readers = Readers(count, "reader")
    ready = threading.Barrier(count + 1)

    def begin() -> None:
        torch.set_num_threads(1)  # of this thread, and of every thread that begins after it
        ready.wait()

    for _ in range(count):
        readers.submit(begin)
    ready.wait()
    torch.set_num_threads(before)
    return readers
