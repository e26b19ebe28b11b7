"""What a frozen network hears at each step of a recording, kept on disk in pieces, so that each recording is listened to once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.control import Control
from workbench.data.sound import sound_blocks
from workbench.data.types import Item
from workbench.tasks.kept_features import KeptFeatures

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.sound_network import SoundNetwork

# Steps in one file: a minute of steps of a quarter of a second.
CHUNK = 240
_VERSION = 1
_DIGIT = 1000


class EventFeatures:
    """Args:
    folder: see `workbench.tasks.lesson.Material.features`. window, hop: of the steps, in seconds.
    """

    def __init__(self, network: SoundNetwork, folder: Path, window: float, hop: float, control: Control) -> None:
        text = f"sounds/{_VERSION}/{network.weights_hash}/{network.sample_rate}/{window}/{hop}/{network.any_length}"
        self._network, self._control = network, control
        self._window, self._hop = window, hop
        self._kept = KeptFeatures(folder, hashlib.sha256(text.encode()).hexdigest()[:32])

    def make_room(self, seconds: float) -> None:
        """Let features of other networks go where so much sound would not fit."""
        self._kept.make_room(int(seconds / self._hop * self._network.feature_width * 2))

    def length(self, item: Item) -> tuple[int, float] | None:
        """Number of steps and seconds of a recording that was listened to; None when it was not, or is kept no more."""
        found = self._kept.get(f"{_name(item)}-end")
        if found is None or found[0].numel() != 6:
            return None
        digits = [round(v) for v in found[0].tolist()]
        steps, thousandths = ((a * _DIGIT + b) * _DIGIT + c for a, b, c in (digits[:3], digits[3:]))
        return steps, thousandths / 1000

    def chunk(self, item: Item, number: int) -> torch.Tensor | None:
        """float32 [up to CHUNK, F] of the steps from `number` * CHUNK on; None when it is not kept."""
        found = self._kept.get(f"{_name(item)}-{number}")
        return None if found is None else found[0].float()

    def chunks(self, item: Item) -> Iterator[tuple[int, torch.Tensor, float]]:
        """All steps in order: number of the first, features float32 [up to CHUNK, F], seconds heard at their end. Those that
        are kept are read, else the network listens. Both give the same numbers: they are rounded to half precision.

        Raises:
            UserError: when the recording cannot be read. Cancelled: when asked to stop.
        """
        steps, seconds = self.length(item) or (0, 0.0)
        for first in range(0, steps, CHUNK):
            self._control.check()
            piece = self.chunk(item, first // CHUNK)
            if piece is None:  # it was deleted, or there was no room for it
                yield from self._listen(item, first)
                return
            yield first, piece, min(seconds, (first + CHUNK) * self._hop)
        if not steps:
            yield from self._listen(item, 0)

    def _listen(self, item: Item, skip: int) -> Iterator[tuple[int, torch.Tensor, float]]:
        """`skip`: a multiple of CHUNK; so many steps were given already."""
        import torch

        from workbench.runtimes.sound_frames import frames, window_features

        rate = self._network.sample_rate
        held: list[torch.Tensor] = []
        first, count, heard = 0, 0, 0.0
        for part in frames(sound_blocks(item.sample(), rate), rate, self._window, self._hop):
            self._control.check()
            heard = part.heard
            if part.first + len(part.windows) <= skip:
                first = count = part.first + len(part.windows)
                continue
            with torch.inference_mode():
                made = window_features(self._network, part.windows).half().cpu()
            if part.first < skip:
                made = made[skip - part.first :]
                first = count = skip
            held.append(made)
            count += len(made)
            while count - first >= CHUNK:
                rows = torch.cat(held)
                held = [rows[CHUNK:]]
                self._kept.put(f"{_name(item)}-{first // CHUNK}", (rows[:CHUNK],))
                yield first, rows[:CHUNK].float(), heard
                first += CHUNK
        if count > first:
            rows = torch.cat(held)
            self._kept.put(f"{_name(item)}-{first // CHUNK}", (rows,))
            yield first, rows.float(), heard
        self._kept.put(f"{_name(item)}-end", (_digits(count, heard),))


def _digits(steps: int, seconds: float) -> torch.Tensor:
    """Both numbers (the seconds in thousandths) in digits that half precision holds exactly."""
    import torch

    numbers = (steps, round(seconds * 1000))
    return torch.tensor([float(n // _DIGIT**place % _DIGIT) for n in numbers for place in (2, 1, 0)])


def _name(item: Item) -> str:
    return hashlib.sha256(item.content_key.encode()).hexdigest()[:32]
