"""DeepSpeech 0.9 (after Hannun et al. 2014, arXiv 1412.5567) from its .tflite file through LiteRT.

The sound becomes 26 cepstral coefficients every 20 ms; the network sees 16 moments at once, each with nine moments to
either side, and carries two states of its recurrent layer along. Of its letters the likeliest are taken (greedy CTC), or
those that the usual order of words makes likelier; DeepSpeech's own scorer of words is not read.
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
from workbench.runtimes.ctc import Letters, Word, best_path, likeliest_words
from workbench.runtimes.onnx_session import LiteSession

if TYPE_CHECKING:
    from workbench.runtimes.base import Floats
    from workbench.runtimes.word_model import WordModel

_RATE = 16_000
_WINDOW, _STEP = 512, 320
_COEFFICIENTS, _CHANNELS = 26, 40
_LOWEST, _HIGHEST = 20.0, 8000.0
_CONTEXT, _MOMENTS = 9, 16
_ALPHABET = " abcdefghijklmnopqrstuvwxyz'"
_LETTERS = Letters((*_ALPHABET, ""), len(_ALPHABET), 0)
# Letters are read in parts of twenty seconds, cut in a pause of the last eight.
_PART, _SEARCHED = 20 * _RATE // _STEP, 8 * _RATE // _STEP
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

    invents = False
    window_seconds = 60.0

    def __init__(self, card: ModelCard, session: LiteSession, size: int) -> None:
        super().__init__(card, None, extra_bytes=size)
        self._session = session

    @property
    def sample_rate(self) -> int:
        return _RATE

    def transcribe(
        self, sound: Iterator[Floats], language: str, control: Control, usual: WordModel | None = None
    ) -> Iterator[Heard]:
        import numpy as np

        shares = np.zeros((0, len(_ALPHABET) + 1), np.float32)
        before = 0  # moments given already
        for found in self._listen(sound, control):
            shares = np.concatenate([shares, found])
            if len(shares) > _PART:
                cut = _pause(shares)
                yield from _heard(shares[:cut], before, usual)
                shares, before = shares[cut:], before + cut
        yield from _heard(shares, before, usual)

    def _listen(self, sound: Iterator[Floats], control: Control) -> Iterator[Any]:
        """Logarithms of the letters' probabilities float32 [n, 29], a few moments at a time."""
        import numpy as np

        samples = np.zeros(0, np.float32)
        rows = [np.zeros((_CONTEXT, _COEFFICIENTS), np.float32)]
        states = {name: np.zeros([max(1, v) for v in self._session.inputs[name]], np.float32) for name in _NEEDED[1:]}

        def look(last: bool) -> Iterator[Any]:
            moments = np.concatenate(rows)
            while len(moments) >= _MOMENTS + 2 * _CONTEXT or (last and len(moments) > 2 * _CONTEXT):
                control.check()
                ready = min(_MOMENTS, len(moments) - 2 * _CONTEXT)
                seen = np.zeros((1, _MOMENTS, 2 * _CONTEXT + 1, _COEFFICIENTS), np.float32)
                for moment in range(ready):
                    seen[0, moment] = moments[moment : moment + 2 * _CONTEXT + 1]
                yield _logarithms(self._step(seen, states)[:ready])
                moments = moments[ready:]
            rows[:] = [moments]

        for block in sound:
            samples = np.concatenate([samples, block])
            found = cepstra(samples)
            rows.append(found)
            samples = samples[len(found) * _STEP :]
            yield from look(last=False)
        rows.append(np.zeros((_CONTEXT, _COEFFICIENTS), np.float32))
        yield from look(last=True)

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


def _logarithms(values: Any) -> Any:
    """Of the network's letters [n, 29]: DeepSpeech's files give probabilities, some conversions of them logits."""
    import numpy as np

    if values.min() >= 0 and np.allclose(values.sum(-1), 1, atol=1e-3):
        return np.log(np.maximum(values, 1e-12)).astype(np.float32)
    shifted = values - values.max(-1, keepdims=True)
    return (shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))).astype(np.float32)


def _pause(shares: Any) -> int:
    """The moment in the middle of the longest stretch without a letter near the end."""
    import numpy as np

    ids = shares[-_SEARCHED:].argmax(-1)
    quiet = np.concatenate([[False], (ids == _LETTERS.blank) | (ids == _LETTERS.gap), [False]])
    changes = np.flatnonzero(quiet[1:] != quiet[:-1]).reshape(-1, 2)
    if not len(changes):
        return len(shares)
    begins, ends = max(changes.tolist(), key=lambda run: run[1] - run[0])
    return len(shares) - len(ids) + (begins + ends) // 2


def _heard(shares: Any, before: int, usual: WordModel | None) -> Iterator[Heard]:
    words: list[Word] = []
    if len(shares):
        words = best_path(shares, _LETTERS) if usual is None else likeliest_words(shares, _LETTERS, usual)
    for word in words:
        begins, ends = (before + word.first) * _STEP / _RATE, (before + word.last + 1) * _STEP / _RATE
        yield Heard(begins, ends, "".join(_LETTERS.texts[t] for t in word.tokens), word.score)


def spells(card: ModelCard) -> bool:
    """Its letters can be helped by the usual order of words."""
    return True


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """A .tflite file. Raises: UserError when it is another network."""
    session = LiteSession(path)
    if not set(_NEEDED) <= set(session.inputs):
        raise UserError(f"“{path.name}” is another network than DeepSpeech.", "Choose another file.")
    return DeepSpeech(card, session, path.stat().st_size)
