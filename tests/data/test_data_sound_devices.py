"""Outlines of recordings and playing them, with a loudspeaker that only notes what it is given."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.control import Control
from workbench.data import playback
from workbench.data.loudness import Loudness
from workbench.data.playback import SoundPlayer
from workbench.data.sound import piece_blocks, sound_blocks, sound_info
from workbench.data.types import Sample
from workbench.data.waveform import PER_SECOND, Outline
from workbench.engine.overview import overview
from workbench.errors import UserError

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from voices import Speaker, real_voice, saved


def until(done: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.005)


# Outlines ---------------------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 999), st.sampled_from([8000, 11_025, 44_100]), st.integers(1, 9))
def test_an_outline_is_that_of_the_samples(seed: int, rate: int, blocks: int) -> None:
    rng = np.random.default_rng(seed)
    sound = (rng.uniform(-1, 1, (rng.integers(1, rate * 12), 2)) * rng.uniform(0, 1)).astype(np.float32)
    outline = Outline(rate)
    for part in np.array_split(sound, blocks):
        outline.add(part)
        outline.waveform()  # may be asked at any time
    whole = outline.waveform(whole=True)
    mono = sound.mean(1)
    assert whole.seconds == pytest.approx(len(sound) / rate, abs=1.01 / PER_SECOND)
    for place, (low, high) in enumerate(whole.levels[0].tolist()):
        piece = mono[place * rate // PER_SECOND : (place + 1) * rate // PER_SECOND]
        assert low <= piece.min() * 127 < low + 1.01 and high - 1.01 < piece.max() * 127 <= high
    # However far one looks from, nothing that sticks out is lost.
    for count in (1, 7, 100, 900):
        columns = whole.columns(0, len(sound) / rate, count)
        assert len(columns) == count
        assert min(c[0] for c in columns) == pytest.approx(mono.min(), abs=0.01)
        assert max(c[1] for c in columns) == pytest.approx(mono.max(), abs=0.01)
    assert whole.columns(1e6, 1e6 + 1, 3) == [(0.0, 0.0)] * 3


def test_an_overview_finds_speech_and_says_what_is_wrong(tmp_path: Path) -> None:
    silent = saved(tmp_path / "silent.wav", np.zeros(16_000 * 3))
    last = list(overview(silent, Control()))[-1]
    assert last.whole and last.seconds == pytest.approx(3, abs=0.01) and last.speech == ()
    assert last.sentence == "The recording is silent."
    loud = saved(tmp_path / "loud.wav", np.clip(3 * np.sin(np.arange(48_000) / 20), -1, 1), 48_000)
    assert "clipped" in list(overview(loud, Control()))[-1].sentence
    fine = saved(tmp_path / "fine.flac", 0.9 * np.sin(np.arange(48_000) / 20), 48_000)
    assert list(overview(fine, Control()))[-1].sentence == ""


def test_a_voice_is_found_where_it_is(tmp_path: Path) -> None:
    sound, rate = real_voice()
    quiet = np.random.default_rng(0).normal(scale=1e-4, size=rate * 2)
    sample = saved(tmp_path / "a.wav", np.concatenate([quiet, sound, quiet, quiet]), rate)
    last = list(overview(sample, Control()))[-1]
    assert last.speech[0][0] == pytest.approx(2.1, abs=0.2)
    assert last.speech[-1][1] == pytest.approx(2 + len(sound) / rate, abs=0.25)


def test_what_is_no_number_is_silence_and_what_is_clipped_is_counted(tmp_path: Path) -> None:
    values = np.zeros(16_000, np.float32)
    values[100], values[200], values[300] = np.nan, np.inf, 0.5
    soundfile.write(tmp_path / "a.wav", values, 16_000, subtype="FLOAT")
    loudness = Loudness()
    read = np.concatenate(list(sound_blocks(Sample("sound", path=tmp_path / "a.wav"), 16_000, loudness)))
    assert np.isfinite(read).all() and read[300] == 0.5 and loudness.peak == 1.0 and not loudness.is_clipped
    counted = Loudness()
    block = np.zeros((1000, 2), np.float32)
    block[10:14, 0] = 1.0
    block[50:52, 1] = -1.0  # two running are a peak, not a top cut off
    block[70:80, 1] = -1.0
    counted.add(block)
    assert counted.clipped == 14 and counted.is_clipped


# Pieces and playing -----------------------------------------------------------------------------------------------------


def test_a_piece_is_read_from_where_it_begins(tmp_path: Path) -> None:
    ramp = np.linspace(-0.5, 0.5, 44_100 * 4)
    sample = saved(tmp_path / "a.wav", np.repeat(ramp[:, None], 6, 1), 44_100)
    assert sound_info(sample).channels == 6
    rate, blocks = piece_blocks(sample, 1.0, 1.5)
    piece = np.concatenate(list(blocks))
    assert rate == 44_100 and len(piece) == 22_050
    np.testing.assert_allclose(piece, ramp[44_100 : 44_100 + 22_050], atol=1e-3)
    assert sum(map(len, piece_blocks(sample, 3.9, float("inf"))[1])) == pytest.approx(4410, abs=2)
    assert list(piece_blocks(sample, 9.0, 10.0)[1]) == []


@pytest.fixture
def speaker(monkeypatch: pytest.MonkeyPatch) -> Speaker:
    made = Speaker()
    monkeypatch.setattr(playback, "sound_devices", lambda: made)
    return made


def test_a_word_is_played_at_the_rate_the_device_takes(speaker: Speaker, tmp_path: Path) -> None:
    sample = saved(tmp_path / "a.wav", 0.5 * np.sin(np.arange(16_000 * 3) / 5), 16_000)
    player = SoundPlayer(sample)
    player.play(1.0, 1.5)
    until(lambda: not player.playing)
    assert player.error is None and speaker.opened == [48_000] and speaker.closed == 1
    assert sum(map(len, speaker.heard)) == pytest.approx(24_000, abs=10)
    assert player.position == pytest.approx(1.5, abs=0.06)
    speaker.rates = (48_000, 16_000)
    player.play(2.0)
    until(lambda: not player.playing)
    assert speaker.opened == [48_000, 16_000] and player.position == pytest.approx(3.0, abs=0.06)


def test_playing_stops_at_once_and_goes_where_it_is_told(speaker: Speaker, tmp_path: Path) -> None:
    sample = saved(tmp_path / "a.wav", np.zeros(48_000 * 20), 48_000)
    speaker.pace = 0.01
    player = SoundPlayer(sample)
    player.play()
    until(lambda: player.position > 0.1)
    player.go_to(10.0)
    assert player.playing and player.position >= 10.0
    until(lambda: player.position > 10.1)
    player.stop()
    stood = player.position
    until(lambda: speaker.closed == 2)
    count = len(speaker.heard)
    time.sleep(0.1)
    assert player.position == stood and len(speaker.heard) <= count + 1 and not player.playing
    player.go_to(3.0)
    assert player.position == 3.0 and not player.playing


def test_no_loudspeaker_is_a_sentence(speaker: Speaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = saved(tmp_path / "a.wav", np.zeros(48_000), 48_000)
    speaker.there = False
    player = SoundPlayer(sample)
    player.play()
    until(lambda: not player.playing)
    assert player.error is not None and "no loudspeaker" in str(player.error)
    speaker.there, speaker.unplugged = True, True
    player.play()
    until(lambda: not player.playing)
    assert "disconnected" in str(player.error)
    (tmp_path / "a.wav").write_bytes(b"nothing")
    player.play()
    until(lambda: not player.playing)
    assert isinstance(player.error, UserError)
