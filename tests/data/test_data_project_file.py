"""The file a project is opened by."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.data.project import Project
from workbench.data.project_file import folder_of, looks_like_project, project_file
from workbench.errors import UserError


def test_every_project_has_one_and_opens_by_it(tmp_path: Path) -> None:
    with Project.create(tmp_path / "p", 'A/B: "birds"', "image-classification") as project:
        file = project_file(project.folder)
    assert file is not None and file.name == "A B birds.workbench"
    assert json.loads(file.read_text(encoding="utf-8"))["name"] == 'A/B: "birds"'
    for given in (file, file.parent, file.parent / "project.db"):
        assert folder_of(given) == file.parent
    with Project.open(file) as again:
        assert again.folder == file.parent and again.name == 'A/B: "birds"'


def test_older_projects_get_one_and_a_renamed_one_is_kept(tmp_path: Path) -> None:
    with Project.create(tmp_path / "p", "Birds", "image-classification") as project:
        file = project_file(project.folder)
    assert file is not None
    file.unlink()
    with Project.open(tmp_path / "p", read_only=True):
        assert project_file(tmp_path / "p") is None
    with Project.open(tmp_path / "p"):
        pass
    assert file.is_file()
    file.rename(tmp_path / "p" / "other.workbench")
    with Project.open(tmp_path / "p" / "other.workbench"):
        pass
    assert [f.name for f in (tmp_path / "p").glob("*.workbench")] == ["other.workbench"]


def test_where_it_cannot_be_written_the_project_opens_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Project.create(tmp_path / "p", "Birds", "image-classification") as project:
        file = project_file(project.folder)
    assert file is not None
    file.unlink()

    def full(*_: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with Project.open(tmp_path / "p") as again:
        assert again.name == "Birds" and not again.read_only
    assert list((tmp_path / "p").glob("*.part")) == [] and project_file(tmp_path / "p") is None


def test_what_is_no_project_is_said(tmp_path: Path) -> None:
    lonely = tmp_path / "lonely.workbench"
    lonely.write_text('{"format": "model-workbench-project", "version": 1}')
    with pytest.raises(UserError, match="beside no project"):
        folder_of(lonely)
    lonely.write_text('{"format": "model-workbench-project", "version": 7}')
    with pytest.raises(UserError, match="newer version"):
        folder_of(lonely)
    lonely.write_bytes(b"[" * 50_000)
    with pytest.raises(UserError, match="not a project file"):
        folder_of(lonely)
    lonely.write_bytes(b" " * 200_000)
    with pytest.raises(UserError, match="not a project file"):
        folder_of(lonely)
    with pytest.raises(UserError, match="not there any more"):
        folder_of(tmp_path / "gone.workbench")
    with pytest.raises(UserError, match="not a project"):
        folder_of(tmp_path)
    assert looks_like_project(lonely) and not looks_like_project(tmp_path)
