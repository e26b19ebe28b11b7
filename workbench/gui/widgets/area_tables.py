"""Tables of how well areas were coloured."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QIcon, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from workbench.gui.theme import theme
from workbench.trust.judge_mask import NOTHING, AreaEvaluation

_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_COLUMNS = (
    ("Class", "The class; “nothing” is the rest of the picture and does not count in the score"),
    ("Overlap", "Intersection over union (IoU): what both agree on, as a share of what either of them has"),
    ("Dice", "Dice coefficient (F1 of the points): like the overlap, with agreement counted twice"),
    ("When it says so, right", "Precision: of the points called this, the share that are"),
    ("Found", "Recall: of the points that are this, the share it found"),
    ("True area", "Share of all tested points that are this"),
    ("Found area", "Share of all tested points it called this"),
    ("Pictures", "Number of test pictures it is in"),
)


class _Number(QTableWidgetItem):
    """Sorts by value, shows words."""

    def __init__(self, value: float | None, text: str) -> None:
        super().__init__(text)
        self.value = -1.0 if value is None else value
        self.setTextAlignment(_RIGHT)

    def __lt__(self, other: QTableWidgetItem) -> bool:
        return self.value < other.value if isinstance(other, _Number) else super().__lt__(other)


class AreaTable(QTableWidget):
    """Overlap, Dice and area of each class, in plain words; sortable."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(_COLUMNS), parent)
        self.setObjectName("area-table")
        self.setAccessibleName("Results class by class")
        for number, (name, tip) in enumerate(_COLUMNS):
            head = QTableWidgetItem(name)
            head.setToolTip(tip)
            head.setTextAlignment(_RIGHT if number else Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            self.setHorizontalHeaderItem(number, head)
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for number in range(1, len(_COLUMNS)):
            self.horizontalHeader().setSectionResizeMode(number, QHeaderView.ResizeMode.ResizeToContents)
        # As they come until a heading is clicked.
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)

    def show_evaluation(self, evaluation: AreaEvaluation, colours: Sequence[str]) -> None:
        """`colours` ("#rrggbb") of its classes, without "nothing"."""
        self.setSortingEnabled(False)
        self.setRowCount(len(evaluation.per_class))
        for row, (score, colour) in enumerate(zip(evaluation.per_class, ("", *colours), strict=True)):
            square = QPixmap(12, 12)
            square.fill(QColor(colour) if colour else QColor(0, 0, 0, 0))
            self.setItem(row, 0, QTableWidgetItem(QIcon(square), score.name))
            values = (score.iou, score.dice, score.precision, score.recall)
            for column, value in enumerate(values, 1):
                self.setItem(row, column, _Number(value, "–" if value is None else f"{value:.0%}"))
            self.setItem(row, 5, _Number(score.share_true, f"{score.share_true:.1%}"))
            self.setItem(row, 6, _Number(score.share_said, f"{score.share_said:.1%}"))
            self.setItem(row, 7, _Number(score.pictures, f"{score.pictures:,}"))
        self.setSortingEnabled(True)


class AreaConfusion(QTableWidget):
    """Of the points of each class, which share was called what."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("area-confusion")
        self.setAccessibleName("What was taken for what: rows are what it is, columns what it was called")
        self.setToolTip("Confusion matrix of points: rows are what it is, columns what it was called")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._evaluation: AreaEvaluation | None = None
        theme().changed.connect(self._fill)

    def show_evaluation(self, evaluation: AreaEvaluation) -> None:
        self._evaluation = evaluation
        self._fill()

    def _fill(self) -> None:
        e = self._evaluation
        if e is None:
            return
        names = [NOTHING, *e.classes]
        self.setRowCount(len(names))
        self.setColumnCount(len(names))
        self.setHorizontalHeaderLabels([f"called {n}" for n in names])
        self.setVerticalHeaderLabels([f"is {n}" for n in names])
        for row, counts in enumerate(e.confusion):
            total = sum(counts)
            for column, count in enumerate(counts):
                share = count / total if total else 0.0
                cell = QTableWidgetItem(f"{share:.1%}" if count else "")
                cell.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                cell.setToolTip(f"{count:,} square pixels of “{names[row]}” were called “{names[column]}”")
                colour = QColor(theme().colour("good" if row == column else "bad"))
                colour.setAlphaF(0.55 * share if row == column else min(0.55, share))
                cell.setBackground(QBrush(colour))
                self.setItem(row, column, cell)
        self.resizeColumnsToContents()
