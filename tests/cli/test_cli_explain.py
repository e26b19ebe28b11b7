"""workbench explain."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from workbench.app_paths import resources
from workbench.cli.app import run

PHOTO = resources() / "samples" / "try" / "china.jpg"


def test_a_picture_a_text_and_what_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "why.png"
    assert run(["explain", str(PHOTO), "--output", str(file)]) == 0
    told = capsys.readouterr().out
    assert "Why “palace”" in told and "Grad-CAM" in told and "shuffled" in told
    assert Image.open(file).size == Image.open(PHOTO).size
    text = "What a <dreadful> evening."
    labels = ["--labels", "a good review,a bad review", "--class", "a bad review"]
    assert run(["explain", text, *labels, "--json", "--no-check", "--output", str(tmp_path / "why.html")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["target"] == "a bad review" and "dreadful" in [w["word"] for w in found["words"]]
    page = (tmp_path / "why.html").read_text(encoding="utf-8")
    assert "&lt;" in page and "<dreadful>" not in page
    assert run(["explain", str(tmp_path / "none.png"), "--model", "picture-starter"]) == 1
    assert "is not there" in capsys.readouterr().err
    assert run(["explain", str(PHOTO), "--class", "unicorn"]) == 1
    assert "knows no class" in capsys.readouterr().err
