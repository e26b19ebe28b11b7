"""How sure a model says it is, set right: one number by which its logits are divided before the softmax.

Guo et al. 2017, "On calibration of modern neural networks": the temperature with the smallest negative log-likelihood on
examples that were not learnt from. The order of the classes stays, so no answer changes; only the percentages do.

Answers come as probabilities. The softmax of their logarithms over T is that of the logits over T, so nothing else is
needed, and a temperature can be taken out again by dividing by its inverse.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from workbench.tasks.predictions import Prediction, Scores

# The names among a card's options: the temperature, and on how many examples it was found.
TEMPERATURE, CALIBRATED_ON = "temperature", "calibrated_on"
# With fewer examples the temperature would be luck.
ENOUGH = 30
LOWEST, HIGHEST = 0.05, 20.0
_PARTS = 5
_PRIOR = 0.5
_TINY = 1e-300


def temperature_of(options: Mapping[str, Any]) -> float:
    """The temperature of a model by its card's options; 1 (nothing changes) when it has none."""
    value = options.get(TEMPERATURE, 1.0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return 1.0
    return min(HIGHEST, max(LOWEST, float(value)))


def tempered(row: Sequence[float], temperature: float) -> tuple[float, ...]:
    """Probabilities [C] as they are at this temperature. Nothing at all stays nothing."""
    if temperature == 1.0 or not any(row):
        return tuple(row)
    logs = [math.log(max(v, _TINY)) / temperature for v in row]
    most = max(logs)
    parts = [math.exp(v - most) for v in logs]
    total = sum(parts)
    return tuple(p / total for p in parts)


def at_temperature(prediction: Prediction, temperature: float) -> Prediction:
    """A prediction of one class at this temperature; every other one as it is. The order of the classes stays."""
    if not isinstance(prediction, Scores) or prediction.several or temperature == 1.0:
        return prediction
    values = tempered([s.value for s in prediction.top], temperature)
    return replace(prediction, top=tuple(replace(s, value=v) for s, v in zip(prediction.top, values, strict=True)))


def settle_temperature(answers: Sequence[Prediction], targets: Sequence[int], classes: int) -> dict[str, Any]:
    """The options of a model whose temperature is found on these answers; none when it would not help.

    Args:
        answers: `Scores` with all classes, at temperature 1.
        targets: the right class of each.

    Returns:
        Empty when there are fewer than 30 examples, or when a temperature found on four fifths of them does not make the
        last fifth likelier (each fifth in its turn): then it would be noise.
    """
    rows, truth = [], []
    for answer, target in zip(answers, targets, strict=True):
        if isinstance(answer, Scores) and not answer.several and 0 <= target < classes:
            by_place = {s.index: s.value for s in answer.top}
            rows.append([by_place.get(c, 0.0) for c in range(classes)])
            truth.append(target)
    if len(rows) < ENOUGH or not _helps(rows, truth):
        return {}
    return {TEMPERATURE: round(fit_temperature(rows, truth), 4), CALIBRATED_ON: len(rows)}


def fit_temperature(rows: Sequence[Sequence[float]], truth: Sequence[int]) -> float:
    """The temperature within 0.05..20 that makes these answers likeliest.

    A weak prior keeps it near 1 (its logarithm: normal, standard deviation 0.5): where all of a few answers are right, the
    likelihood alone would have the model say 100 % of everything. With hundreds of answers it makes no difference.

    Args:
        rows: probabilities [N][C] at temperature 1.
        truth: [N].
    """

    import numpy as np

    logs, places = _logs(rows), np.arange(len(truth))

    return likeliest_temperature(
        lambda temperature: float(-_log_softmax(logs / temperature)[places, list(truth)].mean()), len(truth)
    )


def likeliest_temperature(nll: Callable[[float], float], count: int) -> float:
    """The temperature within 0.05..20 at the bottom of `nll` (mean negative log-likelihood of `count` answers, in nats) and a
    weak prior around 1."""

    def loss(log_temperature: float) -> float:
        return nll(math.exp(log_temperature)) + (log_temperature / _PRIOR) ** 2 / 2 / count

    # In 1/T the likelihood has one valley, so golden-section search along log T finds its bottom.
    golden = (math.sqrt(5) - 1) / 2
    low, high = math.log(LOWEST), math.log(HIGHEST)
    a, b = high - golden * (high - low), low + golden * (high - low)
    at_a, at_b = loss(a), loss(b)
    while high - low > 1e-5:
        if at_a <= at_b:
            high, b, at_b = b, a, at_a
            a = high - golden * (high - low)
            at_a = loss(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + golden * (high - low)
            at_b = loss(b)
    return math.exp((low + high) / 2)


def mean_nll(rows: Sequence[Sequence[float]], truth: Sequence[int], temperature: float = 1.0) -> float:
    """Mean negative log-likelihood (nats) of the right classes at a temperature; `rows` as in `fit_temperature`."""
    import numpy as np

    return float(-_log_softmax(_logs(rows) / temperature)[np.arange(len(truth)), list(truth)].mean())


def _helps(rows: Sequence[Sequence[float]], truth: Sequence[int]) -> bool:
    """On examples that it was not found on."""
    before = after = 0.0
    for part in range(_PARTS):
        others = [n for n in range(len(rows)) if n % _PARTS != part]
        held = [n for n in range(len(rows)) if n % _PARTS == part]
        found = fit_temperature([rows[n] for n in others], [truth[n] for n in others])
        before += mean_nll([rows[n] for n in held], [truth[n] for n in held]) * len(held)
        after += mean_nll([rows[n] for n in held], [truth[n] for n in held], found) * len(held)
    return after < before


def _logs(rows: Sequence[Sequence[float]]) -> Any:
    import numpy as np

    return np.log(np.maximum(np.asarray(rows, np.float64), _TINY))


def _log_softmax(logits: Any) -> Any:
    import numpy as np

    moved = logits - logits.max(1, keepdims=True)
    return moved - np.log(np.exp(moved).sum(1, keepdims=True))
