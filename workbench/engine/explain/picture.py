"""Why a picture was sorted as it was: where, or which points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.control import Control
from workbench.engine.explain.asked import Asked
from workbench.engine.explain.attribution import grad_cam, integrated_gradients

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Floats

# Attributions of single points are noisy to the eye: they are shown on a grid of this side.
_GRID = 56
PLACES, POINTS = "Grad-CAM", "Integrated Gradients"


def heat(asked: Asked, method: str, control: Control) -> tuple[Floats, str]:
    """float32 [h, w] of what the network saw, 0 or more, and the method that was used."""
    import torch

    pixels = asked.batch()["pixels"]

    def numbers(given: torch.Tensor) -> torch.Tensor:
        return asked.numbers(asked.model.features({"pixels": given}))

    if method != POINTS:
        found = grad_cam(asked.model.module, lambda: numbers(pixels))
        if found is not None:
            return found[0].float().cpu().numpy(), PLACES
    moved = integrated_gradients(numbers, pixels[0], torch.zeros_like(pixels[0]), control)
    grid = torch.nn.functional.adaptive_avg_pool2d(moved.abs().sum(0)[None], min(_GRID, *moved.shape[-2:]))
    return grid[0].float().cpu().numpy(), POINTS
