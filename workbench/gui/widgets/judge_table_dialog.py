"""How good a model writes: a table of texts and their right answers in, how much the model's own have in common with them out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHeaderView,
    QProgressBar,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.importers import ColumnChoice, ImportPlan
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import Banner, DropZone, button, headed, label, local_paths, row
from workbench.gui.widgets.overlap_row import OverlapRow
from workbench.gui.workers import Job
from workbench.tasks.base import Task, TryOptions
from workbench.trust.overlap_judgement import OverlapJudgement

_SHOWN = 200
_TABLES = "Tables (*.csv *.tsv *.jsonl *.json *.xlsx);;All files (*)"


class JudgeTableDialog(QDialog):
    """Judge a model that writes.

    Args:
        card, task, options: what is judged, as it is set on the Try page.
    """

    def __init__(
        self, ctx: AppContext, card: ModelCard, task: Task, options: TryOptions, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Judge by right texts")
        self.resize(900, 700)
        self._ctx, self._card, self._task, self._options = ctx, card, task, options
        self._plan: ImportPlan | None = None
        self._job: Job | None = None
        self.judgement: OverlapJudgement | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        headed(
            column,
            f"How good is “{card.name}”?",
            "Give a table with a text and its right answer in each row. The model answers each text, and you see how much"
            " its answers have in common with the right ones.",
        )
        self.banner = Banner()
        column.addWidget(self.banner)
        self.drop = DropZone("Drop a table here", "CSV, TSV, JSON or Excel; or click to choose one", "table")
        self.drop.setObjectName("judge-drop")
        self.drop.dropped.connect(lambda mime: self.open_table(Path(next(iter(local_paths(mime)), ""))))
        self.drop.clicked.connect(self._choose)
        column.addWidget(self.drop)
        column.addWidget(self._build_columns())
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.hide()
        column.addWidget(self.progress)
        self.scores = OverlapRow()
        column.addWidget(self.scores)
        self.sentence = label("", wrap=True, selectable=True)
        self.sentence.setObjectName("judge-sentence")
        self.sentence.hide()
        column.addWidget(self.sentence)
        self.table = QTableWidget(0, 4)
        self.table.setObjectName("judge-table")
        self.table.setAccessibleName("Texts, those least like the right ones first")
        self.table.setHorizontalHeaderLabels(["in common", "text", "right", "the model's"])
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setWordWrap(True)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for place in (1, 2, 3):
            header.setSectionResizeMode(place, QHeaderView.ResizeMode.Stretch)
        self.table.hide()
        column.addWidget(self.table, 1)
        column.addStretch(0)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.save = button("Save as table …", self._save, icon_name="download", name="judge-save")
        self.save.setEnabled(False)
        buttons.addButton(self.save, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self.finished.connect(lambda _code: self._stop())

    def _build_columns(self) -> QWidget:
        self.columns = QWidget()
        form = QFormLayout(self.columns)
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(S)
        self.found = label("", "strong", wrap=True)
        form.addRow(self.found)
        self.content, self.words = QComboBox(), QComboBox()
        for box, name, words, tip in (
            (self.content, "judge-content", "The text is in", "The column the model is given (source)"),
            (self.words, "judge-words", "The right answer is in", "The column it is compared with (reference)"),
        ):
            box.setObjectName(name)
            box.setAccessibleName(words)
            box.setToolTip(tip)
            form.addRow(words, box)
        self.go = button("Judge", self._judge, role="primary", icon_name="play", name="judge-go")
        self.stop = button("Stop", self._stop, icon_name="circle-stop", name="judge-stop")
        self.stop.hide()
        form.addRow(row(self.go, self.stop, 1))
        self.columns.hide()
        return self.columns

    # The table ----------------------------------------------------------------------------------------------------------

    def _choose(self) -> None:
        file = self.ask_file()
        if file:
            self.open_table(Path(file))

    def ask_file(self) -> str:
        """Where the table is; asked of the person."""
        return QFileDialog.getOpenFileName(self, "Open a table", "", _TABLES)[0]

    def ask_save_path(self) -> str:
        """Where the answers go; asked of the person."""
        return QFileDialog.getSaveFileName(self, "Save the answers", "judged.csv", "Table (*.csv)")[0]

    def open_table(self, path: Path) -> None:
        """Look into a table."""

        def work(control: Control) -> ImportPlan:
            from workbench.data.importers import sniff

            return sniff([path], control)

        job = self._ctx.jobs.start("Reading a table", work)
        job.succeeded.connect(self._opened)
        job.failed.connect(self._failed)

    def _opened(self, plan: ImportPlan) -> None:
        names = [c.name for c in plan.columns()]
        if len(names) < 2:
            self._failed(
                Problem(plan.title, "This is no table with two columns.", "It needs the texts and the right answers.")
            )
            return
        self.banner.hide()
        self._plan = plan
        guess = plan.guess()
        for box in (self.content, self.words):
            box.clear()
            box.addItems(names)
        content = guess.content if guess is not None else names[0]
        # An answer that comes again and again is taken for a label: it is a right answer all the same.
        right = (guess.words or guess.label) if guess is not None else ""
        self.content.setCurrentText(content)
        self.words.setCurrentText(right or next(n for n in names if n != content))
        self.found.setText(f"“{plan.source.name}”: {plan.total:,} rows")
        self.drop.hide()
        self.columns.show()

    # Judging --------------------------------------------------------------------------------------------------------------

    def _judge(self) -> None:
        plan = self._plan
        if plan is None:
            return
        choice = ColumnChoice(self.content.currentText(), "", False, self.words.currentText())
        card, task_id, options = self._card, self._task.info.id, self._options

        def work(control: Control) -> tuple[Any, list[Problem]]:
            from workbench.data.types import NewItem
            from workbench.engine.evaluate import evaluate_items

            plan.choose(choice)
            read = list(plan.read(control))
            judged, problems = evaluate_items(
                card, [i for i in read if isinstance(i, NewItem)], task_id, control, options
            )
            judged.per_item()  # counted here, so that the window need not wait for it
            return judged, [*(i for i in read if isinstance(i, Problem)), *problems]

        self.go.setEnabled(False)
        self.stop.show()
        self.progress.setRange(0, 0)
        self.progress.show()
        job = self._ctx.jobs.start(f"Judging {card.name}", work)
        job.progressed.connect(self._progressed)
        job.succeeded.connect(lambda found: self._came(*found))
        job.failed.connect(self._failed)
        job.ended.connect(self._ended)
        self._job = job

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _progressed(self, fraction: float, _text: str) -> None:
        self.progress.setRange(0, 0 if fraction < 0 else 1000)
        self.progress.setValue(round(fraction * 1000))

    def _ended(self) -> None:
        self._job = None
        self.progress.hide()
        self.stop.hide()
        self.go.setEnabled(True)

    def _failed(self, problem: Problem) -> None:
        self.banner.show_error(problem)

    def _came(self, judged: OverlapJudgement, problems: list[Problem]) -> None:
        self.judgement = judged
        if problems:
            many = "1 row" if len(problems) == 1 else f"{len(problems):,} rows"
            self.banner.show_message(f"{many} could not be judged: {problems[0]}", "warn")
        else:
            self.banner.hide()
        self.scores.show_scores(judged.scores)
        self.sentence.setText(judged.remark() if judged.cases else judged.sentence())
        self.sentence.show()
        each = judged.per_item()
        cases = judged.worst()[:_SHOWN]
        self.table.setRowCount(len(cases))
        for y, case in enumerate(cases):
            cells = (f"{100 * each[case.item_id]:.0f} of 100", case.given, case.wanted, case.written)
            for x, words in enumerate(cells):
                entry = QTableWidgetItem(words[:500])
                entry.setToolTip(words[:2000])
                self.table.setItem(y, x, entry)
        self.table.setVisible(bool(cases))
        self.save.setEnabled(bool(cases))

    def _save(self) -> None:
        judged = self.judgement
        file = self.ask_save_path()
        if not file or judged is None:
            return
        each = judged.per_item()

        def work(_control: Control) -> None:
            from workbench.data.exporters.tables import write_csv

            rows = [
                {"text": c.given, "right": c.wanted, "answer": c.written, "score": round(each[c.item_id], 4)}
                for c in judged.cases
            ]
            write_csv(Path(file), rows, ["text", "right", "answer", "score"])

        job = self._ctx.jobs.start("Saving the answers", work)
        job.succeeded.connect(lambda _none: self.banner.show_message(f"Saved to {file}", "good"))
        job.failed.connect(self._failed)
