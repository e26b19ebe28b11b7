"""Results of models that sort into classes: the confusion matrix, the classes, and the very mistakes."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListView,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from workbench.data.types import Item, RunRecord
from workbench.gui.context import AppContext
from workbench.gui.models.item_model import ItemModel
from workbench.gui.results.base import ResultView
from workbench.gui.results.certainty import CertaintyPanel
from workbench.gui.theme import L, M
from workbench.gui.widgets.basic import button, label
from workbench.gui.widgets.confusion_matrix import ConfusionMatrix
from workbench.gui.widgets.item_view import ItemView
from workbench.gui.widgets.mistakes import Mistakes
from workbench.gui.widgets.results_parts import ClassTable
from workbench.trust.metrics import Evaluation

_SHOWN = 60


class View(ResultView):
    """See the module."""

    def __init__(self, ctx: AppContext) -> None:
        super().__init__(ctx)
        self.evaluation: Evaluation | None = None
        self._cell: tuple[list[int], str] = ([], "")

    def tabs(self) -> list[tuple[QWidget, str]]:
        self.table = ClassTable()
        self.mistakes = Mistakes(self.ctx)
        self.mistakes.corrected.connect(self.corrected)
        self.mistakes.wanted.connect(lambda item_id: self.ctx.go("data", item_ids=[item_id], title="A mistake"))
        return [
            (self._build_matrix(), "What was taken for what"),
            (self.table, "Class by class"),
            (self.mistakes, "Mistakes"),
            (self._build_certainty(), "How sure it is"),
        ]

    def titles(self, judgement: Evaluation) -> list[str]:
        return ["What was taken for what", "Class by class", f"Mistakes ({len(judgement.mistakes)})", "How sure it is"]

    def about(self, run: RunRecord) -> None:
        self.certainty.show_run(run)

    def look_up(self, judgement: Any) -> list[int]:
        return [p.item_id for p in judgement.mistakes[:_SHOWN]]

    def show(self, judgement: Evaluation, items: list[Item]) -> None:
        e = self.evaluation = judgement
        self.table.show_evaluation(e)
        self.matrix.show_evaluation(e)
        self.cell_words.setText("Click a number to see the items behind it.")
        self.cell_items.show_ids([])
        self.to_data.hide()
        project = self.ctx.store.require()
        self.cell_items.set_classes(project.classes())
        self.cell_view.set_tiles(bool(items and items[0].path is not None) or self._pictures())
        self.mistakes.show_mistakes(e.mistakes[:_SHOWN], list(items), project.classes())

    def _pictures(self) -> bool:
        from workbench.tasks.registry import get_task

        return get_task(self.ctx.store.require().task_id).info.drawn

    def _open_cell(self, true: str, called: str) -> None:
        e = self.evaluation
        if e is None:
            return
        ids = e.cell(true, called)
        words = f"“{true}”, rightly found" if true == called else f"“{true}” taken for “{called}”"
        self._cell = (ids, words)
        self.cell_words.setText(f"{len(ids)} × {words}")
        self.cell_items.show_ids(ids)
        self.to_data.setVisible(bool(ids))

    def _build_certainty(self) -> QWidget:
        self.certainty = CertaintyPanel(self.ctx)
        return self.certainty

    def _build_matrix(self) -> QWidget:
        holder = QWidget()
        line = QHBoxLayout(holder)
        line.setContentsMargins(0, M, 0, 0)
        line.setSpacing(L)
        self.matrix = ConfusionMatrix()
        self.matrix.opened.connect(self._open_cell)
        scroll = QScrollArea()
        scroll.setWidget(self.matrix)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        line.addWidget(scroll, 3)
        side = QVBoxLayout()
        side.addWidget(label("Rows: what it is. Columns: what it was called.", "faint", wrap=True))
        row = QHBoxLayout()
        self.cell_words = label("", "strong", wrap=True)
        self.cell_words.setObjectName("cell-words")
        row.addWidget(self.cell_words, 1)
        self.to_data = button(
            "Show in Data",
            lambda: self.ctx.go("data", item_ids=self._cell[0], title=self._cell[1]),
            name="cell-to-data",
        )
        self.to_data.hide()
        row.addWidget(self.to_data)
        side.addLayout(row)
        self.cell_items = ItemModel(self.ctx.store)
        self.cell_view = ItemView(self.cell_items, self.ctx.thumbnails)
        self.cell_view.setObjectName("cell-items")
        self.cell_view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.cell_view.setResizeMode(QListView.ResizeMode.Adjust)
        self.cell_view.set_side(110)
        side.addWidget(self.cell_view, 1)
        line.addLayout(side, 2)
        return holder
