"""Tables come in row by row whatever wrote them; what columns mean is found and can be put right; each bad table is a sentence."""

from __future__ import annotations

import csv
import json
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.control import Control
from workbench.data.checks import check_project
from workbench.data.checks.fixes import apply, fix_by_id
from workbench.data.columns import Profile, TableColumn, date_of, from_meta, to_meta, with_target
from workbench.data.importers import sniff
from workbench.data.importers.rows import RowsPlan, plan_rows
from workbench.data.importers.table_files import open_table
from workbench.data.project_columns import columns_of, compare_by, relabel, set_columns
from workbench.data.rows import cells_of, row_hash, row_text
from workbench.data.types import NewItem, Split
from workbench.engine.journey import add_plan, project_from_plan, tasks_for_plan
from workbench.errors import Cancelled, Problem, UserError

HEAD = ["customer_id", "age", "income", "since", "city", "newsletter", "remark", "churn"]


def customers(n: int = 60) -> list[list[str]]:
    return [
        [
            f"C{i:04}", str(20 + i % 50), "" if i % 10 == 3 else f"{1000 + 37.5 * i:.2f}", f"20{10 + i % 9}-0{1 + i % 9}-1{i % 9}",
            ("Köln", "Oslo", "São Paulo")[i % 3], ("yes", "no")[i % 2],
            f"Called {i} times about the bill and was not happy with it", ("stays", "leaves")[i % 3 == 0],
        ]
        for i in range(n)
    ]  # fmt: skip


def write_csv(path: Path, rows: list[list[str]], separator: str = ",", encoding: str = "utf-8") -> Path:
    with path.open("w", newline="", encoding=encoding) as stream:
        csv.writer(stream, delimiter=separator).writerows([HEAD, *rows])
    return path


def write_xlsx(path: Path, rows: list[list[str]]) -> Path:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(HEAD)
    for r in rows:
        sheet.append([r[0], int(r[1]), float(r[2]) if r[2] else None, datetime.fromisoformat(r[3]), *r[4:]])
    book.save(path)
    return path


def write_parquet(path: Path, rows: list[list[str]]) -> Path:
    import pyarrow
    import pyarrow.parquet

    columns = list(zip(*rows, strict=True))
    pyarrow.parquet.write_table(pyarrow.table({name: list(c) for name, c in zip(HEAD, columns, strict=True)}), path)
    return path


def write_jsonl(path: Path, rows: list[list[str]]) -> Path:
    path.write_text("\n".join(json.dumps(dict(zip(HEAD, r, strict=True))) for r in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.csv", write_csv),
        ("b.csv", lambda p, r: write_csv(p, r, ";")),
        ("c.csv", lambda p, r: write_csv(p, r, "|", "cp1252")),
        ("d.csv", lambda p, r: write_csv(p, r, ";", "utf-16")),
        ("e.tsv", lambda p, r: write_csv(p, r, "\t", "utf-8-sig")),
        ("f.xlsx", write_xlsx),
        ("g.parquet", write_parquet),
        ("h.jsonl", write_jsonl),
    ],
)
def test_the_same_rows_come_out_of_every_kind_of_file(
    tmp_path: Path, name: str, write: Callable[[Path, list[list[str]]], Path]
) -> None:
    rows = customers(30)
    table = open_table(write(tmp_path / name, rows))
    assert list(table.names) == HEAD
    read = list(table.read(Control()))
    assert not any(isinstance(r, Problem) for r in read)
    found = [list(r[1]) for r in read if not isinstance(r, Problem)]
    wanted = [
        [*r[:2], r[2].removesuffix("0").removesuffix(".0") if name.endswith("xlsx") else r[2], *r[3:]] for r in rows
    ]
    assert found == wanted


