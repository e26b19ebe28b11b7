"""Cutting sound into examples while it is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from voices import RATE as VOICE_RATE
from voices import say

from workbench.data.sound_cut import Cutting, examples
from workbench.errors import UserError

RATE = 8000


def in_blocks(sound: np.ndarray, size: int = 397) -> Iterator[np.ndarray]:
    for first in range(0, len(sound), size):
        yield sound[first : first + size]


def ramp(seconds: float) -> np.ndarray:
    return np.arange(round(seconds * RATE), dtype=np.float32)


def claps(*at: float, total: float = 6.0, seconds: float = 0.3, noise: float = 0.001) -> np.ndarray:
    """Tones of a third of a second at these moments, in a little noise."""
    rng = np.random.default_rng(0)
    sound = rng.normal(scale=noise, size=round(total * RATE))
    for begins in at:
        first, count = round(begins * RATE), round(seconds * RATE)
        sound[first : first + count] += 0.3 * np.sin(np.arange(count) * 0.4)
    return sound.astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(1, 30_000), seconds=st.floats(0.2, 3), total=st.floats(0, 9), wait=st.floats(0, 3),
    whole=st.floats(0.1, 8),
)  # fmt: skip
def test_pieces_by_length_are_the_sound_itself(
    size: int, seconds: float, total: float, wait: float, whole: float
) -> None:
    sound = ramp(whole)
    how = Cutting(seconds, wait=wait, total=total)
    found = list(examples(in_blocks(sound, size), RATE, how))
    kept = sound[int(wait * RATE) :]
    kept = kept[: int(total * RATE)] if int(total * RATE) else kept
    length = int(seconds * RATE)
    assert all(len(p) == length for p in found[:-1])
    joined = np.concatenate([*found, np.zeros(0, np.float32)])
    assert (joined == kept[: len(joined)]).all()
    # Nothing but a rest of less than half a piece is left out.
    assert len(kept) - len(joined) < max(length / 2, 0.2 * RATE) + 1


def test_a_piece_comes_as_soon_as_it_is_complete_and_recording_can_end_then() -> None:
    taken: list[int] = []

    def blocks() -> Iterator[np.ndarray]:
        for number in range(1000):
            taken.append(number)
            yield ramp(0.05)

    stream = examples(blocks(), RATE, Cutting(1.0, wait=0.5, total=2.0))
    assert len(next(stream)) == RATE and len(taken) == 30
    assert len(list(stream)) == 1 and len(taken) == 50


def test_a_held_recording_is_one_piece_however_long() -> None:
    assert [len(p) for p in examples(in_blocks(ramp(13.7)), RATE, Cutting())] == [round(13.7 * RATE)]
    assert list(examples(in_blocks(ramp(0.1)), RATE, Cutting())) == []


@pytest.mark.parametrize("noise", [0.0, 0.001, 0.01])
def test_at_pauses_there_is_a_piece_for_each_time_something_is_heard(noise: float) -> None:
    at = (0.8, 2.0, 3.1, 4.7)
    sound = claps(*at, noise=noise)
    found = list(examples(in_blocks(sound), RATE, Cutting(2.0, at_pauses=True)))
    assert len(found) == 4
    for begins, piece in zip(at, found, strict=True):
        # The tone whole, and a tenth of a second around it.
        assert 0.3 <= len(piece) / RATE <= 0.3 + 0.3
        where = next(
            n for n in range(round((begins - 0.2) * RATE), round(begins * RATE) + 1)
            if (sound[n : n + len(piece)] == piece).all()
        )  # fmt: skip
        assert where <= begins * RATE and where + len(piece) >= (begins + 0.3) * RATE


def test_what_goes_on_and_on_is_cut_by_length_and_a_click_is_nothing() -> None:
    sound = np.concatenate([claps(total=1.0), claps(0, total=5.0, seconds=5.0), claps(total=1.0)])
    found = list(examples(in_blocks(sound), RATE, Cutting(1.0, at_pauses=True)))
    assert 4 <= len(found) <= 6 and all(len(p) <= RATE for p in found)
    click = claps(2.0, seconds=0.02)
    assert list(examples(in_blocks(click), RATE, Cutting(1.0, at_pauses=True))) == []
    assert list(examples(in_blocks(claps()), RATE, Cutting(1.0, at_pauses=True))) == []


def test_spoken_places_are_cut_one_by_one() -> None:
    """Real voices where the system has them ("front left", "rear center" …), said one after the other."""
    folder = Path("/usr/share/sounds/alsa")
    names = ("Front_Left", "Rear_Center", "Side_Right", "Front_Center", "Rear_Left", "Side_Left")
    if all((folder / f"{n}.wav").is_file() for n in names):
        spoken = [soundfile.read(folder / f"{n}.wav", dtype="float32") for n in names]
    else:
        spoken = [(say("seven nine", n), VOICE_RATE) for n in range(6)]
    rate = spoken[0][1]
    quiet = np.random.default_rng(0).normal(scale=0.0005, size=rate).astype(np.float32)
    sound = np.concatenate([quiet, *(np.concatenate([s, quiet]) for s, _ in spoken)])
    # Two words belong together when they are said in one breath: at most twice as many pieces as there were places.
    found = list(examples(in_blocks(sound, 2400), rate, Cutting(3.0, at_pauses=True)))
    assert 6 <= len(found) <= 12
    assert sum(map(len, found)) < len(sound) * 0.75
    loud = sum(float(np.square(piece).sum()) for piece in found)
    assert loud > 0.98 * float(np.square(sound).sum()), "something that was said is lost"


@pytest.mark.parametrize("wrong", [{"seconds": 0.1}, {"seconds": 11.0}, {"wait": -1.0}])
def test_what_makes_no_sense_is_a_sentence(wrong: dict[str, float]) -> None:
    with pytest.raises(UserError):
        Cutting(**wrong)  # type: ignore[arg-type]
