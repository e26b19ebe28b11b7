"""Several labels in a table: one cell with all of them, or a column per label with yes or no."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from workbench.data import labels

# How the labels of a cell are parted, and what a person reads of it.
SEPARATORS = {
    ";": "separated by semicolons  ;",
    ",": "separated by commas  ,",
    "|": "separated by bars  |",
    "json": 'a list in JSON  ["…", "…"]',
}
# What a cell says when no label fits: an empty one may also mean that nobody has looked yet.
NOTHING = "(none)"
_NOTHINGS = {NOTHING, "none of them", "[]"}
_YES = {"1", "1.0", "true", "yes", "y", "x"}
_NO = {"0", "0.0", "false", "no", "n"}
_LONGEST = 60
_SHARE = 0.02


def split_cell(cell: str, separator: str) -> list[str] | None:
    """The labels in a cell, each once, in order; None when it is no list of labels (JSON alone can be damaged)."""
    text = cell.strip()
    if text.casefold() in _NOTHINGS:
        return []
    if separator == "json":
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(values, list) or not all(isinstance(v, str | int | float) for v in values):
            return None
        parts = [str(v) for v in values]
    else:
        parts = text.split(separator)
    found: dict[str, str] = {}
    for part in parts:
        if part.strip():
            found.setdefault(labels.key(part), labels.clean(part))
    return list(found.values())


def guess_separator(cells: Sequence[str], named: bool) -> str:
    """How the labels in these cells are parted; "" when each is one label.

    Args:
        cells: those that are filled.
        named: the column's name speaks of labels: commas, which stand in sentences and places too, are believed.
    """
    lists = [split_cell(c, "json") for c in cells if c.strip().startswith("[") or c.strip() == NOTHING]
    if any(lists) and len(lists) >= 0.9 * len(cells) and all(found is not None for found in lists):
        return "json"
    for separator in ";|," if named else ";|":
        parted = [split_cell(c, separator) or [] for c in cells]
        several = sum(len(parts) > 1 for parts in parted)
        if several < max(1, _SHARE * len(cells)):
            continue
        parts = Counter(labels.key(p) for found in parted for p in found)
        if max(map(len, parts), default=0) > _LONGEST or max(map(len, parted)) > 50:
            continue
        # "Paris, France" has more parts than there are cells: its comma is part of the name.
        again = sum(n for n in parts.values() if n > 1)
        if again >= 0.5 * parts.total() and (separator != "," or len(parts) <= len({labels.key(c) for c in cells})):
            return separator
    return ""


def flag(cell: str) -> bool | None:
    """Yes or no; None for everything else."""
    text = cell.strip().casefold()
    return True if text in _YES else False if text in _NO else None


def are_flags(cells: Iterable[str], rows: int) -> bool:
    """A column that says yes or no in (nearly) every row, and not always the same."""
    found = [flag(c) for c in cells if c.strip()]
    return len(found) >= 0.9 * rows and None not in found and len(set(found)) == 2


def joined(names: Sequence[str], separator: str) -> str:
    """Labels as one cell, which `split_cell` reads again."""
    if not names:
        return NOTHING
    return json.dumps(list(names), ensure_ascii=False) if separator == "json" else f"{separator} ".join(names)


def separator_for(names: Iterable[str]) -> str:
    """One that none of these labels contains."""
    text = "".join(names)
    return next((s for s in (";", "|") if s not in text), "json")


def flag_columns(names: Sequence[str], content: str) -> dict[str, str]:
    """The column of each label; none is called as another column is."""
    taken = {content, "split"}
    found = {}
    for name in names:
        column = re.sub(r"\s+", " ", name)
        while column in taken:
            column += " (label)"
        taken.add(column)
        found[name] = column
    return found
