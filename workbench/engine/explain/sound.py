"""Why a recording was sorted as it was: which times and pitches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.engine.explain.asked import Asked
from workbench.engine.explain.attribution import grad_cam, integrated_gradients
from workbench.engine.explain.picture import PLACES, POINTS

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Floats

_COLUMNS = 50
_ROWS = 32


def heat(asked: Asked, seconds: float, method: str, control: Control) -> tuple[Floats, str]:
    """float32 [pitch, time] of the whole recording, the highest pitch first, 0 or more; one row where a network hears the
    wave itself.

    Args:
        seconds: length of what was listened to.
    """
    import torch

    model: Any = asked.model
    batch = asked.batch()
    windows, lengths = batch["windows"], batch["lengths"]
    many = len(windows)

    def numbers(given: torch.Tensor) -> torch.Tensor:
        """Inputs [S, W, …]: S recordings of W windows."""
        owner = torch.arange(len(given), device=given.device).repeat_interleave(many)
        all_lengths = lengths.repeat(len(given))
        return asked.numbers(model.features({"windows": given.flatten(0, 1), "owner": owner, "lengths": all_lengths}))

    used = PLACES
    found = None
    if method != POINTS and windows.dim() == 4:
        found = grad_cam(model.module, lambda: numbers(windows[None]))
    if found is None:
        moved = integrated_gradients(numbers, windows, torch.zeros_like(windows), control)
        found, used = _as_map(moved.abs()), POINTS
    window = float(model.window_seconds) if model.fills else min(float(model.window_seconds), seconds)
    return _laid_out(found.float().cpu(), seconds, window), used


def _as_map(moved: torch.Tensor) -> torch.Tensor:
    """Attributions of windows as [W, pitch, time]: of pictures [W, C, pitch, time], of frames of bands [W, time, band] (low
    bands first), or of the wave [W, T]."""
    import torch

    if moved.dim() == 4:
        maps = moved.sum(1)
    elif moved.dim() == 3:
        maps = moved.transpose(1, 2).flip(1)
    else:
        maps = moved[:, None]
    return torch.nn.functional.adaptive_avg_pool2d(maps, (min(_ROWS, maps.shape[1]), min(_COLUMNS, maps.shape[2])))


def _laid_out(maps: torch.Tensor, seconds: float, window: float) -> Floats:
    """Windows side by side, the last drawn back to end with the recording; a short recording fills its window several
    times over (see `SoundNetwork.windows_of`), and counts where it mattered most."""
    import numpy as np

    many, rows, columns = maps.shape
    values = maps.numpy()
    if seconds <= window:
        width = max(1, round(columns * seconds / window))
        pieces = [values[0, :, at : at + width] for at in range(0, columns - width + 1, width)]
        return np.asarray(np.maximum.reduce(pieces), np.float32)
    total = max(columns, round(columns * seconds / window))
    laid = np.zeros((rows, total), np.float32)
    for number in range(many):
        at = min(number * columns, total - columns)
        laid[:, at : at + columns] = np.maximum(laid[:, at : at + columns], values[number])
    return laid
