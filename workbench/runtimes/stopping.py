"""Hearing "stop" in the midst of a network's pass, which may take seconds for a long text on a slow computer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

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
