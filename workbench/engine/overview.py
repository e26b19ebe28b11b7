"""A recording at a glance, for the strip the window draws of it: its outline, and where somebody speaks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from workbench.control import Control
from workbench.data.loudness import Loudness
from workbench.data.sound import sound_blocks, sound_info
from workbench.data.types import Sample
from workbench.data.waveform import Outline, Waveform

# What has been read so far is given this often.
_EVERY_SECONDS = 0.4
_SHORTEST_GAP = 0.3


@dataclass(frozen=True)
class Overview:
    """
    Attributes:
        seconds: length of the recording; of what was read so far where the file does not say.
        speech: (begins, ends) seconds in which somebody speaks, in order.
        sentence: what a person should know of its loudness; "" when all is well or not everything has been read.
        whole: everything has been read.
    """

    waveform: Waveform
    seconds: float
    speech: tuple[tuple[float, float], ...] = ()
    sentence: str = ""
    whole: bool = False


def overview(sample: Sample, control: Control) -> Iterator[Overview]:
    """Read a recording once; what is known of it now and then, at last of all of it.

    Raises:
        UserError: when it cannot be read. Cancelled: when asked to stop.
    """
    from workbench.runtimes.speech_finder import RATE, SpeechFinder, Stretch, Stretches

    info = sound_info(sample)
    outline, loudness = Outline(info.rate), Loudness()
    finder, stretches = SpeechFinder(), Stretches()
    speech: list[tuple[float, float]] = []
    told, heard = time.monotonic(), 0

    def add(found: Stretch | None) -> None:
        if found is None:
            return
        if speech and found.begins - speech[-1][1] < _SHORTEST_GAP:
            speech[-1] = speech[-1][0], found.ends
        else:
            speech.append((found.begins, found.ends))

    for block in sound_blocks(sample, RATE, outline, loudness):
        control.check()
        heard += len(block)
        for share in finder.hear(block).tolist():
            add(stretches.add(share))
        if time.monotonic() - told > _EVERY_SECONDS:
            told = time.monotonic()
            yield Overview(outline.waveform(), max(info.seconds, heard / RATE), tuple(speech))
    add(stretches.end(heard / RATE))
    yield Overview(outline.waveform(whole=True), heard / RATE, tuple(speech), loudness.sentence(), whole=True)
