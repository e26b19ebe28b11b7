"""Spoken words for tests, made by formants (after Klatt 1980, by adding sines): many voices, no files, the same everywhere.

And a recogniser that is quick and whose answers are known.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import soundfile

from workbench.catalog.card import ModelCard, Source
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.pool import ModelPool
from workbench.runtimes.base import Heard, Loaded

RATE = 16_000

# Formants in Hz (Peterson & Barney 1952), how voiced, how noisy, from where to where the noise lies (kHz), seconds.
PHONES: dict[str, tuple[tuple[float, float, float], float, float, tuple[float, float], float]] = {
    "a": ((730, 1090, 2440), 1.0, 0, (0, 0), 0.13),
    "e": ((530, 1840, 2480), 1.0, 0, (0, 0), 0.11),
    "i": ((270, 2290, 3010), 1.0, 0, (0, 0), 0.13),
    "o": ((570, 840, 2410), 1.0, 0, (0, 0), 0.13),
    "u": ((300, 870, 2240), 1.0, 0, (0, 0), 0.13),
    "I": ((390, 1990, 2550), 1.0, 0, (0, 0), 0.09),
    "A": ((640, 1190, 2390), 1.0, 0, (0, 0), 0.10),
    "r": ((310, 1060, 1380), 0.7, 0, (0, 0), 0.07),
    "l": ((360, 1300, 2700), 0.7, 0, (0, 0), 0.07),
    "w": ((290, 610, 2150), 0.7, 0, (0, 0), 0.07),
    "y": ((260, 2070, 3020), 0.7, 0, (0, 0), 0.06),
    "n": ((250, 1500, 2300), 0.45, 0, (0, 0), 0.08),
    "m": ((250, 1100, 2100), 0.45, 0, (0, 0), 0.08),
    "v": ((300, 1200, 2300), 0.35, 0.12, (2.0, 6.0), 0.07),
    "z": ((300, 1500, 2500), 0.3, 0.35, (4.5, 7.8), 0.09),
    "s": ((300, 1500, 2500), 0.0, 0.6, (4.8, 7.9), 0.12),
    "f": ((300, 1200, 2300), 0.0, 0.2, (1.5, 7.0), 0.10),
    "T": ((300, 1400, 2500), 0.0, 0.18, (3.0, 7.5), 0.09),
    "t": ((300, 1700, 2600), 0.0, 0.5, (3.0, 7.0), 0.03),
    "k": ((300, 1900, 2400), 0.0, 0.5, (1.4, 3.5), 0.04),
    "p": ((300, 900, 2200), 0.0, 0.3, (0.4, 2.0), 0.03),
    "g": ((280, 1900, 2400), 0.4, 0.2, (1.4, 3.0), 0.05),
    "d": ((280, 1700, 2600), 0.4, 0.2, (2.5, 5.0), 0.05),
    ".": ((300, 1200, 2300), 0.0, 0.0, (0, 0), 0.05),
}
WORDS = {
    "zero": "zIro", "one": "wAn", "two": ".tu", "three": "Tri", "four": "for", "five": "faIv", "six": "sI.ks",
    "seven": "sevAn", "eight": "eI.t", "nine": "naIn", "yes": "yes", "no": "nou", "stop": "s.ta.p", "go": ".gou",
    "left": "lef.t", "right": "raI.t", "up": "A.p", "down": ".daun",
}  # fmt: skip
_STEP = 80  # samples between two sets of formants


def say(text: str, voice: int = 0, noise: float = 0.003) -> np.ndarray:
    """Words of `WORDS` spoken by one of any number of voices, float32 at 16,000 Hz, with a moment of silence around."""
    rng = np.random.default_rng(voice)
    pitch, size, pace = rng.uniform(90, 210), rng.uniform(0.88, 1.14), rng.uniform(0.85, 1.2)
    pieces = [np.zeros(int(RATE * rng.uniform(0.08, 0.2)))]
    for word in text.split():
        pieces += [_word(WORDS[word], rng, pitch, size, pace), np.zeros(int(RATE * rng.uniform(0.09, 0.2)))]
    sound = np.concatenate(pieces)
    sound = 0.5 * sound / max(1e-9, np.abs(sound).max())
    return (sound + rng.normal(scale=noise, size=len(sound))).astype(np.float32)


def _word(phones: str, rng: np.random.Generator, pitch: float, size: float, pace: float) -> np.ndarray:
    targets, times = [], [0.0]
    for phone in phones:
        formants, voiced, noisy, band, seconds = PHONES[phone]
        long = seconds * pace * rng.uniform(0.9, 1.15)
        targets.append((*(f * size for f in formants), voiced, noisy, *band))
        times.append(times[-1] + long)
    count = int(times[-1] * RATE) // _STEP
    middles = (np.array(times[1:]) + np.array(times[:-1])) / 2
    at = (np.arange(count) + 0.5) * _STEP / RATE
    rows = np.array(targets)
    # Formants glide from one sound to the next; noise begins and ends at once.
    track = np.stack([np.interp(at, middles, rows[:, c]) for c in range(4)], axis=1)
    here = np.searchsorted(np.array(times[1:]), at).clip(0, len(rows) - 1)
    length = count * _STEP
    tone = pitch * (1.08 - 0.16 * np.arange(length) / max(1, length)) * (1 + 0.01 * np.sin(np.arange(length) / 900))
    phase = 2 * np.pi * np.cumsum(tone) / RATE
    sound = np.zeros(length)
    frame = np.arange(length) // _STEP
    for harmonic in range(1, int(4000 / pitch) + 1):
        hertz = harmonic * tone[::_STEP][:count]
        strength = sum(
            gain / (1 + ((hertz - track[:, n]) / (60 + 25 * n)) ** 2) for n, gain in enumerate((1.0, 0.5, 0.25))
        )
        sound += np.interp(np.arange(length), np.arange(count) * _STEP, strength * track[:, 3]) * np.sin(
            harmonic * phase
        )
    for number in sorted(set(here.tolist())):
        noisy, low, high = rows[number, 4:7]
        inside = here[frame] == number
        if noisy:
            spectrum = np.fft.rfft(rng.normal(size=int(inside.sum())))
            hertz = np.fft.rfftfreq(int(inside.sum()), 1 / RATE)
            spectrum[(hertz < low * 1000) | (hertz > high * 1000)] = 0
            sound[inside] += noisy * 2 * np.fft.irfft(spectrum, int(inside.sum()))
    edge = min(200, length // 2)
    sound[:edge] *= np.linspace(0, 1, edge)
    sound[length - edge :] *= np.linspace(1, 0, edge)
    return sound


def saved(path: Path, sound: np.ndarray, rate: int = RATE) -> Sample:
    """A sound as a file of the kind its ending says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, rate)
    return Sample("sound", path.name, path=path)


