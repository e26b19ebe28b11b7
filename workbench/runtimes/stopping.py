"""Hearing "stop" in the midst of a network's pass, which may take seconds for a long text on a slow computer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from workbench.control import Control

if TYPE_CHECKING:
    from torch import nn


@contextmanager
def stoppable(module: nn.Module, control: Control) -> Iterator[None]:
    """While this is open, `control` is asked before each layer of the network's stacks of layers.

    Raises:
        Cancelled: out of the network's pass, when asked to stop.
    """
    from torch import nn

    def ask(_layer: nn.Module, _given: object) -> None:
        control.check()

    layers = [layer for part in module.modules() if isinstance(part, nn.ModuleList) for layer in part]
    hooks = [layer.register_forward_pre_hook(ask) for layer in layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def between_layers(module: nn.Module | None, control: Control, learning: bool = False) -> Iterator[None]:
    """As `stoppable`, asked before each of the smallest parts of any network; nothing to ask where there is none.

    Args:
        learning: also on the way back, between the gradients; and only whether to stop: who learns pauses between two steps,
            where its state can be saved.

    Raises:
        Cancelled: out of the network's pass, or of `backward`, when asked to stop.
    """
    if module is None:
        yield
        return
    import torch

    def ask(*_given: object) -> None:
        if not learning or control.cancelled:
            control.check()

    def ask_on_the_way_back(_part: nn.Module, _given: object, out: Any) -> None:
        if isinstance(out, torch.Tensor) and out.requires_grad:
            out.register_hook(ask)  # type: ignore[no-untyped-call]

    leaves = [part for part in module.modules() if not any(True for _ in part.children())]
    hooks = [part.register_forward_pre_hook(ask) for part in leaves]
    if learning:
        hooks += [part.register_forward_hook(ask_on_the_way_back) for part in leaves]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
