"""Questions and answers on the command line: in, taught, asked, judged, and out again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.answer_sets import passages, small_answerer, words_of
from workbench.__main__ import main
from workbench.app_paths import app_paths
from workbench.catalog.card import Source
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.exporters.formats import format_by_id
from workbench.data.project import Project
from workbench.runtimes.folder import save_folder


def run(*words: object) -> int:
    return main([str(w) for w in words])


def test_the_whole_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = passages(14, 1)
    with Project.create(tmp_path / "made", "made", "question-answering") as project:
        project.add_items(given)
        format_by_id("squad").write(project, tmp_path / "people.json", Control())
    model = small_answerer(tmp_path / "words", words_of(given))
    folder = app_paths().models / "small"
    save_folder(model, replace(model.card, source=Source("folder", str(folder))), folder)
    assert run("project", "import", tmp_path / "p", tmp_path / "people.json") == 0
    assert "14 texts with 56 questions, 14 of them not answered in their text." in capsys.readouterr().out
    assert run("project", "status", tmp_path / "p", "--json") == 0
    status = json.loads(capsys.readouterr().out)
    assert status["task"] == "question-answering" and (status["total"], status["labelled"]) == (14, 14)
    assert run("train", tmp_path / "p", "--model", "small", "--how", "thorough", "--epochs", 1, "--set", "lora=1") == 0
    capsys.readouterr()
    (own,) = (c for c in Catalog.load().cards() if c.base == "small")
    text = given[0].text or ""
    assert run("predict", text, "--model", own.id, "--set", "question=Where is the home?", "--json") == 0
    (said,) = json.loads(capsys.readouterr().out)
    assert said["questions"][0]["question"] == "Where is the home?" and 0 <= said["questions"][0]["no_answer"] <= 1
    assert (said["questions"][0]["answer"] is None) == (not said["spans"])
    assert run("predict", text, "--model", own.id) == 1
    assert "--set question=" in capsys.readouterr().err
    assert run("evaluate", own.id, tmp_path / "people.json", "--json") == 0
    judged = json.loads(capsys.readouterr().out)
    assert judged["n"] == 14 and judged["questions"] == 56 and sum(judged["outcomes"].values()) == 56
    assert run("project", "export", tmp_path / "p", "--format", "?") == 0
    assert "squad1" in capsys.readouterr().out
    for name, known in (("out.json", "squad"), ("out.csv", "answers-csv")):
        assert run("project", "export", tmp_path / "p", tmp_path / name, "--format", known) == 0
        capsys.readouterr()
        assert run("evaluate", own.id, tmp_path / name, "--json") == 0
        again = json.loads(capsys.readouterr().out)
        assert (again["score"], again["exact"]) == (judged["score"], judged["exact"])
    assert run("export", own.id, "--format", "folder", "--out", tmp_path / "folder", "--accept-licence") == 0
    assert {f.suffix for f in (tmp_path / "folder").rglob("*") if f.is_file()} >= {".json", ".safetensors"}
