"""Subtitles: read back by another program, within the bounds broadcasters set, for any words at any times."""

from __future__ import annotations

import io
import itertools
import random

import pytest
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data.exporters.subtitles import (
    LINE,
    LINES,
    LONGEST,
    Cue,
    TimedWord,
    cues,
    srt_text,
    timed_words,
    vtt_text,
)


def speech(seed: int, count: int) -> list[TimedWord]:
    """Words as they are spoken: some with a pause before, some ending a sentence."""
    rng = random.Random(seed)
    words, at = [], rng.uniform(0, 5)
    for _ in range(count):
        at += rng.choice([0.02, 0.05, 0.1, 0.6, 3.0])
        text = "".join(rng.choices("abcdefghij", k=rng.randint(1, 12))) + rng.choice(["", "", "", ",", ".", "?"])
        long = rng.uniform(0.05, 0.8)
        words.append(TimedWord(text, at, at + long))
        at += long
    return words


def read_back(text: str, form: str) -> list[webvtt.Caption]:
    buffer = io.StringIO(text)
    return list(webvtt.from_buffer(buffer, format=form))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 120))
def test_subtitles_keep_to_the_rules_and_lose_no_word(seed: int, count: int) -> None:
    words = speech(seed, count)
    made = cues(words)
    assert " ".join(c.text.replace("\n", " ") for c in made).split() == [w.text for w in words]
    for cue in made:
        assert 0.05 <= cue.ends - cue.begins <= LONGEST + 1e-6
        assert len(cue.lines) <= LINES and max(map(len, cue.lines)) <= LINE
    for a, b in itertools.pairwise(made):
        assert a.ends <= b.begins
    # A subtitle appears with its first word.
    place = 0
    for cue in made:
        assert cue.begins == pytest.approx(words[place].begins, abs=0.06)
        place += len(cue.text.split())
    for form, text in (("srt", srt_text(made)), ("vtt", vtt_text(made))):
        captions = read_back(text, form)
        assert [c.text for c in captions] == [c.text for c in made]
        for caption, cue in zip(captions, made, strict=True):
            assert caption.start_in_seconds == pytest.approx(int(cue.begins), abs=1)
            hours, minutes, seconds = caption.start.split(":")
            assert int(hours) * 3600 + int(minutes) * 60 + float(seconds) == pytest.approx(cue.begins, abs=0.001)


def test_signs_that_mean_something_are_escaped() -> None:
    cue = [Cue(3661.0004, 3662.9996, ("a <b> & c", "x --> y"))]
    assert "01:01:01.000 --> 01:01:03.000\na &lt;b&gt; &amp; c\nx --&gt; y\n" in vtt_text(cue)
    assert vtt_text(cue).startswith("WEBVTT\n\n")
    assert srt_text(cue) == "1\n01:01:01,000 --> 01:01:03,000\na <b> & c\nx → y\n"
    assert srt_text([]) == "" and vtt_text([]) == "WEBVTT\n"


def test_a_pause_or_a_sentence_ends_a_subtitle() -> None:
    words = [
        TimedWord("One.", 0, 0.4),
        TimedWord("Two", 0.9, 1.2),
        TimedWord("three", 1.25, 1.6),
        TimedWord("four", 3, 3.2),
    ]
    made = cues(words)
    assert [c.lines for c in made] == [("One.",), ("Two three",), ("four",)]
    assert made[0].ends == pytest.approx(0.85) and made[1].ends == pytest.approx(1.9)
    assert made[2].ends == pytest.approx(4.0)  # a second at least, where there is room


def test_long_pieces_and_scripts_without_blanks_are_parted() -> None:
    text = "the quick brown fox jumps over the lazy dog " * 8
    words = timed_words(text, [(0, len(text), 10.0, 34.0)])
    assert len(words) == 72 and words[0].begins == 10.0 and words[-1].ends == pytest.approx(34.0)
    made = cues(words)
    assert len(made) >= 4 and all(len(c.lines) <= 2 for c in made)
    chinese = "今天天气很好我们去公园散步吧然后一起吃午饭"
    signs = timed_words(chinese, [(n, n + 1, n / 5, n / 5 + 0.2) for n in range(len(chinese))])
    assert [w.glued for w in signs] == [False, *[True] * (len(chinese) - 1)]
    only = cues(signs)
    assert "".join(c.text.replace("\n", "") for c in only) == chinese and " " not in only[0].text
    assert max(len(line) for c in only for line in c.lines) <= LINE // 2


def test_words_at_impossible_times_still_make_a_file() -> None:
    words = [TimedWord("a", 5, 4), TimedWord("b", 5, 5), TimedWord("c", 1, 90), TimedWord("d", 5, 5.1)]
    made = cues(words)
    assert sorted(" ".join(c.text for c in made).split()) == ["a", "b", "c", "d"]
    assert all(a.ends <= b.begins and a.begins < a.ends for a, b in itertools.pairwise(made))
    assert len(read_back(srt_text(made), "srt")) == len(made)
