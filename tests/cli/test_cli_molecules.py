"""Molecules on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.molecules_set import acids_table
from workbench.cli.app import FAILED, OK, PARTLY, run


def test_checking_drawing_and_searching(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "some.smi"
    path.write_text("CC(=O)O acid\nCC(=O)[O-].[Na+] salt\nCC( broken\nCCC(=O)O longer\n")
    assert run(["molecules", "check", str(path), "--json"]) == PARTLY
    told = json.loads(capsys.readouterr().out)
    assert told["good"] == 3
    assert told["problems"][0]["where"] == "broken"
    assert told["problems"][0]["message"] == "The branch that begins at character 3 never ends."
    assert told["notes"][0]["where"] == "salt"
    assert run(["molecules", "similar", "OC(C)=O", "--in", str(path), "--top", "2", "--json"]) == PARTLY
    near = json.loads(capsys.readouterr().out)
    assert (near[0]["name"], near[0]["likeness"]) == ("acid", 1.0)
    for name in ("a.png", "a.svg"):
        assert run(["molecules", "draw", "CCO", "--output", str(tmp_path / name)]) == OK
        assert (tmp_path / name).stat().st_size > 500
    assert run(["molecules", "draw", "CC(", "--output", str(tmp_path / "b.png")]) == FAILED
    assert "never ends" in capsys.readouterr().err


def test_training_asking_and_explaining(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = acids_table(tmp_path / "acids.csv", 30)
    assert run(["train", str(table), "--random-split", "--json"]) == OK
    made = json.loads(capsys.readouterr().out)
    model = Path(made["folder"]).name
    some = tmp_path / "some.smi"
    some.write_text("CCCC(=O)O acid\nc1cccc1 broken\n")
    assert run(["predict", str(some), "--model", model, "--json"]) == PARTLY
    assert json.loads(capsys.readouterr().out)[0]["input"] == "acid"
    picture = tmp_path / "why.png"
    assert run(["explain", "OC(=O)c1ccccc1", "--model", model, "--output", str(picture), "--json", "--no-check"]) == OK
    found = json.loads(capsys.readouterr().out)
    assert len(found["atoms"]) == 9
    assert picture.read_bytes()[:4] == b"\x89PNG"
