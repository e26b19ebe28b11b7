"""Items prepared while the network computes: by other threads where that pays, else by whoever asks for them.

A picture takes milliseconds to read; a short text is ready sooner than it could be handed to another thread and back, and on a busy
computer each handing over waits for its turn. So the first items are prepared where they are asked for, and timed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from workbench.engine.readers import reader_threads

_READERS = 2
# What takes less than this is not worth handing over (a round trip between threads takes 0.1 ms when nobody else is there).
_WORTH_SECONDS = 1e-3
# The quickest of so many tells how long one takes: the first ones also import what they need.
_FEW = 3


class ReadAhead(Executor):
    """Begins in the asking thread; goes over to reader threads once items have shown to take long enough."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None
        self._took: list[float] = []

    @property
    def ahead(self) -> bool:
        """What is submitted now is prepared while something else goes on."""
        return self._threads is not None

    def decide(self) -> None:
        """To be called between batches: look at how long the last items took."""
        if self._threads is None and len(self._took) >= _FEW:
            if min(self._took) >= _WORTH_SECONDS:
                self._threads = reader_threads(_READERS)
            self._took.clear()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self._threads is not None:
            return self._threads.submit(fn, *args, **kwargs)
        return _Asked(partial(fn, *args, **kwargs), self._took)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait, cancel_futures=cancel_futures)


class _Asked(Future[Any]):
    """Done when somebody asks; how many seconds that took is added to `took`."""

    def __init__(self, work: Callable[[], Any], took: list[float]) -> None:
        super().__init__()
        self._work, self._took = work, took

    def result(self, timeout: float | None = None) -> Any:
        if not self.done():
            began = time.perf_counter()
            try:
                self.set_result(self._work())
            except Exception as error:  # noqa: BLE001 - it is raised below
                self.set_exception(error)
            self._took.append(time.perf_counter() - began)
        return super().result(timeout)
