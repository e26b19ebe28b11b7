"""Examples read ahead of the network, in threads; what cannot be read is noted and left out."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Any

from workbench.data.types import Item
from workbench.engine.readers import reader_threads
from workbench.engine.run import Run
from workbench.engine.waiting import Waiting
from workbench.errors import Problem, UserError
from workbench.tasks.lesson import Lesson

_AHEAD = 2
# While a processor learns, two readers are enough and take little of it; a graphics card learns faster than they read.
_READERS, _MOST_READERS = 2, 8
Prepared = list[tuple[Item, dict[str, Any]]]
_Waiting = list[tuple[Item, Future[dict[str, Any]]]]


def readers_for(device: str) -> int:
    """How many threads read; what they read does not depend on it."""
    return _READERS if device == "cpu" else max(_READERS, min(_MOST_READERS, (os.cpu_count() or 1) - 1))


def drawn_seed(seed: int, epoch: int, item_id: int, turn: int = 0) -> int:
    """What decides how an item is varied in a round of a training.

    Args:
        seed: of the run; epoch: from 1; turn: for the how manieth time from 0 the round goes through its items.
    """
    return ((seed + turn * 7919) * 1_000_003 + epoch) * 1_000_003 + item_id


def read_batches(
    run: Run,
    lesson: Lesson,
    batches: Sequence[Sequence[Item]],
    epoch: int,
    augment: bool,
    turns: Sequence[int] = (),
    empty: bool = False,
    waiting: Waiting | None = None,
) -> Iterator[tuple[int, Prepared]]:
    """Batches of prepared examples with their numbers; a batch of which nothing can be read is left out.

    Args:
        augment: vary the examples at random, drawn from (seed, epoch, item) alone, so that a resumed run sees the same.
        turns: for each batch, for the how manieth time from 0 the epoch goes through its items; empty: once.
        empty: give also batches with nothing in them: with several processes each takes part in every step.
        waiting: told how long the readers were waited for.
    """
    seed = run.config.seed
    queue: deque[_Waiting] = deque()
    with reader_threads(readers_for(run.device)) as readers:

        def submit(batch: Sequence[Item], turn: int) -> None:
            waiting: _Waiting = []
            for item in batch:
                drawn = drawn_seed(seed, epoch, item.id, turn) if augment else None
                waiting.append((item, readers.submit(lesson.prepare, run.examples[item.id], drawn)))
            queue.append(waiting)

        coming = iter(zip(batches, turns or [0] * len(batches), strict=True))
        for _, (batch, turn) in zip(range(_AHEAD), coming, strict=False):
            submit(batch, turn)
        number = 0
        while queue:
            began = time.monotonic()
            prepared, problems = _collected(queue.popleft())
            if waiting is not None:
                waiting.waited(time.monotonic() - began)
            if problems:
                run.project.mark_broken({i: p.message for i, p in problems.items()})
            following = next(coming, None)
            if following is not None:
                submit(*following)
            if prepared or empty:
                try:
                    yield number, prepared
                except GeneratorExit:
                    for asked in queue:
                        for _, future in asked:
                            future.cancel()
                    raise
            number += 1


def _collected(waiting: _Waiting) -> tuple[Prepared, dict[int, Problem]]:
    prepared: Prepared = []
    problems: dict[int, Problem] = {}
    for item, future in waiting:
        try:
            prepared.append((item, future.result()))
        except UserError as error:
            problems[item.id] = Problem.of(item.name, error, str(item.path or ""))
    return prepared, problems
