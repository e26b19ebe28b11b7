"""A forecast as an answer: drawn after the numbers it goes on from, and as a table with its dates."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.tasks.predictions import Forecast

_MOST_ROWS = 600
# Points: what the curve alone takes, and from which height on the table has room below it.
_LOWEST_CURVE, _CURVE_ALONE, _ROOM_FOR_BOTH = 105, 160, 270


class ForecastPart(QWidget):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.plot: Any = None
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setChildrenCollapsible(False)
        self.table = QTableWidget()
        self.table.setObjectName("forecast-table")
        self.table.setAccessibleName("Forecast as a table")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.verticalHeader().hide()
        self.table.setMinimumHeight(84)
        self.splitter.addWidget(self.table)
        column.addWidget(self.splitter, 1)
        # Else a low window would push the two into each other.
        self.setMinimumHeight(_CURVE_ALONE)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.table.setVisible(self.height() >= _ROOM_FOR_BOTH)

    def show_prediction(self, prediction: Forecast) -> None:
        rows = list(zip(prediction.dates, prediction.rows, strict=True))[:_MOST_ROWS]
        self.table.setColumnCount(len(prediction.columns))
        self.table.setHorizontalHeaderLabels([name.capitalize() for name in prediction.columns])
        self.table.setRowCount(len(rows))
        for y, (when, values) in enumerate(rows):
            for x, text in enumerate((when, *(f"{v:,.6g}" for v in values))):
                cell = QTableWidgetItem(text)
                if x:
                    cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(y, x, cell)
        self._draw(prediction)

    def _draw(self, prediction: Forecast) -> None:
        from workbench.gui.widgets.forecast_plot import Ahead, ForecastPlot

        if self.plot is None:
            self.plot = ForecastPlot("Forecast as a curve")
            self.plot.plot.setMinimumHeight(_LOWEST_CURVE)
            self.splitter.insertWidget(0, self.plot)
            self.splitter.setStretchFactor(0, 3)
            self.splitter.setStretchFactor(1, 1)
        end = prediction.first + len(prediction.given)
        low, middle, high = zip(*prediction.rows, strict=True) if prediction.rows else ((), (), ())
        self.plot.show_series(
            prediction.given, labels_of(prediction), prediction.first, Ahead(end, low, middle, high) if low else None
        )


def labels_of(prediction: Forecast) -> Any:
    """Says the time of a place in the series, as far as the forecast knows it."""
    known = (*prediction.given_dates, *prediction.dates)
    first = prediction.first

    def label_of(place: int) -> str:
        return known[place - first] if 0 <= place - first < len(known) else ""

    return label_of
