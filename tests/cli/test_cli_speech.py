"""Speech on the command line: subtitles, right words, teaching and judging."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workbench.__main__ import main
from workbench.catalog.catalog import Catalog
from workbench.data.sound import read_sound

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from speech_models import own_listener
from voices import RATE, Counter, OneModel, saved, say


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Counter:
    made = Counter()
    pool = OneModel(made)
    monkeypatch.setattr("workbench.engine.predict.shared_pool", lambda: pool)
    return made


def talk(path: Path, times: tuple[float, ...] = (0.5, 1.5, 6.0)) -> Path:
    sound = np.zeros(RATE * 8, np.float32)
    for at in times:
        sound[int(at * RATE) : int(at * RATE) + 5600] = 0.6 * np.sin(np.arange(5600) / 8)
    saved(path, sound)
    return path


def run(*words: object) -> int:
    return main([str(w) for w in words])


def test_subtitles_in_one_command(counter: Counter, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = talk(tmp_path / "talk.flac")
    assert run("predict", file, "--output", tmp_path / "talk.srt") == 0
    assert (tmp_path / "talk.srt").read_text().startswith("1\n00:00:00,500 --> 00:00:02,150\nzero one\n\n2\n00:00:06,")
    assert run("predict", file, "--output", tmp_path / "talk.vtt") == 0
    assert (tmp_path / "talk.vtt").read_text().startswith("WEBVTT\n\n00:00:00.500 --> ")
    assert run("predict", file, "--task", "speech-recognition", "--output", tmp_path / "talk.txt") == 0
    assert (tmp_path / "talk.txt").read_text() == "zero one\n\ntwo\n"
    capsys.readouterr()
    assert run("predict", file, "--task", "speech-recognition", "--json") == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["text"] == "zero one two" and answer["spans"][2]["begins"] == pytest.approx(6.0, abs=0.06)
    # A video, and a folder of recordings each into its own file.
    video = Path(__file__).resolve().parent.parent / "data" / "voice.mp4"
    assert (
        run("predict", video, "--output", tmp_path / "video.srt") == 0 and (tmp_path / "video.srt").stat().st_size > 50
    )
    talk(tmp_path / "many" / "a.wav")
    talk(tmp_path / "many" / "b.wav", (0.5,))
    (tmp_path / "many" / "broken.wav").write_bytes(b"RIFF")
    (tmp_path / "out").mkdir()
    code = run("predict", tmp_path / "many", "--task", "speech-recognition", "--output", tmp_path / "out")
    assert code == 3 and (tmp_path / "out" / "b.txt").read_text() == "zero\n"
    assert "broken.wav: This is not a recording" in capsys.readouterr().err


def test_what_is_wrong_is_counted_and_streamed(
    counter: Counter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = talk(tmp_path / "talk.wav")
    (tmp_path / "talk.txt").write_text("Zero won two.")
    code = run(
        "predict",
        file,
        "--task",
        "speech-recognition",
        "--truth",
        tmp_path / "talk.txt",
        "--ignore",
        "case,punctuation",
    )
    said = capsys.readouterr().out
    assert code == 0 and "2 of 3 words are right; 1 changed. Word error rate 33.3%" in said
    assert run("predict", file, "--task", "speech-recognition", "--stream") == 0
    assert capsys.readouterr().out == "zero one two\n"
    silent = saved(tmp_path / "silent.wav", np.zeros(RATE)).path
    assert run("predict", silent, "--task", "speech-recognition", "--stream") == 0
    assert "The recording is silent." in capsys.readouterr().err
    assert run("predict", file, "--task", "speech-recognition", "--set", f"usual={tmp_path / 'nothing.arpa'}") == 1
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.usefixtures("one_thread")
def test_a_table_of_clips_is_taught_and_judged(
    tmp_path: Path, catalog: Catalog, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(0)
    rows = []
    for number in range(24):
        word = rng.choice(["yes", "no"])
        saved(tmp_path / "clips" / f"{number}.wav", say(word, number))
        rows.append(f"clips/{number}.wav,{word},speaker {number % 3}")
    (tmp_path / "clips.csv").write_text("clip,text,who\n" + "\n".join(rows) + "\n")
    base = own_listener(catalog, tmp_path, width=32, layers=1)
    code = run(
        "train", tmp_path / "clips.csv", "--words-column", "text", "--model", base.id, "--how", "quick", "--epochs", 6,
        "--out", tmp_path / "mine", "--json",
    )  # fmt: skip
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert code == 0 and result["metric"] == "words right" and result["word_error_rate"] >= 0
    assert (
        next((tmp_path / "mine").rglob("vocab.json")).is_file()
        and "Word error rate" in Path(result["report"]).read_text()
    )
    code = run("evaluate", result["model"], tmp_path / "clips.csv", "--words-column", "text")
    said = capsys.readouterr().out
    assert code == 0 and "In 24 items" in said and "error rate" in said.splitlines()[1]
    assert run("evaluate", result["model"], tmp_path / "clips.csv", "--words-column", "text", "--json") == 0
    assert json.loads(capsys.readouterr().out)["n"] == 24


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (44_100, 2), (48_000, 6)])
def test_any_rate_and_any_number_of_channels(
    counter: Counter, tmp_path: Path, rate: int, channels: int, capsys: pytest.CaptureFixture[str]
) -> None:
    from scipy.signal import resample_poly

    sound, _ = read_sound(saved(tmp_path / "mono.wav", _bursts()), RATE)
    other = resample_poly(sound, rate // 100, RATE // 100).astype(np.float32)
    file = saved(tmp_path / f"{rate}.wav", np.repeat(other[:, None], channels, 1), rate).path
    assert run("predict", file, "--task", "speech-recognition", "--json") == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["text"] == "zero one" and answer["spans"][1]["begins"] == pytest.approx(2.0, abs=0.06)


def _bursts() -> np.ndarray:
    sound = np.zeros(RATE * 3, np.float32)
    for at in (0.5, 2.0):
        sound[int(at * RATE) : int(at * RATE) + 5600] = 0.6 * np.sin(np.arange(5600) / 8)
    return sound
