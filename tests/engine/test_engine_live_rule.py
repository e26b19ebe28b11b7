"""What was decided for a model, and what it has never seen, while it listens to a stream."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from workbench.catalog.catalog import Catalog
from workbench.cli import app
from workbench.data.project import Project
from workbench.data.types import Sample
from workbench.engine.certainty import keep_decision
from workbench.engine.events import Finished
from workbench.engine.fit import fit, new_config
from workbench.engine.hearing import Heard, HeardLog, Listener, News, usual_pace
from workbench.engine.predict import predict
from workbench.tasks.decision import Decision
from workbench.tasks.live_rule import LiveRule
from workbench.tasks.predictions import Scores
from workbench.tasks.registry import get_task
from workbench.tasks.tag_decision import LabelRule, TagDecision

sys.path.insert(0, str(Path(__file__).resolve().parent))
from test_engine_sounds import RATE as BIRD_RATE
from test_engine_sounds import call

LABELS = ("owl", "wren", "wind")


def log_of(rows: Sequence[Sequence[float]], rule: LiveRule, several: bool = False, far: float = -1.0) -> HeardLog:
    log = HeardLog(LABELS, several, rule)
    log.add([Heard(n, n + 1.0, np.array(row, np.float32), far) for n, row in enumerate(rows)])
    return log


def names(log: HeardLog, threshold: float | None = 0.5) -> list[tuple[str, float, float]]:
    return [(e.label, e.begins, e.ends) for e in log.events(threshold)]


def test_a_class_with_a_threshold_of_its_own_is_heard_from_it_on() -> None:
    rows = [(0.7, 0.25, 0.05), (0.6, 0.1, 0.3), (0.3, 0.45, 0.25)]
    plain = log_of(rows, LiveRule())
    assert names(plain) == [("owl", 0.0, 2.0)] and plain.remark() == ""
    eager = log_of(rows, LiveRule(decision=Decision("wren", 0.2, 4.0)))
    assert names(eager) == [("wren", 0.0, 1.0), ("owl", 1.0, 2.0), ("wren", 2.0, 3.0)]
    found = eager.at(0.5)
    assert found is not None and found.best.name == "wren" and found.best.value == pytest.approx(0.25)
    # A dear false alarm: only from 90 % on, else the likeliest of the others.
    strict = log_of([(0.1, 0.85, 0.05), (0.02, 0.95, 0.03)], LiveRule(decision=Decision("wren", 0.9, 0.1)))
    assert names(strict, 0.05) == [("owl", 0.0, 1.0), ("wren", 1.0, 2.0)]


def test_too_doubtful_moments_are_silent_and_so_it_is_said() -> None:
    rows = [(0.9, 0.05, 0.05), (0.55, 0.4, 0.05), (0.5, 0.3, 0.2)]
    log = log_of(rows, LiveRule(decision=Decision(sure_from=0.8)))
    assert names(log) == [("owl", 0.0, 1.0)] and "Of 2 it says nothing" in log.remark()
    found = log.at(1.5)
    assert found is not None and found.unsure and found.chosen == ()
    several = LiveRule((0.5, 0.2, 0.5), tags=TagDecision({"wren": LabelRule(0.2, 5.0)}, 0.5))
    log = log_of([(0.95, 0.3, 0.02), (0.99, 0.9, 0.01)], several, several=True)
    # 0.95 * 0.3 * 0.98 is below a half; the second moment is sure.
    assert names(log, None) == [("owl", 1.0, 2.0), ("wren", 1.0, 2.0)]
    # The thresholds a model was taught with hold until the person gives another one.
    log = log_of([(0.6, 0.3, 0.4)], LiveRule((0.7, 0.25, 0.5)), several=True)
    assert names(log, None) == [("wren", 0.0, 1.0)] and names(log, 0.5) == [("owl", 0.0, 1.0)]
    assert log.now(News(np.array((0.6, 0.3, 0.4), np.float32), (), 1.0), None) == "wren"


def test_moments_unlike_what_was_learnt_are_told_and_kept(tmp_path: Path) -> None:
    log = log_of([(0.9, 0.1, 0.0)] * 3, LiveRule(), far=1.7)
    assert "3 of 3 moments are unlike" in log.remark() and all(r["unlike"] == 1 for r in log.rows())
    found = log.at(0.5)
    assert found is not None and found.unlike
    table, *_ = log.write(tmp_path / "heard.csv")
    with table.open(encoding="utf-8-sig", newline="") as stream:
        assert [row["unlike"] for row in csv.DictReader(stream)] == ["1", "1", "1"]
    assert log.to_json()["note"] == log.remark()
    # A model that knows nothing of it says nothing of it.
    assert not any("unlike" in row for row in log_of([(1, 0, 0)], LiveRule()).rows())


def test_a_taught_model_listens_as_it_was_decided_and_knows_what_it_never_heard(
    tmp_path: Path, make_project: Callable[[Path], Project], catalog: Catalog, capsys: pytest.CaptureFixture[str]
) -> None:
    for place, bird in enumerate(("owl", "cricket")):
        for number in range(30):
            file = tmp_path / "birds" / bird / f"{number}.wav"
            file.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(file, call(bird, 100 * place + number), BIRD_RATE)
    project = make_project(tmp_path / "birds")
    card, _ = catalog.suggest(project.task_id, to_teach=True)
    finished = list(fit(new_config(project, card), project, catalog))[-1]
    assert isinstance(finished, Finished)
    own, task = catalog.get(finished.model_id), get_task(project.task_id)
    assert own.metrics["unlike_tested"] > 0
    rng = np.random.default_rng(0)
    noise, owl = tmp_path / "noise.wav", tmp_path / "owl.wav"
    soundfile.write(noise, rng.normal(size=6 * BIRD_RATE) * 0.2, BIRD_RATE)
    soundfile.write(owl, np.concatenate([call("owl", 900 + n) for n in range(3)]), BIRD_RATE)

    def listened(path: Path, model: Any) -> HeardLog:
        log: Any = next(found := Listener(model, task, usual_pace(model)).listen(Sample("sound", path=path)))
        list(found)
        return log

    strange, usual = listened(noise, own), listened(owl, own)
    shares = [sum(bool(r["unlike"]) for r in log.rows()) / len(log) for log in (strange, usual)]
    assert shares[0] == 1.0 and shares[1] <= 0.5, shares
    # The same recording heard whole gets the same warning.
    said = next(predict([Sample("sound", path=noise)], own, task)).prediction
    assert isinstance(said, Scores) and said.unlike
    # Decided: always "cricket". Then every moment of the stream is, as every recording is.
    decided = keep_decision(own, Decision("cricket", 0.0, 50.0), catalog)
    assert {e.label for e in listened(owl, decided).events()} == {"cricket"}
    assert {e.label for e in usual.events(0.3)} == {"owl"}
    assert app.run(["listen", str(noise), "--model", own.id, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert "unlike what the model learnt from" in told["note"] and told["events"][0]["label"] == "cricket"
