"""Keeping, watching, reviewing and updating from the command line."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.app_paths import resources
from workbench.catalog.catalog import Catalog
from workbench.cli import app as cli
from workbench.data.project import Project
from workbench.data.types import Split
from workbench.engine.events import Finished
from workbench.engine.fit import fit, new_config
from workbench.engine.prediction_log import PredictionLog, flush

DIGITS = resources() / "samples" / "digits"
Out = pytest.CaptureFixture[str]


def run(capsys: Out, *words: str | Path) -> tuple[int, str, str]:
    code = cli.run([str(w) for w in words])
    flush()
    told = capsys.readouterr()
    return code, told.out, told.err


def test_a_model_at_work(
    make_project: Callable[[Path], Project],
    digits_folder: Callable[..., Path],
    catalog: Catalog,
    capsys: Out,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project = make_project(digits_folder(("one", "two"), 10))
    *_, done = fit(new_config(project, catalog.suggest(project.task_id)[0]), project, catalog)
    assert isinstance(done, Finished)
    project.close()
    model = done.model_id
    log = PredictionLog(model)
    later = tmp_path / "later"
    later.mkdir()
    for name, count in (("one", 3), ("six", 8)):
        for file in sorted((DIGITS / name).glob("*.png"))[-count:]:
            (later / file.name).write_bytes(file.read_bytes())

    # Off at first: asking for it says how to turn it on, and predicting as usual keeps nothing.
    code, _, err = run(capsys, "predict", later, "--model", model, "--log")
    assert code == 1 and "is off" in err and f"workbench log on {model}" in err
    assert run(capsys, "log", "show", model)[1].startswith("The answers") and not log.exists
    assert run(capsys, "log", "off", model)[0] == 0 and not log.exists
    code, said, _ = run(capsys, "log", "on", model, "--days", "30", "--copies")
    assert code == 0 and "with copies of pictures and recordings" in said and "30 days" in said
    assert run(capsys, "predict", min(later.iterdir()), "--model", model)[0] == 0 and log.count() == 0
    assert run(capsys, "predict", later, "--model", model, "--log")[0] == 0 and log.count() == 11
    assert run(capsys, "log", "off", model)[0] == 0 and not log.settings().on
    assert run(capsys, "log", "on", model, "--copies")[0] == 0 and log.settings().days == 30
    sql = sqlite3.connect(log.file)
    with sql:
        sql.execute("UPDATE predictions SET strangeness = 3 WHERE name LIKE 'six%'")
    sql.close()
    shown = json.loads(run(capsys, "log", "show", model, "--last", "2", "--json")[1])
    assert shown["count"] == 11 and len(shown["answers"]) == 2 and shown["settings"]["on"]

    page = tmp_path / "sheet.html"
    code, said, err = run(capsys, "log", "sheet", model, "--output", page)
    assert code == 0 and "11 answers" in said and "8 of 8 pictures" in said and page.is_file() and str(page) in err
    sheet = json.loads(run(capsys, "log", "sheet", model, "--json")[1])
    assert sheet["items"] == 11 and sheet["unlike"] == 8 and sheet["false_alarms_a_year"] == 0.05
    assert run(capsys, "log", "sheet", model, "--week", "x")[0] == 1

    # The queue; a file that is gone has its copy.
    for file in later.glob("six*"):
        file.unlink()
    waiting = json.loads(run(capsys, "review", model, "--json")[1])
    sixes = [w for w in waiting if w["name"].startswith("six")]
    assert len(sixes) == 8 and all(w["why"][0] == "unlike" for w in sixes)
    first, second, third = (w["id"] for w in sixes[:3])
    code, said, err = run(
        capsys, "review", model, "--label", f"{first}=six", "--not-mine", second, "--right", "ffffffffff",
        "--label", f"{third}=",
    )  # fmt: skip
    assert code == 3 and "six" in said and "not mine" in said and "no answer of the queue" in err and "no label" in err
    monkeypatch.setattr("sys.stdin", io.StringIO("six\n" * 5 + "s\nq\n"))
    code, said, _ = run(capsys, "review", model, "--ask")
    assert code == 0 and said.count("six:") == 5
    with Project.open(project.folder) as opened:
        kept = opened.items(list(opened.reviewed()))
        assert len(kept) == 6 and {i.split for i in kept} <= {Split.TRAIN, Split.NEW}
        assert all(i.path is not None and i.path.is_file() and project.folder in i.path.parents for i in kept)
        # Fewer than two to learn from would be refused: by content alone, so what there is here is always the same.
        assert sum(i.split is Split.TRAIN for i in kept) >= 2

    code, said, err = run(capsys, "update", model, "--use", "new", "--json")
    assert code == 0, err
    updated = json.loads(said)
    assert updated["used"] and updated["old"] == model and updated["test"]["n"] == done.metrics["n"]
    assert updated["advice"] in ("new", "old", "more") and {c["name"] for c in updated["classes"]} == {"one", "two"}
    code, said, _ = run(capsys, "update", model, "--versions")
    assert code == 0 and said.splitlines()[1].startswith("* v2")
    assert PredictionLog(updated["model"]).settings().on
    code, said, _ = run(capsys, "update", updated["model"], "--back")
    assert code == 0 and said.splitlines()[0].startswith("* v1")
    code, _, err = run(capsys, "update", updated["model"])
    assert code == 1 and "Nothing new" in err
    listed = json.loads(run(capsys, "update", model, "--current", "--json")[1])
    assert [v["current"] for v in listed] == [True, False]

    code, said, _ = run(capsys, "log", "clear", model)
    assert code == 0 and said.startswith("11 answers") and log.count() == 0
    assert "Nothing waits" in run(capsys, "review", model)[1]
    assert run(capsys, "log", "on", catalog.suggest("image-classification")[0].id)[0] == 1
