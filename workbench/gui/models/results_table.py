"""A batch's answers while they arrive; sortable, smooth at a hundred thousand rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QIcon

from workbench.data.types import Sample
from workbench.engine.predict import PredictResult
from workbench.gui.icons import pixmap
from workbench.gui.models.rows_moved import rows_moved
from workbench.gui.theme import theme
from workbench.gui.thumbnails import Thumbnails
from workbench.tasks.predictions import WITHOUT_CERTAINTY, Number, Prediction, Scores, figure

Index = QModelIndex | QPersistentModelIndex
HEADERS = ("Item", "Answer", "Certainty")
RESULT_ROLE = Qt.ItemDataRole.UserRole + 1


def is_unlike(result: PredictResult) -> bool:
    """It is unlike all the model learnt from."""
    return isinstance(result.prediction, Scores) and result.prediction.unlike


def _between(number: Number) -> str:
    """The range of a number, in short."""
    if number.low is None or number.high is None:
        return ""
    return f"{figure(number.low)} to {figure(number.high)}"


class ResultsTable(QAbstractTableModel):
    """Rows are `PredictResult`s in the order they came, or sorted by a column."""

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__()
        # Those shown, of all that came.
        self._rows: list[PredictResult] = []
        self._all: list[PredictResult] = []
        self._only_unlike = False
        self._thumbnails = thumbnails
        thumbnails.ready.connect(self._repaint)

    def clear(self) -> None:
        self.beginResetModel()
        self._rows, self._all = [], []
        self._only_unlike = False
        self.endResetModel()

    def show_only_unlike(self, only: bool) -> None:
        """Only what is unlike all the model learnt from, or everything."""
        self.beginResetModel()
        self._only_unlike = only
        self._rows = [r for r in self._all if is_unlike(r) or not only]
        self.endResetModel()

    def unlike(self) -> int:
        """How many are unlike all the model learnt from, shown or not."""
        return sum(map(is_unlike, self._all))

    def append(self, results: Sequence[PredictResult]) -> None:
        """Add some at once: one layout for all of them."""
        first_ones = not self._all
        self._all += results
        if first_ones:
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 2, 2)
        shown = [r for r in results if is_unlike(r) or not self._only_unlike]
        if shown:
            first = len(self._rows)
            self.beginInsertRows(QModelIndex(), first, first + len(shown) - 1)
            self._rows += shown
            self.endInsertRows()

    def _numbers(self) -> bool:
        """Whether numbers are answered, which have a range in the place of a certainty."""
        return isinstance(next((r.prediction for r in self._all if r.prediction is not None), None), Number)

    @property
    def results(self) -> list[PredictResult]:
        """All that came, shown or not."""
        return self._all

    def rows_for_export(self) -> list[dict[str, Any]]:
        """Plain rows of all that came: item, answer, certainty, problem, path, where it is known whether it is unlike all the
        model learnt from, and a column per class where several can be true."""
        from workbench.engine.save import label_cells, unlike_cell

        return [
            {
                "item": r.sample.name,
                "answer": r.prediction.summary() if r.prediction else "",
                "certainty": round(r.prediction.certainty, 6) if r.prediction else "",
                "problem": f"{r.problem.message} {r.problem.hint}".strip() if r.problem else "",
                "path": str(r.sample.path or ""),
                **(unlike_cell(r.prediction) if r.prediction else {}),
                **(label_cells(r.prediction) if r.prediction else {}),
            }
            for r in sorted(self._all, key=lambda r: r.index)
        ]

    def answers(self) -> list[tuple[Sample, Prediction]]:
        """What was asked and what was answered, in the order asked, without what could not be read."""
        rows = sorted(self._all, key=lambda r: r.index)
        return [(r.sample, r.prediction) for r in rows if r.prediction is not None]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(HEADERS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return "Range" if section == 2 and self._numbers() else HEADERS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        result = self._rows[index.row()]
        column = index.column()
        if role == RESULT_ROLE:
            return result
        if role == Qt.ItemDataRole.DisplayRole:
            if column == 0:
                return result.sample.name or (result.sample.text or "")[:80]
            if result.problem is not None:
                return f"{result.problem.message} {result.problem.hint}" if column == 1 else ""
            if result.prediction is None:
                return ""
            if column == 1:
                return result.prediction.summary()
            if isinstance(result.prediction, Number):  # it is never so and so sure of a number
                return _between(result.prediction)
            # A new picture is neither right nor wrong.
            return "" if isinstance(result.prediction, WITHOUT_CERTAINTY) else f"{result.prediction.certainty:.1%}"
        if role == Qt.ItemDataRole.ForegroundRole and result.problem is not None:
            return theme().colour("bad")
        if column > 0 and is_unlike(result) and result.prediction is not None:
            if role == Qt.ItemDataRole.DecorationRole and column == 1:
                # A picture, not an icon: it keeps its size among large thumbnails.
                return pixmap("triangle-alert", 18, "warn")
            if role == Qt.ItemDataRole.ForegroundRole:
                return theme().colour("warn")
            if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
                return result.prediction.note
        if role == Qt.ItemDataRole.ToolTipRole and column == 2 and isinstance(result.prediction, Number):
            return result.prediction.range_words()
        if role == Qt.ItemDataRole.DecorationRole and column == 0:
            if result.sample.kind in ("picture", "molecule") and result.problem is None:
                found = self._thumbnails.of_item(result.sample)
                return QIcon(found) if found is not None else None
            return None
        if role == Qt.ItemDataRole.ToolTipRole and column == 0:
            return str(result.sample.path or result.sample.text or result.sample.name)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        def key(r: PredictResult) -> Any:
            if column == 0:
                return r.sample.name.casefold()
            if isinstance(r.prediction, Number):
                low, high = r.prediction.low, r.prediction.high
                return r.prediction.value if column == 1 else 0.0 if low is None or high is None else high - low
            if column == 1:
                return r.prediction.summary().casefold() if r.prediction else ""
            return r.prediction.certainty if r.prediction else -1.0

        with rows_moved(self, self._rows):
            self._rows.sort(key=key, reverse=order == Qt.SortOrder.DescendingOrder)
        # Shown again without a filter they keep this order.
        self._all.sort(key=key, reverse=order == Qt.SortOrder.DescendingOrder)

    def _repaint(self) -> None:
        if self._rows:
            self.dataChanged.emit(
                self.index(0, 0), self.index(len(self._rows) - 1, 0), [Qt.ItemDataRole.DecorationRole]
            )
