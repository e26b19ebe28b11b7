"""Parts of the Results page: the accuracy bar, the class table, one mistake."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QSizePolicy, QTableWidget, QTableWidgetItem, QWidget

from workbench.gui.theme import theme
from workbench.trust.judging import Judgement
from workbench.trust.metrics import Evaluation

_COLUMNS = (
    ("Class", "The class"),
    ("When it says so, right", "Precision: of the items called this, the share that are"),
    ("Found", "Recall: of the items that are this, the share it found"),
    ("Both together", "F1: the harmonic mean of precision and recall"),
    (
        "Told apart",
        "AUC: how often one of this class gets a higher percentage for it than one of another class, whatever the threshold;"
        " 50 % is guessing. In brackets what to expect on more such items (95 %)",
    ),
    ("Tested", "Number of test items (support)"),
)


class AccuracyBar(QWidget):
    """A score on a line from 0 to 100 %, with its 95 % interval, and (where there is one) the baseline as a mark."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._numbers: dict[str, Any] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip("The light band is the 95 % confidence interval; the mark is what the simplest answer reaches")
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(300, self.fontMetrics().height() + 34)

    def show_evaluation(self, evaluation: Judgement) -> None:
        numbers = self._numbers = evaluation.headline()
        if "score" in numbers:
            guessing = f", guessing {numbers['baseline']:.0%}" if "baseline" in numbers else ""
            self.setAccessibleName(
                f"{str(numbers['metric']).capitalize()} {numbers['score']:.0%}, interval {numbers['low']:.0%} to"
                f" {numbers['high']:.0%}{guessing}"
            )
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        n = self._numbers
        if "score" not in n:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        width = self.width() - 8
        track = QRectF(4, 12, width, 12)
        painter.setBrush(theme().colour("raised"))
        painter.drawRoundedRect(track, 6, 6)
        painter.setBrush(theme().colour("accent"))
        painter.drawRoundedRect(QRectF(4, 12, width * n["score"], 12), 6, 6)
        band = QColor(theme().colour("good"))
        band.setAlpha(80)
        painter.setBrush(band)
        painter.drawRoundedRect(QRectF(4 + width * n["low"], 6, max(2.0, width * (n["high"] - n["low"])), 24), 5, 5)
        if "baseline" not in n:
            return
        painter.setBrush(theme().colour("text"))
        at = 4 + width * n["baseline"]
        painter.drawRect(QRectF(at - 1, 4, 2, 28))
        painter.setPen(theme().colour("text_soft"))
        words = f"{n.get('baseline_words', 'guessing')} {n['baseline']:.0%}"
        wide = painter.fontMetrics().horizontalAdvance(words)
        painter.drawText(
            QRectF(
                max(0.0, min(at - wide / 2, self.width() - wide - 4.0)), 34, wide + 4, painter.fontMetrics().height()
            ),
            Qt.AlignmentFlag.AlignCenter,
            words,
        )


class Number(QTableWidgetItem):
    """Sorts by value, shows a percentage or a count."""

    def __init__(self, value: float, text: str) -> None:
        super().__init__(text)
        self.value = value
        self.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def __lt__(self, other: QTableWidgetItem) -> bool:
        return self.value < other.value if isinstance(other, Number) else super().__lt__(other)


class ClassTable(QTableWidget):
    """Precision, recall and F1 of each class, in plain words; sortable."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(_COLUMNS), parent)
        self.setObjectName("class-table")
        self.setAccessibleName("Results class by class")
        for number, (name, tip) in enumerate(_COLUMNS):
            head = QTableWidgetItem(name)
            head.setToolTip(tip)
            self.setHorizontalHeaderItem(number, head)
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for number in range(1, len(_COLUMNS)):
            self.horizontalHeader().setSectionResizeMode(number, QHeaderView.ResizeMode.ResizeToContents)
        self.setSortingEnabled(True)

    def show_evaluation(self, evaluation: Evaluation) -> None:
        self.setSortingEnabled(False)
        self.setRowCount(len(evaluation.per_class))
        for row, score in enumerate(evaluation.per_class):
            self.setItem(row, 0, QTableWidgetItem(score.name))
            for column, value in ((1, score.precision), (2, score.recall), (3, score.f1)):
                self.setItem(row, column, Number(value, f"{value:.0%}"))
            area = score.auc
            self.setItem(row, 4, Number(area.value, area.words()) if area is not None else Number(-1.0, "–"))
            self.setItem(row, 5, Number(score.support, str(score.support)))
        self.setSortingEnabled(True)
