"""Who liked what, written as a matrix: a row for each person, a column for each thing, and a rating or a mark where they met."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from workbench.control import Control
from workbench.data.dates import read_dates
from workbench.data.importers.table_files import Row, TableFile
from workbench.data.importers.table_heads import PERSON_NAMES
from workbench.data.numbers import number
from workbench.errors import Problem

THING, RATING = "thing", "rating"
_FEWEST_THINGS, _FEWEST_PEOPLE = 5, 3
# Nobody has met everything: where most cells are filled it is a table of people and what is known of them.
_EMPTY = 0.3
# Ratings are few: from 0 to 10 in halves. Measurements are many.
_MOST_RATINGS = 21
# So many of the columns' names are times.
_DATES = 0.9
_MARK = re.compile(r"^(x|✓|✔|yes|y|true|ja|oui|sí|si|liked?|gefällt)$", re.I)


def as_deeds(table: TableFile, rows: Sequence[Sequence[str]]) -> TableFile | None:
    """The same table with a row for each cell that is filled: person, thing and (where there are ratings, not only marks) rating.
    None when it is no such matrix.

    Args:
        rows: the first ones.
    """
    person, *things = table.names
    if not PERSON_NAMES.match(person.strip()):
        return None
    told = [r for r in rows if len(r) == len(table.names) and r[0].strip()]
    if read_dates(things).share >= _DATES:
        return None  # what each of them did, year by year or month by month
    if len(things) < _FEWEST_THINGS or len(told) < _FEWEST_PEOPLE or len({r[0] for r in told}) < len(told):
        return None
    cells = [c for r in told for cell in r[1:] if (c := cell.strip())]
    empty = 1 - len(cells) / (len(told) * len(things))
    values = set(cells)
    marks = len({v.casefold() for v in values}) == 1
    if not cells or empty < _EMPTY or len(values) > _MOST_RATINGS:
        return None
    if not all(_MARK.match(v) or v == "1" for v in values) if marks else any(number(v) is None for v in values):
        return None
    names = (person, THING) if marks else (person, THING, RATING)

    def read(control: Control) -> Iterator[Row | Problem]:
        for row in table.read(control):
            if isinstance(row, Problem):
                yield row
                continue
            where, given = row
            for thing, cell in zip(things, given[1:], strict=True):
                if cell := cell.strip():
                    yield where, [given[0], thing, cell][: len(names)]

    return replace(table, names=names, read=read, rows=0)
