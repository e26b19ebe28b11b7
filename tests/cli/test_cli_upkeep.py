"""verify, repair, backup and restore on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.__main__ import main
from workbench.data.project import Project
from workbench.data.store import DATABASE
from workbench.data.types import NewItem


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Project.create(tmp_path / "P", "P", "text-classification") as project:
        project.add_items(NewItem("text", f"n{n}", text=f"text {n} " * 30, label="a") for n in range(200))
    return tmp_path / "P"


def test_the_way_through(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["project", "verify", str(folder)]) == 0
    assert "All is as it should be: 200 items, 200 of them labelled" in capsys.readouterr().out
    assert main(["project", "restore", str(folder)]) == 1
    assert "no backups" in capsys.readouterr().err
    assert main(["project", "backup", str(folder), "--json"]) == 0
    (made,) = json.loads(capsys.readouterr().out)
    assert made["labels"] == 200 and Path(made["file"]).is_file()
    with Project.open(folder) as project:
        project.set_label(project.item_ids()[:150], None)
    assert main(["project", "restore", str(folder), str(made["number"])]) == 0
    capsys.readouterr()
    assert main(["project", "backup", str(folder), "--list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert len(listed) == 2 and " 50 labels" in listed[0] and " 200 labels" in listed[1]
    assert main(["project", "verify", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["labels"] == 200


def test_damage_is_told_and_mended(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / DATABASE
    main(["project", "backup", str(folder)])
    data = bytearray(file.read_bytes())
    # A page on which items lie.
    page = data.index(b"text 150 ") // 4096 * 4096
    data[page : page + 4096] = bytes(4096)
    file.write_bytes(bytes(data))
    capsys.readouterr()
    assert main(["project", "verify", str(folder)]) == 3
    assert "damaged" in capsys.readouterr().out
    assert main(["project", "repair", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "Read what could be read" in said and "set-aside" in said and "To go back to it" in said
    # Nothing of the file can be read: the backup it is.
    file.write_bytes(b"rubbish" * 4000)
    assert main(["project", "repair", str(folder)]) == 0
    assert "Restored the backup" in capsys.readouterr().out
    with Project.open(folder) as project:
        assert project.counts().labelled == 200


def test_what_is_no_project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for action in ("verify", "repair", "backup"):
        assert main(["project", action, str(tmp_path)]) == 1
        assert "is not a project" in capsys.readouterr().err
