"""What tables that are only read have in common."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QAbstractItemView, QTableWidget, QTableWidgetItem


def read_only(table: QTableWidget, name: str, grid: bool = False) -> None:
    """Rows are chosen as a whole, nothing is typed, and rows have no numbers. `name`: for who hears the screen."""
    table.setAccessibleName(name)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.verticalHeader().hide()
    table.setShowGrid(grid)


def explained_headings(table: QTableWidget, columns: Sequence[tuple[str, str]]) -> None:
    """Headings, each with its tip."""
    for number, (name, tip) in enumerate(columns):
        head = QTableWidgetItem(name)
        head.setToolTip(tip)
        table.setHorizontalHeaderItem(number, head)
