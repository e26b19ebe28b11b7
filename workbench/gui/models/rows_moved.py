"""A table's rows change places: what was selected stays selected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from PySide6.QtCore import QAbstractTableModel, QModelIndex


@contextmanager
def rows_moved(model: QAbstractTableModel, rows: Sequence[object]) -> Iterator[None]:
    """Sort `rows` in place within: selections and the like are led to where their rows went."""
    model.layoutAboutToBeChanged.emit()
    held = model.persistentIndexList()
    objects = [rows[index.row()] for index in held]
    yield
    places = {id(row): place for place, row in enumerate(rows)} if held else {}
    went = [
        model.index(places[id(row)], index.column()) if id(row) in places else QModelIndex()
        for index, row in zip(held, objects, strict=True)
    ]
    model.changePersistentIndexList(held, went)
    model.layoutChanged.emit()
