"""Whatever a person drops: what it is, what is wrong with it, and what comes in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from workbench.data import labels, similar
from workbench.data.checks import check_project
from workbench.data.exporters.project import export_folders, export_labels
from workbench.data.exporters.tables import csv_text, safe_cell
from workbench.data.importers import ColumnChoice, sniff
from workbench.data.project import Project
from workbench.data.splits import SplitRow, assign
from workbench.data.types import NewItem, Split
from workbench.errors import Problem, UserError


def picture(path: Path, colour: str = "red", size: tuple[int, int] = (16, 16)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def noise(path: Path, seed: int) -> Path:
    import numpy as np

    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(values).resize((64, 64), Image.Resampling.NEAREST).save(path)
    return path


def items(path: Path) -> list[NewItem]:
    return [i for i in sniff([path]).read() if isinstance(i, NewItem)]


def test_a_folder_per_class_brings_its_labels(tmp_path: Path) -> None:
    for name in ("cat/1.png", "cat/deep/2.png", "dog/1.jpg", ".hidden/x.png", "__MACOSX/y.png", "dog/Thumbs.db"):
        picture(tmp_path / "pets" / name) if not name.endswith(".db") else (tmp_path / "pets" / name).write_text("x")
    plan = sniff([tmp_path / "pets"])
    assert (plan.kind, plan.media, plan.title) == ("folders", "picture", "pets")
    assert plan.label_counts == {"cat": 2, "dog": 1}
    assert "3 pictures with 2 labels" in plan.summary


def test_splits_above_the_classes_are_kept(tmp_path: Path) -> None:
    for part in ("train", "valid", "test"):
        picture(tmp_path / "set" / part / "cat" / f"{part}.png")
    assert {(i.label, i.split) for i in items(tmp_path / "set")} == {
        ("cat", Split.TRAIN), ("cat", Split.VALIDATION), ("cat", Split.TEST),
    }  # fmt: skip


def test_loose_files_have_no_label_and_others_are_left_out(tmp_path: Path) -> None:
    picture(tmp_path / "mix" / "cat" / "1.png")
    picture(tmp_path / "mix" / "loose.png")
    (tmp_path / "mix" / "notes.docx").write_text("x")
    plan = sniff([tmp_path / "mix"])
    assert [i.label for i in plan.read() if isinstance(i, NewItem)].count(None) == 1
    assert any("without a label" in w for w in plan.warnings) and any("left out" in w for w in plan.warnings)


def test_several_folders_dropped_together_are_classes(tmp_path: Path) -> None:
    folders = [picture(tmp_path / name / "1.png").parent for name in ("ant", "bee")]
    plan = sniff(folders)
    assert plan.label_counts == {"ant": 1, "bee": 1}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("folder", None, "is empty"),
        ("empty.csv", "", "empty"),
        ("head.csv", "text,label\n", "has no"),
        ("numbers.csv", "a,b\n1,2\n3,4\n", "no column with texts"),
        ("broken.json", "{", "not readable JSON"),
        ("broken.xlsx", "no workbook", "not a readable Excel file"),
        ("film.mov", "x", "is a video"),
        ("tool.exe", "x", "kind the app cannot read"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(tmp_path: Path, name: str, content: str | None, message: str) -> None:
    path = tmp_path / name
    path.mkdir() if content is None else path.write_text(content)
    with pytest.raises(UserError, match=message):
        sniff([path])


ROWS = [
    ("I like it, really", "good"),
    ('Not "great"\nat all', "bad"),
    ("It works well enough", "good"),
    ("Never again", "bad"),
]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (
            "plain.csv",
            'text,label\n"I like it, really",good\n"Not ""great""\nat all",bad\nIt works well enough,good\nNever again,bad\n',
        ),
        (
            "semi.csv",
            '\ufefftext;label\nI like it, really;good\n"Not ""great""\nat all";bad\nIt works well enough;good\nNever again;bad\n',
        ),
        (
            "tab.tsv",
            'text\tlabel\nI like it, really\tgood\n"Not ""great""\nat all"\tbad\nIt works well enough\tgood\nNever again\tbad\n',
        ),
        (
            "bare.csv",
            '"I like it, really",good\n"Not ""great""\nat all",bad\nIt works well enough,good\nNever again,bad\n',
        ),
        ("lines.jsonl", "\n".join(json.dumps({"text": t, "label": c}) for t, c in ROWS)),
        ("list.json", json.dumps([{"text": t, "label": c} for t, c in ROWS])),
    ],
)
def test_tables_of_every_kind_give_the_same(tmp_path: Path, name: str, data: str) -> None:
    (tmp_path / name).write_text(data, encoding="utf-8")
    assert [(i.text, i.label) for i in items(tmp_path / name)] == ROWS


def test_excel_and_a_column_chosen_by_hand(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for row in [
        ("id", "title", "comment", "stars"),
        (1, "One", "It is really quite good", 5),
        (2, "Two", "It was bad from the start", 1),
    ]:
        book.active.append(row)
    book.save(tmp_path / "b.xlsx")
    plan = sniff([tmp_path / "b.xlsx"])
    assert [c.name for c in plan.columns()] == ["id", "title", "comment", "stars"]
    plan.choose(ColumnChoice("title", "stars"))
    assert [(i.text, i.label) for i in plan.read() if isinstance(i, NewItem)] == [("One", "5"), ("Two", "1")]
    with pytest.raises(UserError, match="no column"):
        plan.choose(ColumnChoice("nothing"))
    with pytest.raises(UserError, match="same column"):
        plan.choose(ColumnChoice("title", "title"))


def test_rows_that_cannot_be_used_are_told_by_number(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        '{"text": "a good long text", "label": "x"}\nrubbish\n{"text": " ", "label": "y"}\n'
    )
    found = list(sniff([tmp_path / "a.jsonl"]).read())
    assert sorted(p.where for p in found if isinstance(p, Problem)) == ["row 2", "row 3"]


def test_a_table_of_pictures(tmp_path: Path) -> None:
    picture(tmp_path / "img" / "a.png")
    (tmp_path / "t.csv").write_text("file,label\nimg/a.png,cat\nimg\\gone.png,dog\n")
    plan = sniff([tmp_path / "t.csv"])
    assert plan.media == "picture"
    with Project.create(tmp_path / "p", "p", "image-classification") as project:
        result = project.add_items(plan.read())
        assert len(result.added) == 1 and len(result.problems) == 1
        assert "not there" in str(result.problems[0])


def test_labels_that_differ_by_case_and_blanks_are_one(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "text,label\n" + "".join(f"words number {n} here,{c}\n" for n, c in enumerate(["Cat", "cat ", " Cat", "dog"]))
    )
    plan = sniff([tmp_path / "a.csv"])
    assert plan.label_counts == {"Cat": 3, "dog": 1}
    assert any("taken as one" in w for w in plan.warnings)


def test_one_class_only_is_a_warning(tmp_path: Path) -> None:
    picture(tmp_path / "one" / "cat" / "1.png")
    assert any("only one label" in w for w in sniff([tmp_path / "one"]).warnings)


def test_broken_files_stay_out_and_the_rest_comes_in(tmp_path: Path) -> None:
    for n in range(5):
        noise(tmp_path / "s" / "a" / f"{n}.png", n)
    (tmp_path / "s" / "a" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    with Project.create(tmp_path / "p", "p", "image-classification") as project:
        result = project.add_items(sniff([tmp_path / "s"]).read())
        assert len(result.added) == 5
        assert [p.where for p in result.problems] == ["a/bad.png"]


@given(st.text(max_size=40), st.text(max_size=40))
def test_label_keys_ignore_case_and_blanks(a: str, b: str) -> None:
    assert labels.key(f"  {a} ") == labels.key(a)
    assert labels.clean(labels.clean(a)) == labels.clean(a)
    if labels.clean(a) == labels.clean(b):
        assert labels.key(a) == labels.key(b)


@given(
    st.lists(
        st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0\r"), max_size=30),
        min_size=1,
        max_size=8,
    )
)
def test_cells_survive_csv(cells: list[str]) -> None:
    import csv
    import io

    text = csv_text([{"x": c} for c in cells], ["x"])
    back = [row[0] if row else "" for row in csv.reader(io.StringIO(text, newline=""))][1:]
    assert back == [safe_cell(c) for c in cells]
    assert not any(c.startswith(("=", "@")) for c in back)


groups = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30)), min_size=1, max_size=80)


@given(groups, groups)
def test_splits_never_cut_a_group_and_never_change(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> None:
    rows = [SplitRow(n, c, g) for n, (c, g) in enumerate(first)]
    given = assign(rows)
    assert given == assign(rows)
    assert set(given) == {r.id for r in rows}
    later = [SplitRow(r.id, r.class_id, r.group, given[r.id]) for r in rows]
    later += [SplitRow(1000 + n, c, g) for n, (c, g) in enumerate(second)]
    added = assign(later)
    assert set(added) == {r.id for r in later if r.split is None}
    whole = {**given, **added}
    by_group: dict[int, set[Split]] = {}
    for row in later:
        by_group.setdefault(row.group, set()).add(whole[row.id])
    assert all(len(splits) == 1 for splits in by_group.values())


def test_splits_are_stratified() -> None:
    rows = [SplitRow(n, n % 2, n) for n in range(200)]
    given = assign(rows)
    for class_id in (0, 1):
        counts = [sum(given[r.id] is s for r in rows if r.class_id == class_id) for s in Split]
        # None goes to "new": those are reviewed answers of a model at work.
        assert counts == [70, 15, 15, 0]


def test_near_copies_are_found_and_others_are_not(tmp_path: Path) -> None:
    originals = [noise(tmp_path / f"{n}.png", n) for n in range(6)]
    copy = Image.open(originals[0]).resize((50, 50)).convert("RGB")
    signatures = [similar.signature(Image.open(p)) for p in originals] + [similar.signature(copy)]
    assert similar.picture_groups(signatures) == [0, 1, 2, 3, 4, 5, 0]
    texts = [
        "The quick brown fox jumps over the lazy dog today",
        "the QUICK brown fox, jumps over the lazy dog today!",
        "Something else entirely is written here",
    ]
    assert similar.text_groups(texts) == [0, 0, 2]


def test_checks_say_what_is_wrong(tmp_path: Path) -> None:
    with Project.create(tmp_path / "p", "p", "image-classification") as project:
        assert [f.code for f in check_project(project)] == ["empty"]
        for n in range(30):
            noise(tmp_path / "s" / "many" / f"{n}.png", n)
        noise(tmp_path / "s" / "few" / "x.png", 99)
        project.add_items(sniff([tmp_path / "s"]).read())
        codes = {f.code for f in check_project(project)}
        assert {"few", "uneven"} <= codes and "leakage" not in codes
        # The same picture saved again, a little smaller, under the other label.
        again = tmp_path / "again.png"
        Image.open(tmp_path / "s" / "many" / "0.png").resize((56, 56)).save(again)
        project.add_items([NewItem("picture", "again", path=again, label="few")])
        found = {f.code: f for f in check_project(project)}
        assert len(found["conflict"].item_ids) == 2
        again.unlink()
        assert {f.code for f in check_project(project)} >= {"missing"}


def test_labels_go_out_as_table_and_folders(tmp_path: Path) -> None:
    noise(tmp_path / "s" / "a" / "1.png", 1)
    noise(tmp_path / "s" / "b" / "1.png", 2)
    with Project.create(tmp_path / "p", "p", "image-classification") as project:
        project.add_items(sniff([tmp_path / "s"]).read())
        assert export_labels(project, tmp_path / "out.csv") == 2
        assert (tmp_path / "out.csv").read_text("utf-8-sig").splitlines()[0] == "file,label,split"
        assert export_folders(project, tmp_path / "out") == (2, [])
        assert sorted(f.relative_to(tmp_path / "out").as_posix() for f in (tmp_path / "out").rglob("*.png")) == [
            "a/1.png",
            "b/1.png",
        ]


def test_formulas_do_not_run() -> None:
    assert safe_cell("=1+1") == "'=1+1"
    assert safe_cell("-5.2") == "-5.2"
    assert safe_cell("plain") == "plain"


def test_a_table_with_answers_in_words(tmp_path: Path) -> None:
    from workbench.data.shapes import Whole

    file = tmp_path / "pairs.csv"
    file.write_text("question,answer\nWhen do you open?,At nine.\nDo you deliver?,\nWhere are you?,By the river.\n")
    plan = sniff([file])
    assert plan.guess() == ColumnChoice("question", words="answer")
    assert plan.marks == "words" and plan.brings_labels and "right answers in words" in plan.summary
    assert any("no answer" in w for w in plan.warnings)
    items = [i for i in plan.read() if isinstance(i, NewItem)]
    assert [i.annotations and (i.annotations[0].text, i.annotations[0].shape) for i in items] == [
        ("At nine.", Whole()), None, ("By the river.", Whole()),
    ]  # fmt: skip
    with pytest.raises(UserError, match="not both"):
        plan.choose(ColumnChoice("question", label="answer", words="answer"))
