"""Recordings on the Try page: by drops, clicks and keys, with a loudspeaker that only notes what it is given."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from own_time import Watch
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from workbench.data import microphone, playback
from workbench.data.waveform import Outline
from workbench.gui.main_window import MainWindow
from workbench.gui.widgets.transcript_view import TranscriptPart, TranscriptView
from workbench.gui.widgets.waveform import WaveformStrip
from workbench.tasks.predictions import Span, Text
from workbench.tasks.registry import get_task

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from voices import RATE, Counter, FakeMicrophones, OneModel, Speaker, saved, say

LEFT = Qt.MouseButton.LeftButton
SPEECH = get_task("speech-recognition")
Drop = Callable[..., None]


@pytest.fixture
def speaker(monkeypatch: pytest.MonkeyPatch) -> Speaker:
    made = Speaker((RATE,), pace=0.02)
    monkeypatch.setattr(playback, "sound_devices", lambda: made)
    return made


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Counter:
    made = Counter()
    pool = OneModel(made)
    monkeypatch.setattr("workbench.engine.predict.shared_pool", lambda: pool)
    return made


def bursts(seconds: float, times: list[float]) -> np.ndarray:
    """Silence with a loud third of a second at each of these moments."""
    sound = np.zeros(int(seconds * RATE), np.float32)
    for at in times:
        first = int(at * RATE) // 800 * 800
        sound[first : first + 5600] = 0.6 * np.sin(np.arange(5600) / 8)
    return sound


def heard(words: list[tuple[str, float, float]], **more: Any) -> Text:
    text, spans = "", []
    for word, begins, ends in words:
        start = len(text) + 1 if text else 0
        text = f"{text} {word}" if text else word
        spans.append(Span(start, len(text), "", more.get("score", 1.0), begins, ends))
    return Text(text, tuple(spans), finished=more.get("finished", True), settled=more.get("settled", -1))


def point_of(view: TranscriptView, word: str) -> QPoint:
    found = view.document().find(word)
    assert not found.isNull(), word
    cursor = QTextCursor(view.document())
    cursor.setPosition(found.selectionStart() + 1)
    return view.cursorRect(cursor).center()


def marked(view: TranscriptView) -> str:
    return "".join(s.cursor.selectedText() for s in view.extraSelections())


def drop_recording(window: MainWindow, qtbot: QtBot, drop: Drop, path: Path) -> Any:
    window.show_page("try")
    page: Any = window.page("try")
    page._show_task(SPEECH)
    drop(page.sound.drop, [path])
    qtbot.waitUntil(
        lambda: page._result is not None and getattr(page._result.prediction, "finished", True), timeout=30_000
    )
    qtbot.waitUntil(lambda: page.sound.overview is not None and page.sound.overview.whole, timeout=30_000)
    return page


def test_a_dropped_recording_is_written_down_and_its_words_are_heard(
    window: MainWindow, qtbot: QtBot, drop: Drop, speaker: Speaker, counter: Counter, tmp_path: Path
) -> None:
    sample = saved(tmp_path / "talk.wav", bursts(6, [0.5, 1.5, 4.5]))
    page = drop_recording(window, qtbot, drop, tmp_path / "talk.wav")
    view: TranscriptView = page.view.transcript.view
    assert view.isVisible() and view.toPlainText() == "0:00  zero one\n0:04  two"
    assert page.sound.title.text() == sample.name and page.sound.clock.text() == "0:00 / 0:06"
    qtbot.mouseClick(view.viewport(), LEFT, pos=point_of(view, "one"))
    qtbot.waitUntil(lambda: not page.sound.playing.playing, timeout=5000)
    # From a little before the word to a little after it.
    played = np.concatenate(speaker.heard)
    assert len(played) / RATE == pytest.approx(0.35 + 0.16, abs=0.03) and np.abs(played).max() > 0.5
    assert marked(view) == "one"
    # The strip plays from where it is clicked, and the word that is heard is marked.
    strip: WaveformStrip = page.sound.strip
    qtbot.mouseClick(strip, LEFT, pos=QPoint(round(strip.x_of(4.4)), 20))
    strip.setFocus()
    qtbot.keyClick(strip, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: marked(view) == "two", timeout=5000)
    assert page.sound.playing.playing
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert not page.sound.playing.playing
    # By keys alone: word by word, and Enter lets it be heard.
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_Left)
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert marked(view) == "zero"
    before = len(speaker.opened)
    qtbot.keyClick(view, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(speaker.opened) > before and not page.sound.playing.playing, timeout=5000)
    # Another page, and it is quiet.
    page.sound.toggle()
    window.show_page("home")
    assert not page.sound.playing.playing


def test_what_was_heard_is_saved_as_subtitles(
    window: MainWindow, qtbot: QtBot, drop: Drop, counter: Counter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path / "talk.flac", bursts(6, [0.5, 4.5]))
    page = drop_recording(window, qtbot, drop, tmp_path / "talk.flac")
    offered: list[tuple[str, ...]] = []

    def ask(endings: tuple[str, ...]) -> str:
        offered.append(endings)
        return str(tmp_path / "talk.srt")

    monkeypatch.setattr(page.view, "ask_path", ask)
    save = window.findChild(QPushButton, "save-answer")
    assert save is not None and save.isVisible()
    qtbot.mouseClick(save, LEFT)
    assert offered == [(".txt", ".srt", ".vtt", ".json")]
    qtbot.waitUntil(lambda: (tmp_path / "talk.srt").is_file())
    assert (tmp_path / "talk.srt").read_text() == (
        "1\n00:00:00,500 --> 00:00:01,500\nzero\n\n2\n00:00:04,500 --> 00:00:05,500\none\n"
    )
    assert page.view.answer_text() == "zero\n\none"


def test_no_loudspeaker_is_a_sentence_beside_the_recording(
    window: MainWindow, qtbot: QtBot, drop: Drop, speaker: Speaker, counter: Counter, tmp_path: Path
) -> None:
    speaker.there = False
    saved(tmp_path / "talk.wav", bursts(3, [0.5]))
    page = drop_recording(window, qtbot, drop, tmp_path / "talk.wav")
    view: TranscriptView = page.view.transcript.view
    qtbot.mouseClick(view.viewport(), LEFT, pos=point_of(view, "zero"))
    qtbot.waitUntil(page.sound.banner.isVisible, timeout=5000)
    assert "no loudspeaker" in page.sound.banner.text.text()
    # The next recording begins without it.
    saved(tmp_path / "second.wav", bursts(3, [0.5, 1.5]))
    drop(page.sound.loaded, [tmp_path / "second.wav"])
    qtbot.waitUntil(lambda: page.sound.title.text() == "second.wav", timeout=5000)
    assert not page.sound.banner.isVisible()


def test_broken_and_silent_recordings_are_told(
    window: MainWindow, qtbot: QtBot, drop: Drop, counter: Counter, tmp_path: Path
) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF no sound at all")
    window.show_page("try")
    page: Any = window.page("try")
    page._show_task(SPEECH)
    drop(page.sound.drop, [tmp_path / "broken.wav"])
    qtbot.waitUntil(page.banner.isVisible, timeout=20_000)
    assert "not a recording" in page.banner.text.text()
    qtbot.waitUntil(lambda: "not a recording" in page.sound.facts.text(), timeout=20_000)
    saved(tmp_path / "silent.wav", np.zeros(RATE * 3))
    drop(page.sound.loaded, [tmp_path / "silent.wav"])
    qtbot.waitUntil(lambda: "silent" in page.view.note.text(), timeout=20_000)
    qtbot.waitUntil(
        lambda: "Nobody seems to speak in it. The recording is silent." in page.sound.facts.text(), timeout=20_000
    )


def test_several_recordings_are_looked_at_one_by_one(
    window: MainWindow, qtbot: QtBot, drop: Drop, counter: Counter, tmp_path: Path
) -> None:
    for number in range(3):
        saved(tmp_path / f"{number}.wav", bursts(4, [0.5 + n for n in range(number + 1)]))
    window.show_page("try")
    page: Any = window.page("try")
    page._show_task(SPEECH)
    drop(page.sound.drop, [tmp_path / f"{n}.wav" for n in range(3)])
    qtbot.waitUntil(lambda: page.table.rowCount() == 3, timeout=30_000)
    assert page.sound.drop.isVisible() and page.sound.drop.heading.text() == "3 recordings"
    page.table_view.setCurrentIndex(page.table.index(2, 0))
    assert page.sound.title.text() == "2.wav" and page.view.transcript.view.toPlainText().endswith("zero one two")


# The microphone -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def mics(monkeypatch: pytest.MonkeyPatch) -> FakeMicrophones:
    made = FakeMicrophones()
    monkeypatch.setattr(microphone, "sound_devices", lambda: made)
    monkeypatch.setattr("workbench.gui.microphone.ask_permission", lambda _owner, then: then(True))
    return made


def speech_page(window: MainWindow) -> Any:
    window.show_page("try")
    page: Any = window.page("try")
    page._show_task(SPEECH)
    return page


def speak(mics: FakeMicrophones, sound: np.ndarray) -> threading.Thread:
    """As it comes from a device's own thread, at ten times the speed."""
    thread = threading.Thread(target=lambda: mics.give(sound, pace=0.005))
    thread.start()
    return thread


