"""The documents of an index, for a table: also a hundred thousand of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from workbench.engine.document_index import Listed
from workbench.gui.theme import theme

HEADERS = ("Document", "Title", "Passages", "What is wrong")
DOCUMENT_ROLE = Qt.ItemDataRole.UserRole + 1
Index = QModelIndex | QPersistentModelIndex


class DocumentTable(QAbstractTableModel):
    """One row per document; those that could not be read say why. Sortable, and narrowed down by `show_only`."""

    def __init__(self) -> None:
        super().__init__()
        self._all: list[Listed] = []
        self._rows: list[Listed] = []
        self._words = ""

    def show_documents(self, documents: Sequence[Listed]) -> None:
        self.beginResetModel()
        self._all = list(documents)
        self._rows = self._chosen()
        self.endResetModel()

    def show_only(self, words: str) -> None:
        """Those with these letters in their name or title."""
        self.beginResetModel()
        self._words = words.strip().casefold()
        self._rows = self._chosen()
        self.endResetModel()

    def document(self, row: int) -> Listed:
        return self._rows[row]

    def row_of(self, document: int) -> int:
        """The row of a document by its id; -1 when it is not shown."""
        return next((n for n, d in enumerate(self._rows) if d.id == document), -1)

    def _chosen(self) -> list[Listed]:
        return [d for d in self._all if not self._words or self._words in f"{d.name}\n{d.title}".casefold()]

    # What Qt asks ------------------------------------------------------------------------------------------------------

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
        document = self._rows[index.row()]
        if role == DOCUMENT_ROLE:
            return document
        if role == Qt.ItemDataRole.DisplayRole:
            problem = document.problem.message if document.problem is not None else ""
            count = f"{document.passages:,}" if not problem else ""
            return (document.name, document.title if not problem else "", count, problem)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{document.path}\n{document.problem}" if document.problem is not None else str(document.path)
        if role == Qt.ItemDataRole.ForegroundRole and document.problem is not None:
            return theme().colour("bad" if index.column() == 3 else "text_soft")
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == 2:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        keys = (
            lambda d: d.name.casefold(), lambda d: d.title.casefold(), lambda d: d.passages,
            lambda d: d.problem is None,
        )  # fmt: skip
        self.layoutAboutToBeChanged.emit()
        for rows in (self._all, self._rows):
            rows.sort(key=keys[column], reverse=order == Qt.SortOrder.DescendingOrder)
        self.layoutChanged.emit()
