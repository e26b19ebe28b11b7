"""A quicker way to compute a backbone's features: what was found quickest on this computer stands in for the torch layers.

It is tied to one backbone object. A copy of the network with other layers does not have it; one that shares the backbone
(`Network.with_head`) does. Whatever needs the layers themselves goes past it: gradients, training mode, tracing, and whoever asks for
`Network.module` or `Network.backbone`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Batch

log = logging.getLogger(__name__)

_PLACE = "_workbench_fast_body"
Allowed = Literal["torch", "exact", "rough"]
_allowed: ContextVar[Allowed] = ContextVar("allowed engines", default="exact")
# A batch in, float32 [B, F] out; None: it cannot take this batch.
Compute = Callable[["Batch"], "torch.Tensor | None"]


@contextmanager
def engines(allowed: Allowed) -> Iterator[None]:
    """Inside, features are computed by torch alone, by any engine that gives the same answers (as always), or also by one
    that rounds them. It holds for this thread; never leave it open over a `yield`."""
    token = _allowed.set(allowed)
    try:
        yield
    finally:
        _allowed.reset(token)


@dataclass(frozen=True)
class Part:
    """One engine, ready.

    Attributes:
        kind: "torch", "onnx", … (see `workbench.engine.speed.candidates`).
        compute: features of a batch.
        exact: it gives torch's answers, but for rounding.
        own_weights: it does without the torch layers' weights.
        memory: bytes it holds beside them.
    """

    kind: str
    compute: Compute
    exact: bool = True
    own_weights: bool = False
    memory: int = 0


class FastBody:
    """The engines of one backbone.

    Args:
        one, many: for a single item, and for several at once.
        rough: one that rounds, used only inside `engines("rough")`.
        batch: how many items it is best given at once.
        restore: the backbone's parameters by name, read anew. With it the torch weights are put out of memory once they
            are no longer needed, and come back when somebody asks for them.
    """

    def __init__(
        self,
        one: Part,
        many: Part,
        rough: Part | None = None,
        batch: int = 16,
        restore: Callable[[], Mapping[str, torch.Tensor]] | None = None,
    ) -> None:
        self.one, self.many, self.rough, self.batch = one, many, rough, batch
        self._restore = restore
        self._lock = threading.RLock()
        self._asleep = False
        self._stays = False

    def __deepcopy__(self, _memo: object) -> None:
        """A copy of the backbone will be changed: it computes for itself."""

    def part(self, size: int, allowed: Allowed) -> Part:
        if allowed == "rough" and self.rough is not None:
            return self.rough
        return self.one if size == 1 else self.many

    @property
    def asleep(self) -> bool:
        """The torch weights are out of memory."""
        return self._asleep

    def lend(self) -> None:
        """Somebody keeps the backbone for longer than they have the model for themselves: its weights stay from now on."""
        self._stays = True

    def memory_bytes(self) -> int:
        parts = {id(p): p.memory for p in (self.one, self.many, self.rough) if p is not None}
        return sum(parts.values())

    def may_sleep(self) -> bool:
        both = self.one.own_weights and self.many.own_weights
        return both and self._restore is not None and not self._stays and not self._asleep

    def sleep(self, backbone: nn.Module) -> None:
        """Put the weights out of memory. Only for who has the model for themselves (see `engine.pool`)."""
        import torch

        with self._lock:
            if not self.may_sleep():
                return
            for parameter in backbone.parameters():
                parameter.data = torch.empty(0, dtype=parameter.dtype)
            self._asleep = True

    def retire(self, backbone: nn.Module) -> None:
        """Something else computes from now on: the weights come back and stay."""
        with self._lock:
            self.wake(backbone)
            self._stays = True

    def wake(self, backbone: nn.Module) -> None:
        """Have the torch weights in memory again. Raises: UserError when their file is gone."""
        with self._lock:
            if not self._asleep:
                return
            assert self._restore is not None
            state = self._restore()
            for name, parameter in backbone.named_parameters():
                parameter.data = state[name].detach()
            self._asleep = False


def fast_body(backbone: nn.Module) -> FastBody | None:
    """What stands in for these layers, if anything."""
    found: FastBody | None = backbone.__dict__.get(_PLACE)
    return found


def put_fast_body(backbone: nn.Module, body: FastBody | None) -> None:
    """From the next batch on it computes in the layers' place; may be called from any thread. None: the layers do."""
    old = fast_body(backbone)
    if body is not None:
        backbone.__dict__[_PLACE] = body
    if old is not None:
        old.retire(backbone)
    if body is None:
        backbone.__dict__.pop(_PLACE, None)


def computed(backbone: nn.Module, batch: Batch, plain: Callable[[], torch.Tensor]) -> torch.Tensor:
    """Features float [B, F] of a batch by what is quickest, or `plain` where the layers themselves are needed."""
    import torch

    body = fast_body(backbone)
    allowed = _allowed.get()
    layers = torch.is_grad_enabled() or backbone.training or torch.jit.is_tracing()  # type: ignore[attr-defined,no-untyped-call]
    if body is None:
        return plain()
    if not layers and allowed != "torch":
        found = body.part(len(next(iter(batch.values()))), allowed).compute(batch)
        if found is not None:
            return found
    body.wake(backbone)
    return plain()


def in_torch(threads: int, plain: Callable[[Batch], torch.Tensor]) -> Compute:
    """The layers themselves with so many threads."""

    def compute(batch: Batch) -> torch.Tensor:
        import torch

        before = torch.get_num_threads()
        if before == threads:
            return plain(batch)
        torch.set_num_threads(threads)
        try:
            return plain(batch)
        finally:
            torch.set_num_threads(before)

    return compute
