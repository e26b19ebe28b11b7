"""A recording in short windows that overlap, one for each step of time, read piece by piece: hours take no more memory than
minutes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Floats
    from workbench.runtimes.sound_network import SoundNetwork

AT_ONCE = 32


@dataclass(frozen=True)
class Frames:
    """Steps one after the other.

    Attributes:
        first: number of the first; a step's middle lies (first + 0.5) * hop seconds into the recording.
        windows: the sound around each, float32 [T] at the network's rate.
        heard: seconds of the recording that were read so far.
    """

    first: int
    windows: list[Floats]
    heard: float


def frames(sound: Iterator[Floats], rate: int, window: float, hop: float) -> Iterator[Frames]:
    """Windows of `window` seconds around the middle of each step of `hop` seconds, `AT_ONCE` at a time. The recording begins
    and ends in silence; a last step that is not whole counts.

    Args:
        sound: blocks of any length, float32 [T] at `rate` Hz.
    """
    import numpy as np

    size, step = max(1, round(window * rate)), hop * rate
    before = max(0, round((window - hop) / 2 * rate))
    held = np.zeros(before, np.float32)
    start = -before  # sample of the recording at the beginning of `held`
    number, total = 0, 0
    waiting: list[Floats] = []

    def cut(last: int | None) -> Iterator[Frames]:
        """All windows that are whole; with `last` (samples of the recording): all to its end."""
        nonlocal number, held, start, waiting
        while True:
            begins = round(number * step) - before
            if last is None and begins + size > start + len(held):
                break
            if last is not None and round(number * step) >= last:
                break
            piece = held[begins - start : begins - start + size]
            if len(piece) < size:
                piece = np.pad(piece, (0, size - len(piece)))
            waiting.append(piece)
            number += 1
            if len(waiting) == AT_ONCE:
                yield Frames(number - len(waiting), waiting, min(total / rate, number * hop))
                waiting = []
        drop = max(0, min(len(held), round(number * step) - before - start))
        held, start = held[drop:], start + drop

    for block in sound:
        held = np.concatenate([held, block.astype(np.float32, copy=False)])
        total += len(block)
        yield from cut(None)
    yield from cut(total)
    if waiting:
        yield Frames(number - len(waiting), waiting, total / rate)


def window_features(network: SoundNetwork, windows: list[Floats]) -> torch.Tensor:
    """Pooled features float32 [W, F] of short windows, each by itself; gradients where they are switched on."""
    import torch

    inputs = torch.stack([network.input_of(w) for w in windows]).to(network.device)
    return network.features({"windows": inputs})
