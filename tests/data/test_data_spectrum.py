"""The spectrum of a recording for drawing, coarse and fine, and edges put to the silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from workbench.control import Control
from workbench.data.clip_snap import snapped
from workbench.data.spectrum import BANDS, FINE, PIECE_SECONDS, fine_piece, pitch_at, share_of
from workbench.data.types import Sample
from workbench.engine.sound_view import sound_view
from workbench.errors import UserError

RATE = 16_000


@pytest.fixture
def tone(tmp_path: Path) -> Sample:
    """Silence with a tone of 2,000 Hz from 3 to 4 seconds, 20 seconds long."""
    t = np.arange(20 * RATE) / RATE
    sound = (t >= 3) * (t < 4) * 0.5 * np.sin(2 * np.pi * 2000 * t)
    sound += np.random.default_rng(0).normal(size=t.size) * 1e-3
    soundfile.write(tmp_path / "tone.wav", np.stack([sound, sound], axis=1), RATE)
    return Sample("sound", "tone", path=tmp_path / "tone.wav")


def rows_of(data: bytes, width: int) -> np.ndarray:
    return np.frombuffer(data, np.uint8).reshape(BANDS, width)[::-1]


def test_a_tone_is_seen_where_it_is(tone: Sample) -> None:
    *_, view = sound_view(tone, Control())
    assert view.whole and view.seconds == 20.0 and view.spectrum.top == RATE / 2
    picture = rows_of(view.spectrum.picture(0.0, 20.0, 200), 200)
    band, column = np.unravel_index(int(picture.argmax()), picture.shape)
    assert 30 <= column <= 40
    assert band == pytest.approx(share_of(2000, RATE / 2) * BANDS, abs=1.5)
    assert picture[band, 35] - int(picture[band, 100]) > 60  # over 30 dB
    # Closer, and beyond the end: nothing.
    near = rows_of(view.spectrum.picture(2.5, 4.5, 400), 400)
    loud = np.flatnonzero(near[band] > 180) / 400 * 2 + 2.5
    assert loud.min() == pytest.approx(3.0, abs=0.1) and loud.max() == pytest.approx(4.0, abs=0.1)
    assert not rows_of(view.spectrum.picture(25.0, 30.0, 10), 10).any()


def test_fine_pieces_join(tone: Sample) -> None:
    width, data = fine_piece(tone, 0)
    assert width == PIECE_SECONDS * FINE
    picture = rows_of(data, width)
    band = round(share_of(2000, RATE / 2) * BANDS)
    loud = np.flatnonzero(picture[band - 1 : band + 2].max(0) > 200) / FINE
    assert loud.min() == pytest.approx(3.0, abs=0.03) and loud.max() == pytest.approx(4.0, abs=0.03)
    last = rows_of(fine_piece(tone, 2)[1], width)
    assert last[:, :395].all() and not last[:, 405:].any()  # it ends at 20 seconds


def test_pitches() -> None:
    for hertz in (100.0, 1000.0, 7000.0):
        assert pitch_at(share_of(hertz, 8000), 8000) == pytest.approx(hertz)


def test_edges_to_the_silence(tone: Sample) -> None:
    *_, view = sound_view(tone, Control())
    for begins, ends in ((2.8, 4.3), (3.2, 3.7), (3.3, 4.4)):
        assert snapped(view.waveform, begins, ends) == pytest.approx((3.0, 4.0), abs=0.05)
    assert snapped(view.waveform, 10.0, 11.0) == (10.0, 11.0)  # nothing stands out
    assert snapped(view.waveform, 30.0, 31.0) == (30.0, 31.0)


def test_what_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(b"RIFF nothing")
    with pytest.raises(UserError):
        list(sound_view(Sample("sound", "x", path=tmp_path / "x.wav"), Control()))
