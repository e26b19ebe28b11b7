"""Passages that were found, for a view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from workbench.engine.document_index import Passage

PASSAGE_ROLE = Qt.ItemDataRole.UserRole + 1
BEST_ROLE = Qt.ItemDataRole.UserRole + 2
Index = QModelIndex | QPersistentModelIndex

# Below, a passage is far from a question.
NEAR_ENOUGH = 0.25


def nearness_words(likeness: float) -> str:
    """Plain words for the cosine of a question and a passage (those of a question are lower than those of two texts)."""
    for bound, words in (
        (0.6, "very near in meaning"),
        (0.4, "near in meaning"),
        (NEAR_ENOUGH, "somewhat near in meaning"),
    ):
        if likeness >= bound:
            return words
    return "far in meaning"


class PassageList(QAbstractListModel):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self._passages: Sequence[Passage] = ()
        self._best: dict[int, tuple[int, int]] = {}
        self._ranked = True

    def show_passages(self, passages: Sequence[Passage], ranked: bool = True) -> None:
        """`ranked`: by likeness to something, so that it is worth saying."""
        self.beginResetModel()
        self._passages, self._best, self._ranked = passages, {}, ranked
        self.endResetModel()

    def show_best(self, best: Sequence[tuple[int, int]]) -> None:
        """The sentence of each that answers best: characters of its text."""
        self._best = dict(enumerate(best))
        if self._passages:
            self.dataChanged.emit(self.index(0), self.index(len(self._passages) - 1))

    @property
    def passages(self) -> Sequence[Passage]:
        return self._passages

    def passage(self, row: int) -> Passage:
        return self._passages[row]

    def best(self, row: int) -> tuple[int, int]:
        return self._best.get(row, (0, 0))

    def says(self, passage: Passage) -> str:
        """How it fits, in words."""
        if not self._ranked:
            return ""
        parts = [nearness_words(passage.likeness)]
        if passage.words:
            parts.append("has " + ", ".join(f"“{w}”" for w in passage.words[:6]))
        return " · ".join(parts)

    # What Qt asks ------------------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._passages)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or not 0 <= index.row() < len(self._passages):
            return None
        passage = self._passages[index.row()]
        if role == PASSAGE_ROLE:
            return passage
        if role == BEST_ROLE:
            return self.best(index.row())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            said = self.says(passage)
            return f"{passage.title}, {passage.place}{f' ({said})' if said else ''}: {' '.join(passage.text.split())}"
        if role == Qt.ItemDataRole.ToolTipRole and self._ranked:
            return (
                f"{passage.document}\nCosine similarity {passage.likeness:.2f}; joined rank {passage.score:.2f}"
                " (reciprocal rank fusion of meaning and BM25)"
            )
        if role == Qt.ItemDataRole.ToolTipRole:
            return str(passage.document)
        return None
