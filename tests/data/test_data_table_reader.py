"""The one reader of tables: what was written comes out, whoever wrote it and however; what is odd is said beside its row."""

from __future__ import annotations

import csv
import io
import json
import re
import tracemalloc
import zipfile
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.control import Control
from workbench.data.encodings import encoding_of
from workbench.data.importers import sniff
from workbench.data.importers.table_files import open_rows, open_table, plain_rows
from workbench.data.types import NewItem
from workbench.errors import Cancelled, Problem, UserError

_LETTERS = st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters=",;\t|\ufeff\ufffd")
_CELLS = st.text(st.one_of(_LETTERS, st.sampled_from("\"\n' =\u2028äß")), max_size=12)
_TABLES = st.integers(2, 5).flatmap(
    lambda width: st.lists(st.lists(_CELLS, min_size=width, max_size=width), min_size=1, max_size=8)
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


def filled(rows: list[list[str]]) -> list[list[str]]:
    return [r for r in rows if any(c.strip() for c in r)]


def rows_of(path: Path) -> list[Any]:
    return [r if isinstance(r, Problem) else r[1] for r in open_table(path).read(Control())]


@settings(max_examples=60, deadline=None)
@given(_TABLES, st.sampled_from(",;\t|"), st.sampled_from(("utf-8", "utf-8-sig", "utf-16", "utf-32")), st.sampled_from(("\n", "\r\n")),
       st.booleans())  # fmt: skip
def test_separated_values_come_out_as_they_went_in(
    folder: Path, table: list[list[str]], separator: str, encoding: str, ends: str, quoted: bool
) -> None:
    rows = [[c.replace("'", separator) for c in r] for r in table]
    stream = io.StringIO(newline="")
    csv.writer(
        stream, delimiter=separator, lineterminator=ends, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    ).writerows(rows)
    file = folder / ("a.tsv" if separator == "\t" else "a.csv")
    file.write_bytes(stream.getvalue().encode(encoding))
    if not filled(rows):
        with pytest.raises(UserError, match="has no rows"):
            open_table(file)
        return
    assert plain_rows(file, Control()) == filled(rows)
    named = open_table(file)
    assert len(set(named.names)) == len(named.names) == len(rows[0])
    assert all(isinstance(r, Problem) or len(r[1]) == len(named.names) for r in named.read(Control()))


@settings(max_examples=15, deadline=None)
@given(_TABLES)
def test_workbooks_parquet_and_json_come_out_as_they_went_in(folder: Path, table: list[list[str]]) -> None:
    import openpyxl
    import pyarrow
    import pyarrow.parquet

    names = [f"column of words {n}" for n in range(len(table[0]))]
    book = openpyxl.Workbook()
    for at, row in enumerate([names, *table], 1):
        for place, cell in enumerate(row, 1):
            book.active.cell(at, place).value = cell or None
            book.active.cell(at, place).data_type = "s"
    book.save(folder / "a.xlsx")
    columns = dict(zip(names, zip(*table, strict=True), strict=True))
    pyarrow.parquet.write_table(pyarrow.table({n: list(c) for n, c in columns.items()}), folder / "a.parquet")
    records = [dict(zip(names, r, strict=True)) for r in table]
    (folder / "a.json").write_text(json.dumps(records), encoding="utf-8")
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    for name in ("a.parquet", "a.json", "a.jsonl"):
        found = open_rows(folder / name, Control())
        assert list(found.names) == names
        assert [r[1] for r in found.read(Control()) if not isinstance(r, Problem)] == table
    back = [r[1] for r in open_rows(folder / "a.xlsx", Control()).read(Control()) if not isinstance(r, Problem)]
    width = len(names)
    assert [[*r, *[""] * (width - len(r))] for r in back] == [names, *filled(table)]


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        ("name,ort\nMüller,Köln\nçà,été\n", "cp1252", "cp1252"),
        ("preis\n5 €\n", "cp1252", "cp1252"),
        ("имя,город\nИван,Москва\nпапа,дома\nона,там\n", "cp1251", "cp1251"),
        ("name,ort\nMüller,Köln\n" * 40_000, "utf-8", "utf-8"),
        ("plain\n" * 50_000 + "Größe\n", "utf-8", "utf-8"),
        ("plain\n" * 50_000 + "Größe\n", "cp1252", "cp1252"),
        ("a,b\nü,1\n", "utf-16-le", "utf-16-le"),
    ],
)
def test_how_a_table_is_written_is_found(tmp_path: Path, text: str, encoding: str, found: str) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(text.encode(encoding))
    with file.open("rb") as stream:
        assert encoding_of(stream) == found
    assert plain_rows(file, Control()) == [line.split(",") for line in text.splitlines()]


