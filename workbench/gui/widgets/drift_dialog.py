"""Has the data changed since a model was taught? A folder of now in, a plain answer out."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFileDialog, QProgressBar, QVBoxLayout, QWidget

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.engine.drift import DriftReport
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.theme import L, M
from workbench.gui.widgets.basic import Banner, DropZone, headed, label, local_paths
from workbench.gui.workers import Job
from workbench.tasks.registry import get_task


class DriftDialog(QDialog):
    """Compare items of now with what is kept with an own model."""

    def __init__(self, ctx: AppContext, card: ModelCard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Has my data changed?")
        self.setMinimumWidth(600)
        self._ctx, self._card = ctx, card
        self._job: Job | None = None
        self.report: DriftReport | None = None
        info = get_task(card.main_task).info
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        headed(
            column,
            f"Has your data changed since “{card.name}” was taught?",
            f"Give {info.nouns} as you have them now. They are compared with what is kept of those the model was taught"
            " with: by what the network sees in them, and by how certain it is. Another mix of classes is a change, too.",
        )
        also = " or a table" if info.media == "text" else ""
        self.drop = DropZone(f"Drop a folder of {info.nouns} here", f"or files{also}; or click to choose", "folder")
        self.drop.setObjectName("drift-drop")
        self.drop.setToolTip(
            "Two-sample tests: maximum mean discrepancy of the features, Kolmogorov-Smirnov of the certainty"
        )
        self.drop.dropped.connect(lambda mime: self.look(local_paths(mime)))
        self.drop.clicked.connect(self._choose)
        column.addWidget(self.drop)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("How far the comparison is")
        self.progress.hide()
        column.addWidget(self.progress)
        self.verdict = Banner(closable=False)
        self.verdict.setObjectName("drift-verdict")
        column.addWidget(self.verdict)
        self.details = label("", "soft", wrap=True, selectable=True)
        self.details.setObjectName("drift-details")
        self.details.hide()
        column.addWidget(self.details)
        column.addStretch(1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self.finished.connect(lambda _code: self._job.cancel() if self._job is not None else None)

    def ask_folder(self) -> str:
        """Asked of the person."""
        return QFileDialog.getExistingDirectory(self, "Choose a folder of now")

    def _choose(self) -> None:
        folder = self.ask_folder()
        if folder:
            self.look([folder])

    def look(self, paths: list[str]) -> None:
        """Compare these."""
        if not paths or self._job is not None:
            return
        card = self._card
        self.verdict.hide()
        self.details.hide()
        self.report = None
        self.drop.setEnabled(False)
        self.progress.setRange(0, 0)
        self.progress.show()

        def work(control: Control) -> DriftReport:
            from workbench.engine.drift import look_for_drift

            return look_for_drift(card, paths, control)

        job = self._ctx.jobs.start("Looking for changes", work)
        self._job = job
        job.progressed.connect(self._progressed)
        job.succeeded.connect(self._show)
        job.failed.connect(self._failed)
        job.ended.connect(self._ended)

    def _progressed(self, fraction: float, _text: str) -> None:
        self.progress.setRange(0, 0 if fraction < 0 else 1000)
        self.progress.setValue(round(fraction * 1000))

    def _show(self, report: DriftReport) -> None:
        self.report = report
        self.verdict.show_message(report.headline(), "warn" if report.drift.found else "good")
        self.details.setText("\n".join(report.lines()))
        self.details.show()

    def _failed(self, problem: Problem) -> None:
        self.verdict.show_error(problem)

    def _ended(self) -> None:
        self._job = None
        self.progress.hide()
        self.drop.setEnabled(True)
