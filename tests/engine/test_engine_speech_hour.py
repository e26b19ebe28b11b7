"""An hour of talk is written down in the memory a minute takes; what is broken, silent, cut off or clipped is told."""

from __future__ import annotations

import os
import sys
import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import soundfile
from own_time import Watch

from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.predict import predict, predict_live
from workbench.engine.save import save_prediction
from workbench.errors import Cancelled, UserError
from workbench.tasks.base import TryOptions
from workbench.tasks.predictions import Text
from workbench.tasks.registry import get_task

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from voices import RATE, Counter, OneModel, real_voice, saved, say

SPEECH = get_task("speech-recognition")


def an_hour(path: Path, minutes: int = 60) -> Sample:
    """Eight seconds of talk in every half a minute, written a minute at a time."""
    talk = say("one two three four five six seven", 3)[: 8 * RATE]
    part = np.zeros(30 * RATE, np.float32)
    part[RATE : RATE + len(talk)] = talk
    data = (np.concatenate([part, part]) * 32767).astype("<i2").tobytes()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for _ in range(minutes):
            file.writeframes(data)
    return Sample("sound", path.name, path=path)


def test_an_hour_is_written_down_in_flat_memory(tmp_path: Path) -> None:
    sample = an_hour(tmp_path / "hour.wav")
    hearer = Counter()
    process = psutil.Process(os.getpid())
    began = time.monotonic()
    memory: dict[int, int] = {}
    last: Any = None
    seconds = 0.0

    def moved(fraction: float, _words: str) -> None:
        nonlocal seconds
        seconds = max(seconds, fraction * 3600)
        memory.setdefault(int(seconds // 300), process.memory_info().rss)

    for result in predict_live(sample, hearer.card, SPEECH, pool=OneModel(hearer), control=Control(moved)):
        last = result.prediction
    took = time.monotonic() - began
    end = process.memory_info().rss
    assert isinstance(last, Text) and last.finished
    print(
        f"an hour in {took:.0f} s ({3600 / took:.0f} times as quick), {len(last.spans)} words; memory after 5 minutes"
        f" {memory[1] / 1e6:.0f} MB, after 30 {memory[6] / 1e6:.0f} MB, at the end {end / 1e6:.0f} MB"
    )
    assert end - memory[1] < 40e6
    # Only what is said was listened to, in pieces, and the times are those of the recording.
    assert 60 * 16 * 0.5 < hearer.heard_seconds < 60 * 16 * 1.6 and hearer.most_at_once < 21 * RATE
    first = [s.begins for s in last.spans if s.begins < 30]
    final = [s.begins - 3570 for s in last.spans if s.begins >= 3570]
    assert len(first) > 3 and final == pytest.approx(first, abs=0.1)
    save_prediction(last, tmp_path / "hour.srt")
    assert (tmp_path / "hour.srt").read_text().count(" --> ") >= 120


def test_silence_is_skipped_only_where_that_was_asked_for(tmp_path: Path) -> None:
    sample = an_hour(tmp_path / "minutes.wav", 1)
    heard = {}
    for wanted in ("auto", "skip", "hear"):
        hearer = Counter()
        list(predict_live(sample, hearer.card, SPEECH, TryOptions(values={"silence": wanted}), pool=OneModel(hearer)))
        heard[wanted] = hearer.heard_seconds
    assert heard["hear"] == pytest.approx(60, abs=0.1) and heard["auto"] == heard["skip"] < 30
    short = saved(tmp_path / "short.wav", np.concatenate([say("one", 1), np.zeros(RATE * 9, np.float32)]))
    hearer = Counter()
    list(predict_live(short, hearer.card, SPEECH, pool=OneModel(hearer)))
    assert hearer.heard_seconds > 9  # a short one is heard whole …
    hearer.invents = True
    hearer.heard_seconds = 0.0
    list(predict_live(short, hearer.card, SPEECH, pool=OneModel(hearer)))
    assert hearer.heard_seconds < 3  # … but not by a model that makes up words in silence


def test_a_real_voice_is_heard_by_the_starter(tmp_path: Path) -> None:
    from workbench.catalog.catalog import Catalog

    sound, rate = real_voice()
    sample = saved(tmp_path / "voice.wav", sound, rate)
    (result,) = predict([sample], Catalog.load().get("dictation-starter"), SPEECH)
    assert isinstance(result.prediction, Text)
    print(f"heard: {result.prediction.text}")
    words = result.prediction.text.split()
    assert words and all(0 <= s.begins < s.ends <= len(sound) / rate + 0.1 for s in result.prediction.spans)
    if Path("/usr/share/sounds/alsa/Front_Center.wav").is_file():
        assert "center" in words


def test_stopping_is_answered_within_a_second(tmp_path: Path) -> None:
    sample = an_hour(tmp_path / "long.wav", 10)
    control = Control()
    hearer = Counter(0.05)
    stopped: Watch | None = None
    with pytest.raises(Cancelled):
        for _ in predict_live(sample, hearer.card, SPEECH, pool=OneModel(hearer), control=control):
            if stopped is None:
                stopped = Watch()
                control.cancel()
    assert stopped is not None and stopped.seconds < 1.0


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("empty.wav", lambda p: p.write_bytes(b""), "empty"),
        ("words.wav", lambda p: p.write_text("only words"), "not a recording"),
        ("cut.flac", lambda p: _cut(p), "damaged|not a recording|empty"),
        ("nothing.wav", lambda p: soundfile.write(p, np.zeros(0), RATE), "empty"),
        ("folder.wav", lambda p: p.mkdir(), "folder"),
    ],
)
def test_what_cannot_be_heard_is_a_sentence(name: str, make: Any, words: str, tmp_path: Path) -> None:
    make(tmp_path / name)
    hearer = Counter()
    good = saved(tmp_path / "good.wav", say("one", 1))
    bad = Sample("sound", name, path=tmp_path / name)
    with pytest.raises(UserError, match=words):
        list(predict_live(bad, hearer.card, SPEECH, pool=OneModel(hearer)))
    # Among others it is a problem of its own, and the rest goes on.
    results = list(predict([bad, good], hearer.card, SPEECH, pool=OneModel(hearer)))
    assert results[0].problem is not None and results[0].problem.where == name
    assert isinstance(results[1].prediction, Text) and results[1].prediction.text


def _cut(path: Path) -> None:
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, RATE * 5), RATE)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3])


def test_silent_and_clipped_recordings_say_so(tmp_path: Path) -> None:
    hearer = Counter()
    silent = saved(tmp_path / "silent.wav", np.zeros(RATE * 2))
    loud = saved(tmp_path / "loud.wav", np.clip(say("one two", 1) * 8, -1, 1))
    notes = [
        r.prediction.note for r in predict([silent, loud], hearer.card, SPEECH, pool=OneModel(hearer)) if r.prediction
    ]
    assert notes[0] == "The recording is silent." and "clipped" in notes[1]
