"""How long a step takes, for saying how long the rest will take: a computer that slept meanwhile must not upset it."""

from __future__ import annotations

import time

# A step that takes so many times the usual was not work: the lid was closed, the process was stopped, the clock was put.
_BEYOND = 10.0
# From so many steps on it is known what is usual; the first ones set things up.
_KNOWN = 3


class StepClock:
    """Give it a beat at every step."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._spent = 0.0
        self._steps = 0

    def step(self) -> float:
        """A step is done. Returns the seconds that a step takes, on the average of those that were work."""
        now = time.monotonic()
        taken, self._last = max(0.0, now - self._last), now
        usual = self._spent / self._steps if self._steps else 0.0
        if self._steps >= _KNOWN and taken > max(1.0, _BEYOND * usual):
            return usual
        self._spent += taken
        self._steps += 1
        return self._spent / self._steps
