"""What is heard when: in recordings of any length and by the microphone."""

from __future__ import annotations

import csv
import json
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from ears import LABELS, RATE, LoudnessTask, model, steps
from own_time import Watch
from test_engine_sounds import RATE as BIRD_RATE
from test_engine_sounds import call
from voices import FakeMicrophones, OneModel

from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.microphone import Recorder
from workbench.data.project import Project
from workbench.data.sound import seconds_of
from workbench.data.types import Sample
from workbench.engine.events import Finished, How
from workbench.engine.fit import fit, new_config
from workbench.engine.hearing import Heard, HeardLog, Listener, Pace, usual_pace
from workbench.errors import Cancelled, UserError
from workbench.tasks.registry import get_task


def listener(task: LoudnessTask, pace: Pace | None = None) -> Listener:
    ears = model()
    return Listener(ears.card, task, pace, OneModel(ears), "cpu")


def saved(path: Path, sound: np.ndarray, rate: int = RATE) -> Sample:
    soundfile.write(path, sound, rate)
    return Sample("sound", path.name, path=path)


def listened(task: LoudnessTask, sample: Sample, pace: Pace | None = None, control: Control | None = None) -> HeardLog:
    found = list(listener(task, pace).listen(sample, control))
    log = found[0]
    assert isinstance(log, HeardLog)
    return log


def events(log: HeardLog, threshold: float = 0.5) -> list[tuple[str, float, float]]:
    return [(e.label, e.begins, e.ends) for e in log.events(threshold)]


