"""The Data page where labels are on pieces of items: suggestions by a model, and the words for what is done."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.editors.picture.document import counted
from workbench.gui.editors.picture.proposing import Taken, accepting, proposers, proposing
from workbench.gui.widgets.basic import Banner
from workbench.tasks.registry import get_task

SURE = 0.95


def _no_model() -> UserError:
    return UserError(
        "No model can suggest these labels yet.",
        "Train one on what you have labelled, or download one that knows such things on the Models page.",
    )


class Marks(QObject):
    """What the page hands over to when its project has an editor."""

    def __init__(self, ctx: AppContext, banner: Banner, review: Callable[[], None], parent: QObject) -> None:
        """`review`: opens the editor at the suggestions, the least certain first."""
        super().__init__(parent)
        self._ctx, self._banner, self._review = ctx, banner, review

    def suggest(self) -> None:
        """Have the best model there is propose labels for everything that is not done."""
        project, catalog = self._ctx.store.require(), self._ctx.catalog

        def work(control: Control) -> tuple[ModelCard, int]:
            cards = proposers(project, catalog)
            if cards:
                return cards[0], proposing(project, cards[0])(control)
            from workbench.engine.suggest import propose_from_labels, proposes_from_labels

            if not proposes_from_labels(project):
                raise _no_model()
            card, _why = catalog.suggest(project.task_id, to_teach=True)
            return card, propose_from_labels(project, card, control)

        job = self._ctx.jobs.start("Suggesting labels", work)
        job.succeeded.connect(self._came)
        job.failed.connect(self._banner.show_error)
        job.ended.connect(self._refresh)
        self._banner.show_message("The model is looking at what is not done …")

    def accept_sure(self) -> None:
        """Accept every suggestion the model is surer of than `SURE`."""
        project = self._ctx.store.require()

        def took(taken: Taken) -> None:
            before, after, count = taken
            if after and self._ctx.store.project is project:
                self._ctx.store.annotated(before, after, f"accept {counted(count, 'suggestion')}")
            noun = get_task(project.task_id).info.noun
            rest = f" in {counted(len(after), noun)}. Ctrl+Z takes them back." if count else ": none is so certain."
            self._banner.show_message(f"{counted(count, 'suggestion')} accepted{rest}", "good" if count else "info")

        job = self._ctx.jobs.start("Accepting suggestions", accepting(project, SURE))
        job.succeeded.connect(took)
        job.failed.connect(self._banner.show_error)

    def _came(self, found: tuple[ModelCard, int]) -> None:
        card, count = found
        if not count:
            self._banner.show_message(f"“{card.name}” found nothing to suggest.", "info")
            return
        self._banner.show_message(
            f"{counted(count, 'suggestion')} by “{card.name}”. Look at them one by one, the least certain first.", "good",
            "Review", self._review, f"Accept all above {SURE:.0%}", self.accept_sure,
        )  # fmt: skip

    def _refresh(self) -> None:
        project = self._ctx.store.project
        if project is not None:
            self._ctx.store.labels_changed.emit(project.item_ids())
