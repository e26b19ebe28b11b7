"""A quicker way to compute: what was found quickest on this computer stands in for a model's torch layers.

It is tied to one module object, the heart of a model (`Core`). A copy with other layers does not have it; a network that shares the
backbone (`Network.with_head`) does. Whatever needs the layers themselves goes past it: gradients, training mode, tracing, and whoever
asks for `Network.module` or `Network.backbone`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from workbench.runtimes.torch_threads import torch_threads

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Batch

log = logging.getLogger(__name__)

_PLACE = "_workbench_fast_body"
Allowed = Literal["torch", "exact"]
_allowed: ContextVar[Allowed] = ContextVar("allowed engines", default="exact")
_watcher: ContextVar[Callable[[nn.Module, Batch], object] | None] = ContextVar(
    "who sees what is computed", default=None
)
# Tensors by name, float32 unless the layers give something else.
Outputs = Mapping[str, "torch.Tensor"]
# A batch in; None: it cannot take this batch.
Compute = Callable[["Batch"], "Outputs | None"]
Kind = Literal["numbers", "scores", "shares"]


@dataclass(frozen=True)
class Output:
    """What comes out under a name, and what counts as the same.

    Attributes:
        kind: "numbers" of any size (features); "scores", logits of classes along `axis`, of each place one; "shares", places and
            sizes as shares of a picture.
        axis: of "scores": where the classes are.
        free: axes of any length, beside the first, which is always free.
    """

    kind: Kind = "numbers"
    axis: int = -1
    free: tuple[int, ...] = ()


@dataclass(frozen=True)
class Core:
    """What of a model is nothing but arithmetic: tensors by name in, tensors by name out.

    Attributes:
        module: its layers; what stands in for them is tied to this object.
        layers: a batch through the torch layers, whatever stands in for them.
        outputs: what comes out.
        example: a single item as it takes them, of noise.
        free: of each input the axes of any length, beside the first, which is always free.
        several: it is ever given several items at once.
        identity: what decides its answers beside its weights.
        many_kinds: of whole numbers that go in, how many there are (words of a tokenizer).
    """

    module: nn.Module
    layers: Callable[[Batch], Outputs]
    outputs: Mapping[str, Output]
    example: Batch
    free: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    several: bool = True
    identity: str = ""
    many_kinds: int = 0


@contextmanager
def engines(allowed: Allowed) -> Iterator[None]:
    """Inside, cores are computed by torch alone, or by any engine that gives the same answers (as always). It holds for this
    thread; never leave it open over a `yield`."""
    token = _allowed.set(allowed)
    try:
        yield
    finally:
        _allowed.reset(token)


@contextmanager
def watching(seen: Callable[[nn.Module, Batch], object]) -> Iterator[None]:
    """Inside, `seen` is told of every batch that a core computes. It holds for this thread; never leave it open over a `yield`."""
    token = _watcher.set(seen)
    try:
        yield
    finally:
        _watcher.reset(token)


@dataclass(frozen=True)
class Part:
    """One engine, ready.

    Attributes:
        kind: "torch", "onnx", … (see `workbench.engine.speed.candidates`).
        compute: a batch in, what the layers would give out.
        own_weights: it does without the torch layers' weights.
        memory: bytes it holds beside them.
    """

    kind: str
    compute: Compute
    own_weights: bool = False
    memory: int = 0


class FastBody:
    """The engines of one core.

    Args:
        one, many: for a single item, and for several at once.
        batch: how many items it is best given at once.
        restore: the module's parameters by name, read anew. With it the torch weights are put out of memory once they
            are no longer needed, and come back when somebody asks for them.
    """

    def __init__(
        self,
        one: Part,
        many: Part,
        batch: int = 16,
        restore: Callable[[], Mapping[str, torch.Tensor]] | None = None,
    ) -> None:
        self.one, self.many, self.batch = one, many, batch
        self._restore = restore
        self._lock = threading.RLock()
        self._asleep = False
        self._stays = False

    def __deepcopy__(self, _memo: object) -> None:
        """A copy of the layers will be changed: it computes for itself."""

    def part(self, size: int) -> Part:
        return self.one if size == 1 else self.many

    @property
    def own_weights(self) -> bool:
        """The torch layers compute nothing, however many items are given."""
        return self.one.own_weights and self.many.own_weights

    @property
    def asleep(self) -> bool:
        """The torch weights are out of memory."""
        return self._asleep

    def lend(self) -> None:
        """Somebody keeps the backbone for longer than they have the model for themselves: its weights stay from now on."""
        self._stays = True

    def memory_bytes(self) -> int:
        parts = {id(p): p.memory for p in (self.one, self.many)}
        return sum(parts.values())

    def may_sleep(self) -> bool:
        return self.own_weights and self._restore is not None and not self._stays and not self._asleep

    def sleep(self, module: nn.Module) -> None:
        """Put the weights out of memory. Only for who has the model for themselves (see `engine.pool`)."""
        import torch

        with self._lock:
            if not self.may_sleep():
                return
            for parameter in module.parameters():
                parameter.data = torch.empty(0, dtype=parameter.dtype)
            self._asleep = True

    def retire(self, module: nn.Module) -> None:
        """Something else computes from now on: the weights come back and stay."""
        with self._lock:
            self.wake(module)
            self._stays = True

    def wake(self, module: nn.Module) -> None:
        """Have the torch weights in memory again. Raises: UserError when their file is gone."""
        with self._lock:
            if not self._asleep:
                return
            assert self._restore is not None
            state = self._restore()
            for name, parameter in module.named_parameters():
                parameter.data = state[name].detach()
            self._asleep = False


def fast_body(module: nn.Module) -> FastBody | None:
    """What stands in for these layers, if anything."""
    found: FastBody | None = module.__dict__.get(_PLACE)
    return found


def idle(module: nn.Module) -> bool:
    """Whether a module's layers compute nothing at the moment, while no gradients are wanted: something else does in their place."""
    body = fast_body(module)
    return body is not None and body.own_weights and not module.training and _allowed.get() != "torch"


def put_fast_body(module: nn.Module, body: FastBody | None) -> None:
    """From the next batch on it computes in the layers' place; may be called from any thread. None: the layers do."""
    old = fast_body(module)
    if body is not None:
        module.__dict__[_PLACE] = body
    if old is not None:
        old.retire(module)
    if body is None:
        module.__dict__.pop(_PLACE, None)


def computed(module: nn.Module, batch: Batch, plain: Callable[[], Outputs]) -> Outputs:
    """What a core makes of a batch, by what is quickest, or `plain` where the layers themselves are needed."""
    import torch

    watcher = _watcher.get()
    if watcher is not None:
        watcher(module, batch)
    body = fast_body(module)
    if body is None:
        return plain()
    layers = torch.is_grad_enabled() or module.training or torch.jit.is_tracing()  # type: ignore[attr-defined,no-untyped-call]
    if not layers and _allowed.get() != "torch":
        found = body.part(len(next(iter(batch.values())))).compute(batch)
        if found is not None:
            return found
    body.wake(module)
    return plain()


def in_torch(threads: int, plain: Callable[[Batch], Outputs]) -> Compute:
    """The layers themselves with so many threads."""

    def compute(batch: Batch) -> Outputs:
        with torch_threads(threads):
            return plain(batch)

    return compute