def test_what_columns_mean_is_found(tmp_path: Path) -> None:
    plan = sniff([write_csv(tmp_path / "a.csv", customers(200))])
    assert isinstance(plan, RowsPlan)
    kinds = {c.name: (c.kind, c.role) for c in plan.given}
    assert kinds == {
        "customer_id": ("id", "ignored"), "age": ("number", "feature"), "income": ("number", "feature"),
        "since": ("date", "feature"), "city": ("category", "feature"), "newsletter": ("yes-no", "feature"),
        "remark": ("text", "feature"), "churn": ("category", "target"),
    }  # fmt: skip
    income = next(c for c in plan.given if c.name == "income")
    assert income.missing == pytest.approx(0.1)
    assert plan.label_counts == {"stays": 133, "leaves": 67} and plan.marks == "classes"
    assert next(c for c in plan.given if c.name == "age").compared  # nobody asked for it
    assert tasks_for_plan(plan)[0].info.id == "tabular-classification"
    assert "200 rows, 6 columns to learn from" in plan.summary


def test_numbers_to_be_found_out_make_another_task(tmp_path: Path) -> None:
    plan = plan_rows(write_csv(tmp_path / "a.csv", customers(100)), Control())
    plan.set_columns(with_target(plan.given, "income"))
    assert plan.marks == "number" and tasks_for_plan(plan)[0].info.id == "tabular-regression"
    items = [i for i in plan.read() if isinstance(i, NewItem)]
    assert items[0].annotations is not None and items[0].annotations[0].text == "1000.0"
    assert items[3].annotations is None  # it is not known there
    with pytest.raises(UserError, match="no column"):
        plan.set_columns(with_target(plan.given, "price"))


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2", "3.5"] * 10, "number"), (["1,5", "2,25", "3"] * 10, "number"), (["$ 1,200", "$ 300", "$ 12"] * 9, "number"),
        (["1", "0"] * 10, "yes-no"), (["Ja", "Nein"] * 10, "yes-no"), (["2024-01-31", "2023-12-24"] * 9, "date"),
        (["31.01.2024", "24.12.2023"] * 9, "date"), (["01/31/2024 10:00", "12/24/2023 9:30"] * 9, "date"),
        (["red", "green", "NA"] * 9, "category"), ([f"A{i}" for i in range(50)], "id"), ([str(i / 7) for i in range(50)], "number"),
        (["1", "2", "x"] * 9, "category"), ([], "category"), (["", "NA"] * 5, "category"),
    ],
)  # fmt: skip
def test_kinds(cells: list[str], kind: str) -> None:
    profile = Profile("thing")
    for cell in cells:
        profile.see(cell)
    assert profile.settle().kind == kind


def test_dates_of_both_orders() -> None:
    found = Profile("day")
    for cell in ("01/31/2024", "02/01/2024"):
        found.see(cell)
    assert found.settle().order == "mdy"
    day = date_of("02/01/2024", "mdy")
    assert day is not None and (day.month, day.day) == (2, 1)
    assert date_of("31.02.2024") is None and date_of("99:99") is None and date_of("2024-01-31T10:11:12Z") is not None


def test_a_table_of_texts_stays_one(tmp_path: Path) -> None:
    file = tmp_path / "reviews.csv"
    file.write_text(
        "text,label\n" + "\n".join(f"A film of {i} hours that I liked,{'good' if i % 2 else 'bad'}" for i in range(30))
    )
    assert sniff([file]).media == "text"
    assert sniff([file], rows=True).media == "row"  # when the person says so


