"""Recording with a microphone that is not there: it gives what the test tells it to."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from workbench.control import Control
from workbench.data import microphone
from workbench.data.microphone import Recorder, microphones
from workbench.errors import Cancelled, UserError
from workbench.tasks.base import TryOptions
from workbench.tasks.dictation import dictate

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from voices import RATE, Counter, FakeMicrophones, say


@pytest.fixture
def mics(monkeypatch: pytest.MonkeyPatch) -> FakeMicrophones:
    made = FakeMicrophones()
    monkeypatch.setattr(microphone, "sound_devices", lambda: made)
    return made


def until(done: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.005)


def test_what_is_said_is_in_the_file(mics: FakeMicrophones, tmp_path: Path) -> None:
    sound = say("one two three", 1)
    recorder = Recorder(tmp_path / "a" / "talk.wav")
    recorder.start()
    mics.give(sound)
    until(lambda: recorder.seconds >= len(sound) / RATE - 0.06)
    recorder.stop()
    assert not recorder.running and recorder.error is None and recorder.lost_seconds == 0
    read, rate = soundfile.read(recorder.path, dtype="float32")
    assert rate == RATE and soundfile.info(recorder.path).channels == 1
    np.testing.assert_allclose(read, sound[: len(read)], atol=1e-4)
    assert len(sound) - len(read) < RATE * 0.05


def test_the_file_can_be_read_while_it_grows_and_after_a_crash(mics: FakeMicrophones, tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "talk.wav")
    recorder.start()
    taken: list[Any] = []
    reader = threading.Thread(target=lambda: taken.extend(recorder.blocks(Control())))
    reader.start()
    sound = np.random.default_rng(0).uniform(-0.4, 0.4, RATE * 2).astype(np.float32)
    mics.give(sound[:RATE])
    until(lambda: sum(map(len, taken)) >= RATE - 900)
    time.sleep(1.1)
    mics.give(sound[RATE:])
    until(lambda: soundfile.info(recorder.path).frames > RATE * 0.9)  # nobody has stopped it yet
    recorder.stop()
    reader.join(60)
    assert not reader.is_alive()
    together = np.concatenate(taken)
    np.testing.assert_allclose(together, sound[: len(together)], atol=1e-4)
    assert len(sound) - len(together) < RATE * 0.05


def test_pauses_are_left_out(mics: FakeMicrophones, tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "talk.wav")
    recorder.start()
    mics.give(np.full(RATE, 0.25, np.float32))
    until(lambda: recorder.seconds > 0.9)
    assert recorder.level.peak == pytest.approx(0.25, abs=0.01)
    recorder.pause()
    assert recorder.paused and recorder.running and recorder.level.peak == 0
    mics.give(np.full(RATE, 0.5, np.float32))
    time.sleep(0.2)
    recorder.go_on()
    mics.give(np.full(RATE // 2, 0.1, np.float32))
    until(lambda: recorder.seconds > 1.4)
    recorder.stop()
    read, _ = soundfile.read(recorder.path)
    assert set(np.round(read, 1)) == {0.2, 0.1} and len(read) / RATE == pytest.approx(1.5, abs=0.1)


def test_levels_tell_silence_and_clipping(mics: FakeMicrophones, tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "talk.wav")
    recorder.start()
    mics.give(np.zeros(RATE * 4, np.float32))
    until(lambda: recorder.quiet)
    mics.give(np.clip(2 * np.sin(np.arange(RATE) / 9), -1, 1).astype(np.float32))
    until(lambda: recorder.level.clipped)
    assert not recorder.quiet
    recorder.stop()


def test_other_devices(mics: FakeMicrophones, tmp_path: Path) -> None:
    found = microphones()
    assert [m.name for m in found] == ["Desk microphone", "Headset"] and found[0].usual
    mics.stereo_only, mics.rate = True, 48_000
    recorder = Recorder(tmp_path / "talk.wav", device=found[1].index)
    recorder.start()
    assert mics.opened[-1] == (48_000, found[1].index, 2)
    mics.give(np.full(48_000, 0.25, np.float32))
    until(lambda: recorder.seconds > 0.9)
    recorder.stop()
    assert soundfile.info(recorder.path).channels == 1 and soundfile.info(recorder.path).samplerate == 48_000


def test_no_microphone_no_permission_unplugged(mics: FakeMicrophones, tmp_path: Path) -> None:
    mics.listed = []
    with pytest.raises(UserError, match="No microphone was found"):
        microphones()
    with pytest.raises(UserError, match="No microphone was found"):
        Recorder(tmp_path / "a.wav").start()
    assert not (tmp_path / "a.wav").exists()
    mics.listed = FakeMicrophones().listed
    mics.refuses = True
    with pytest.raises(UserError, match="not allowed"):
        Recorder(tmp_path / "a.wav").start()
    mics.refuses = False
    recorder = Recorder(tmp_path / "a.wav")
    recorder.start()
    mics.give(np.full(RATE, 0.25, np.float32))
    until(lambda: recorder.seconds > 0.9)
    mics.unplug()
    until(lambda: recorder.error is not None)
    assert "unplugged" in str(recorder.error) and not recorder.running
    assert soundfile.info(tmp_path / "a.wav").frames > RATE * 0.9
    with pytest.raises(UserError, match="cannot be written"):
        (tmp_path / "file").write_bytes(b"")
        Recorder(tmp_path / "file" / "a.wav").start()


def test_a_microphone_that_falls_silent_for_good_is_noticed(
    mics: FakeMicrophones, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone, "_GONE_SECONDS", 0.3)
    recorder = Recorder(tmp_path / "a.wav")
    recorder.start()
    until(lambda: recorder.error is not None)
    assert "unplugged" in str(recorder.error)


def test_a_long_recording_takes_no_more_memory_than_a_short_one(mics: FakeMicrophones, tmp_path: Path) -> None:
    """Eight minutes as quickly as they can be given, with a reader that takes everything."""
    import tracemalloc

    mics.rate = 8000
    recorder = Recorder(tmp_path / "a.wav")
    recorder.start()
    total = 0

    def take() -> None:
        nonlocal total
        for block in recorder.blocks(Control()):
            total += len(block)

    reader = threading.Thread(target=take)
    reader.start()
    minute = np.full(8000 * 60, 0.25, np.float32)
    peaks = []
    tracemalloc.start()
    for number in range(8):
        mics.give(minute)
        until(lambda wanted=(number + 1) * 60: recorder.seconds > wanted - 1)  # type: ignore[misc]
        if number in (2, 7):
            peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    recorder.stop()
    reader.join(60)
    print(f"peaks {[p // 1000 for p in peaks]} kB")
    assert peaks[1] < peaks[0] * 1.3 and total == pytest.approx(8000 * 480, abs=800)
    assert recorder.lost_seconds == 0


def test_taking_blocks_can_be_stopped(mics: FakeMicrophones, tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "a.wav")
    recorder.start()
    control = Control()
    threading.Timer(0.2, control.cancel).start()
    with pytest.raises(Cancelled):
        list(recorder.blocks(control))
    recorder.stop()


# Dictation ----------------------------------------------------------------------------------------------------------------


def test_words_appear_while_one_speaks_and_are_settled_in_pauses() -> None:
    """A voice says three words, waits, and says two more; the recogniser counts what it hears."""
    quiet = np.zeros(int(1.5 * RATE), np.float32)
    parts = [say("one two three", 2), quiet, say("four five", 2), quiet]
    sound = np.concatenate(parts)
    hearer = Counter()
    blocks = (sound[i : i + RATE // 10] for i in range(0, len(sound), RATE // 10))
    texts = list(dictate(hearer, blocks, RATE, TryOptions(), Control()))
    assert texts[-1].finished and not any(t.finished for t in texts[:-1])
    growing = [t for t in texts if t.settled == 0 and t.text]
    assert growing, "nothing was shown before the first pause"
    first = len(parts[0]) / RATE
    # Words keep their places in time, and what is settled does not change any more.
    last = texts[-1]
    assert all(0 <= s.begins < s.ends <= len(sound) / RATE for s in last.spans)
    assert any(s.begins < first for s in last.spans) and any(s.begins > first + 1.5 for s in last.spans)
    for text in texts:
        count = len(text.spans) if text.settled < 0 else text.settled
        assert text.spans[:count] == last.spans[:count]


def test_dictation_at_another_rate_and_in_silence() -> None:
    silent = (np.zeros(4800, np.float32) for _ in range(50))
    texts = list(dictate(Counter(), silent, 48_000, TryOptions(), Control()))
    assert len(texts) == 1 and texts[0].note == "The recording is silent."
    from workbench.data.sound import resampled

    sound = np.concatenate(list(resampled(iter([say("seven", 5)]), RATE, 48_000)))
    hearer = Counter()
    last = list(dictate(hearer, iter(np.array_split(sound, 9)), 48_000, TryOptions(), Control()))[-1]
    assert last.text and last.spans[-1].ends <= len(sound) / 48_000


def test_somebody_who_never_pauses_is_written_down_all_the_same() -> None:
    sound = np.concatenate([say("one two three four five six seven", n) for n in range(12)])
    sound = sound[np.abs(np.convolve(np.abs(sound), np.ones(800) / 800, "same")) > 0.01]
    hearer = Counter()
    blocks = (sound[i : i + RATE // 2] for i in range(0, len(sound), RATE // 2))
    texts = list(dictate(hearer, blocks, RATE, TryOptions(), Control()))
    assert len(sound) / RATE > 25 and hearer.most_at_once <= 16 * RATE
    assert any(t.settled > 0 or (t.settled < 0 and t.text) for t in texts[:-1])
