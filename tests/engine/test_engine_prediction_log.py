"""Answers are kept on this computer where the person wants it, and nowhere and never else."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from own_time import Watch

from workbench.app_paths import app_paths
from workbench.catalog.card import ModelCard, Source
from workbench.control import Control
from workbench.data.intake import take_in
from workbench.data.types import NewItem, Sample
from workbench.engine import prediction_log
from workbench.engine.prediction_log import (
    Decision,
    LogSettings,
    PredictionLog,
    content_hash,
    flush,
    recorder_for,
    require_log,
    require_on,
)
from workbench.errors import UserError
from workbench.tasks.predictions import Prediction, Score, Scores, Text

SECRET = "Meet me at the old lighthouse at noon"


def own(model_id: str = "birds-1234") -> ModelCard:
    return ModelCard(
        model_id, "Birds", ("image-classification",), "timm", "x", Source("folder", str(app_paths().models / model_id)),
        label_names=("owl", "wren"), created="2026-01-01T00:00:00+00:00",
    )  # fmt: skip


def said(value: float = 0.9, strange: float = 0.4) -> Scores:
    return Scores((Score("owl", value, 0), Score("wren", 1 - value, 1)), strangeness=strange)


def on(card: ModelCard, **settings: object) -> PredictionLog:
    log = require_log(card)
    log.set_settings(replace(LogSettings(on=True), **settings))
    return log


def note(card: ModelCard, *samples: Sample, answer: Prediction | None = None) -> None:
    recorder = recorder_for(card, "test")
    assert recorder is not None
    recorder.note(samples, [answer or said() for _ in samples])
    flush()


def everything(folder: Path) -> bytes:
    return b"".join(f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file())


def test_off_at_first_and_nothing_is_written(workbench_home: Path) -> None:
    card = own()
    assert recorder_for(card, "try") is None and not PredictionLog(card.id).exists
    assert not app_paths().prediction_logs.exists()
    with pytest.raises(UserError, match="is off"):
        require_on(card)
    log = on(card)
    assert recorder_for(card, "try") is not None
    assert recorder_for(card, "") is None  # judging, health checks …: they do not say where they are asked
    assert recorder_for(replace(card, source=Source("endpoint", "https://x/v1")), "try") is None
    log.set_settings(replace(log.settings(), on=False))
    assert recorder_for(card, "try") is None and log.count() == 0
    with pytest.raises(UserError, match="own models"):
        require_log(replace(card, source=Source("timm", "x/y")))


def test_a_row_says_all_that_is_watched(tmp_path: Path) -> None:
    card, file = own(), tmp_path / "a bird.png"
    file.write_bytes(b"no picture, but bytes")
    log = on(card)
    before = time.time()
    note(card, Sample("picture", "a bird.png", path=file), answer=said(0.75, 1.5))
    (row,) = log.rows()
    assert (row.name, row.path, row.source, row.answer) == ("a bird.png", str(file), "test", "owl")
    assert row.certainty == pytest.approx(0.75) and row.margin == pytest.approx(0.5) and row.unlike
    assert row.entropy == pytest.approx(0.811278, abs=1e-6)  # of (3/4, 1/4), in bits
    assert before - 1 <= row.at <= time.time() and log.record(row.id)["top"][0]["name"] == "owl"
    assert log.copy_of(row.hash) is None


def test_contents_are_named_as_in_a_project(tmp_path: Path) -> None:
    from PIL import Image

    picture, text = tmp_path / "p.png", tmp_path / "t.txt"
    Image.new("RGB", (20, 20), "red").save(picture)
    text.write_text("  some\n words ", encoding="utf-8")
    items = [NewItem("picture", "p", picture), NewItem("text", "t", text="some words")]
    names = [t.content_hash for t in take_in(items, Control())]  # type: ignore[union-attr]
    assert content_hash(Sample("picture", path=picture)) == names[0]
    assert content_hash(Sample("picture", data=picture.read_bytes())) == names[0]
    assert content_hash(Sample("text", path=text)) == content_hash(Sample("text", text="some words")) == names[1]
    gone = Sample("picture", path=tmp_path / "gone.png")
    assert content_hash(gone) == content_hash(gone) != names[0]


def test_texts_leave_no_trace_until_the_person_agrees(tmp_path: Path) -> None:
    card = own()
    log = on(card)
    note(card, Sample("text", SECRET[:20], text=SECRET))
    note(card, Sample("text", SECRET[:20], text=SECRET), answer=Text(f"translated: {SECRET}"))
    kept = everything(app_paths().prediction_logs)
    assert b"lighthouse" not in kept and SECRET[:12].encode() not in kept
    assert [r.name for r in log.rows()] == ["", ""] and log.record(log.rows()[1].id) is None

    log.set_settings(replace(log.settings(), texts=True))
    note(card, Sample("text", SECRET[:20], text=SECRET))
    content = log.rows()[-1].hash
    assert log.copy_of(content) == (".txt", SECRET.encode())
    # Taken back, the copies are gone, from the disk as well.
    log.set_settings(replace(log.settings(), texts=False))
    assert log.copy_of(content) is None
    log.clear()
    assert b"lighthouse" not in everything(app_paths().prediction_logs)


def test_copies_of_pictures_are_asked_for_separately(tmp_path: Path) -> None:
    card = own()
    log = on(card, texts=True)
    pasted = Sample("picture", "pasted", data=b"bytes of a picture")
    note(card, pasted)
    assert log.copy_of(content_hash(pasted)) is None
    log.set_settings(replace(log.settings(), copies=True))
    note(card, pasted)
    assert log.copy_of(content_hash(pasted)) == (".png", b"bytes of a picture")


def test_bounded_by_number_and_age() -> None:
    card = own()
    log = on(card, most=30, days=7)
    old = sqlite3.connect(log.file)
    with old:
        old.execute(
            "INSERT INTO predictions (at, hash, kind, name, source, answer, certainty, margin, entropy, strangeness)"
            " VALUES (?, 'h', 'picture', 'ancient', 't', 'owl', 1, 1, 0, -1)", (time.time() - 8 * 86_400,),
        )  # fmt: skip
    old.close()
    prediction_log._writers.clear()
    for n in range(1000):
        recorder = recorder_for(card, "test")
        assert recorder is not None
        recorder.note([Sample("picture", f"{n}", data=str(n).encode())], [said()])
    flush()
    assert log.count() < 30 + 500 + 200  # counted again every 500
    log.set_settings(replace(log.settings(), most=25))
    assert [r.name for r in log.rows()] == [str(n) for n in range(975, 1000)]


def test_delete_everything() -> None:
    card = own()
    log = on(card, texts=True, copies=True)
    note(card, *(Sample("text", f"{SECRET} {n}", text=f"{SECRET} {n}") for n in range(300)))
    log.decide(Decision(log.rows()[0].hash, "corrected", ("wren",), 3))
    log.keep_look("2026-W01/end", {"items": 3})
    assert b"lighthouse" in everything(app_paths().prediction_logs)
    size = log.size()
    # What is still on its way goes, too.
    recorder = recorder_for(card, "test")
    assert recorder is not None
    recorder.note([Sample("text", SECRET, text=SECRET)], [said()])
    log.clear()
    time.sleep(0.6)
    assert log.count() == 0 and not log.decisions() and log.look("2026-W01/end") is None and log.size() < size
    assert b"lighthouse" not in everything(app_paths().prediction_logs)
    assert log.settings().on and log.settings().texts
    log.remove()
    assert not list(app_paths().prediction_logs.iterdir()) and not log.settings().on


def test_predictions_do_not_wait() -> None:
    card = own()
    log = on(card)
    recorder = recorder_for(card, "test")
    assert recorder is not None
    samples = [Sample("picture", str(n), data=os.urandom(2000)) for n in range(16)]
    watch = Watch()
    for _ in range(100):
        recorder.note(samples, [said()] * 16)
    spent = watch.seconds / 1600
    assert spent < 0.002, f"{spent * 1e6:.0f} µs an answer"
    flush()
    assert log.count() == 1600


_CHILD = """
import sys, time
from workbench.catalog.card import ModelCard, Source
from workbench.data.types import Sample
from workbench.engine.prediction_log import recorder_for
from workbench.tasks.predictions import Score, Scores
card = ModelCard("birds-1234", "Birds", ("image-classification",), "timm", "x", Source("folder", "/x"), created="2026")
answer = Scores((Score("owl", 0.9, 0), Score("wren", 0.1, 1)))
n = 0
while True:
    recorder_for(card, "child").note([Sample("picture", str(n), data=str(n).encode())], [answer])
    n += 1
    print(n, flush=True)
    time.sleep(0.002)
