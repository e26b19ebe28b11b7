"""The self-check from source: the steps that take no long time, and what it says when something is broken."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from workbench.__main__ import main
from workbench.cli import self_check
from workbench.engine.self_check import Place, Step


def test_the_quick_steps_work_and_leave_nothing(workbench_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = (
        "documents",
        "personal",
        "sounds",
        "speech",
        "video",
        "keyring",
        "pictures",
        "detector",
        "microphone",
        "table",
    )
    code = main(["--self-check", "--json", *(word for name in names for word in ("--only", name))])
    found = json.loads(capsys.readouterr().out)
    assert code == 0 and found["failed"] == [], found
    assert {line["step"] for line in found["steps"]} == set(names)
    assert "palace" in next(line["detail"] for line in found["steps"] if line["step"] == "pictures")
    # It worked in a home of its own, which is gone; this one is as it was.
    assert os.environ["WORKBENCH_HOME"] == str(workbench_home)
    assert not (workbench_home / "settings" / "network.json").exists()


def test_the_window_opens_in_a_process_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["self-check", "--only", "window"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("ok ") and "ready after" in said and "It works: 1 step," in said


def test_a_broken_part_is_named_and_is_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(_place: Place) -> str:
        raise ImportError("no library of this name")

    def works(place: Place) -> str:
        (place.folder / "made").write_text("x")
        return "fine"

    monkeypatch.setattr(
        self_check,
        "every_step",
        lambda: [Step("a", "First", works), Step("b", "Second", breaks, ("a",)), Step("c", "Third", works)],
    )
    assert main(["self-check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["ok", "FAILED", "ok", "1"]
    assert "ImportError: no library of this name" in lines[1] and lines[3] == "1 of 3 steps failed: b"
    # What a step stands on is done before it.
    assert main(["self-check", "--only", "b"]) == 1
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["ok", "FAILED", "1"]


def test_steps_are_listed_and_unknown_ones_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["self-check", "--list"]) == 0
    listed = {line.split()[0] for line in capsys.readouterr().out.splitlines()}
    assert {"window", "pages", "pictures", "texts", "reading", "train", "detector", "export", "explain"} <= listed
    assert main(["self-check", "--only", "nonsense"]) == 1
    assert "no step “nonsense”" in capsys.readouterr().err
