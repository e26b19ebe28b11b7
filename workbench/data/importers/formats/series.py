"""Tables of numbers over time (CSV, TSV, Excel): recognised by a column of dates that goes on, and nothing but numbers beside it.

See `workbench.data.importers.series`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from workbench.control import Control
from workbench.data.importers.base import ImportPlan
from workbench.data.importers.series import layout_of, plan_series
from workbench.data.importers.table_files import BOOKS, open_rows, plain_rows
from workbench.errors import Problem, UserError

_TABLES = (".csv", ".tsv", ".tab", *BOOKS)
_HEAD_ROWS = 400


class SeriesTable:
    """See `workbench.data.importers.formats.ImportFormat`."""

    name = "Numbers over time"
    order = 50

    def plan(self, paths: Sequence[Path], control: Control) -> ImportPlan | None:
        path = paths[0]
        if len(paths) != 1 or path.suffix.lower() not in _TABLES or not path.is_file():
            return None
        try:
            head = list(islice(open_rows(path, control).read(control), _HEAD_ROWS))
        except UserError:
            return None  # what is wrong with it is said by the reader of plain tables
        layout = layout_of([row[1] for row in head if not isinstance(row, Problem)])
        return None if layout is None else plan_series(path, plain_rows(path, control), layout, control)


FORMAT = SeriesTable()
