"""On the Use page: the forms in which a model can be taken elsewhere, each with what it is for, and what came of the last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.types import Sample, Split
from workbench.gui.context import AppContext
from workbench.gui.theme import M, S
from workbench.gui.widgets.basic import Banner, Card, IconLabel, button, clear_layout, label
from workbench.gui.workers import Job, while_there

if TYPE_CHECKING:
    from workbench.engine.export_formats.base import Exported, ModelFormat

_MOST_SAMPLES = 32


class TakeAlong(Card):
    """See the module.

    Args:
        ask_folder: asks the person for a folder, by this title; "" when they think better of it.
        may_pass_on: asks about the licence where that is needed.
        banner: where errors are said.
    """

    def __init__(
        self,
        ctx: AppContext,
        ask_folder: Callable[[str], str],
        may_pass_on: Callable[[ModelCard], bool],
        banner: Banner,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent, spacing=S)
        self._ctx, self._ask_folder, self._may_pass_on, self._banner = ctx, ask_folder, may_pass_on, banner
        self._card: ModelCard | None = None
        self._job: Job | None = None
        self._listed: tuple[ModelFormat, ...] = ()
        self._place = Path()
        self.body.addWidget(label("Take it with you", "heading"))
        words = (
            "Each carries its labels, licence and report. What computes in another way is checked beside the original on"
            " examples of the open project."
        )
        self.body.addWidget(label(words, "soft", wrap=True))
        self._forms = QVBoxLayout()
        self._forms.setSpacing(M)
        self.body.addLayout(self._forms)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setRange(0, 0)
        self.progress.setAccessibleName("Exporting")
        self.progress.hide()
        self.body.addWidget(self.progress)
        self.words = label("", "soft", wrap=True, selectable=True)
        self.words.setObjectName("export-words")
        self.body.addWidget(self.words)
        last = QHBoxLayout()
        last.setSpacing(S)
        self.stop = button("Stop", self._stop, icon_name="circle-stop", name="export-stop")
        self.show_it = button("Open the folder", self._open, icon_name="folder-open", name="export-open")
        for one in (self.stop, self.show_it):
            one.hide()
            last.addWidget(one)
        last.addStretch(1)
        self.body.addLayout(last)

    def show_model(self, card: ModelCard) -> None:
        """List the forms that suit a model."""
        if self._card is None or self._card.id != card.id:
            self._say("")
        self._card = card

        def work(_control: Control) -> Iterator[tuple[ModelFormat, ...]]:
            # What writes them is only loaded now: it takes longer than a window may wait.
            from workbench.engine.export_formats import formats_for

            yield tuple(formats_for(card))

        job = self._ctx.jobs.start_stream("Looking how it can be exported", work, quiet=True)
        job.streamed.connect(while_there(self, lambda forms: self._list(card, forms)))

    def _list(self, card: ModelCard, forms: tuple[ModelFormat, ...]) -> None:
        if self._card is None or card.id != self._card.id or forms == self._listed:
            return
        self._listed = forms
        clear_layout(self._forms)
        self.setVisible(bool(forms))
        for form in forms:
            self._forms.addLayout(self._row(form))

    def _row(self, form: ModelFormat) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(M)
        line.addWidget(IconLabel(form.icon, 20, "text_soft"), 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(label(form.title, "strong", wrap=True))
        words.addWidget(label(form.summary, "soft", wrap=True))
        line.addLayout(words, 1)
        export = button("Export …", lambda: self.export(form), name=f"export-{form.id}", tip=form.term)
        export.setAccessibleName(f"Export: {form.title}")
        line.addWidget(export, 0, Qt.AlignmentFlag.AlignVCenter)
        return line

    def export(self, form: ModelFormat) -> None:
        """Ask where to, write it there, and say how its check went."""
        card = self._card
        if card is None or not self._may_pass_on(card):
            return
        target = self._ask_folder("Choose where to put it")
        if not target:
            return
        project = self._ctx.store.project

        def work(control: Control) -> Exported:
            samples: list[Sample] = []
            if form.asks_samples and project is not None and project.task_id == card.main_task:
                items = project.split_items(Split.TEST) or project.items(project.item_ids()[:_MOST_SAMPLES])
                samples = [i.sample() for i in items[:_MOST_SAMPLES]]
            from workbench.engine.export_apart import export_apart

            return export_apart(form, card, Path(target), samples, control)

        def done(made: Exported) -> None:
            self._place = made.path if made.path.is_dir() else made.path.parent
            doubtful = made.check is not None and made.check.samples > 0 and not made.check.passed
            self._say(made.sentence())
            if doubtful:
                self._banner.show_message(made.sentence(), "warn")
            self.show_it.show()

        def failed(error: object) -> None:
            self._say("")
            self._banner.show_error(error)  # type: ignore[arg-type]

        job = self._ctx.jobs.start(f"Exporting {card.name}", work)
        self._job = job
        self._say("Exporting and checking …")
        self.progress.show()
        self.stop.show()
        job.succeeded.connect(while_there(self, done))
        job.failed.connect(while_there(self, failed))
        job.cancelled.connect(while_there(self, lambda: self._say("The export was stopped; nothing was left there.")))
        job.ended.connect(while_there(self, self._ended))

    def _ended(self) -> None:
        self._job = None
        self.progress.hide()
        self.stop.hide()

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _say(self, words: str) -> None:
        self.words.setText(words)
        self.words.setVisible(bool(words))
        self.show_it.hide()

    def _open(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._place)))
