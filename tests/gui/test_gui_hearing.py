"""Try with sounds: what is heard when, by the microphone and in a recording."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from ears import LABELS, RATE, LoudnessTask, model, steps
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot
from voices import FakeMicrophones, OneModel, Speaker

from workbench.app_paths import app_paths
from workbench.catalog.card import Source
from workbench.data import microphone, playback
from workbench.engine.hearing import Heard
from workbench.engine.timeline import Event
from workbench.gui.main_window import MainWindow
from workbench.gui.widgets.heard_lanes import HeardLanes
from workbench.hub.store import files
from workbench.runtimes.folder import save_folder
from workbench.runtimes.registry import open_network
from workbench.tasks.registry import get_task
from workbench.tasks.sound_classification import SoundClassification

LEFT = Qt.MouseButton.LeftButton
WAIT = 60_000


@pytest.fixture
def page(window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The Try page with a model of the person's own that hears by loudness."""
    starter = window.ctx.catalog.get("sound-starter")
    network = open_network(starter, files(starter))
    folder = app_paths().models / "ears"
    card = replace(
        starter, id="ears", name="Ears", tasks=("sound-classification",), label_names=LABELS, starter=False,
        source=Source("folder", str(folder)), created="2026-01-01",
    )  # fmt: skip
    save_folder(network.with_head(LABELS, torch.zeros(3, network.feature_width), torch.zeros(3)), card, folder)
    window.ctx.catalog.refresh()
    loudness = LoudnessTask()
    monkeypatch.setattr(SoundClassification, "ear", lambda _self, m: loudness.ear(m))
    monkeypatch.setattr(SoundClassification, "hear", lambda _self, windows, m: loudness.hear(windows, m))
    monkeypatch.setattr("workbench.engine.hearing.shared_pool", lambda: OneModel(model()))
    window.show_page("try")
    found: Any = window.page("try")
    found._show_task(get_task("sound-classification"), "ears")
    qtbot.waitUntil(lambda: found.picker.card is not None and found.picker.card.id == "ears", timeout=WAIT)
    return found


def lanes(page: Any) -> list[tuple[str, float, float]]:
    return [(e.label, e.begins, e.ends) for e in page.sound.heard_when.lanes._events]


def test_a_recording_is_heard_moment_by_moment_and_what_was_heard_is_saved(
    window: MainWindow, page: Any, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playback, "sound_devices", lambda: Speaker((RATE,)))
    soundfile.write(tmp_path / "walk.wav", steps((4.0, 0.0), (4.0, 0.8), (4.0, 0.2)), RATE)
    page.try_paths([str(tmp_path / "walk.wav")])
    button = window.findChild(QPushButton, "heard-when")
    assert button is not None
    qtbot.waitUntil(lambda: page.sound.loaded.isVisible() and page.view.prediction is not None, timeout=WAIT)
    assert button.isVisible() and not page.sound.heard_when.isVisible()
    qtbot.mouseClick(button, LEFT)
    view = page.sound.heard_when
    qtbot.waitUntil(lambda: view.isVisible() and not view.listening and view.lanes.lanes != [], timeout=WAIT)
    assert [e[0] for e in lanes(page)] == ["quiet", "loud", "soft"] and set(view.lanes.lanes) == set(LABELS)
    assert view.state.text() == "3 events of 3 classes in 0:12."
    assert lanes(page)[1][1:] == (pytest.approx(4.0, abs=1.0), pytest.approx(8.0, abs=1.0))
    # A click on it goes there; keys go from one beginning to the next.
    qtbot.mouseClick(view.lanes, LEFT, pos=QPoint(round(view.lanes.x_of(6.0)), 12))
    assert page.sound.playing.position == pytest.approx(6.0, abs=0.1)
    view.lanes.setFocus()
    qtbot.keyClick(view.lanes, Qt.Key.Key_Down)
    assert page.sound.playing.position == pytest.approx(lanes(page)[2][1], abs=0.01)
    # How certain it must be is moved afterwards, and nothing is listened to again.
    view.slider.setValue(99)
    qtbot.waitUntil(lambda: lanes(page)[1][2] - lanes(page)[1][1] < 4.0, timeout=WAIT)
    view.slider.setValue(50)
    for name, kind, saved in (
        ("a.csv", "Table (*.csv)", ["a.csv", "a events.csv"]),
        ("b.csv", "Labels for Audacity (*.txt)", ["b.txt"]),
        ("c", "JSON (*.json)", ["c.json"]),
    ):
        monkeypatch.setattr(view, "ask_path", lambda _n, name=name, kind=kind: (str(tmp_path / name), kind))
        qtbot.mouseClick(view.save, LEFT)
        qtbot.waitUntil(lambda saved=saved: all((tmp_path / s).exists() for s in saved), timeout=WAIT)  # type: ignore[misc]
    assert (tmp_path / "b.txt").read_text().splitlines()[1].endswith("\tloud")
    # Shorter pieces: it is listened to again.
    view.window_seconds.setValue(1.0)
    qtbot.waitUntil(lambda: not view.listening and lanes(page)[1:2] == [("loud", 4.0, 8.0)], timeout=WAIT)
    # Another recording, and it is gone.
    soundfile.write(tmp_path / "other.wav", steps((2.0, 0.2)), RATE)
    page.try_paths([str(tmp_path / "other.wav")])
    qtbot.waitUntil(lambda: page.sound.title.text() == "other.wav", timeout=WAIT)
    assert not view.isVisible() and view.log is None


