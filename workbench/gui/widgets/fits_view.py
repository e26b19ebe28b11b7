"""Whether the chosen model fits the person's examples, measured before anything is learnt."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.project import Project
from workbench.engine.fits import Remark
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.theme import S
from workbench.gui.widgets.basic import ICON_COLOURS, ICON_NAMES, IconLabel, button, clear_layout, label
from workbench.gui.workers import Job


class FitsView(QWidget):
    """A button, and under it a line for each thing that was measured."""

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._project: Project | None = None
        self._card: ModelCard | None = None
        self._job: Job | None = None
        self.remarks: list[Remark] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.ask = button(
            "Does it fit my examples?", self._look, icon_name="gauge", name="fits-ask",
            tip="Measures it: picture sizes, language, tokens, and a cross-validated linear head on the model's features",
        )  # fmt: skip
        column.addWidget(self.ask, 0, Qt.AlignmentFlag.AlignLeft)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("How far the measurement is")
        self.progress.hide()
        column.addWidget(self.progress)
        self._lines = QVBoxLayout()
        self._lines.setSpacing(S)
        column.addLayout(self._lines)

    def show_model(self, project: Project | None, card: ModelCard | None) -> None:
        """What would be measured; what was measured of another model goes."""
        here = project is not None and card is not None and self._ctx.is_here(card)
        same = project is self._project and (card.id if card else "") == (self._card.id if self._card else "")
        self._project, self._card = project, card
        self.setVisible(here)
        if not same:
            if self._job is not None:
                self._job.cancel()
            self._show([])

    def _look(self) -> None:
        project, card = self._project, self._card
        if project is None or card is None or self._job is not None:
            return
        self._show([])
        self.ask.setEnabled(False)
        self.progress.setRange(0, 0)
        self.progress.show()

        def work(control: Control) -> list[Remark]:
            from workbench.engine.fits import how_it_fits

            return how_it_fits(project, card, control)

        def came(remarks: list[Remark]) -> None:
            if self._card is card and self._project is project:
                self._show(remarks)

        job = self._ctx.jobs.start("Looking whether the model fits", work)
        self._job = job
        job.progressed.connect(self._progressed)
        job.succeeded.connect(came)
        job.failed.connect(self._failed)
        job.ended.connect(self._ended)

    def _progressed(self, fraction: float, _text: str) -> None:
        self.progress.setRange(0, 0 if fraction < 0 else 1000)
        self.progress.setValue(round(fraction * 1000))

    def _failed(self, problem: Problem) -> None:
        self._show([Remark("info", "problem", f"{problem.message} {problem.hint}".strip())])

    def _ended(self) -> None:
        self._job = None
        self.ask.setEnabled(True)
        self.progress.hide()

    def _show(self, remarks: list[Remark]) -> None:
        self.remarks = remarks
        clear_layout(self._lines)
        for remark in remarks:
            line = QWidget()
            line.setAccessibleName(remark.text)
            inside = QHBoxLayout(line)
            inside.setContentsMargins(0, 0, 0, 0)
            inside.setSpacing(S)
            inside.addWidget(
                IconLabel(ICON_NAMES[remark.kind], 18, ICON_COLOURS[remark.kind]), 0, Qt.AlignmentFlag.AlignTop
            )
            inside.addWidget(label(remark.text, "" if remark.kind == "warn" else "soft", wrap=True, selectable=True), 1)
            self._lines.addWidget(line)
