"""How the chosen model's tokenizer takes the person's texts, before anything is learnt: lengths, what is cut, what is unknown."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.project import Project
from workbench.engine.token_check import TokenCheck
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.theme import S, theme
from workbench.gui.widgets.basic import Card, IconLabel, label, row
from workbench.gui.workers import Job

_HEIGHT = 132


class TokenView(Card):
    """Hidden for projects that are not of texts, and until something was found."""

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(spacing=S)
        self.setObjectName("token-view")
        if parent is not None:
            self.setParent(parent)
        self._ctx = ctx
        self._job: Job | None = None
        self._key: tuple[str, str, int] | None = None
        self.found: TokenCheck | None = None
        self.mark = IconLabel("circle-check", 18, "good")
        self.heading = label("How this model reads your texts", "heading")
        self.heading.setToolTip("Tokenisation: texts are cut into pieces of words (tokens) before a model sees them")
        self.body.addLayout(row(self.mark, self.heading, 1))
        self._place = QVBoxLayout()
        self.body.addLayout(self._place)
        self._plot: Any = None
        self.words = label("", "soft", wrap=True, selectable=True)
        self.words.setObjectName("token-words")
        self.advice = label("", "strong", wrap=True)
        self.advice.setObjectName("token-advice")
        self.body.addWidget(self.words)
        self.body.addWidget(self.advice)
        theme().changed.connect(self._draw)
        self.hide()

    def look(self, project: Project | None, card: ModelCard | None) -> None:
        """Look at a project's texts with a model's tokenizer, in a job; the newest question counts."""
        from workbench.tasks.registry import get_task

        if (
            project is None
            or card is None
            or get_task(project.task_id).info.media != "text"
            or not self._ctx.is_here(card)
        ):
            self._key = None
            self._stop()
            self.hide()
            return
        key = (str(project.folder), card.id, project.counts().total)
        if key == self._key:
            return
        self._key = key
        self._stop()
        self.hide()

        def work(control: Control) -> TokenCheck:
            from workbench.engine.token_check import check_project

            return check_project(project, card, control)

        job = self._ctx.jobs.start("Looking at how the model reads your texts", work)
        job.succeeded.connect(lambda found: self._came(key, found))
        job.failed.connect(lambda problem: self._failed(key, problem))
        self._job = job

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _failed(self, key: tuple[str, str, int], problem: Problem) -> None:
        if key != self._key:
            return
        self._key = None  # asked again when the page is shown again
        self.found = None
        self.mark.set_icon("info", "text_soft")
        self.words.setText(f"{problem.message} {problem.hint}".strip())
        self.advice.hide()
        self._draw()
        self.show()

    def _came(self, key: tuple[str, str, int], found: TokenCheck) -> None:
        if key != self._key or not found.texts:
            return
        self.found = found
        self.mark.set_icon(*(("triangle-alert", "warn") if found.worry else ("circle-check", "good")))
        self.words.setText("\n".join(found.lines()))
        advice = found.advice()
        self.advice.setText(f"What to do: {advice}" if advice else "")
        self.advice.setVisible(bool(advice))
        self._draw()
        self.show()

    def _draw(self) -> None:
        """The lengths as bars, and a line where the model's sight ends."""
        if self.found is None:
            if self._plot is not None:
                self._plot.hide()
            return
        import pyqtgraph

        if self._plot is None:
            plot = pyqtgraph.PlotWidget(enableMenu=False)
            plot.setFixedHeight(_HEIGHT)
            plot.setMouseEnabled(False, False)
            plot.hideButtons()
            plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            plot.setAccessibleName("How long your texts are")
            self._place.addWidget(plot)
            self._plot = plot
        plot = self._plot
        edges, counts = self.found.histogram()
        soft, line = theme().colour("text_soft"), theme().colour("line")
        plot.clear()
        plot.setBackground(theme().colour("surface"))
        for side in ("left", "bottom"):
            axis = plot.getAxis(side)
            axis.setPen(line)
            axis.setTextPen(soft)
        plot.setLabel("bottom", "length in tokens", color=soft.name())
        plot.setLabel("left", "texts", color=soft.name())
        width = edges[1] - edges[0]
        limit = self.found.limit
        beyond = theme().colour("warn" if not self.found.in_parts else "accent")
        colours = [beyond if limit and edge >= limit else theme().colour("accent") for edge in edges[:-1]]
        bars = pyqtgraph.BarGraphItem(
            x0=edges[:-1], x1=[e - width * 0.12 for e in edges[1:]], y0=0, height=counts,
            brushes=colours, pen=QColor(0, 0, 0, 0),
        )  # fmt: skip
        plot.addItem(bars)
        if limit and limit <= edges[-1]:
            pen = pyqtgraph.mkPen(theme().colour("text"), width=1.5, style=Qt.PenStyle.DashLine)
            words = f"{limit:,}: sees no more at once"
            mark = pyqtgraph.InfiniteLine(
                limit, 90, pen, label=words,
                labelOpts={"position": 0.9, "color": theme().colour("text"), "anchors": [(1.02, 0.5), (1.02, 0.5)]},
            )  # fmt: skip
            plot.addItem(mark)
        plot.setXRange(0, edges[-1], padding=0.01)
        plot.setYRange(0, max([*counts, 1]) * 1.1, padding=0)
        plot.setToolTip(f"{self.found.texts:,} texts; the last bar holds all that are longer still")
        plot.show()
