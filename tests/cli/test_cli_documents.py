"""One's own documents on the command line."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.data import documents_made as made
from workbench.cli.app import FAILED, OK, PARTLY, run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    papers = tmp_path / "papers"
    papers.mkdir()
    made.docx(papers / "house.docx", [("Heading 1", "Animals"), ("", "Dogs may be kept with consent.")])
    made.pdf(papers / "bill.pdf", [["Invoice RX-4471 is due on 14 March."]])
    (papers / "bread.txt").write_text("Knead the dough for ten minutes. Bread wants an oven.")
    (papers / "rolls.txt").write_text("Bread rolls are baked in the oven for twenty minutes.")
    return papers


def test_search_map_and_keywords(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["documents", "index", str(folder)]) == OK
    assert "4 documents, 4 passages." in capsys.readouterr().err
    assert run(["documents", "search", "are pets allowed?", "--in", str(folder), "--top", "1", "--json"]) == OK
    found = json.loads(capsys.readouterr().out)
    assert found[0]["document"] == "Animals" and found[0]["path"] == str(folder / "house.docx")
    assert run(["documents", "search", "rx-4471", "--in", str(folder), "--words-only", "--csv"]) == OK
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [(r["place"], r["words"]) for r in rows] == [("page 1", "RX-4471")]
    (folder / "broken.pdf").write_bytes(b"no")
    assert run(["documents", "search", "baking", "--in", str(folder)]) == PARTLY
    said = capsys.readouterr()
    assert "bread, paragraph 1" in said.out and "broken.pdf: This PDF is damaged." in said.err
    points = tmp_path / "points.csv"
    assert run(["documents", "map", "--in", str(folder), "--output", str(points), "--json"]) == PARTLY
    groups = json.loads(capsys.readouterr().out)
    assert sum(g["texts"] for g in groups) == 4
    with points.open(encoding="utf-8-sig", newline="") as stream:
        assert {r["document"] for r in csv.DictReader(stream)} == {"Animals", "bill", "bread", "rolls"}
    assert run(["documents", "keywords", str(folder / "bread.txt"), str(folder / "broken.pdf"), "--json"]) == PARTLY
    words = json.loads(capsys.readouterr().out)
    assert len(words) == 1 and any("dough" in k["keyword"].lower() for k in words[0]["keywords"])
    assert run(["documents", "keywords", "--text", "Sailing boats in the harbour.", "--top", "2"]) == OK
    assert "boats" in capsys.readouterr().out.lower()


def test_what_is_wrong_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["documents", "search", "x", "--in", str(folder / "gone")]) == FAILED
    assert "“gone” is not there." in capsys.readouterr().err
    assert run(["documents", "keywords"]) == FAILED
    assert "nothing to find keywords in" in capsys.readouterr().err
    assert run(["documents", "index", str(folder), "--model", "picture-starter"]) == FAILED
    assert "does not compare meanings" in capsys.readouterr().err