def test_what_one_says_appears_while_one_speaks(
    window: MainWindow,
    qtbot: QtBot,
    mics: FakeMicrophones,
    counter: Counter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = speech_page(window)
    record = window.findChild(QPushButton, "record")
    assert record is not None
    qtbot.mouseClick(record, LEFT)
    qtbot.waitUntil(page.sound.record.isVisible, timeout=5000)
    quiet = np.zeros(RATE * 2, np.float32)
    said = speak(mics, np.concatenate([say("one two three", 2), quiet, say("four five", 2), quiet]))
    view: TranscriptView = page.view.transcript.view
    qtbot.waitUntil(lambda: len(view.words) > 0, timeout=10_000)
    assert page.sound.microphone.active and page.sound.record.clock.text() != ""
    # A drop in its midst is refused: the recording comes first.
    page.try_paths([str(saved(tmp_path / "a.wav", np.zeros(RATE)).path)])
    qtbot.waitUntil(page.banner.isVisible, timeout=5000)
    assert "Stop the recording" in page.banner.text.text()
    said.join(60)
    qtbot.waitUntil(lambda: page.sound.microphone.recorder.seconds > 4, timeout=10_000)
    stop = window.findChild(QPushButton, "record-stop")
    assert stop is not None
    qtbot.mouseClick(stop, LEFT)
    qtbot.waitUntil(lambda: page.sound.loaded.isVisible() and page.sound.overview is not None, timeout=10_000)
    qtbot.waitUntil(lambda: page.view.prediction is not None and page.view.prediction.finished, timeout=10_000)
    assert page.sound.title.text().startswith("Recording 20") and len(view.words) > 3
    # It can be saved, and kept for learning.
    monkeypatch.setattr(page.sound.kept, "ask_path", lambda _name: str(tmp_path / "mine.flac"))
    qtbot.mouseClick(page.sound.kept.save, LEFT)
    qtbot.waitUntil(lambda: (tmp_path / "mine.flac").exists(), timeout=5000)
    assert soundfile.info(tmp_path / "mine.flac").duration == pytest.approx(page.sound.overview.seconds, abs=0.05)
    qtbot.mouseClick(page.sound.kept.keep, LEFT)
    qtbot.waitUntil(lambda: "Put into" in page.sound.banner.text.text(), timeout=20_000)
    project = window.ctx.store.require()
    (item,) = project.items(project.item_ids())
    assert item.kind == "sound" and item.path is not None and item.path.is_relative_to(project.folder)


def test_loudness_silence_and_pauses_are_shown(
    window: MainWindow, qtbot: QtBot, mics: FakeMicrophones, counter: Counter
) -> None:
    page = speech_page(window)
    page.input.record.emit()
    panel = page.sound.record
    qtbot.waitUntil(panel.isVisible, timeout=5000)
    speak(mics, np.zeros(RATE * 5, np.float32)).join(60)
    qtbot.waitUntil(
        lambda: "Nothing has been heard" in panel.banner.text.text() and panel.banner.isVisible(), timeout=5000
    )
    assert panel.meter.value <= -59
    loud = np.clip(3 * np.sin(np.arange(RATE) / 9), -1, 1).astype(np.float32)
    speak(mics, loud).join(60)
    qtbot.waitUntil(lambda: "Too loud" in panel.banner.text.text(), timeout=5000)
    assert panel.meter.held > -1
    qtbot.mouseClick(panel.pause, LEFT)
    assert panel.title.text() == "Paused" and page.sound.microphone.recorder.paused
    qtbot.mouseClick(panel.pause, LEFT)
    assert panel.title.text() == "Recording" and not page.sound.microphone.recorder.paused
    panel.grab()
    qtbot.mouseClick(panel.stop, LEFT)
    qtbot.waitUntil(page.sound.loaded.isVisible, timeout=10_000)


def test_what_stands_in_the_way_of_recording_is_a_sentence(
    window: MainWindow, qtbot: QtBot, mics: FakeMicrophones, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = speech_page(window)
    mics.listed = []
    page.input.record.emit()
    qtbot.waitUntil(page.sound.trouble.isVisible, timeout=5000)
    assert "No microphone was found" in page.sound.trouble.text.text() and page.sound.drop.isVisible()
    mics.listed, mics.refuses = FakeMicrophones().listed, True
    page.input.record.emit()
    qtbot.waitUntil(lambda: "not allowed" in page.sound.trouble.text.text(), timeout=5000)
    mics.refuses = False
    monkeypatch.setattr("workbench.gui.microphone.ask_permission", lambda _owner, then: then(False))
    page.input.record.emit()
    qtbot.waitUntil(lambda: "may not use the microphone" in page.sound.trouble.text.text(), timeout=5000)
    # Pulled out while one speaks: what was said until then is there.
    monkeypatch.setattr("workbench.gui.microphone.ask_permission", lambda _owner, then: then(True))
    page.input.record.emit()
    qtbot.waitUntil(page.sound.record.isVisible, timeout=5000)
    assert not page.sound.trouble.isVisible()
    speak(mics, say("seven", 4)).join(60)
    mics.unplug()
    qtbot.waitUntil(lambda: page.sound.trouble.isVisible(), timeout=10_000)
    assert "unplugged" in page.sound.trouble.text.text()
    qtbot.waitUntil(page.sound.loaded.isVisible, timeout=10_000)
    qtbot.waitUntil(lambda: page.view.prediction is not None and page.view.prediction.finished, timeout=10_000)


def test_sounds_are_recorded_for_a_task_that_answers_at_the_end(
    window: MainWindow, qtbot: QtBot, mics: FakeMicrophones
) -> None:
    window.show_page("try")
    page: Any = window.page("try")
    page._show_task(get_task("sound-classification"))
    page.input.record.emit()
    qtbot.waitUntil(page.sound.record.isVisible, timeout=5000)
    assert "when you stop" in page.state.text()
    speak(mics, say("one", 1)).join(60)
    page.sound.record.stop.click()
    qtbot.waitUntil(page.sound.loaded.isVisible, timeout=10_000)
    # It is asked about as if it had been dropped; no model that recognises sounds is here yet.
    qtbot.waitUntil(lambda: "Download the model first" in page.state.text(), timeout=10_000)


# The transcript and the strip by themselves ------------------------------------------------------------------------------


def test_a_transcript_grows_and_what_is_not_settled_changes(qtbot: QtBot) -> None:
    part = TranscriptPart()
    qtbot.addWidget(part)
    part.resize(400, 300)
    part.show()
    view = part.view
    words = [(f"w{n}", n * 0.5, n * 0.5 + 0.4) for n in range(20)]
    part.show_prediction(heard(words[:3], finished=False, settled=2))
    assert view.toPlainText() == "0:00  w0 w1 w2"
    part.show_prediction(heard([*words[:2], ("other", 1.0, 1.4), ("too", 1.5, 1.9)], finished=False, settled=3))
    assert view.toPlainText() == "0:00  w0 w1 other too"
    part.show_prediction(heard([*words[:2], ("other", 1.0, 1.4), ("three", 1.5, 1.9)]))
    assert view.toPlainText() == "0:00  w0 w1 other three"
    # Another recording replaces it.
    part.show_prediction(heard([("Ein", 0, 0.4), ("🙂", 0.5, 0.9), ("Wort", 5.0, 5.4)]))
    assert view.toPlainText() == "0:00  Ein 🙂\n0:05  Wort"
    view.show_position(5.2)
    assert marked(view) == "Wort"
    view.show_position(0.6)
    assert marked(view) == "🙂"
    view.show_position(3.0)
    assert marked(view) == ""


def test_unsure_words_are_underlined_and_counted(qtbot: QtBot) -> None:
    part = TranscriptPart()
    qtbot.addWidget(part)
    part.show_prediction(heard([("maybe", 0, 0.4), ("so", 0.5, 0.7)], score=0.3))
    assert "2 words are underlined" in part.hint.text()
    cursor = part.view.document().find("maybe")
    assert cursor.charFormat().underlineStyle() == cursor.charFormat().UnderlineStyle.DotLine


def test_three_hours_of_words_are_drawn_without_a_stutter(qtbot: QtBot) -> None:
    part = TranscriptPart()
    qtbot.addWidget(part)
    part.resize(420, 500)
    part.show()
    words = [(f"word{n}", n * 0.4, n * 0.4 + 0.3) for n in range(27_000)]
    whole = heard(words, finished=False)
    longest = 0.0
    for count in itertools.chain(range(26_000, 26_400, 50)):
        grown = Text(whole.text[: whole.spans[count - 1].end], whole.spans[:count], finished=False)
        watch = Watch()
        part.show_prediction(grown)
        if count > 26_000:
            longest = max(longest, watch.seconds)
    print(f"longest step {longest * 1000:.0f} ms")
    assert longest < 0.25  # 30 ms on a quick computer
    watch = Watch()
    part.view.show_position(9000.1)
    assert marked(part.view) == "word22500" and watch.seconds < 0.25


def test_the_strip_is_looked_at_closely_and_follows(qtbot: QtBot) -> None:
    strip = WaveformStrip()
    qtbot.addWidget(strip)
    strip.resize(600, 120)
    strip.show()
    outline = Outline(8000)
    outline.add(np.random.default_rng(0).uniform(-0.5, 0.5, (8000 * 100, 1)).astype(np.float32))
    strip.show_recording(outline.waveform(whole=True), 100.0, [(10.0, 30.0)])
    chosen: list[float] = []
    strip.chosen.connect(chosen.append)
    qtbot.mouseClick(strip, LEFT, pos=QPoint(300, 30))
    assert chosen[-1] == pytest.approx(50, abs=0.5)
    for _ in range(12):
        strip.zoom(1.25, 50.0)
    assert strip.seconds_at(600) - strip.seconds_at(0) == pytest.approx(100 / 1.25**12, rel=0.01)
    assert strip.seconds_at(300) == pytest.approx(50, abs=0.5)
    strip.show_position(80.0)
    assert strip.seconds_at(0) <= 80.0 <= strip.seconds_at(600)
    strip.show_position(2.0)
    qtbot.keyClick(strip, Qt.Key.Key_Right)
    assert chosen[-1] == pytest.approx(4.0)
    # What is read on is drawn without jumping away from what is looked at.
    strip.show_recording(outline.waveform(whole=True), 120.0, [])
    assert strip.seconds_at(0) <= 2.0 <= strip.seconds_at(600)
    strip.grab()


def test_of_a_dropped_video_the_sound_is_written_down(
    window: MainWindow, qtbot: QtBot, drop: Drop, counter: Counter, speaker: Speaker
) -> None:
    video = Path(__file__).resolve().parent.parent / "data" / "voice.mp4"
    page = drop_recording(window, qtbot, drop, video)
    assert not page.live.active and page.sound.title.text() == "voice.mp4"
    view: TranscriptView = page.view.transcript.view
    assert len(view.words) > 5 and page.sound.overview.seconds == pytest.approx(7.2, abs=0.3)
    # Its words can be heard: what was read is kept so that it can be searched.
    last = view.words[-1]
    view._choose(len(view.words) - 1)
    qtbot.waitUntil(lambda: bool(speaker.heard) and not page.sound.playing.playing, timeout=10_000)
    assert sum(map(len, speaker.heard)) / speaker.opened[-1] == pytest.approx(last.ends - last.begins + 0.16, abs=0.1)
    # The same video dropped on a task that looks at pictures is watched.
    page._show_task(get_task("object-detection"))
    drop(page.input.drop, [video])
    assert page.live.active
    page.live.close_source()
