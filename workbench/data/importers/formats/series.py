"""Tables of numbers over time (CSV, TSV, Excel): recognised by a column of dates that goes on, and nothing but numbers beside it.

See `workbench.data.importers.series`.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

from workbench.control import Control
from workbench.data.importers import tables
from workbench.data.importers.base import ImportPlan
from workbench.data.importers.excel import readable
from workbench.data.importers.series import layout_of, plan_series
from workbench.data.media import decode_text
from workbench.errors import UserError

_TABLES, _BOOKS = (".csv", ".tsv", ".tab"), (".xlsx", ".xlsm")
_LOOK = 1 << 17
_HEAD_ROWS = 400
_MOST_BYTES = 300_000_000


class SeriesTable:
    """See `workbench.data.importers.formats.ImportFormat`."""

    name = "Numbers over time"
    order = 50

    def plan(self, paths: Sequence[Path], control: Control) -> ImportPlan | None:
        path = paths[0]
        if len(paths) != 1 or path.suffix.lower() not in (*_TABLES, *_BOOKS) or not path.is_file():
            return None
        head = _book_head(path) if path.suffix.lower() in _BOOKS else _text_head(path)
        layout = layout_of(head)
        if layout is None:
            return None
        return plan_series(path, tables.plain_rows(path, control), layout, control)


def _text_head(path: Path) -> list[list[str]]:
    """The first rows as they are; none when it is no text."""
    try:
        with path.open("rb") as stream:
            data = stream.read(_LOOK)
        text = decode_text(data[: len(data) // 4 * 4] if len(data) == _LOOK else data)
    except (OSError, UserError):
        return []
    lines = text.splitlines()
    if len(data) == _LOOK:
        lines = lines[:-1]
    lines = lines[:_HEAD_ROWS]
    by_tabs = path.suffix.lower() in (".tsv", ".tab")
    delimiter = "\t" if by_tabs else tables.separator_of_lines(lines[:50])
    try:
        return list(csv.reader(io.StringIO("\n".join(lines), newline=""), delimiter=delimiter))
    except csv.Error:
        return []


def _book_head(path: Path) -> list[list[str]]:
    import openpyxl

    try:
        with readable(path), zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > _MOST_BYTES * 4:
                return []
        with readable(path):
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                found = book.active.iter_rows(values_only=True, max_row=_HEAD_ROWS)
                return [[tables.cell_words(v) for v in cells] for cells in found]
            finally:
                book.close()
    except UserError:
        return []  # what is wrong with it is said by the reader of plain tables


FORMAT = SeriesTable()
