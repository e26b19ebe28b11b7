"""A model for tests that hears by loudness alone: what it says of every moment is known beforehand."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from workbench.catalog.card import ModelCard, Source
from workbench.runtimes.base import Loaded
from workbench.tasks.base import Ear
from workbench.tasks.sound_classification import SoundClassification

RATE = 8000
LABELS = ("quiet", "soft", "loud")


class LoudnessTask(SoundClassification):
    """Says "quiet", "soft" or "loud" by the share of a window that is near 0, 0.2 or 0.8.

    Args:
        seconds: how long it takes over a call. several: whether its labels can be true at once.
    """

    def __init__(self, seconds: float = 0.0, several: bool = False, longest: float = 10.0) -> None:
        self.seconds, self.several, self.longest = seconds, several, longest
        self.windows = 0
        self.most_samples = 0

    def ear(self, model: Loaded) -> Ear:
        return Ear(RATE, self.longest, LABELS, self.several)

    def hear(self, windows: Sequence[Any], model: Loaded) -> Any:
        time.sleep(self.seconds * len(windows))
        self.windows += len(windows)
        self.most_samples = max(self.most_samples, sum(map(len, windows)))
        rows = []
        for window in windows:
            size = np.abs(window)
            rows.append([(size < 0.1).mean(), ((size >= 0.1) & (size < 0.5)).mean(), (size >= 0.5).mean()])
        return np.array(rows, np.float32)


def model() -> Loaded:
    return Loaded(ModelCard("ears", "Ears", ("sound-classification",), "ears", "", Source("import", "/")), None, LABELS)


def steps(*parts: tuple[float, float]) -> np.ndarray:
    """(seconds, height) …: a sound that is constant in parts, float32 at `RATE`."""
    return np.concatenate([np.full(round(s * RATE), h, np.float32) for s, h in parts])
