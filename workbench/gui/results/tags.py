"""Results of models that give several labels: label by label with its threshold, what was given instead of what, and the
items behind every number."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QSlider,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.data.types import Item, RunRecord
from workbench.gui.context import AppContext
from workbench.gui.models.item_model import ItemModel
from workbench.gui.results.base import ResultView
from workbench.gui.results.tag_certainty import TagCertaintyPanel
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import Card, button, label, row
from workbench.gui.widgets.confusion_matrix import ConfusionMatrix
from workbench.gui.widgets.item_view import ItemView
from workbench.gui.widgets.results_parts import Number
from workbench.gui.widgets.tables import explained_headings, read_only
from workbench.gui.widgets.whole_item import WholeItem
from workbench.tasks.registry import get_task
from workbench.trust.judge_tags import NOTHING, TagJudgement

_ID = Qt.ItemDataRole.UserRole
_SHOWN = 200
_COLUMNS = (
    ("Label", "The label"),
    ("Rightly given", "Precision: of the items given this label, the share that have it"),
    ("Found", "Recall: of the items that have it, the share that got it"),
    ("Together", "F1: the harmonic mean of precision and recall"),
    ("AP", "Average precision: the area under precision over recall"),
    ("Tested", "Test items that have it (support)"),
)


@dataclass(frozen=True)
class _Counts:
    classes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]


class View(ResultView):
    """See the module."""

    def __init__(self, ctx: AppContext) -> None:
        super().__init__(ctx)
        self.judgement: TagJudgement | None = None
        self._items: dict[int, Item] = {}
        self._name = ""
        self._title = ""

    def tabs(self) -> list[tuple[QWidget, str]]:
        return [
            (self._build_labels(), "Label by label"),
            (self._build_matrix(), "What instead of what"),
            (self._build_mistakes(), "Mistakes"),
            (self._build_certainty(), "How sure it is"),
        ]

    def about(self, run: RunRecord) -> None:
        self.certainty.show_run(run)

    def _build_certainty(self) -> QWidget:
        self.certainty = TagCertaintyPanel(self.ctx)
        return self.certainty

    def titles(self, judgement: TagJudgement) -> list[str]:
        return [
            "Label by label", "What instead of what", f"Mistakes ({len(judgement.mistakes)} items)", "How sure it is",
        ]  # fmt: skip

    def look_up(self, judgement: Any) -> list[int]:
        return [c.item_id for c in judgement.mistakes[:_SHOWN]]

    def show(self, judgement: TagJudgement, items: list[Item]) -> None:
        self.judgement = judgement
        project = self.ctx.store.require()
        tiles = get_task(project.task_id).info.drawn
        for model, view in ((self.label_items, self.label_view), (self.cell_items, self.cell_view)):
            model.annotated = model.tagged = True
            model.set_classes(project.classes())
            model.show_ids([])
            view.set_tiles(tiles)
        self._fill_table(judgement)
        self._fill_matrix()
        self._items = {i.id: i for i in items}
        self.list.clear()
        for case in judgement.mistakes[:_SHOWN]:
            entry = QListWidgetItem(f"{case.name}\n{case.sentence()}")
            entry.setData(_ID, case.item_id)
            self.list.addItem(entry)
        self.open.setEnabled(self.list.count() > 0)
        self.list.setCurrentRow(0 if self.list.count() else -1)

    # Label by label ----------------------------------------------------------------------------------------------------

    def _fill_table(self, e: TagJudgement) -> None:
        self.table.setSortingEnabled(False)
        self.table.setRowCount(len(e.per_class))
        for number, one in enumerate(e.per_class):
            self.table.setItem(number, 0, QTableWidgetItem(one.name))
            known = one.average_precision >= 0
            for column, value in ((1, one.precision), (2, one.recall), (3, one.f1), (4, one.average_precision)):
                self.table.setItem(number, column, Number(value, f"{value:.0%}" if column < 4 or known else "–"))
            self.table.setItem(number, 5, Number(one.support, str(one.support)))
        self.table.setSortingEnabled(True)
        if e.per_class:
            self.table.selectRow(0)
        self._choose()

    def _choose(self) -> None:
        """Another label of the table is looked at."""
        e, chosen = self.judgement, self.table.selectedItems()
        self._name = chosen[0].text() if chosen else ""
        one = next((c for c in e.per_class if c.name == self._name), None) if e is not None else None
        self.side.setEnabled(one is not None)
        if e is None or one is None:
            return
        self.heading.setText(one.name)
        known = one.threshold >= 0
        self.slider.setVisible(known)
        self.threshold_words.setVisible(known)
        if known:
            self.slider.blockSignals(True)
            self.slider.setValue(round(one.threshold * 100))
            self.slider.blockSignals(False)
            self._moved()
        self.missed.setText(f"Missed ({one.missed})")
        self.wrong.setText(f"Wrongly given ({one.wrong})")
        self.right.setText(f"Right ({one.right})")
        for pressed, count in ((self.missed, one.missed), (self.wrong, one.wrong), (self.right, one.right)):
            pressed.setEnabled(count > 0)
            pressed.setAccessibleName(f"{pressed.text()}: show these items")
        self._show_kind("missed" if one.missed else "wrong" if one.wrong else "right")

    def _moved(self) -> None:
        """What another threshold would come to; nothing is changed by it."""
        e = self.judgement
        if e is None or not self._name:
            return
        limit = self.slider.value() / 100
        own = next(c for c in e.per_class if c.name == self._name)
        # At its own place the very threshold, not the nearest hundredth.
        at = e.at(self._name, own.threshold if self.slider.value() == round(own.threshold * 100) else limit)
        now = " (as it is)" if self.slider.value() == round(own.threshold * 100) else ""
        self.threshold_words.setText(
            f"From {limit:.0%} certainty on{now}: right when it says so {at.precision:.0%}, found {at.recall:.0%},"
            f" both together {at.f1:.0%} ({at.wrong} wrongly given, {at.missed} missed)"
        )

    def _show_kind(self, kind: str) -> None:
        e = self.judgement
        if e is None:
            return
        ids = {"missed": e.missed, "wrong": e.wrongly_given, "right": e.rightly_given}[kind](self._name)
        words = {"missed": "missed", "wrong": "wrongly given", "right": "rightly given"}[kind]
        self._title = f"“{self._name}”, {words}"
        self.label_items.show_ids(ids)
        self.label_words.setText(f"{len(ids)} × {self._title}")
        self.label_to_data.setVisible(bool(ids))

    def _build_labels(self) -> QWidget:
        page = QWidget()
        line = QHBoxLayout(page)
        line.setContentsMargins(0, M, 0, 0)
        line.setSpacing(L)
        self.table = QTableWidget(0, len(_COLUMNS))
        self.table.setObjectName("tags-table")
        read_only(self.table, "Results label by label")
        explained_headings(self.table, _COLUMNS)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(64)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.itemSelectionChanged.connect(self._choose)
        line.addWidget(self.table, 3)
        self.side = Card(spacing=S, margin=M)
        self.heading = label("", "heading")
        self.side.body.addWidget(self.heading)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName("tags-threshold")
        self.slider.setRange(1, 99)
        self.slider.setAccessibleName("Threshold of this label, to try out")
        self.slider.setToolTip(
            "From which certainty on the label counts (threshold). Moving it changes nothing; it shows."
        )
        self.slider.valueChanged.connect(lambda _value: self._moved())
        self.threshold_words = label("", "soft", wrap=True)
        self.threshold_words.setObjectName("tags-threshold-words")
        self.side.body.addWidget(self.slider)
        self.side.body.addWidget(self.threshold_words)
        self.missed = button("", partial(self._show_kind, "missed"), role="chip", name="tags-missed")
        self.wrong = button("", partial(self._show_kind, "wrong"), role="chip", name="tags-wrong")
        self.right = button("", partial(self._show_kind, "right"), role="chip", name="tags-right")
        self.side.body.addLayout(row(self.missed, self.wrong, self.right, 1))
        self.label_words = label("", "strong", wrap=True)
        self.label_to_data = button("Show in Data", self._labels_to_data, name="tags-to-data")
        self.side.body.addLayout(row(self.label_words, 1, self.label_to_data))
        self.label_items, self.label_view = self._list_of_items("tags-items")
        self.side.body.addWidget(self.label_view, 1)
        line.addWidget(self.side, 2)
        return page

    def _labels_to_data(self) -> None:
        self.ctx.go("data", item_ids=list(self.label_items.ids), title=self._title)

    def _list_of_items(self, name: str) -> tuple[ItemModel, ItemView]:
        model = ItemModel(self.ctx.store)
        view = ItemView(model, self.ctx.thumbnails)
        view.setObjectName(name)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.set_side(110)
        view.opened.connect(
            lambda at: self.ctx.go("data", item_ids=[model.ids[at]], title="A mistake") if at < len(model.ids) else None
        )
        return model, view

    # What instead of what ----------------------------------------------------------------------------------------------

    def _fill_matrix(self) -> None:
        e = self.judgement
        if e is None:
            return
        if self.which.currentIndex() == 0:
            self.matrix.show_evaluation(_Counts(e.names, e.confusion), _given_instead)
            self.matrix_hint.setText(
                "Rows: the label that was missed. Columns: what was wrongly given. On the diagonal: rightly given."
            )
        else:
            self.matrix.show_evaluation(_Counts(e.classes, e.co_occurrence), _go_together)
            self.matrix_hint.setText("How many of the tested items truly have both labels.")
        self.cell_words.setText("Click a number to see the items behind it.")
        self.cell_items.show_ids([])
        self.cell_to_data.hide()

    def _open_cell(self, first: str, second: str) -> None:
        e = self.judgement
        if e is None:
            return
        if self.which.currentIndex() == 1:
            ids, words = e.together(first, second), _go_together(first, second, len(e.together(first, second)))
        elif first == second and first != NOTHING:
            ids = e.rightly_given(first)
            words = _given_instead(first, second, len(ids))
        else:
            ids = e.instead(first, second)
            words = _given_instead(first, second, len(ids))
        self._cell_title = words
        self.cell_words.setText(words)
        self.cell_items.show_ids(ids)
        self.cell_to_data.setVisible(bool(ids))

    def _build_matrix(self) -> QWidget:
        page = QWidget()
        line = QHBoxLayout(page)
        line.setContentsMargins(0, M, 0, 0)
        line.setSpacing(L)
        left = QVBoxLayout()
        self.which = QComboBox()
        self.which.setObjectName("tags-which")
        self.which.setAccessibleName("What the numbers are")
        self.which.addItems(["What was given instead of what (confusions)", "What goes together (co-occurrence)"])
        self.which.currentIndexChanged.connect(lambda _i: self._fill_matrix())
        left.addWidget(self.which)
        self.matrix = ConfusionMatrix()
        self.matrix.opened.connect(self._open_cell)
        scroll = QScrollArea()
        scroll.setWidget(self.matrix)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        left.addWidget(scroll, 1)
        line.addLayout(left, 3)
        side = QVBoxLayout()
        self.matrix_hint = label("", "faint", wrap=True)
        side.addWidget(self.matrix_hint)
        self._cell_title = ""
        self.cell_words = label("", "strong", wrap=True)
        self.cell_words.setObjectName("tags-cell-words")
        self.cell_items, self.cell_view = self._list_of_items("tags-cell-items")
        self.cell_to_data = button(
            "Show in Data",
            lambda: self.ctx.go("data", item_ids=list(self.cell_items.ids), title=self._cell_title),
            name="tags-cell-to-data",
        )
        side.addLayout(row(self.cell_words, 1, self.cell_to_data))
        side.addWidget(self.cell_view, 1)
        line.addLayout(side, 2)
        return page

    # Mistakes ----------------------------------------------------------------------------------------------------------

    def _build_mistakes(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, M, 0, 0)
        line = QHBoxLayout()
        line.setSpacing(M)
        self.list = QListWidget()
        self.list.setSpacing(S // 2)
        self.list.setObjectName("tags-mistakes")
        self.list.setAccessibleName("Items with wrong labels, the most wrong first")
        self.list.setWordWrap(True)
        self.list.itemActivated.connect(lambda _entry: self._go())
        self.list.currentRowChanged.connect(lambda _row: self._show_mistake())
        line.addWidget(self.list, 1)
        self.whole = WholeItem(self.ctx)
        line.addWidget(self.whole, 1)
        column.addLayout(line, 1)
        self.open = button("Show in Data", self._go, name="tags-mistake-to-data")
        column.addLayout(
            row(label("The labels in Data may be wrong, too: put them right there.", "faint"), 1, self.open)
        )
        return page

    def _show_mistake(self) -> None:
        entry = self.list.currentItem()
        self.whole.show_item(self._items.get(entry.data(_ID)) if entry is not None else None)

    def _go(self) -> None:
        entry = self.list.currentItem()
        if entry is not None:
            self.ctx.go("data", item_ids=[entry.data(_ID)], title="A mistake")


def _given_instead(missed: str, given: str, count: int) -> str:
    if missed == given:
        return f"{count} × “{missed}” rightly given" if missed != NOTHING else "nothing"
    if given == NOTHING:
        return f"{count} × “{missed}” missed, nothing in its place"
    if missed == NOTHING:
        return f"{count} × “{given}” given too much"
    return f"{count} × “{missed}” missed and “{given}” wrongly given"


def _go_together(first: str, second: str, count: int) -> str:
    return f"{count} × “{first}”" if first == second else f"{count} × “{first}” together with “{second}”"
