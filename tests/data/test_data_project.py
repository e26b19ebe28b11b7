"""A project keeps what a person made, whatever happens."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.data.project import Project
from workbench.data.types import ItemFilter, ItemPrediction, NewItem, RunRecord, Split
from workbench.errors import UserError

TASK = "text-classification"


def texts(count: int, label: str | None = None) -> list[NewItem]:
    return [
        NewItem("text", f"text {n}", text=f"this is the text with number {n} {label or ''}", label=label)
        for n in range(count)
    ]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project.create(tmp_path / "My project", "My project", TASK)
    yield made
    made.close()


def run_child(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_labels_that_were_acknowledged_survive_a_kill(project: Project) -> None:
    project.add_items(texts(200))
    folder = project.folder
    project.close()
    child = run_child(
        """
        import sys
        from pathlib import Path
        from workbench.data.project import Project
        project = Project.open(Path(sys.argv[1]))
        label = project.add_class("yes")
        for item in project.item_ids():
            project.set_label([item], label.id)
            print(item, flush=True)
        """,
        folder,
    )
    assert child.stdout is not None
    said = [int(next(child.stdout)) for _ in range(60)]
    child.send_signal(signal.SIGKILL)
    said += [int(line) for line in child.stdout.read().split()]
    child.wait(60)
    child.communicate()
    with Project.open(folder) as again:
        labelled = set(again.item_ids(ItemFilter(labelled=True)))
    assert len(said) >= 60 and set(said) <= labelled


def test_a_full_disk_is_one_sentence_and_loses_nothing(project: Project) -> None:
    project.add_items(texts(20))
    folder = project.folder
    project.close()
    child = run_child(
        """
        import resource, sys
        from pathlib import Path
        from workbench.data.project import Project
        from workbench.data.types import NewItem
        from workbench.errors import UserError
        project = Project.open(Path(sys.argv[1]))
        size = max(f.stat().st_size for f in project.folder.iterdir() if f.is_file())
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 60_000, size + 60_000))
        try:
            project.add_items(NewItem("text", f"n{n}", text=f"a much longer text {n} " * 200) for n in range(2000))
        except UserError as error:
            print(error)
        """,
        folder,
    )
    out, err = child.communicate(timeout=60)
    assert "no room on the disk" in out, err
    with Project.open(folder) as again:
        assert again.counts().total >= 20
        again.add_items(texts(3, "later"))
        assert again.counts().labelled == 3


def test_a_second_opener_is_told(project: Project) -> None:
    with pytest.raises(UserError, match="open in another window"):
        Project.open(project.folder)
    with Project.open(project.folder, read_only=True) as reader:
        assert reader.name == "My project"
        with pytest.raises(UserError, match="reading only"):
            reader.add_class("new")


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda f: f.write_bytes(b"rubbish" * 1000), "damaged"),
        (lambda f: f.unlink(), "not a project"),
        (lambda f: _set_version(f, 99), "newer version"),
    ],
)
def test_what_cannot_be_opened_is_one_sentence(project: Project, break_it: object, message: str) -> None:
    folder = project.folder
    project.close()
    assert callable(break_it)
    break_it(folder / "project.db")
    for file in folder.glob("project.db-*"):
        file.unlink()
    with pytest.raises(UserError, match=message):
        Project.open(folder)


def _set_version(file: Path, version: int) -> None:
    connection = sqlite3.connect(file)
    connection.execute(f"PRAGMA user_version={version}")
    connection.close()


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot be written"):
        Project.create(tmp_path / "file" / "project", "P", TASK)


@pytest.mark.parametrize("name", ["Überwäsche – 猫 и собаки", "x" * 120])
def test_names_of_any_kind(tmp_path: Path, name: str) -> None:
    with Project.create(tmp_path / name / name, name, TASK) as project:
        project.add_items([NewItem("text", name, text=f"{name} 文", label="ярлык")])
        assert project.items(project.item_ids())[0].text == f"{name} 文"
    with Project.open(tmp_path / name / name) as again:
        assert [c.name for c in again.classes()] == ["ярлык"]


def test_duplicates_are_counted_and_may_bring_a_label(project: Project) -> None:
    project.add_items(texts(5))
    result = project.add_items([NewItem("text", "again", text="this is the text  with number 3", label="late")])
    assert result.added == () and result.duplicates == 1
    assert project.counts().labelled == 1


def test_removed_items_come_back(project: Project) -> None:
    ids = list(project.add_items(texts(4, "a")).added)
    project.remove_items(ids[:2])
    assert project.item_ids() == ids[2:]
    assert project.counts().labelled == 2
    project.restore_items(ids[:2])
    assert project.item_ids() == ids


def test_classes_are_renamed_merged_removed_and_restored(project: Project) -> None:
    cats = list(project.add_items(texts(3, "cat")).added)
    project.add_items(texts(2, "dog"))
    cat, dog = project.classes()
    assert project.add_class("  CAT ").id == cat.id
    with pytest.raises(UserError, match="already a class"):
        project.rename_class(cat.id, "Dog")
    project.rename_class(cat.id, "kitten")
    before = project.merge_classes(cat.id, dog.id)
    assert project.counts().per_class == {dog.id: 5}
    project.restore_class(cat.id)
    project.restore_labels(before)
    assert project.counts().per_class == {cat.id: 3, dog.id: 2}
    before = project.remove_class(cat.id)
    assert project.counts().unlabelled == 3
    project.restore_class(cat.id)
    project.restore_labels(before)
    assert set(project.item_ids(ItemFilter(class_ids=(cat.id,)))) == set(cats)


def test_a_hundred_thousand_items_are_listed_labelled_and_searched(project: Project) -> None:
    rows = [("text", f"n{n}", 0, f"text number {n}", f"hash{n}") for n in range(100_000)]
    with project._store.transaction() as sql:
        sql.executemany("INSERT INTO items (kind, name, copied, text, content_hash) VALUES (?, ?, ?, ?, ?)", rows)
    label = project.add_class("all")
    ids = project.item_ids()
    assert len(ids) == 100_000
    project.set_label(ids, label.id)
    assert project.counts().per_class == {label.id: 100_000}
    assert [i.text for i in project.items(ids[50_000:50_003])] == [f"text number {n}" for n in range(50_000, 50_003)]
    assert len(project.item_ids(ItemFilter(search="NUMBER 9999"))) == 11


def test_splits_are_frozen_once_given(project: Project) -> None:
    project.add_items(texts(40, "a") + texts(40, "b"))
    project.ensure_splits()
    before = {i.id: i.split for i in project.items(project.item_ids())}
    assert {Split.TRAIN, Split.VALIDATION, Split.TEST} == set(before.values())
    project.add_items(
        [NewItem("text", f"new {n}", text=f"wholly other words {n} {n * 7} {n * 13}", label="a") for n in range(20)]
    )
    project.ensure_splits()
    after = {i.id: i.split for i in project.items(project.item_ids())}
    assert all(after[i] == split for i, split in before.items())
    assert None not in after.values()


def test_runs_and_predictions_are_kept(project: Project) -> None:
    record = RunRecord(
        "r1", "First", "done", "2026-01-01", {"how": "quick"}, {"accuracy": 0.5}, project.runs_folder / "r1"
    )
    project.save_run(record)
    said = [ItemPrediction(1, Split.TEST, "a", "b", (0.25, 0.75))]
    project.save_predictions("r1", said)
    assert project.runs() == [record]
    assert project.predictions("r1", Split.TEST) == said
    assert project.predictions("r1", Split.TRAIN) == []
    project.delete_run("r1")
    assert project.runs() == [] and project.predictions("r1") == []


def test_pictures_are_kept_by_reference_or_copied(tmp_path: Path) -> None:
    from PIL import Image

    source = tmp_path / "photo.png"
    Image.new("RGB", (20, 10), "red").save(source)
    with Project.create(tmp_path / "a", "A", "image-classification") as project:
        project.add_items([NewItem("picture", "photo.png", path=source)])
        assert project.items(project.item_ids())[0].path == source
    with Project.create(tmp_path / "b", "B", "image-classification") as project:
        project.add_items([NewItem("picture", "photo.png", path=source)], copy_media=True)
        source.unlink()
        (tmp_path / "moved").mkdir()
    (tmp_path / "b").rename(tmp_path / "moved" / "b")
    with Project.open(tmp_path / "moved" / "b") as project:
        item = project.items(project.item_ids())[0]
        assert item.path is not None and item.path.is_file() and (item.width, item.height) == (20, 10)
