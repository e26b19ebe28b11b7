"""Several processes that train one model together, on one machine or on many.

Started by torchrun, accelerate, Ray or SkyPilot, each process finds in its environment how many there are (WORLD_SIZE) and
which one it is (RANK). Every process has the whole list of items, reads and computes its share of them, and what they computed
is added up. Number 0 leads: it alone writes.

What goes between them is numbers and plain JSON, never pickles. Gradients are added up by ourselves and not by PyTorch's
DistributedDataParallel, because that wraps one `forward`, and a lesson may call whatever it likes of its network.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from workbench import guard
from workbench.errors import Cancelled, UserError

if TYPE_CHECKING:
    import torch

T = TypeVar("T")
# One process must never wait for ever for another that has died without a word.
_PATIENCE = timedelta(minutes=30)
# Gradients travel in pieces of this many numbers.
_BUCKET = 8_000_000


def wanted() -> int:
    """How many processes were started together; 1 for one alone."""
    try:
        return max(1, int(os.environ.get("WORLD_SIZE", "1")))
    except ValueError:
        return 1


@dataclass(frozen=True)
class Together:
    """One process among `size`; `rank` counts from 0. With a size of 1 nothing is sent and nothing changes."""

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def share(self, items: Sequence[T]) -> list[T]:
        """This process's part: every `size`-th, so that parts differ by one at most."""
        return list(items[self.rank :: self.size])

    def joined(self, shares: Sequence[Sequence[T]]) -> list[T]:
        """The parts of all processes, in the order of the whole."""
        whole: list[T | None] = [None] * sum(len(s) for s in shares)
        for rank, part in enumerate(shares):
            whole[rank :: self.size] = part
        return whole  # type: ignore[return-value]

    def gather(self, value: Any) -> list[Any]:
        """A value of plain JSON from every process, in order of rank, in every process."""
        if self.size == 1:
            return [value]
        import torch

        data = json.dumps(value).encode()
        sizes = self._numbers([len(data)])
        longest = max(int(s[0]) for s in sizes)
        mine = torch.zeros(longest, dtype=torch.uint8)
        mine[: len(data)] = torch.frombuffer(bytearray(data), dtype=torch.uint8)
        parts = self.gather_tensor(mine)
        return [json.loads(p[: int(s[0])].numpy().tobytes()) for p, s in zip(parts, sizes, strict=True)]

    def gather_tensor(self, mine: torch.Tensor) -> list[torch.Tensor]:
        """A tensor of one shape and type from every process, on the processor."""
        import torch
        import torch.distributed as dist

        if self.size == 1:
            return [mine]
        there = mine.to(self.device).contiguous()
        parts = [torch.empty_like(there) for _ in range(self.size)]
        with _all_there():
            dist.all_gather(parts, there)
        return [p.cpu() for p in parts]

    def _numbers(self, mine: Sequence[float]) -> list[list[float]]:
        import torch

        return [p.tolist() for p in self.gather_tensor(torch.tensor(list(mine), dtype=torch.float64))]

    def all_of(self, work: Callable[[], T]) -> T:
        """This process's part of some work; what stops one stops all, with the same kind of error.

        Raises:
            Cancelled: when any of them was asked to stop. UserError: when any of them met one.
        """
        if self.size == 1:
            return work()
        error: Exception | None = None
        result: T | None = None
        try:
            result = work()
        except Exception as met:  # noqa: BLE001 - raised again below, when all know of it
            error = met
        said = self.gather({"cancelled": isinstance(error, Cancelled), "error": _words(error)})
        if error is not None:
            raise error
        if any(s["cancelled"] for s in said):
            raise Cancelled
        other = next((s["error"] for s in said if s["error"]), None)
        if other is not None:
            raise UserError(str(other[0]), str(other[1]))
        return result  # type: ignore[return-value]

    def sums(self, values: Sequence[float]) -> list[float]:
        """Each number added up over all processes."""
        if self.size == 1:
            return list(values)
        return [sum(column) for column in zip(*self._numbers(values), strict=True)]

    def add_up(self, tensors: Iterable[torch.Tensor]) -> None:
        """Add tensors up over all processes, in place. Every process gives the same shapes in the same order."""
        if self.size == 1:
            return
        import torch
        import torch.distributed as dist

        for bucket in _buckets(tensors):
            flat = torch.cat([t.reshape(-1) for t in bucket]).to(self.device)
            with _all_there():
                dist.all_reduce(flat)
            start = 0
            for tensor in bucket:
                tensor.copy_(flat[start : start + tensor.numel()].view_as(tensor))
                start += tensor.numel()

    def same(self, tensors: Iterable[torch.Tensor]) -> None:
        """The leader's values everywhere, in place."""
        if self.size == 1:
            return
        import torch
        import torch.distributed as dist

        with torch.no_grad():
            for tensor in tensors:
                if not tensor.numel():
                    continue
                # As bytes: not every way of sending knows every type.
                there = tensor.detach().to(self.device).contiguous()
                with _all_there():
                    dist.broadcast(there.reshape(-1).view(torch.uint8), 0)
                if not self.leads:
                    tensor.copy_(there)

    def from_leader(
        self, read: Callable[[], tuple[dict[str, torch.Tensor], dict[str, str]]]
    ) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
        """Named tensors and a note that only the leader can read, in every process. Raises: UserError."""
        if self.size == 1:
            return read()
        import torch

        tensors: dict[str, torch.Tensor] = {}
        note: dict[str, str] = {}

        def reading() -> None:
            nonlocal tensors, note
            if self.leads:
                tensors, note = read()

        self.all_of(reading)
        kinds = {n: [str(t.dtype).removeprefix("torch."), list(t.shape)] for n, t in tensors.items()}
        kinds, note = self.gather([kinds, note])[0]
        for name, (kind, shape) in kinds.items():
            if not self.leads:
                tensors[name] = torch.empty(shape, dtype=getattr(torch, kind))
            self.same([tensors[name]])
        return tensors, note


