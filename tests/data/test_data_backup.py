"""Backups of the labels, restoring them, looking at a project, and reading what can be read of a damaged one."""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from workbench.control import Control
from workbench.data import backup as backing
from workbench.data.annotations import Annotation
from workbench.data.backup import back_up, backups, is_due, restore
from workbench.data.exporters.project import export_folders
from workbench.data.project import Project
from workbench.data.recover import recover
from workbench.data.schema import PAGE
from workbench.data.shapes import BoxShape
from workbench.data.store import DATABASE, DamagedProjectError, ProjectInUseError
from workbench.data.types import ItemPrediction, NewItem, RunRecord, Split
from workbench.data.verify import mend, verify
from workbench.errors import Cancelled, UserError

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with 400 texts, half of them labelled, boxes, a run and its predictions."""
    with Project.create(tmp_path / "P", "P", "text-classification") as project:
        ids = project.add_items(NewItem("text", f"n{n}", text=f"text {n} " * 20) for n in range(400)).added
        label = project.add_class("yes")
        project.set_label(ids[:200], label.id)
        project.add_annotations({i: [Annotation(BoxShape(0, 0, 5, 5), label.id)] for i in ids[200:210]}, marked=False)
        run = project.runs_folder / "r1"
        run.mkdir()
        project.save_run(RunRecord("r1", "First", "done", "2026", {}, {}, run))
        project.save_predictions("r1", [ItemPrediction(i, Split.TEST, "yes", "yes", (1.0,)) for i in ids])
    return tmp_path / "P"


def labelled(folder: Path) -> int:
    with Project.open(folder, read_only=True) as project:
        return project.counts().labelled


def damage(folder: Path, pages: list[int]) -> None:
    """Random bytes in place of pages (from 0) of the database, which has no log beside it then."""
    file = folder / DATABASE
    with closing(sqlite3.connect(file)) as sql:
        sql.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        sql.execute("PRAGMA journal_mode=DELETE")
    data = bytearray(file.read_bytes())
    for page in pages:
        data[page * PAGE : (page + 1) * PAGE] = random.Random(page).randbytes(PAGE)
    file.write_bytes(bytes(data))


# Backups --------------------------------------------------------------------------------------------------------------


def test_a_backup_is_listed_with_its_counts_and_restored(folder: Path) -> None:
    made = back_up(folder, now=NOON)
    assert (made.items, made.labels) == (400, 200) and backups(folder) == [made]
    with Project.open(folder) as project:
        project.set_label(project.item_ids(), None)
        with pytest.raises(ProjectInUseError):
            restore(folder, made)
    assert labelled(folder) == 0
    assert restore(folder, made) is None
    assert labelled(folder) == 200
    # What was there before is among the backups: restoring can be taken back.
    newest = backups(folder)[0]
    assert newest.labels == 0 and newest.number == made.number + 1
    restore(folder, newest)
    assert labelled(folder) == 0


def test_trainings_since_the_backup_stay(folder: Path) -> None:
    made = back_up(folder)
    with Project.open(folder) as project:
        ids = project.item_ids()
        project.set_label(ids, None)
        project.save_run(RunRecord("r2", "Second", "done", "2020", {}, {}, project.runs_folder / "r2"))
        project.save_predictions("r2", [ItemPrediction(ids[0], Split.TEST, "yes", "yes", (1.0,))])
    restore(folder, made)
    with Project.open(folder) as project:
        assert [r.id for r in project.runs()] == ["r2", "r1"] and project.counts().labelled == 200
        assert len(project.predictions("r2")) == 1 and len(project.predictions("r1")) == 400


def test_people_work_on_while_it_is_made(folder: Path) -> None:
    """Made again and again while labels are given in another thread: each is sound, none blocks for long."""
    with Project.open(folder) as project:
        label = project.add_class("more")
        ids = project.item_ids()
        over = threading.Event()
        failed: list[UserError] = []

        def work() -> None:
            try:
                for n in range(150):
                    project.set_label([ids[200 + n]], label.id)
            except UserError as error:
                failed.append(error)
            finally:
                over.set()

        thread = threading.Thread(target=work)
        thread.start()
        made = [back_up(folder)]
        while not over.is_set():
            made.append(back_up(folder))
        thread.join()
    assert not failed and [b.labels for b in made] == sorted(b.labels for b in made)
    assert back_up(folder).labels == 350


def test_it_can_be_stopped_and_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backing, "_PAGES", 1)
    control = Control()
    control._on_progress = lambda _f, _t: control.cancel()
    with pytest.raises(Cancelled):
        back_up(folder, control)
    assert list((folder / backing.FOLDER).iterdir()) == []


def test_damage_is_never_backed_up(folder: Path) -> None:
    good = back_up(folder)
    damage(folder, list(range(3, 12)))
    for _ in range(12):
        with pytest.raises(DamagedProjectError):
            back_up(folder)
    assert backups(folder) == [good]
    aside = restore(folder, good)
    assert aside is not None and aside.is_file() and labelled(folder) == 200


def test_ten_are_kept_and_old_ones_lie_far_apart(folder: Path) -> None:
    for hour in range(0, 24 * 15, 12):
        back_up(folder, now=NOON + timedelta(hours=hour))
    found = backups(folder)
    assert len(found) == backing.KEPT
    days = [(found[0].when - b.when) / timedelta(days=1) for b in found]
    assert days[:4] == [0, 0.5, 1, 1.5] and days[-1] == 14.5 and found[-1].number == 1
    gaps = [b - a for a, b in pairwise(days)]
    assert max(gaps[:5]) < max(gaps[5:]), "older ones lie further apart"


def test_a_clock_that_goes_back_mixes_nothing_up(folder: Path) -> None:
    first = back_up(folder, now=NOON)
    assert not is_due(folder, NOON + timedelta(hours=23)) and is_due(folder, NOON + timedelta(hours=25))
    assert is_due(folder, NOON - timedelta(days=400)), "nobody knows how old it is"
    with Project.open(folder) as project:
        project.set_label(project.item_ids()[:50], None)
    for _ in range(12):
        last = back_up(folder, now=NOON - timedelta(days=400))
    found = backups(folder)
    assert found[0] == last and found[0].labels == 150 and found[-1] == first


def test_a_backup_that_is_damaged_is_not_offered_and_not_restored(folder: Path) -> None:
    made = back_up(folder)
    made.path.write_bytes(b"rubbish" * 1000)
    assert backups(folder) == []
    with pytest.raises(UserError, match="damaged"):
        restore(folder, made)
    assert labelled(folder) == 200


# Looking and reading what can be read --------------------------------------------------------------------------------


def test_a_sound_project_is_said_to_be_sound(folder: Path) -> None:
    back_up(folder)
    found = verify(folder)
    assert found.sound and (found.items, found.labels, found.runs, found.backups) == (400, 200, 1, 1)


def test_everything_wrong_is_told(tmp_path: Path) -> None:
    for n in range(4):
        Image.new("RGB", (8, 8), (n, 0, 0)).save(tmp_path / f"{n}.png")
    folder = tmp_path / "P"
    with Project.create(folder, "P", "image-classification") as project:
        project.add_items([NewItem("picture", f"{n}.png", path=tmp_path / f"{n}.png") for n in range(2)])
        project.add_items([NewItem("picture", f"{n}.png", path=tmp_path / f"{n}.png") for n in (2, 3)], copy_media=True)
        for name in ("gone", "half"):
            project.save_run(RunRecord(name, name, "interrupted", "2026", {}, {}, project.runs_folder / name))
        (project.runs_folder / "half").mkdir()
        (project.runs_folder / "half" / "last.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{}")
    (tmp_path / "0.png").unlink()
    min((folder / "media").iterdir()).write_bytes(b"other bytes")
    for name, age in ((".x.png.part", 3600), (".y.png.part", 5)):  # the younger one is being written
        (folder / "media" / name).write_bytes(b"half")
        os.utime(folder / "media" / name, (time.time() - age,) * 2)
    with closing(sqlite3.connect(folder / DATABASE)) as sql, sql:
        sql.execute("INSERT INTO annotations VALUES (9, 999, 0, NULL, '[\"whole\"]', '', 'person', 1, 0, 0, 0)")
    found = {t.code: t for t in verify(folder).troubles}
    assert set(found) == {"references", "media", "copies", "runs", "states", "leftovers"}
    assert "0.png" in found["media"].message and all(t.count == 1 for t in found.values())
    assert mend(folder) == 2
    assert {t.code for t in verify(folder).troubles} == {"media", "copies", "runs", "states"}


@pytest.mark.parametrize("seed", range(6))
def test_what_can_be_read_is_read(folder: Path, seed: int) -> None:
    """Some pages are rubbish: everything on the others comes back."""
    size = (folder / DATABASE).stat().st_size // PAGE
    with closing(sqlite3.connect(folder / DATABASE)) as sql:
        # Where one page holds the list of tables, damage elsewhere cannot make the whole file unreadable.
        assert sql.execute("PRAGMA page_size").fetchone() == (PAGE,)
        assert sql.execute("SELECT sum(length(sql)) FROM sqlite_master").fetchone()[0] < PAGE * 0.7
        roots = {row[0] - 1 for row in sql.execute("SELECT rootpage FROM sqlite_master WHERE type = 'table'")}
    chance = random.Random(seed)
    pages = [p for p in range(1, size) if p not in roots]
    damage(folder, chance.sample(pages, 3))
    assert [t.code for t in verify(folder).troubles] == ["database"]
    found = recover(folder)
    assert found.aside is not None and found.aside.is_file()
    # A page of 8 KB holds about 35 of these texts; three are lost at most, and a fifth where an index page is lost too.
    assert found.items >= 340 and found.labels >= 140 and found.rows["classes"] == 1
    assert verify(folder).sound
    with Project.open(folder) as project:
        assert project.task_id == "text-classification" and len(project.items(project.item_ids())) == found.items
        project.set_label(project.item_ids()[:5], project.classes()[0].id)


def test_where_nothing_can_be_read_that_is_said_and_nothing_is_changed(folder: Path) -> None:
    damage(folder, [0])
    before = (folder / DATABASE).read_bytes()
    with pytest.raises(UserError, match="Nothing can be read"):
        recover(folder)
    assert (folder / DATABASE).read_bytes() == before
    with pytest.raises(DamagedProjectError) as told:
        Project.open(folder)
    assert told.value.folder == folder


@pytest.fixture
def no_writing(folder: Path) -> Iterator[Path]:
    """Nothing below may be written. Root may do everything, so what asks for the right is told no."""
    for place in [folder, *folder.rglob("*")]:
        place.chmod(0o555 if place.is_dir() else 0o444)
    yield folder
    for place in [folder, *folder.rglob("*")]:
        place.chmod(0o755 if place.is_dir() else 0o644)


def test_on_a_medium_that_cannot_be_written(no_writing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)
    with Project.open(no_writing) as project:
        assert project.read_only and project.counts().labelled == 200
        with pytest.raises(UserError, match="reading only"):
            project.add_class("new")
    assert verify(no_writing).sound


def test_an_export_that_is_cut_off_leaves_no_half_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by the kill tests: pictures were copied under their own names, and a kill left half ones among the whole."""
    import shutil

    Image.effect_noise((90, 90), 50).save(tmp_path / "a.png")
    with Project.create(tmp_path / "P", "P", "image-classification") as project:
        project.add_items([NewItem("picture", "a.png", path=tmp_path / "a.png", label="x")])

        class Killed(BaseException):
            pass

        def half(source: Path, target: Path) -> None:
            Path(target).write_bytes(Path(source).read_bytes()[:100])
            raise Killed

        monkeypatch.setattr(shutil, "copy2", half)
        with pytest.raises(Killed):
            export_folders(project, tmp_path / "out")
    assert list((tmp_path / "out" / "x").iterdir()) == []
