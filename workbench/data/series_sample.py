"""A series out of whatever is given to be tried: an item of a project, a table, numbers that were typed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.control import Control
from workbench.data.series import HEAD, MOST, SUFFIX, Series, from_text, read_series, to_text
from workbench.data.types import Sample
from workbench.errors import UserError

if TYPE_CHECKING:
    from workbench.data.importers.series import SeriesPlan

_TABLES = (".csv", ".tsv", ".tab", ".xlsx", ".xlsm")
_FEWEST = 3
_MOST_LENGTH = 60_000_000


def series_of(sample: Sample) -> tuple[Series, list[str]]:
    """The series of a sample (the last one of a table that has several), and sentences on what was odd about it.

    Raises:
        UserError: when there are fewer than three numbers, or a table cannot be read.
    """
    if sample.text is None and sample.path is not None:
        if sample.path.suffix == SUFFIX:
            return read_series(sample.path), []
        return _of_table(sample.path)
    if (sample.text or "").startswith(HEAD):
        return from_text(sample.text or ""), []
    return _of_text(sample.text or "")


def samples_in(sample: Sample) -> list[Sample]:
    """All series of a table as samples; the sample itself where there is only one, or where it is no table.

    Raises:
        UserError: when the table cannot be read, or none of its series can be used.
    """
    path = sample.path
    if sample.text is not None or path is None or path.suffix.lower() not in _TABLES:
        return [sample]
    plan = _plan_of(path)
    if plan is None or len(plan.made) < 2:
        return [sample]
    return [Sample("series", name, text=to_text(series)) for name, series, _season in plan.made]


def _of_table(path: Path) -> tuple[Series, list[str]]:
    from workbench.data.importers.table_files import plain_rows
    from workbench.data.media import read_text_file

    plan = _plan_of(path) if path.suffix.lower() in _TABLES else None
    if plan is not None:
        return _last(plan)
    if path.suffix.lower().startswith(".xls"):
        return _of_text("\n".join("\t".join(cells) for cells in plain_rows(path, Control())))
    return _of_text(read_text_file(path))


def _plan_of(path: Path) -> SeriesPlan | None:
    from workbench.data.importers.series import layout_of, plan_series
    from workbench.data.importers.table_files import plain_rows

    rows = plain_rows(path, Control())
    layout = layout_of(rows[:400])
    return plan_series(path, rows, layout, Control()) if layout is not None else None


def _last(plan: SeriesPlan) -> tuple[Series, list[str]]:
    if not plan.made:
        first = plan.problems[0] if plan.problems else None
        raise UserError(first.message if first else "There are no numbers in it.", first.hint if first else "")
    name, series, _season = plan.made[-1]
    odd = [p.message for p in plan.repairs if p.where == name] + plan.warnings
    if len(plan.made) > 1:
        odd.insert(0, f"Of {len(plan.made)} series in this table this is “{name}”; a project takes them all.")
    return series, odd


def _of_text(text: str) -> tuple[Series, list[str]]:
    """Numbers in their order, however they are parted; of a pasted table with dates as of a file."""
    import csv
    import io

    import numpy as np

    from workbench.data.importers.series import decimal_comma, layout_of, number_of, plan_series
    from workbench.data.importers.table_heads import separator_of

    if len(text) > _MOST_LENGTH:
        raise UserError("This is too long to be read at once.", "Give the newest numbers.")
    lines = [line for line in text.strip().splitlines() if line.strip()]
    rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=separator_of(lines[:50]) if lines else ","))
    layout = layout_of(rows[:400])
    if layout is not None and layout.dates >= 0:
        return _last(plan_series(Path("numbers"), rows, layout, Control()))
    width = max((len(r) for r in rows), default=0)
    if len(rows) <= 1 or width == 1:  # one number after the other, however they are parted
        cells = text.replace(";", " ").replace("\t", " ").split()
        if not decimal_comma(cells):
            cells = [
                part for cell in cells for part in (cell.split(",") if cell.count(",") != 1 else [cell.strip(",")])
            ]
            cells = [part for cell in cells for part in (cell.split(",") if "," in cell else [cell])]
        values = [number_of(c, decimal_comma(cells)) for c in cells if c]
    else:
        values = []
        for place in range(width):
            column = [r[place] if place < len(r) else "" for r in rows]
            found = [number_of(c, decimal_comma(column)) for c in column]
            if sum(v is not None and v == v for v in found) > len(found) // 2:
                values = found
    if values and values[0] is None:
        values = values[1:]
    plain = [math.nan if v is None else v for v in values]
    while plain and plain[-1] != plain[-1]:
        plain.pop()
    if sum(v == v for v in plain) < _FEWEST:
        raise UserError("There are not enough numbers.", "Give at least three, in their order in time.")
    if len(plain) > MOST:
        raise UserError("There are more than two million numbers.", "Give the newest ones.")
    lost = sum(v is None for v in values)
    odd = (
        [f"{lost} of them {'is no number and counts' if lost == 1 else 'are no numbers and count'} as missing."]
        if lost
        else []
    )
    return Series(np.array(plain, np.float64)), odd
