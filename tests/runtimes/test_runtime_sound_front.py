"""What a recording is before the sound starter's network hears it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from workbench.data.sound import read_sound
from workbench.data.types import Sample
from workbench.runtimes.sound_starter_runtime import RATE, mel_filters, spectrogram


def plainly(sound: Any) -> torch.Tensor:
    """The spectrogram as its formula says, by the size of the waves, in float64."""
    power = torch.stft(
        torch.from_numpy(sound).double(), 1024, 320, window=torch.hann_window(1024, dtype=torch.float64), center=True,
        return_complex=True, pad_mode="constant",
    ).abs().square()  # fmt: skip
    decibels = 10 * torch.log10((power.T @ mel_filters().double()).T.clamp(min=1e-10))
    shown = ((decibels - decibels.max()) / 80.0).clamp(-1, 0) * 2 + 1
    return torch.nn.functional.interpolate(
        shown.flip(0)[None, None], size=(224, 224), mode="bilinear", align_corners=False, antialias=True
    )[0].expand(3, -1, -1)


def test_a_spectrogram_is_what_its_formula_says() -> None:
    noise = np.random.default_rng(0)
    places = np.arange(RATE * 5) / RATE
    sounds = (
        0.3 * np.sin(2 * np.pi * 440 * places) + noise.normal(0, 0.02, len(places)),
        noise.normal(0, 1e-4, len(places)),
        np.zeros(len(places)),
        np.sin(2 * np.pi * 200 * places * places),
    )
    for sound in sounds:
        given = sound.astype(np.float32)
        found = spectrogram(given)
        assert found.shape == (3, 224, 224) and found.dtype == torch.float32
        # Between -1 and 1, of 80 dB.
        assert float((found - plainly(given)).abs().max()) < 1e-3


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("odd", [(), (np.nan, np.inf, -np.inf)])
def test_a_recording_is_read_as_mono_and_what_is_no_number_is_none(
    channels: int, odd: tuple[float, ...], tmp_path: Path
) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, (RATE // 2, channels)).astype(np.float32)
    for place, value in enumerate(odd):
        sound[100 * (place + 1), place % channels] = value
    file = tmp_path / "sound.wav"
    soundfile.write(file, sound, RATE, subtype="FLOAT")
    found, cut = read_sound(Sample("sound", path=file), RATE)
    wanted = np.nan_to_num(sound, posinf=1.0, neginf=-1.0).mean(1)
    assert not cut and found.dtype == np.float32 and found.flags.writeable
    assert (found == wanted).all()
