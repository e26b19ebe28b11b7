"""How loud a recording is while it is read: silent, clipped, or neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

# Below this peak (of 1) nothing can be understood: -60 dB.
SILENT = 1e-3
# So near the limit, and this many samples running, the tops of the waves are cut off. A recording is called clipped when
# that happens in more than this share of its samples, and more than once.
_LIMIT, _RUNNING, _SHARE = 0.997, 3, 2e-4


@dataclass
class Loudness:
    """What was heard so far. `peak` in 0..1; `clipped`: samples that belong to cut-off tops."""

    samples: int = 0
    peak: float = 0.0
    clipped: int = 0

    def add(self, block: Floats) -> None:
        """Samples as recorded, float32 [T, channels] in -1..1."""
        import numpy as np

        if not block.size:
            return
        self.samples += len(block)
        loud = np.abs(block)
        self.peak = max(self.peak, float(loud.max()))
        self.clipped += clipped_samples(loud)

    @property
    def silent(self) -> bool:
        return self.samples > 0 and self.peak < SILENT

    @property
    def is_clipped(self) -> bool:
        return self.clipped > max(_SHARE * self.samples, 2 * _RUNNING)

    def sentence(self) -> str:
        """What a person should know of it; "" when all is well."""
        if self.silent:
            return "The recording is silent."
        if self.is_clipped:
            return "The recording is too loud in parts (clipped), which costs words: record it with less volume."
        return ""


def clipped_samples(loud: Floats) -> int:
    """How many moments of |samples| float32 [T, channels] lie in runs at the limit, in any channel."""
    import numpy as np

    at_limit = (loud >= _LIMIT).any(axis=1) if loud.ndim == 2 else loud >= _LIMIT
    if not at_limit.any():
        return 0
    edges = np.flatnonzero(np.diff(np.concatenate([[False], at_limit, [False]]).astype(np.int8)))
    runs = edges[1::2] - edges[::2]
    return int(runs[runs >= _RUNNING].sum())
