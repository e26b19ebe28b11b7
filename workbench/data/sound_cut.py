"""Cutting sound into examples while it is recorded: by length, or at pauses."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

LEAST_SECONDS, MOST_SECONDS = 0.2, 10.0
_FRAME_SECONDS = 0.02
# So long a silence ends an example at a pause, and so much of the silence goes along on either side.
_PAUSE_SECONDS, _AROUND_SECONDS = 0.3, 0.1
# Loud is what lies this many times above the quiet of the last seconds, and above this size (of 1): 10 dB, -54 dB.
_ABOVE, _FLOOR = 3.2, 0.002
_LOOK_BACK_SECONDS = 4.0
# The part of the frames of that time that is taken for the quiet.
_QUIETEST = 0.1


@dataclass(frozen=True)
class Cutting:
    """How a recording becomes examples.

    Attributes:
        seconds: length of one; 0: as long as the recording is.
        at_pauses: one for each time something is heard, as long as that is, at most `seconds` (0: ten).
        wait: seconds at the beginning that count for nothing (the countdown).
        total: seconds after which it is over; 0: when the recording ends.

    Raises:
        UserError: when these make no sense.
    """

    seconds: float = 0.0
    at_pauses: bool = False
    wait: float = 0.0
    total: float = 0.0

    def __post_init__(self) -> None:
        if self.seconds and not LEAST_SECONDS <= self.seconds <= MOST_SECONDS:
            raise UserError(
                f"An example must be {LEAST_SECONDS:g} to {MOST_SECONDS:g} seconds long.", "Two seconds are usual."
            )
        if min(self.wait, self.total) < 0:
            raise UserError("A time cannot be less than nothing.", "Give a larger number.")


def examples(blocks: Iterator[Floats], rate: int, how: Cutting) -> Iterator[Floats]:
    """Mono blocks float32 at `rate` Hz of any length to examples float32 [T], each as soon as it is complete.

    What is left at the end is an example of its own when it is at least half as long as asked for.
    """
    wanted = _between(blocks, int(how.wait * rate), int(how.total * rate))
    if how.at_pauses:
        yield from _at_pauses(wanted, rate, how.seconds or MOST_SECONDS)
    else:
        yield from _by_length(wanted, rate, how.seconds)


def _between(blocks: Iterator[Floats], skip: int, count: int) -> Iterator[Floats]:
    """Without the first `skip` samples; `count` (0: all) of those that follow."""
    at = 0
    for block in blocks:
        first, last = max(0, skip - at), len(block) if not count else min(len(block), skip + count - at)
        at += len(block)
        if last > first:
            yield block[first:last]
        if count and at >= skip + count:
            return


def _by_length(blocks: Iterator[Floats], rate: int, seconds: float) -> Iterator[Floats]:
    import numpy as np

    size = int(seconds * rate)
    held: list[Floats] = []
    count = 0
    for block in blocks:
        held.append(block)
        count += len(block)
        if size and count >= size:
            whole = np.concatenate(held)
            for first in range(0, count - size + 1, size):
                yield whole[first : first + size]
            held = [whole[count // size * size :]]
            count %= size
    if count and count >= max(LEAST_SECONDS * rate, size / 2):
        yield np.concatenate(held)


def _at_pauses(blocks: Iterator[Floats], rate: int, most: float) -> Iterator[Floats]:
    import numpy as np

    frame = max(1, int(_FRAME_SECONDS * rate))
    pause, around = round(_PAUSE_SECONDS / _FRAME_SECONDS), round(_AROUND_SECONDS / _FRAME_SECONDS)
    longest, least = int(most / _FRAME_SECONDS), round(LEAST_SECONDS / 2 / _FRAME_SECONDS)
    lately: deque[float] = deque(maxlen=round(_LOOK_BACK_SECONDS / _FRAME_SECONDS))
    before: deque[Floats] = deque(maxlen=around)
    inside: list[Floats] = []
    loud_ones = quiet_ones = 0
    rest = np.zeros(0, np.float32)

    def done() -> Floats:
        kept = inside[: len(inside) - max(0, quiet_ones - around)]
        return np.concatenate(kept)

    for block in blocks:
        rest = np.concatenate([rest, block])
        for first in range(0, len(rest) - frame + 1, frame):
            piece = rest[first : first + frame]
            size = float(np.sqrt(np.mean(np.square(piece))))
            lately.append(size)
            quiet = sorted(lately)[int(len(lately) * _QUIETEST)]
            # A sound that lasts is its own quiet: what counts is that it came after something quieter.
            loud = size > max(_FLOOR, min(_ABOVE * quiet, 0.1))
            if not inside and not loud:
                before.append(piece)
                continue
            if not inside:
                inside, before = list(before), deque(maxlen=around)
                loud_ones = quiet_ones = 0
            inside.append(piece)
            loud_ones += loud
            quiet_ones = 0 if loud else quiet_ones + 1
            if quiet_ones >= pause or len(inside) >= longest:
                if loud_ones >= least:
                    yield done()
                before.extend(inside[-around:])
                inside = []
        rest = rest[len(rest) // frame * frame :]
    if inside and loud_ones >= least:
        yield done()
