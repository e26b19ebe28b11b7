"""DeepSpeech 0.9 (after Hannun et al. 2014, arXiv 1412.5567) from its .tflite file through LiteRT.

The sound becomes 26 cepstral coefficients every 20 ms; the network sees 16 moments at once, each with nine moments to
either side, and carries two states of its recurrent layer along. Of its letters the likeliest are taken (greedy CTC);
the optional scorer of words is not used.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.runtimes.base import Heard, Loaded
from workbench.runtimes.onnx_session import LiteSession

if TYPE_CHECKING:
    from workbench.runtimes.base import Floats

_RATE = 16_000
_WINDOW, _STEP = 512, 320
_COEFFICIENTS, _CHANNELS = 26, 40
_LOWEST, _HIGHEST = 20.0, 8000.0
_CONTEXT, _MOMENTS = 9, 16
_ALPHABET = " abcdefghijklmnopqrstuvwxyz'"
_NEEDED = ("input_node", "previous_state_c", "previous_state_h")


@cache
def _filters() -> Any:
    """Triangles on the mel scale, float64 [257, 40], as TensorFlow's Mfcc operation lays them."""
    import numpy as np

    def mel(hertz: Any) -> Any:
        return 1127.0 * np.log1p(np.asarray(hertz) / 700.0)

    bins = _WINDOW // 2 + 1
    low, high = mel(_LOWEST), mel(_HIGHEST)
    spacing = (high - low) / (_CHANNELS + 1)
    centres = low + spacing * np.arange(1, _CHANNELS + 2)
    hertz = 0.5 * _RATE / (bins - 1)
    first, last = int(1.5 + _LOWEST / hertz), int(_HIGHEST / hertz)
    weights = np.zeros((bins, _CHANNELS))
    for place in range(first, min(last, bins - 1) + 1):
        at = float(mel(place * hertz))
        channel = int(np.searchsorted(centres, at)) - 1  # the last centre below
        left = low if channel < 0 else centres[channel]
        share = (centres[channel + 1] - at) / (centres[channel + 1] - left) if channel + 1 <= _CHANNELS else 0.0
        if channel >= 0:
            weights[place, channel] += share
        if channel + 1 < _CHANNELS:
            weights[place, channel + 1] += 1 - share
    return weights


@cache
def _cosines() -> Any:
    """The discrete cosine transform, float64 [40, 26]."""
    import numpy as np

    places = np.arange(_CHANNELS)[:, None] + 0.5
    return np.sqrt(2.0 / _CHANNELS) * np.cos(np.pi / _CHANNELS * places * np.arange(_COEFFICIENTS)[None, :])


def cepstra(samples: Floats) -> Floats:
    """Mel-frequency cepstral coefficients float32 [N, 26] of sound float32 [T] at 16 kHz, N = (T - 512) // 320 + 1.

    As TensorFlow's AudioSpectrogram and Mfcc operations compute them (Davis & Mermelstein 1980).
    """
    import numpy as np

    count = (len(samples) - _WINDOW) // _STEP + 1
    if count < 1:
        return np.zeros((0, _COEFFICIENTS), np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), _WINDOW)[::_STEP][:count]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)
    loudness = np.abs(np.fft.rfft(frames * hann, axis=1))
    heard = np.log(np.maximum(loudness @ _filters(), 1e-12))
    coefficients: Floats = (heard @ _cosines()).astype(np.float32)
    return coefficients


class DeepSpeech(Loaded):
    """A `Transcriber`; memory does not grow with the length of the sound."""

    def __init__(self, card: ModelCard, session: LiteSession, size: int) -> None:
        super().__init__(card, None, extra_bytes=size)
        self._session = session

    @property
    def sample_rate(self) -> int:
        return _RATE

    def transcribe(self, sound: Iterator[Floats], language: str, control: Control) -> Iterator[Heard]:
        import numpy as np

        samples = np.zeros(0, np.float32)
        rows = [np.zeros((_CONTEXT, _COEFFICIENTS), np.float32)]
        letters = _Letters()
        states = {name: np.zeros([max(1, v) for v in self._session.inputs[name]], np.float32) for name in _NEEDED[1:]}

        def listen(last: bool) -> Iterator[Heard]:
            moments = np.concatenate(rows)
            while len(moments) >= _MOMENTS + 2 * _CONTEXT or (last and len(moments) > 2 * _CONTEXT):
                control.check()
                ready = min(_MOMENTS, len(moments) - 2 * _CONTEXT)
                seen = np.zeros((1, _MOMENTS, 2 * _CONTEXT + 1, _COEFFICIENTS), np.float32)
                for moment in range(ready):
                    seen[0, moment] = moments[moment : moment + 2 * _CONTEXT + 1]
                shares = self._step(seen, states)[:ready]
                yield from letters.take(shares.argmax(-1).tolist())
                moments = moments[ready:]
            rows[:] = [moments]

        for block in sound:
            samples = np.concatenate([samples, block])
            found = cepstra(samples)
            rows.append(found)
            samples = samples[len(found) * _STEP :]
            yield from listen(last=False)
        rows.append(np.zeros((_CONTEXT, _COEFFICIENTS), np.float32))
        yield from listen(last=True)
        yield from letters.end()

    def _step(self, seen: Floats, states: dict[str, Any]) -> Any:
        """One run of the network: letters' values [16, 29]; the states are replaced."""
        import numpy as np

        given = {name: np.zeros([max(1, v) for v in shape], np.float32) for name, shape in self._session.inputs.items()}
        given |= {"input_node": seen, **states}
        answers = dict(zip(self._session.outputs, self._session.run(given), strict=True))
        letters = None
        for name, value in answers.items():
            if name.startswith("new_state_c"):
                states["previous_state_c"] = value
            elif name.startswith("new_state_h"):
                states["previous_state_h"] = value
            elif value.size == _MOMENTS * (len(_ALPHABET) + 1):
                letters = value.reshape(_MOMENTS, -1)
        if letters is None:
            raise UserError(f"“{self.card.name}” is another network than DeepSpeech.", "Choose another file.")
        return letters


class _Letters:
    """Greedy CTC: repeated letters are one, blanks part them; a word is given when a space ends it."""

    def __init__(self) -> None:
        self._moment = 0
        self._previous = len(_ALPHABET)
        self._word = ""
        self._began = 0.0

    def take(self, places: list[int]) -> Iterator[Heard]:
        for place in places:
            at = self._moment * _STEP / _RATE
            self._moment += 1
            if place != self._previous and place < len(_ALPHABET):
                if _ALPHABET[place] == " ":
                    yield from self._give(at)
                else:
                    self._began = self._began if self._word else at
                    self._word += _ALPHABET[place]
            self._previous = place

    def end(self) -> Iterator[Heard]:
        yield from self._give(self._moment * _STEP / _RATE)

    def _give(self, at: float) -> Iterator[Heard]:
        if self._word:
            yield Heard(self._began, at, self._word)
        self._word = ""


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """A .tflite file. Raises: UserError when it is another network."""
    session = LiteSession(path)
    if not set(_NEEDED) <= set(session.inputs):
        raise UserError(f"“{path.name}” is another network than DeepSpeech.", "Choose another file.")
    return DeepSpeech(card, session, path.stat().st_size)
