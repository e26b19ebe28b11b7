"""A recording for the eye: its outline and its spectrum, as they grow while it is read once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from workbench.control import Control
from workbench.data.sound import sound_blocks, sound_info
from workbench.data.spectrum import Spectrum, SpectrumWatcher
from workbench.data.types import Sample
from workbench.data.waveform import Outline, Waveform

# What has been read so far is given this often.
_EVERY_SECONDS = 0.5


@dataclass(frozen=True)
class SoundView:
    """`seconds`: length of the recording, of what was read where the file does not say; `whole`: everything has been read."""

    waveform: Waveform
    spectrum: Spectrum
    seconds: float
    whole: bool = False


def sound_view(sample: Sample, control: Control) -> Iterator[SoundView]:
    """Raises: UserError when it cannot be read. Cancelled: when asked to stop."""
    info = sound_info(sample)
    outline, watcher = Outline(info.rate), SpectrumWatcher(info.rate)
    told, heard = time.monotonic(), 0
    for block in sound_blocks(sample, info.rate, outline, watcher):
        control.check()
        heard += len(block)
        if time.monotonic() - told > _EVERY_SECONDS:
            told = time.monotonic()
            seconds = max(info.seconds, heard / info.rate)
            yield SoundView(outline.waveform(), watcher.spectrum(), seconds)
    yield SoundView(outline.waveform(whole=True), watcher.spectrum(), heard / info.rate, whole=True)
