"""Assisted labelling in the editor: which models can, asking one, and showing its proposals as they come."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.editors.picture.document import Document, counted
from workbench.gui.editors.picture.panels import SuggestionsCard
from workbench.gui.editors.picture.proposing import proposers, proposing
from workbench.gui.workers import Job

_LOOK_EVERY = 0.7


class Assist(QObject):
    """Signals:
    ended(): the model is done, or was stopped: there may be proposals anywhere.
    failed(object): a `Problem`.
    """

    ended = Signal()
    failed = Signal(object)

    def __init__(
        self, ctx: AppContext, document: Document, card: SuggestionsCard, tell: Callable[[str, str], None]
    ) -> None:
        super().__init__(document)
        self._ctx, self._document, self._card, self._tell = ctx, document, card, tell
        self._job: Job | None = None
        self._looked = 0.0

    def find_models(self) -> None:
        """Look which models can propose for the open project."""
        project, catalog = self._ctx.store.project, self._ctx.catalog
        if project is None:
            return

        def work(_control: Control) -> list[ModelCard]:
            return proposers(project, catalog)

        def came(cards: list[ModelCard]) -> None:
            if self._ctx.store.project is project:
                self._card.show_models(cards)

        job = self._ctx.jobs.start("Looking for models that can suggest", work)
        job.succeeded.connect(came)

    def ask(self) -> None:
        """Have the chosen model propose labels for all that is not done."""
        project, card = self._ctx.store.project, self._card.card()
        if project is None or self._job is not None:
            return
        if card is None:
            self._tell(f"{self._card.hint.text()} {self._card.hint.toolTip()}".strip(), "info")
            return
        if project.read_only:
            self._tell("This project is open for reading only; nothing can be changed.", "warn")
            return
        job = self._ctx.jobs.start("Suggesting labels", proposing(project, card))
        self._job = job
        self._card.set_busy(True)
        self._tell("The model is looking at the pictures that are not done. Suggestions appear as they come.", "info")
        job.progressed.connect(self._look)
        job.succeeded.connect(self._came)
        job.failed.connect(self._failed)
        job.cancelled.connect(lambda: self._tell("Stopped; the suggestions so far stay.", "info"))
        job.ended.connect(self._ended)

    def _look(self) -> None:
        """Has anything come for the picture that is shown?"""
        now = time.monotonic()
        if now - self._looked >= _LOOK_EVERY:
            self._looked = now
            self._document.reload()

    def _came(self, count: int) -> None:
        words = f"{counted(count, 'suggestion')}. Enter goes from one to the next, R rejects; Q reviews all."
        self._tell(words if count else "The model found nothing to suggest.", "good" if count else "info")

    def _failed(self, problem: Problem) -> None:
        self.failed.emit(problem)

    def _ended(self) -> None:
        self._job = None
        self._card.set_busy(False)
        self.ended.emit()
