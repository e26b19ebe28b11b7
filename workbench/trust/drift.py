"""Have the items of today come from where those came from that a model was judged on? Two tests, one answer.

- Of the features: the maximum mean discrepancy with a Gaussian kernel (Gretton, Borgwardt, Rasch, Schölkopf and Smola 2012,
  "A kernel two-sample test", JMLR 13), its width the median distance of the pooled items, against the discrepancies of
  random divisions of the pooled items (a permutation test: valid for any sizes).
- Of how certain the answers are: the two-sample statistic of Kolmogorov and Smirnov, against random divisions, too.

The rate of false alarms is that of both together, each test being given half of it (Bonferroni).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.control import Control

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]

RATE = 0.05
DIVISIONS = 999
# With fewer on one side hardly any change could be seen.
FEWEST = 8
# More tell no more, and the kernel grows with the square.
MOST = 1000
_BLOCK = 100


@dataclass(frozen=True)
class Drift:
    """What the tests said.

    Attributes:
        p_features, p_certainty: chance of at least such a difference between random divisions, in 0..1; -1 where nothing
            could be compared.
        distance: squared maximum mean discrepancy, 0 for the same.
        certainty_before, certainty_now: means, in 0..1; -1 where not known.
        rate: at which share of unchanged sets it would say that something has changed.
    """

    before: int
    now: int
    p_features: float
    p_certainty: float
    distance: float
    certainty_before: float
    certainty_now: float
    rate: float = RATE

    @property
    def _each(self) -> float:
        return self.rate / 2 if self.p_certainty >= 0 and self.p_features >= 0 else self.rate

    @property
    def features_moved(self) -> bool:
        return 0 <= self.p_features <= self._each

    @property
    def certainty_moved(self) -> bool:
        return 0 <= self.p_certainty <= self._each

    @property
    def found(self) -> bool:
        return self.features_moved or self.certainty_moved


def drift(
    before: Matrix,
    now: Matrix,
    sure_before: Matrix,
    sure_now: Matrix,
    seed: int = 0,
    control: Control | None = None,
    divisions: int = DIVISIONS,
) -> Drift:
    """Compare two sets of features, float [N, F] and [M, F], and of certainties, float [A] and [B] in 0..1.

    Sets larger than `MOST` are drawn from, by `seed`.

    Raises:
        ValueError: when features are no finite matrices of one width.
        Cancelled: when asked to stop.
    """
    import numpy as np

    control = control or Control()
    generator = np.random.default_rng(seed)
    x, y = (_drawn(np.asarray(v, np.float64), generator) for v in (before, now))
    a, b = (_drawn(np.asarray(v, np.float64), generator) for v in (sure_before, sure_now))
    if x.ndim != 2 or y.ndim != 2 or x.shape[1:] != y.shape[1:]:
        raise ValueError("features must be matrices of one width")
    if not all(np.isfinite(v).all() for v in (x, y, a, b)):
        raise ValueError("features must be finite")
    distance, p_features = discrepancy(x, y, generator, control, divisions) if min(len(x), len(y)) > 1 else (0.0, -1.0)
    p_certainty = _certainty(a, b, generator, control, divisions) if min(len(a), len(b)) > 1 else -1.0
    means = [float(v.mean()) if len(v) else -1.0 for v in (a, b)]
    return Drift(len(x), len(y), p_features, p_certainty, distance, means[0], means[1])


def discrepancy(
    x: Matrix, y: Matrix, generator: np.random.Generator, control: Control, divisions: int = DIVISIONS
) -> tuple[float, float]:
    """The squared discrepancy of two sets [N, F] and [M, F] (biased estimate), and its p by random divisions."""
    import numpy as np

    pooled = np.concatenate([x, y])
    kernel = gaussian_kernel(pooled)
    count, first = len(pooled), len(x)
    control.check()

    def of(weights: Matrix) -> Matrix:
        found: Matrix = np.einsum("nd,nd->d", weights, kernel @ weights)
        return found

    weights = np.full((count, 1), -1.0 / len(y))
    weights[:first] = 1.0 / first
    real = float(of(weights)[0])
    higher = 0
    for start in range(0, divisions, _BLOCK):
        control.check()
        drawn = np.stack([generator.permutation(weights[:, 0]) for _ in range(min(_BLOCK, divisions - start))], 1)
        # Divisions that only differ by rounding count as equal.
        higher += int((of(drawn) >= real - 1e-12).sum())
    return max(0.0, real), (higher + 1) / (divisions + 1)


def gaussian_kernel(pooled: Matrix) -> Matrix:
    """Gaussian, [N, N]; its width is the median distance between two different items."""
    import numpy as np

    squares = (pooled**2).sum(1)
    apart = np.maximum(squares[:, None] + squares[None] - 2 * pooled @ pooled.T, 0.0)
    between = apart[np.triu_indices(len(pooled), 1)]
    width = float(np.median(between))
    if width <= 0:
        width = float(between.mean()) or 1.0
    found: Matrix = np.exp(-apart / width)
    return found


def _certainty(a: Matrix, b: Matrix, generator: np.random.Generator, control: Control, divisions: int) -> float:
    """p of the largest difference between the shares below any value."""
    import numpy as np

    pooled = np.concatenate([a, b])
    order = np.argsort(pooled, kind="stable")
    # Only after the last of equal values is the share complete.
    last = np.append(np.diff(pooled[order]) > 0, True)

    def of(mine: npt.NDArray[np.bool_]) -> float:
        sorted_mine = mine[order]
        steps = np.cumsum(np.where(sorted_mine, 1.0 / len(a), -1.0 / len(b)))
        return float(np.abs(steps[last]).max())

    mine = np.arange(len(pooled)) < len(a)
    real, higher = of(mine), 0
    for number in range(divisions):
        if number % _BLOCK == 0:
            control.check()
        higher += of(generator.permutation(mine)) >= real - 1e-12
    return (higher + 1) / (divisions + 1)


def _drawn(values: Matrix, generator: np.random.Generator) -> Matrix:
    return values if len(values) <= MOST else values[generator.permutation(len(values))[:MOST]]
