"""workbench record as people and scripts use it."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from voices import RATE, FakeMicrophones

from workbench.__main__ import main
from workbench.data.project import Project

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def mics(monkeypatch: pytest.MonkeyPatch) -> FakeMicrophones:
    made = FakeMicrophones()
    monkeypatch.setattr("workbench.data.microphone.sound_devices", lambda: made)
    return made


def speaking(mics: FakeMicrophones, sound: np.ndarray) -> None:
    before = len(mics.opened)

    def give() -> None:
        while len(mics.opened) == before:
            time.sleep(0.01)
        mics.give(sound)

    threading.Thread(target=give, daemon=True).start()


def noise(seconds: float, seed: int) -> Any:
    return np.random.default_rng(seed).normal(scale=0.05, size=round(seconds * RATE)).astype(np.float32)


def test_examples_go_into_a_project_that_is_made_when_it_is_not_there(
    mics: FakeMicrophones, tmp_path: Path, capsys: Capture
) -> None:
    folder = tmp_path / "sounds"
    speaking(mics, noise(4.5, 0))
    assert main(["record", str(folder), "background noise", "--seconds", "1", "--count", "3"]) == 0
    shown = capsys.readouterr()
    assert shown.out == "3 examples of “background noise” recorded.\n" and shown.err.count("1.0 s") == 3
    speaking(mics, np.concatenate([np.zeros(2 * RATE, np.float32), noise(2.0, 1)]))
    assert main(["record", str(folder), "dog", "--seconds", "1", "--count", "3", "--wait", "0", "--device", "1"]) == 3
    assert "only silence" in capsys.readouterr().err and mics.opened[-1][1] == 1
    with Project.open(folder) as project:
        items = project.items(project.item_ids())
        names = {c.id: c.name for c in project.classes()}
        assert [names[i.class_id or 0] for i in items] == ["background noise"] * 3 + ["dog"]
        assert {i.seconds for i in items} == {1.0}


def test_what_goes_wrong_is_a_sentence(mics: FakeMicrophones, tmp_path: Path, capsys: Capture) -> None:
    Project.create(tmp_path / "pictures", "pictures", "image-classification").close()
    for arguments, words in (
        ([str(tmp_path / "pictures"), "dog"], "does not hold classes of sounds"),
        ([str(tmp_path / "p"), " "], ""),
        ([str(tmp_path / "p"), "dog", "--seconds", "40"], "0.2 to 10 seconds"),
        ([str(tmp_path / "p"), "dog", "--count", "0"], "At least one"),
    ):
        assert main(["record", *arguments]) == 1
        assert words in capsys.readouterr().err
    mics.refuses = True
    assert main(["record", str(tmp_path / "p"), "dog"]) == 1
    assert "not allowed to" in capsys.readouterr().err
