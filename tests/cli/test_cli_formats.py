"""Sets of labels on the command line: in, out, and what is odd."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from workbench.__main__ import main

sys.path.insert(0, str(Path(__file__).parent.parent / "data"))

from marked_sets import make_picture


def test_a_set_goes_from_one_format_to_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_picture(tmp_path / "set" / "a.png")
    given = {
        "images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "gone.png"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [32, 24, 64, 12]}],
        "categories": [{"id": 1, "name": "cat"}],
    }
    (tmp_path / "set" / "set.json").write_text(json.dumps(given))
    project = str(tmp_path / "project")
    assert main(["project", "import", project, str(tmp_path / "set"), "--task", "object-detection"]) == 3
    words = capsys.readouterr()
    assert "COCO: 1 picture with 1 box of 1 kind: cat." in words.out
    assert "mended: annotation 1 (a.png): It reached over the edge of its picture and is cut off there." in words.out
    assert "gone.png: The picture is not there." in words.err
    assert main(["project", "export", project, str(tmp_path / "yolo"), "--format", "yolo"]) == 0
    assert (tmp_path / "yolo" / "labels" / "all" / "a.txt").read_text() == "0 0.75 0.625 0.5 0.25\n"
    assert main(["project", "export", project, str(tmp_path / "coco"), "--format", "coco", "--no-copies"]) == 0
    made = json.loads((tmp_path / "coco" / "annotations" / "instances_default.json").read_text())
    assert made["images"][0]["file_name"] == (tmp_path / "set" / "a.png").as_posix()
    assert made["annotations"][0]["bbox"] == [32, 24, 32, 12]
    capsys.readouterr()
    assert main(["project", "export", project, str(tmp_path / "voc"), "--format", "voc", "--no-copies"]) != 0
    assert "always copies the pictures" in capsys.readouterr().err
    assert main(["project", "export", project, str(tmp_path / "x"), "--format", "nonsense"]) != 0
    assert "There is no format “nonsense”" in capsys.readouterr().err
