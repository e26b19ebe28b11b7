"""Hearing "stop" in the midst of a network's pass, which may take seconds for a long text on a slow computer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.runtimes.fast_body import idle

if TYPE_CHECKING:
    from torch import nn


@contextmanager
def between_layers(
    module: nn.Module | None, control: Control, *, learning: bool = False, blocks: bool = False
) -> Iterator[None]:
    """While this is open, `control` is asked before each of the smallest parts of a network; nothing to ask where there is none.

    The one way for all: predictions, features, explanations, and the steps of a training. A step that is broken off must be as
    if it had not begun; who teaches puts back what the pass has changed (`engine.finetune`). Layers that something quicker
    stands in for are not watched: they are not asked, and hanging on to each of them takes longer than many a network.

    Args:
        learning: also on the way back, between the gradients; and only whether to stop: who learns pauses between two steps,
            where its state can be saved.
        blocks: only before each layer of the network's stacks of layers, for networks that are asked once per word: the
            smallest parts of these are small indeed.

    Raises:
        Cancelled: at once, or out of the network's pass or of `backward`, when asked to stop.
    """
    if not learning:
        control.check()
    if module is None:
        yield
        return
    import torch
    from torch import nn

    def ask(*_given: object) -> None:
        if not learning or control.cancelled:
            control.check()

    def ask_on_the_way_back(_part: nn.Module, _given: object, out: Any) -> None:
        if isinstance(out, torch.Tensor) and out.requires_grad:
            out.register_hook(ask)  # type: ignore[no-untyped-call]

    if blocks:
        parts = [layer for part in module.modules() if isinstance(part, nn.ModuleList) for layer in part]
    else:
        parts = list(dict.fromkeys(_smallest(module, learning)))
    hooks = [part.register_forward_pre_hook(ask) for part in parts]
    if learning:
        hooks += [part.register_forward_hook(ask_on_the_way_back) for part in parts]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _smallest(module: nn.Module, learning: bool) -> Iterator[nn.Module]:
    """The parts that have none themselves, without those that compute nothing."""
    if not learning and idle(module):
        return
    inside = list(module.children())
    if not inside:
        yield module
    for part in inside:
        yield from _smallest(part, learning)
