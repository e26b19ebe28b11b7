"""Taking a training elsewhere, running it and bringing it back, on a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.cli.app import run
from workbench.data.project import Project


def test_there_and_back_again(
    digits_folder: Callable[..., Path],
    make_project: Callable[[Path], Project],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    project = make_project(digits_folder(each=6))
    folder = str(project.folder)
    project.close()
    away = tmp_path / "away"
    assert run(["project", "take-elsewhere", folder, str(away), "--name", "Numbers", "--seed", "3"]) == 0
    assert "18 items" in capsys.readouterr().out
    assert run(["project", "take-elsewhere", folder, str(away)]) == 1
    assert "already a folder" in capsys.readouterr().err
    assert run(["train", str(away / "run.toml"), "--epochs", "3"]) == 1
    assert "stands in run.toml" in capsys.readouterr().err
    assert run(["project", "bring-back", folder, str(away)]) == 1
    assert "not finished" in capsys.readouterr().err
    assert run(["train", str(away / "run.toml"), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["reason"] == "done" and Path(result["result"]) == away / "result"
    assert run(["project", "bring-back", folder, str(away), "--json"]) == 0
    back = json.loads(capsys.readouterr().out)
    assert back["items"] == 18 and back["gone"] == back["changed"] == 0
    with Project.open(Path(folder)) as again:
        (record,) = again.runs()
        assert (record.name, record.status, record.config["seed"]) == ("Numbers", "done", 3)
        assert again.predictions(record.id)
    assert run(["evaluate", back["model_id"], folder, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["metric"] == "accuracy"
