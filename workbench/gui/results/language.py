"""Results of language models: what they wrote before and after they were taught, and text by text how well they foresaw it."""

from __future__ import annotations

import html
import math
from typing import Any

from PySide6.QtWidgets import QTextBrowser, QWidget

from workbench.data.types import Item
from workbench.gui.results.base import ResultView
from workbench.gui.theme import theme
from workbench.trust.judge_language import LanguageCase, LanguageJudgement

_SHOWN = 20


class View(ResultView):
    """See the module."""

    def tabs(self) -> list[tuple[QWidget, str]]:
        tables = super().tabs()
        self.page = QTextBrowser()
        self.page.setObjectName("language-samples")
        self.page.setAccessibleName("What the model wrote before and after it was taught")
        self._cases: list[LanguageCase] = []
        theme().changed.connect(self._paint)
        return [(self.page, "Before and after"), *((widget, "Text by text") for widget, _title in tables)]

    def look_up(self, judgement: Any) -> list[int]:
        return []

    def show(self, judgement: LanguageJudgement, items: list[Item]) -> None:
        super().show(judgement, items)
        self._cases = [c for c in judgement.cases if c.written or c.before][:_SHOWN]
        self._paint()

    def _paint(self) -> None:
        soft = theme().colour("text_soft").name()
        parts = [_case(case, soft) for case in self._cases]
        self.page.setHtml("<hr>".join(parts) if parts else "<p>Nothing was written out for these texts.</p>")


def _case(case: LanguageCase, soft: str) -> str:
    """One text as HTML, every letter escaped."""

    def lines(words: str) -> str:
        return html.escape(words).replace("\n", "<br>") or "<i>nothing</i>"

    given = case.given or " ".join(case.wanted.split()[:6])
    rows = [("Given", given)]
    if case.given:
        rows.append(("Your answer", case.wanted))
    rows += [("Before", case.before), ("Now", case.written)]
    numbers = f"perplexity {math.exp(case.surprise):,.1f}"
    if case.surprise_before >= 0:
        numbers += f", before {math.exp(case.surprise_before):,.1f}"
    cells = "".join(
        f"<tr><td style='color:{soft}; padding-right: 14px'>{name}</td><td>{lines(words)}</td></tr>"
        for name, words in rows
    )
    return f"<table>{cells}</table><p style='color:{soft}'>{numbers}</p>"
