"""Update my model: the next version is taught from what was corrected, seen beside the old one, and used or not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QProgressBar, QScrollArea, QVBoxLayout, QWidget

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.engine.events import Finished, How, RunEvent, StageChanged
from workbench.engine.update import News, Updated, compare_versions, news, update
from workbench.engine.versions import Version, make_current, versions
from workbench.errors import Problem, UserError
from workbench.gui.at_work.tables import plain_table
from workbench.gui.context import AppContext
from workbench.gui.theme import M, S
from workbench.gui.widgets.basic import Banner, Card, button, clear_layout, label, row, set_role
from workbench.gui.workers import Job, while_there
from workbench.tasks.registry import get_task
from workbench.trust.forgetting import Forgetting

_HOWS = (
    (How.QUICK, "Quick: fits the last layer anew on old and new"),
    (How.BALANCED, "Balanced: goes on from its weights, old ones beside the new"),
    (How.THOROUGH, "Thorough: the same for all of the network"),
)
_KINDS = {"new": "good", "old": "warn", "more": "info"}


class VersionsTab(QWidget):
    """Signals:
    left(): the person goes to another page.
    """

    left = Signal()

    def __init__(self, ctx: AppContext, card: ModelCard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx, self._card = ctx, card
        self._job: Job | None = None
        self._pair: tuple[ModelCard, ModelCard] | None = None
        self.beside: Forgetting | None = None
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, M, 0, 0)
        inside = QWidget()
        inside.setProperty("role", "page")
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, S, 0)
        column.setSpacing(M)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inside)
        outer.addWidget(scroll)
        self.banner = Banner()
        column.addWidget(self.banner)
        self.news = label("", wrap=True)
        self.news.setObjectName("update-news")
        column.addWidget(self.news)
        self.how = QComboBox()
        self.how.setObjectName("update-how")
        self.how.setAccessibleName("How it learns")
        self.how.setToolTip("Quick refits the head; the others fine-tune with replay of old training items")
        for how, words in _HOWS:
            self.how.addItem(words, how)
        self.update_button = button("Update my model", self.start, role="primary", icon_name="graduation-cap",
                                    name="update-start")  # fmt: skip
        self.stop_button = button("Stop", self._stop, icon_name="circle-stop", name="update-stop")
        self.stop_button.hide()
        column.addLayout(row(self.how, self.update_button, self.stop_button, 1))
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("How far the update is")
        self.stage = label("", "soft", wrap=True)
        self.progress.hide()
        column.addWidget(self.progress)
        column.addWidget(self.stage)
        self.result = Card(spacing=S)
        self.verdict = Banner(closable=False)
        self.verdict.setObjectName("update-verdict")
        self.result.body.addWidget(self.verdict)
        self.details = label("", "soft", wrap=True, selectable=True)
        self.details.setObjectName("update-details")
        self.result.body.addWidget(self.details)
        self.table = plain_table(
            "Class by class on the test items", ["Class (test items)", "Items", "Before", "Now", "Difference", "Lost"]
        )
        self.table.setToolTip("Double-click or Enter: the items that were right before and are wrong now")
        self.table.activated.connect(lambda index: self._show_lost(index.row()))
        self.result.body.addWidget(self.table)
        self.lost = button("", lambda: self._show_lost(-1), role="quiet", icon_name="images", name="update-lost")
        self.use_new = button("Use the new version", lambda: self._use(1), name="update-use-new")
        self.keep_old = button("Keep the old version", lambda: self._use(0), name="update-keep-old")
        self.result.body.addLayout(row(self.use_new, self.keep_old, 1, self.lost))
        self.result.hide()
        column.addWidget(self.result)
        column.addWidget(label("Versions", "strong"))
        self.versions = QVBoxLayout()
        self.versions.setSpacing(S)
        column.addLayout(self.versions)
        column.addStretch(1)
        ctx.store.project_changed.connect(self.refresh)

    # What there is ---------------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Say what there is to learn, and list the versions."""
        self._list()
        project = self._ctx.store.project
        nouns = get_task(self._card.main_task).info.nouns
        if project is None or project.task_id not in self._card.tasks:
            self.news.setText("Open the project this model was taught with; the Review tab offers it.")
            self.update_button.setEnabled(False)
            return
        current = self._current()

        def work(_control: Control) -> News:
            return news(current, project)

        def came(found: News) -> None:
            self.news.setText(found.sentence(nouns))
            self.update_button.setEnabled(bool(found.learn or found.others) and self._job is None)

        job = self._ctx.jobs.start_stream("Counting", lambda control: iter([work(control)]), quiet=True)
        job.streamed.connect(while_there(self, came))
        job.failed.connect(while_there(self, self.banner.show_error))

    @property
    def running(self) -> bool:
        """An update or a comparison is under way."""
        return self._job is not None

    def stop(self) -> None:
        """The window closes for good: what still runs is stopped."""
        self._stop()

    def _known(self) -> list[Version]:
        return versions(self._ctx.catalog, self._card, self._ctx.paths)

    def _current(self) -> ModelCard:
        return next(v.card for v in self._known() if v.current)

    def _list(self) -> None:
        clear_layout(self.versions)
        known = self._known()
        for place, v in enumerate(known):
            words = label(f"{v.words()}   {v.card.name}", "strong" if v.current else "", wrap=True)
            words.setObjectName(f"version-{v.number}")
            line = row(words, spacing=S)
            line.setStretch(0, 1)
            if v.current:
                line.addWidget(label("in use", "badge-good"))
            else:
                later = any(o.current for o in known[place + 1 :])
                title = "Go back to it" if later else "Use it"
                one = button(title, partial(self._make_current, v.card), icon_name="history" if later else "check",
                             name=f"version-use-{v.number}")  # fmt: skip
                one.setAccessibleName(f"{title}: version {v.number}")
                line.addWidget(one)
            if place:
                other = button("Compare", partial(self._compare, known[place - 1].card, v.card),
                               icon_name="git-compare", name=f"version-compare-{v.number}",
                               tip="With the version before, on the test items and on the new ones")  # fmt: skip
                other.setAccessibleName(f"Compare version {v.number} with the one before")
                line.addWidget(other)
            self.versions.addLayout(line)

    def _make_current(self, card: ModelCard) -> None:
        try:
            make_current(card, self._ctx.paths)
        except UserError as error:
            self.banner.show_error(error)
            return
        self.banner.show_message(f"“{card.name}” is the version in use from now on. The others stay.", "good")
        self._ctx.models_changed.emit()
        self.refresh()

    # Updating --------------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Teach the next version."""
        project = self._ctx.store.project
        if project is None or self._job is not None:
            return
        card, catalog, how = self._current(), self._ctx.catalog, self.how.currentData()
        self.banner.hide()
        self.result.hide()

        def work(control: Control) -> Iterator[RunEvent | Updated]:
            return update(card, project, catalog, control, How(how))

        # Named so that the window asks before it is closed meanwhile.
        self._run(self._ctx.jobs.start_stream(f"Training the next version of {card.name}", work))
        job = self._job
        assert job is not None
        job.streamed.connect(while_there(self, self._event))

    def _compare(self, old: ModelCard, new: ModelCard) -> None:
        project = self._ctx.store.project
        if project is None or project.task_id not in old.tasks:
            self.banner.show_message("Open the project they were taught with: its items are compared on.", "warn")
            return
        if self._job is not None:
            return

        def work(control: Control) -> Forgetting:
            return compare_versions(project, old, new, control)

        self._run(self._ctx.jobs.start("Comparing two versions", work))
        job = self._job
        assert job is not None
        job.succeeded.connect(while_there(self, lambda found: self._show(old, new, found)))

    def _run(self, job: Job) -> None:
        store = self._ctx.store
        self._job = job
        store.hold("An update is running on the open project.")
        self.progress.setRange(0, 0)
        self.progress.show()
        self.update_button.setEnabled(False)
        self.stop_button.show()
        job.progressed.connect(while_there(self, self._progressed))
        job.failed.connect(while_there(self, self._failed))
        job.cancelled.connect(while_there(self, self._stopped))
        # Let go even when this window is closed before the job has ended.
        job.ended.connect(store.let_go)
        job.ended.connect(while_there(self, self._ended))

    def _event(self, event: RunEvent | Updated) -> None:
        if isinstance(event, StageChanged):
            self.stage.setText(event.text)
        elif isinstance(event, Finished):
            self._ctx.models_changed.emit()
            self._ctx.store.runs_changed.emit()
        elif isinstance(event, Updated):
            self._show(event.old, event.card, event.beside)

    def _progressed(self, fraction: float, _text: str) -> None:
        self.progress.setRange(0, 0 if fraction < 0 else 1000)
        self.progress.setValue(round(fraction * 1000))

    def _failed(self, problem: Problem) -> None:
        self.banner.show_error(problem)

    def _stopped(self) -> None:
        self.banner.show_message(
            "Stopped. What had been learnt by then, if anything, is among the versions below.", "info"
        )

    def _ended(self) -> None:
        self._job = None
        self.progress.hide()
        self.stage.clear()
        self.stop_button.hide()
        self.refresh()

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()

    # Beside each other -----------------------------------------------------------------------------------------------------

    def _show(self, old: ModelCard, new: ModelCard, found: Forgetting) -> None:
        self._pair, self.beside = (old, new), found
        self.verdict.show_message(found.sentence(), _KINDS[found.advice])
        self.details.setText("\n".join(found.lines()))
        self.table.setVisible(bool(found.classes))
        self.table.fill(
            [
                [
                    c.name, str(c.n), f"{c.before:.0%}", f"{c.after:.0%}",
                    f"{c.after - c.before:+.0%} ({c.low:+.0%} to {c.high:+.0%})", str(len(c.lost)),
                ]
                for c in found.classes
            ]
        )  # fmt: skip
        lost = len(found.test.lost)
        self.lost.setVisible(bool(lost))
        self.lost.setText(f" Show the {lost} that were right before and are wrong now")
        self.lost.setAccessibleName(self.lost.text().strip())
        for widget, wanted in ((self.use_new, "new"), (self.keep_old, "old")):
            set_role(widget, "primary" if found.advice == wanted else "")
        self.result.show()

    def _show_lost(self, place: int) -> None:
        if self.beside is None:
            return
        one = self.beside.test if place < 0 else self.beside.classes[place]
        if one.lost:
            name = "" if place < 0 else f" “{one.name}”"
            self._ctx.go("data", item_ids=list(one.lost), title=f"Right before and wrong now{name}")
            self.left.emit()

    def _use(self, which: int) -> None:
        if self._pair is not None:
            self.result.hide()
            self._make_current(self._pair[which])
