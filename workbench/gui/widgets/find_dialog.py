"""Find me a model: three questions, three suggestions; with a project open, also a measurement on its examples."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QFormLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.control import Control
from workbench.engine.finder import MATTERS, Suggestion, find
from workbench.engine.select import Ranked, ordered, rank
from workbench.errors import Problem, UserError
from workbench.gui.context import AppContext
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import Banner, Card, button, clear_layout, label, row
from workbench.gui.workers import Job
from workbench.tasks.registry import all_tasks

_GOES_IN = (
    ("picture", "Pictures"),
    ("text", "Texts"),
    ("sound", "Sounds"),
    ("series", "Numbers over time"),
    ("row", "Tables"),
    ("molecule", "Molecules"),
)
_COLUMNS = ("Model", "Right on held-out examples", "Fit of its features", "Time per item", "Memory")
_FEW = 30


class FindDialog(QDialog):
    """Signals:
    chosen(str): id of the model the person wants to see.
    """

    chosen = Signal(str)

    def __init__(self, ctx: AppContext, memory: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._memory = memory
        self._ranked: list[Ranked] = []
        self._job: Job | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Find me a model")
        self.resize(760, 680)
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        column.addWidget(label("Find me a model", "heading"))
        form = QFormLayout()
        form.setSpacing(S)
        self.goes_in = _box("find-in", "What goes in?", _GOES_IN)
        self.comes_out = _box("find-out", "What should it do?", ())
        self.matters = _box("find-matters", "What matters most?", MATTERS)
        form.addRow("What goes in?", self.goes_in)
        form.addRow("What should it do?", self.comes_out)
        form.addRow("What matters most?", self.matters)
        column.addLayout(form)
        self.banner = Banner(closable=False)
        column.addWidget(self.banner)
        self._places = QVBoxLayout()
        self._places.setSpacing(S)
        column.addLayout(self._places)
        self.measured = self._build_measured()
        column.addWidget(self.measured, 1)
        column.addStretch(0)
        column.addLayout(row(1, button("Close", self.accept)))
        self.goes_in.currentIndexChanged.connect(lambda _i: self._media_chosen())
        for box in (self.comes_out, self.matters):
            box.currentIndexChanged.connect(lambda _i: self._suggest())
        self.finished.connect(lambda _code: self._stop())
        project = ctx.store.project
        if project is not None:
            from workbench.tasks.registry import get_task

            self.goes_in.setCurrentIndex(max(0, self.goes_in.findData(get_task(project.task_id).info.media)))
        self._media_chosen()

    # Three answers -----------------------------------------------------------------------------------------------------

    def _media_chosen(self) -> None:
        media = self.goes_in.currentData()
        self.comes_out.blockSignals(True)
        self.comes_out.clear()
        for task in all_tasks():
            if task.info.media == media:
                words = task.info.question or task.info.title
                self.comes_out.addItem(f"{words[0].upper()}{words[1:]}", (task.info.id, False))
                if task.info.trainable:
                    self.comes_out.addItem(f"Learn my own classes from my {task.info.nouns}", (task.info.id, True))
        project = self._ctx.store.project
        if project is not None:
            for place in range(self.comes_out.count()):
                if self.comes_out.itemData(place) == (project.task_id, True):
                    self.comes_out.setCurrentIndex(place)
        self.comes_out.blockSignals(False)
        self._suggest()

    def _suggest(self) -> None:
        from workbench.engine.machine import known

        clear_layout(self._places)
        chosen = self.comes_out.currentData()
        if not chosen:
            return
        task_id, teach = chosen
        project = self._ctx.store.project
        self.measured.setVisible(bool(teach) and project is not None and project.task_id == task_id)
        try:
            found = find(
                task_id, self.matters.currentData(), self._ctx.catalog.cards(), self._memory,
                known("cpu", self._ctx.paths), self._ctx.is_here, to_teach=bool(teach),
            )  # fmt: skip
        except UserError as error:
            self.banner.show_error(error)
            return
        self.banner.hide()
        for place, suggestion in enumerate(found, 1):
            self._places.addWidget(self._card(place, suggestion))

    def _card(self, place: int, suggestion: Suggestion) -> QWidget:
        card = Card(selectable=True, margin=M)
        card.setObjectName(f"suggestion-{place}")
        card.setAccessibleName(suggestion.card.name)
        card.body.addWidget(label(f"{place}.  {suggestion.card.name}", "strong"))
        card.body.addWidget(label(" ".join(suggestion.reasons), "soft", wrap=True))
        card.clicked.connect(lambda: self._choose(suggestion.card.id))
        return card

    def _choose(self, model_id: str) -> None:
        self.chosen.emit(model_id)
        self.accept()

    # Measured on the project ---------------------------------------------------------------------------------------------

    def _build_measured(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.measure = button("Measure on my examples", self._measure, icon_name="gauge", name="measure-models",
                              tip="Features and a quick head on a sample of the open project, for every model on this computer; "
                              "nothing is downloaded (LogME and a linear probe)")  # fmt: skip
        self.state = label(
            "Compares the models that are on this computer on a sample of your project.", "soft", wrap=True
        )
        column.addLayout(row(self.measure, self.state))
        self.table = QTableWidget(0, len(_COLUMNS))
        self.table.setObjectName("ranking")
        self.table.setAccessibleName("Models measured on your examples")
        self.table.setHorizontalHeaderLabels(list(_COLUMNS))
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.doubleClicked.connect(lambda index: self._choose(self._ranked[index.row()].card.id))
        self.table.hide()
        column.addWidget(self.table, 1)
        return holder

    def _measure(self) -> None:
        project = self._ctx.store.project
        if project is None or self._job is not None:
            return
        cards = [c for c in self._ctx.catalog.cards() if not c.is_own]
        self._ranked = []

        def work(control: Control) -> Iterator[Ranked]:
            return rank(project, cards, control, paths=self._ctx.paths)

        self.measure.setEnabled(False)
        self.state.setText("Measuring the models that are on this computer …")
        job = self._ctx.jobs.start_stream("Measuring models", work)
        self._job = job
        job.streamed.connect(self._came)
        job.failed.connect(self._failed)
        job.ended.connect(self._ended)

    def _came(self, found: Ranked) -> None:
        self._ranked = ordered([*self._ranked, found])
        self.table.show()
        self.table.setRowCount(len(self._ranked))
        for y, r in enumerate(self._ranked):
            words = (
                (
                    r.card.name,
                    f"{r.accuracy:.0%}",
                    f"{r.evidence:.3f}",
                    f"{r.seconds * 1000:,.0f} ms",
                    f"{r.memory_bytes / 1e9:,.1f} GB",
                )
                if r.problem is None
                else (r.card.name, r.problem.message, "", "", "")
            )
            for x, text in enumerate(words):
                self.table.setItem(y, x, QTableWidgetItem(text))

    def _failed(self, problem: Problem) -> None:
        self.banner.show_error(problem)

    def _ended(self) -> None:
        self._job = None
        self.measure.setEnabled(True)
        rough = any(r.judged < _FEW for r in self._ranked if r.problem is None)
        words = "Measured on examples kept apart, never on your test items."
        self.state.setText(f"{words} There are few of them: near numbers mean nothing." if rough else words)

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()


def _box(name: str, words: str, entries: tuple[tuple[str, str], ...]) -> QComboBox:
    box = QComboBox()
    box.setObjectName(name)
    box.setAccessibleName(words)
    for key, text in entries:
        box.addItem(f"{text[:1].upper()}{text[1:]}", key)
    return box
