"""Basic dictation: PocketSphinx with the English model that came inside its package."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.runtimes.base import Heard, Loaded
from workbench.runtimes.sound_windows import windows

if TYPE_CHECKING:
    from workbench.runtimes.base import Floats
    from workbench.runtimes.word_model import WordModel

_RATE = 16_000
_SECONDS = 15.0
_FRAMES = 100  # of its time marks, per second


class Sphinx(Loaded):
    """A `Transcriber`: a classic recogniser of sounds, words and their usual order."""

    invents = True
    window_seconds = _SECONDS

    def __init__(self, card: ModelCard, decoder: Any, size: int) -> None:
        super().__init__(card, None, extra_bytes=size)
        self._decoder = decoder

    @property
    def sample_rate(self) -> int:
        return _RATE

    def transcribe(
        self, sound: Iterator[Floats], language: str, control: Control, usual: WordModel | None = None
    ) -> Iterator[Heard]:
        import numpy as np

        for window in windows(sound, _RATE, _SECONDS, 0.0):
            samples = (np.clip(window.samples, -1, 1) * 32767).astype(np.int16)
            self._decoder.start_utt()
            for begin in range(0, len(samples), _RATE // 2):
                if control.cancelled:
                    break
                self._decoder.process_raw(samples[begin : begin + _RATE // 2].tobytes(), False, False)
            self._decoder.end_utt()
            control.check()
            for part in self._decoder.seg() or ():
                word = part.word.split("(")[0]
                if not word.startswith(("<", "[")):
                    begins = window.start + part.start_frame / _FRAMES
                    yield Heard(begins, window.start + (part.end_frame + 1) / _FRAMES, word)


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """Raises: UserError when the package's model is missing."""
    import pocketsphinx

    try:
        decoder = pocketsphinx.Decoder(samprate=_RATE, loglevel="FATAL")
    except (RuntimeError, ValueError) as error:
        raise UserError(f"The files of “{card.name}” are missing.", "Install the app again.") from error
    return Sphinx(card, decoder, sum(f.stat().st_size for f in path.rglob("*") if f.is_file()))
