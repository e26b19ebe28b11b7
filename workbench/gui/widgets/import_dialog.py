"""Before something is taken in: what it is, which columns, copy or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.data.importers import ColumnChoice, ImportPlan, Question
from workbench.data.importers.several import SEPARATORS
from workbench.errors import UserError
from workbench.gui.theme import L, M
from workbench.gui.widgets.basic import Banner, button, label
from workbench.gui.widgets.group_columns import GroupColumns
from workbench.gui.widgets.oddities import Oddities
from workbench.gui.widgets.row_columns import RowColumns
from workbench.tasks.base import Task

_NO_LABEL = "(no labels)"
_A_COLUMN_EACH = "(a column per label, with 1 and 0)"
_PREVIEW = 12
# More columns than this are as wide as their words, and one scrolls.
_STRETCHED = 5
# More than so many are asked in one row each.
_FEW_QUESTIONS, _QUESTION_WIDTH = 2, 250
TasksFor = Callable[[ImportPlan], Sequence[Task]]


class ImportDialog(QDialog):
    """Shows a plan and lets the person choose columns, a name (for a new project) and whether to copy.

    Signals:
    whole_rows(): the rows of this table are the items, by all their columns.
    """

    whole_rows = Signal()

    def __init__(
        self,
        plan: ImportPlan,
        new_project: bool,
        tasks_for: TasksFor,
        parent: QWidget | None = None,
        editor: str = "",
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Import")
        self.setMinimumWidth(640 if plan.media != "row" else 820)
        self.plan = plan
        # How labels are shown in what it goes into: the open project, or the kind of project that is chosen.
        self._editors: dict[str, str] = {}
        self._editor = editor
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        self.summary = label(plan.summary, "heading", wrap=True)
        column.addWidget(self.summary)
        self.banner = Banner(closable=False)
        column.addWidget(self.banner)
        form = QFormLayout()
        self.name = QLineEdit(plan.title)
        self.name.setAccessibleName("Name of the project")
        if new_project:
            form.addRow("Project name", self.name)
        self.task = QComboBox()
        self.task.setObjectName("import-task")
        self.task.setAccessibleName("What shall it learn?")
        self.task.setToolTip("The kind of project (task); it decides how you label and what the model will answer")
        # Long summaries must not take the room of the words before them.
        self.task.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._tasks_for, self._form = tasks_for, form
        if new_project:
            form.addRow("What shall it learn?", self.task)
            self._fill_tasks()
            self.task.currentIndexChanged.connect(self._warn)
        self.content = QComboBox()
        self.content.setObjectName("content-column")
        self.label_column = QComboBox()
        self.label_column.setObjectName("label-column")
        self.words_column = QComboBox()
        self.words_column.setObjectName("words-column")
        self.several = QComboBox()
        self.several.setObjectName("several-labels")
        self.groups = GroupColumns()
        self.empty = QCheckBox("An empty cell means that none of them fits")
        self.empty.setObjectName("empty-is-none")
        columns = plan.columns()
        self.rows = RowColumns(plan, self._rows_changed) if plan.media == "row" else None
        if self.rows is not None:
            form.addRow("To be found out", self.rows)
        elif columns:
            self._fill_columns(form)
        self._questions: dict[str, QComboBox] = {}
        self._above: dict[str, QLabel] = {}
        for asked in plan.questions():
            self._ask(form, asked)
        column.addLayout(form)
        self.preview = QTableWidget(self)
        self.preview.hide()
        if columns or plan.preview(1) or self._questions:
            column.addWidget(self.preview, 1)
            self._fill_preview()
        self.copy = QCheckBox("Copy the pictures into the project")
        self.copy.setToolTip(
            "Without a copy the project remembers where the pictures lie; they must stay there. A copy takes room on the disk."
        )
        self.copy.setObjectName("import-copy")
        self.copy.toggled.connect(lambda _on: self._warn())
        self.copy.setVisible(plan.media == "picture" or bool(plan.copy_words(False)))
        column.addWidget(self.copy)
        self.take_rows = button(
            "Learn from all its columns …", self._take_rows, icon_name="table", name="import-rows",
            tip="Each row is an item (tabular data): its texts and pictures are read together with its numbers and categories",
        )  # fmt: skip
        self.take_rows.setVisible(plan.may_be_rows)
        column.addWidget(self.take_rows, 0, Qt.AlignmentFlag.AlignLeft)
        self.oddities = Oddities((), ())
        column.addWidget(self.oddities)
        self._show_oddities()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.ok = buttons.addButton("Import", QDialogButtonBox.ButtonRole.AcceptRole)
        self.ok.setObjectName("import-ok")
        self.ok.setProperty("role", "primary")
        self.ok.setDefault(True)
        # An answer may still bring something in.
        self.ok.setEnabled(plan.total > 0 or not plan.questions())
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self._warn()

    def _take_rows(self) -> None:
        self.reject()
        self.whole_rows.emit()

    def _ask(self, form: QFormLayout, asked: Question) -> None:
        """Something only the person knows; with each answer the plan is made again."""
        box = QComboBox()
        box.setObjectName(f"question-{asked.id}")
        box.setAccessibleName(asked.text)
        for choice, meaning in asked.choices:
            box.addItem(meaning, choice)
        box.setCurrentIndex(max(0, box.findData(asked.chosen)))
        box.activated.connect(lambda _i: self._answered(asked.id))
        self._questions[asked.id] = box
        words = label(asked.text, wrap=True)
        words.setBuddy(box)
        if len(self.plan.questions()) > _FEW_QUESTIONS:  # else it would not fit on a small screen
            words.setMinimumWidth(_QUESTION_WIDTH)
            form.addRow(words, box)
            return
        form.addRow(words)
        form.addRow("", box)
        self._above[asked.id] = words

    def _answered(self, question: str) -> None:
        try:
            self.plan.say(question, str(self._questions[question].currentData()))
        except UserError as error:
            self._ask_again()
            self.banner.show_error(error)
            return
        self._ask_again()
        self.summary.setText(self.plan.summary)
        self._show_oddities()
        if not self.plan.columns():
            self._fill_preview()
        self.ok.setEnabled(self.plan.total > 0)
        self._warn()

    def _show_oddities(self) -> None:
        plan = self.plan
        self.oddities.show_all(plan.problems if plan.kind == "marked" else (), plan.repairs)

    def _ask_again(self) -> None:
        """An answer may change what is chosen elsewhere, and what else is to be asked."""
        asked = {question.id: question for question in self.plan.questions()}
        for name, question in asked.items():
            if name not in self._questions:
                self._ask(self._form, question)
        for name, box in self._questions.items():
            above = self._above.get(name)
            if above is not None:
                self._form.setRowVisible(above, name in asked)
            self._form.setRowVisible(box, name in asked)
            if name in asked:
                box.clear()
                for choice, meaning in asked[name].choices:
                    box.addItem(meaning, choice)
                box.setCurrentIndex(max(0, box.findData(asked[name].chosen)))

    def _fill_tasks(self) -> None:
        """The tasks that suit what is chosen; no question where there is only one."""
        before = self.task_id
        try:
            tasks = self._tasks_for(self.plan)
        except UserError as error:
            self.banner.show_error(error)
            tasks = []
        self.task.clear()
        self._editors = {task.info.id: task.info.editor for task in tasks}
        for task in tasks:
            self.task.addItem(f"{task.info.title}: {task.info.summary}", task.info.id)
        self.task.setCurrentIndex(max(0, self.task.findData(before)))
        self._form.setRowVisible(self.task, len(tasks) > 1)

    @property
    def task_id(self) -> str:
        """What a new project is for; "" where there is no choice."""
        return str(self.task.currentData() or "")

    def _fill_columns(self, form: QFormLayout) -> None:
        guess = self.plan.guess()
        names = [c.name for c in self.plan.columns()]
        self.content.addItems(names)
        flags = [_A_COLUMN_EACH] if self.plan.flag_columns() else []
        self.label_column.addItems([_NO_LABEL, *flags, *names])
        self.several.addItem("one label", "")
        for separator, words in SEPARATORS.items():
            self.several.addItem(f"several labels, {words}", separator)
        self.words_column.addItems([_NO_LABEL, *names])
        if guess is not None:
            self.content.setCurrentText(guess.content)
            self.label_column.setCurrentText(_A_COLUMN_EACH if guess.flags else guess.label or _NO_LABEL)
            self.several.setCurrentIndex(max(0, self.several.findData(guess.several)))
            self.words_column.setCurrentText(guess.words or _NO_LABEL)
        self._is_path = guess is not None and guess.is_path
        self._guessed = guess.content if guess is not None else ""
        drawn = self.plan.media == "molecule"
        for box, text, tip in (
            (
                self.content,
                "Molecule is in" if drawn else "Text (or picture file) is in",
                "The column with what the model looks at (the input)",
            ),
            (self.label_column, "Label is in", "The column with the right answer (the target)"),
            (
                self.words_column,
                "Measured number is in" if drawn else "Answer in words is in",
                "The column with the number to be estimated (the target)"
                if drawn
                else "The column with what shall be said or written: a transcript, an answer (the target text)",
            ),
        ):
            box.setAccessibleName(text)
            box.setToolTip(tip)
            form.addRow(text, box)
            if box is self.label_column:
                self._add_several(form)
                box.currentTextChanged.connect(self._label_column_chosen)
            else:
                box.currentTextChanged.connect(lambda _text: self._choose())
        self.groups.show_columns(self.plan.columns(), guess.groups if guess is not None else ())
        self.groups.changed.connect(self._choose)
        form.addRow("Groups are in", self.groups)
        self.groups.leave_out(self._taken())
        self._show_several()

    def _taken(self) -> set[str]:
        """Columns that hold something else than groups."""
        label_name = self.label_column.currentText()
        flags = self.plan.flag_columns() if label_name == _A_COLUMN_EACH else ()
        return {self.content.currentText(), label_name, self.words_column.currentText(), *flags}

    def _add_several(self, form: QFormLayout) -> None:
        """How the labels of a cell are parted, and what an empty cell says."""
        self.several.setAccessibleName("A cell of it holds")
        self.several.setToolTip("One label per item, or several at once (multi-label)")
        self.several.currentIndexChanged.connect(lambda _i: self._choose())
        form.addRow("A cell of it holds", self.several)
        self.empty.setToolTip("Else an item with an empty cell comes in as not done yet")
        self.empty.toggled.connect(lambda _on: self._choose())
        form.addRow("", self.empty)

    def _label_column_chosen(self, name: str) -> None:
        self.several.blockSignals(True)
        self.several.setCurrentIndex(max(0, self.several.findData(self.plan.separator_of(name))))
        self.several.blockSignals(False)
        self._choose()

    def _show_several(self) -> None:
        chosen = self.label_column.currentText()
        self._form.setRowVisible(self.several, chosen not in (_NO_LABEL, _A_COLUMN_EACH))
        self._form.setRowVisible(self.empty, self.plan.marks == "tags")

    def _fill_preview(self) -> None:
        """The table's first rows, or what its numbers are read as."""
        rows, table = self.plan.preview(_PREVIEW), self.preview
        names = [c.name for c in self.plan.columns()] or list(rows[0] if rows else ())
        table.setVisible(bool(rows))
        table.clear()
        table.setRowCount(len(rows))
        table.setColumnCount(len(names))
        table.setAccessibleName("First rows of the table")
        table.setHorizontalHeaderLabels(names)
        table.verticalHeader().hide()
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        wide = len(names) > _STRETCHED
        mode = QHeaderView.ResizeMode.ResizeToContents if wide else QHeaderView.ResizeMode.Stretch
        table.horizontalHeader().setSectionResizeMode(mode)
        table.setMinimumHeight(260)
        for y, record in enumerate(rows):
            for x, name in enumerate(names):
                table.setItem(y, x, QTableWidgetItem(record.get(name, "")[: 40 if wide else 200]))

    def _choose(self) -> None:
        chosen = self.label_column.currentText()
        content, words = self.content.currentText(), self.words_column.currentText()
        label_name = "" if chosen in (_NO_LABEL, _A_COLUMN_EACH) else chosen
        flags = tuple(n for n in self.plan.flag_columns() if n != content) if chosen == _A_COLUMN_EACH else ()
        self.groups.leave_out(self._taken())
        choice = ColumnChoice(
            content, label_name, self._is_path and content == self._guessed, "" if words == _NO_LABEL else words,
            str(self.several.currentData() or "") if label_name else "", flags, self.empty.isChecked(),
            self.groups.chosen(),
        )  # fmt: skip
        try:
            self.plan.choose(choice)
        except UserError as error:
            self.banner.show_error(error)
            self.ok.setEnabled(False)
            return
        self.ok.setEnabled(True)
        self._show_several()
        self.summary.setText(self.plan.summary)
        self._warn()
        if self._form.indexOf(self.task) >= 0:
            self._fill_tasks()

    def _rows_changed(self) -> None:
        """Another column is to be found out, or columns were put right."""
        self.summary.setText(self.plan.summary)
        if self._form.indexOf(self.task) >= 0:
            self._fill_tasks()
        self._warn()

    def _warn(self) -> None:
        words = [*self.plan.warnings]
        loss = self.plan.loss(self._editors.get(self.task_id, self._editor))
        if loss:
            words.insert(0, loss)
        beside = self.plan.copy_words(self.copy.isChecked())
        words += [beside] if beside else []
        self.copy.setVisible(self.plan.media == "picture" or bool(beside))
        if self.plan.problems and self.plan.kind == "marked":
            count = len(self.plan.problems)
            words.append(f"{count:,} {'thing is' if count == 1 else 'things are'} left out: {self.plan.problems[0]}")
        elif self.plan.problems:
            count = len(self.plan.problems)
            words.append(
                f"{count:,} {'row or file' if count == 1 else 'rows or files'} cannot be used: {self.plan.problems[0]}"
            )
        if words:
            self.banner.show_message("\n".join(words), "warn")
        else:
            self.banner.hide()
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Grow until all words can be read: a window does not do so by itself for text that is broken into lines."""
        layout = self.layout()
        if layout is None or not self.isVisible():
            return
        layout.activate()
        self.resize(self.width(), max(self.height(), layout.totalHeightForWidth(self.width())))
