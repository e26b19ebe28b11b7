"""Ridge regression in closed form (Hoerl & Kennard 1970), its strength chosen by cross-validation over groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.control import Control

if TYPE_CHECKING:
    import torch

# Penalties in shares of the features' mean square, strict to free.
STRENGTHS = (10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 1e-4)
FOLDS = 5


def fit(
    features: torch.Tensor, targets: torch.Tensor, groups: Sequence[int], control: Control
) -> tuple[torch.Tensor, torch.Tensor, float]:
    """The weights and the constant that foretell targets from raw features, and the strength that was chosen.

    Args:
        features: float32 [N, F]; targets: float32 [N].
        groups: one number per row; rows with the same one are left out together while a strength is tried.

    Returns:
        float32 [F], float32 [] and the strength. Deterministic.

    Raises:
        Cancelled: when asked to stop.
    """
    import torch

    inputs, mean, deviation = _standard(features.double())
    wanted = targets.double()
    fold = folds(groups)
    errors = torch.zeros(len(STRENGTHS), dtype=torch.float64)
    for number in range(FOLDS):
        control.check()
        out = fold == number
        if not out.any() or out.all():
            continue
        for place, (weight, constant) in enumerate(_path(inputs[~out], wanted[~out])):
            errors[place] += (inputs[out] @ weight + constant - wanted[out]).square().sum()
    best = int(errors.argmin()) if errors.any() else len(STRENGTHS) // 2
    control.check()
    weight, constant = _path(inputs, wanted)[best]
    raw = weight / deviation
    return raw.float(), (constant - raw @ mean).float(), STRENGTHS[best]


def _standard(features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Centred, and divided by what the features usually vary by: all by the same, so that rare bits stay small."""
    mean = features.mean(0)
    centred = features - mean
    spread = centred.square().sum(1).mean().sqrt().clamp(min=1e-9)
    return centred / spread, mean, spread


def _path(inputs: torch.Tensor, wanted: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Weights and constant for each strength, from one decomposition of the smaller of the two products."""
    import torch

    rows, width = inputs.shape
    middle, at = wanted.mean(), inputs.mean(0)
    centred, aims = inputs - at, wanted - middle
    wide = width > rows
    values, vectors = torch.linalg.eigh(centred @ centred.T if wide else centred.T @ centred)
    given = vectors.T @ (aims if wide else centred.T @ aims)
    found = []
    for strength in STRENGTHS:
        solved = vectors @ (given / (values.clamp(min=0) + strength))
        weight = centred.T @ solved if wide else solved
        found.append((weight, middle - at @ weight))
    return found


def folds(groups: Sequence[int]) -> torch.Tensor:
    """int64 [N]: whole groups, the largest first, each to the part with the fewest rows."""
    import torch

    rows: dict[int, list[int]] = {}
    for place, group in enumerate(groups):
        rows.setdefault(group, []).append(place)
    found = torch.zeros(len(groups), dtype=torch.int64)
    sizes = [0] * FOLDS
    for members in sorted(rows.values(), key=lambda m: (-len(m), m[0])):
        part = sizes.index(min(sizes))
        sizes[part] += len(members)
        found[members] = part
    return found
