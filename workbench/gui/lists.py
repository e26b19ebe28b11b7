"""Lists of recommendations for everybody of the open project, into a table; asked for in Results and where models are used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QSpinBox, QWidget

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.engine.recommending import Lists
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.theme import S
from workbench.gui.widgets.basic import Banner, Card, button, label
from workbench.gui.workers import while_there
from workbench.tasks.base import CasesTask
from workbench.tasks.registry import get_task

TIP = "A table (CSV) with a list for each person of the project (batch export of the top k)"


def write_lists(ctx: AppContext, owner: QWidget, model_id: str, count: int, target: Path, banner: Banner) -> None:
    """In a job; `owner` is switched off until it has ended, and the banner says how it went."""
    project, catalog = ctx.store.require(), ctx.catalog

    def work(control: Control) -> Lists:
        from workbench.engine.recommending import lists_for_everybody

        return lists_for_everybody(project, catalog.get(model_id), target, count, control)

    def done(found: Lists) -> None:
        folder = QUrl.fromLocalFile(str(found.path.parent))
        banner.show_message(found.sentence(), "good", "Open the folder", lambda: QDesktopServices.openUrl(folder))

    def failed(error: UserError) -> None:
        banner.show_error(error)

    owner.setEnabled(False)
    job = ctx.jobs.start("Lists for everybody", work)
    banner.show_message("Making a list for everybody …", "info", "Stop", job.cancel)
    job.succeeded.connect(while_there(owner, done))
    job.failed.connect(while_there(owner, failed))
    job.cancelled.connect(while_there(owner, lambda: banner.show_message("Stopped; nothing was written.", "info")))
    job.ended.connect(while_there(owner, lambda: owner.setEnabled(True)))


def count_box(name: str) -> QSpinBox:
    """How long lists are."""
    box = QSpinBox()
    box.setObjectName(name)
    box.setRange(1, 1000)
    box.setValue(10)
    box.setAccessibleName("How many things a list has")
    box.setToolTip("How long the lists are (k)")
    return box


class ListsCard(Card):
    """Beside a recommender where models are used; hidden for other models."""

    def __init__(self, ctx: AppContext, banner: Banner, ask_path: Callable[[str], str]) -> None:
        super().__init__(spacing=S)
        self.setObjectName("use-lists")
        self._ctx, self._banner, self._ask_path = ctx, banner, ask_path
        self._model = ""
        self.body.addWidget(label("A list for everybody", "heading"))
        self.words = label("", "soft", wrap=True)
        self.words.setObjectName("use-lists-words")
        self.body.addWidget(self.words)
        line = QHBoxLayout()
        line.setSpacing(S)
        self.count = count_box("use-lists-count")
        words = label("Things in a list", "soft")
        words.setBuddy(self.count)
        self.save = button(
            "Lists for everybody …", self._save, icon_name="save", name="use-lists-save", role="primary", tip=TIP
        )
        line.addWidget(words)
        line.addWidget(self.count)
        line.addStretch(1)
        line.addWidget(self.save)
        self.body.addLayout(line)
        ctx.store.project_changed.connect(self._again)
        self.hide()

    def show_model(self, card: ModelCard) -> None:
        """What can be done with this model and the open project."""
        self._model = card.id if isinstance(get_task(card.main_task), CasesTask) else ""
        self.setVisible(bool(self._model))
        self._again()

    def _again(self) -> None:
        project = self._ctx.store.project
        people = project.interaction_counts().people if project is not None else 0
        self.save.setEnabled(bool(people))
        self.words.setText(
            f"For each of the {people:,} people of the open project: what they do not know yet, the best first, and what speaks for it."
            " Saved as a table (CSV)."
            if project is not None and people
            else "Open the project that knows who liked what: its people get the lists."
        )

    def _save(self) -> None:
        target = self._ask_path("recommendations.csv")
        if target and self._model:
            write_lists(self._ctx, self.save, self._model, self.count.value(), Path(target), self._banner)
