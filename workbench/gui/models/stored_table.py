"""What lies on the disk, for a table view."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from workbench.gui.models.rows_moved import rows_moved
from workbench.gui.theme import theme
from workbench.hub.cache import Stored

Index = QModelIndex | QPersistentModelIndex
HEADERS = ("Model", "Size", "Last used", "Used by", "State")
STORED_ROLE = Qt.ItemDataRole.UserRole + 1
_DAY = 86_400


def ago(seconds: float) -> str:
    """When something was, in words; `seconds` since 1970, 0 for never."""
    if not seconds:
        return "not known"
    days = int((time.time() - seconds) // _DAY)
    return "today" if days <= 0 else "yesterday" if days == 1 else f"{days} days ago"


class StoredTable(QAbstractTableModel):
    """One row per model, the largest first; sortable."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Stored] = []

    def show_rows(self, rows: Sequence[Stored]) -> None:
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    @property
    def rows(self) -> list[Stored]:
        return self._rows

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(HEADERS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADERS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        stored = self._rows[index.row()]
        if role == STORED_ROLE:
            return stored
        if role == Qt.ItemDataRole.DisplayRole:
            return (
                stored.name or stored.id,
                f"{stored.size / 1e6:,.0f} MB" if stored.size < 1e9 else f"{stored.size / 1e9:,.1f} GB",
                ago(stored.last_used),
                ", ".join(Path(p).name for p in stored.projects),
                state_words(stored),
            )[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == 1:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.ToolTipRole:
            return str(stored.path)
        if role == Qt.ItemDataRole.ForegroundRole and (stored.shared or stored.partial):
            return theme().colour("text_soft")
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        keys = (
            lambda s: (s.name or s.id).casefold(), lambda s: s.size, lambda s: s.last_used, lambda s: s.projects, state_words,
        )  # fmt: skip
        with rows_moved(self, self._rows):
            self._rows.sort(key=keys[column], reverse=order == Qt.SortOrder.DescendingOrder)


def state_words(stored: Stored) -> str:
    """Its state in words."""
    if stored.shared:
        return "of other programs"
    if stored.partial:
        return "half downloaded"
    return "kept" if stored.pinned else ""
