"""Results of models that mark pieces of texts: class by class, and the texts with what was found, missed and made up."""

from __future__ import annotations

import html
from itertools import pairwise
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QTextBrowser, QVBoxLayout, QWidget

from workbench.data.types import Item
from workbench.gui.context import AppContext
from workbench.gui.results.base import ResultView
from workbench.gui.theme import M, S, theme
from workbench.gui.widgets.basic import button, label
from workbench.trust.judge_spans import SpanCase, SpanJudgement

_ID = Qt.ItemDataRole.UserRole
_SHOWN = 200


class View(ResultView):
    """See the module."""

    def __init__(self, ctx: AppContext) -> None:
        super().__init__(ctx)
        self._cases: list[SpanCase] = []

    def tabs(self) -> list[tuple[QWidget, str]]:
        tables = super().tabs()
        page = QWidget()
        line = QHBoxLayout(page)
        line.setContentsMargins(0, M, 0, 0)
        line.setSpacing(M)
        self.list = QListWidget()
        self.list.setObjectName("span-mistakes")
        self.list.setAccessibleName("Texts with mistakes, the worst first")
        self.list.currentRowChanged.connect(self._show_case)
        line.addWidget(self.list, 1)
        side = QVBoxLayout()
        side.setSpacing(S)
        self.text = QTextBrowser()
        self.text.setAccessibleName("The text with what was found and what was missed")
        side.addWidget(self.text, 1)
        row = QHBoxLayout()
        row.addWidget(label("Green: found. Yellow: missed. Red: marked, but not so.", "faint"), 1)
        self.open = button("Show in Data", self._go, name="span-to-data")
        row.addWidget(self.open)
        side.addLayout(row)
        line.addLayout(side, 2)
        theme().changed.connect(self._again)
        return [(page, "Mistakes"), *tables]

    def titles(self, judgement: SpanJudgement) -> list[str]:
        return [f"Mistakes ({len(judgement.mistakes)} texts)"]

    def look_up(self, judgement: Any) -> list[int]:
        return []

    def show(self, judgement: SpanJudgement, items: list[Item]) -> None:
        super().show(judgement, items)
        self._cases = list(judgement.mistakes[:_SHOWN])
        self.list.clear()
        for case in self._cases:
            right, wrong, missed = case.counts
            entry = QListWidgetItem(f"{case.name}\n{right} found, {missed} missed, {wrong} wrong")
            entry.setData(_ID, case.item_id)
            self.list.addItem(entry)
        if self._cases:
            self.list.setCurrentRow(0)
        else:
            self.text.setHtml("<p>No mistakes in these texts.</p>")
        self.open.setEnabled(bool(self._cases))

    def _again(self) -> None:
        self._show_case(self.list.currentRow())

    def _show_case(self, row: int) -> None:
        if 0 <= row < len(self._cases):
            self.text.setHtml(painted(self._cases[row]))

    def _go(self) -> None:
        row = self.list.currentRow()
        if 0 <= row < len(self._cases):
            self.ctx.go("data", item_ids=[self._cases[row].item_id], title="A mistake")


def painted(case: SpanCase) -> str:
    """The text as HTML, every letter escaped, its pieces on their colours with their class behind them."""
    colours = {"found": theme().colour("good"), "missed": theme().colour("warn"), "wrong": theme().colour("bad")}
    pieces = [
        *((s, e, name, "found") for s, e, name in case.truth & case.found),
        *((s, e, name, "missed") for s, e, name in case.truth - case.found),
        *((s, e, name, "wrong") for s, e, name in case.found - case.truth),
    ]
    edges = sorted({0, len(case.text), *(p[0] for p in pieces), *(p[1] for p in pieces)})
    parts = []
    for start, end in pairwise(edges):
        words = html.escape(case.text[start:end]).replace("\n", "<br>")
        over = [p for p in pieces if p[0] <= start and end <= p[1]]
        if over:
            # Where one is wrong and another missed on the same words, the wrong one is shown and the other named.
            kind = next(k for k in ("wrong", "missed", "found") if any(p[3] == k for p in over))
            ground = colours[kind]
            words = f"<span style='background-color: rgba({ground.red()},{ground.green()},{ground.blue()},0.32)'>{words}</span>"
        ending = [p for p in pieces if p[1] == end and start >= p[0]]
        names = ", ".join(
            f"{html.escape(p[2])}{'' if p[3] == 'found' else f' ({p[3]})'}" for p in sorted(ending, key=lambda p: p[3])
        )
        parts.append(
            f"{words}<small style='color:{theme().colour('text_soft').name()}'> [{names}] </small>" if names else words
        )
    return f"<div style='font-size: 115%; line-height: 150%'>{''.join(parts)}</div>"
