"""A backbone of which the first parts stay as they are while the last ones learn, computed in two pieces: what the first
parts give for an item is always the same, and need be computed only once.

Where the cut lies, and that cutting there gives the same features, is found by trying it on a batch: nothing is known of
architectures here. In the second piece the first parts are skipped, by giving zeros of their outputs' shapes; the first
part that learns is given what it would have got. A network whose first parts reach past the cut (a skip connection)
then gives other features, and is not cut.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from workbench.runtimes.network import stage_units

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Batch

log = logging.getLogger(__name__)

# Features of the two pieces may differ from those of the whole by so much of the largest one.
_ROUNDING = 1e-4
Pooled = Callable[["nn.Module", "Batch"], "torch.Tensor"]


class _ReachedError(Exception):
    """The cut is reached: nothing behind it need be computed."""


class FrozenPart:
    """The parts of a backbone before the first one that learns. Used by one thread at a time.

    Args:
        pooled: backbone and batch in, features [B, F] out.
        learning: the parameters that learn.
    """

    def __init__(self, backbone: nn.Module, pooled: Pooled, learning: Collection[nn.Parameter]) -> None:
        known = {id(p) for p in learning}
        units, loose = stage_units(backbone)
        self._backbone, self._pooled = backbone, pooled
        self._frozen = [u for u in units if not any(id(p) in known for p in u.parameters())]
        self._units = units if not any(id(p) in known for p in loose) else []
        self._first: nn.Module | None = None
        # The outputs' shapes of the parts that are skipped, without the batch's axis; None: as the input's.
        self._shapes: dict[nn.Module, tuple[int, ...] | None] = {}

    @property
    def parts(self) -> list[nn.Module]:
        """Those of which nothing learns."""
        return list(self._frozen) if self._units else []

    def found(self, batch: Batch) -> bool:
        """Look for the cut on a batch of at least one item. False where there is none."""
        import torch

        if not self._frozen or not self._units:
            return False
        try:
            with torch.inference_mode(), _resting(self._backbone):
                whole = self._look(batch)
                if self._first is None or not self._shapes:
                    return False
                back = self.back(self.front(batch), self.stand_in(batch))
                off = float((whole - back).abs().max())
                return off <= _ROUNDING * float(whole.abs().max())
        except (RuntimeError, ValueError, TypeError, IndexError, AttributeError, AssertionError) as error:
            log.info("the frozen part is not cut off: %s", error)
            return False

    def _look(self, batch: Batch) -> torch.Tensor:
        """Features of a batch, with notes on the way of what is called and what comes out."""
        import torch

        called: list[nn.Module] = []
        self._shapes, self._first = {}, None

        def before(unit: nn.Module, given: tuple[Any, ...]) -> None:
            called.append(unit)
            if self._first is None and unit not in self._frozen and given and isinstance(given[0], torch.Tensor):
                self._first = unit

        def after(unit: nn.Module, given: tuple[Any, ...], out: Any) -> None:
            floats = given and isinstance(given[0], torch.Tensor) and given[0].is_floating_point()
            if self._first is None and floats and isinstance(out, torch.Tensor):
                self._shapes[unit] = None if out.shape == given[0].shape else tuple(out.shape[1:])

        hooks = [u.register_forward_pre_hook(before) for u in self._units]
        hooks += [u.register_forward_hook(after) for u in self._frozen]
        try:
            features = self._pooled(self._backbone, batch)
        finally:
            for hook in hooks:
                hook.remove()
        if len(called) != len(set(called)):
            self._first = None  # a part that is used several times
        return features

    def front(self, batch: Batch) -> torch.Tensor:
        """What the first part that learns is given: float [B, …]. No gradients, and nothing is dropped out."""
        import torch

        assert self._first is not None
        caught: list[torch.Tensor] = []

        def catch(_unit: nn.Module, given: tuple[Any, ...]) -> None:
            caught.append(given[0])
            raise _ReachedError

        hook = self._first.register_forward_pre_hook(catch)
        try:
            with torch.no_grad(), _resting(self._backbone):
                self._pooled(self._backbone, batch)
        except _ReachedError:
            pass
        finally:
            hook.remove()
        return caught[0]

    def back(self, kept: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Features [B, F] from what `front` gave.

        Args:
            batch: what else the network takes (a mask); of what only the skipped parts see, the shape will do.
        """
        assert self._first is not None

        def give(_unit: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
            return (kept, *given[1:])

        with self._skipped():
            hook = self._first.register_forward_pre_hook(give)
            try:
                return self._pooled(self._backbone, batch)
            finally:
                hook.remove()

    @contextmanager
    def _skipped(self) -> Iterator[None]:
        for unit, shape in self._shapes.items():
            unit.forward = _zeros(shape)
        try:
            yield
        finally:
            for unit in self._shapes:
                del unit.forward

    @staticmethod
    def stand_in(batch: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """A batch of the same shapes with nothing in what only the skipped parts see: floats."""
        return {k: v.new_zeros(v.shape) if v.is_floating_point() else v for k, v in batch.items()}


@contextmanager
def _resting(backbone: nn.Module) -> Iterator[None]:
    """Evaluation mode for a while; then each part is in the mode it was in."""
    modes = [(part, part.training) for part in backbone.modules()]
    backbone.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


def _zeros(shape: tuple[int, ...] | None) -> Callable[..., torch.Tensor]:
    def forward(given: torch.Tensor, *_rest: Any, **_more: Any) -> torch.Tensor:
        return given if shape is None else given.new_zeros((given.shape[0], *shape))

    return forward
