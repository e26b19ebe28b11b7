"""Use: the person's own models: try, run on a folder, export, import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QLineEdit,
    QMessageBox,
    QProgressBar,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.engine.bulk import BulkResult
from workbench.engine.familiar import sentence_of
from workbench.errors import UserError
from workbench.gui.at_work.card import AtWorkCard
from workbench.gui.context import AppContext
from workbench.gui.lists import ListsCard
from workbench.gui.pages.base import Page
from workbench.gui.serving.serve_dialog import ServeDialog
from workbench.gui.serving.watch_dialog import WatchDialog
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import Banner, Card, DropZone, EmptyState, button, clear_layout, label, local_paths
from workbench.gui.widgets.card_view import CardView
from workbench.gui.widgets.drift_dialog import DriftDialog
from workbench.gui.widgets.take_along import TakeAlong
from workbench.tasks.registry import get_task


class UsePage(Page):
    """See the module."""

    page_id = "use"

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        self.body.setSpacing(M)
        self.current: ModelCard | None = None
        # Made when they are first wanted; they go on while they are closed.
        self.serving: ServeDialog | None = None
        self.watching: WatchDialog | None = None
        top = QHBoxLayout()
        top.addWidget(label("Use your models", "title"), 1)
        top.addWidget(button("Use from other programs …", self._serve, icon_name="share-2", name="use-serve",
                             tip="A local server your own programs ask (HTTP, OpenAI-compatible)"))  # fmt: skip
        top.addWidget(button("Watch a folder …", self._watch_folder, icon_name="eye", name="use-watch-folder",
                             tip="New files are answered by a model, and sorted, tagged or noted"))  # fmt: skip
        top.addWidget(button("Import a model …", self._choose_import, icon_name="folder-input", name="import-model",
                             tip="A model folder exported on another computer"))  # fmt: skip
        self.body.addLayout(top)
        self.banner = Banner()
        self.body.addWidget(self.banner)
        # From the outside in, each with its parent: what is put into another later, is styled anew with all that is in it.
        self.stack = QStackedWidget(self)
        self.body.addWidget(self.stack, 1)
        self.empty = EmptyState(
            "rocket",
            "You have no model of your own yet",
            "Train one on your examples, or import a model folder from another computer.",
            self.stack,
        )
        self.stack.addWidget(self.empty)
        self.empty.add_action("Go to training", lambda: ctx.go("train"), primary=True, icon_name="graduation-cap")
        splitter = QSplitter(self.stack)
        self.stack.addWidget(splitter)
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(L)
        self.view = CardView("Your models", "own-models", splitter)
        self.view.chosen.connect(self._chosen)
        self.cards = self.view.cards
        self._build_detail(splitter)
        splitter.setSizes([380, 700])
        ctx.models_changed.connect(lambda: self._fill() if self.in_front else ctx.catalog.refresh())
        self._fill()

    def shown(self) -> None:
        self._fill()

    def receive(self, intent: dict[str, Any]) -> None:
        self.view.choose(str(intent.get("model_id", "")))

    def accept_drop(self, paths: list[str]) -> bool:
        """A model folder is imported; anything else is run through the chosen model."""
        if len(paths) == 1 and (Path(paths[0]) / "card.json").is_file():
            self.import_model(paths[0])
        elif self.current is not None:
            self.run_on(paths)
        else:
            return False
        return True

    # The list ------------------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        wanted = self.current.id if self.current is not None else ""
        self.ctx.catalog.refresh()
        own = self.ctx.catalog.own()
        self.cards.show_cards(own)
        self.stack.setCurrentIndex(1 if own else 0)
        if own:
            self.view.choose(wanted, otherwise_first=True)
        else:
            self.current = None
        for problem in self.ctx.catalog.problems():
            self.banner.show_error(problem)

    def _chosen(self, card: ModelCard | None) -> None:
        self.current = card
        clear_layout(self._about)
        if card is None:
            return
        task = get_task(card.main_task)
        self._about.addWidget(label(card.name, "heading", wrap=True))
        m = card.metrics
        if m.get("n"):
            words = str(m.get("words") or f"{m.get('metric', 'accuracy')}: {m.get('score', m.get('accuracy', 0)):.0%}")
            self._about.addWidget(label(words, "strong", wrap=True))
        for text in (
            card.summary,
            *filter(None, [sentence_of(card.metrics, card.main_task)]),
            card.trained_on,
            f"Made {card.created[:16].replace('T', ' ')}.",
        ):
            self._about.addWidget(label(text, "soft", wrap=True))
        self.drop.heading.setText(f"Run it on many {task.info.nouns}")
        self.drop.text.setText(
            task.info.many
            or f"Drop a folder or files here{' or a table' if task.info.media == 'text' else ''}; the answers are saved as a table (CSV)."
        )
        self.limits.setText(card.limits)
        self.lists.show_model(card)
        self.changed.setVisible("unlike_rate" in card.metrics)
        self.at_work.show_model(card)
        self.take.show_model(card)

    def _build_detail(self, splitter: QSplitter) -> None:
        scroll = QScrollArea(splitter)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        page = QWidget()
        page.setProperty("role", "page")
        scroll.setWidget(page)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, S, 0)
        column.setSpacing(M)
        about = Card(spacing=S)
        column.addWidget(about)
        self._about = QVBoxLayout()
        about.body.addLayout(self._about)
        actions = QHBoxLayout()
        actions.setSpacing(S)
        for words, icon_name, slot, name, role in (
            ("Try it", "flask-conical", self._try, "use-try", "primary"),
            ("Train further", "graduation-cap", self._train, "use-train", ""),
            ("Rename …", "pencil", self._rename, "use-rename", ""),
            ("Delete …", "trash-2", self._delete, "use-delete", "danger"),
        ):
            actions.addWidget(button(words, slot, icon_name=icon_name, name=name, role=role))
        actions.addStretch(1)
        about.body.addLayout(actions)
        self.drop = DropZone("Run it on many", "", "play")
        self.drop.setObjectName("use-drop")
        self.drop.dropped.connect(lambda mime: self.run_on(local_paths(mime)))
        self.drop.clicked.connect(self._choose_input)
        self.lists = ListsCard(self.ctx, self.banner, lambda suggestion: self.ask_save_path(suggestion))
        column.addWidget(self.lists)
        column.addWidget(self.drop)
        self.changed = button("Has my data changed? …", self._look_for_drift, icon_name="git-compare", name="use-drift",
                              tip="Compare items of now with those the model was taught with (drift)")  # fmt: skip
        column.addWidget(self.changed, 0, Qt.AlignmentFlag.AlignLeft)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.hide()
        column.addWidget(self.progress)
        self.at_work = AtWorkCard(self.ctx)
        column.addWidget(self.at_work)
        self.take = TakeAlong(self.ctx, lambda title: self.ask_folder(title), self._may_pass_on, self.banner)
        self.export_words = self.take.words
        column.addWidget(self.take)
        column.addWidget(label("What to keep in mind", "strong"))
        self.limits = label("", "soft", wrap=True)
        column.addWidget(self.limits)
        column.addStretch(1)

    # Running -------------------------------------------------------------------------------------------------------------

    def run_on(self, paths: list[str]) -> None:
        """Predict files, folders or a table, and save the answers."""
        card = self.current
        if card is None or not paths:
            return
        target = self.ask_save_path(f"{Path(paths[0]).stem} answers.csv")
        if not target:
            return
        self.progress.setRange(0, 0)
        self.progress.show()

        def work(control: Control) -> BulkResult:
            from workbench.engine.bulk import run_to_csv

            return run_to_csv(card, paths, Path(target), control, source="use")

        def done(result: BulkResult) -> None:
            folder = QUrl.fromLocalFile(str(result.path.parent))
            kind = "warn" if result.problems else "good"
            self.banner.show_message(
                result.sentence(), kind, "Open the folder", lambda: QDesktopServices.openUrl(folder)
            )

        job = self.ctx.jobs.start(f"Running {card.name}", work)
        job.progressed.connect(self._progressed)
        job.succeeded.connect(done)
        job.failed.connect(self.banner.show_error)
        job.ended.connect(self.progress.hide)

    def _look_for_drift(self) -> None:
        if self.current is not None:
            dialog = DriftDialog(self.ctx, self.current, self)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.open()

    def _progressed(self, fraction: float, _text: str) -> None:
        self.progress.setRange(0, 0 if fraction < 0 else 1000)
        self.progress.setValue(round(fraction * 1000))

    def ask_save_path(self, suggestion: str) -> str:
        """Where the answers go; asked of the person."""
        file, _ = QFileDialog.getSaveFileName(self, "Save the answers", suggestion, "Table (*.csv)")
        return file

    def ask_folder(self, title: str) -> str:
        """A folder; asked of the person."""
        return QFileDialog.getExistingDirectory(self, title)

    def _choose_input(self) -> None:
        folder = self.ask_folder("Choose a folder to run the model on")
        if folder:
            self.run_on([folder])

    # Taking along ----------------------------------------------------------------------------------------------------------

    def _may_pass_on(self, card: ModelCard) -> bool:
        """Licences that bind are asked about again before a model leaves the app."""
        from workbench.catalog.licences import question_before_export

        question = question_before_export(card)
        yes = QMessageBox.StandardButton.Yes
        return not question or QMessageBox.question(self, "The licence", question) == yes

    def _choose_import(self) -> None:
        folder = self.ask_folder("Choose an exported model folder")
        if folder:
            self.import_model(folder)

    def import_model(self, folder: str) -> None:
        """Take a model folder in."""

        def work(control: Control) -> ModelCard:
            from workbench.engine.export import import_folder

            return import_folder(Path(folder), self.ctx.catalog, control)

        def done(card: ModelCard) -> None:
            self.current = card
            self.ctx.models_changed.emit()
            self.banner.show_message(f"“{card.name}” is imported.", "good")

        job = self.ctx.jobs.start("Importing a model", work)
        job.succeeded.connect(done)
        job.failed.connect(self.banner.show_error)

    # Without the window --------------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        if self.serving is None:
            self.serving = ServeDialog(self.ctx, self)
        else:
            self.serving.refresh()
        self.serving.choose(self.current)
        self._bring(self.serving)

    def _watch_folder(self) -> None:
        if self.watching is None:
            self.watching = WatchDialog(self.ctx, self)
        else:
            self.watching.refresh()
        self.watching.choose(self.current)
        self._bring(self.watching)

    def _bring(self, dialog: QDialog) -> None:
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    # Small things ------------------------------------------------------------------------------------------------------------

    def _try(self) -> None:
        if self.current is not None:
            self.ctx.go("try", model_id=self.current.id)

    def _train(self) -> None:
        project, card = self.ctx.store.project, self.current
        if card is None:
            return
        if project is None or project.task_id not in card.trainable_for:
            self.banner.show_message(
                "Open a project with examples of the same kind first.", "info", "Go Home", lambda: self.ctx.go("home")
            )
        else:
            self.ctx.go("train", model_id=card.id)

    def _rename(self) -> None:
        card = self.current
        if card is None:
            return
        name, ok = QInputDialog.getText(self, "Rename", "New name", QLineEdit.EchoMode.Normal, card.name)
        if ok and name.strip():
            try:
                self.ctx.catalog.rename_own(card.id, name)
            except UserError as error:
                self.banner.show_error(error)
            self.ctx.models_changed.emit()

    def _delete(self) -> None:
        card = self.current
        if card is None:
            return
        question = f"Delete “{card.name}”? This cannot be undone."
        if QMessageBox.question(self, "Delete", question) != QMessageBox.StandardButton.Yes:
            return

        def work(_control: Control) -> None:
            from workbench.engine.pool import shared_pool

            shared_pool().release(card.id)
            self.ctx.catalog.remove_own(card.id)

        job = self.ctx.jobs.start(f"Deleting {card.name}", work)
        job.succeeded.connect(lambda _none: self.ctx.models_changed.emit())
        job.failed.connect(self.banner.show_error)
