"""The linear head on frozen features: logistic regression in several strengths, the best on validation kept.

Of one class per item (softmax) or of several (one against the rest, all fitted together): the task's objective says.

The strengths are a path from strong to weak regularisation, each fitted from where the one before ended. Along it the
model goes from too simple to too clever, so its losses read like the epochs of a training, and overfitting shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.control import Control
from workbench.tasks.base import Objective
from workbench.tasks.classification import Softmax

if TYPE_CHECKING:
    import torch

# L2 penalties on standardised features, strong to weak.
STRENGTHS = (30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4)
_ITERATIONS = 40


@dataclass(frozen=True)
class HeadStep:
    """One strength fitted. `weight` [C, F] and `bias` [C] work on raw features (standardisation folded in)."""

    index: int
    strength: float
    weight: torch.Tensor
    bias: torch.Tensor
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    is_best: bool


def fit_path(
    train: torch.Tensor,
    train_targets: torch.Tensor,
    validation: torch.Tensor,
    validation_targets: torch.Tensor,
    classes: int,
    class_weights: torch.Tensor | None = None,
    control: Control | None = None,
    strengths: tuple[float, ...] = STRENGTHS,
    objective: Objective | None = None,
) -> Iterator[HeadStep]:
    """Fit all strengths by L-BFGS (Liu & Nocedal 1989), full batch. Deterministic.

    Args:
        train, validation: raw features, float32 [N, F] and [M, F]; M may be 0, then a middle strength counts as best.
        train_targets, validation_targets: [N, …], [M, …] as the objective takes them (softmax: int64 [N]).
        class_weights: float32 [C] for the loss.
        objective: softmax when None.

    Yields:
        One step per strength; the last one with `is_best` is the result.
    """
    import torch

    control = control or Control()
    objective = objective or Softmax()
    mean, deviation = train.mean(0), train.std(0, unbiased=False).clamp(min=1e-6)
    inputs = (train - mean) / deviation
    weight = torch.zeros(classes, train.shape[1], requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    best = float("inf")
    for index, strength in enumerate(strengths):
        optimiser = torch.optim.LBFGS(
            [weight, bias], max_iter=_ITERATIONS, history_size=10, line_search_fn="strong_wolfe"
        )

        def closure(strength: float = strength, optimiser: torch.optim.LBFGS = optimiser) -> torch.Tensor:
            control.check()
            optimiser.zero_grad()
            loss = objective.loss(inputs @ weight.T + bias, train_targets, class_weights)
            loss = loss + 0.5 * strength * weight.square().sum() / classes
            loss.backward()  # type: ignore[no-untyped-call]
            return loss

        optimiser.step(closure)  # type: ignore[no-untyped-call]
        with torch.no_grad():
            raw_weight = (weight / deviation).clone()
            raw_bias = (bias - raw_weight @ mean).clone()
            train_loss, train_accuracy = _measure(objective, train, train_targets, raw_weight, raw_bias)
            loss, accuracy = _measure(objective, validation, validation_targets, raw_weight, raw_bias)
        if len(validation_targets):
            is_best = loss < best - 1e-6
            best = min(best, loss)
        else:
            is_best = index == len(strengths) // 2
        yield HeadStep(index, strength, raw_weight, raw_bias, train_loss, train_accuracy, loss, accuracy, is_best)


def _measure(
    objective: Objective, features: torch.Tensor, targets: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor
) -> tuple[float, float]:
    """Mean cross-entropy (nats) and score; (0, 0) for nothing."""
    if not len(targets):
        return 0.0, 0.0
    logits = features @ weight.T + bias
    return float(objective.loss(logits, targets, None)), objective.score(logits, targets)
