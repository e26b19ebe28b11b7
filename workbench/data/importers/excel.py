"""Workbooks: the rows of the sheet with the data, one after the other, and what is said of one that cannot be read."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.control import Control
from workbench.data.rows import written
from workbench.errors import Cancelled, UserError

# Excel's own limit; a row that calls itself later would have all before it made up.
_LAST_ROW = 1_048_576
_MOST_UNPACKED = 4_000_000_000
# A packed file that grows more than this is no table.
_MOST_GROWTH = 400
_SMALL = 100_000_000


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Around every use of a workbook: whatever a part of the library answers to a damaged file (zlib.error, TypeError, …) is one
    sentence.

    Raises:
        UserError: in place of those.
    """
    try:
        yield
    except (UserError, Cancelled, MemoryError):
        raise
    except Exception as error:
        raise UserError(f"“{path.name}” is not a readable Excel file.", "Save it again as XLSX or CSV.") from error


def sheet_rows(path: Path, control: Control) -> Iterator[tuple[int, list[str]]]:
    """(number of the row, its cells up to the last filled one) of the sheet that was in front when the workbook was saved; of the
    first with something on it where that is empty. Rows without anything are left out. Of formulas it is what they came to.

    Raises:
        UserError: when it is no workbook, or one that would fill the disk.
        Cancelled: when asked to stop.
    """
    import openpyxl

    with readable(path):
        _check_zip(path)
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            for sheet in dict.fromkeys([book.active, *book.worksheets]):
                any_row = False
                if sheet not in book.worksheets:
                    continue  # none is in front, or it is a chart
                sheet.reset_dimensions()  # some programs write wrong ones, or those of the largest sheet there can be
                for count, cells in enumerate(sheet.iter_rows(values_only=True, max_row=_LAST_ROW), 1):
                    control.check()
                    values = [written(v) for v in cells]
                    while values and not values[-1].strip():
                        values.pop()
                    if values:
                        any_row = True
                        yield count, values
                if any_row:
                    return
        finally:
            book.close()


def _check_zip(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        packed = sum(i.compress_size for i in archive.infolist())
        unpacked = sum(i.file_size for i in archive.infolist())
    if unpacked > _MOST_UNPACKED or unpacked > max(_SMALL, packed * _MOST_GROWTH):
        raise UserError(f"The workbook “{path.name}” is too large.", "Save the sheet as CSV.")
