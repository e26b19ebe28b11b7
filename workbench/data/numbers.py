"""Numbers as people and programs write them: "1,234.5", "1.234,5", "12 %", "1e-3", "(12.50)", "€ 30"."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Literal

# How whole and fraction are parted in one column: "1,234.5" or "1.234,5".
Decimal = Literal[".", ","]
# Words that stand for "nothing is known" in tables of many programs.
MISSING = frozenset(("", "na", "n/a", "nan", "null", "-", "--", "?", "#n/a", "#na", "<na>", "."))
# Words that say so among numbers, and may be a category of their own among words ("payment history: none").
ABSENT = frozenset(("none", "nil", "missing", "unknown", "not available", "n.a.", "k.a."))
_SIGNS = str.maketrans("", "", "€$£¥₹%\u00a0\u202f\u2009 '’_")
_SHAPES = {
    ".": re.compile(r"[-+]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?([eE][-+]?\d{1,3})?"),
    ",": re.compile(r"[-+]?(\d{1,3}(\.\d{3})+|\d+)?(,\d*)?([eE][-+]?\d{1,3})?"),
}
_LONGEST = 60
# A thousand or more in groups of three; "0.750" is none.
_GROUPED = re.compile(r"[-+(]?[1-9]\d{0,2}(\.\d{3})+\)?")
# "85 m²", "12,5 kg", "30 min": a number and the letters behind it.
_UNIT = re.compile(r"(.*\d)\s*((?:°\s?)?[^\W\d_][^\W\d_/]{0,7}(?:/[^\W\d_]{1,3})?[23²³]?|°)", re.S)
# In a project's meta: what the numbers of its items are called, where an import said so.
MEASURED = "measured"


def is_missing(cell: str) -> bool:
    """The cell says that nothing is known."""
    return cell.strip().casefold() in MISSING


def number(cell: str, decimal: Decimal = ".") -> float | None:
    """The number in a cell; None where there is none. Infinite and "nan" are none."""
    text = cell.strip()
    if not text or len(text) > _LONGEST:
        return None
    negative = text.startswith("(") and text.endswith(")")  # as accountants write it
    text = (text[1:-1] if negative else text).replace("\u2212", "-").translate(_SIGNS)
    if not any(c.isdigit() for c in text) or not text.isascii() or not _SHAPES[decimal].fullmatch(text):
        return None
    text = text.replace(",", "") if decimal == "." else text.replace(".", "").replace(",", ".")
    try:
        value = float(text)
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    return -value if negative else value


def unit_of(cell: str) -> str:
    """What stands behind a number ("kg", "m²"); "" where the cell is no number with something behind it."""
    text = cell.strip()
    found = _UNIT.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None or (number(found[1]) is None and number(found[1], ",") is None):
        return ""
    return found[2]


def decimal_of(cells: Iterable[str], others: Decimal = ".") -> Decimal:
    """How a column parts whole and fraction: by which of the two more of its cells are numbers; a point where both do.

    "1,234" alone is a thousand in one and a little over one in the other: as long as every comma stands before three figures
    the point is believed. "75.000" alone likewise, but where `others`, columns beside it, have a comma, or euros are counted, and every
    point stands before three figures, it is seventy-five thousand.
    """
    point = comma = telling = pointed = grouped = euros = 0
    for cell in cells:
        if "." in cell:
            pointed += 1
            grouped += _GROUPED.fullmatch(cell.strip().translate(_SIGNS)) is not None
            euros += "€" in cell
        with_point, with_comma = number(cell, "."), number(cell, ",")
        point += with_point is not None
        comma += with_comma is not None
        telling += with_comma is not None and with_point is None
    if pointed and grouped == pointed and not telling and (others == "," or euros == pointed):
        return ","
    return "," if comma > point and telling else "."
