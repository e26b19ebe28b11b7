"""A list of recommendations: place, thing, and what liked things speak for it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from workbench.gui.theme import S, theme
from workbench.gui.widgets.basic import label
from workbench.gui.widgets.tables import read_only
from workbench.tasks.predictions import Ranking

_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class RankingPart(QWidget):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: Ranking | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.summary = label("", "heading", wrap=True, selectable=True)
        self.summary.setObjectName("ranking-summary")
        self.table = QTableWidget(0, 3)
        self.table.setObjectName("ranking-list")
        read_only(self.table, "Recommended things, the best first, and why")
        self.table.setHorizontalHeaderLabels(["", "recommended", "because they like"])
        self.table.setTabKeyNavigation(False)
        self.table.setWordWrap(False)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        column.addWidget(self.summary)
        column.addWidget(self.table, 1)
        theme().changed.connect(self._again)

    def show_prediction(self, prediction: Ranking) -> None:
        """Draw it anew."""
        self._shown = prediction
        first = prediction.picks[0].name if prediction.picks else ""
        self.summary.setText(f"First of all: {first}" if first else "There is nothing left to recommend.")
        with_reasons = any(p.because for p in prediction.picks)
        self.table.setColumnHidden(2, not with_reasons)
        self.table.setRowCount(len(prediction.picks))
        soft = theme().colour("text_soft")
        for place, pick in enumerate(prediction.picks):
            for column, words in enumerate((f"{place + 1}", pick.name, ", ".join(pick.because))):
                cell = QTableWidgetItem(words)
                if column == 0:
                    cell.setTextAlignment(_RIGHT)
                if column != 1:
                    cell.setForeground(soft)
                cell.setToolTip(words if column else f"Score {pick.score:.4g}: only for comparing things in one list")
                self.table.setItem(place, column, cell)

    def _again(self) -> None:
        if self._shown is not None:
            self.show_prediction(self._shown)
