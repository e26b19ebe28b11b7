"""Recording examples of a class on the Data page, with a microphone that is told what to hear."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QPushButton
from pytestqt.qtbot import QtBot
from voices import RATE, FakeMicrophones, Speaker

from workbench.app_paths import app_paths
from workbench.data import microphone, playback
from workbench.gui.main_window import MainWindow
from workbench.gui.widgets.record_examples import RecordExamples

LEFT = Qt.MouseButton.LeftButton
WAIT = 60_000


@pytest.fixture
def mics(monkeypatch: pytest.MonkeyPatch) -> FakeMicrophones:
    made = FakeMicrophones()
    monkeypatch.setattr(microphone, "sound_devices", lambda: made)
    monkeypatch.setattr("workbench.gui.microphone.ask_permission", lambda _owner, then: then(True))
    return made


@pytest.fixture
def panel(window: MainWindow, mics: FakeMicrophones, qtbot: QtBot, tmp_path: Path) -> RecordExamples:
    """Opened by its button in a new project of sounds."""
    window.ctx.store.create(tmp_path / "sounds", "My sounds", "sound-classification")
    window.show_page("data")
    button = window.findChild(QPushButton, "data-record")
    assert button is not None and button.isVisible()
    qtbot.mouseClick(button, LEFT)
    found = window.findChild(RecordExamples)
    assert found is not None and found.isVisible()
    qtbot.waitUntil(lambda: found.microphones.count() == 3, timeout=WAIT)
    return found


def noise(seconds: float, seed: int = 0, scale: float = 0.05) -> np.ndarray:
    return np.random.default_rng(seed).normal(scale=scale, size=round(seconds * RATE)).astype(np.float32)


def speaking(mics: FakeMicrophones, sound: np.ndarray) -> threading.Thread:
    """Gives it to the microphone as soon as that is open, many times as quickly as it was spoken."""
    before = len(mics.opened)

    def give() -> None:
        while len(mics.opened) == before:
            time.sleep(0.01)
        mics.give(sound, 0.002)

    thread = threading.Thread(target=give, daemon=True)
    thread.start()
    return thread


def items(window: MainWindow) -> list[Any]:
    project = window.ctx.store.require()
    return project.items(project.item_ids())


def choose(box: QComboBox, data: object) -> None:
    box.setCurrentIndex(box.findData(data))
    assert box.currentData() == data


def test_the_first_class_is_background_noise_and_an_example_is_there_at_once(
    window: MainWindow, panel: RecordExamples, mics: FakeMicrophones, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker = Speaker((RATE,))
    monkeypatch.setattr(playback, "sound_devices", lambda: speaker)
    page: Any = window.page("data")
    assert panel.name.currentText() == "background noise" and "hum" in panel.why.text() and panel.why.isVisible()
    assert panel.seconds.value() == 2.0 and panel.countdown.currentData() == 1.0
    speaking(mics, noise(4.0))
    panel.record.setFocus()
    qtbot.keyClick(panel.record, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not panel.busy and panel.made.count() == 1, timeout=WAIT)
    assert "1 new example of “background noise”" in panel.state.text()
    (item,) = items(window)
    assert item.seconds == 2.0 and page.model.rowCount() == 1
    assert [c.name for c in window.ctx.store.require().classes()] == ["background noise"]
    assert page.classes.list.count() == 1
    # After the countdown: the second second on, not the first.
    heard, _ = soundfile.read(str(item.path))
    assert np.abs(heard - noise(4.0)[RATE : 3 * RATE]).max() < 1e-3
    assert not list((app_paths().cache / "recordings").glob("*.wav")), "the whole recording is not kept"
    # Heard again, taken out, and brought back.
    assert panel.made.count() == 1 and panel.made.item(0).text() == "background noise  2.0 s"
    qtbot.keyClick(panel.made, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: sum(map(len, speaker.heard)) == 2 * RATE, timeout=WAIT)
    qtbot.keyClick(panel.made, Qt.Key.Key_Delete)
    assert items(window) == [] and panel.made.count() == 0
    window.ctx.store.undo_stack.undo()
    assert len(items(window)) == 1
    window.ctx.store.undo_stack.undo()
    assert items(window) == []
    # Another class from now on; the hint has done its work only when there are such examples.
    assert panel.name.currentText() == "background noise"


def test_twenty_seconds_become_examples_while_they_are_recorded(
    window: MainWindow, panel: RecordExamples, mics: FakeMicrophones, qtbot: QtBot
) -> None:
    panel.name.setCurrentText("  door ")
    choose(panel.modes, "many")
    assert panel.seconds.value() == 1.0 and panel.pauses.isVisible()
    choose(panel.countdown, 0.0)
    choose(panel.microphones, 1)
    panel.microphones.activated.emit(panel.microphones.currentIndex())
    speaking(mics, noise(3.2))
    qtbot.mouseClick(panel.record, LEFT)
    qtbot.waitUntil(lambda: len(items(window)) == panel.made.count() == 3, timeout=WAIT)
    assert panel.busy, "they are there before it ends"
    assert mics.opened[-1] == (RATE, 1, 1)
    mics.give(noise(20.0, 1), 0.002)
    qtbot.waitUntil(lambda: not panel.busy, timeout=WAIT)
    qtbot.waitUntil(lambda: panel.made.count() == 20, timeout=WAIT)
    assert len(items(window)) == 20 and {i.seconds for i in items(window)} == {1.0}
    assert "20 new examples of “door”" in panel.state.text()
    # One step takes all of them back, and one brings them again.
    window.ctx.store.undo_stack.undo()
    assert items(window) == [] and panel.made.count() == 0
    window.ctx.store.undo_stack.redo()
    assert len(items(window)) == 20
    # The microphone and what is recorded are remembered.
    assert window.ctx.settings.text("sound/microphone") == "Headset"
    assert RecordExamples(window.ctx).mode == "many"


def test_cut_at_pauses(window: MainWindow, panel: RecordExamples, mics: FakeMicrophones, qtbot: QtBot) -> None:
    panel.name.setCurrentText("clap")
    choose(panel.modes, "many")
    choose(panel.countdown, 0.0)
    panel.pauses.setChecked(True)
    sound = noise(21.0, scale=0.001)
    for at in (1.0, 3.0, 8.0):
        sound[round(at * RATE) : round((at + 0.4) * RATE)] += noise(0.4, int(at), 0.2)
    speaking(mics, sound)
    qtbot.mouseClick(panel.record, LEFT)
    qtbot.waitUntil(lambda: not panel.busy, timeout=WAIT)
    assert len(items(window)) == 3 and all(0.4 <= i.seconds <= 0.8 for i in items(window))


def test_as_long_as_the_button_is_held(
    window: MainWindow, panel: RecordExamples, mics: FakeMicrophones, qtbot: QtBot
) -> None:
    panel.name.setCurrentText("dog")
    choose(panel.modes, "hold")
    assert not panel.seconds.isVisible() and not panel.countdown.isVisible()
    assert panel.record.text().strip() == "Hold to record"
    panel.record.setFocus()
    qtbot.keyPress(panel.record, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: panel.recording.recorder is not None, timeout=WAIT)
    mics.give(noise(1.4), 0.002)
    qtbot.waitUntil(lambda: panel.recording.recorder.seconds >= 1.35, timeout=WAIT)  # type: ignore[union-attr]
    qtbot.keyRelease(panel.record, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not panel.busy, timeout=WAIT)
    (item,) = items(window)
    assert item.seconds == pytest.approx(1.4, abs=0.06)
    # Let go before the microphone was open: nothing, and why.
    qtbot.mousePress(panel.record, LEFT)
    qtbot.mouseRelease(panel.record, LEFT)
    qtbot.waitUntil(lambda: not panel.busy and panel.banner.isVisible(), timeout=WAIT)
    assert "too short" in panel.banner.text.text() and len(items(window)) == 1


Prepare = Callable[[FakeMicrophones, pytest.MonkeyPatch], None]


def _none(mics: FakeMicrophones, _monkeypatch: pytest.MonkeyPatch) -> None:
    mics.listed = []


def _refused(mics: FakeMicrophones, _monkeypatch: pytest.MonkeyPatch) -> None:
    mics.refuses = True


def _forbidden(_mics: FakeMicrophones, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.gui.microphone.ask_permission", lambda _owner, then: then(False))


@pytest.mark.parametrize(
    ("prepare", "words"),
    [(_none, "No microphone was found"), (_refused, "not allowed to"), (_forbidden, "may not use the microphone")],
)
def test_what_stands_in_the_way_is_a_sentence(
    prepare: Prepare, words: str, panel: RecordExamples, mics: FakeMicrophones, qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    prepare(mics, monkeypatch)
    qtbot.mouseClick(panel.record, LEFT)
    qtbot.waitUntil(lambda: words in panel.banner.text.text() and not panel.busy, timeout=WAIT)
    assert panel.banner.isVisible() and panel.record.isEnabled()


def test_no_name_silence_clipping_and_unplugging_are_told(
    window: MainWindow, panel: RecordExamples, mics: FakeMicrophones, qtbot: QtBot
) -> None:
    panel.name.setCurrentText("")
    qtbot.mouseClick(panel.record, LEFT)
    assert panel.banner.isVisible() and not panel.busy and not mics.opened
    panel.name.setCurrentText("dog")
    choose(panel.countdown, 0.0)
    silence = speaking(mics, np.zeros(3 * RATE, np.float32))
    qtbot.mouseClick(panel.record, LEFT)
    qtbot.waitUntil(lambda: not panel.busy and "only silence" in panel.banner.text.text(), timeout=WAIT)
    silence.join()  # the rest of it would be heard by the next recording
    loud = speaking(mics, np.sign(noise(3.0)).repeat(4)[: 3 * RATE])
    qtbot.mouseClick(panel.record, LEFT)
    qtbot.waitUntil(lambda: not panel.busy and "Too loud" in panel.banner.text.text(), timeout=WAIT)
    assert len(items(window)) == 1
    loud.join()
    choose(panel.modes, "many")
    speaking(mics, noise(2.7, 3)).join(0)
    qtbot.mouseClick(panel.record, LEFT)
    qtbot.waitUntil(lambda: len(items(window)) == 3, timeout=WAIT)
    mics.unplug()
    qtbot.waitUntil(lambda: not panel.busy and "unplugged" in panel.banner.text.text(), timeout=WAIT)
    assert len(items(window)) == 4  # the rest of more than half a second as well


def test_it_is_for_sound_classes_only_and_closes_by_key(
    window: MainWindow, panel: RecordExamples, qtbot: QtBot, tmp_path: Path
) -> None:
    qtbot.keyClick(panel.record, Qt.Key.Key_Escape)
    assert not panel.isVisible()
    window.ctx.store.create(tmp_path / "other", "Pictures", "image-classification")
    button = window.findChild(QPushButton, "data-record")
    assert button is not None and not button.isVisible()


def test_another_project_ends_it_and_keeps_what_was_complete(
    window: MainWindow, panel: RecordExamples, mics: FakeMicrophones, qtbot: QtBot, tmp_path: Path
) -> None:
    panel.name.setCurrentText("door")
    choose(panel.modes, "many")
    choose(panel.countdown, 0.0)
    speaking(mics, noise(2.6))
    qtbot.mouseClick(panel.record, LEFT)
    qtbot.waitUntil(lambda: panel.made.count() == 2, timeout=WAIT)
    window.ctx.store.create(tmp_path / "other", "Other sounds", "sound-classification")
    qtbot.waitUntil(lambda: not panel.busy, timeout=WAIT)
    assert not panel.isVisible() and panel.made.count() == 0 and items(window) == []
    window.ctx.store.open(tmp_path / "sounds")
    assert len(items(window)) == 2 and not window.ctx.store.undo_stack.canUndo()
