"""How much of a training is spent waiting for items to be read: then quicker reading, and nothing else, makes it quicker."""

from __future__ import annotations

import time

from workbench.control import Control

# From this share on it is worth doing something about it.
_MUCH = 0.25


class Waiting:
    """Of one training in this process. Pauses (`Control.waited`) are neither learning nor waiting.

    On a graphics card it is an upper bound: the card may still be busy with the last step while the next items are waited for.
    """

    def __init__(self, control: Control) -> None:
        self._control = control
        self._began = 0.0
        self._round = self._round_of = 0.0
        self._all = self._all_of = 0.0

    def begin_round(self) -> None:
        self._round, self._began = 0.0, time.monotonic() - self._control.waited

    def waited(self, seconds: float) -> None:
        """So long the next items were not there yet."""
        self._round += seconds

    def end_round(self) -> None:
        self._round_of = max(0.0, time.monotonic() - self._control.waited - self._began)
        self._all += self._round
        self._all_of += self._round_of

    @property
    def of_round(self) -> float:
        """Share of the last round, 0..1; -1 before there was one."""
        return _share(self._round, self._round_of)

    @property
    def share(self) -> float:
        """Share of all rounds, 0..1; -1 before there was one."""
        return _share(self._all, self._all_of)

    @property
    def much(self) -> bool:
        """Whether it is worth doing something about it."""
        return self.share >= _MUCH

    def sentence(self, device: str, nouns: str) -> str:
        """In plain words; "" when nothing was learnt."""
        if self.share < 0:
            return ""
        who = "processor" if device == "cpu" else "graphics card"
        return f"While it learnt, the {who} waited {self.share:.0%} of the time for the {nouns} to be read."

    def advice(self, device: str, nouns: str) -> str:
        return (
            f"{self.sentence(device, nouns)} With {nouns} on a quicker disk, or smaller ones, it would take less time."
        )


def _share(waited: float, whole: float) -> float:
    return min(1.0, waited / whole) if whole > 0 else -1.0
