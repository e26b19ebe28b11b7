"""Examples of a class from the microphone: in the project as soon as they are complete, whatever comes after."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from voices import RATE, FakeMicrophones

from workbench.control import Control
from workbench.data.microphone import Recorder
from workbench.data.project import Project
from workbench.data.sound_cut import Cutting
from workbench.engine.sound_examples import BACKGROUND, Example, record_examples, suggested_class


@pytest.fixture
def microphones(monkeypatch: pytest.MonkeyPatch) -> FakeMicrophones:
    fake = FakeMicrophones()
    monkeypatch.setattr("workbench.data.microphone.sound_devices", lambda: fake)
    return fake


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "p", "p", "sound-classification") as made:
        yield made


def noise(seconds: float, seed: int = 0, scale: float = 0.05) -> np.ndarray:
    return np.random.default_rng(seed).normal(scale=scale, size=round(seconds * RATE)).astype(np.float32)


def recorded(
    microphones: FakeMicrophones, project: Project, sound: np.ndarray, how: Cutting, folder: Path, end: str = "stop"
) -> list[Example]:
    recorder = Recorder(folder / "r.wav")
    recorder.start()

    def speak() -> None:
        microphones.give(sound)
        while recorder.seconds < len(sound) / RATE - 0.1:
            time.sleep(0.01)
        if end == "stop":
            recorder.stop()
        else:
            microphones.unplug()

    thread = threading.Thread(target=speak)
    thread.start()
    found = list(record_examples(recorder, project, "dog", how))
    thread.join()
    recorder.stop()
    if end != "stop":
        assert recorder.error is not None and recorder.error.message == "The microphone was unplugged."
    return found


def test_twenty_seconds_become_twenty_examples_of_a_class(
    microphones: FakeMicrophones, project: Project, tmp_path: Path
) -> None:
    sound = noise(21.0)
    found = recorded(microphones, project, sound, Cutting(1.0, wait=0.5, total=20.0), tmp_path)
    items = project.items([e.item_id for e in found])
    assert len(items) == 20 and [e.problem for e in found] == [None] * 20
    dog = project.class_by_name("dog")
    assert dog is not None and {i.class_id for i in items} == {dog.id} and {i.seconds for i in items} == {1.0}
    assert [i.name for i in items] == sorted(i.name for i in items)
    # In the project's own folder, and what was said: after half a second of countdown.
    assert all(i.path is not None and i.path.is_relative_to(project.folder) for i in items)
    first, rate = soundfile.read(str(items[0].path))
    assert rate == RATE and np.abs(first - sound[RATE // 2 : RATE // 2 + RATE]).max() < 1e-4


def test_a_held_one_is_as_long_as_it_was_held_and_one_that_is_unplugged_keeps_what_came(
    microphones: FakeMicrophones, project: Project, tmp_path: Path
) -> None:
    (held,) = recorded(microphones, project, noise(3.4), Cutting(), tmp_path)
    assert held.seconds == pytest.approx(3.4, abs=0.06)
    found = recorded(microphones, project, noise(2.6, 1), Cutting(1.0, total=20.0), tmp_path, "unplug")
    assert [e.seconds for e in found] == pytest.approx([1.0, 1.0, 0.6], abs=0.06)
    assert len(project.item_ids()) == 4


def test_silence_is_no_example_and_too_loud_is_said(
    microphones: FakeMicrophones, project: Project, tmp_path: Path
) -> None:
    sound = np.concatenate([np.zeros(2 * RATE, np.float32), 3 * np.sign(noise(1.0)).repeat(4)[:RATE], noise(1.0)])
    dead, again, loud, good = recorded(microphones, project, sound, Cutting(1.0, total=4.0), tmp_path)
    for example in (dead, again):
        assert not example.item_id and "gave only silence" in str(example.problem)
    assert loud.item_id and "Too loud" in loud.remark and good.item_id and not good.remark
    assert len(project.item_ids()) == 2


def test_stopping_keeps_what_was_complete(microphones: FakeMicrophones, project: Project, tmp_path: Path) -> None:
    from workbench.errors import Cancelled

    recorder, control = Recorder(tmp_path / "r.wav"), Control()
    recorder.start()
    microphones.give(noise(3.5))
    stream = record_examples(recorder, project, "dog", Cutting(1.0, total=20.0), control)
    assert next(stream).item_id
    control.cancel()
    with pytest.raises(Cancelled):
        list(stream)
    recorder.stop()
    assert 1 <= len(project.item_ids()) <= 3


_CHILD = """
    import os, sys, threading
    from pathlib import Path
    sys.path[:0] = ["tests"]
    import numpy as np
    from voices import RATE, FakeMicrophones
    from workbench.data import microphone
    from workbench.data.project import Project
    from workbench.data.sound_cut import Cutting
    from workbench.engine.sound_examples import record_examples
    fake = FakeMicrophones()
    microphone.sound_devices = lambda: fake
    folder = Path(sys.argv[1])
    project = Project.create(folder, "p", "sound-classification")
    recorder = microphone.Recorder(folder.parent / "r.wav")
    recorder.start()
    sound = np.random.default_rng(0).normal(scale=0.05, size=9 * RATE).astype("float32")
    threading.Thread(target=fake.give, args=(sound,), daemon=True).start()
    for number, example in enumerate(record_examples(recorder, project, "dog", Cutting(1.0, total=20.0)), 1):
        if number == 3:
            os.kill(os.getpid(), 9)
"""


def test_what_was_recorded_before_a_crash_is_there_after_it(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_CHILD), str(tmp_path / "p")], timeout=120, env=os.environ,
        capture_output=True,
    )  # fmt: skip
    assert ended.returncode in (-9, 9), ended.stderr
    with Project.open(tmp_path / "p") as project:
        items = project.items(project.item_ids())
        assert len(items) == 3
        for item in items:
            assert item.class_id is not None and soundfile.info(str(item.path)).duration == 1.0


def test_background_noise_comes_first() -> None:
    assert suggested_class(["dog"]) == BACKGROUND and suggested_class(["Background Noise", "dog"]) == ""
