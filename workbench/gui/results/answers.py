"""Results of models that answer questions: each question with what is right and what was said, both in colour in the text."""

from __future__ import annotations

import html
from itertools import pairwise
from typing import Any

from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from workbench.data.types import Item
from workbench.gui.context import AppContext
from workbench.gui.results.base import ResultView
from workbench.gui.theme import M, S, theme
from workbench.gui.widgets.basic import button, label
from workbench.trust.judge_answers import OUTCOMES, RIGHT, AnswerCase, AnswersJudgement

_SHOWN = 500
_MISTAKES, _ALL = "mistakes", "all"
_COLOURS = {"right": "good", "partly": "warn", "wrong": "bad", "missed": "warn", "made up": "bad"}
_ANCHOR = "answer"


class View(ResultView):
    """See the module."""

    def __init__(self, ctx: AppContext) -> None:
        super().__init__(ctx)
        self._judgement: AnswersJudgement | None = None
        self._cases: list[AnswerCase] = []

    def tabs(self) -> list[tuple[QWidget, str]]:
        tables = super().tabs()
        assert self.plain is not None
        self.plain.setAccessibleName("Results in numbers")
        page = QWidget()
        line = QHBoxLayout(page)
        line.setContentsMargins(0, M, 0, 0)
        line.setSpacing(M)
        left = QVBoxLayout()
        left.setSpacing(S)
        self.which = QComboBox()
        self.which.setObjectName("answers-which")
        self.which.setAccessibleName("Which questions are listed")
        self.which.currentIndexChanged.connect(lambda _at: self._fill())
        left.addWidget(self.which)
        self.list = QListWidget()
        self.list.setObjectName("answers-list")
        self.list.setAccessibleName("Questions, those that came out worst first")
        self.list.setWordWrap(True)
        self.list.currentRowChanged.connect(self._show_case)
        left.addWidget(self.list, 1)
        line.addLayout(left, 2)
        side = QVBoxLayout()
        side.setSpacing(S)
        self.text = QTextBrowser()
        self.text.setObjectName("answers-case")
        self.text.setAccessibleName("The question and its text, with the right answer and the one that was given")
        side.addWidget(self.text, 1)
        below = QHBoxLayout()
        below.addWidget(
            label("Green: right. Red: what was said. Yellow: where both agree only in part.", "faint", wrap=True), 1
        )
        self.open = button("Show in Data", self._go, name="answers-to-data")
        below.addWidget(self.open)
        side.addLayout(below)
        line.addLayout(side, 3)
        theme().changed.connect(self._again)
        return [(page, "Questions"), (tables[0][0], "In numbers")]

    def titles(self, judgement: AnswersJudgement) -> list[str]:
        return [f"Questions ({len(judgement.cases)})", "In numbers"]

    def look_up(self, judgement: Any) -> list[int]:
        return []

    def show(self, judgement: AnswersJudgement, items: list[Item]) -> None:
        super().show(judgement, items)
        self._judgement = judgement
        counts = judgement.outcomes()
        self.which.blockSignals(True)
        self.which.clear()
        self.which.addItem(f"Not right ({len(judgement.mistakes)})", _MISTAKES)
        for outcome, words in OUTCOMES.items():
            self.which.addItem(f"{_capital(words)} ({counts[outcome]})", outcome)
        self.which.addItem(f"All ({len(judgement.cases)})", _ALL)
        self.which.setCurrentIndex(0 if judgement.mistakes else self.which.count() - 1)
        self.which.blockSignals(False)
        self._fill()

    def _fill(self) -> None:
        if self._judgement is None:
            return
        wanted = self.which.currentData()
        worst_first = [*self._judgement.mistakes, *(c for c in self._judgement.cases if c.outcome == RIGHT)]
        kept = [
            c for c in worst_first
            if wanted == _ALL or c.outcome == wanted or (wanted == _MISTAKES and c.outcome != RIGHT)
        ]  # fmt: skip
        self._cases = kept[:_SHOWN]
        self.list.clear()
        for case in self._cases:
            said = f": “{case.words(case.found)[:80]}”" if case.found else ""
            entry = QListWidgetItem(f"{case.question}\n{_capital(OUTCOMES[case.outcome])}{said}")
            entry.setForeground(theme().colour("text"))
            self.list.addItem(entry)
        self.open.setEnabled(bool(self._cases))
        if self._cases:
            self.list.setCurrentRow(0)
        else:
            self.text.setHtml("<p>There are none of these.</p>")

    def _again(self) -> None:
        self._fill()

    def _show_case(self, place: int) -> None:
        if 0 <= place < len(self._cases):
            self.text.setHtml(painted(self._cases[place]))
            self.text.scrollToAnchor(_ANCHOR)

    def _go(self) -> None:
        place = self.list.currentRow()
        if 0 <= place < len(self._cases):
            self.ctx.go("data", item_ids=[self._cases[place].item_id], title="A question")


def _capital(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"


def painted(case: AnswerCase) -> str:
    """The question, what is right and what was said, and the text with both on their colours; every letter escaped."""
    soft = theme().colour("text_soft").name()
    right = " / ".join(dict.fromkeys(case.words(place) for place in case.truths)) or "(not answered in this text)"
    said = html.escape(case.words(case.found)) if case.found else "(nothing)"
    if case.found:
        said += f" <span style='color:{soft}'>({case.sure:.0%} sure)</span>"
    colour = theme().colour(_COLOURS[case.outcome]).name()
    outcome = f"<b style='color:{colour}'>{html.escape(_capital(OUTCOMES[case.outcome]))}.</b>"
    head = (
        f"<p dir='auto' style='font-size:125%'><b>{html.escape(case.question)}</b></p>"
        f"<p>{outcome} <span style='color:{soft}'>Words that agree (F1): {case.f1:.0%}</span></p>"
        f"<p>Right: {html.escape(right)}<br>Said: {said}</p>"
    )
    return f"{head}<hr>{_passage(case)}"


def _passage(case: AnswerCase) -> str:
    places = [*((*place, "right") for place in case.truths), *((*case.found, "said") for _ in (1,) if case.found)]
    edges = sorted({0, len(case.text), *(p[0] for p in places), *(p[1] for p in places)})
    first = min((p[0] for p in places), default=-1)
    parts = []
    for start, end in pairwise(edges):
        words = html.escape(case.text[start:end]).replace("\n", "<br>")
        over = {p[2] for p in places if p[0] <= start and end <= p[1]}
        if over:
            agree = case.outcome != RIGHT and len(over) == 2
            colour = "warn" if agree else "good" if "right" in over else "bad"
            ground = QColor(theme().colour(colour))
            anchor = f"<a name='{_ANCHOR}'></a>" if start == first else ""
            rgba = f"rgba({ground.red()},{ground.green()},{ground.blue()},0.34)"
            words = f"{anchor}<span style='background-color: {rgba}'>{words}</span>"
        parts.append(words)
    return f"<div dir='auto' style='font-size: 115%; line-height: 150%'>{''.join(parts)}</div>"
