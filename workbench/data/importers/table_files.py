"""Table files read row by row, whatever their size: CSV with any separator and encoding, Excel, Parquet, JSON Lines.

The readers are Python's own csv and json, openpyxl (read-only) and pyarrow (Parquet, in batches); a row is in memory at a time, of
Parquet a batch.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any

from workbench.control import Control
from workbench.data.columns import date_of
from workbench.data.importers.excel import readable
from workbench.data.media import decode_text
from workbench.data.numbers import number
from workbench.data.rows import LONGEST_CELL, MOST_COLUMNS, cell_text
from workbench.errors import Problem, UserError

SEPARATED = (".csv", ".tsv", ".tab", ".txt", ".data")
SUFFIXES = (".csv", ".tsv", ".tab", ".xlsx", ".xlsm", ".parquet", ".pq", ".jsonl", ".ndjson")
_MOST_BYTES = 20_000_000_000
_MOST_UNPACKED = 4_000_000_000
_HEAD = 250_000
_BATCH = 2_000
# A packed file that grows more than this is no table.
_MOST_GROWTH = 400

Row = tuple[int, list[str]]


@dataclass(frozen=True)
class TableFile:
    """A table that can be gone through again and again.

    Attributes:
        names: of its columns, all different.
        read: starts from the first row: (number of the row as people count, its cells; "" where nothing is), or a problem.
        rows: how many there are, where the file says it; 0 where only counting tells.
    """

    path: Path
    names: tuple[str, ...]
    read: Callable[[Control], Iterator[Row | Problem]]
    rows: int = 0


def open_table(path: Path, control: Control | None = None) -> TableFile:
    """Look at a table's head.

    Raises:
        UserError: when it is none, cannot be read, or has no columns.
    """
    control = control or Control()
    suffix = path.suffix.lower()
    try:
        size = path.stat().st_size
        if size == 0:
            raise UserError(f"The table “{path.name}” is empty.", "Fill it in and import it again.")
        if size > _MOST_BYTES:
            raise UserError(f"The table “{path.name}” is larger than 20 GB.", "Split it into parts.")
        if suffix in (".xlsx", ".xlsm"):
            found = _excel(path, control)
        elif suffix in (".parquet", ".pq"):
            found = _parquet(path)
        elif suffix in (".jsonl", ".ndjson"):
            found = _json_lines(path, control)
        else:
            found = _separated(path, control)
    except OSError as error:
        raise UserError(
            f"The table “{path.name}” cannot be read.", "Check that it is there and may be read."
        ) from error
    if not found.names:
        raise UserError(f"The table “{path.name}” has no rows.", "Fill it in and import it again.")
    if len(found.names) > MOST_COLUMNS:
        raise UserError(
            f"The table “{path.name}” has more than {MOST_COLUMNS:,} columns.", "Leave out columns that say nothing."
        )
    return found


def unique_names(names: list[str]) -> tuple[str, ...]:
    """Every column with a name of its own: the second “age” is “age (2)”."""
    taken: set[str] = set()
    result = []
    for place, given in enumerate(names):
        name = " ".join(given.split())[:200] or f"column {place + 1}"
        base, count = name, 1
        while name in taken:
            count += 1
            name = f"{base} ({count})"
        taken.add(name)
        result.append(name)
    return tuple(result)


# Separated values --------------------------------------------------------------------------------------------------------


def _separated(path: Path, control: Control) -> TableFile:
    encoding = _encoding(path, control)
    with path.open(encoding=encoding, errors="replace", newline="") as stream:
        head = stream.read(_HEAD)
    lines = head.splitlines()[:200]
    if len(head) == _HEAD and len(lines) > 1:
        lines = lines[:-1]
    delimiter = "\t" if path.suffix.lower() in (".tsv", ".tab") else _delimiter(lines)
    first = list(islice((r for r in _cells(lines, delimiter) if any(c.strip() for c in r)), 100))
    if not first:
        return TableFile(path, (), lambda _control: iter(()))
    header = has_header(first)
    width = max(Counter(len(r) for r in first).items(), key=lambda entry: (entry[1], entry[0]))[0]
    names = unique_names([*(first[0] if header else []), *[""] * width][: max(width, len(first[0]) if header else 0)])

    def read(control: Control) -> Iterator[Row | Problem]:
        csv.field_size_limit(LONGEST_CELL * 100)
        count = 0
        with path.open(encoding=encoding, errors="replace", newline="") as stream:
            rows = csv.reader((line.replace("\0", "") for line in stream), delimiter=delimiter)
            while True:
                try:
                    cells = next(rows)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield Problem(
                        f"row {count + 1}", f"This row cannot be read ({error}).", "Mend it, or leave it out."
                    )
                    count += 1
                    continue
                control.check()
                if not any(c.strip() for c in cells):
                    continue
                count += 1
                if header and count == 1:
                    continue
                yield _fitted(count, cells, len(names))

    return TableFile(path, names, read)


def _fitted(number_: int, cells: list[str], width: int) -> Row | Problem:
    """A row as wide as the table, or what is wrong with it."""
    found = [cell_text(c) for c in cells]
    if len(found) > width and any(found[width:]):
        return Problem(
            f"row {number_}", f"This row has {len(found)} cells, the table has {width} columns.",
            "Put a cell that holds the separator in quotes.",
        )  # fmt: skip
    return number_, [*found[:width], *[""] * (width - len(found))]


def _encoding(path: Path, control: Control) -> str:
    """UTF-8 where the whole file is that, else by its mark, else the one that fits its beginning best."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
        for mark, name in (
            (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
            (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
        ):  # fmt: skip
            if head.startswith(mark):
                return name
        if b"\0" in head[:2000]:
            decode_text(head)  # says so when it is no text
            return "utf-16-le" if head[1:2] == b"\0" else "utf-16-be"
        decoder = codecs.getincrementaldecoder("utf-8")()
        block = head
        try:
            while block:
                control.check()
                decoder.decode(block)
                block = stream.read(_HEAD)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            pass
        else:
            return "utf-8"
    sample = _odd_part(path)
    if _nearly(sample):
        return "utf-8"  # a few broken letters are replaced
    if _western(sample):
        return "cp1252"
    import charset_normalizer

    guesses = list(charset_normalizer.from_bytes(sample))
    if not guesses:
        raise UserError(f"“{path.name}” is not readable text.", "Save it as CSV with the encoding UTF-8.")
    fitting = [g for g in guesses if (g.chaos, -g.coherence) <= (guesses[0].chaos, -guesses[0].coherence)]
    best = next((g for g in fitting if g.encoding == "cp1252"), guesses[0])
    return best.encoding


def _odd_part(path: Path) -> bytes:
    """Lines with letters beyond ASCII, at most a million bytes: only they tell encodings apart."""
    found: list[bytes] = []
    size = 0
    with path.open("rb") as stream:
        for line in stream:
            if not line.isascii():
                found.append(line[:10_000])
                size += len(found[-1])
            if size > _HEAD:
                break
    return b"".join(found)


def _nearly(sample: bytes) -> bool:
    """Hardly any letter of it is broken UTF-8."""
    text = sample.decode("utf-8", "replace")
    return text.count("\ufffd") * 50 < sum(not c.isascii() for c in text)


def _western(sample: bytes) -> bool:
    """All that is not ASCII in it are letters and signs of Western Europe, as most old files have them."""
    try:
        odd = [c for c in sample.decode("cp1252") if not c.isascii()]
    except UnicodeDecodeError:
        return False
    usual = sum(c.isalpha() or c in "€–—‘’“”„…°§£·«»±µ²³½¼¾ºª\u00a0" for c in odd)
    # Letters of other alphabets come out as capitals and signs in a row.
    capitals = sum(c.isupper() for c in odd)
    return usual == len(odd) and capitals <= max(2, len(odd) // 2)


def _cells(lines: list[str], delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines, delimiter=delimiter)
    except csv.Error:
        return


def _delimiter(lines: list[str]) -> str:
    """The separator that cuts the first lines into the most even columns; of equals the one that makes most of them."""

    def rating(delimiter: str) -> tuple[float, int]:
        widths = [len(r) for r in _cells(lines, delimiter) if r]
        if not widths:
            return 0.0, 0
        width, count = Counter(widths).most_common(1)[0]
        return (count / len(widths) if width > 1 else 0.0), width

    # "1,5;2,5" is cut evenly by both.
    return max(",;\t|", key=rating)


def has_header(rows: list[list[str]]) -> bool:
    """The first row names the columns: no number or date stands in it, and its words do not come again below it."""
    first = [c.strip() for c in rows[0]]
    filled = [c for c in first if c]
    if not filled or len(set(filled)) < len(filled) or len(filled) < len(first) / 2:
        return False
    if any(number(c) is not None or date_of(c) is not None for c in filled):
        # Years as names of columns over numbers that are none of them.
        return False
    if len(rows) < 2:
        return True
    for place, name in enumerate(first):
        below = [r[place].strip() for r in rows[1:] if place < len(r)]
        if any(number(c) is not None for c in below):
            return True
        if name and name in below:
            return False
    return True


# Excel -------------------------------------------------------------------------------------------------------------------


def _excel(path: Path, control: Control) -> TableFile:
    """The first sheet with something on it."""
    _check_zip(path)
    first: list[list[str]] = []
    for _, cells in _excel_rows(path, control):
        first.append(cells)
        if len(first) >= 100:
            break
    if not first:
        return TableFile(path, (), lambda _control: iter(()))
    header = has_header(first)
    width = max(len(r) for r in first)
    names = unique_names([*(first[0] if header else []), *[""] * width][:width])

    def read(control: Control) -> Iterator[Row | Problem]:
        for count, (number_, cells) in enumerate(_excel_rows(path, control)):
            if header and count == 0:
                continue
            yield _fitted(number_, cells, width)

    return TableFile(path, names, read)


def _excel_rows(path: Path, control: Control) -> Iterator[Row]:
    import openpyxl

    with readable(path):
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            for sheet in book.worksheets:
                any_row = False
                for count, cells in enumerate(sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS + 1), 1):
                    control.check()
                    values = [_spoken(v) for v in cells]
                    while values and not values[-1]:
                        values.pop()
                    if values:
                        any_row = True
                        yield count, values
                if any_row:
                    return
        finally:
            book.close()


def _check_zip(path: Path) -> None:
    with readable(path), zipfile.ZipFile(path) as archive:
        packed = sum(i.compress_size for i in archive.infolist())
        unpacked = sum(i.file_size for i in archive.infolist())
    if unpacked > _MOST_UNPACKED or unpacked > max(100_000_000, packed * _MOST_GROWTH):
        raise UserError(f"The workbook “{path.name}” is too large.", "Save the sheet as CSV.")


def _spoken(value: Any) -> str:
    """A value as a cell; a day without a time is a day."""
    if isinstance(value, datetime):
        day = (value.hour, value.minute, value.second) == (0, 0, 0)
        return value.strftime("%Y-%m-%d" if day else "%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.strftime("%H:%M:%S")
    if isinstance(value, bytes):
        return ""
    return cell_text(value)


# Parquet and JSON Lines --------------------------------------------------------------------------------------------------


def _parquet(path: Path) -> TableFile:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path, memory_map=False) as file:
            given = list(file.schema_arrow.names)
            rows = int(file.metadata.num_rows)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise UserError(f"“{path.name}” is not a readable Parquet file.", "Save it again, or as CSV.") from error

    def read(control: Control) -> Iterator[Row | Problem]:
        count = 0
        try:
            with pyarrow.parquet.ParquetFile(path, memory_map=False) as file:
                for batch in file.iter_batches(_BATCH):
                    columns = [column.to_pylist() for column in batch.columns]
                    for cells in zip(*columns, strict=True):
                        control.check()
                        count += 1
                        yield count, [_spoken(v) for v in cells]
        except (pyarrow.ArrowException, OSError, ValueError) as error:
            raise UserError(
                f"“{path.name}” is damaged: it ends at row {count:,}.", "Save it again, or as CSV."
            ) from error

    return TableFile(path, unique_names(given), read, rows)


def _json_lines(path: Path, control: Control) -> TableFile:
    names: list[str] = []
    for _, found in islice(_objects(path, control), 1000):
        if isinstance(found, dict):
            names += [str(k) for k in found if str(k) not in names]

    def read(control: Control) -> Iterator[Row | Problem]:
        for count, found in _objects(path, control):
            if isinstance(found, dict):
                cells = {str(k): _spoken(v) for k, v in found.items()}
                yield count, [cells.get(name, "") for name in names]
            else:
                yield Problem(f"row {count}", "This line is not a JSON object.", "Mend it, or leave it out.")

    return TableFile(path, tuple(names), read)


def _objects(path: Path, control: Control) -> Iterator[tuple[int, Any]]:
    with path.open("rb") as raw:
        stream = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace")
        for count, line in enumerate(stream, 1):
            control.check()
            if not line.strip():
                continue
            try:
                yield count, json.loads(line)
            except (ValueError, RecursionError):
                yield count, None
