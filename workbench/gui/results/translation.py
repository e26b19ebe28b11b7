"""Results of models that change texts: how much their texts have in common with the right ones, and what they wrote before
and after they were taught."""

from __future__ import annotations

import html
from typing import Any

from PySide6.QtWidgets import QTextBrowser, QVBoxLayout, QWidget

from workbench.data.types import Item
from workbench.gui.results.base import ResultView
from workbench.gui.theme import S, theme
from workbench.gui.widgets.overlap_row import OverlapRow
from workbench.trust.overlap_judgement import OverlapCase, OverlapJudgement

_SHOWN = 40


class View(ResultView):
    """See the module."""

    def tabs(self) -> list[tuple[QWidget, str]]:
        tables = super().tabs()
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(S, S, S, 0)
        self.scores = OverlapRow()
        self.page = QTextBrowser()
        self.page.setObjectName("changed-texts")
        self.page.setAccessibleName("What the model wrote, the texts least like the right ones first")
        column.addWidget(self.scores)
        column.addWidget(self.page, 1)
        self._cases: list[tuple[OverlapCase, float]] = []
        theme().changed.connect(self._paint)
        return [(holder, "Text by text"), *((widget, "How it was counted") for widget, _title in tables)]

    def look_up(self, judgement: Any) -> list[int]:
        # Counted here, in a job: `show` must not wait for it.
        judgement.per_item()
        return []

    def show(self, judgement: OverlapJudgement, items: list[Item]) -> None:
        super().show(judgement, items)
        each = judgement.per_item()
        self.scores.show_scores(judgement.scores, judgement.before)
        self._cases = [(case, each[case.item_id]) for case in judgement.worst()[:_SHOWN]]
        self._paint()

    def _paint(self) -> None:
        soft = theme().colour("text_soft").name()
        parts = [_case(case, share, soft) for case, share in self._cases]
        self.page.setHtml("<hr>".join(parts) if parts else "<p>No text was written out.</p>")


def _case(case: OverlapCase, share: float, soft: str) -> str:
    """One text as HTML, every letter escaped."""

    def lines(words: str) -> str:
        return html.escape(words[:2000]).replace("\n", "<br>") or "<i>nothing</i>"

    rows = [("Given", case.given), ("Right", case.wanted)]
    if case.before is not None:
        rows.append(("Before", case.before))
    rows.append(("Now", case.written))
    cells = "".join(
        f"<tr><td style='color:{soft}; padding-right: 14px'>{name}</td><td>{lines(words)}</td></tr>"
        for name, words in rows
    )
    return f"<table>{cells}</table><p style='color:{soft}'>{100 * share:.1f} of 100 in common</p>"