def test_equal_rows_are_different_items_and_come_in_once(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a,b,target\n" + "1,2,x\n" * 3 + "2,3,y\n4,5,x\n6,7,y\n")
    plan = sniff([file])
    project, result = project_from_plan(plan, tmp_path / "p")
    with project:
        assert len(result.added) == 6 and result.duplicates == 0
        again = add_plan(project, sniff([file]))
        assert not again.added and again.duplicates == 6
        project.ensure_splits()
        twins = project.items(list(result.added[:3]))
        assert len({i.split for i in twins}) == 1  # equal features never stand on both sides
        assert [c.name for c in columns_of(project)] == ["a", "b", "target"]


def test_a_correction_touches_no_cell_and_relabels(tmp_path: Path) -> None:
    project, _ = project_from_plan(plan_rows(write_csv(tmp_path / "a.csv", customers(60)), Control()), tmp_path / "p")
    with project:
        before = [i.text for i in project.items(project.item_ids())]
        set_columns(project, with_target(columns_of(project), "city"))
        assert relabel(project, numbers=False) == 60
        assert {c.name for c in project.classes()} >= {"Köln", "Oslo", "São Paulo"}
        counts = project.counts()
        assert counts.labelled == 60
        assert [i.text for i in project.items(project.item_ids())] == before
        assert set(project.groups()) == {"age"}
        columns = [replace(c, compared=c.name in ("city", "newsletter")) for c in columns_of(project)]
        set_columns(project, with_target(columns, "churn"))
        compare_by(project)
        assert set(project.groups()) == {"city", "newsletter"} and project.groups()["newsletter"] == {
            "no": 30,
            "yes": 30,
        }
        control = Control()
        control.cancel()
        with pytest.raises(Cancelled):
            relabel(project, numbers=False, control=control)
        assert {i.class_id for i in project.items(project.item_ids())} == {
            c.id for c in project.classes() if c.name in ("Köln", "Oslo", "São Paulo")
        }


def test_splits_by_time_and_together(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    lines = [f"{2000 + i // 12}-{1 + i % 12:02}-01,P{i % 20},{i},{i % 7},{'ab'[i % 2]}" for i in range(100)]
    file.write_text("day,patient,x,z,target\n" + "\n".join(lines))
    plan = plan_rows(file, Control())
    plan.set_columns([replace(c, role="time") if c.name == "day" else c for c in plan.given])
    project, _ = project_from_plan(plan, tmp_path / "time")
    with project:
        project.ensure_splits()
        days = {s: [cells_of(i.text or "")["day"] for i in project.split_items(s)] for s in Split}
        assert (
            max(days[Split.TRAIN]) < min(days[Split.VALIDATION]) <= max(days[Split.VALIDATION]) < min(days[Split.TEST])
        )
        assert len(days[Split.TRAIN]) == 70
    plan = plan_rows(file, Control())
    plan.set_columns([replace(c, role="together") if c.name == "patient" else c for c in plan.given])
    project, _ = project_from_plan(plan, tmp_path / "together")
    with project:
        project.ensure_splits()
        of_patient: dict[str, set[Split | None]] = {}
        for item in project.items(project.item_ids()):
            of_patient.setdefault(cells_of(item.text or "")["patient"], set()).add(item.split)
        assert all(len(s) == 1 for s in of_patient.values()) and len(set.union(*of_patient.values())) == 3


BAD: list[tuple[str, bytes, str]] = [
    ("empty.csv", b"", "is empty"),
    ("blank.csv", b"\n\n \n", "has no rows"),
    ("head.csv", b"a,b,c\n", "has no rows"),
    ("one.csv", b"a\n1\n2\n", "single column"),
    ("picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 20, "not readable text"),
    ("broken.xlsx", b"PK\x03\x04 no workbook", "not a readable Excel file"),
    ("broken.parquet", b"PAR1 nothing PAR1", "not a readable Parquet file"),
]


@pytest.mark.parametrize(("name", "data", "words"), BAD, ids=[b[0] for b in BAD])
def test_each_bad_table_is_a_sentence(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError, match=words):
        plan_rows(tmp_path / name, Control())


def test_a_bad_row_is_said_beside_it_and_the_rest_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(
        "a,b,price\n" + "\n".join(f"{i},{i * 2},{i * 3}.5" for i in range(60)) + "\n1,2,3,4,5\n7,8,cheap\n9,10,NA\n"
    )
    plan = plan_rows(file, Control())
    plan.set_columns(with_target([replace(c, kind="number") if c.name == "price" else c for c in plan.given], "price"))
    project, result = project_from_plan(plan, tmp_path / "p")
    with project:
        assert len(result.added) == 62
        said = [str(p) for p in result.problems]
        assert any("5 cells" in s and "row 62" in s for s in said) and any(
            "“cheap”" in s and "row 63" in s for s in said
        )
        assert project.counts().labelled == 60


def test_a_large_table_is_never_in_memory_whole_and_can_be_stopped(tmp_path: Path) -> None:
    file = tmp_path / "large.csv"
    with file.open("w") as stream:
        stream.write("a,b,c,target\n")
        for i in range(3_000):
            stream.write(f"{i},{i % 97},{'x' * 1500},{'ab'[i % 2]}\n")
    tracemalloc.start()
    plan = plan_rows(file, Control())
    count = sum(1 for _ in plan.read())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == plan.total == 3_000
    assert peak < 2_500_000  # of a file of 4.5 million bytes
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        plan_rows(file, control)


cells = st.dictionaries(st.text(max_size=12), st.text(max_size=20), max_size=8)


@given(cells)
@settings(max_examples=30, deadline=None)
def test_rows_travel_as_text(row: dict[str, str]) -> None:
    back = cells_of(row_text(row))
    assert all(back.get(name.encode("utf-8", "replace").decode(), "").strip() == value.strip() for name, value in row.items()
               if name.isprintable() and value.isprintable())  # fmt: skip
    assert row_hash(back) == row_hash(dict(reversed(back.items()))) != row_hash(back, 1)


@given(st.binary(max_size=400))
@settings(max_examples=40, deadline=None)
def test_whatever_is_in_a_file_it_is_read_or_a_sentence(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.getbasetemp() / "fuzz"
    folder.mkdir(exist_ok=True)
    for suffix in (".csv", ".jsonl"):
        file = folder / f"t{suffix}"
        file.write_bytes(data)
        try:
            plan = plan_rows(file, Control())
        except UserError as error:
            assert error.message.endswith(".")
        else:
            assert all(isinstance(i, NewItem | Problem) for i in plan.read())


def test_damaged_columns_are_a_sentence() -> None:
    assert from_meta(to_meta([TableColumn("a", "number")])) == (TableColumn("a", "number"),)
    for wrong in ({}, [1], [{"name": "a", "kind": "magic"}], [{"kind": "number"}], [{"name": "a", "missing": "x"}]):
        with pytest.raises(UserError):
            from_meta(wrong)
    for text in ("[]", "{", '"a"', ""):
        with pytest.raises(UserError, match="not a row"):
            cells_of(text)


def test_columns_that_give_the_answer_away_are_told_and_left_out(tmp_path: Path) -> None:
    rows = [
        f"{i * 13 % 10},{'left' if i % 3 == 0 else 'is here'},{('a', 'b')[i % 2]},same,{'' if i % 4 else i},{i * 7 % 101},{'out' if i % 3 == 0 else 'in'}"
        for i in range(200)
    ]
    file = tmp_path / "a.csv"
    file.write_text("x,where now,letter,constant,rare,y,churn\n" + "\n".join(rows))
    plan = plan_rows(file, Control())
    assert any("“where now” alone gives “churn” away (100%" in w for w in plan.warnings)
    plan.set_columns([replace(c, role="ignored") if c.name == "where now" else c for c in plan.given])
    assert not any("away" in w for w in plan.warnings)
    project, _ = project_from_plan(plan_rows(file, Control()), tmp_path / "p")
    with project:
        set_columns(project, [replace(c, role="feature") if c.name == "constant" else c for c in columns_of(project)])
        found = {f.code: f for f in check_project(project)}
        assert found["column-leak"].columns == ("where now",) and found["column-leak"].severity == "bad"
        assert "100% of what guessing gets wrong" in found["column-leak"].message
        assert found["column-constant"].columns == ("constant",) and found["column-missing"].columns == ("rare",)
        change = fix_by_id("ignore-columns").plan(project, found["column-leak"])
        back = apply(project, change)
        assert "column-leak" not in {f.code for f in check_project(project)}
        apply(project, back)
        assert {c.name: c.role for c in columns_of(project)}["where now"] == "feature"
    numbers = tmp_path / "b.csv"
    numbers.write_text(
        "a,b,price_net,price\n" + "\n".join(f"{i % 13},{i % 7},{i * 3 + i % 2},{i * 3.6}" for i in range(300))
    )
    plan = plan_rows(numbers, Control())
    assert any("“price_net” alone gives “price” away" in w for w in plan.warnings)
    project, _ = project_from_plan(plan, tmp_path / "q")
    with project:
        assert {f.code: f.columns for f in check_project(project)}["column-leak"] == ("price_net",)
