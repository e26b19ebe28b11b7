"""What the Results page asks of the view of one kind of judgement."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QTableWidget, QTableWidgetItem, QWidget

from workbench.data.types import Item, RunRecord
from workbench.gui.context import AppContext
from workbench.gui.widgets.tables import read_only
from workbench.trust.judging import Judgement


class ResultView(QObject):
    """Makes the tabs of one kind of result and fills them. This one has a plain table; others add to it or replace it.

    Signals:
        corrected(int, int): item id and class id: the person says that the label was wrong.
        said(str): a sentence for the person.
    """

    corrected = Signal(int, int)
    said = Signal(str)

    def __init__(self, ctx: AppContext) -> None:
        super().__init__()
        self.ctx = ctx
        self.plain: QTableWidget | None = None

    def tabs(self) -> list[tuple[QWidget, str]]:
        """The widgets with their titles, made once."""
        self.plain = QTableWidget()
        read_only(self.plain, "Class by class", grid=True)
        return [(self.plain, "Class by class")]

    def titles(self, judgement: Any) -> list[str]:
        """The tabs' titles for this judgement, when they say a number."""
        return []

    def about(self, run: RunRecord) -> None:
        """The run whose judgement is shown next, for a view that asks more of it."""

    def look_up(self, judgement: Judgement) -> list[int]:
        """Ids of the items the view will show; called in a job, so that `show` need not wait for the disk."""
        scores = judgement.per_item()
        return sorted(scores, key=lambda i: scores[i])[:60]

    def show(self, judgement: Any, items: list[Item]) -> None:
        """Fill the tabs. `items` are those of `look_up`, in its order."""
        assert self.plain is not None
        headings, rows = judgement.table()
        self.plain.setColumnCount(len(headings))
        self.plain.setHorizontalHeaderLabels(headings)
        self.plain.setRowCount(len(rows))
        for number, row in enumerate(rows):
            for column, text in enumerate(row):
                self.plain.setItem(number, column, QTableWidgetItem(text))
        self.plain.resizeColumnsToContents()
