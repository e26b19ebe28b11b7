"""Personal data in the cells of a row. What a column says to be a number, a day, yes or no, or a file is looked past: a price is
nobody's telephone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from workbench.control import Control
from workbench.data.columns import TableColumn
from workbench.data.personal import Piece, find
from workbench.data.rows import cells_of
from workbench.errors import UserError

SAFE_KINDS = frozenset(("number", "date", "yes-no", "picture"))


def find_in_rows(texts: Sequence[str], columns: Sequence[TableColumn], control: Control) -> Iterator[list[Piece]]:
    """As `workbench.data.personal.find_in`, for rows; places are in the row's text. Raises: Cancelled."""
    safe = {c.name for c in columns if c.kind in SAFE_KINDS}
    for text in texts:
        control.check()
        yield _found(text, safe)


def _found(text: str, safe: set[str]) -> list[Piece]:
    try:
        cells = cells_of(text)
    except UserError:  # it is told beside the row that it cannot be read
        return []
    pieces: list[Piece] = []
    at = 0
    for name, cell in cells.items():
        key, written = f"{json.dumps(name, ensure_ascii=False)}:", json.dumps(cell, ensure_ascii=False)
        begin = max(0, text.find(key + written, at))
        at = begin + 1
        if name in safe:
            continue
        first = begin + len(key) + 1
        # Where letters of it are written as signs of two, the whole cell is meant.
        plain = len(written) == len(cell) + 2
        for piece in find(cell):
            start, end = (piece.start, piece.end) if plain else (0, len(written) - 2)
            pieces.append(replace(piece, start=first + start, end=first + end))
    return pieces
