"""Pictures that rows name: copied into the project when the person wants that, they go along wherever its folder goes."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.annotations import Annotation, AnnotationState
from workbench.data.checks.table_columns import check as check_columns
from workbench.data.exporters.leaving_out import save_clean_copy
from workbench.data.exporters.project import export_labels
from workbench.data.importers import sniff
from workbench.data.importers.rows import RowsPlan
from workbench.data.project import Project
from workbench.data.project_columns import columns_of
from workbench.data.rows import cells_of
from workbench.data.shapes import Whole
from workbench.data.verify import verify
from workbench.engine.elsewhere import write
from workbench.engine.elsewhere.read import read_training
from workbench.engine.fit import new_config
from workbench.engine.journey import add_plan, project_from_plan
from workbench.errors import UserError

_COLOURS = ("red", "blue", "white", "black")


def houses(folder: Path, rows: int = 24) -> Path:
    """A table of houses with a photo each, of which one is missing and two are the same."""
    (folder / "photos").mkdir(parents=True)
    for number in range(4):
        picture = Image.new("RGB", (24, 18), _COLOURS[number])
        tags = picture.getexif()
        tags[0x010F] = "Ann Weber's camera"
        picture.save(folder / "photos" / f'house "{number}".jpg', exif=tags)
    with (folder / "houses.csv").open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(["photo", "rooms", "area", "town", "price"])
        for row in range(rows):
            photo = "photos/gone.jpg" if row == 5 else f'photos/house "{row % 4}".jpg'
            table.writerow([photo, row % 6 + 1, 40 + row * 3, ("Oslo", "Bergen")[row % 2], 100_000 + row * 9_000])
    return folder / "houses.csv"


def photos_of(project: Project) -> list[Path]:
    return [Path(cells_of(i.text or "")["photo"]) for i in project.items(project.item_ids())]


def test_copied_pictures_go_along_with_the_folder(tmp_path: Path, catalog: Catalog) -> None:
    plan = sniff([houses(tmp_path / "from")])
    assert isinstance(plan, RowsPlan)
    assert "do not move them" in plan.copy_words(False) and "copied into the project" in plan.copy_words(True)
    project, result = project_from_plan(plan, tmp_path / "project", copy_media=True)
    with project:
        assert [p.where for p in result.problems] == ["row 7"]
        found = photos_of(project)
        # Rows come in again as themselves, with copies or without.
        assert add_plan(project, sniff([tmp_path / "from" / "houses.csv"]), True).added == ()
        assert add_plan(project, sniff([tmp_path / "from" / "houses.csv"])).added == ()
    media = tmp_path / "project" / "media"
    assert [p.is_file() for p in found] == [n != 5 for n in range(24)]
    assert all(p.is_relative_to(media) for n, p in enumerate(found) if n != 5)
    assert len(list(media.rglob("*.jpg"))) == 4
    # The name is still the photo's own, as far as a file can be called so.
    assert found[1].name == "house _1_.jpg"
    shutil.rmtree(tmp_path / "from" / "photos")
    (tmp_path / "elsewhere").mkdir()
    shutil.move(tmp_path / "project", tmp_path / "elsewhere" / "moved")
    with Project.open(tmp_path / "elsewhere" / "moved") as moved:
        found = photos_of(moved)
        assert all(p.is_file() and p.is_relative_to(tmp_path / "elsewhere") for n, p in enumerate(found) if n != 5)
    verdict = verify(tmp_path / "elsewhere" / "moved")
    assert verdict.copies == 23
    assert verdict.sound  # the one that was never there was told at the import
    found[1].write_bytes(b"something else")
    assert ("copies", 5) in [(t.code, t.count) for t in verify(tmp_path / "elsewhere" / "moved").troubles]


def test_without_copies_it_is_told_what_is_not_there_any_more(tmp_path: Path) -> None:
    project, _ = project_from_plan(sniff([houses(tmp_path / "from")]), tmp_path / "project")
    with project:
        assert sum(p.is_relative_to(tmp_path / "from") for p in photos_of(project)) == 23
    assert not list((tmp_path / "project" / "media").iterdir())
    shutil.rmtree(tmp_path / "from" / "photos")
    troubles = verify(tmp_path / "project").troubles
    assert [(t.code, t.count) for t in troubles] == [("media", 23)]


def test_a_training_that_is_run_elsewhere_takes_the_pictures_along(
    tmp_path: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "write_program", lambda _file: False)  # how the program goes along is tested elsewhere
    project, _ = project_from_plan(sniff([houses(tmp_path / "from")]), tmp_path / "project")
    with project:
        card, _why = catalog.suggest(project.task_id, to_teach=True)
        write.write_bundle(new_config(project, card), project, catalog, tmp_path / "bundle")
    shutil.rmtree(tmp_path / "from")
    taken = read_training(tmp_path / "bundle")
    lines = list(taken.lines())
    taken.check_media(lines, Control())
    with Project.create(tmp_path / "there", "There", "tabular-regression") as there:
        there.take_manifest(lines, taken.media)
        found = photos_of(there)
        assert sum(p.is_file() and p.is_relative_to(tmp_path / "bundle") for p in found) == 23
    # A copy that was changed on the way is noticed.
    min((tmp_path / "bundle" / "media").rglob("*.jpg")).write_bytes(b"x")
    with pytest.raises(UserError, match="was changed or is damaged"):
        taken.check_media(lines, Control())


def test_a_copy_without_personal_data_has_clean_pictures_and_its_columns(tmp_path: Path) -> None:
    file = houses(tmp_path / "from")
    with file.open("a", newline="") as stream:
        csv.writer(stream).writerow(['photos/house "1".jpg', 3, 50, "anna.weber@example.org", 200_000])
    project, _ = project_from_plan(sniff([file]), tmp_path / "project", copy_media=True)
    with project:
        columns = columns_of(project)
        save_clean_copy(project, tmp_path / "clean")
    with Project.open(tmp_path / "clean") as clean:
        assert [(c.name, c.kind, c.role) for c in columns_of(clean)] == [(c.name, c.kind, c.role) for c in columns]
        texts = [i.text or "" for i in clean.items(clean.item_ids())]
        photos = [p for p in photos_of(clean) if p.is_absolute()]
        assert clean.counts().labelled == 25
    assert len(texts) == 25 and len(photos) == 24
    assert not any("anna" in t or str(tmp_path / "from") in t for t in texts)
    assert all(p.is_relative_to(tmp_path / "clean" / "media") for p in photos)
    assert all(b"Weber" not in p.read_bytes() for p in photos)
    # What is a number stays one: it is nobody's telephone.
    assert [json.loads(t)["price"] for t in texts][:2] == ["100000", "109000"]


def test_rows_are_exported_as_the_table_they_came_from(tmp_path: Path) -> None:
    file = houses(tmp_path / "from")
    project, _ = project_from_plan(sniff([file]), tmp_path / "project")
    with project:
        first = project.item_ids()[0]
        project.set_annotations({first: AnnotationState((Annotation(Whole(), text="123456.5"),), True)})
        project.ensure_splits()
        assert export_labels(project, tmp_path / "from" / "out.csv") == 24
    with (tmp_path / "from" / "out.csv").open(encoding="utf-8-sig", newline="") as stream:
        found = list(csv.DictReader(stream))
    with file.open(encoding="utf-8", newline="") as stream:
        given = list(csv.DictReader(stream))
    assert {row.pop("split") for row in found} == {"train", "validation", "test"}
    given[0]["price"] = "123456.5"  # a person has put it right
    assert found == given
    again, _ = project_from_plan(sniff([tmp_path / "from" / "out.csv"]), tmp_path / "again")
    with again:
        assert again.task_id == "tabular-regression" and again.counts().labelled == 24


def test_labels_that_were_put_right_are_in_the_table_and_numbers_stay_numbers(tmp_path: Path) -> None:
    file = tmp_path / "accounts.csv"
    lines = [f"{n};{'-' if n % 9 == 0 else f'-{n},5'};{n % 7};{('good', 'bad')[n % 2]}" for n in range(40)]
    file.write_text("no;balance;visits;risk\n" + "\n".join(lines))
    project, _ = project_from_plan(sniff([file]), tmp_path / "project")
    with project:
        ids = project.item_ids()
        bad = next(c.id for c in project.classes() if c.name == "bad")
        project.set_label([ids[0]], bad)
        export_labels(project, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as stream:
        found = list(csv.DictReader(stream))
    assert [row["risk"] for row in found[:3]] == ["bad", "bad", "good"]
    assert [row["balance"] for row in found[:3]] == ["-", "-1,5", "-2,5"]


@pytest.mark.parametrize("copy", [False, True])
def test_pictures_that_were_not_there_come_to_their_rows_later(tmp_path: Path, copy: bool) -> None:
    table = houses(tmp_path / "from")
    away = shutil.move(tmp_path / "from" / "photos", tmp_path / "away")
    plan = sniff([table], rows=True)
    project, result = project_from_plan(plan, tmp_path / "project", copy_media=copy)
    with project:
        assert len(result.problems) == 24 and all(p.stays for p in result.problems)
        assert "import the table again" in result.problems[0].hint
        ids = project.item_ids()
        project.set_annotations({ids[3]: AnnotationState((Annotation(Whole(), text="777"),), True)})
        (found,) = [f for f in check_columns(project, Control()) if f.code == "row-pictures"]
        assert (
            found.item_ids == tuple(ids)
            and found.message == "24 rows lack pictures: files that are named in “photo” are not there."
        )
        shutil.move(away, tmp_path / "from" / "photos")
        again = add_plan(project, sniff([table], rows=True), copy)
        assert again.notes == ("23 rows that were there got the pictures.",)
        assert not again.added and again.duplicates == 1  # whose picture is still away
        assert project.item_ids() == ids and project.annotations(ids[3])[0].text == "777"
        there = photos_of(project)
        assert sum(p.is_file() for p in there) == 23
        assert all(p.is_relative_to(tmp_path / ("project" if copy else "from")) for p in there if p.is_file())
        (found,) = [f for f in check_columns(project, Control()) if f.code == "row-pictures"]
        assert found.item_ids == (ids[5],) and "1 row lacks a picture" in found.message
        third = add_plan(project, sniff([table], rows=True), copy)
        assert not third.added and third.duplicates == 24 and not third.notes
