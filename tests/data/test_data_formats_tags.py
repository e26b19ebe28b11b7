"""Several labels per item from tables and JSON, and back; what the columns mean is guessed."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.control import Control
from workbench.data.annotations import NewAnnotation
from workbench.data.exporters.formats import formats_for
from workbench.data.exporters.project import export_labels
from workbench.data.importers import ColumnChoice, ImportPlan, sniff
from workbench.data.importers.several import guess_separator, joined, separator_for, split_cell
from workbench.data.project import Project
from workbench.data.shapes import Whole
from workbench.data.types import NewItem
from workbench.engine.journey import add_plan, project_from_plan, tasks_for_plan
from workbench.errors import Problem, UserError

TEXTS = {
    "The parcel came late and the soup was cold.": ("delivery", "food"),
    "We come from the north.": (),
    "Far too expensive!": ("price",),
    "Cold soup, and charged twice for it.": ("food", "price"),
    "The courier was late.": ("delivery",),
    "Cake, cake, cake": ("food",),
}


def labels_of(plan: ImportPlan) -> dict[str, tuple[str, ...] | None]:
    found: dict[str, tuple[str, ...] | None] = {}
    for item in plan.read():
        assert isinstance(item, NewItem), item
        key = item.text if item.text is not None else item.name
        found[key] = None if item.annotations is None else tuple(sorted(a.label for a in item.annotations))
    return found


def write(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter="\t" if path.suffix == ".tsv" else ",").writerows(rows)
    return path


@pytest.mark.parametrize("separator", [";", "|", ",", "json"])
@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_a_column_of_separated_labels_is_recognised(tmp_path: Path, separator: str, suffix: str) -> None:
    rows = [["text", "topics"], *([t, joined(names, separator)] for t, names in TEXTS.items())]
    plan = sniff([write(tmp_path / f"t{suffix}", rows)])
    guess = plan.guess()
    assert guess is not None and guess.label == "topics" and guess.several == separator
    assert plan.marks == "tags" and plan.label_counts == {"food": 3, "delivery": 2, "price": 2}
    assert labels_of(plan) == {t: tuple(sorted(n)) for t, n in TEXTS.items()}
    assert [t.info.id for t in tasks_for_plan(plan)] == ["text-tags"]
    # A person may say that the cell is one label.
    plan.choose(ColumnChoice("text", "topics"))
    assert plan.marks == "classes"


def test_a_column_per_label_is_recognised(tmp_path: Path) -> None:
    names = ["delivery", "food", "price"]
    rows = [
        ["id", "text", *names],
        *([str(i), t, *(str(int(n in has)) for n in names)] for i, (t, has) in enumerate(TEXTS.items())),
    ]
    plan = sniff([write(tmp_path / "t.csv", rows)])
    guess = plan.guess()
    assert guess is not None and guess.flags == ("delivery", "food", "price") and guess.content == "text"
    assert labels_of(plan) == {t: tuple(sorted(n)) for t, n in TEXTS.items()} and plan.classes == names
    # Rows that say nothing are not done; odd cells are told one by one.
    rows[1][2:] = ["", "", ""]
    rows[2][3] = "perhaps"
    plan = sniff([write(tmp_path / "u.csv", rows)])
    plan.choose(ColumnChoice("text", flags=("delivery", "food", "price")))
    read = list(plan.read())
    assert isinstance(read[0], NewItem) and read[0].annotations is None
    assert isinstance(read[1], Problem) and "neither yes (1) nor no (0)" in read[1].message
    assert any("not done yet" in w for w in plan.warnings)
    plan.choose(ColumnChoice("text", flags=("delivery", "food", "price"), empty_is_none=True))
    first = next(iter(plan.read()))
    assert isinstance(first, NewItem) and first.annotations == ()
    with pytest.raises(UserError, match="cannot be a column of a label"):
        plan.choose(ColumnChoice("text", flags=("nowhere",)))
    with pytest.raises(UserError, match="not both"):
        plan.choose(ColumnChoice("text", "id", flags=("food",)))


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("city", ["Paris, France", "Lyon, France", "Rome, Italy", "Paris, France"]),
        ("label", ["yes", "no", "yes", "no"]),
        ("label", ["Paris, France", "Rome, Italy", "Oslo, Norway", "Bern, Switzerland"]),
        ("class", ["very good", "good", "bad", "good"]),
        ("label", ["1", "0", "1", "0"]),
    ],
)
def test_one_label_stays_one_label(tmp_path: Path, header: str, cells: list[str]) -> None:
    rows = [["text", header], *([f"a quite different sentence, number {i}", c] for i, c in enumerate(cells))]
    plan = sniff([write(tmp_path / "t.csv", rows)])
    guess = plan.guess()
    assert guess is not None and not guess.several and not guess.flags and plan.marks in ("classes", "words")


def test_an_empty_cell_is_not_done_unless_the_person_says_otherwise(tmp_path: Path) -> None:
    rows = [
        ["text", "tags"],
        ["one text", "a;b"],
        ["another text", ""],
        ["a third text", "b;a"],
        ["a fourth", "(none)"],
    ]
    plan = sniff([write(tmp_path / "t.csv", rows)])
    assert labels_of(plan) == {"one text": ("a", "b"), "another text": None, "a third text": ("a", "b"), "a fourth": ()}
    plan.choose(ColumnChoice("text", "tags", several=";", empty_is_none=True))
    assert labels_of(plan)["another text"] == ()


NAMES = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters=";|\"'[]"), min_size=1, max_size=8)


@settings(max_examples=60)
@given(st.lists(NAMES, max_size=5, unique_by=str.casefold), st.booleans())
def test_labels_in_a_cell_come_back(names: list[str], with_separators: bool) -> None:
    from workbench.data import labels

    names = [labels.clean(n) for n in names]
    names = [*{labels.key(n): n for n in names if n and n not in ("(none)",)}.values()]
    if with_separators and names:
        names[0] += "; | ,"
    separator = separator_for(names)
    assert split_cell(joined(names, separator), separator) == [labels.clean(n) for n in names]


def test_damaged_lists_are_told() -> None:
    assert split_cell("[1, {}]", "json") is None and split_cell("[", "json") is None
    assert split_cell('["a", 2, "A"]', "json") == ["a", "2"] and split_cell(" none of them ", ";") == []
    assert guess_separator([], True) == "" and guess_separator(["a;b"], False) == ""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "p", "P", "text-tags")
    made.add_items(
        [NewItem("text", t[:20], text=t, annotations=tuple(NewAnnotation(Whole(), n) for n in names))
         for t, names in TEXTS.items()]
    )  # fmt: skip
    made.add_items([NewItem("text", "open", text="Nobody has looked at this one.")])
    return made


@pytest.mark.parametrize("format_id", ["tags-csv", "tags-columns", "tags-doccano", "tags-label-studio"])
def test_every_format_comes_back_as_it_went(project: Project, tmp_path: Path, format_id: str) -> None:
    known = next(f for f in formats_for("tags") if f.id == format_id)
    target = tmp_path / f"out{known.suffix}"
    count, problems = known.write(project, target, Control())
    assert count == len(TEXTS) and not problems
    plan = sniff([target])
    assert plan.marks == "tags" and plan.serves("tags") and not plan.serves("classes")
    assert labels_of(plan) == {t: tuple(sorted(n)) for t, n in TEXTS.items()}
    made, result = project_from_plan(plan, tmp_path / "again")
    with made:
        assert made.task_id == "text-tags" and len(result.added) == len(TEXTS)
        assert made.counts().labelled == len(TEXTS) and len(made.tag_counts()) == 3
        assert sum(made.tag_counts().values()) == sum(len(n) for n in TEXTS.values())


def test_the_plain_table_has_all_labels_too(project: Project, tmp_path: Path) -> None:
    target = tmp_path / "labels.csv"
    assert export_labels(project, target) == len(TEXTS) + 1
    rows = {r["text"]: r["label"] for r in csv.DictReader(target.open(encoding="utf-8-sig"))}
    assert rows["The parcel came late and the soup was cold."] == "delivery; food"
    assert rows["Nobody has looked at this one."] == ""


def test_there_is_no_folder_per_class_of_several_labels(project: Project, tmp_path: Path) -> None:
    from workbench.data.exporters.project import export_folders

    with pytest.raises(UserError, match="not of one class each"):
        export_folders(project, tmp_path / "folders")
    assert not (tmp_path / "folders").exists()


def test_pictures_go_and_come_with_their_files(tmp_path: Path) -> None:
    from PIL import Image

    for number in range(4):
        Image.new("RGB", (8, 8), (number * 50, 0, 0)).save(tmp_path / f"{number}.png")
    has = {"0.png": ("red", "dark"), "1.png": (), "2.png": ("red",), "3.png": ("dark", "red")}
    with Project.create(tmp_path / "p", "P", "image-tags") as project:
        project.add_items(
            [NewItem("picture", n, path=tmp_path / n, annotations=tuple(NewAnnotation(Whole(), c) for c in names))
             for n, names in has.items()]
        )  # fmt: skip
        for known in formats_for("tags"):
            target = tmp_path / f"{known.id}{known.suffix}"
            known.write(project, target, Control())
            plan = sniff([target])
            assert plan.media == "picture" and labels_of(plan) == {n: tuple(sorted(c)) for n, c in has.items()}
            assert all(isinstance(i, NewItem) and i.path and i.path.is_file() for i in plan.read())


def test_label_studio_as_others_write_it(tmp_path: Path) -> None:
    """Nobody has answered, answers that were cancelled, two people, and the short form."""
    choice = {"type": "choices", "from_name": "c", "to_name": "t", "value": {"choices": ["a", "b"]}}
    tasks = [
        {"data": {"text": "one text", "other": "x"}, "annotations": [{"result": [choice]}]},
        {"data": {"text": "two texts"}, "annotations": []},
        {"data": {"text": "three texts"}, "annotations": [{"was_cancelled": True, "result": [choice]}]},
        {"data": {"text": "four texts"}, "annotations": [{"result": []}, {"result": [choice]}]},
        "no task",
    ]
    file = tmp_path / "tasks.json"
    file.write_text(json.dumps(tasks), encoding="utf-8")
    # A word among the tasks is no task; the file is still of this format.
    file.write_text(json.dumps(tasks[:4]), encoding="utf-8")
    plan = sniff([file])
    assert labels_of(plan) == {"one text": ("a", "b"), "two texts": None, "three texts": None, "four texts": ()}
    assert len(plan.repairs) == 1 and plan.format == "Label Studio"
    file.write_text(
        json.dumps(
            [
                {"id": 1, "text": "one text", "topic": {"choices": ["a", "b"]}},
                {"id": 2, "text": "x y", "topic": {"choices": ["b"]}},
            ]
        ),
        encoding="utf-8",
    )
    assert labels_of(sniff([file])) == {"one text": ("a", "b"), "x y": ("b",)}


def test_one_class_of_an_item_goes_into_a_project_of_several_labels(tmp_path: Path, project: Project) -> None:
    rows = [
        ["text", "label"],
        *([f"a plain text {'abc'[i % 3] * (i + 3)}", "food" if i % 2 else "staff"] for i in range(6)),
    ]
    plan = sniff([write(tmp_path / "t.csv", rows)])
    assert plan.marks == "classes" and plan.serves("tags") and not plan.offers("tags")
    before = sum(project.tag_counts().values())
    result = add_plan(project, plan)
    assert len(result.added) == 6 and sum(project.tag_counts().values()) == before + 6
    # Several labels do not go into a project of one class.
    with Project.create(tmp_path / "one", "One", "text-classification") as one:
        several = sniff([write(tmp_path / "s.csv", [["text", "tags"], ["one text", "a;b"], ["other text", "b;a"]])])
        with pytest.raises(UserError, match="another kind"):
            add_plan(one, several)
