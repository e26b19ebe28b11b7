"""Attribution: how much each part of an input, or of what a layer makes of it, moves one number that comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.control import Control

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch
    from torch import nn

STEPS = 32
_AT_ONCE = 4
# So many of the last layers are looked at for a map that the answer was read from.
_LOOKED_AT = 40


def integrated_gradients(
    function: Callable[[torch.Tensor], torch.Tensor],
    given: torch.Tensor,
    baseline: torch.Tensor,
    control: Control,
    steps: int = STEPS,
) -> torch.Tensor:
    """Gradients along the straight way from a baseline to the input, times the way (Sundararajan, Taly & Yan 2017).

    They add up to the difference of what `function` gives for both (completeness). The integral is taken by Gauss and
    Legendre's rule.

    Args:
        function: inputs [S, …] to one number each, [S].
        given, baseline: one input each, […] without batch axis.

    Returns:
        float32 […], as `given`.

    Raises:
        Cancelled: when asked to stop.
    """
    import numpy as np
    import torch

    places, weights = np.polynomial.legendre.leggauss(steps)
    way = given - baseline
    total = torch.zeros_like(given)
    for start in range(0, steps, _AT_ONCE):
        control.check()
        control.progress(start, steps, "Looking for reasons")
        at = torch.tensor((places[start : start + _AT_ONCE] + 1) / 2, dtype=given.dtype, device=given.device)
        share = torch.tensor(weights[start : start + _AT_ONCE] / 2, dtype=given.dtype, device=given.device)
        shape = (-1, *([1] * given.dim()))
        with torch.enable_grad():
            points = (baseline + at.view(shape) * way).detach().requires_grad_(True)
            (slopes,) = torch.autograd.grad(function(points).sum(), points)
        total += (slopes * share.view(shape)).sum(0)
    return (total * way).detach()


@dataclass(frozen=True)
class Map:
    """What one layer makes of a picture: `values` and `slopes` float [B, h, w, C] of the number that is explained."""

    values: torch.Tensor
    slopes: torch.Tensor
    tokens: bool


def grad_cam(
    module: nn.Module, function: Callable[[], torch.Tensor], layer: nn.Module | None = None
) -> torch.Tensor | None:
    """Where the last map of features that reaches the answer spoke for it (Selvaraju et al. 2017).

    Of a transformer there is no map but a token per place; there, values times gradients are added up token by token.

    Args:
        function: runs the network once and gives one number for each input, [B].
        layer: whose output is taken; None: the last one with a map that the answer depends on.

    Returns:
        float [B, h, w], 0 or more; None when the network has no such layer.
    """
    layers = [layer] if layer is not None else _candidates(module, function)
    found = _last_map(layers, function)
    if found is None:
        return None
    if found.tokens:
        return (found.values * found.slopes).sum(-1).relu()
    weights = found.slopes.mean((1, 2), keepdim=True)
    return (weights * found.values).sum(-1).relu()


def _candidates(module: nn.Module, function: Callable[[], torch.Tensor]) -> list[nn.Module]:
    """Layers whose output has places, in the order they were passed; the last ones only."""
    import torch

    seen: list[nn.Module] = []

    def look(part: nn.Module, _given: Any, out: Any) -> None:
        if isinstance(out, torch.Tensor) and _places(part, out.shape) is not None:
            seen.append(part)

    # Inside of attention there are squares of tokens by tokens that are no map of the picture.
    outside = [part for name, part in module.named_modules() if "attn" not in name and "attention" not in name]
    hooks = [part.register_forward_hook(look) for part in outside]
    try:
        with torch.no_grad():
            function()
    finally:
        for hook in hooks:
            hook.remove()
    return list(dict.fromkeys(reversed(seen)))[:_LOOKED_AT][::-1]


def _places(part: nn.Module, shape: Sequence[int]) -> tuple[str, int] | None:
    """How an output is laid out, and for tokens how many come before those of places; None when it has no places.

    Tokens are taken where a network normalises them, as is usual for transformers.
    """
    if len(shape) == 4:
        if shape[2] > 1 and shape[3] > 1 and shape[2] == shape[3]:
            return "channels first", 0
        if shape[1] > 1 and shape[1] == shape[2]:
            return "channels last", 0
        if shape[2] > 1 and shape[3] > 1:
            return "channels first", 0
        return None
    if len(shape) == 3 and "norm" in type(part).__name__.lower():
        for before in (0, 1, 2, 5):
            side = round(max(0, shape[1] - before) ** 0.5)
            if side > 1 and side * side == shape[1] - before:
                return "tokens", before
    return None


def _last_map(layers: Sequence[nn.Module], function: Callable[[], torch.Tensor]) -> Map | None:
    import torch

    with _captured(layers) as outputs, torch.enable_grad():
        number = function().sum()
        kept = [(part, outputs[part]) for part in layers if part in outputs]
        slopes = torch.autograd.grad(number, [out for _, out in kept], allow_unused=True) if kept else ()
    for (part, out), slope in reversed(list(zip(kept, slopes, strict=True))):
        laid = _places(part, out.shape)
        if slope is None or laid is None:
            continue
        values, moved = _by_place(out.detach(), laid), _by_place(slope, laid)
        # What only the class token is read from leaves the places of the last layers without any effect.
        if bool(moved.any()):
            return Map(values, moved, laid[0] == "tokens")
    return None


def _by_place(values: torch.Tensor, laid: tuple[str, int]) -> torch.Tensor:
    """As [B, h, w, C]."""
    kind, before = laid
    if kind == "channels first":
        return values.permute(0, 2, 3, 1)
    if kind == "tokens":
        values = values[:, before:]
        side = round(values.shape[1] ** 0.5)
        return values.reshape(values.shape[0], side, side, -1)
    return values


@contextmanager
def _captured(layers: Sequence[nn.Module]) -> Iterator[dict[nn.Module, torch.Tensor]]:
    """What these layers give while the block runs. Later layers get a copy: some of them write over what they get."""
    outputs: dict[nn.Module, torch.Tensor] = {}

    def keep(part: nn.Module, _given: Any, out: torch.Tensor) -> torch.Tensor:
        if not out.requires_grad:
            out = out.detach().requires_grad_(True)
        outputs[part] = out
        return out.clone()

    hooks = [part.register_forward_hook(keep) for part in layers]
    try:
        yield outputs
    finally:
        for hook in hooks:
            hook.remove()
