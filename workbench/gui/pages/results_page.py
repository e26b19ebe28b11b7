"""Results: how good a run's model is, said honestly, with the very items behind every number."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QMessageBox,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from workbench.control import Control
from workbench.data.types import Item, RunRecord, Split
from workbench.engine.events import RunEvent
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.models.runs_progress import RunProgress
from workbench.gui.pages.base import Page
from workbench.gui.results import view_for
from workbench.gui.results.base import ResultView
from workbench.gui.results.by_group import ByGroupTab
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import Banner, Card, EmptyState, button, label
from workbench.gui.widgets.cost_views import CostTab
from workbench.gui.widgets.report_dialog import ReportDialog
from workbench.gui.widgets.results_parts import AccuracyBar
from workbench.gui.widgets.swap_dialog import SwapDialog
from workbench.gui.workers import Job, while_there
from workbench.tasks.base import CasesTask
from workbench.tasks.registry import get_task
from workbench.trust.cost import records as cost_records
from workbench.trust.groups import ByGroup
from workbench.trust.judging import Judgement, compare
from workbench.trust.untaught import Beside, beside

_Judged = tuple[Judgement, Judgement | None, list[Item], list[RunEvent], tuple[ByGroup, ...], Beside | None]
_SPLITS = (("Test", Split.TEST), ("Steering (validation)", Split.VALIDATION))


class ResultsPage(Page):
    """The headline, the tabs of the task's kind of result (`workbench.gui.results`) and the curves of one run."""

    page_id = "results"

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        self.body.setSpacing(M)
        self._runs: list[RunRecord] = []
        self.evaluation: Judgement | None = None
        self._views: dict[str, ResultView] = {}
        self._view_tabs: dict[str, list[tuple[QWidget, str]]] = {}
        self._shown_kind = ""
        self._asked = 0
        self._curves: Any = None
        self._events: Sequence[RunEvent] | None = None
        self._differing: list[int] = []
        # From the outside in, each with its parent: what is put into another later, is styled anew with all that is in it.
        self.banner = Banner(self)
        self.body.addWidget(self.banner)
        self.stack = QStackedWidget(self)
        self.body.addWidget(self.stack, 1)
        self.empty = EmptyState(
            "chart-column", "No results yet", "Train a model; how good it is will be shown here.", self.stack
        )
        self.stack.addWidget(self.empty)
        self.empty.add_action("Go to training", lambda: ctx.go("train"), primary=True, icon_name="graduation-cap")
        self.full = QWidget(self.stack)
        self.stack.addWidget(self.full)
        self._build(self.full)
        ctx.store.project_changed.connect(self._fill_runs)
        ctx.store.runs_changed.connect(lambda: self._fill_runs() if self.in_front else None)
        ctx.store.groups_changed.connect(self._groups_changed)
        # In a turn of its own, and once: the first time, the views of what was judged are made with it.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._evaluate)
        self._fill_runs()

    def shown(self) -> None:
        self._fill_runs()

    def receive(self, intent: dict[str, Any]) -> None:
        """Intents: {"run_id"}: show this run."""
        if intent.get("run_id"):
            self._fill_runs(str(intent["run_id"]))

    # Which run ---------------------------------------------------------------------------------------------------------

    def _fill_runs(self, wanted: str = "") -> None:
        project = self.ctx.store.project
        self._runs = [] if project is None else [r for r in project.runs() if r.metrics.get("model_id")]
        self.stack.setCurrentWidget(self.full if self._runs else self.empty)
        wanted = wanted or self.run_box.currentData() or ""
        for box, keep in ((self.run_box, wanted), (self.other_box, self.other_box.currentData() or "")):
            box.blockSignals(True)
            box.clear()
            if box is self.other_box:
                box.addItem("no other training", "")
            for run in self._runs:
                box.addItem(self._run_words(run), run.id)
            box.setCurrentIndex(max(0, box.findData(keep)))
            box.blockSignals(False)
        self.compare_row.setVisible(len(self._runs) > 1)
        if self._runs:
            self._soon.start()

    def _run_words(self, run: RunRecord) -> str:
        score = run.metrics.get("score", run.metrics.get("accuracy"))
        when = run.created[:16].replace("T", " ")
        metric = str(run.metrics.get("metric", "accuracy"))
        words = "right" if metric == "accuracy" else metric
        right = f", {words} {score:.0%}" if score is not None and run.metrics.get("n") else ""
        return f"{run.name}   ({when}{right})"

    def _run(self) -> RunRecord | None:
        return next((r for r in self._runs if r.id == self.run_box.currentData()), None)

    # Judging -----------------------------------------------------------------------------------------------------------

    def _evaluate(self) -> None:
        """In a job: a run that was stopped early is tested only now."""
        project, run = self.ctx.store.project, self._run()
        if project is None or run is None:
            return
        self._asked += 1
        asked = self._asked
        split = _SPLITS[self.split_box.currentIndex()][1]
        other_id = str(self.other_box.currentData() or "")
        catalog = self.ctx.catalog
        info = get_task(project.task_id).info
        nouns = info.nouns
        view = self._view_for(info.judge)

        def work(control: Control) -> _Judged:
            from workbench.engine.evaluate import evaluate, judge_by_groups
            from workbench.engine.fit import read_events

            found = evaluate(project, run.id, split, catalog, control)
            second = evaluate(project, other_id, split, catalog, control) if other_id and other_id != run.id else None
            items = project.items(view.look_up(found))
            untaught = beside(run.folder, found, nouns)
            return found, second, items, read_events(run), judge_by_groups(project, found, control), untaught

        def came(result: _Judged) -> None:
            # The project may have been closed meanwhile.
            if asked == self._asked and self.ctx.store.project is project:
                self._show(run, *result)

        job = self.ctx.jobs.start("Judging the model", work)
        job.succeeded.connect(came)
        job.failed.connect(self.banner.show_error)

    def _show(
        self,
        run: RunRecord,
        e: Judgement,
        second: Judgement | None,
        items: Sequence[Item],
        events: Sequence[RunEvent],
        by_groups: Sequence[ByGroup],
        untaught: Beside | None,
    ) -> None:
        self.evaluation = e
        self.by_group.show_results(by_groups)
        # Groups are of items; what is judged on people has none.
        cases = isinstance(get_task(self.ctx.store.require().task_id), CasesTask)
        self.tabs.setTabVisible(self.tabs.indexOf(self.by_group), not cases)
        numbers = e.headline()
        metric = str(numbers.get("metric", "accuracy"))
        self.number.setText(f"{numbers.get('score', 0.0):.0%}")
        which = "test" if e.split == "test" else "steering"
        whom = getattr(e, "whom", "items")
        means = getattr(e, "score_words", metric)
        self.number_words.setText(
            f"right on {e.n} {which} items" if metric == "accuracy" else f"{means} on {e.n:,} {which} {whom}"
        )
        self.number_words.setToolTip("" if means == metric else metric)
        self.sentence.setText(e.sentence())
        self.accuracy_bar.show_evaluation(e)
        self.untaught.setText("" if untaught is None else untaught.in_short())
        self.untaught.setToolTip("" if untaught is None else untaught.sentence())
        self.untaught.setVisible(untaught is not None)
        self.as_before.setText(str(run.metrics.get("as_before", "")))
        self.as_before.setVisible(bool(self.as_before.text()))
        self.unlike.setText(str(run.metrics.get("unlike", "")))
        self.unlike.setVisible(bool(self.unlike.text()))
        view = self._view_for(e.kind)
        view.about(run)
        view.show(e, list(items))
        for place, title in enumerate(view.titles(e)):
            self.tabs.setTabText(place, title)
        if second is not None:
            comparison = compare(e, second)
            self.comparison.setText(comparison.sentence("this one", "the other"))
            self._differing = [*comparison.only_a, *comparison.only_b]
            self.show_differing.setVisible(bool(self._differing))
        else:
            self.comparison.setText("")
            self.show_differing.hide()
        self._events = events
        self._show_curves()
        self.cost.show_record(cost_records.read(run.folder))

    def _view_for(self, kind: str) -> ResultView:
        """The view of a kind, made when it is first needed, with its tabs in front of the curves."""
        if kind not in self._views:
            view = view_for(kind, self.ctx)
            view.setParent(self)  # so that it goes with its widgets
            self._views[kind] = view
            self._view_tabs[kind] = view.tabs()
            view.corrected.connect(self._correct)
            view.said.connect(lambda text: self.banner.show_message(text, "info"))
        if kind != self._shown_kind:
            for widget, _title in self._view_tabs.get(self._shown_kind, []):
                self.tabs.removeTab(self.tabs.indexOf(widget))
            for place, (widget, title) in enumerate(self._view_tabs[kind]):
                self.tabs.insertTab(place, widget, title)
            self.tabs.setCurrentIndex(0)
            self._shown_kind = kind
        return self._views[kind]

    def _show_curves(self) -> None:
        """How the run learnt; made when the person first looks at it."""
        if self.tabs.currentWidget() is not self._learnt or self._events is None:
            return
        from workbench.gui.widgets.curves import TrainingCurves

        if self._curves is None:
            self._curves = TrainingCurves()
            self._curves_column.addWidget(self._curves)
        progress = RunProgress()
        for event in self._events:
            progress.feed(event)
        self._events = None
        self._curves.show_progress(progress)

    # What can be done ----------------------------------------------------------------------------------------------------

    def _groups_changed(self) -> None:
        """Judge again when it is seen: what is on this page tells of groups too."""
        if self.isVisible():
            self._evaluate()

    def _swap(self) -> None:
        run = self._run()
        if run is not None:
            dialog = SwapDialog(self.ctx, str(run.metrics["model_id"]), self)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.open()

    def _correct(self, item_id: int, class_id: int) -> None:
        self.ctx.store.set_label([item_id], class_id)
        self.banner.show_message("The label is corrected (Ctrl+Z undoes it). Train again to learn from it.", "good")
        self._evaluate()

    def _make_report(self) -> None:
        project, run = self.ctx.store.project, self._run()
        if project is None or run is None:
            return
        split = _SPLITS[self.split_box.currentIndex()][1]
        dialog = ReportDialog(self.ctx, project, run, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._report_begun(dialog.start(split)))
        dialog.open()

    def _report_begun(self, job: Job) -> None:
        self.banner.show_message("Writing the report …", "info", "Stop", job.cancel)
        job.succeeded.connect(while_there(self, self._report_made))
        job.failed.connect(while_there(self, self.banner.show_error))
        job.cancelled.connect(
            while_there(self, lambda: self.banner.show_message("The report was not written.", "info"))
        )

    def _report_made(self, files: list[Path]) -> None:
        names = " and ".join(f"“{path.name}”" for path in files)
        self.banner.show_message(
            f"The report is in the folder “{files[0].parent.name}”: {names}",
            "good",
            "Open",
            lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(files[0]))),
        )

    def _delete(self) -> None:
        project, run = self.ctx.store.project, self._run()
        if project is None or run is None:
            return
        answer = QMessageBox.question(
            self, "Delete these results?", f"Delete the results of “{run.name}”? The model itself stays."
        )
        if answer == QMessageBox.StandardButton.Yes:
            try:
                project.delete_run(run.id)
            except UserError as error:
                self.banner.show_error(error)
            self.ctx.store.runs_changed.emit()

    # Building ------------------------------------------------------------------------------------------------------------

    def _build(self, page: QWidget) -> None:
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(M)
        top = QHBoxLayout()
        top.setSpacing(S)
        top.addWidget(label("Results", "title"))
        self.run_box = QComboBox()
        self.run_box.setObjectName("run-box")
        self.run_box.setAccessibleName("Training")
        self.run_box.currentIndexChanged.connect(lambda _i: self._evaluate())
        self.split_box = QComboBox()
        self.split_box.setAccessibleName("Tested on")
        self.split_box.setToolTip(
            "Test items were never used while training; steering (validation) items chose the best version"
        )
        self.split_box.addItems([name for name, _ in _SPLITS])
        self.split_box.currentIndexChanged.connect(lambda _i: self._evaluate())
        top.addWidget(self.run_box, 1)
        top.addWidget(self.split_box)
        top.addWidget(
            button(
                "Make report …",
                self._make_report,
                icon_name="file-text",
                name="make-report",
                tip="A model card for people and for experts, as web page (HTML) and PDF",
            )
        )
        self.use = button("Try it", self._try, role="primary", icon_name="flask-conical", name="results-try")
        top.addWidget(self.use)
        column.addLayout(top)
        self._build_headline(column)
        self._build_compare(column)
        self.tabs = QTabWidget(page)
        column.addWidget(self.tabs, 1)
        self.tabs.setDocumentMode(True)
        self._learnt = holder = QWidget()
        self._curves_column = QVBoxLayout(holder)
        self._curves_column.setContentsMargins(0, M, 0, 0)
        self.by_group = ByGroupTab(self.ctx)
        self.by_group.swapping.connect(self._swap)
        self.tabs.addTab(self.by_group, "By group")
        self.tabs.addTab(holder, "How it learnt")
        self.cost = CostTab(self.ctx)
        self.tabs.addTab(self.cost, "What it cost")
        self.tabs.currentChanged.connect(lambda _place: self._show_curves())

    def _build_headline(self, column: QVBoxLayout) -> None:
        card = Card(spacing=S)
        column.addWidget(card)
        line = QHBoxLayout()
        line.setSpacing(L)
        left = QVBoxLayout()
        left.setSpacing(0)
        self.number = label("", "number")
        self.number.setObjectName("accuracy")
        self.number_words = label("", "soft")
        left.addWidget(self.number)
        left.addWidget(self.number_words)
        left.addStretch(1)
        line.addLayout(left)
        right = QVBoxLayout()
        self.accuracy_bar = AccuracyBar()
        self.sentence = label("", wrap=True, selectable=True)
        right.addWidget(self.accuracy_bar)
        right.addWidget(self.sentence)
        self.as_before = label("", wrap=True, selectable=True)
        self.as_before.setObjectName("as-before")
        self.as_before.setToolTip(
            "By loss on the validation split, with no lower score; the best state is kept (early stopping)"
        )
        right.addWidget(self.as_before)
        self.untaught = label("", "soft", wrap=True, selectable=True)
        self.untaught.setObjectName("untaught")
        self.untaught.setToolTip(
            "Baseline without training: zero-shot by sentence embeddings, or the nearest class mean of frozen features;"
            " McNemar's exact test on the same items"
        )
        right.addWidget(self.untaught)
        self.unlike = label("", "soft", wrap=True, selectable=True)
        self.unlike.setObjectName("unlike-rate")
        self.unlike.setToolTip(
            "False alarms of the detection of what is out of distribution, measured on the test split"
        )
        right.addWidget(self.unlike)
        line.addLayout(right, 1)
        card.body.addLayout(line)

    def _build_compare(self, column: QVBoxLayout) -> None:
        self.compare_row = QWidget()
        column.addWidget(self.compare_row)
        line = QHBoxLayout(self.compare_row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(S)
        line.addWidget(label("Compare with", "soft"))
        self.other_box = QComboBox()
        self.other_box.setObjectName("other-run")
        self.other_box.setAccessibleName("Training to compare with")
        self.other_box.currentIndexChanged.connect(lambda _i: self._evaluate())
        line.addWidget(self.other_box)
        self.comparison = label("", wrap=True)
        self.comparison.setToolTip(
            "Classes: McNemar's exact test on the items that only one of the two got right; others: a paired permutation test"
        )
        line.addWidget(self.comparison, 1)
        self.show_differing = button(
            "Show where they differ",
            lambda: self.ctx.go("data", item_ids=self._differing, title="Right in only one of two trainings"),
            role="quiet",
        )
        line.addWidget(self.show_differing)
        self.delete = button("Delete", self._delete, role="quiet", tip="Delete these results; the model stays")
        line.addWidget(self.delete)

    def _try(self) -> None:
        run = self._run()
        if run is not None:
            self.ctx.go("try", model_id=run.metrics["model_id"])
