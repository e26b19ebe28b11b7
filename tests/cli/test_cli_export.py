"""Every form of export from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_own_models import own_model

from workbench.__main__ import main
from workbench.app_paths import resources

CHINA = resources() / "samples" / "try" / "china.jpg"


def test_forms_are_listed_written_and_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own_model("timm")
    assert main(["export", "timm", "--format"]) == 0
    listed = capsys.readouterr().out
    assert "python-package" in listed and "darknet" not in listed and "Nothing is sent." in listed
    assert main(["export", "timm", "--format", "--json"]) == 0
    assert {"folder", "web-page", "onnx"} <= {one["id"] for one in json.loads(capsys.readouterr().out)}
    out = ["--out", str(tmp_path / "out")]
    assert main(["export", "timm", "--format", "web-page", *out, "--samples", str(CHINA), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["passed"] and said["samples"] == 1 and said["bytes"] > 5_000_000
    assert (Path(said["folder"]) / "timm.html").is_file()
    assert main(["export", "timm", *out]) == 0
    assert "Exported to" in capsys.readouterr().out and (tmp_path / "out" / "timm" / "card.json").is_file()
    for wrong, words in (
        ("darknet", "What can be done: folder, web-page"),
        ("floppy", "There are:"),
        ("onnx", "--out"),
    ):
        assert main(["export", "timm", "--format", wrong, *([] if wrong == "onnx" else out)]) == 1
        assert words in capsys.readouterr().err
