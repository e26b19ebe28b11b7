"""workbench models speed: the table, the switch, and models that run as they are."""

from __future__ import annotations

import json

import pytest

from workbench.cli.app import FAILED, OK, run
from workbench.engine.speed import remembered, settings
from workbench.engine.speed.remembered import Choice, Row, Way


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.engine.speed.search._SECONDS_ONE", 0.1)
    monkeypatch.setattr("workbench.engine.speed.search._SECONDS_MANY", 0.1)
    monkeypatch.setattr("workbench.engine.speed.search._BATCHES", (1, 2))
    monkeypatch.setattr("workbench.engine.speed.search._USUAL_BATCH", 2)
    monkeypatch.setattr("workbench.engine.speed.measuring._MOST_ROUNDS", 3)
    monkeypatch.setattr("workbench.engine.speed.remembered.cores", lambda: 1)


def test_the_table_is_measured_once_and_then_shown(brief: None, capsys: pytest.CaptureFixture[str]) -> None:
    """The one test that does it all with a real model."""
    assert run(["models", "speed", "picture-starter"]) == OK
    first = capsys.readouterr().out
    assert first.startswith("Runs with: ") and "ONNX Runtime, 1 thread: " in first and "12 of 12 the same" in first
    assert "<- one" in first
    assert run(["models", "speed", "picture-starter"]) == OK
    assert capsys.readouterr().out == first
    assert run(["models", "speed", "--json"]) == OK
    found = json.loads(capsys.readouterr().out)
    assert found[0]["cards"] == ["picture-starter"] and {row["way"]["kind"] for row in found[0]["rows"]} == {
        "torch",
        "onnx",
    }
    assert run(["models", "speed"]) == OK
    assert capsys.readouterr().out.startswith("picture-starter ")


def test_the_switch(capsys: pytest.CaptureFixture[str]) -> None:
    row = Row(Way("onnx", 1), one=(3.0, 2.5, 3.5), seconds=0.01, samples=3, same=3)
    remembered.remember("key", Choice(row.way, row.way, 1, (row,), {}, ("picture-starter",), "2026"))
    assert run(["models", "speed", "--use", "off"]) == OK
    assert not settings.load().on
    assert "not used" in capsys.readouterr().err
    assert run(["models", "speed", "--use", "on"]) == OK
    assert settings.load().on
    assert run(["models", "speed"]) == OK
    assert "3.0× faster than before; answers the same (checked on 3 samples)" in capsys.readouterr().out


def test_what_cannot_be_measured_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "speed", "enlarge-starter-nothing"]) == FAILED
    assert run(["models", "speed", "--job", "/nowhere"]) == FAILED
    assert "cannot be read" in capsys.readouterr().err