@pytest.mark.parametrize(
    ("text", "names", "first"),
    [
        (",text,label\n0,so good,yes\n1,so bad,no\n", ("column 1", "text", "label"), ["0", "so good", "yes"]),
        ("a,a,,a\n1,2,3,4\n", ("a", "a (2)", "column 3", "a (3)"), ["1", "2", "3", "4"]),
        ("a,b,\n1,2,\n3,4,\n", ("a", "b", "column 3"), ["1", "2", ""]),
        ("2019,2020\n1,2\n", ("column 1", "column 2"), ["2019", "2020"]),
        ("img/a.png,cat\nimg/b.png,dog\n", ("column 1", "column 2"), ["img/a.png", "cat"]),
        ("c1ccccc1,toluene\nCC(=O)O,acid\n", ("column 1", "column 2"), ["c1ccccc1", "toluene"]),
        (
            "How satisfied are you with the service overall?,What else\nvery,nothing\nnot at all,the food\n",
            ("How satisfied are you with the service overall?", "What else"),
            ["very", "nothing"],
        ),
        (
            "This is a text that somebody wrote about a thing\nAnd this is another one of about that length\n",
            ("column 1",),
            ["This is a text that somebody wrote about a thing"],
        ),
    ],
)
def test_a_first_row_names_the_columns_or_is_data(
    tmp_path: Path, text: str, names: tuple[str, ...], first: list[str]
) -> None:
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    assert open_table(tmp_path / "a.csv").names == names and rows_of(tmp_path / "a.csv")[0] == first


