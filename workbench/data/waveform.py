"""The outline of a recording for drawing: the lowest and the highest sample of every hundredth of a second, and of longer
and longer parts, so that an hour is drawn as quickly as a word."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Bytes = npt.NDArray[np.int8]
    Floats = npt.NDArray[np.float32]

PER_SECOND = 100
_STEP = 4
_FULL = 127


@dataclass(frozen=True)
class Waveform:
    """
    Attributes:
        levels: int8 [N, 2] each, lowest and highest of -127..127; the first has 100 parts a second, each further one
            a quarter of the one before.
    """

    levels: tuple[Bytes, ...] = ()

    @property
    def seconds(self) -> float:
        """How much of the recording it shows."""
        return len(self.levels[0]) / PER_SECOND if self.levels else 0.0

    def columns(self, begins: float, ends: float, count: int) -> list[tuple[float, float]]:
        """(lowest, highest) in -1..1 of `count` equal parts between two moments; (0, 0) beyond the recording."""
        import numpy as np

        if not self.levels or count < 1 or ends <= begins:
            return [(0.0, 0.0)] * max(0, count)
        wide = (ends - begins) * PER_SECOND / count
        level = 0
        while level + 1 < len(self.levels) and wide >= 2 * _STEP ** (level + 1):
            level += 1
        parts = self.levels[level]
        edges = (begins + (ends - begins) * np.arange(count + 1) / count) * PER_SECOND / _STEP**level
        first = np.floor(edges[:-1]).astype(int)
        last = np.maximum(first + 1, np.ceil(edges[1:]).astype(int))
        found = []
        for a, b in zip(first.tolist(), last.tolist(), strict=True):
            piece = parts[max(0, a) : max(0, b)]
            found.append(
                (float(piece[:, 0].min()) / _FULL, float(piece[:, 1].max()) / _FULL) if len(piece) else (0.0, 0.0)
            )
        return found


@dataclass
class Outline:
    """Makes a waveform while a recording is read; a `workbench.data.sound.Watcher`. `rate`: of the recording in Hz."""

    rate: int
    _chunks: list[Any] = field(default_factory=list)
    _rest: Any = None
    _samples: int = 0
    _parts: int = 0

    def add(self, block: Floats) -> None:
        import numpy as np

        mono = block.mean(1)
        held = mono if self._rest is None else np.concatenate([self._rest, mono])
        start = self._samples
        # The edges of the parts, also where the rate is no multiple of a hundred.
        edges = [self._edge(self._parts)]
        while self._edge(self._parts + len(edges)) <= start + len(held):
            edges.append(self._edge(self._parts + len(edges)))
        if len(edges) > 1:
            used = held[: edges[-1] - start]
            places = np.array(edges[:-1]) - start
            self._chunks.append(_pairs(np.minimum.reduceat(used, places), np.maximum.reduceat(used, places)))
            self._parts += len(edges) - 1
            held = held[edges[-1] - start :]
            self._samples = edges[-1]
        self._rest = held

    def waveform(self, whole: bool = False) -> Waveform:
        """What there is so far; `whole`: nothing follows, so the rest counts too."""
        import numpy as np

        chunks = list(self._chunks)
        if whole and self._rest is not None and len(self._rest):
            chunks.append(_pairs(self._rest.min(keepdims=True), self._rest.max(keepdims=True)))
        if not chunks:
            return Waveform()
        self._chunks = self._chunks if whole else [np.concatenate(chunks)]
        levels = [np.concatenate(chunks)]
        while len(levels[-1]) > _STEP * 100:
            parts = levels[-1]
            places = np.arange(0, len(parts), _STEP)
            low, high = np.minimum.reduceat(parts[:, 0], places), np.maximum.reduceat(parts[:, 1], places)
            levels.append(np.stack([low, high], axis=1))
        return Waveform(tuple(levels))

    def _edge(self, part: int) -> int:
        return part * self.rate // PER_SECOND


def _pairs(low: Any, high: Any) -> Bytes:
    import numpy as np

    return np.stack([np.floor(low * _FULL), np.ceil(high * _FULL)], axis=1).clip(-_FULL, _FULL).astype(np.int8)
