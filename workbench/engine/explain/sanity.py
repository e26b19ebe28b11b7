"""The sanity check of explanations: without what a model learnt, another explanation must come out (Adebayo et al. 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.engine.explain.kinds import Sanity

if TYPE_CHECKING:
    from torch import nn

# An explanation that is so much alike (rank correlation) did not come from what the model learnt.
TOO_ALIKE = 0.5


def shuffled(module: nn.Module, seed: int = 0) -> nn.Module:
    """A copy whose weights are put in random order, each tensor within itself: as large as before, but nothing learnt.

    What normalises (statistics of batch norms) stays, so that signals keep their size.
    """
    from copy import deepcopy

    import torch

    other = deepcopy(module)
    drawn = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weights in other.parameters():
            order = torch.randperm(weights.numel(), generator=drawn).to(weights.device)
            weights.copy_(weights.flatten()[order].reshape(weights.shape))
    return other.eval()


def compare(one: Any, other: Any) -> Sanity:
    """Two explanations as arrays of the same shape: heat, or shares of words."""
    import numpy as np
    from scipy.stats import spearmanr

    first, second = np.asarray(one, np.float64).ravel(), np.asarray(other, np.float64).ravel()
    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        # One of them says nothing: they have nothing in common; the same nothing in both is no explanation at all.
        alike = 1.0 if np.array_equal(first, second) else 0.0
    else:
        alike = float(spearmanr(first, second).statistic)
    return Sanity(alike, alike < TOO_ALIKE)