def test_a_row_with_too_many_cells_is_said_beside_it_also_of_texts(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("text,label\nfine,good\nI like it, really,good\nbad\nso bad,poor,,\n", encoding="utf-8")
    found = list(sniff([file], rows=False).read())
    assert [(i.text, i.label) for i in found if isinstance(i, NewItem)] == [
        ("fine", "good"), ("bad", None), ("so bad", "poor"),
    ]  # fmt: skip
    assert [(p.where, p.message) for p in found if isinstance(p, Problem)] == [
        ("row 3", "This row has 3 cells, the table has 2 columns.")
    ]


def test_every_value_of_parquet_and_excel_is_a_cell(tmp_path: Path) -> None:
    import openpyxl
    import pyarrow
    import pyarrow.parquet

    moment = datetime(2024, 2, 29, 13, 5, 6)
    nanoseconds = pyarrow.array([1_709_211_906_000_000_001], pyarrow.timestamp("ns"))
    values = {
        "whole": [7], "float": [2.0], "nan": [float("nan")], "none": [None], "yes": [True], "day": [date(2024, 2, 29)],
        "moment": [moment], "zone": [moment.replace(tzinfo=UTC)], "ns": nanoseconds, "time": [time(1, 2, 3)], "money": [Decimal("1.50")],
        "span": pyarrow.array([1_500_000_001], pyarrow.duration("ns")), "bytes": [b"\xff"], "list": [[1, 2]],
        "picture": [{"path": "a.png", "bytes": b"\xff\xd8"}], "long": [timedelta(days=1)],
    }  # fmt: skip
    pyarrow.parquet.write_table(pyarrow.table(values), tmp_path / "a.parquet")
    table = open_table(tmp_path / "a.parquet")
    (row,) = rows_of(tmp_path / "a.parquet")
    assert dict(zip(table.names, row, strict=True)) == {
        "whole": "7", "float": "2", "nan": "", "none": "", "yes": "true", "day": "2024-02-29", "moment": "2024-02-29 13:05:06",
        "zone": "2024-02-29 13:05:06", "ns": "2024-02-29 13:05:06", "time": "01:02:03", "money": "1.50", "span": "0:00:01.500000",
        "bytes": "", "list": "[1, 2]", "picture": '{"path": "a.png", "bytes": ""}', "long": "1 day, 0:00:00",
    }  # fmt: skip
    book = openpyxl.Workbook()
    book.create_sheet("the data")
    book.active = 0  # an empty sheet is in front
    sheet = book["the data"]
    sheet.append(["name", "day", "moment", "time", "number", "share", "truth", "formula"])
    sheet.append([])
    sheet.append(["x", date(2024, 2, 29), moment, time(1, 2, 3), 3.0, 0.25, False, "=1+1"])
    book.save(tmp_path / "a.xlsx")
    assert list(open_table(tmp_path / "a.xlsx").read(Control())) == [
        (3, ["x", "2024-02-29", "2024-02-29 13:05:06", "01:02:03", "3", "0.25", "false", ""])
    ]


@pytest.mark.parametrize("head", [[], ["a", "b"], ["a", "b", "c", "d"]])
def test_cells_that_are_mostly_empty_at_the_end_of_rows_are_columns(tmp_path: Path, head: list[str]) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    if head:
        book.active.append(head)
    for n in range(20):
        book.active.append([n, n * 2.5, *(["sometimes", None, "rarely"][: n % 7])])
    book.save(tmp_path / "a.xlsx")
    table = open_table(tmp_path / "a.xlsx")
    rows = list(table.read(Control()))
    assert len(rows) == 20 and len(table.names) == 5 and table.names[: len(head)] == tuple(head)
    assert [r[1] for r in rows[6:9]] == [  # type: ignore[union-attr, index]
        ["6", "15", "sometimes", "", "rarely"], ["7", "17.5", "", "", ""], ["8", "20", "sometimes", "", ""],
    ]  # fmt: skip


def sheet_with(source: Path, target: Path, pattern: str, put: str) -> Path:
    """A workbook whose first sheet says something else."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, re.sub(pattern, put, data.decode()) if name.endswith("sheet1.xml") else data)
    return target


def test_a_workbook_that_says_wrong_sizes_is_read_all_the_same(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["text", "label"])
    for n in range(20):
        book.active.append([f"words number {n}", "ab"[n % 2]])
    book.save(tmp_path / "a.xlsx")
    right = plain_rows(tmp_path / "a.xlsx", Control())
    assert len(right) == 21
    for put in ('<dimension ref="A1:A1"', '<dimension ref="A1:XFD1048576"'):
        assert plain_rows(sheet_with(tmp_path / "a.xlsx", tmp_path / "b.xlsx", r'<dimension ref="[^"]*"', put), Control()) == right  # fmt: skip
    # The last row calls itself a row far beyond all sheets: what stands before it comes in, at once.
    far = sheet_with(tmp_path / "a.xlsx", tmp_path / "c.xlsx", r'<row r="21"', '<row r="999999999999"')
    assert plain_rows(far, Control()) == right[:20]


def test_a_name_that_comes_late_in_a_list_of_records_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.data.importers.table_files._HEAD_RECORDS", 2)
    lines = [{"a": 1}, {"a": 2}, {"a": 3, "late": 1}, {"a": 4, "late": 2}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    opened = open_rows(tmp_path / "a.jsonl", Control())
    found = list(opened.read(Control()))
    told = [one for one in found if isinstance(one, Problem)]
    assert [p.where for p in told] == ["row 3"] and "“late”" in told[0].message
    assert [one[1] for one in found if not isinstance(one, Problem)] == [["1"], ["2"], ["3"], ["4"]]


def test_a_line_without_end_and_a_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.data.importers.table_files.LONGEST_LINE", 1000)
    file = tmp_path / "a.csv"
    file.write_text("a,b\n1,2\n" + "x" * 5000 + "\n", encoding="utf-8")
    with pytest.raises(UserError, match="is longer than"):
        rows_of(file)
    file.write_text('a,b\n1,2\n"' + "x\n" * 600 + "4,5\n", encoding="utf-8")
    found = list(open_table(file, longest_cell=2000).read(Control()))
    assert sum(isinstance(r, Problem) and "too long" in r.message for r in found) == 1
    assert found[-1] != found[0] and not isinstance(found[-1], Problem) and found[-1][1] == ["4", "5"]
    stopped = Control()
    stopped.cancel()
    for name, data in (("b.csv", b"a,b\n1,2\n"), ("b.jsonl", b'{"a": 1}\n')):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(Cancelled):
            open_table(tmp_path / name, stopped)


def test_a_hundred_thousand_rows_are_gone_through_in_flat_memory(tmp_path: Path) -> None:
    peaks = []
    for count in (1_000, 20_000):
        file = tmp_path / f"{count}.csv"
        file.write_text("text,label\n" + "".join(f"words number {n} {'x' * 100},{n % 3}\n" for n in range(count)), encoding="utf-8")  # fmt: skip
        tracemalloc.start()
        assert sum(1 for _ in open_table(file).read(Control())) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2_000_000 and peaks[1] < 8 * peaks[0]  # of 2.4 million bytes
