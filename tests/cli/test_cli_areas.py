"""Areas on the command line: taught on a project, predicted, saved, exported."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workbench.__main__ import main
from workbench.data.project import Project
from workbench.data.types import Split

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]
import shapes_set  # noqa: E402

Capture = pytest.CaptureFixture[str]


def test_areas_are_taught_and_used(tmp_path: Path, capsys: Capture) -> None:
    items = shapes_set.new_items(tmp_path / "pictures", 12, marks="regions", classes=("circle",), size=(64, 48))
    splits = [Split.TRAIN] * 8 + [Split.VALIDATION] * 2 + [Split.TEST] * 2
    with Project.create(tmp_path / "p", "circles", "semantic-segmentation") as project:
        project.add_items([replace(i, split=s) for i, s in zip(items, splits, strict=True)])
    assert main(["train", str(tmp_path / "p"), "--epochs", "2", "--set", "dice=0.5", "--json"]) == 0
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert found["metric"] == "mean overlap" and found["classes"] == ["circle"] and "dice" in found["per_class"][1]
    assert "round 2: loss" in shown.err and "mean overlap" in shown.err
    assert "What was taken for what" in Path(found["report"]).read_text(encoding="utf-8")
    model, picture = found["model"], str(items[0].path)

    assert main(["predict", picture, "--model", model, "--output", str(tmp_path / "mask.png")]) == 0
    with Image.open(tmp_path / "mask.png") as mask:
        assert mask.mode == "P" and mask.size == (64, 48) and set(np.unique(np.asarray(mask))) <= {0, 1}
    assert main(["predict", picture, "--model", model, "--output", str(tmp_path / "areas.csv")]) == 0
    with (tmp_path / "areas.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert csv.DictReader(stream).fieldnames == ["area", "value", "share", "square_pixels"]
    (tmp_path / "masks").mkdir()
    both = [str(i.path) for i in items[:2]]
    assert main(["predict", *both, "--model", model, "--output", str(tmp_path / "masks")]) == 0
    assert sorted(f.suffix for f in (tmp_path / "masks").iterdir()) == [".png", ".png"]
    assert main(["predict", *both, "--model", model, "--csv"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "input,answer,certainty"

    for wrong, words in (("dice", "NAME=VALUE"), ("dice=much", "cannot be “much”")):
        assert main(["train", str(tmp_path / "p"), "--epochs", "1", "--set", wrong]) == 1
        assert words in capsys.readouterr().err
    out = tmp_path / "out"
    assert main(["export", model, "--format", "onnx", "--out", str(out), "--samples", picture]) == 0
    assert "same answers" in capsys.readouterr().out and next(out.glob("*.onnx")).stat().st_size > 1_000_000
    assert main(["predict", picture, "--model", "area-starter"]) == 1
    assert "has not been taught" in capsys.readouterr().err
