"""What goes into a report, and where it is put."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from workbench.control import Control
from workbench.data.exporters.marked import safe_name
from workbench.data.project import Project
from workbench.data.types import RunRecord, Split
from workbench.engine.explain.kinds import explainable
from workbench.engine.report.choices import Choices
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import Banner, button, headed, label, row
from workbench.gui.workers import Job
from workbench.tasks.registry import get_task
from workbench.trust.card.given import DataTerms


class ReportDialog(QDialog):
    """Asks; `start` makes the report in a job once it was accepted."""

    def __init__(self, ctx: AppContext, project: Project, run: RunRecord, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Make a report")
        self.setMinimumWidth(580)
        self._ctx, self._project, self._run = ctx, project, run
        task = get_task(project.task_id)
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        headed(
            column,
            f"A report on “{run.name}”",
            "What the model does and how well, on which data, where it fails, its limits, its licences, and what is needed"
            " to make it again: for people who shall rely on it, and for experts.",
        )
        self.banner = Banner(closable=False)
        column.addWidget(self.banner)
        self.html = self._box("Web page", "One file (HTML) that opens in every browser; light and dark", "report-html")
        self.pdf = self._box("PDF", "To print and to keep, with bookmarks", "report-pdf")
        column.addLayout(row(self.html, self.pdf, 1, spacing=L))
        self.examples = self._box(
            f"Show examples: your own {task.info.nouns} that it got wrong",
            "Leave this out when the report is passed on and the items are nobody else's business",
            "report-examples",
        )
        self.explanations = self._box(
            "Explain a few answers (takes a while)",
            "Grad-CAM, integrated gradients or D-RISE on right and wrong answers, each with its sanity check",
            "report-explanations",
        )
        self.explanations.setChecked(False)
        self.explanations.setVisible(explainable(task))
        # What explains an answer shows the item.
        self.examples.toggled.connect(self.explanations.setEnabled)
        column.addWidget(self.examples)
        column.addWidget(self.explanations)
        column.addLayout(self._build_terms())
        self.folder = QLineEdit(str(self._usual_folder()))
        self.folder.setObjectName("report-folder")
        self.folder.setAccessibleName("Folder for the report")
        column.addWidget(label("Save it in", "soft"))
        column.addLayout(row(self.folder, button("Change …", self._change, name="report-change"), spacing=S))
        column.addStretch(1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.go = button("Make report", self.accept, role="primary", icon_name="file-text", name="report-go")
        buttons.addButton(self.go, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        for box in (self.html, self.pdf):
            box.toggled.connect(lambda _on: self._check())
        self.folder.textChanged.connect(lambda _text: self._check())

    def _box(self, title: str, tip: str, name: str) -> QCheckBox:
        box = QCheckBox(title)
        box.setToolTip(tip)
        box.setObjectName(name)
        box.setAccessibleName(title)
        box.setChecked(True)
        return box

    def _build_terms(self) -> QFormLayout:
        kept = DataTerms.of(self._project)
        form = QFormLayout()
        form.setSpacing(S)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.origin = QPlainTextEdit(kept.origin)
        self.origin.setObjectName("report-origin")
        self.origin.setAccessibleName("Where your data comes from")
        self.origin.setPlaceholderText("Taken by ourselves in 2025, with consent …")
        self.origin.setTabChangesFocus(True)
        self.origin.setFixedHeight(64)
        self.terms = QLineEdit(kept.terms)
        self.terms.setObjectName("report-terms")
        self.terms.setAccessibleName("Terms of use of your data")
        self.terms.setPlaceholderText("CC BY 4.0, for our company only …")
        self.terms.setMaxLength(400)
        self.terms.setToolTip("The licence of the data: it counts for what may be done with the model")
        form.addRow("Where your data\ncomes from", self.origin)
        form.addRow("Its terms of use", self.terms)
        for field in (self.origin, self.terms):
            field.setEnabled(not self._project.read_only)
        return form

    def _usual_folder(self) -> Path:
        folder = self._project.folder
        return (folder if os.access(folder, os.W_OK) else self._ctx.paths.projects) / "reports"

    def ask_folder(self) -> str:
        """Asked of the person."""
        return QFileDialog.getExistingDirectory(self, "Choose where to put the report")

    def _change(self) -> None:
        folder = self.ask_folder()
        if folder:
            self.folder.setText(folder)

    def _check(self) -> None:
        self.go.setEnabled((self.html.isChecked() or self.pdf.isChecked()) and bool(self.folder.text().strip()))

    def accept(self) -> None:
        """Keep what was said of the data; stay when that cannot be kept."""
        terms = DataTerms(self.origin.toPlainText().strip(), self.terms.text().strip())
        if not self._project.read_only and terms != DataTerms.of(self._project):
            try:
                terms.keep(self._project)
            except UserError as error:
                self.banner.show_error(error)
                return
        super().accept()

    def start(self, split: Split) -> Job:
        """Make the report; the job gives the files written."""
        project, run_id, catalog, paths = self._project, self._run.id, self._ctx.catalog, self._ctx.paths
        folder, name = Path(self.folder.text().strip()).expanduser(), safe_name(f"{self._run.name} report")
        html = folder / f"{name}.html" if self.html.isChecked() else None
        pdf = folder / f"{name}.pdf" if self.pdf.isChecked() else None
        explained = self.explanations.isChecked() and not self.explanations.isHidden() and self.explanations.isEnabled()
        choices = Choices(self.examples.isChecked(), explained)

        def work(control: Control) -> list[Path]:
            from workbench.engine.report.make import make_report

            return make_report(project, run_id, catalog, html, pdf, choices, control, split, paths)

        return self._ctx.jobs.start("Writing the report", work)
