"""workbench project check and exports without personal data, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.cli.app import run
from workbench.data.project import Project
from workbench.data.types import NewItem, Split

MAIL = "anna.muster@example.org"


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """Two topics, one text on both sides of the test with another label, one with an address."""
    folder = tmp_path / "texts"
    with Project.create(folder, "texts", "text-classification") as project:
        said = ["The soup was cold and nobody came", "The bread was warm and the waiter kind"]
        new = [
            NewItem("text", f"{n}", text=f"{said[n % 2]} on day {n}", label=("bad", "good")[n % 2]) for n in range(24)
        ]
        long = "We waited an hour for the bill and the room was far too loud to speak with anyone at all"
        new.append(NewItem("text", "left", text=long, label="bad", split=Split.TRAIN))
        new.append(NewItem("text", "right", text=f"{long}!", label="good", split=Split.TEST))
        new.append(NewItem("text", "mail", text=f"Write to {MAIL}, please, about the bill.", label="bad"))
        project.add_items(new)
    return folder


def test_check_fix_fine_and_copy(texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["project", "check", str(texts), "--json"]) == 3
    found = {f["code"]: f for f in json.loads(capsys.readouterr().out)["findings"]}
    assert {"leakage", "conflict", "personal-data"} <= set(found)
    [places] = found["personal-data"]["places"].values()
    assert places == [[9, 9 + len(MAIL), "e-mail address"]]

    assert run(["project", "check", str(texts), "--fix", "one-split:leakage", "--fix", "keep-one:conflict"]) == 3
    told = capsys.readouterr()
    assert "leakage: move 1 copy to one side" in told.err and "conflict: take" in told.err
    assert "leakage:" not in told.out and "conflict:" not in told.out and "personal-data: 1 text holds" in told.out

    assert run(["project", "check", str(texts), "--fine", "personal-data", "--quick"]) in (0, 3)
    assert "personal-data" not in capsys.readouterr().out
    assert run(["project", "check", str(texts), "--forget-fine", "--quick"]) == 3
    assert "personal-data" in capsys.readouterr().out

    copy = tmp_path / "copy"
    assert run(["project", "check", str(texts), "--quick", "--copy-to", str(copy)]) == 3
    with Project.open(copy) as project:
        assert "Write to [E-MAIL 1], please, about the bill." in [i.text for i in project.items(project.item_ids())]
    assert all(MAIL.encode() not in f.read_bytes() for f in copy.rglob("*") if f.is_file())


def test_what_cannot_be_done_is_said(texts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["project", "check", str(texts), "--quick", "--fix", "wonder"]) == 1
    assert "There is no fix “wonder”" in capsys.readouterr().err
    assert run(["project", "check", str(texts), "--quick", "--fix", "exclude:leakage"]) == 1
    assert "Nothing here is mended" in capsys.readouterr().err
    assert run(["project", "check", str(texts), "--quick", "--fine", "wonder"]) == 1
    assert "There is no finding “wonder”" in capsys.readouterr().err


def test_an_export_without_personal_data(texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, clean = tmp_path / "plain.csv", tmp_path / "clean.csv"
    assert run(["project", "export", str(texts), str(plain)]) == 0
    assert run(["project", "export", str(texts), str(clean), "--leave-out-personal"]) == 0
    assert "27 rows written" in capsys.readouterr().out
    assert MAIL in plain.read_text(encoding="utf-8-sig") and MAIL not in clean.read_text(encoding="utf-8-sig")
    assert "[E-MAIL 1]" in clean.read_text(encoding="utf-8-sig")
