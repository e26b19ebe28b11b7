"""How well a frozen backbone's features suit labelled examples, told without training: LogME.

After You, Liu, Wang, Long: "LogME: Practical Assessment of Pre-trained Models for Transfer Learning", ICML 2021,
arXiv 2102.11005. For each class, its 0/1 labels are seen as a noisy linear function of the features, with a Gaussian
prior on the weights (precision alpha) and Gaussian noise (precision beta); the score is the largest logarithm of the
probability of the labels under that model (the evidence), per example and averaged over classes. Higher is better.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workbench.control import Control

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]

_ROUNDS = 100
_TOLERANCE = 1e-4
_SMALLEST = 1e-12


def log_evidence(features: Matrix, labels: npt.NDArray[np.int64], control: Control | None = None) -> float:
    """LogME of features for labels.

    Args:
        features: [N, F], N at least 2; any real type, computed in float64.
        labels: int [N], class indices; classes without an example do not count.

    Returns:
        Mean over classes of the maximum log evidence per example, in nats. It does not change when features are
        rotated or all multiplied by one number, or when classes are named otherwise.

    Raises:
        ValueError: when there are fewer than two examples, or sizes differ, or a value is not finite.
        Cancelled: when asked to stop.
    """
    import numpy as np

    control = control or Control()
    f = np.asarray(features, np.float64)
    y = np.asarray(labels)
    if f.ndim != 2 or y.shape != (len(f),) or len(f) < 2:
        raise ValueError("features must be [N, F] and labels [N], N at least 2")
    if not np.isfinite(f).all():
        raise ValueError("features must be finite")
    # The evidence does not depend on the unit of the features; in this one the fixed point starts near its end.
    f = f / max(math.sqrt(float((f**2).mean())), _SMALLEST)
    # One decomposition serves all classes: only the singular values and the labels' parts along them are needed.
    u, s, _ = np.linalg.svd(f, full_matrices=False)
    control.check()
    scores = []
    for label in np.unique(y):
        control.check()
        scores.append(_evidence((y == label).astype(np.float64), u, s**2, f.shape[1]))
    return float(np.mean(scores))


def _evidence(target: Matrix, u: Matrix, sigma: Matrix, width: int) -> float:
    """The maximum over alpha and beta of log p(target | F) / N, by the fixed point of the paper's section 4.2.

    With F = U S V' the posterior mean's squared length and the squared residual are sums over singular directions.

    Args:
        target: [N]; u: [N, K]; sigma: [K], squared singular values; width: F's number of columns.
    """
    import numpy as np

    n = len(target)
    along = (u.T @ target) ** 2
    # What no feature can explain; rounding may make it a little negative.
    outside = max(0.0, float(target @ target - along.sum()))
    alpha = beta = 1.0
    length = residual = 0.0
    for _ in range(_ROUNDS):
        shrunk = alpha + beta * sigma
        gamma = float((beta * sigma / shrunk).sum())
        length = float((beta**2 * sigma * along / shrunk**2).sum())
        residual = float((along * (alpha / shrunk) ** 2).sum()) + outside
        new_alpha = gamma / max(length, _SMALLEST)
        new_beta = max(n - gamma, _SMALLEST) / max(residual, _SMALLEST)
        settled = abs(new_alpha / new_beta - alpha / beta) <= _TOLERANCE * (alpha / beta)
        alpha, beta = (min(max(value, _SMALLEST), 1 / _SMALLEST) for value in (new_alpha, new_beta))
        if settled:
            break
    shrunk = alpha + beta * sigma
    length = float((beta**2 * sigma * along / shrunk**2).sum())
    residual = float((along * (alpha / shrunk) ** 2).sum()) + outside
    # Directions without a feature keep their prior: their part of log det A is cancelled by width * log alpha.
    determinant = float(np.log(shrunk).sum()) + (width - len(sigma)) * math.log(alpha)
    evidence = (
        n / 2 * math.log(beta)
        + width / 2 * math.log(alpha)
        - n / 2 * math.log(2 * math.pi)
        - beta / 2 * residual
        - alpha / 2 * length
        - determinant / 2
    )
    return evidence / n