def test_the_microphone_is_heard_while_it_records_and_what_was_heard_stays(
    window: MainWindow, page: Any, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeMicrophones()
    monkeypatch.setattr(microphone, "sound_devices", lambda: fake)
    monkeypatch.setattr("workbench.gui.microphone.ask_permission", lambda _owner, then: then(True))
    record = window.findChild(QPushButton, "record")
    assert record is not None
    qtbot.mouseClick(record, LEFT)
    view = page.sound.heard_when
    qtbot.waitUntil(lambda: page.sound.record.isVisible() and view.isVisible(), timeout=WAIT)
    sound = np.repeat(steps((5.0, 0.0), (5.0, 0.8)), 2)
    thread = threading.Thread(target=fake.give, args=(sound, 0.003), daemon=True)
    thread.start()
    qtbot.waitUntil(lambda: "loud" in view.lanes.lanes, timeout=WAIT)
    assert page.sound.microphone.active and page.view.prediction.best.name == "loud"
    thread.join()
    qtbot.waitUntil(lambda: page.sound.microphone.recorder.seconds > 9.9, timeout=WAIT)
    page.sound.record.stop.click()
    qtbot.waitUntil(lambda: page.sound.loaded.isVisible() and not view.listening, timeout=WAIT)
    assert [e[0] for e in lanes(page)] == ["quiet", "loud"] and view.log.until == pytest.approx(10.0, abs=0.3)
    assert view.isVisible() and view.save.isEnabled()
    # Then the whole is answered as if it had been dropped.
    qtbot.waitUntil(lambda: page._result is not None and page._result.sample == page.sound.sample, timeout=WAIT)
    # With another model what this one heard goes.
    page.picker.changed.emit()
    assert view.log is None and not view.isVisible()


def test_what_goes_wrong_is_said_beside_it(
    page: Any, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.errors import UserError

    def fails(_self: Any, _model: Any) -> Any:
        raise UserError("It has no classes of its own.", "Train it.")

    monkeypatch.setattr(SoundClassification, "ear", fails)
    soundfile.write(tmp_path / "a.wav", steps((2.0, 0.2)), RATE)
    page.try_paths([str(tmp_path / "a.wav")])
    qtbot.waitUntil(lambda: page.sound.loaded.isVisible() and page.sound.when.isVisible(), timeout=WAIT)
    page.sound.when.click()
    view = page.sound.heard_when
    qtbot.waitUntil(lambda: view.banner.isVisible() and not view.listening, timeout=WAIT)
    assert "no classes of its own" in view.banner.text.text() and not view.save.isEnabled()


def test_hours_of_events_are_drawn_quickly(qtbot: QtBot) -> None:
    import time

    from workbench.engine.hearing import HeardLog

    drawn = HeardLanes()
    qtbot.addWidget(drawn)
    drawn.resize(900, 260)
    drawn.show()
    log = HeardLog(tuple(f"c{n}" for n in range(20)))
    rng = np.random.default_rng(0)
    log.add([Heard(n * 0.5, n * 0.5 + 0.5, row) for n, row in enumerate(rng.random((40_000, 20)).astype(np.float32))])
    began = time.process_time()
    events = log.events(0.5)
    drawn.show_events(events, 0.0, log.until)
    drawn.grab()
    # Five and a half hours in which something else is heard every half second: seconds would be too much for a window.
    assert time.process_time() - began < 3.0 and len(events) > 30_000 and len(drawn.lanes) == 8
    drawn.show_events([Event("dog", 1.0, 2.0, 2, 0.9)], 0.0, 10.0)
    found = drawn.event_at(drawn.x_of(1.5), 5)
    assert found is not None and found.label == "dog" and drawn.event_at(drawn.x_of(5), 5) is None
