"""Writing down what is being said: what is sure is settled at each pause, what comes after it is shown as it sounds so far."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.loudness import Loudness
from workbench.data.sound import resampled
from workbench.tasks.base import TryOptions
from workbench.tasks.predictions import Text
from workbench.tasks.speech_recognition import LANGUAGE, Transcript, shifted, usual_words

if TYPE_CHECKING:
    from workbench.runtimes.base import Floats, Transcriber
    from workbench.runtimes.sound_windows import Window

# A pause that settles what was said before it; what goes on without one is settled after so long (seconds).
_PAUSE, _LONGEST = 0.7, 15.0
# What is being said is listened to again when so much more of it has come, and when the computer has had time for it.
_MORE_SECONDS = 0.6


def dictate(
    hearer: Transcriber, blocks: Iterator[Floats], rate: int, options: TryOptions, control: Control
) -> Iterator[Text]:
    """The text as it grows while somebody speaks, the last one whole. Its last words may change until they are settled.

    Args:
        blocks: mono sound float32 at `rate` Hz as it is recorded; it may come slower than it is taken.

    Raises:
        UserError: when the file of usual words cannot be read. Cancelled: when asked to stop.
    """
    import numpy as np

    from workbench.runtimes.speech_finder import RATE, Cutter, SpeechFinder

    language, usual = options.text(LANGUAGE), usual_words(options)
    finder, cutter = SpeechFinder(), Cutter(min(_LONGEST, hearer.window_seconds), _PAUSE)
    settled, loudness = Transcript(), Loudness()
    heard_until, cost = 0.0, 0.0  # of what is not settled: up to where it was listened to, and how long that took
    unsettled = False

    def listen(window: Window, into: Transcript) -> None:
        sound = _at(window.samples, RATE, hearer.sample_rate)
        for heard in hearer.transcribe(iter([sound]), language, control, usual):
            into.add(shifted(heard, window.start))

    for block in resampled(_watched(blocks, loudness), rate, RATE):
        control.check()
        cutter.held = np.concatenate([cutter.held, block])
        grown = False
        for share in finder.hear(block).tolist():
            for window in cutter.add(share):
                listen(window, settled)
                grown = True
        cutter.forget()
        if grown:
            heard_until, unsettled = 0.0, False
            yield settled.text()
        waiting = cutter.waiting()
        if waiting is None:
            if unsettled:
                unsettled = False
                yield settled.text()
            continue
        until = waiting.start + len(waiting.samples) / RATE
        if until - max(heard_until, waiting.start) >= max(_MORE_SECONDS, cost):
            began = time.monotonic()
            trial = settled.copy()
            listen(waiting, trial)
            # As long a time is left to the rest of the computer as the listening takes.
            heard_until, cost, unsettled = until, time.monotonic() - began, True
            yield trial.text(settled=len(settled.words))
    for share in finder.hear(np.zeros(0, np.float32), last=True).tolist():
        for window in cutter.add(share):
            listen(window, settled)
    for window in cutter.end():
        listen(window, settled)
    nothing = "" if settled.words or loudness.silent else "Nothing was understood: is there speech in it?"
    yield settled.text(" ".join(part for part in (loudness.sentence(), nothing) if part), finished=True)


def _watched(blocks: Iterator[Floats], loudness: Loudness) -> Iterator[Floats]:
    for block in blocks:
        loudness.add(block[:, None])
        yield block


def _at(samples: Any, own: int, rate: int) -> Any:
    import numpy as np

    return samples if own == rate else np.concatenate(list(resampled(iter([samples]), own, rate)))
