"""Results of models that estimate numbers: estimated against true, errors by size, and the items they were farthest off on."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.data.types import Item
from workbench.gui.results.base import ResultView
from workbench.gui.theme import M, S, theme
from workbench.gui.widgets.basic import button, label
from workbench.gui.widgets.number_plots import ErrorsPlot, ScatterPlot
from workbench.gui.widgets.tables import read_only
from workbench.trust.judge_numbers import NumberCase, NumbersJudgement, by_size

_SHOWN = 200
# Height of a row with a small picture.
_TALL = 52
_ID = Qt.ItemDataRole.UserRole


class View(ResultView):
    """See the module."""

    def tabs(self) -> list[tuple[QWidget, str]]:
        tables = super().tabs()
        assert self.plain is not None
        self.plain.setAccessibleName("How far off it is, in numbers")
        self._cases: tuple[NumberCase, ...] = ()
        self._drawn: dict[int, Item] = {}
        page = QWidget()
        line = QHBoxLayout(page)
        line.setContentsMargins(0, M, 0, 0)
        line.setSpacing(M)
        self.scatter = ScatterPlot()
        self.scatter.setObjectName("numbers-scatter")
        self.errors = ErrorsPlot()
        self.errors.setObjectName("numbers-errors")
        line.addWidget(self.scatter, 1)
        line.addWidget(self.errors, 1)
        return [(page, "Estimated and true"), (self._build_worst(), "Farthest off"),
                (self._build_sizes(), "Errors by size"), (tables[0][0], "In numbers")]  # fmt: skip

    def titles(self, judgement: NumbersJudgement) -> list[str]:
        return ["Estimated and true", f"Farthest off ({min(_SHOWN, judgement.n)})", "Errors by size", "In numbers"]

    def look_up(self, judgement: Any) -> list[int]:
        return [c.item_id for c in judgement.worst[:_SHOWN]]

    def show(self, judgement: NumbersJudgement, items: list[Item]) -> None:
        super().show(judgement, items)
        self._cases = judgement.worst[:_SHOWN]
        self.scatter.show_judgement(judgement)
        self.errors.show_judgement(judgement)
        names = {i.id: i.name for i in items}
        self.worst.setRowCount(len(self._cases))
        for place, case in enumerate(self._cases):
            off = f"{'+' if case.error > 0 else ''}{judgement.amount(case.error)}"
            cells = (names.get(case.item_id, case.name), judgement.amount(case.truth), judgement.amount(case.said), off)
            for column, words in enumerate(cells):
                entry = QTableWidgetItem(words)
                entry.setData(_ID, case.item_id)
                if column:
                    entry.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.worst.setItem(place, column, entry)
        self._drawn = {i.id: i for i in items if i.kind == "molecule" or i.path is not None}
        self.worst.verticalHeader().setDefaultSectionSize(_TALL if self._drawn else self._plain_height)
        self._draw()
        self.open.setEnabled(bool(self._cases))
        bands = by_size(judgement)
        self.sizes.setRowCount(len(bands))
        for place, band in enumerate(bands):
            cells = (band.words(judgement), f"{band.n:,}", judgement.amount(band.mae), band.lean(judgement))
            for column, words in enumerate(cells):
                self.sizes.setItem(place, column, QTableWidgetItem(words))

    def _draw(self, _path: object = None) -> None:
        """Small pictures of the items, as far as they are there yet."""
        for place in range(self.worst.rowCount() if self._drawn else 0):
            entry = self.worst.item(place, 0)
            wanted = entry is not None and entry.icon().isNull()
            item = self._drawn.get(entry.data(_ID)) if entry is not None and wanted else None
            found = self.ctx.thumbnails.of_item(item) if item is not None else None
            if entry is not None and found is not None and not found.isNull():
                entry.setIcon(QIcon(found))

    def _in_new_colours(self) -> None:
        for place in range(self.worst.rowCount() if self._drawn else 0):
            entry = self.worst.item(place, 0)
            if entry is not None:
                entry.setIcon(QIcon())
        self._draw()

    def _go(self) -> None:
        place = max(0, self.worst.currentRow())
        if place < len(self._cases):
            self.ctx.go("data", item_ids=[self._cases[place].item_id], title="Far off")

    def _build_worst(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, M, 0, 0)
        column.setSpacing(S)
        self.worst = _table("numbers-worst", "Items it was farthest off on", ["item", "true", "estimated", "off by"])
        self.worst.itemActivated.connect(lambda _entry: self._go())
        self.worst.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.worst.setIconSize(QSize(_TALL, _TALL - 8))
        self._plain_height = self.worst.verticalHeader().defaultSectionSize()
        self.ctx.thumbnails.ready.connect(self._draw)
        theme().changed.connect(self._in_new_colours)
        column.addWidget(self.worst, 1)
        below = QHBoxLayout()
        below.addWidget(
            label(
                "A wrong number among your examples shows up here first: look at what is true before the model.",
                "faint",
            ),
            1,
        )
        self.open = button("Show in Data", self._go, icon_name="table", name="numbers-to-data")
        below.addWidget(self.open)
        column.addLayout(below)
        return page

    def _build_sizes(self) -> QWidget:
        self.sizes = _table(
            "numbers-sizes", "Errors by size of the true number",
            ["true number", "items", "off by on average", "too large or too small"],
        )  # fmt: skip
        self.sizes.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        return self.sizes


def _table(name: str, words: str, headings: list[str]) -> QTableWidget:
    found = QTableWidget(0, len(headings))
    found.setObjectName(name)
    read_only(found, words, grid=True)
    found.setHorizontalHeaderLabels(headings)
    return found
