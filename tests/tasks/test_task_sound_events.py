"""The parts of finding sounds: windows of a stream, what is known of a step, and from likelihoods to sounds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data.annotations import Annotation
from workbench.data.shapes import Clip
from workbench.data.types import Item
from workbench.runtimes.sound_frames import AT_ONCE, frames
from workbench.tasks.event_decoding import Limits, Tuning, chosen, decoded, spans_of
from workbench.tasks.event_lesson import HOP, steps_of
from workbench.tasks.lesson import Example


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4000), st.integers(1, 997), st.sampled_from([(0.5, 0.25), (1.0, 0.1), (0.25, 0.25)]))
def test_windows_of_a_stream_are_those_of_the_whole(samples: int, block: int, sizes: tuple[float, float]) -> None:
    rate, (window, hop) = 100, sizes
    sound = np.arange(1, samples + 1, dtype=np.float32)

    def blocks() -> Iterator[np.ndarray]:
        for at in range(0, samples, block):
            yield sound[at : at + block]

    given_ = list(frames(blocks(), rate, window, hop))
    made = [w for part in given_ for w in part.windows]
    assert [part.first for part in given_] == list(range(0, len(made), AT_ONCE)) and given_[-1].heard == samples / rate
    size, before = round(window * rate), round((window - hop) / 2 * rate)
    padded = np.concatenate([np.zeros(before, np.float32), sound, np.zeros(size + rate, np.float32)])
    assert len(made) == -(-samples // round(hop * rate))
    for number, found in enumerate(made):
        start = round(number * hop * rate)
        assert (found == padded[start : start + size]).all()


def example(marked: bool) -> Example:
    marks = (
        Annotation(Clip(1.0, 2.0), 1), Annotation(Clip(3.05, 3.1), 2), Annotation(Clip(5.0, 6.0), 1, ignored=True),
        Annotation(Clip(7.0, 8.0), 9),
    )  # fmt: skip
    return Example(Item(1, "sound", "x", seconds=10.0, marked=marked), -1, marks, (0, 1, 0, -1))


def test_only_what_is_done_is_known_to_be_silent() -> None:
    middles = (np.arange(40) + 0.5) * HOP
    heard, known = steps_of(example(True), 2, middles)
    assert heard[:, 0].nonzero()[0].tolist() == [4, 5, 6, 7]  # from 1.0 to 2.0
    assert heard[:, 1].nonzero()[0].tolist() == [12]  # shorter than a step: the one it lies in
    # What is unsure, or of a class that is not taught, says nothing.
    assert (~known).nonzero()[0].tolist() == [20, 21, 22, 23, 28, 29, 30, 31]
    heard, known = steps_of(example(False), 2, middles)
    assert known.nonzero()[0].tolist() == [4, 5, 6, 7, 12]


def test_from_likelihoods_to_sounds() -> None:
    likely = np.array([0, 0.9, 0.9, 0.1, 0.9, 0.9, 0, 0, 0, 0.9, 0, 0], np.float32)
    assert spans_of(likely, Limits(0.5, 1, 0, 1)) == [(1, 3), (4, 6), (9, 10)]
    assert spans_of(likely, Limits(0.5, 1, 1, 2)) == [(1, 6)]
    assert spans_of(likely, Limits(0.5, 3, 0, 1)) == [(1, 6)]
    tuning = Tuning(0.5, 0.25, (Limits(0.5, 1, 0, 1),))
    events = decoded(likely[:, None], ["owl"], tuning, 2.3)
    assert [(e.begins, e.ends) for e in events] == [(0.25, 0.75), (1.0, 1.5), (2.25, 2.3)]
    again = Tuning.from_options(tuning.to_options(), 1)
    assert again == tuning and Tuning.from_options(tuning.to_options(), 2) is None
    assert Tuning.from_options({"window": "x", "hop": 1, "limits": []}, 0) is None


def test_limits_are_chosen_for_each_class() -> None:
    rng = np.random.default_rng(1)
    recordings = []
    for _ in range(3):
        likely = np.clip(rng.normal(0.05, 0.03, (80, 3)), 0, 1).astype(np.float32)
        likely[20:28, 0] = 0.35  # heard, but never surely
        likely[40:48, 1] = 0.95
        likely[60:61, 1] = 0.9  # a click that is none
        recordings.append((likely, [[(5.0, 7.0)], [(10.0, 12.0)], []], 20.0))
    tuning = chosen(Tuning(0.5, 0.25, (Limits(),) * 3), recordings)
    first, second, third = tuning.limits
    assert 0.1 <= first.threshold <= 0.3 and second.threshold >= 0.4 and third == Limits()
    events = decoded(recordings[0][0], ["a", "b", "c"], tuning, 20.0)
    assert [(e.label, e.begins, e.ends) for e in events] == [("a", 5.0, 7.0), ("b", 10.0, 12.0)]
    assert events[0].score == pytest.approx(0.35, abs=0.01)
