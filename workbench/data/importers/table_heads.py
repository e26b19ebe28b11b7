"""What the first lines of a table tell: the separator, whether they name the columns, and how these are called."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from workbench.data.columns import date_of
from workbench.data.importers.written_molecules import is_molecule
from workbench.data.media import PICTURE_SUFFIXES
from workbench.data.numbers import number
from workbench.data.sound import FILES as SOUND_SUFFIXES

TEXT_NAMES = re.compile(
    r"^(text|texts|sentence|review|comment|message|content|body|description|title|question|tweet)s?$", re.I
)
LABEL_NAMES = re.compile(
    r"^(label|class|category|sentiment|target|tag|topic|type|rating|stars|intent|y)(_?name)?s?$", re.I
)
PATH_NAMES = re.compile(
    r"^(file|filename|file_?name|path|image|picture|photo|audio|recording|sound|clip|filepath|image_?path|audio_?path)s?$",
    re.I,
)
# How names of what stands for something go on: "customers", "user_id", "item no".
NAME_END = r"s?([_\s-]?(id|no|nr|number|name|key|hash))?$"
PERSON_NAMES = re.compile(
    r"^(user|customer|client|person|member|visitor|reader|viewer|listener|buyer|shopper|account|reviewer|subscriber|patron|borrower"
    r"|student|player|guest|nutzer|kunde|session)" + NAME_END,
    re.I,
)
_LONG_NAME, _LONG_CELLS = 40, 20
_LONGEST_NAME = 200
# So many lines may stand above a table.
_MOST_ABOVE = 20


def separator_of(lines: Sequence[str]) -> str:
    """The separator that cuts lines into the most even columns; of equals the one that makes most of them, commas first."""

    def rating(delimiter: str) -> tuple[float, int]:
        widths = [len(r) for r in _cells(lines, delimiter) if r]
        if not widths:
            return 0.0, 0
        width, count = Counter(widths).most_common(1)[0]
        return (count / len(widths) if width > 1 else 0.0), width

    # "1,5;2,5" is cut evenly by both.
    return max(",;\t|", key=rating)


def _cells(lines: Sequence[str], delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines, delimiter=delimiter)
    except csv.Error:
        return


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """The first row names the columns: it has no numbers, dates, files or molecules, and its words do not come again below it."""
    first = [c.strip() for c in rows[0]]
    filled = [c for c in first if c]
    if not filled:
        return False
    # A column for each film, by its number.
    if PERSON_NAMES.match(first[0]) and len(set(filled)) == len(filled) > 1 and first[0] not in _below(rows)[0]:
        return True
    # Years as names of columns over numbers that are none of them.
    if any(number(c) is not None or date_of(c) is not None for c in filled):
        return False
    if len(set(filled)) < len(filled) or len(filled) < len(first) / 2:
        return over_numbers(rows)  # the same name twice, or few: words over numbers are names all the same
    if any(p.match(c) for c in filled for p in (TEXT_NAMES, LABEL_NAMES, PATH_NAMES)):
        return True
    if any(c.lower().endswith((*PICTURE_SUFFIXES, *SOUND_SUFFIXES)) or is_molecule(c) for c in filled):
        return False
    if len(rows) < 2:
        return all(len(c) <= _LONG_NAME and " " not in c for c in filled)
    if over_numbers(rows):
        return True
    return not any(name and _is_one_more(name, below) for name, below in zip(first, _below(rows), strict=True))


def over_numbers(rows: Sequence[Sequence[str]]) -> bool:
    """Under a word of the first row most cells are numbers."""
    return any(
        name.strip() and not _is_number(name) and 2 * sum(map(_is_number, below)) > len(below)
        for name, below in zip(rows[0], _below(rows), strict=True)
    )


def _is_number(cell: str) -> bool:
    return number(cell) is not None or number(cell, ",") is not None


def _below(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """What stands under each cell of the first row."""
    return [[c for r in rows[1:] if place < len(r) and (c := r[place].strip())] for place in range(len(rows[0]))]


def lines_above(rows: Sequence[Sequence[str]]) -> int:
    """So many first rows are no part of the table: a title, who made it, when. They have a cell or a few, and the row under them names
    the columns of many."""
    told = [sum(bool(c.strip()) for c in r) for r in rows]
    if len(told) < 4:
        return 0
    usual = sorted(told[len(told) // 2 :])[len(told) // 4]
    count = 0
    while count < min(_MOST_ABOVE, len(told) - 3) and told[count] <= max(1, usual // 3) and usual >= 2:
        count += 1
    if not count or told[count] < usual / 2:
        return 0
    left = rows[count:]
    return count if (has_header(left) if usual > 2 else over_numbers(left)) else 0


def _is_one_more(name: str, below: Sequence[str]) -> bool:
    """What stands above a column comes again in it, or is a long text above long ones."""
    return name in below or (len(name) > _LONG_NAME and sum(map(len, below)) > _LONG_CELLS * len(below) > 0)


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """Every column with a name of its own: the second “age” is “age (2)”."""
    taken: set[str] = set()
    result = []
    for place, given in enumerate(names):
        name = " ".join(given.split())[:_LONGEST_NAME] or f"column {place + 1}"
        base, count = name, 1
        while name in taken:
            count += 1
            name = f"{base} ({count})"
        taken.add(name)
        result.append(name)
    return tuple(result)
