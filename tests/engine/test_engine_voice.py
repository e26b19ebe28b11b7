"""When somebody has stopped speaking, and what of a growing answer can be read aloud already."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.control import Control
from workbench.engine.voice import Sentences, echo_of, speakable, speech_events

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from voices import real_voice


def grown(text: str, steps: list[int]) -> list[str]:
    sentences, found, at = Sentences(), [], 0
    for step in steps:
        at = min(len(text), at + step)
        found += sentences.add(text[:at])
    return [*found, *sentences.add(text, last=True)]


def test_sentences_come_as_soon_as_they_are_whole() -> None:
    sentences = Sentences()
    assert sentences.add("A lamp gives light") == []
    assert sentences.add("A lamp gives light. ") == []  # it may go on
    assert sentences.add("A lamp gives light. Dr. Berg") == ["A lamp gives light."]
    assert sentences.add("A lamp gives light. Dr. Berg has 3.5 lamps! Yes") == ["Dr. Berg has 3.5 lamps!"]
    assert sentences.add("A lamp gives light. Dr. Berg has 3.5 lamps! Yes", last=True) == ["Yes"]


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("**Bold** and `code` [1].", ["Bold and code ."]),
        ("# Title\n- one\n- two", ["Title", "one", "two"]),
        ("See https://a.example/x?y=1 now. Then go.", ["See  now.", "Then go."]),
        ("Do this:\n```python\nprint(1). Or not.\n```\nDone.", ["Do this:", "Done."]),
        ("灯は光る。月も光る。", ["灯は光る。", "月も光る。"]),
        ("هل هذا مصباح؟ نعم.", ["هل هذا مصباح؟", "نعم."]),
        ("😀 👍🏽", []),
        ("1. First thing\n2. Second thing", ["1. First thing", "2. Second thing"]),
        ('He said "go." Then left.', ['He said "go."', "Then left."]),
    ],
)
def test_what_nobody_reads_aloud_is_left_out(text: str, spoken: list[str]) -> None:
    assert grown(text, [1] * len(text)) == spoken == grown(text, [len(text)])


@given(st.text(alphabet="ab. !?\n`*[]1", max_size=120), st.randoms())
@settings(max_examples=200, deadline=None)
def test_no_word_is_lost_or_said_twice_however_it_grows(text: str, dice: random.Random) -> None:
    steps = [dice.randint(1, 9) for _ in range(len(text) + 1)]
    letters = [c for c in "".join(grown(text, steps)) if c in "ab"]
    assert letters == [c for c in speakable(text) if c in "ab"]


def blocks(sound: np.ndarray, rate: int) -> list[np.ndarray]:
    return [sound[n : n + rate // 20] for n in range(0, len(sound), rate // 20)]


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_the_end_of_speech_is_heard_and_breath_is_not_the_end(rate: int) -> None:
    from workbench.data.sound import resampled

    voice, own = real_voice()
    voice = np.concatenate(list(resampled(iter([voice]), own, rate)))
    still = np.zeros(int(2 * rate), np.float32)
    sound = np.concatenate([still, voice, still[: rate // 2], voice, still])
    found = list(speech_events(iter(blocks(sound, rate)), rate, Control()))
    assert [e.kind for e in found] == ["began", "ended"]
    assert 1.8 < found[0].at < 2.6 and found[1].at > 2 + 1.5 * len(voice) / rate


def test_silence_and_noise_are_no_speech() -> None:
    rng = np.random.default_rng(0)
    for loud in (0.0, 0.02):
        sound = (rng.normal(size=48_000) * loud).astype(np.float32)
        click = sound.copy()
        click[8000:8200] = 0.9
        assert list(speech_events(iter(blocks(click, 16_000)), 16_000, Control())) == []


def test_its_own_voice_is_told_from_the_persons() -> None:
    assert echo_of("a lamp gives light", "A lamp gives light, as does the moon.")
    assert not echo_of("stop and tell me about soup", "A lamp gives light, as does the moon.")
    assert not echo_of("", "A lamp")
