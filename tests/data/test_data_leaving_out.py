"""Exports without personal data: every format, every file searched byte by byte."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.test_data_dicom import scan, written
from tests.data.test_data_hidden import SECRETS, jpeg, png, unpacked
from workbench.control import Control
from workbench.data.annotations import NewAnnotation
from workbench.data.exporters.deliver import FOLDERS, TABLE, deliver
from workbench.data.exporters.formats import formats_for
from workbench.data.exporters.leaving_out import save_clean_copy, without_personal_data
from workbench.data.project import Project
from workbench.data.shapes import BoxShape, TextSpan
from workbench.data.types import ItemFilter, NewItem, Split
from workbench.errors import UserError

MAIL = "anna.muster@example.org"


def everything(folder: Path) -> bytes:
    """Names and contents of all files below."""
    parts = []
    for file in sorted(folder.rglob("*")):
        parts.append(file.relative_to(folder).as_posix().encode())
        if file.is_file():
            data = file.read_bytes()
            parts += [data, unpacked(data)]
            if file.suffix in (".json", ".jsonl", ".conll", ".csv"):
                parts.append(data.decode("utf-8-sig").encode("unicode_escape"))
    return b"\n".join(parts)


def boxes(folder: Path, task: str = "object-detection") -> Project:
    """Pictures that tell much, one of a patient, with a box each."""
    files = folder / "files"
    files.mkdir(parents=True)
    jpeg(files / "one.jpg")
    jpeg(files / f"{MAIL}.jpg", turn=1)
    png(files / "two.png")
    (files / "Muster^Anna.dcm").write_bytes(written(scan(np.arange(64, dtype=np.uint8).reshape(8, 8))))
    project = Project.create(folder / "project", "boxes", task)
    marks = None if task == "image-classification" else (NewAnnotation(BoxShape(1, 2, 6, 7), "thing", f"see {MAIL}"),)
    label = "thing" if marks is None else None
    new = [
        NewItem("picture", f.name, f, label=label, annotations=marks, split=Split.TRAIN)
        for f in sorted(files.iterdir())
    ]
    assert len(project.add_items(new).added) == 4
    return project


def assert_clean(folder: Path) -> None:
    found = everything(folder)
    for secret in (*SECRETS, MAIL.encode(), b"Muster^Anna", b"Doe^Jane", b"1234567"):
        assert secret not in found, secret


@pytest.mark.parametrize("format_id", [f.id for f in formats_for("boxes")])
def test_boxes_in_every_format(format_id: str, tmp_path: Path) -> None:
    target = tmp_path / "out"
    with boxes(tmp_path / "in") as project:
        count, problems = deliver(project, format_id, target, Control(), leave_out_personal=True)
        # Nothing of the project itself changed.
        assert {i.path.name for i in project.items(project.item_ids()) if i.path} >= {f"{MAIL}.jpg", "one.jpg"}
    assert count == 4 and not problems
    assert_clean(target)
    pictures = [f for f in target.rglob("*") if f.suffix in (".jpg", ".png") and "Segmentation" not in str(f)]
    assert len(pictures) == 4
    # As they are seen: the sizes that the labels speak of.
    from PIL import ImageOps

    sizes = sorted(ImageOps.exif_transpose(Image.open(f)).size for f in pictures)
    assert sizes == [(8, 8), (40, 64), (40, 64), (64, 40)]


def test_a_folder_per_class_and_a_table_with_copies_beside(tmp_path: Path) -> None:
    with boxes(tmp_path / "in", "image-classification") as project:
        assert deliver(project, FOLDERS, tmp_path / "folders", Control(), leave_out_personal=True) == (4, [])
        table = tmp_path / "table" / "labels.csv"
        assert deliver(project, TABLE, table, Control(), leave_out_personal=True) == (4, [])
    assert_clean(tmp_path / "folders")
    assert_clean(tmp_path / "table")
    with table.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    # The table names the copies from where it lies.
    assert all((table.parent / row["file"]).is_file() and row["label"] == "thing" for row in rows)


def texts(folder: Path) -> Project:
    project = Project.create(folder, "texts", "token-classification")
    for number, text in enumerate((f"Ask {MAIL} about Paris.", f"{MAIL} lives in Rome, Mr Anna Muster says.")):
        start = text.index("Paris" if number == 0 else "Rome")
        marks = (
            NewAnnotation(TextSpan(start, start + (5 if number == 0 else 4)), "place"),
            NewAnnotation(TextSpan(text.index(MAIL), text.index(MAIL) + len(MAIL)), "who"),
        )
        project.add_items([NewItem("text", text[:20], text=text, annotations=marks, split=Split.TEST)])
    return project


@pytest.mark.parametrize("format_id", [f.id for f in formats_for("spans")])
def test_marked_texts_in_every_format(format_id: str, tmp_path: Path) -> None:
    target = tmp_path / "out" / "texts.jsonl"
    target.parent.mkdir()
    with texts(tmp_path / "in") as project:
        assert deliver(project, format_id, target, Control(), leave_out_personal=True) == (2, [])
    assert_clean(target.parent)
    assert "Paris" in target.read_text() and "Rome" in target.read_text()


def test_marks_are_where_they_were(tmp_path: Path) -> None:
    target = tmp_path / "texts.jsonl"
    with texts(tmp_path / "in") as project:
        deliver(project, "spacy", target, Control(), leave_out_personal=True)
    found = [json.loads(line) for line in target.read_text().splitlines()]
    pieces = [{name: r["text"][start:end] for start, end, name in r["entities"]} for r in found]
    assert pieces == [{"place": "Paris", "who": "[E-MAIL 1]"}, {"place": "Rome", "who": "[E-MAIL 1]"}]


def test_a_copy_of_the_project(tmp_path: Path) -> None:
    with texts(tmp_path / "texts") as project:
        result = save_clean_copy(project, tmp_path / "copy")
        assert len(result.added) == 2 and not result.problems
        with pytest.raises(UserError):
            save_clean_copy(project, tmp_path / "copy")
    assert_clean(tmp_path / "copy")
    with Project.open(tmp_path / "copy") as copy:
        assert [c.name for c in copy.classes()] == ["place", "who"]
        items = copy.items(copy.item_ids(ItemFilter(split=Split.TEST)))
        assert [i.marks for i in items] == [2, 2] and "[NAME 1]" in (items[1].text or "")
    with boxes(tmp_path / "in") as project:
        assert len(save_clean_copy(project, tmp_path / "pictures").added) == 4
    assert_clean(tmp_path / "pictures")


def test_copies_on_the_way_do_not_pile_up(tmp_path: Path) -> None:
    with boxes(tmp_path / "in") as project:
        target = tmp_path / "out"
        with without_personal_data(project, target) as clean:
            files = []
            for item_id in clean.item_ids():
                [item] = clean.items([item_id])
                assert item.path is not None and item.path.is_file()
                files.append(item.path)
                assert sum(f.is_file() for f in files) <= 2
            # Asked for again, it is made again.
            [first] = clean.items(clean.item_ids()[:1])
            assert first.path is not None and first.path.is_file()
        assert not any(f.exists() for f in files) and not target.exists()


def test_what_cannot_be_cleaned_is_left_out_and_told(tmp_path: Path) -> None:
    with boxes(tmp_path / "in", "image-classification") as project:
        (tmp_path / "in" / "files" / "one.jpg").write_bytes(b"Anna Muster")
        count, problems = deliver(project, FOLDERS, tmp_path / "out", Control(), leave_out_personal=True)
    assert count == 3 and [p.where for p in problems] == ["one.jpg"]
    assert_clean(tmp_path / "out")
