"""Results of recommenders: people with what was recommended to them and what they chose, lists for anybody of the project, and the
numbers beside popularity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.control import Control
from workbench.data.types import Item, RunRecord
from workbench.gui.context import AppContext
from workbench.gui.lists import TIP, count_box, write_lists
from workbench.gui.results.base import ResultView
from workbench.gui.theme import M, S, theme
from workbench.gui.widgets.basic import Banner, button, label
from workbench.gui.widgets.ranking_part import RankingPart
from workbench.gui.widgets.tables import read_only
from workbench.gui.workers import while_there
from workbench.tasks.predictions import Ranking
from workbench.trust.judge_ranking import K, RankingCase, RankingJudgement

_SHOWN_BEFORE = 8
_TYPING_MS = 250


class View(ResultView):
    """See the module."""

    def __init__(self, ctx: AppContext) -> None:
        super().__init__(ctx)
        self._cases: tuple[RankingCase, ...] = ()
        self._names: dict[int, str] = {}

    def tabs(self) -> list[tuple[QWidget, str]]:
        plain = super().tabs()[0][0]
        assert self.plain is not None
        self.plain.setAccessibleName("The model beside popularity")
        self.anybody = AnybodyTab(self.ctx)
        theme().changed.connect(self._again)
        return [
            (self._build_people(), "People it was tested on"),
            (self.anybody, "Recommend"),
            (plain, "Beside popularity"),
        ]

    def titles(self, judgement: RankingJudgement) -> list[str]:
        shown = len(judgement.worst_and_best())
        count = f"{judgement.n:,}" if shown == judgement.n else f"{shown} of {judgement.n:,}"
        return [f"People it was tested on ({count})", "Recommend", "Beside popularity"]

    def about(self, run: RunRecord) -> None:
        self.anybody.use(str(run.metrics.get("model_id", "")))

    def look_up(self, judgement: Any) -> list[int]:
        wanted: set[int] = set()
        for case in judgement.worst_and_best():
            wanted |= {*case.said[:K], *case.wanted, *case.before[-_SHOWN_BEFORE:]}
        return sorted(wanted)

    def show(self, judgement: RankingJudgement, items: list[Item]) -> None:
        super().show(judgement, items)
        self._names = {i.id: i.name for i in items}
        self._cases = judgement.worst_and_best()
        self.list.clear()
        for case in self._cases:
            hits = f"{case.hits} of {len(case.wanted)} foretold" if case.hits else "nothing foretold"
            self.list.addItem(QListWidgetItem(f"{case.name}\n{hits}"))
        self.list.setCurrentRow(0 if self._cases else -1)
        if not self._cases:
            self._show_case(-1)

    def _again(self) -> None:
        self._show_case(self.list.currentRow())

    def _show_case(self, place: int) -> None:
        case = self._cases[place] if 0 <= place < len(self._cases) else None
        said = case.said[:K] if case is not None else ()
        chosen = set(case.wanted) if case is not None else set()
        self.listed.setRowCount(len(said))
        good = theme().colour("good")
        for row, item in enumerate(said):
            hit = item in chosen
            for column, words in enumerate((f"{row + 1}", self._name(item), "chosen next" if hit else "")):
                cell = QTableWidgetItem(words)
                if hit:
                    cell.setForeground(good)
                self.listed.setItem(row, column, cell)
        if case is None:
            self.before.setText("")
            self.next.setText("")
            return
        last = [self._name(i) for i in case.before[-_SHOWN_BEFORE:]]
        more = f"{len(case.before) - len(last):,} others, then " if len(case.before) > len(last) else ""
        self.before.setText(f"Had liked: {more}{', '.join(last) or 'nothing yet'}.")
        self.next.setText(f"Chose next: {', '.join(self._name(i) for i in case.wanted)}.")

    def _name(self, item: int) -> str:
        return self._names.get(item, "a thing that was taken out")

    def _build_people(self) -> QWidget:
        page = QWidget()
        line = QHBoxLayout(page)
        line.setContentsMargins(0, M, 0, 0)
        line.setSpacing(M)
        self.list = QListWidget()
        self.list.setObjectName("ranking-people")
        self.list.setAccessibleName("People it was tested on, those with the best lists first")
        self.list.setSpacing(2)
        self.list.currentRowChanged.connect(self._show_case)
        line.addWidget(self.list, 1)
        side = QVBoxLayout()
        side.setSpacing(S)
        self.before = label("", "soft", wrap=True, selectable=True)
        self.before.setObjectName("ranking-before")
        self.listed = QTableWidget(0, 3)
        self.listed.setObjectName("ranking-said")
        read_only(self.listed, "What was recommended to this person")
        self.listed.setHorizontalHeaderLabels(["", "recommended then", ""])
        self.listed.setTabKeyNavigation(False)
        self.listed.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        for column, mode in enumerate(
            (
                QHeaderView.ResizeMode.ResizeToContents,
                QHeaderView.ResizeMode.Stretch,
                QHeaderView.ResizeMode.ResizeToContents,
            )
        ):
            self.listed.horizontalHeader().setSectionResizeMode(column, mode)
        self.next = label("", wrap=True, selectable=True)
        self.next.setObjectName("ranking-next")
        side.addWidget(self.before)
        side.addWidget(self.listed, 1)
        side.addWidget(self.next)
        line.addLayout(side, 3)
        return page


class AnybodyTab(QWidget):
    """Somebody of the project is chosen, and gets a list from all they have liked until now; or everybody gets one, into a table."""

    def __init__(self, ctx: AppContext) -> None:
        super().__init__()
        self.ctx = ctx
        self._model = ""
        self._asked = 0
        line = QHBoxLayout(self)
        line.setContentsMargins(0, M, 0, 0)
        line.setSpacing(M)
        left = QVBoxLayout()
        left.setSpacing(S)
        self.search = QLineEdit()
        self.search.setObjectName("ranking-search")
        self.search.setPlaceholderText("Find somebody")
        self.search.setAccessibleName("Find somebody by name")
        self.search.setClearButtonEnabled(True)
        self._typed = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._typed.timeout.connect(self._fill)
        self.search.textChanged.connect(lambda _text: self._typed.start())
        self.people = QListWidget()
        self.people.setObjectName("ranking-anybody")
        self.people.setAccessibleName("People of the project, those with most likes first")
        self.people.setUniformItemSizes(True)
        self.people.setSpacing(2)
        self.people.currentItemChanged.connect(lambda _now, _before: self._recommend())
        left.addWidget(self.search)
        left.addWidget(self.people, 1)
        line.addLayout(left, 1)
        right = QVBoxLayout()
        right.setSpacing(S)
        self.banner = Banner()
        right.addWidget(self.banner)
        self.part = RankingPart()
        right.addWidget(self.part, 1)
        self.note = label("", "soft", wrap=True)
        right.addWidget(self.note)
        below = QHBoxLayout()
        below.setSpacing(S)
        self._typed_count = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._typed_count.timeout.connect(self._recommend)
        self.count = count_box("ranking-count")
        self.count.valueChanged.connect(lambda _n: self._typed_count.start())
        words = label("Things in a list", "soft")
        words.setBuddy(self.count)
        below.addWidget(words)
        below.addWidget(self.count)
        below.addStretch(1)
        self.save = button(
            "Lists for everybody …",
            self._save,
            icon_name="save",
            name="ranking-everybody",
            tip=TIP,
        )
        below.addWidget(self.save)
        right.addLayout(below)
        line.addLayout(right, 3)
        self.part.table.setRowCount(0)

    def use(self, model_id: str) -> None:
        """The model that recommends from now on."""
        self._model = model_id
        self.banner.hide()
        self._fill()

    def _fill(self) -> None:
        project = self.ctx.store.project
        if project is None:
            return
        search = self.search.text().strip()

        def came(found: list[tuple[str, int]]) -> None:
            if search != self.search.text().strip():
                return
            kept = self.people.currentItem()
            before = kept.data(Qt.ItemDataRole.UserRole) if kept is not None else ""
            self.people.blockSignals(True)
            self.people.clear()
            for name, likes in found:
                entry = QListWidgetItem(f"{name}   ({likes:,})")
                entry.setData(Qt.ItemDataRole.UserRole, name)
                entry.setToolTip(f"{name} liked {likes:,} {'thing' if likes == 1 else 'things'}")
                self.people.addItem(entry)
            names = [name for name, _ in found]
            self.people.setCurrentRow(names.index(before) if before in names else 0 if names else -1)
            self.people.blockSignals(False)
            self._recommend()

        job = self.ctx.jobs.start("Looking for people", lambda _control: project.people(search), quiet=True)
        job.succeeded.connect(while_there(self, came))
        job.failed.connect(while_there(self, self.banner.show_error))

    def _recommend(self) -> None:
        project, chosen, model_id = self.ctx.store.project, self.people.currentItem(), self._model
        if project is None or chosen is None or not model_id:
            return
        self._asked += 1
        asked, person, count = self._asked, str(chosen.data(Qt.ItemDataRole.UserRole)), self.count.value()
        catalog = self.ctx.catalog

        def work(control: Control) -> Ranking:
            from workbench.engine.recommending import for_person

            return for_person(project, catalog.get(model_id), person, count, control)

        def came(found: Ranking) -> None:
            if asked == self._asked:
                self.part.show_prediction(found)
                self.note.setText(found.note)
                self.note.setVisible(bool(found.note))

        job = self.ctx.jobs.start("Recommending", work, quiet=True)
        job.succeeded.connect(while_there(self, came))
        job.failed.connect(while_there(self, self.banner.show_error))

    def ask_path(self) -> str:
        """Where the lists go; asked of the person."""
        return QFileDialog.getSaveFileName(self, "Lists for everybody", "recommendations.csv", "Table (*.csv)")[0]

    def _save(self) -> None:
        project, model_id = self.ctx.store.project, self._model
        target = self.ask_path() if project is not None and model_id else ""
        if project is None or not target:
            return
        write_lists(self.ctx, self.save, model_id, self.count.value(), Path(target), self.banner)
