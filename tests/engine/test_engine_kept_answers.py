"""What streams, servers and watched folders answer is kept as all other answers are, and names the place where the item lies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from ears import RATE, LoudnessTask, model, steps
from PIL import Image
from small_own_models import own_model
from video_files import panned, write_video
from voices import OneModel

from workbench.__main__ import main
from workbench.app_paths import resources
from workbench.catalog.card import ModelCard, Source
from workbench.catalog.catalog import Catalog
from workbench.data.types import Sample
from workbench.engine.folder_rules import Action, WatchRule
from workbench.engine.folder_watch import put_all_back, watch_folder
from workbench.engine.prediction_log import Logged, LogSettings, PredictionLog, content_hash, flush, require_log
from workbench.engine.video import Looker

CHINA = resources() / "samples" / "try" / "china.jpg"
Capture = pytest.CaptureFixture[str]


def turned_on(card: ModelCard, **settings: bool) -> PredictionLog:
    log = require_log(card)
    log.set_settings(LogSettings(on=True, **settings))
    return log


def kept(log: PredictionLog) -> list[Logged]:
    flush()
    return log.rows()


@pytest.fixture
def pictures(catalog: Catalog) -> ModelCard:
    card = own_model("picture-classifier")
    catalog.refresh()
    return catalog.get(card.id)


@pytest.mark.parametrize("action", ["move", "rename", "copy", "log"])
def test_what_a_watched_folder_keeps_lies_where_it_says(action: Action, pictures: ModelCard, tmp_path: Path) -> None:
    log, folder = turned_on(pictures), tmp_path / "incoming"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(CHINA.read_bytes())
    Image.new("RGB", (60, 60), "red").save(folder / "b.png")
    (folder / "broken.png").write_bytes(b"\x89PNG no picture")
    rule = WatchRule(str(folder), pictures.id, action=action)
    assert list(watch_folder(rule, pictures, seconds=0.01, once=True))
    rows = kept(log)
    assert [row.source for row in rows] == ["watched folder"] * 2
    for row in rows:
        assert row.path is not None and Path(row.path).is_file()
        assert row.hash == content_hash(Sample("picture", path=Path(row.path)))
        assert (Path(row.path).parent / Path(row.path).name == folder / row.name) is (action in ("copy", "log"))
    assert not put_all_back(rule)[1]


def test_a_watched_folder_keeps_nothing_where_nobody_asked(pictures: ModelCard, tmp_path: Path) -> None:
    log = turned_on(pictures)
    (tmp_path / "a.jpg").write_bytes(CHINA.read_bytes())
    assert main(["watch-folder", str(tmp_path), "--model", pictures.id, "--every", "0.1", "--once"]) == 0
    assert not kept(log)
    (tmp_path / "b.jpg").write_bytes(CHINA.read_bytes())
    assert main(["watch-folder", str(tmp_path), "--model", pictures.id, "--every", "0.1", "--once", "--log"]) == 0
    assert [(row.name, row.source) for row in kept(log)] == [("b.jpg", "command line")]


def test_looks_at_a_video_are_kept_when_that_is_asked_for(pictures: ModelCard, tmp_path: Path, capsys: Capture) -> None:
    video = write_video(tmp_path / "tour.mp4", panned(("china",), 50))
    wanted = ["watch", str(video), "--model", pictures.id, "--every", "0.5"]
    assert main([*wanted, "--log"]) == 1 and "is off" in capsys.readouterr().err
    log = turned_on(pictures, copies=True)
    assert main(wanted) == 0 and not kept(log)
    assert main([*wanted, "--log"]) == 0
    rows = kept(log)
    assert [row.name.partition(",")[0] for row in rows] == ["0:00", "0:00", "0:01", "0:01"]
    assert len({row.hash for row in rows}) == 4 and all(row.answer in pictures.label_names for row in rows)
    copy = log.copy_of(rows[0].hash)
    assert copy is not None and len(copy[1]) < 300_000  # a small JPEG
    assert main([*wanted, "--log", "--output", str(tmp_path / "copy.mp4")]) == 0 and len(kept(log)) == 8
    assert Looker(pictures, _task(pictures))._recorder is None


def _task(card: ModelCard) -> object:
    from workbench.tasks.registry import get_task

    return get_task(card.main_task)


def test_windows_of_a_recording_are_kept_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task, loaded = LoudnessTask(), model()
    card = replace(loaded.card, source=Source("folder", str(tmp_path)))
    monkeypatch.setattr("workbench.cli.listen._model", lambda _options: (card, task))
    monkeypatch.setattr("workbench.engine.hearing.shared_pool", lambda: OneModel(loaded))
    soundfile.write(tmp_path / "a.wav", steps((3.0, 0.0), (3.0, 0.8)), RATE)
    log = turned_on(card, copies=True)
    wanted = ["listen", str(tmp_path / "a.wav"), "--window", "1", "--step", "0.5"]
    assert main(wanted) == 0 and not kept(log)
    assert main([*wanted, "--log"]) == 0
    rows = kept(log)
    assert [(row.name, row.answer) for row in rows] == [
        ("at 0:00", "quiet"), ("at 0:01", "quiet"), ("at 0:02", "quiet"), ("at 0:03", "loud"), ("at 0:04", "loud"), ("at 0:05", "loud"),
    ]  # fmt: skip
    copy = log.copy_of(rows[-1].hash)
    assert copy is not None and copy[0] == ".wav"
    (tmp_path / "b.wav").write_bytes(copy[1])
    sound, rate = soundfile.read(tmp_path / "b.wav")
    assert rate == RATE and len(sound) == RATE and np.abs(sound).max() == pytest.approx(0.8, abs=0.01)
