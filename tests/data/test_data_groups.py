"""Groups of items: kept, undone, filtered, imported, exported, and brought into older projects."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data.exporters.leaving_out import save_clean_copy
from workbench.data.exporters.project import export_labels
from workbench.data.importers import ColumnChoice, sniff
from workbench.data.project import Project
from workbench.data.project_groups import folders_of
from workbench.data.types import ItemFilter, NewItem
from workbench.errors import UserError

TABLE = "text,label,device,site,number\n" + "".join(
    f"the words of row {n} are these,{'good' if n % 2 else 'bad'},{'Phone A' if n % 3 else 'phone b'},{'x' if n < 9 else 'y' if n > 13 else ''},{n}\n"
    for n in range(18)
)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "p", "p", "text-classification") as made:
        made.add_items([NewItem("text", f"{n}", text=f"text number {n} of all") for n in range(6)])
        yield made


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "t.csv"
    file.write_text(TABLE, "utf-8")
    return file


def test_groups_are_set_counted_filtered_and_taken_back(project: Project) -> None:
    ids = project.item_ids()
    before = project.set_groups("device", dict.fromkeys(ids[:4], "A"))
    assert before == dict.fromkeys(ids[:4])
    # Spellings that a person would call the same are one.
    second = project.set_groups(" Device ", {ids[0]: "b", ids[4]: " a", ids[1]: None})
    assert second == {ids[0]: "A", ids[4]: None, ids[1]: "A"}
    assert project.groups() == {"device": {"A": 3, "b": 1}}
    assert project.item_ids(ItemFilter(group=("device", "A"))) == [ids[2], ids[3], ids[4]]
    assert project.item_ids(ItemFilter(group=("device", ""))) == [ids[1], ids[5]]
    assert project.group_members(ids) == {"device": {ids[0]: "b", ids[2]: "A", ids[3]: "A", ids[4]: "A"}}
    project.set_groups("device", second)
    project.set_groups("device", before)
    assert project.groups() == {} and project.groups_of(ids) == {}
    for name, value in (("", "A"), ("device", " "), ("x" * 101, "A")):
        with pytest.raises(UserError):
            project.set_groups(name, {ids[0]: value})
    assert project.groups() == {}


def test_removed_items_are_not_counted(project: Project) -> None:
    ids = project.item_ids()
    project.set_groups("place", dict.fromkeys(ids, "here"))
    project.remove_items(ids[:2])
    assert project.groups() == {"place": {"here": 4}}
    project.restore_items(ids[:2])
    assert project.groups() == {"place": {"here": 6}}


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcAB"), st.sampled_from(["x", "X", "y", " y ", "z"])), max_size=12))
def test_every_known_spelling_is_found(pairs: list[tuple[str, str]]) -> None:
    import tempfile

    with (
        tempfile.TemporaryDirectory() as folder,
        Project.create(Path(folder) / "p", "p", "text-classification") as made,
    ):
        item = made.add_items([NewItem("text", f"{n}", text=f"text {n}") for n in range(12)]).added
        for item_id, (name, value) in zip(item, pairs, strict=False):
            made.set_groups(name, {item_id: value})
        expected: dict[str, set[str]] = {}
        for name, value in pairs:
            expected.setdefault(name.casefold(), set()).add(value.strip().casefold())
        found = made.groups()
        assert {k.casefold(): {v.casefold() for v in values} for k, values in found.items()} == expected
        assert sum(len(v) for v in found.values()) == sum(len(v) for v in expected.values())


def test_a_project_of_the_version_before_is_brought_up_to_date(project: Project) -> None:
    folder = project.folder
    ids = project.item_ids()
    project.set_label(ids[:2], project.add_class("good").id)
    project.close()
    sql = sqlite3.connect(folder / "project.db")
    sql.execute("DROP TABLE item_groups")
    sql.execute("PRAGMA user_version=2")
    sql.commit()
    sql.close()
    with Project.open(folder) as again:
        assert again.counts().labelled == 2 and again.groups() == {}
        again.set_groups("device", {ids[0]: "A"})
    with Project.open(folder, read_only=True) as again:
        assert again.groups() == {"device": {"A": 1}}


def test_a_table_brings_groups_and_the_person_decides(
    table: Path, tmp_path: Path, make_project: Callable[[Path], Project]
) -> None:
    plan = sniff([table])
    guess = plan.guess()
    assert guess is not None and guess.groups == ("device", "site")
    project = make_project(table)
    assert project.groups() == {"device": {"Phone A": 12, "phone b": 6}, "site": {"x": 9, "y": 4}}
    plan.choose(ColumnChoice("text", "label"))
    assert not any(i.groups for i in plan.read() if isinstance(i, NewItem))
    for wrong in (("label",), ("nowhere",), ("text",)):
        with pytest.raises(UserError):
            plan.choose(ColumnChoice("text", "label", groups=wrong))
    # What comes in again with groups gets those it lacks; what the person set stays.
    with Project.create(tmp_path / "q", "q", "text-classification") as other:
        first = other.add_items([NewItem("text", "a", text="the words of row 0 are these")]).added[0]
        other.set_groups("site", {first: "mine"})
        plan.choose(ColumnChoice("text", "label", groups=("site", "device")))
        assert other.add_items(plan.read()).duplicates == 1
        assert other.groups_of([first]) == {first: {"site": "mine", "device": "phone b"}}


def test_too_many_values_are_no_groups(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("text,label,device\n" + "".join(f"text of {n},a,{n}\n" for n in range(1200)), "utf-8")
    plan = sniff([file])
    guess = plan.guess()
    assert guess is not None and guess.groups == ()
    with pytest.raises(UserError, match="different values"):
        plan.choose(ColumnChoice("text", "label", groups=("device",)))


def test_groups_go_out_with_the_labels(make_project: Callable[[Path], Project], table: Path, tmp_path: Path) -> None:
    project = make_project(table)
    ids = project.item_ids()
    project.set_groups("label", {ids[0]: "write to anna@example.org"})
    export_labels(project, tmp_path / "labels.csv")
    with (tmp_path / "labels.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows[0]["device"] == "phone b" and rows[10]["site"] == "" and rows[1]["label"] == "good"
    assert rows[0]["label (group)"] == "write to anna@example.org"
    # A copy without personal data keeps the groups, cleaned.
    save_clean_copy(project, tmp_path / "copy")
    with Project.open(tmp_path / "copy", read_only=True) as copy:
        assert copy.groups()["device"] == {"Phone A": 12, "phone b": 6}
        assert "anna@example.org" not in str(copy.groups())
    # Out and in again: the same groups.
    again = sniff([tmp_path / "labels.csv"])
    again.choose(ColumnChoice("text", "label", groups=("device", "site")))
    made = [i for i in again.read() if isinstance(i, NewItem)]
    assert [dict(i.groups).get("device") for i in made] == [r["device"] for r in rows]


def test_folders_of_items() -> None:
    assert folders_of("site a/cat/1.png", "/data/site a/cat/1.png") == ("site a", "cat")
    assert folders_of("1.png", "/data/night/1.png") == ("night",)
    assert folders_of("C\\d\\1.png") == ("C", "d")
    assert folders_of("a text") == ()
