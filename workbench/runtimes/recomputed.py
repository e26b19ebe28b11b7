"""Needing less memory by computing a network's parts a second time on the way back, instead of remembering all that they
computed on the way there (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost", arXiv 1604.06174)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from workbench.runtimes.network import stage_units

if TYPE_CHECKING:
    from torch import nn


class Recomputed:
    """From its making on, until `undo`: each part of a backbone that learns is computed twice. The results are the same, drawn
    dropout included."""

    def __init__(self, backbone: nn.Module) -> None:
        units, _loose = stage_units(backbone)
        self._units = [u for u in units if any(p.requires_grad for p in u.parameters())]
        for unit in self._units:
            unit.forward = _twice(unit, unit.forward)

    @property
    def parts(self) -> int:
        return len(self._units)

    def undo(self) -> None:
        for unit in self._units:
            del unit.forward
        self._units = []


def _twice(unit: nn.Module, once: Callable[..., Any]) -> Callable[..., Any]:
    def forward(*given: Any, **more: Any) -> Any:
        import torch
        from torch.utils.checkpoint import checkpoint

        if not torch.is_grad_enabled() or not unit.training:
            return once(*given, **more)
        return checkpoint(once, *given, use_reentrant=False, **more)

    return forward
