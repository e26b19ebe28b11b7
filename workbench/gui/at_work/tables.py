"""A small table that is as tall as its rows."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from workbench.gui.widgets.tables import read_only

_MOST_ROWS = 12


class PlainTable(QTableWidget):
    """Text in cells; the first column takes the room."""

    def fill(self, rows: Sequence[Sequence[str]]) -> None:
        """Show these rows."""
        self.setRowCount(len(rows))
        for n, cells in enumerate(rows):
            for place, text in enumerate(cells):
                cell = QTableWidgetItem(text)
                cell.setToolTip(text)
                if place:
                    cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(n, place, cell)
        shown = min(len(rows), _MOST_ROWS)
        tall = sum(self.rowHeight(n) for n in range(shown))
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + tall + 2 * self.frameWidth() + 2)


def plain_table(name: str, headings: Sequence[str]) -> PlainTable:
    """An empty one. `name`: for who hears the screen."""
    table = PlainTable(0, len(headings))
    read_only(table, name)
    table.setHorizontalHeaderLabels(list(headings))
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    first = table.horizontalHeaderItem(0)
    if first is not None:
        first.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    return table
