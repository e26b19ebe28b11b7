"""Models that are rules and not networks: there is nothing in them to be learnt beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import nn


def bare() -> nn.Module:
    """Stands for the weights of a rule, so that it lies in a model's folder as every other model does."""
    import torch
    from torch import nn

    module = nn.Module()
    module.register_buffer("version", torch.ones(1))
    return module


def filled(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Missing numbers as the straight line between their neighbours; at the ends the nearest known one."""
    import numpy as np

    gaps = np.isnan(values)
    if not gaps.any() or gaps.all():
        return values
    places = np.arange(len(values))
    result = values.copy()
    result[gaps] = np.interp(places[gaps], places[~gaps], values[~gaps])
    return result