"""


def test_killed_it_loses_at_most_a_second() -> None:
    log = on(own())
    child = subprocess.Popen([sys.executable, "-c", _CHILD], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    told: list[tuple[float, int]] = []
    watch = Watch(child.pid)
    for line in child.stdout:
        told.append((watch.seconds, int(line)))
        if told[-1][0] - told[0][0] > 3.5:
            break
    os.kill(child.pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    killed = told[-1][0]
    child.wait()
    child.stdout.close()
    names = [int(r.name) for r in log.rows()]
    assert names == list(range(len(names)))  # whole, in order, without a gap
    # Written every 0.4 s; on a machine that has other things to do the thread may come late.
    before = max((n for at, n in told if at < killed - 2.0), default=0)
    assert before > 0 and len(names) >= before, (len(names), before)
    check = sqlite3.connect(log.file)
    assert check.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    check.close()
    note(own(), Sample("picture", "after", data=b"after"))
    assert log.rows()[-1].name == "after"


def test_a_damaged_log_never_stops_a_prediction() -> None:
    card = own()
    log = on(card)
    log.remove()
    log.file.write_bytes(b"this is no database, whatever its name says" * 50)
    assert recorder_for(card, "try") is None
    with pytest.raises(UserError, match="damaged"):
        log.count()
    log.remove()
    assert not log.exists