def real_voice() -> tuple[np.ndarray, int]:
    """A person's "front center", as alsa-utils brings it; without that package a made-up voice."""
    file = Path("/usr/share/sounds/alsa/Front_Center.wav")
    if file.is_file():
        sound, rate = soundfile.read(file, dtype="float32")
        return sound, int(rate)
    return say("seven nine", 3), RATE


class Counter(Loaded):
    """A `Transcriber` that hears a word wherever it is loud after it was quiet: "one", "two", …; can be slow."""

    sample_rate = RATE
    window_seconds = 20.0
    invents = False

    def __init__(self, seconds: float = 0.0) -> None:
        card = ModelCard("counter", "Counter", ("speech-recognition",), "pocketsphinx", "none", Source("import", "/"))
        super().__init__(card)
        self.seconds = seconds
        self.heard_seconds = 0.0
        self.most_at_once = 0

    def transcribe(self, sound: Any, language: str, control: Control, usual: Any = None) -> Iterator[Heard]:
        names = list(WORDS)
        at, number = 0.0, 0
        for block in sound:
            control.check()
            time.sleep(self.seconds)
            self.heard_seconds += len(block) / RATE
            self.most_at_once = max(self.most_at_once, len(block))
            parts = np.abs(block[: len(block) // 800 * 800].reshape(-1, 800)).max(1) > 0.1
            edges = np.flatnonzero(np.diff(np.concatenate([[False], parts, [False]]).astype(int)))
            for first, last in zip(edges[::2], edges[1::2], strict=True):
                yield Heard(at + first * 0.05, at + last * 0.05, names[number % len(names)], 0.9)
                number += 1
            at += len(block) / RATE


class Speaker(SimpleNamespace):
    """Stands for the library of sound devices: takes what it can of sound, and notes it."""

    class PortAudioError(Exception):
        pass

    def __init__(self, rates: tuple[int, ...] = (48_000,), there: bool = True, pace: float = 0.0) -> None:
        super().__init__()
        self.rates, self.there, self.pace = rates, there, pace
        self.heard: list[Any] = []
        self.opened: list[int] = []
        self.unplugged = False
        self.closed = 0

    def query_devices(self, kind: str) -> dict[str, Any]:
        if not self.there:
            raise ValueError("no output device matching -1")
        return {"default_samplerate": float(self.rates[0])}

    def check_output_settings(self, samplerate: int, channels: int, dtype: str) -> None:
        if samplerate not in self.rates:
            raise self.PortAudioError("Invalid sample rate")

    def OutputStream(self, samplerate: int, **_more: Any) -> Any:
        self.opened.append(samplerate)

        def write(block: Any) -> None:
            if self.unplugged:
                raise self.PortAudioError("device unavailable")
            self.heard.append(block)
            time.sleep(self.pace)

        def close() -> None:
            self.closed += 1

        nothing = lambda: None  # noqa: E731
        return SimpleNamespace(start=nothing, stop=nothing, abort=nothing, write=write, close=close, latency=0.0)


class OneModel(ModelPool):
    """Always gives the same model."""

    def __init__(self, model: Loaded) -> None:
        super().__init__(1)
        self.model = model

    @contextmanager
    def use(self, *_args: Any, **_more: Any) -> Iterator[Loaded]:
        yield self.model


class FakeMicrophones(SimpleNamespace):
    """Stands for the library of sound devices: gives what it is told to, as if from a microphone."""

    class PortAudioError(Exception):
        pass

    def __init__(self) -> None:
        super().__init__()
        self.rate = RATE
        self.listed: list[dict[str, Any]] = [
            {"name": "Loudspeaker", "max_input_channels": 0, "hostapi": 0},
            {"name": "Headset", "max_input_channels": 2, "hostapi": 0},
            {"name": "Desk microphone", "max_input_channels": 1, "hostapi": 0},
            {"name": "Desk microphone (other system)", "max_input_channels": 1, "hostapi": 1},
        ]
        self.default = SimpleNamespace(device=(2, 0))
        self.refuses = self.stereo_only = False
        self.opened: list[tuple[int, int | None, int]] = []
        self._stream: Any = None
        self._callback: Any = None
        self._channels = 1

    def query_devices(self, device: int | None = None, kind: str = "") -> Any:
        if not kind:
            return self.listed
        if not self.listed:
            raise self.PortAudioError("Error querying device -1")
        return {"default_samplerate": float(self.rate), "max_input_channels": 2 if self.stereo_only else 1}

    def InputStream(self, samplerate: int, device: int | None, channels: int, callback: Any, **_more: Any) -> Any:
        if self.refuses or (self.stereo_only and channels == 1):
            raise self.PortAudioError("Invalid number of channels")
        self.opened.append((samplerate, device, channels))
        self._callback, self._channels = callback, channels
        nothing = lambda: None  # noqa: E731
        self._stream = SimpleNamespace(start=nothing, stop=nothing, close=nothing, active=True)
        return self._stream

    def give(self, sound: np.ndarray, pace: float = 0.0) -> None:
        """Sound float32 as it would come, a twentieth of a second at a time; never more than the queue holds."""
        size = self.rate // 20
        values = np.round(np.clip(sound, -1, 1 - 1 / 32768) * 32768).astype(np.int16)
        for number, first in enumerate(range(0, len(values) - size + 1, size)):
            block = np.repeat(values[first : first + size, None], self._channels, 1)
            self._callback(block, size, None, None)
            recorder = getattr(self._callback, "__self__", None)
            # A device takes its time; who gives ten seconds at once waits for a disk that is busy.
            while recorder is not None and recorder.running and recorder._queue.qsize() > 100:
                time.sleep(0.001)
            time.sleep(pace if pace else (0.02 if number % 50 == 49 else 0))

    def unplug(self) -> None:
        self._stream.active = False
