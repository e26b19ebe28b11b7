"""Ways timed in turns: other programs load the computer, so only the quotient of neighbouring rounds says something."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from workbench.control import Control

# A way that is so much slower than the quickest after a few rounds is timed no further.
_HOPELESS, _FEW = 2.0, 3
_MOST_ROUNDS = 15
# So long torch's threads wait busily for more work after they had some; who comes next would share his cores with them.
_SETTLED_SECONDS = 0.02


@dataclass(frozen=True)
class Timing:
    """Seconds of a round (median), and how many times quicker than the first way in the same round: median, lower and upper
    quartile."""

    seconds: float
    ratio: tuple[float, float, float]


def in_turns(
    ways: Mapping[str, Callable[[], object]], seconds: float, control: Control, rounds: int = 0
) -> dict[str, Timing]:
    """Run all ways one after the other, again and again, for about so many seconds; the first is what others are compared with.

    Args:
        rounds: at most so many; 0: as many as usual.

    Raises:
        Cancelled: when asked to stop.
    """
    rounds = rounds or _MOST_ROUNDS
    times: dict[str, list[float]] = {name: [] for name in ways}
    first = next(iter(ways))
    for way in ways.values():  # the first time also sets things up
        control.check()
        way()
    until = time.monotonic() + seconds
    running = list(ways)
    for number in range(rounds):
        if number >= min(_FEW, rounds) and time.monotonic() > until:
            break
        for name in running:
            control.check()
            time.sleep(_SETTLED_SECONDS)
            began = time.perf_counter()
            ways[name]()
            times[name].append(time.perf_counter() - began)
        if number + 1 == _FEW:
            best = min(statistics.median(t) for t in times.values())
            running = [n for n in running if n == first or statistics.median(times[n]) <= _HOPELESS * best]
    return {name: Timing(statistics.median(t), spread(times[first], t)) for name, t in times.items()}


def spread(before: Sequence[float], after: Sequence[float]) -> tuple[float, float, float]:
    """Quotients of rounds in turn: median, lower and upper quartile."""
    quotients = [b / max(a, 1e-9) for b, a in zip(before, after, strict=False)]
    if len(quotients) < 2:
        return (quotients[0],) * 3 if quotients else (0.0, 0.0, 0.0)
    low, middle, high = statistics.quantiles(quotients, n=4, method="inclusive")
    return middle, low, high
