"""How far off an estimated number usually is: a range around it by split conformal prediction (Vovk, Gammerman & Shafer 2005,
"Algorithmic learning in a random world"; Lei et al. 2018, doi 10.1080/01621459.2017.1307116).

The range is as wide as the errors on validation items were: with n of them, the ceil((n + 1) * coverage)-th smallest error.
For items that come from the same world it then holds the true number in at least the stated share of cases, whatever the
model and the data's distribution. Where the validation items also chose when to stop, they flatter a little; the share
measured on the test items is shown beside the stated one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from workbench.tasks.predictions import Number

# Among a card's options: half the width of the range, and the share of cases it is for.
WIDTH, COVERAGE = "interval", "interval_coverage"
USUAL_COVERAGE = 0.9


def half_width(errors: Sequence[float], coverage: float = USUAL_COVERAGE) -> float | None:
    """The error that is not exceeded in this share of cases; None where there are too few errors to say that."""
    place = math.ceil((len(errors) + 1) * coverage)
    if not errors or place > len(errors):
        return None
    return sorted(abs(e) for e in errors)[place - 1]


def settle_interval(
    options: Mapping[str, Any], said: Sequence[float], truths: Sequence[float], coverage: float = USUAL_COVERAGE
) -> dict[str, Any]:
    """The options with the range that the errors on validation items give; without one where they are too few."""
    kept = {name: value for name, value in options.items() if name not in (WIDTH, COVERAGE)}
    found = half_width([s - t for s, t in zip(said, truths, strict=True)], coverage)
    return kept if found is None else kept | {WIDTH: found, COVERAGE: coverage}


def ranged(prediction: Number, options: Mapping[str, Any]) -> Number:
    """An estimate with the range these options give; as it is where they have none."""
    try:
        width, coverage = float(options[WIDTH]), float(options[COVERAGE])
    except (KeyError, TypeError, ValueError):
        return prediction
    if not (math.isfinite(width) and width >= 0 and 0 < coverage < 1):
        return prediction
    return replace(prediction, low=prediction.value - width, high=prediction.value + width, coverage=coverage)
