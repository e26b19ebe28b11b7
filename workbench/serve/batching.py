"""The line in front of one model: bounded, answered in small batches by one thread.

A batch is what has come while the one before was computed: nobody waits for others to come, and under load the batches grow by
themselves. Who finds the line full is told at once when to come back, so that it never grows beyond what can be answered.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.pool import ModelPool
from workbench.engine.predict import predict
from workbench.errors import Cancelled, UserError
from workbench.serve.counters import Counters
from workbench.serve.faults import Refused, stopping, unexpected
from workbench.tasks.base import Prediction, Task, TryOptions

log = logging.getLogger(__name__)

_LONGEST_RETRY = 60
# How much the newest batch counts in the mean time of an answer.
_NEWEST = 0.2

Tell = Callable[[Any], None]
Work = Callable[[Control, Tell], Any]


@dataclass(frozen=True)
class Ask:
    """One thing to predict; those of the same task and options are answered together."""

    sample: Sample
    task: Task
    options: TryOptions

    @property
    def kind(self) -> tuple[Any, ...]:
        values = tuple(sorted((k, str(v)) for k, v in self.options.values.items()))
        return self.task.info.id, self.options.labels, values


class Ticket:
    """One request in the line. `newest`: what it came to so far, when it is told while it grows."""

    def __init__(self, what: Ask | Work, loop: asyncio.AbstractEventLoop, on_cancel: Callable[[], None]) -> None:
        self.what = what
        self.future: Future[Any] = Future()
        self.newest: Any = None
        self.cancelled = False
        self._loop = loop
        self._news = asyncio.Event()
        self._on_cancel = on_cancel
        self.future.add_done_callback(lambda _future: self._wake())

    def tell(self, value: Any) -> None:
        """Only the newest is kept: a slow reader costs no memory. From the model's thread."""
        self.newest = value
        self._wake()

    def cancel(self) -> None:
        """Nobody wants the answer any more."""
        self.cancelled = True
        self._on_cancel()

    async def answer(self) -> Any:
        """Raises: UserError, Refused, Cancelled as the work did."""
        return await asyncio.wrap_future(self.future)

    async def growing(self) -> AsyncIterator[Any]:
        """What it comes to, each time there is news; ends with the work, without its result. May be begun again."""
        while True:
            if not self.future.done():  # its end is news, too, but may have been told to an earlier listener
                await self._news.wait()
            self._news.clear()
            over = self.future.done()
            value, self.newest = self.newest, None
            if value is not None:
                yield value
            if over:
                return

    def _wake(self) -> None:
        with suppress(RuntimeError):  # the server's loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._news.set)


