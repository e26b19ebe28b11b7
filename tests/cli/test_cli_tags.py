"""Several labels per item from the command line: taught from a table, used, judged, taken in and out."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pytest

from workbench.__main__ import main
from workbench.data.importers.several import joined
from workbench.data.project import Project

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tag_sentences import messages

Capture = pytest.CaptureFixture[str]


def table(path: Path, count: int, seed: int = 0, separator: str = ";") -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "topics"])
        for item in messages(count, seed):
            writer.writerow([item.text, joined([a.label for a in item.annotations or ()], separator)])
    return path


def test_from_a_table_to_answers(tmp_path: Path, capsys: Capture) -> None:
    data = table(tmp_path / "messages.csv", 120)
    assert main(["train", str(data), "--json", "--name", "Topics"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["metric"] == "F1" and result["score"] > result["baseline"] and len(result["per_class"]) == 4
    page = Path(result["report"]).read_text(encoding="utf-8")
    assert "What was given instead of what" in page and "What goes together" in page and "Hamming loss" in page
    model = result["model"]
    text = "The soup was cold, and the courier lost my parcel."
    assert main(["predict", text, "--model", model, "--top", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sorted(line.split("] ")[1] for line in lines[1:]) == ["delivery", "food"]
    assert all("[x]" in line for line in lines[1:])
    assert main(["predict", text, "--model", model, "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["several"] and sorted(answer["labels"]) == ["delivery", "food"] and len(answer["scores"]) == 4
    assert main(["predict", text, "We came on a Sunday afternoon.", "--model", model, "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert rows[0]["label: food"] == "1" and rows[1]["answer"] == "none of them" and rows[1]["label: food"] == "0"
    # Judged on a table of several labels, and on one of a single class.
    assert main(["evaluate", model, str(table(tmp_path / "new.csv", 20, 7))]) == 0
    shown = capsys.readouterr().out
    assert "Always answering" in shown and "threshold" in shown
    single = tmp_path / "single.csv"
    single.write_text("text,label\nthe soup was cold,food\nthe bread was good,food\nthe parcel is lost,delivery\n"
                      "the van came at seven,delivery\n", encoding="utf-8")  # fmt: skip
    assert main(["evaluate", model, str(single), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 4


def test_in_and_out_of_a_project(tmp_path: Path, capsys: Capture) -> None:
    project = tmp_path / "p"
    assert main(["project", "import", str(project), str(table(tmp_path / "a.csv", 20)), "--separator", ";"]) == 0
    assert "20 texts with 4 labels" in capsys.readouterr().out
    with Project.open(project, read_only=True) as made:
        assert made.task_id == "text-tags" and made.counts().labelled == 20
    assert main(["project", "export", str(project), "--format"]) == 0
    listed = capsys.readouterr().out
    for name in ("tags-csv", "tags-columns", "tags-doccano", "tags-label-studio"):
        assert name in listed
    out = tmp_path / "out.jsonl"
    assert main(["project", "export", str(project), str(out), "--format", "tags-doccano"]) == 0
    entries = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len(entries) == 20 and any(len(e["label"]) > 1 for e in entries) and any(not e["label"] for e in entries)
    capsys.readouterr()
    # Each cell is one label, when the person says so.
    one = tmp_path / "one"
    assert main(["project", "import", str(one), str(tmp_path / "a.csv"), "--separator", "none"]) == 0
    with Project.open(one, read_only=True) as made:
        assert made.task_id == "text-classification"
