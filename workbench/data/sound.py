"""Reading recordings of any common kind, in blocks: an hour takes no more memory than a minute."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd
from typing import TYPE_CHECKING, Any, Protocol

from workbench.data.media import read_bytes
from workbench.data.sound_decoder import SUFFIXES as DECODED
from workbench.data.sound_decoder import DecodedSound, decodes, kept_copy, make_copy
from workbench.data.types import Sample
from workbench.data.video import SUFFIXES as VIDEOS
from workbench.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

    Floats = npt.NDArray[np.float32]

_LIBRARY = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".w64", ".rf64", ".caf")
# By their endings; what has pictures too counts as a recording only where somebody asks for its sound.
FILES = tuple(dict.fromkeys((*_LIBRARY, *(s for s in DECODED if s not in VIDEOS))))
WITH_VIDEOS = (*FILES, *VIDEOS)
_BLOCK_SECONDS = 10
_MOST_SECONDS = 24 * 3600
_MOST_BYTES = 8_000_000_000
# The filter of the resampling looks this many input samples to each side, per step of its ratio.
_REACH = 32


class Watcher(Protocol):
    """Looks at a recording while it is read: `workbench.data.loudness.Loudness`, `workbench.data.waveform.Outline`."""

    def add(self, block: Floats) -> None:
        """The next samples as they were recorded, float32 [T, channels] in -1..1."""


@dataclass(frozen=True)
class SoundInfo:
    """What a file says of itself. `seconds` is 0 where it does not say how long it is."""

    seconds: float
    rate: int
    channels: int


def sound_info(sample: Sample) -> SoundInfo:
    """Raises: UserError when it cannot be read."""
    with _open(sample) as stream:
        return SoundInfo(float(stream.frames) / float(stream.samplerate), int(stream.samplerate), int(stream.channels))


def seconds_of(sample: Sample) -> float:
    """How long a recording is. Raises: UserError when it cannot be read."""
    return sound_info(sample).seconds


def sound_blocks(sample: Sample, rate: int, *watchers: Watcher) -> Iterator[Floats]:
    """A recording as mono blocks, float32 in -1..1, at `rate` Hz.

    Args:
        watchers: are told of all samples as they were recorded.

    Raises:
        UserError: when it is no recording, damaged, empty or longer than a day.
    """

    with _open(sample) as stream:
        own = int(stream.samplerate)
        if stream.frames and stream.frames / own > _MOST_SECONDS:
            raise UserError("The recording is longer than a day.", "Cut it into shorter pieces.")
        heard = 0
        try:
            raw = stream.blocks(own * _BLOCK_SECONDS, dtype="float32", always_2d=True)
            for block in resampled(_as_mono(raw, watchers), own, rate):
                heard += len(block)
                yield block
        except RuntimeError as error:  # the library's own errors are of this kind
            raise UserError("The recording is damaged or cut off.", "Copy it again from where it came from.") from error
        if not heard:
            raise UserError("The recording is empty.", "Record it again.")


def _as_mono(blocks: Iterator[Floats], watchers: Sequence[Watcher] = ()) -> Iterator[Floats]:
    import numpy as np

    for block in blocks:
        # Files of floating-point numbers may hold what is no number.
        sane = block if np.isfinite(block).all() else np.nan_to_num(block, posinf=1.0, neginf=-1.0)
        for watcher in watchers:
            watcher.add(sane)
        yield np.ascontiguousarray(sane[:, 0].copy() if sane.shape[1] == 1 else sane.mean(1), dtype=np.float32)


def piece_blocks(
    sample: Sample, begins: float, ends: float, seconds: float = 0.1
) -> tuple[int, Generator[Floats, None, None]]:
    """A piece of a recording for the ear: its rate in Hz, and mono blocks float32 of so many `seconds`. The file is open
    until the last block is taken or the generator is closed.

    Args:
        ends: seconds; infinite for the rest of it.

    Raises:
        UserError: when it cannot be read (while the blocks are taken: when it is damaged).
    """
    rate = sound_info(sample).rate

    def blocks() -> Generator[Floats, None, None]:
        with _open(sample, anywhere=True) as stream:
            frames = int(stream.frames)
            first = min(max(0, int(begins * rate)), frames)
            last = frames if ends == float("inf") else min(frames, int(ends * rate))
            try:
                stream.seek(first)
                size = max(1, int(rate * seconds))
                given = stream.blocks(size, frames=max(0, last - first), dtype="float32", always_2d=True)
                yield from _as_mono(given)
            except RuntimeError as error:
                raise UserError(
                    "The recording is damaged or cut off.", "Copy it again from where it came from."
                ) from error

    return rate, blocks()


def read_sound(sample: Sample, rate: int, max_seconds: float = 600.0) -> tuple[Floats, bool]:
    """A recording whole, up to `max_seconds`, and whether something was left out. Raises: UserError."""
    import numpy as np

    room = int(max_seconds * rate)
    parts: list[Floats] = []
    held = 0
    for block in sound_blocks(sample, rate):
        parts.append(block)
        held += len(block)
        if held > room:  # one sample more than there is room for: so it is known that something was left out
            break
    whole = np.concatenate(parts)
    return whole[:room], held > room


def portrait(sample: Sample, max_seconds: float = 60.0) -> tuple[float, Image]:
    """Length in seconds, and the first minute's spectrum as a small grey picture (time to the right, 32 bands spaced as
    the ear hears them upwards, 80 dB from black to white), for telling recordings apart.

    Raises:
        UserError: when it is no recording, damaged or empty.
    """
    import numpy as np
    from PIL import Image

    rate, frame = 16_000, 1024
    sound, _ = read_sound(sample, rate, max_seconds)
    padded = np.pad(sound, (0, max(0, frame - len(sound))))
    starts = np.arange(0, len(padded) - frame + 1, frame // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, frame)[starts] * np.hanning(frame).astype(np.float32)
    power = np.abs(np.fft.rfft(windows, axis=1)) ** 2
    mels = np.linspace(0, 2595 * np.log10(1 + rate / 2 / 700), 33)
    edges = np.maximum(1, np.round(700 * (10 ** (mels / 2595) - 1) * frame / rate)).astype(int)
    bands = np.stack([power[:, a : max(a + 1, b)].mean(1) for a, b in pairwise(edges)], axis=0)
    decibels = 10 * np.log10(bands + 1e-10)
    grey = np.clip((decibels - decibels.max() + 80) / 80 * 255, 0, 255).astype(np.uint8)
    return seconds_of(sample), Image.fromarray(grey[::-1])


def resampled(blocks: Iterator[Floats], own: int, rate: int) -> Iterator[Floats]:
    """The same sound at another rate. Blocks overlap while they are computed, so that there are no seams."""
    import numpy as np
    from scipy.signal import resample_poly

    if own == rate:
        yield from blocks
        return
    shared = gcd(own, rate)
    up, down = rate // shared, own // shared
    # Cuts lie at multiples of `down` input samples, where an output sample falls exactly.
    reach = (_REACH * max(up, down) // up // down + 1) * down
    held = np.zeros(0, np.float32)
    before = 0  # samples at the start of `held` whose output has been given
    for block in blocks:
        held = np.concatenate([held, block])
        ready = (len(held) - before - reach) // down * down
        if ready <= 0:
            continue
        made = resample_poly(held[: before + ready + reach], up, down)
        first, last = before // down * up, (before + ready) // down * up
        yield made[first:last].astype(np.float32)
        drop = max(0, before + ready - reach) // down * down
        held = held[drop:]
        before = before + ready - drop
    if len(held) > before:
        made = resample_poly(held, up, down)
        yield made[before // down * up :].astype(np.float32)


def _open(sample: Sample, anywhere: bool = False) -> Any:
    """A file to be read as `soundfile.SoundFile`. `anywhere`: not only from its beginning to its end."""
    import soundfile

    try:
        if sample.data is not None:
            return soundfile.SoundFile(io.BytesIO(sample.data))
        if sample.path is None:
            raise UserError("There is no recording here.", "Drop one.")
        if sample.path.is_dir() or not sample.path.is_file() or not sample.path.stat().st_size:
            read_bytes(sample.path)  # says what is wrong
        if sample.path.stat().st_size > _MOST_BYTES:
            raise UserError("The recording is too large.", "Cut it into shorter pieces.")
        if decodes(sample.path):
            copy = make_copy(sample.path) if anywhere else kept_copy(sample.path)
            return soundfile.SoundFile(str(copy)) if copy is not None else DecodedSound(sample.path)
        return soundfile.SoundFile(str(sample.path))
    except (soundfile.LibsndfileError, RuntimeError, OSError) as error:
        raise UserError(
            "This is not a recording the app can read.", "Save it as WAV, FLAC, OGG, MP3 or M4A."
        ) from error