def test_a_moment_is_the_mean_of_the_windows_it_lies_in(tmp_path: Path) -> None:
    sound = steps((2.0, 0.0), (1.5, 0.8), (2.7, 0.2))
    log = listened(LoudnessTask(), saved(tmp_path / "a.wav", sound), Pace(1.0, 0.5))
    shares = LoudnessTask().hear([sound[n * RATE // 2 : n * RATE // 2 + RATE] for n in range(11)], model())
    assert len(log) == 12 and log.until == pytest.approx(6.2)
    for moment in range(12):
        first, last = max(0, moment - 1), min(10, moment)
        wanted = shares[first : last + 1].mean(0)
        found = {s.name: s.value for s in log.at(moment * 0.5 + 0.25).top}  # type: ignore[union-attr]
        assert [found[name] for name in LABELS] == pytest.approx(wanted.tolist())
    assert events(log, 0.6) == [("quiet", 0.0, 2.0), ("loud", 2.0, 3.5), ("soft", 3.5, 6.2)]
    assert log.at(-1) is None and log.at(6.3) is None


def test_the_threshold_can_be_moved_afterwards_and_several_may_be_heard_at_once(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sound = np.where(rng.random(RATE * 4) < 0.4, 0.8, 0.2).astype(np.float32)  # 40 % loud, 60 % soft, everywhere
    sample = saved(tmp_path / "a.wav", sound)
    one = listened(LoudnessTask(), sample)
    assert events(one, 0.5) == [("soft", 0.0, 4.0)] and events(one, 0.7) == []
    several = listened(LoudnessTask(several=True), sample)
    assert events(several, 0.35) == [("loud", 0.0, 4.0), ("soft", 0.0, 4.0)]


def test_a_hole_in_time_ends_an_event() -> None:
    log = HeardLog(("a", "b"))
    yes, no = np.array([0.9, 0.1], np.float32), np.array([0.2, 0.8], np.float32)
    log.add([Heard(0, 1, yes), Heard(1, 2, yes), Heard(5, 6, yes), Heard(6, 7, no)])
    assert events(log) == [("a", 0, 2), ("a", 5, 6), ("b", 6, 7)]
    assert [(e.looks, round(e.best, 3)) for e in log.events()] == [(2, 0.9), (1, 0.9), (1, 0.8)]
    assert HeardLog(("a",)).events() == []


@pytest.mark.parametrize("seconds", [0.05, 0.4, 0.9, 2.0, 2.3])
def test_short_recordings_are_heard_to_their_end(seconds: float, tmp_path: Path) -> None:
    log = listened(LoudnessTask(), saved(tmp_path / "a.wav", steps((seconds, 0.8))))
    assert events(log) == [("loud", 0.0, pytest.approx(seconds, abs=1e-3))]


def test_a_model_s_window_is_never_overstepped(tmp_path: Path) -> None:
    task = LoudnessTask(longest=1.0)
    sizes: list[int] = []
    real = task.hear
    task.hear = lambda windows, m: (sizes.extend(map(len, windows)), real(windows, m))[1]  # type: ignore[method-assign]
    listened(task, saved(tmp_path / "a.wav", steps((5.0, 0.2))), Pace(4.0, 0.3))
    assert set(sizes) == {3 * int(0.3 * RATE)}


def test_hours_take_no_more_memory_than_minutes(tmp_path: Path) -> None:
    peaks = []
    for minutes in (2, 40):
        task = LoudnessTask()
        sample = saved(tmp_path / f"{minutes}.wav", np.tile(steps((30, 0.0), (30, 0.8)), minutes).astype(np.float32))
        tracemalloc.start()
        log = listener(task, Pace(1.0, 1.0)).listen(sample)
        held = next(log)
        for _news in log:
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert isinstance(held, HeardLog) and len(events(held)) == 2 * minutes
        assert events(held)[-1] == ("loud", minutes * 60 - 30, minutes * 60)
    assert peaks[1] < 1.3 * peaks[0]


def test_stopping_is_answered_within_a_second(tmp_path: Path) -> None:
    sample, control, task = saved(tmp_path / "a.wav", steps((120.0, 0.2))), Control(), LoudnessTask(0.2)
    stream = listener(task).listen(sample, control)
    for _ in range(4):
        next(stream)
    watch = Watch()
    control.cancel()
    with pytest.raises(Cancelled):
        list(stream)
    assert watch.seconds < 1.0 and task.windows < 20


def test_a_video_s_sound_is_heard_like_a_recording() -> None:
    video = Sample("sound", "voice.mp4", path=Path(__file__).resolve().parent.parent / "data" / "voice.mp4")
    log = listened(LoudnessTask(), video)
    assert log.until == pytest.approx(seconds_of(video), abs=0.3) and log.events(0.1)


def test_what_was_heard_is_written_as_tables_and_as_a_label_track(tmp_path: Path) -> None:
    sample = saved(tmp_path / "a.wav", steps((2.0, 0.0), (2.0, 0.8)))
    log = listened(LoudnessTask(), sample, Pace(1.0, 0.5))
    assert [p.name for p in log.write(tmp_path / "out.csv", 0.6, 2)] == ["out.csv", "out events.csv"]
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    assert list(table[0]) == ["time", "clock", "label", "score"] and len(table) == 16
    assert table[0]["label"] == "quiet" and table[-2]["label"] == "loud" and table[-2]["clock"] == "0:03"
    log.write(tmp_path / "out.txt", 0.6)
    # The form of a label track: begin, end, label, parted by tabs; seconds with six decimals.
    assert (tmp_path / "out.txt").read_text() == "0.000000\t2.000000\tquiet\n2.000000\t4.000000\tloud\n"
    log.write(tmp_path / "out.json", 0.6)
    assert [e["label"] for e in json.loads((tmp_path / "out.json").read_text())["events"]] == ["quiet", "loud"]
    with pytest.raises(UserError, match=r"cannot be written as “\.mp3”"):
        log.write(tmp_path / "out.mp3")


@pytest.mark.parametrize(("window", "step"), [(0.1, 0.5), (61, 0.5), (2.0, 0.0), (2.0, 90)])
def test_a_pace_that_makes_no_sense_is_a_sentence(window: float, step: float) -> None:
    with pytest.raises(UserError):
        Pace(window, step)


def test_tasks_that_do_not_listen_say_so() -> None:
    with pytest.raises(UserError, match="does not listen"):
        Listener(model().card, get_task("image-classification"))


# The microphone ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def microphones(monkeypatch: pytest.MonkeyPatch) -> FakeMicrophones:
    fake = FakeMicrophones()
    monkeypatch.setattr("workbench.data.microphone.sound_devices", lambda: fake)
    return fake


@pytest.mark.parametrize("behind", [False, True])
def test_the_microphone_is_heard_as_it_comes_and_a_slow_model_catches_up(
    behind: bool, microphones: FakeMicrophones, tmp_path: Path
) -> None:
    recorder = Recorder(tmp_path / "r.wav")
    recorder.start()
    sound = np.repeat(steps((4.0, 0.0), (4.0, 0.8), (4.0, 0.2)), 2)  # at the microphone's 16,000 Hz
    task = LoudnessTask()
    given = threading.Event()
    heard = [0.0]
    real = task.hear

    def hear(windows: Any, loaded: Any) -> Any:
        # A model that takes over its first answer as long as all of it takes to be said.
        if behind:
            assert given.wait(60)
        return real(windows, loaded)

    task.hear = hear  # type: ignore[method-assign]

    def give() -> None:
        for first in range(0, len(sound), 8000):
            microphones.give(sound[first : first + 8000], 0.002)
            # However busy this computer is, a quick model is never far behind.
            while not behind and heard[0] < first / 16_000 - 2.0:
                time.sleep(0.001)
        while recorder.seconds < 11.9:
            time.sleep(0.01)
        given.set()
        recorder.stop()

    thread = threading.Thread(target=give)
    thread.start()
    log = HeardLog(())
    for news in listener(task, Pace(1.0, 0.25)).listen_live(recorder):
        log = news if isinstance(news, HeardLog) else log
        heard[0] = log.until
    thread.join()
    assert log.until == pytest.approx(12.0, abs=0.3)
    found = [e.label for e in log.events(0.6)]
    assert found == ["quiet", "loud", "soft"] if not behind else set(found) <= {"quiet", "loud", "soft"}
    # Of what came meanwhile it takes four windows, not all forty: nothing piles up.
    assert task.most_samples <= 4 * RATE and (not behind or task.windows <= 16)


def test_a_taught_model_hears_its_birds_in_a_long_recording(
    tmp_path: Path, make_project: Callable[[Path], Project], catalog: Catalog
) -> None:
    birds = ("owl", "cricket", "riser")
    for place, bird in enumerate(birds):
        for number in range(10):
            file = tmp_path / "birds" / bird / f"{number}.wav"
            file.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(file, call(bird, 100 * place + number), BIRD_RATE)
    project = make_project(tmp_path / "birds")
    card, _ = catalog.suggest(project.task_id, to_teach=True)
    finished = list(fit(new_config(project, card, How.QUICK), project, catalog))[-1]
    assert isinstance(finished, Finished)
    own = catalog.get(finished.model_id)
    walk = ("cricket", "owl", "riser", "owl")
    sample = saved(
        tmp_path / "walk.flac", np.concatenate([call(b, 900 + n, 5.0) for n, b in enumerate(walk)]), BIRD_RATE
    )
    # It is listened to in pieces as long as its examples were.
    assert own.options["example_seconds"] == 2.0 and usual_pace(own) == Pace(2.0, 0.5)
    assert usual_pace(card) == Pace(2.0, 0.5) and usual_pace(card, 0.6) == Pace(0.6, 0.3)
    found = list(Listener(own, get_task(project.task_id), usual_pace(own)).listen(sample))
    log: Any = found[0]
    right = [log.at(t).best.name == walk[int(t // 5)] for t in np.arange(0.25, 20, 0.5)]
    print(f"right in {np.mean(right):.0%} of the moments of a recording of four birds")
    assert np.mean(right) >= 0.8
