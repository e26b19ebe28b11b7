"""Results of models that write down what is said: the recordings with what was changed, left out and made up, and the words
that were taken for others."""

from __future__ import annotations

import html
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QListWidget,
    QListWidgetItem,
    QTableWidget,
    QTableWidgetItem,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from workbench.data.types import Item
from workbench.gui.context import AppContext
from workbench.gui.results.base import ResultView
from workbench.gui.theme import M, S, theme
from workbench.gui.widgets.basic import button, label
from workbench.gui.widgets.item_player import ItemPlayer
from workbench.trust.judge_words import WordsCase, WordsJudgement

_ID = Qt.ItemDataRole.UserRole
_SHOWN = 200


class View(ResultView):
    """See the module."""

    def __init__(self, ctx: AppContext) -> None:
        super().__init__(ctx)
        self._cases: list[WordsCase] = []
        self._items: dict[int, Item] = {}

    def tabs(self) -> list[tuple[QWidget, str]]:
        tables = super().tabs()
        assert self.plain is not None
        self.plain.setAccessibleName("Errors in numbers")
        page = QWidget()
        line = QHBoxLayout(page)
        line.setContentsMargins(0, M, 0, 0)
        line.setSpacing(M)
        self.list = QListWidget()
        self.list.setObjectName("words-mistakes")
        self.list.setAccessibleName("Items with mistakes, the worst first")
        self.list.currentRowChanged.connect(self._show_case)
        line.addWidget(self.list, 2)
        side = QVBoxLayout()
        side.setSpacing(S)
        self.player = ItemPlayer(self.ctx)
        self.player.strip.setMaximumHeight(84)
        self.player.failed.connect(lambda error: self.said.emit(f"{error.message} {error.hint}".strip()))
        side.addWidget(self.player)
        self.text = QTextBrowser()
        self.text.setObjectName("words-alignment")
        self.text.setAccessibleName("The right words and those that were written")
        side.addWidget(self.text, 1)
        below = QHBoxLayout()
        self.legend = label("", "faint", wrap=True)
        below.addWidget(self.legend, 1)
        self.open = button("Correct the words", self._go, icon_name="pencil", name="words-to-data")
        below.addWidget(self.open)
        side.addLayout(below)
        line.addLayout(side, 3)
        self.confused = QTableWidget(0, 3)
        self.confused.setObjectName("words-confused")
        self.confused.setAccessibleName("Words that were taken for others")
        self.confused.setHorizontalHeaderLabels(["it is", "was written", "times"])
        self.confused.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.confused.verticalHeader().hide()
        self.confused.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        theme().changed.connect(self._again)
        return [(page, "Mistakes"), (self.confused, "Taken for others"), (tables[0][0], "In numbers")]

    def titles(self, judgement: WordsJudgement) -> list[str]:
        return [f"Mistakes ({len(judgement.mistakes)})", "Taken for others", "In numbers"]

    def look_up(self, judgement: Any) -> list[int]:
        return [c.item_id for c in judgement.mistakes[:_SHOWN]]

    def show(self, judgement: WordsJudgement, items: list[Item]) -> None:
        super().show(judgement, items)
        self._items = {i.id: i for i in items}
        self._cases = list(judgement.mistakes[:_SHOWN])
        self.list.clear()
        for case in self._cases:
            words = case.words
            many = "1 word" if words.units == 1 else f"{words.units} words"
            entry = QListWidgetItem(f"{case.name}\n{words.errors} wrong in {many}")
            entry.setData(_ID, case.item_id)
            self.list.addItem(entry)
        self.confused.setRowCount(len(judgement.confused))
        for place, (right, written, times) in enumerate(judgement.confused):
            for column, cell in enumerate((right, written, str(times))):
                self.confused.setItem(place, column, QTableWidgetItem(cell))
        self.open.setEnabled(bool(self._cases))
        if self._cases:
            self.list.setCurrentRow(0)
        else:
            self.player.setVisible(False)
            self.legend.setText("")
            self.text.setHtml("<p>No mistakes in these.</p>")

    def _again(self) -> None:
        self._show_case(self.list.currentRow())

    def _show_case(self, place: int) -> None:
        if not 0 <= place < len(self._cases):
            return
        case = self._cases[place]
        item = self._items.get(case.item_id)
        heard = item is not None and item.kind == "sound"
        self.player.setVisible(heard)
        if item is not None and heard and self.player.sample != item.sample():
            self.player.open(item.sample())
        self.text.setHtml(aligned(case))
        self.legend.setText(
            "Red: written instead, the right word struck out before it. Yellow: left out. Green: made up."
        )

    def _go(self) -> None:
        place = self.list.currentRow()
        if 0 <= place < len(self._cases):
            self.ctx.go("data", item_ids=[self._cases[place].item_id], title="A mistake")


def aligned(case: WordsCase) -> str:
    """The right words with the written ones between them as HTML, every letter escaped."""
    parts = []
    for kind, right, given in case.comparison.words.pieces():
        if kind == "same":
            parts += [html.escape(word) for word in right]
        elif kind == "missing":
            parts += [_piece(word, "warn", struck=True) for word in right]
        elif kind == "extra":
            parts += [_piece(word, "accent") for word in given]
        else:
            parts += [
                f"<s style='color:{theme().colour('text_faint').name()}'>{html.escape(a)}</s> {_piece(b, 'bad')}"
                for a, b in zip(right, given, strict=True)
            ]
    soft = theme().colour("text_soft").name()
    return (
        f"<p style='font-size:118%; line-height:165%'>{' '.join(parts)}</p>"
        f"<p style='color:{soft}'>Right: {html.escape(case.truth) or '(nothing is said)'}<br>"
        f"Written: {html.escape(case.said) or '(nothing)'}</p>"
    )


def _piece(word: str, colour: str, struck: bool = False) -> str:
    ground = QColor(theme().colour(colour))
    style = f"background-color: rgba({ground.red()},{ground.green()},{ground.blue()},0.34)"
    inside = f"<s>{html.escape(word)}</s>" if struck else html.escape(word)
    return f"<span style='{style}'>&nbsp;{inside}&nbsp;</span>"
