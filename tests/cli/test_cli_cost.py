"""workbench cost, as a person types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.cli.app import run
from workbench.data.project import Project

Capture = pytest.CaptureFixture[str]


def test_before_training_after_and_in_the_report(
    digits_folder: Callable[..., Path], make_project: Callable[[Path], Project], capsys: Capture, tmp_path: Path
) -> None:
    project = make_project(digits_folder(("one", "two"), 8))
    folder = str(project.folder)
    project.close()
    assert run(["cost", folder]) == 0
    assert "Nothing was trained" in capsys.readouterr().out
    assert run(["cost", folder, "--before", "--how", "balanced", "--json"]) == 0
    before = json.loads(capsys.readouterr().out)
    assert before["estimate"]["measured_speed"] and before["estimate"]["seconds"] > 0 and before["free_memory"] > 0
    assert run(["cost", folder, "--before"]) == 0
    assert capsys.readouterr().out.startswith("It will take ")
    assert run(["train", folder, "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().err
    assert "It will take " in said and "You were told " in said
    assert run(["cost", folder, "--json", "--country", "fr", "--price", "0.2", "--currency", "EUR"]) == 0
    [kept] = json.loads(capsys.readouterr().out)
    took, told = kept["measured"], kept["estimate"]
    assert kept["ended"] and kept["error"]["seconds"] == pytest.approx(took["seconds"] / told["seconds"] - 1)
    assert took["watt_hours"] == pytest.approx(took["processor_wh"] + took["memory_wh"] + took["gpu_wh"])
    assert took["co2_grams"] == pytest.approx(took["watt_hours"] / 1000 * 56.0)
    assert took["money"] == pytest.approx(took["watt_hours"] / 1000 * 0.2)
    assert run(["cost", folder]) == 0
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.startswith("Training") and "quick" in row and "%" in row
    assert run(["cost", folder, "--run", kept["run"]]) == 0
    shown = capsys.readouterr().out
    assert "Money" in shown and "EUR" in shown and "France, 56 g per kWh" in shown and "modelled, not measured" in shown
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "What it cost" in page and "You were told" in page and "World average" in page


def test_electricity_is_set_and_what_cannot_be_is_said(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_AT.UTF-8")
    assert run(["cost"]) == 0
    shown = capsys.readouterr().out
    assert "World average" in shown and "Set your price" in shown and "--country AT" in shown
    assert run(["cost", "--country", "XQ"]) == 1
    assert "No country has the code" in capsys.readouterr().err
    assert run(["cost", "--price", "-3"]) == 1
    assert run(["cost", "--country", "at", "--price", "0.31", "--currency", "EUR"]) == 0
    shown = capsys.readouterr().out
    assert "Austria" in shown and "0.31 EUR" in shown and "--country" not in shown
    assert run(["cost", "--country", "world", "--price", "0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["country"] == ""
    assert run(["cost", "--countries"]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 200
