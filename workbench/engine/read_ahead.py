"""Items prepared for the network: by several threads where that pays, else by whoever asks for them.

A picture takes milliseconds to read; a short text is ready sooner than it could be handed to another thread and back, and on a busy
computer each handing over waits for its turn. So the first items are prepared where they are asked for, and timed.

What then takes the processor's time is read by all cores before the network computes, not while it does: the network's threads wait
for each other at every layer, and one that shares its core with a reader keeps all of them waiting. What takes time for other reasons
(a slow disk, a folder in the network), or where the network computes on a card, is read meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from workbench.data.types import Sample
from workbench.engine.readers import reader_threads
from workbench.engine.speed.remembered import cores
from workbench.errors import UserError

# What a task makes of a sample, or why it cannot be read.
Prepared = dict[str, Any] | UserError

_READERS, _MOST_READERS = 2, 8
# What takes less than this is not worth handing over (a round trip between threads takes 0.1 ms when nobody else is there).
_WORTH_SECONDS = 1e-3
# Known after so many: the first ones also import what they need.
_FEW = 3
# Below this share of the time the processor is not what takes it.
_BUSY = 0.5


@dataclass(eq=False)
class Asked:
    """An item that is to be prepared. `index`: its place among all that are asked about."""

    index: int
    sample: Sample
    future: Future[list[Prepared]] | None = None


class ReadAhead:
    """Begins in the asking thread; goes over to reader threads once items have shown to take long enough.

    Args:
        prepare: several samples at once.
        elsewhere: the network computes on a card, so that all readers do is free.
    """

    def __init__(self, prepare: Callable[[Sequence[Sample]], list[Prepared]], elsewhere: bool = False) -> None:
        self._prepare, self._elsewhere = prepare, elsewhere
        self._threads: ThreadPoolExecutor | None = None
        self._ahead = False
        self._count = 0
        self._took: list[tuple[float, float]] = []

    def __enter__(self) -> ReadAhead:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=True, cancel_futures=kind is not None)

    @property
    def ahead(self) -> bool:
        """What is begun now is prepared while something else goes on."""
        return self._ahead

    def decide(self) -> None:
        """To be called between batches: look at how long the last items took."""
        if self._threads is not None or self._count < _FEW:
            return
        seconds, busy = min(self._took)
        if seconds >= _WORTH_SECONDS:
            self._ahead = self._elsewhere or busy < _BUSY * seconds
            self._threads = reader_threads(_READERS if self._ahead else min(_MOST_READERS, max(_READERS, cores())))
        self._count = 0
        self._took.clear()

    def begin(self, one: Asked) -> None:
        """It will be asked for soon."""
        if self._ahead:
            self._hand_over([one])

    def ready(self, batch: Sequence[Asked], later: Sequence[Asked] = ()) -> list[Prepared]:
        """What became of each of them.

        Args:
            later: are asked for next; they are prepared at the same time, where all cores do so.

        Raises:
            Cancelled: when asked to stop.
        """
        new = [one for one in batch if one.future is None]
        if new and self._threads is not None and len(batch) + len(later) > 1:
            self._hand_over([*new, *(one for one in later if one.future is None)])
            new = []
            if not self._ahead:
                wait([one.future for one in (*batch, *later) if one.future is not None])
        here = iter(self._timed([one.sample for one in new]) if new else ())
        return [next(here) if one.future is None else one.future.result()[0] for one in batch]

    def drop(self, asked: Sequence[Asked]) -> None:
        """They will not be asked for."""
        for one in asked:
            if one.future is not None:
                one.future.cancel()

    def _hand_over(self, asked: Sequence[Asked]) -> None:
        assert self._threads is not None
        for one in asked:
            one.future = self._threads.submit(self._prepare, [one.sample])

    def _timed(self, samples: Sequence[Sample]) -> list[Prepared]:
        began, busy = time.perf_counter(), time.thread_time()
        found = self._prepare(samples)
        self._took.append((
            (time.perf_counter() - began) / len(samples), (time.thread_time() - busy) / len(samples)
        ))  # fmt: skip
        self._count += len(samples)
        return found
