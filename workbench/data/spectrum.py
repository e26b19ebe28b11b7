"""The spectrum of a recording for drawing: time to the right, pitch upwards as the ear hears it. A coarse one of the whole,
made while it is read once, so that hours can be looked through; and fine pieces of a few seconds, made when they are looked at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from workbench.data.sound import piece_blocks
from workbench.data.types import Sample

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]
    Floats = npt.NDArray[np.float32]

BANDS = 96
# Columns a second of the whole, and of a fine piece; seconds of a piece.
COARSE, FINE = 12.5, 100
PIECE_SECONDS = 8.0
_STEP = 4
_LOWEST, _STEPS = -125.0, 2.0  # decibels of a byte's 0, and bytes a decibel
_LOWEST_HZ = 40.0


@dataclass(frozen=True)
class Spectrum:
    """
    Attributes:
        levels: uint8 [N, BANDS] each, half decibels from -125 dB on, the lowest pitch first; the first has `COARSE` columns a
            second, each further one a quarter of the one before.
        top: the highest pitch in Hz.
        quiet, loud: bytes between which a picture's colours lie.
    """

    levels: tuple[Bytes, ...] = ()
    top: float = 0.0
    quiet: int = 60
    loud: int = 200

    def picture(self, begins: float, ends: float, width: int) -> bytes:
        """`width` columns between two moments as BANDS rows of bytes, the highest pitch at the top; 0 beyond the end."""
        import numpy as np

        wide = (ends - begins) * COARSE / max(1, width)
        level = 0
        while level + 1 < len(self.levels) and wide >= _STEP ** (level + 1):
            level += 1
        if not self.levels or ends <= begins:
            return bytes(BANDS * width)
        parts = self.levels[level]
        moments = begins + (np.arange(width) + 0.5) * (ends - begins) / width
        at = np.floor(moments * COARSE / _STEP**level).astype(np.int64)
        inside = (at >= 0) & (at < len(parts))
        drawn = np.zeros((width, BANDS), np.uint8)
        drawn[inside] = parts[at[inside]]
        return np.ascontiguousarray(drawn.T[::-1]).tobytes()


@dataclass
class SpectrumWatcher:
    """Makes a spectrum while a recording is read; a `workbench.data.sound.Watcher`. `rate`: of the recording in Hz."""

    rate: int
    _columns: list[Any] = field(default_factory=list)
    _rest: Any = None
    _next: int = 0  # number of the next column
    _start: int = 0  # sample of the recording at the beginning of `_rest`

    def add(self, block: Floats) -> None:
        import numpy as np

        mono = block.mean(1)
        held = mono if self._rest is None else np.concatenate([self._rest, mono])
        size = frame_of(self.rate)
        step = self.rate / COARSE
        # Two frames for each column, so that short calls are not lost between them.
        count = max(0, math.floor((self._start + len(held) - size) / step) - self._next)
        if count:
            starts = np.floor((self._next + np.arange(count * 2) / 2) * step).astype(np.int64) - self._start
            self._columns.append(power(held, starts, self.rate).reshape(count, 2, BANDS).max(1))
            self._next += count
        keep = max(0, math.floor(self._next * step) - self._start)
        self._rest, self._start = held[keep:], self._start + keep

    def spectrum(self) -> Spectrum:
        """What there is so far."""
        import numpy as np

        if not self._columns:
            return Spectrum(top=self.rate / 2)
        self._columns = [np.concatenate(self._columns)]
        levels = [self._columns[0]]
        while len(levels[-1]) > _STEP * 100:
            parts = levels[-1]
            levels.append(np.maximum.reduceat(parts, np.arange(0, len(parts), _STEP), axis=0))
        counted = levels[min(1, len(levels) - 1)]
        quiet, loud = np.percentile(counted[counted > 0], (30, 99.7)) if (counted > 0).any() else (60, 200)
        return Spectrum(tuple(levels), self.rate / 2, int(quiet), int(max(loud, quiet + 30)))


def fine_piece(sample: Sample, number: int) -> tuple[int, bytes]:
    """The fine picture of the seconds from `number` * PIECE_SECONDS on: its columns, and BANDS rows of bytes.

    Raises:
        UserError: when it cannot be read.
    """
    import numpy as np

    begins = number * PIECE_SECONDS
    width = int(PIECE_SECONDS * FINE)
    # A frame's middle is its moment: what lies half a frame around belongs to it.
    rate, blocks = piece_blocks(sample, max(0.0, begins - 0.1), begins + PIECE_SECONDS + 0.1, 1.0)
    parts = list(blocks)
    held = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    size = frame_of(rate)
    first = int(max(0.0, begins - 0.1) * rate)
    starts = np.round((begins + (np.arange(width) + 0.5) / FINE) * rate).astype(np.int64) - size // 2 - first
    there = (starts + size // 2 >= 0) & (starts + size // 2 < len(held))
    before, after = max(0, -int(starts.min())), max(0, int(starts.max()) + size - len(held))
    drawn = np.zeros((width, BANDS), np.uint8)
    drawn[there] = power(np.pad(held, (before, after)), starts[there] + before, rate)
    return width, np.ascontiguousarray(drawn.T[::-1]).tobytes()


def frame_of(rate: int) -> int:
    """Samples of a frame: about 25 thousandths of a second, a power of two."""
    return int(2 ** round(math.log2(max(64, rate * 0.025))))


def power(sound: Floats, starts: npt.NDArray[np.int64], rate: int) -> Bytes:
    """uint8 [N, BANDS] of the frames that begin at these samples."""
    import numpy as np

    size = frame_of(rate)
    found = np.zeros((len(starts), BANDS), np.uint8)
    hann = np.hanning(size).astype(np.float32)
    edges = _edges(rate, size)
    views = np.lib.stride_tricks.sliding_window_view(sound, size) if len(sound) >= size else None
    for at in range(0, len(starts) if views is not None else 0, 2000):
        assert views is not None
        shown = np.abs(np.fft.rfft(views[starts[at : at + 2000]] * hann, axis=1)) ** 2 / (size / 4) ** 2
        bands = np.stack([shown[:, a:b].max(1) for a, b in edges], axis=1)
        decibels = 10 * np.log10(bands + 1e-13)
        found[at : at + 2000] = np.clip((decibels - _LOWEST) * _STEPS, 1, 255).astype(np.uint8)
    return found


def _edges(rate: int, size: int) -> list[tuple[int, int]]:
    """(first, one past the last) frequency of each band; bands are spaced as the ear hears pitch (mel)."""
    import numpy as np

    mels = np.linspace(_mel(_LOWEST_HZ), _mel(rate / 2), BANDS + 1)
    hertz = 700 * (10 ** (mels / 2595) - 1)
    bins = np.round(hertz * size / rate).astype(int)
    return [(min(a, size // 2), min(size // 2, max(a, b - 1)) + 1) for a, b in pairwise(bins.tolist())]


def pitch_at(share: float, top: float) -> float:
    """Hz at this share of a picture's height, from below."""
    low, high = _mel(_LOWEST_HZ), _mel(max(2 * _LOWEST_HZ, top))
    return float(700 * (10 ** ((low + share * (high - low)) / 2595) - 1))


def share_of(hertz: float, top: float) -> float:
    """The other way round."""
    low, high = _mel(_LOWEST_HZ), _mel(max(2 * _LOWEST_HZ, top))
    return (_mel(max(_LOWEST_HZ, hertz)) - low) / (high - low)


def _mel(hertz: float) -> float:
    return 2595 * math.log10(1 + hertz / 700)
