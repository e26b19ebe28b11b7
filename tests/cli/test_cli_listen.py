"""workbench listen as people and scripts use it."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from ears import RATE, LoudnessTask, model, steps
from voices import FakeMicrophones, OneModel

from workbench.__main__ import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def ears(monkeypatch: pytest.MonkeyPatch) -> LoudnessTask:
    """The model that is suggested hears by loudness."""
    task, loaded = LoudnessTask(), model()
    monkeypatch.setattr("workbench.cli.listen._model", lambda _options: (loaded.card, task))
    monkeypatch.setattr("workbench.engine.hearing.shared_pool", lambda: OneModel(loaded))
    return task


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "a.wav", steps((3.0, 0.0), (3.0, 0.8)), RATE)
    return tmp_path / "a.wav"


def test_a_recording_on_the_screen_as_data_and_as_labels(
    ears: LoudnessTask, recording: Path, tmp_path: Path, capsys: Capture
) -> None:
    assert main(["listen", str(recording), "--window", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-2] for line in lines] == ["quiet", "loud"] and lines[0].split()[:4] == [
        "0.00",
        "s",
        "to",
        "3.00",
    ]
    assert main(["listen", str(recording), "--json", "--threshold", "0.9"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["looks"]) == 12 and [e["label"] for e in found["events"]] == ["quiet", "loud"]
    table, labels = tmp_path / "out" / "heard.csv", tmp_path / "track.txt"
    assert main(["listen", str(recording), "--csv", str(table), "--labels", str(labels)]) == 0
    shown = capsys.readouterr()
    assert shown.out == "" and "heard events.csv" in shown.err and labels.read_text().count("\t") == 4


def test_the_microphone_until_it_has_heard_enough(
    ears: LoudnessTask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    fake = FakeMicrophones()
    monkeypatch.setattr("workbench.data.microphone.sound_devices", lambda: fake)
    assert main(["listen", "--microphones"]) == 0
    assert [line.split(maxsplit=1)[1].removesuffix("  (usual)") for line in capsys.readouterr().out.splitlines()] == [
        "Desk microphone",
        "Headset",
    ]

    def speak() -> None:
        while not fake.opened:
            time.sleep(0.02)
        fake.give(np.repeat(steps((3.0, 0.0), (3.0, 0.8)), 2))

    thread = threading.Thread(target=speak)
    thread.start()
    kept = tmp_path / "kept.wav"
    asked = ["listen", "--microphone", "--seconds", "6", "--device", "1", "--keep", str(kept), "--window", "1"]
    assert main(asked) == 0
    thread.join()
    shown = capsys.readouterr()
    assert [line.split()[-2] for line in shown.out.splitlines()] == ["quiet", "loud"] and "loud" in shown.err
    assert fake.opened == [(16_000, 1, 1)] and soundfile.info(kept).duration == pytest.approx(6.0, abs=0.1)


def test_what_goes_wrong_is_a_sentence(recording: Path, tmp_path: Path, monkeypatch: Any, capsys: Capture) -> None:
    fake = FakeMicrophones()
    fake.listed = []
    monkeypatch.setattr("workbench.data.microphone.sound_devices", lambda: fake)
    (tmp_path / "text.wav").write_text("no sound")
    for arguments, words in (
        ([], "What shall it listen to"),
        ([str(recording), "--microphone"], "What shall it listen to"),
        ([str(recording), "--threshold", "7"], "lies between 0 and 1"),
        ([str(recording), "--step", "0"], "between two answers"),
        ([str(recording), "--model", "picture-starter"], "does not tell sounds apart"),
        ([str(recording), "--model", "sound-starter"], "no classes of its own"),
        ([str(tmp_path / "text.wav"), "--model", "ast-audioset"], "not a recording"),
        (["--microphones"], "No microphone was found"),
    ):
        assert main(["listen", *arguments]) == 1, arguments
        assert words in capsys.readouterr().err
