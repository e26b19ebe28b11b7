"""Series on the command line: import with a question answered, train, evaluate, predict with dates."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from workbench.cli.app import run
from workbench.data.project import Project


def rows(path: Path, count: int = 40) -> Path:
    lines = [
        f"{m:02}/{d:02}/2023,{(m * 31 + d) % 9 + d / 4},{d * m % 5 + d}" for m in range(1, 4) for d in range(1, 13)
    ]
    path.write_text("date,north,south\n" + "\n".join(lines) + "\n")
    return path


def test_the_whole_way(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.runtimes.ets_runtime.FORMS", ((None, False, None),))
    table = tmp_path / "sales.csv"
    months = [f"{2015 + i // 12}-{i % 12 + 1:02}" for i in range(48)]
    table.write_text("month,north,south\n" + "\n".join(f"{m},{i % 12 + i / 10},{i % 7}" for i, m in enumerate(months)))
    project = tmp_path / "project"
    assert run(["project", "import", str(project), str(table)]) == 0
    assert "2 series of up to 48 numbers, a number per month" in capsys.readouterr().out
    assert run(["train", str(project), "--model", "last-season", "--name", "again", "--set", "steps=4", "--json"]) == 0
    trained = json.loads(capsys.readouterr().out)
    assert (
        "no promise" in trained["warning"]
        and trained["steps"] == 4
        and trained["series"] == 2
        and "naive" in trained["beside"]
    )
    assert run(["evaluate", "again", str(project)]) == 0
    told = capsys.readouterr()
    said = told.out
    assert "no promise" in told.err
    assert "past occasions of 2 series, each 4 steps ahead" in said and "exponential smoothing (ETS)" in said
    assert run(["predict", str(table), "--model", "again", "--csv"]) == 0
    answers = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [("no promise" in a["note"]) for a in answers] == [True, False, False, False] * 2
    assert len(answers) == 8 and answers[0]["input"] == "north" and answers[0]["when"] == "2019-01"
    assert float(answers[0]["low (10 %)"]) < float(answers[0]["middle"]) < float(answers[0]["high (90 %)"])
    assert run(["predict", str(table), "--model", "last-season", "--set", "steps=3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    first = found[0] if isinstance(found, list) else found
    assert [r["when"] for r in first["rows"]] == ["2019-01", "2019-02", "2019-03"]
    assert "no promise" in first["note"]
    assert run(["predict", "3 5 4 6 5 7", "--model", "last-season", "--task", "forecasting", "--set", "steps=2"]) == 0
    assert "no promise" in capsys.readouterr().err


def test_a_question_about_the_dates_is_answered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = rows(tmp_path / "t.csv")
    assert run(["project", "import", str(tmp_path / "m"), str(table), "--answer", "dates=month"]) == 0
    with Project.open(tmp_path / "m", read_only=True) as project:
        assert project.counts().total == 2
    out = capsys.readouterr().out
    assert "the month is taken to come first" in out
    assert run(["project", "import", str(tmp_path / "x"), str(table), "--answer", "dates=never"]) != 0
    assert "not asked" in capsys.readouterr().err
