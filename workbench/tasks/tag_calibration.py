"""How sure a model of several labels says it is, set right: each label's logit times a scale plus a shift, before the sigmoid.

Either one temperature for all labels (Guo et al. 2017, "On calibration of modern neural networks": scale 1/T, no shift), or,
for a label with enough examples with and without it, a scale and a shift of its own (Platt 1999, "Probabilistic outputs for
support vector machines", with his smoothed targets; Newton's method as Lin, Lin and Weng 2007 give it). Each is kept only
where it makes examples likelier that it was not found on. Scales are above 0, so the order within a label stays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workbench.tasks.predictions import Prediction, Scores
from workbench.tasks.temperature import CALIBRATED_ON, ENOUGH, HIGHEST, LOWEST, likeliest_temperature

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

    Doubles = npt.NDArray[np.float64]

# The names among a card's options: lists, one number for each label.
SCALES, SHIFTS = "scales", "shifts"
# A line of its own for a label takes so many examples with it, and without it.
ENOUGH_OF_A_LABEL = 20
_FARTHEST = 50.0
_PARTS = 5
# A double near 0 has many more digits than one near 1.
_TINY, _NEARLY_ONE = 1e-300, 1 - 1e-16
# While a line is looked for no answer is surer than this; more would not be told from it.
_SUREST = 30.0


@dataclass(frozen=True)
class TagCalibration:
    """One scale and one shift for each label."""

    scales: tuple[float, ...]
    shifts: tuple[float, ...]

    @property
    def changes(self) -> bool:
        return any(s != 1.0 for s in self.scales) or any(self.shifts)

    @property
    def temperature(self) -> float | None:
        """Of all labels together; None where some have a line of their own."""
        same = len(set(self.scales)) == 1 and not any(self.shifts)
        return 1 / self.scales[0] if same else None

    def logits(self, given: torch.Tensor) -> torch.Tensor:
        """float [N, C] to float64 [N, C]."""
        import torch

        scales = torch.tensor(self.scales, dtype=torch.float64, device=given.device)
        shifts = torch.tensor(self.shifts, dtype=torch.float64, device=given.device)
        return given.double() * scales + shifts

    def value(self, place: int, probability: float) -> float:
        """A label's probability as the network gives it, set right."""
        return _sigmoid(_logit(probability) * self.scales[place] + self.shifts[place])

    def before(self, place: int, probability: float) -> float:
        """What a label's probability was before it was set right."""
        return _sigmoid((_logit(probability) - self.shifts[place]) / self.scales[place])

    def to_options(self) -> dict[str, Any]:
        return {SCALES: [round(v, 6) for v in self.scales], SHIFTS: [round(v, 6) for v in self.shifts]}


def tag_calibration_of(options: Mapping[str, Any], classes: int) -> TagCalibration | None:
    """A model's by its card's options; None where it has none, or none that fits its labels."""
    scales, shifts = options.get(SCALES), options.get(SHIFTS)
    if not (_numbers(scales, classes) and _numbers(shifts, classes)):
        return None
    kept = tuple(min(HIGHEST, max(LOWEST, float(v))) for v in scales)  # type: ignore[union-attr]
    moved = tuple(min(_FARTHEST, max(-_FARTHEST, float(v))) for v in shifts)  # type: ignore[union-attr]
    found = TagCalibration(kept, moved)
    return found if found.changes else None


def set_right(prediction: Prediction, calibration: TagCalibration | None) -> Prediction:
    """A prediction of several labels with its probabilities set right; every other one as it is. Thresholds stay."""
    return _mapped(prediction, calibration, TagCalibration.value)


def as_it_came(prediction: Prediction, calibration: TagCalibration | None) -> Prediction:
    """The opposite of `set_right`."""
    return _mapped(prediction, calibration, TagCalibration.before)


def _mapped(prediction: Prediction, calibration: TagCalibration | None, change: Any) -> Prediction:
    if calibration is None or not isinstance(prediction, Scores) or not prediction.several:
        return prediction
    if any(not 0 <= s.index < len(calibration.scales) for s in prediction.top):
        return prediction
    top = [replace(s, value=change(calibration, s.index, s.value)) for s in prediction.top]
    return replace(prediction, top=tuple(sorted(top, key=lambda s: (not s.counts, -s.value))))


# Finding it -------------------------------------------------------------------------------------------------------------


def settle_tags(values: Sequence[Sequence[float]], truth: Sequence[frozenset[int]], classes: int) -> dict[str, Any]:
    """The options of a model whose percentages are set right on these examples; none where it would not help.

    Args:
        values: probabilities 0..1 [N][C] as the network gives them.
        truth: the labels of each example.
    """
    import numpy as np

    if len(values) < ENOUGH or not classes:
        return {}
    logits = np.array([[_logit(v) for v in row] for row in values]).clip(-_SUREST, _SUREST)
    labels = np.array([[float(c in right) for c in range(classes)] for right in truth])
    common = _fit_temperature(logits, labels) if _temperature_helps(logits, labels) else 1.0
    scales, shifts = [1 / common] * classes, [0.0] * classes
    for c in range(classes):
        own = _own_line(logits[:, c], labels[:, c], logits, labels, common != 1.0)
        if own is not None:
            scales[c], shifts[c] = own
    found = TagCalibration(tuple(scales), tuple(shifts))
    return found.to_options() | {CALIBRATED_ON: len(values)} if found.changes else {}


