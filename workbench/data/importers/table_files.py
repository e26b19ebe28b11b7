"""Table files read row by row, whatever their size: CSV with any separator and encoding, Excel, Parquet, JSON Lines, JSON.

This is the one reader of tables: `open_rows` gives the rows as they stand, `open_table` with named columns. The work is done by
Python's own csv and json, openpyxl (read-only) and pyarrow (Parquet, in batches); a row is in memory at a time, of Parquet a
batch, of a JSON document all of it.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from workbench.control import Control
from workbench.data.encodings import encoding_of
from workbench.data.importers.excel import sheet_rows
from workbench.data.importers.table_heads import has_header, lines_above, separator_of, unique_names
from workbench.data.media import decode_text, read_bytes
from workbench.data.rows import LONGEST_CELL, MOST_COLUMNS, written
from workbench.errors import Problem, UserError

SEPARATED = (".csv", ".tsv", ".tab", ".txt", ".data")
BOOKS = (".xlsx", ".xlsm")
SUFFIXES = (".csv", ".tsv", ".tab", *BOOKS, ".parquet", ".pq", ".jsonl", ".ndjson")
MOST_BYTES = 20_000_000_000
# Of what is kept in memory whole.
MOST_IN_MEMORY = 300_000_000
LONGEST_LINE = 50_000_000
_HEAD, _HEAD_LINES, _HEAD_ROWS = 250_000, 200, 100
# So many records say which names there are.
_HEAD_RECORDS = 20_000
# Of so many names that come later each is told of, once.
_MOST_LATE = 20
_BATCH, _BATCH_BYTES = 2_000, 64_000_000

Row = tuple[int, list[str]]
Rows = Callable[[Control], Iterator[Row | Problem]]


@dataclass(frozen=True)
class TableFile:
    """A table that can be gone through again and again.

    Attributes:
        names: of its columns, all different.
        read: starts from the first row: (number of the row as people count, its cells; "" where nothing is), or a problem. Each
            row has as many cells as there are columns.
        rows: how many there are, where the file says it; 0 where only counting tells.
        above: so many lines above the table (a title, a date) are passed over.
    """

    path: Path
    names: tuple[str, ...]
    read: Rows
    rows: int = 0
    above: int = 0


@dataclass(frozen=True)
class RowsFile:
    """A table whose rows are given as they stand; as `TableFile`, but for the names: there are none where only a first row may
    hold them."""

    read: Rows
    names: tuple[str, ...] = ()
    rows: int = 0
    above: int = 0


def open_table(
    path: Path, control: Control | None = None, most_bytes: int = MOST_BYTES, longest_cell: int = LONGEST_CELL
) -> TableFile:
    """Look at a table's head: the names of its columns, made up where its first row is data itself.

    Args:
        most_bytes: how large the file may be.
        longest_cell: so many characters of a cell are given.

    Raises:
        UserError: when it is none, cannot be read, is too large, or has no columns.
    """
    control = control or Control()
    found = open_rows(path, control, most_bytes)
    names, header = found.names, False
    if not names:
        first = [r[1] for r in islice(found.read(control), _HEAD_ROWS) if not isinstance(r, Problem)]
        if not any(first):
            raise UserError(f"The table “{path.name}” has no rows.", "Fill it in and import it again.")
        header = has_header(first)
        widths = Counter(len(r) for r in first)
        # A row of a workbook ends with its last filled cell; one of a text that is longer than most is cut wrongly.
        usual = max(widths.items(), key=lambda entry: (entry[1], entry[0]))[0]
        width = max(widths) if path.suffix.lower() in BOOKS else usual
        named = first[0] if header else []
        names = unique_names([*named, *[""] * (width - len(named))])
    if len(names) > MOST_COLUMNS:
        raise UserError(
            f"The table “{path.name}” has more than {MOST_COLUMNS:,} columns.", "Leave out columns that say nothing."
        )

    def read(control: Control) -> Iterator[Row | Problem]:
        to_come = header
        for row in found.read(control):
            if to_come and not isinstance(row, Problem):
                to_come = False
            else:
                yield row if isinstance(row, Problem) else _fitted(*row, len(names), longest_cell)

    return TableFile(path, names, read, found.rows, found.above)


def open_rows(path: Path, control: Control, most_bytes: int = MOST_BYTES) -> RowsFile:
    """A table as it stands, of whatever kind; empty rows are left out. Raises: UserError when it cannot be read, or is too
    large."""
    suffix = path.suffix.lower()
    try:
        size = path.stat().st_size
        if size == 0:
            raise UserError(f"The table “{path.name}” is empty.", "Fill it in and import it again.")
        if size > most_bytes:
            large = f"{most_bytes / 1e9:g} GB" if most_bytes >= 1e9 else f"{most_bytes / 1e6:g} MB"
            raise UserError(f"The table “{path.name}” is larger than {large}.", "Split it into parts.")
        if suffix in BOOKS:
            return _without_title(RowsFile(lambda control: sheet_rows(path, control)), control)
        if suffix in (".parquet", ".pq"):
            return _parquet(path)
        if suffix in (".jsonl", ".ndjson"):
            return _records(lambda control: _json_lines(path, control), control)
        if suffix == ".json":
            values = _json_list(path)
            return _records(lambda control: enumerate(values, 1), control)
        return _without_title(_separated(path, control), control)
    except OSError as error:
        raise UserError(
            f"The table “{path.name}” cannot be read.", "Check that it is there and may be read."
        ) from error


def _without_title(found: RowsFile, control: Control) -> RowsFile:
    """Without the lines above the table."""
    above = lines_above([r[1] for r in islice(found.read(control), _HEAD_ROWS) if not isinstance(r, Problem)])
    if not above:
        return found

    def read(control: Control) -> Iterator[Row | Problem]:
        to_come = above
        for row in found.read(control):
            if to_come and not isinstance(row, Problem):
                to_come -= 1
            else:
                yield row

    return RowsFile(read, found.names, found.rows, above)


def plain_rows(path: Path, control: Control) -> list[list[str]]:
    """All rows as they stand, without empty ones. Raises: UserError when the table or a row of it cannot be read."""
    found = []
    for row in open_rows(path, control, MOST_IN_MEMORY).read(control):
        if isinstance(row, Problem):
            raise UserError(f"{path.name}, {row.where}: {row.message}", row.hint)
        found.append(row[1])
    return found


def _fitted(number: int, cells: list[str], width: int, longest_cell: int) -> Row | Problem:
    """A row as wide as the table, without blanks around its cells, or what is wrong with it."""
    if any(c.strip() for c in cells[width:]):
        return Problem(
            f"row {number}", f"This row has {len(cells)} cells, the table has {width} columns.",
            "Put a cell that holds the separator in quotes.",
        )  # fmt: skip
    return number, [*(c[:longest_cell].strip() for c in cells[:width]), *[""] * (width - len(cells))]


# Separated values --------------------------------------------------------------------------------------------------------


def _separated(path: Path, control: Control) -> RowsFile:
    with path.open("rb") as raw:
        encoding = encoding_of(raw, control)
    with path.open(encoding=encoding, errors="replace", newline="") as stream:
        head = stream.read(_HEAD)
    lines = list(islice(io.StringIO(head, newline=""), _HEAD_LINES))
    if len(head) == _HEAD and len(lines) > 1:
        lines = lines[:-1]
    delimiter = "\t" if path.suffix.lower() in (".tsv", ".tab") else separator_of(lines)

    def read(control: Control) -> Iterator[Row | Problem]:
        csv.field_size_limit(LONGEST_LINE)  # what is too long for an item is said beside its row
        count = 0
        with path.open(encoding=encoding, errors="replace", newline="") as stream:
            rows = csv.reader(_lines(stream, path), delimiter=delimiter)
            while True:
                control.check()
                try:
                    cells = next(rows)
                except StopIteration:
                    return
                except csv.Error:
                    count += 1
                    yield Problem(
                        f"row {count}", "A cell of this row is too long to be read.", "See whether a quotation mark is not closed."
                    )  # fmt: skip
                    continue
                if any(c.strip() for c in cells):
                    count += 1
                    yield count, cells

    return RowsFile(read)


def _lines(stream: TextIO, path: Path) -> Iterator[str]:
    while line := stream.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise UserError(
                f"A line of “{path.name}” is longer than 50 million characters.", "Check that it is a table."
            )
        yield line.replace("\0", "")


# Parquet -----------------------------------------------------------------------------------------------------------------


def _parquet(path: Path) -> RowsFile:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path, memory_map=False) as file:
            given = list(file.schema_arrow.names)
            rows = int(file.metadata.num_rows)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise UserError(f"“{path.name}” is not a readable Parquet file.", "Save it again, or as CSV.") from error
    if not given:
        raise UserError(f"The table “{path.name}” has no rows.", "Fill it in and import it again.")
    batch = max(1, min(_BATCH, rows * _BATCH_BYTES // max(1, path.stat().st_size)))

    def read(control: Control) -> Iterator[Row | Problem]:
        count = 0
        try:
            with pyarrow.parquet.ParquetFile(path, memory_map=False) as file:
                for some in file.iter_batches(batch):
                    for cells in zip(*map(_values, some.columns), strict=True):
                        control.check()
                        count += 1
                        yield count, [written(v) for v in cells]
        except (pyarrow.ArrowException, OSError, ValueError) as error:
            raise UserError(
                f"“{path.name}” is damaged: it ends at row {count:,}.", "Save it again, or as CSV."
            ) from error

    return RowsFile(read, unique_names(given), rows)


def _values(column: Any) -> list[Any]:
    """As values of Python, which know no billionths of a second."""
    import pyarrow

    kind = column.type
    if pyarrow.types.is_timestamp(kind) and kind.unit == "ns":
        column = column.cast(pyarrow.timestamp("us", kind.tz), safe=False)
    elif pyarrow.types.is_time64(kind) and kind.unit == "ns":
        column = column.cast(pyarrow.time64("us"), safe=False)
    elif pyarrow.types.is_duration(kind) and kind.unit == "ns":
        column = column.cast(pyarrow.duration("us"), safe=False)
    found: list[Any] = column.to_pylist()
    return found


# JSON --------------------------------------------------------------------------------------------------------------------


def _records(records: Callable[[Control], Iterator[tuple[int, Any]]], control: Control) -> RowsFile:
    names: dict[str, None] = {}
    for _, found in islice(records(control), _HEAD_RECORDS):
        if isinstance(found, dict):
            names.update(dict.fromkeys(map(str, found)))

    def read(control: Control) -> Iterator[Row | Problem]:
        late: set[str] = set()
        for count, found in records(control):
            control.check()
            if isinstance(found, dict):
                if len(late) < _MOST_LATE and (
                    new := next((n for n in found if n not in names and n not in late), None)
                ):
                    late.add(new)
                    yield Problem(
                        f"row {count}",
                        f"“{new[:40]}” is in none of the first {_HEAD_RECORDS:,} rows, so it is left out.",
                        "Put a row that has it further up, to have it as a column.",
                    )
                yield count, [written(found.get(name)) for name in names]
            else:
                yield Problem(f"row {count}", "This line is not a JSON object.", "Mend it, or leave it out.")

    return RowsFile(read, unique_names(list(names)))


def _json_lines(path: Path, control: Control) -> Iterator[tuple[int, Any]]:
    with path.open("rb") as raw:
        encoding = encoding_of(raw, control)
    with path.open(encoding=encoding, errors="replace") as stream:
        for count, line in enumerate(_lines(stream, path), 1):
            if not line.strip():
                continue
            try:
                yield count, json.loads(line)
            except (ValueError, RecursionError):
                yield count, None


def _json_list(path: Path) -> list[Any]:
    """The records of a list, or of the first list in an object. Raises: UserError when there is none."""
    try:
        values = json.loads(decode_text(read_bytes(path, MOST_IN_MEMORY)))
    except (ValueError, RecursionError) as error:
        raise UserError(f"“{path.name}” is not readable JSON.", "Save it again, or use CSV.") from error
    if isinstance(values, dict):
        values = next((v for v in values.values() if isinstance(v, list)), [])
    if not isinstance(values, list) or not all(isinstance(v, dict) for v in values):
        raise UserError(f"“{path.name}” is not a list of records.", "Use a list of objects, or CSV.")
    return values