@contextmanager
def _all_there() -> Iterator[None]:
    """What a library says when another process has gone, in words."""
    try:
        yield
    except RuntimeError as error:
        raise UserError(
            "Another of the processes that train together has ended, or cannot be reached any more.",
            "Start all of them again with the same command: the training goes on where it was.",
        ) from error


def _words(error: Exception | None) -> list[str] | None:
    if error is None or isinstance(error, Cancelled):
        return None
    if isinstance(error, UserError):
        return [error.message, error.hint]
    return ["Something unexpected went wrong in another of the processes that train together.", "See its log."]


def _buckets(tensors: Iterable[torch.Tensor]) -> Iterable[list[torch.Tensor]]:
    """In their order, of one type and at most so many numbers each."""
    bucket: list[torch.Tensor] = []
    size = 0
    for tensor in tensors:
        if bucket and (tensor.dtype != bucket[0].dtype or size + tensor.numel() > _BUCKET):
            yield bucket
            bucket, size = [], 0
        bucket.append(tensor)
        size += tensor.numel()
    if bucket:
        yield bucket


def local_device(wanted_device: str, environment: Mapping[str, str] = os.environ) -> str:
    """The device of this process: with several graphics cards in a machine each process has its own."""
    from workbench.runtimes.devices import best_device

    found = best_device(wanted_device)
    if found != "cuda" or "LOCAL_RANK" not in environment:
        return found
    import torch

    torch.cuda.set_device(int(environment["LOCAL_RANK"]) % torch.cuda.device_count())
    return found


@cache
def join(device: str) -> Together:
    """Meet the other processes, once for as long as this one lives. Who starts several processes with a meeting place has
    asked for this connection.

    Args:
        device: "cpu" meets by gloo, "cuda" by NCCL.

    Raises:
        UserError: when they cannot be met.
    """
    size = wanted()
    if size == 1:
        return Together()
    import atexit

    import torch.distributed as dist

    try:
        with guard.asked_for_network():
            dist.init_process_group("nccl" if device == "cuda" else "gloo", timeout=_PATIENCE)
    except (RuntimeError, ValueError, OSError) as error:
        raise UserError(
            "The processes that should train together did not find each other.",
            "Start them with torchrun or accelerate launch, and check that they reach the first machine.",
        ) from error
    atexit.register(dist.destroy_process_group)
    return Together(dist.get_rank(), dist.get_world_size(), "cuda" if device == "cuda" else "cpu")