def platt(logits: Doubles, labels: Doubles) -> tuple[float, float]:
    """Scale and shift of one label that make these examples likeliest.

    Args:
        logits: float64 [N]. labels: float64 [N], 1 or 0.
    """
    import numpy as np

    positives = float(labels.sum())
    negatives = len(labels) - positives
    # Platt's targets: a little less than sure, so that a clean cut does not make the line infinitely steep.
    wanted = np.where(labels > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    scale, shift = 1.0, 0.0
    loss = _line_loss(logits, wanted, scale, shift)
    for _ in range(100):
        said = _sigmoids(scale * logits + shift)
        weight = said * (1 - said) + 1e-12
        off = said - wanted
        g1, g2 = float((off * logits).sum()), float(off.sum())
        h11 = float((weight * logits * logits).sum()) + 1e-9
        h22 = float(weight.sum()) + 1e-9
        h12 = float((weight * logits).sum())
        determinant = h11 * h22 - h12 * h12
        if abs(determinant) < 1e-18 or max(abs(g1), abs(g2)) < 1e-7:
            break
        d1, d2 = -(h22 * g1 - h12 * g2) / determinant, -(h11 * g2 - h12 * g1) / determinant
        step = 1.0
        while step > 1e-10:
            tried = _line_loss(logits, wanted, scale + step * d1, shift + step * d2)
            if tried < loss + 1e-4 * step * (g1 * d1 + g2 * d2):
                break
            step /= 2
        else:
            break
        scale, shift, loss = scale + step * d1, shift + step * d2, tried
    return scale, shift


def _own_line(
    column: Doubles, labels: Doubles, every: Doubles, truth: Doubles, tempered: bool
) -> tuple[float, float] | None:
    """A label's own line where there is enough to find it by and it is better than what all labels have together."""
    if min(labels.sum(), len(labels) - labels.sum()) < ENOUGH_OF_A_LABEL:
        return None
    with_line = without = 0.0
    for others, held in _folds(len(column)):
        if not 0 < labels[others].sum() < len(others):
            return None
        scale, shift = platt(column[others], labels[others])
        if not LOWEST <= scale <= HIGHEST or abs(shift) > _FARTHEST:
            return None
        common = _fit_temperature(every[others], truth[others]) if tempered else 1.0
        with_line += _nll(column[held] * scale + shift, labels[held]) * len(held)
        without += _nll(column[held] / common, labels[held]) * len(held)
    scale, shift = platt(column, labels)
    usable = LOWEST <= scale <= HIGHEST and abs(shift) <= _FARTHEST
    return (scale, shift) if usable and with_line < without else None


def _temperature_helps(logits: Doubles, labels: Doubles) -> bool:
    """On examples that it was not found on."""
    before = after = 0.0
    for others, held in _folds(len(logits)):
        found = _fit_temperature(logits[others], labels[others])
        before += _nll(logits[held], labels[held]) * len(held)
        after += _nll(logits[held] / found, labels[held]) * len(held)
    return after < before


def _folds(count: int) -> list[tuple[list[int], list[int]]]:
    return [
        ([n for n in range(count) if n % _PARTS != part], [n for n in range(count) if n % _PARTS == part])
        for part in range(_PARTS)
    ]


def _fit_temperature(logits: Doubles, labels: Doubles) -> float:
    """The temperature that makes these likeliest."""
    return likeliest_temperature(lambda temperature: _nll(logits / temperature, labels), len(logits))


def _nll(logits: Doubles, labels: Doubles) -> float:
    """Mean negative log-likelihood (nats)."""
    import numpy as np

    return float((np.logaddexp(0.0, logits) - labels * logits).mean())


def _line_loss(logits: Doubles, wanted: Doubles, scale: float, shift: float) -> float:
    import numpy as np

    line = scale * logits + shift
    return float((np.logaddexp(0.0, line) - wanted * line).sum())


def _sigmoids(values: Doubles) -> Doubles:
    import numpy as np

    found: Doubles = np.where(values >= 0, 1 / (1 + np.exp(-np.abs(values))), 1 - 1 / (1 + np.exp(-np.abs(values))))
    return found


def _logit(probability: float) -> float:
    p = min(_NEARLY_ONE, max(_TINY, probability))
    return math.log(p) - math.log1p(-p)


def _sigmoid(value: float) -> float:
    if value >= 0:
        return 1 / (1 + math.exp(-value))
    small = math.exp(value)
    return small / (1 + small)


def _numbers(given: object, count: int) -> bool:
    return (
        isinstance(given, list | tuple)
        and len(given) == count
        and all(isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) for v in given)
    )
