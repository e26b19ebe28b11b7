"""A row of a table as an item: its text is its cells as JSON, column by column, just as they stood in the file.

Cells stay texts. What they mean is said by the project's columns (`workbench.data.columns`), which a person may correct at any
time without a cell being touched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from workbench.data.media import sound_text
from workbench.errors import UserError

# A row with more is no row of a table.
MOST_COLUMNS = 5_000
LONGEST_CELL = 100_000
_NAMED = 3
_SHORT = 24


def row_text(cells: Mapping[str, str]) -> str:
    """The cells as an item's text; empty ones are left out."""
    kept = {name: value for name, value in cells.items() if value != ""}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def cells_of(text: str) -> dict[str, str]:
    """The cells of an item's text, or of JSON that somebody wrote.

    Raises:
        UserError: when it is no row.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UserError(
            "This is not a row of a table.", 'Give its cells like {"age": 42, "city": "Oslo"}, or drop a table.'
        )
    if len(found) > MOST_COLUMNS:
        raise UserError(f"This row has more than {MOST_COLUMNS:,} columns.", "Leave out columns that say nothing.")
    return {sound_text(str(name)): cell_text(value) for name, value in found.items()}


def written(value: Any) -> str:
    """A value of any program as a cell: nothing known is an empty one, whole numbers have no ".0", a day without a time is a day.
    The letters of a text stay as they are."""
    # Programs write "no value" as NaN, too.
    if value is None or value != value or isinstance(value, bytes):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return sound_text(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dict | list):
        return sound_text(json.dumps(value, ensure_ascii=False, default=written))
    if isinstance(value, datetime):
        day = (value.hour, value.minute, value.second) == (0, 0, 0)
        return value.strftime("%Y-%m-%d" if day else "%Y-%m-%d %H:%M:%S")
    return value.strftime("%H:%M:%S") if isinstance(value, time) else str(value)


def cell_text(value: Any) -> str:
    """A value of any program as the cell of a row: `written`, without blanks around it, and of a bounded length."""
    return written(value)[:LONGEST_CELL].strip()


def row_name(cells: Mapping[str, str], number: int = 0) -> str:
    """What a row is called: its first filled cells."""
    shown = [v if len(v) <= _SHORT else f"{v[: _SHORT - 1]}…" for v in cells.values() if v.strip()][:_NAMED]
    words = ", ".join(" ".join(v.split()) for v in shown)
    return f"{number}: {words}" if number else words or "an empty row"


def row_hash(cells: Mapping[str, str], copy: int = 0) -> str:
    """Names a row by its cells, in whatever order they stand. Two customers may be alike in all that is known of them: the
    second of equal rows in a file (`copy` 1) is another item, and comes to itself when the file is imported again."""
    words = json.dumps({k: v for k, v in cells.items() if v != ""}, ensure_ascii=False, sort_keys=True)
    more = f"#{copy}" if copy else ""
    return hashlib.sha256(f"row:{words}{more}".encode("utf-8", "surrogatepass")).hexdigest()
