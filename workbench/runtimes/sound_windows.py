"""A long sound in windows that overlap, with never more than one of them in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.runtimes.base import Floats


@dataclass(frozen=True)
class Window:
    """
    Attributes:
        samples: float32 [T].
        start: seconds from the beginning of the whole sound.
        first, last: what counts of it, in seconds from `start`: the overlap's half to each side is the neighbours'.
    """

    samples: Floats
    start: float
    first: float
    last: float

    def keeps(self, seconds: float) -> bool:
        """Is this moment this window's to tell?"""
        return self.first <= seconds < self.last


def windows(sound: Iterator[Floats], rate: int, seconds: float, shared: float) -> Iterator[Window]:
    """Cut blocks of any length into windows of `seconds`, each sharing `shared` seconds with the next."""
    import numpy as np

    size, overlap = int(seconds * rate), int(shared * rate)
    step = size - overlap
    half = shared / 2
    held = np.zeros(0, np.float32)
    start = 0
    for block in sound:
        held = np.concatenate([held, block.astype(np.float32, copy=False)])
        # One sample more than a window: so the last one is known to be the last.
        while len(held) > size:
            yield Window(held[:size], start / rate, 0.0 if start == 0 else half, seconds - half)
            held = held[step:]
            start += step
    if len(held) > (overlap if start else 0):
        yield Window(held, start / rate, 0.0 if start == 0 else half, float("inf"))