class Line:
    """One model's requests.

    Args:
        capacity: how many may be inside at once: being received, waiting, computed or sent.
        at_once: the largest batch.
    """

    def __init__(
        self, card: ModelCard, pool: ModelPool, counters: Counters, capacity: int, at_once: int, device: str
    ) -> None:
        self.card = card
        self.pool, self.device = pool, device
        self._counters = counters
        self._capacity, self._at_once = capacity, at_once
        self._ready = threading.Condition()
        self._waiting: deque[Ticket] = deque()
        self._running: tuple[Ticket, ...] = ()
        self._control = Control()
        self._inside = 0
        self._closed = False
        self._seconds = 0.1
        # No daemon: a network that still computes while the interpreter goes down aborts the whole process.
        self._thread = threading.Thread(target=self._work, name=f"serve {card.id}")
        self._thread.start()

    @contextmanager
    def seat(self) -> Iterator[None]:
        """A place in the line, taken before a request's body is read. Raises: Refused (429) when it is full."""
        with self._ready:
            if self._closed:
                raise stopping()
            if self._inside >= self._capacity:
                self._counters.refused(self.card.id)
                raise Refused(
                    429,
                    f"“{self.card.name}” has as many requests as it can take.",
                    "Ask again after the seconds in the header Retry-After.",
                    {"Retry-After": str(self._retry_after())},
                )
            self._inside += 1
            self._counters.inside(self.card.id, self._inside)
        try:
            yield
        finally:
            with self._ready:
                self._inside -= 1
                self._counters.inside(self.card.id, self._inside)

    def put(self, what: Ask | Work) -> Ticket:
        """At the end of the line, from the server's loop. Raises: Refused when the server is being stopped."""
        ticket = Ticket(what, asyncio.get_running_loop(), self._someone_left)
        with self._ready:
            if self._closed:
                raise stopping()
            self._waiting.append(ticket)
            self._ready.notify()
        return ticket

    def close(self) -> None:
        """Nothing more is begun; what runs is asked to stop."""
        with self._ready:
            self._closed = True
            left = list(self._waiting)
            self._waiting.clear()
            self._ready.notify()
            self._control.cancel()
        for ticket in left:
            _fail(ticket, stopping())

    def join(self, seconds: float) -> bool:
        """Wait for the thread's end; False when it still runs."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _retry_after(self) -> int:
        return max(1, min(_LONGEST_RETRY, math.ceil(self._inside * self._seconds)))

    def _someone_left(self) -> None:
        with self._ready:
            if self._running and all(t.cancelled for t in self._running):
                self._control.cancel()

    # In the model's thread ---------------------------------------------------------------------------------------------

    def _work(self) -> None:
        self._load()
        while True:
            with self._ready:
                while not self._waiting and not self._closed:
                    self._ready.wait()
                if self._closed:
                    return
                batch = self._take()
                self._running, self._control = batch, Control()
            try:
                if batch:
                    self._answer(batch)
            finally:
                with self._ready:
                    self._running = ()

    def _load(self) -> None:
        try:
            with self.pool.use(self.card, self.device, self._control):
                pass
        except Cancelled:
            return
        except UserError as error:  # each request is told the same
            log.warning("%s cannot be served: %s", self.card.id, error)
        except Exception:  # a thread's outermost frame; each request is told of it
            log.exception("loading %s", self.card.id)

    def _take(self) -> tuple[Ticket, ...]:
        """The first one and all others that can be answered with it; who has left goes."""
        while self._waiting and self._waiting[0].cancelled:
            _fail(self._waiting.popleft(), Cancelled())
        if not self._waiting:
            return ()
        first = self._waiting.popleft()
        if not isinstance(first.what, Ask):
            return (first,)
        batch, others = [first], deque[Ticket]()
        while self._waiting and len(batch) < self._at_once:
            ticket = self._waiting.popleft()
            fits = isinstance(ticket.what, Ask) and ticket.what.kind == first.what.kind and not ticket.cancelled
            (batch if fits else others).append(ticket)
        self._waiting.extendleft(reversed(others))
        return tuple(batch)

    def _answer(self, batch: tuple[Ticket, ...]) -> None:
        started = time.perf_counter()
        try:
            first = batch[0].what
            if isinstance(first, Ask):
                self._predict(batch, first.task, first.options)
            else:
                batch[0].future.set_result(first(self._control, batch[0].tell))
        except Cancelled:
            for ticket in batch:
                _fail(ticket, stopping() if self._closed else Cancelled())
        except UserError as error:
            if len(batch) == 1:
                _fail(batch[0], error)
                return
            # One of them may be what is wrong: the others are answered all the same.
            for ticket in batch:
                if not ticket.future.done():
                    self._answer((ticket,))
        except Exception:  # a thread's outermost frame: the next request must be answered all the same
            log.exception("answering with %s", self.card.id)
            for ticket in batch:
                _fail(ticket, unexpected())
        else:
            share = (time.perf_counter() - started) / len(batch)
            self._seconds += _NEWEST * (share - self._seconds)
            self._counters.batch(self.card.id, len(batch))

    def _predict(self, batch: tuple[Ticket, ...], task: Task, options: TryOptions) -> None:
        samples = [t.what.sample for t in batch if isinstance(t.what, Ask)]
        for result in predict(
            samples,
            self.card,
            task,
            options,
            self.pool,
            self._control,
            self.device,
            at_once=self._at_once,
            source="server",
        ):
            ticket = batch[result.index]
            if result.problem is not None:
                _fail(ticket, UserError(result.problem.message, result.problem.hint))
            else:
                ticket.future.set_result(result.prediction)


def _fail(ticket: Ticket, error: BaseException) -> None:
    if not ticket.future.done():
        ticket.future.set_exception(error)


def live(ask: Ask, card: ModelCard, pool: ModelPool, device: str) -> Work:
    """Work that tells a prediction as it grows and gives the whole one."""
    from workbench.engine.predict import predict_live

    def work(control: Control, tell: Tell) -> Prediction:
        last: Prediction | None = None
        for result in predict_live(ask.sample, card, ask.task, ask.options, pool, control, device, "server"):
            last = result.prediction
            tell(last)
        if last is None:
            raise UserError("The model gave no answer.", "Try something else.")
        return last

    return work
