"""Models: what pre-trained models there are, in plain words; finding, fetching and opening them."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QMessageBox,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from workbench.catalog.card import ModelCard
from workbench.catalog.fit import Fit, runs_here
from workbench.catalog.licences import terms
from workbench.control import Control
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.pages.base import Page
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import Banner, EmptyState, button, label
from workbench.gui.widgets.card_view import CardView
from workbench.gui.widgets.model_detail import ModelDetail
from workbench.gui.widgets.task_picker import TaskPicker
from workbench.gui.workers import Job
from workbench.tasks.registry import get_task

_SIZES = (
    ("Any size", 0), ("Up to 50 MB", 50_000_000), ("Up to 200 MB", 200_000_000), ("Up to 500 MB", 500_000_000),
    ("Up to 2 GB", 2_000_000_000),
)  # fmt: skip
_TYPING_MS = 60
_DETAIL_MS = 120


class ModelsPage(Page):
    """See the module."""

    page_id = "models"

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        self.body.setSpacing(M)
        self.current: ModelCard | None = None
        self._online: list[ModelCard] | None = None
        self._search_job: Job | None = None
        self._machine: Any = None
        self._here: dict[str, bool] = {}
        import psutil

        self._memory = int(psutil.virtual_memory().total)
        self.body.addLayout(self._build_top())
        self.banner = Banner()
        self.body.addWidget(self.banner)
        self.body.addLayout(self._build_filters())
        # From the outside in, each with its parent: what is put into another later, is styled anew with all that is in it.
        splitter = QSplitter(self)
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(L)
        self.body.addWidget(splitter, 1)
        self.stack = QStackedWidget(splitter)
        self.view = CardView("Models", "model-list", self.stack)
        self.view.chosen.connect(self._chosen)
        self.cards = self.view.cards
        none = EmptyState(
            "search", "No model is like that", "Take a filter away, or search the Hugging Face hub.", self.stack
        )
        none.add_action("Show all", self._clear, primary=True)
        none.add_action("Search online", self._search_online, icon_name="globe")
        self.stack.addWidget(self.view)
        self.stack.addWidget(none)
        self.detail = ModelDetail(ctx, self._fit, splitter)
        self.detail.download.connect(self._download)
        self.detail.train.connect(self._train)
        self.detail.delete.connect(self._delete)
        self.detail.built.connect(self._show_built)
        self.detail.measure.connect(self._measure)
        splitter.setSizes([520, 560])
        # The detail follows the arrow keys when they pause: building it for every card passed would stutter.
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_DETAIL_MS)
        self._later.timeout.connect(lambda: self.detail.show_card(self.current))
        ctx.models_changed.connect(lambda: self._changed() if self.in_front else ctx.catalog.refresh())
        ctx.downloads.failed.connect(self._failed)

    def receive(self, intent: dict[str, Any]) -> None:
        if intent.get("model_id"):
            self._clear()
            self.select(str(intent["model_id"]))

    def shown(self) -> None:
        from workbench.engine.machine import known

        self._machine = self._machine or known("cpu", self.ctx.paths)
        self._changed()

    def accept_drop(self, paths: list[str]) -> bool:
        """A model's file or folder dropped here is opened."""
        self.open_own(paths[0])
        return True

    def select(self, model_id: str) -> None:
        """Show one model."""
        self.view.choose(model_id)
        self.detail.show_card(self.current)

    # The list ------------------------------------------------------------------------------------------------------------

    def _build_top(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(S)
        row.addWidget(label("Models", "title"))
        row.addStretch(1)
        self.more = button(
            "Add …", None, icon_name="plus", name="models-add", tip="Open a model of your own, or connect one"
        )
        menu = QMenu(self.more)
        menu.addAction("Open a model file …", self._choose_file).setObjectName("open-file")
        menu.addAction("Open a model folder …", self._choose_folder).setObjectName("open-folder")
        menu.addAction("Connect an online model …", self._connect).setObjectName("connect-online")
        self.more.setMenu(menu)
        row.addWidget(self.more)
        row.addWidget(button("Search online", self._search_online, icon_name="globe", name="search-online",
                             tip="Search the Hugging Face hub with what is typed and chosen below (uses the internet)"))  # fmt: skip
        row.addWidget(button("Find me a model …", self._find, role="primary", icon_name="sparkles", name="find-model",
                             tip="Three questions lead to three suggestions"))  # fmt: skip
        return row

    def _build_filters(self) -> QVBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(S)
        self.search = QLineEdit()
        self.search.setObjectName("model-search")
        self.search.setPlaceholderText("Search models")
        self.search.setAccessibleName("Search models")
        self.search.setClearButtonEnabled(True)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self._fill)
        self.search.textChanged.connect(lambda _text: self._typing.start())
        self.search.returnPressed.connect(self._fill)
        cards = self.ctx.catalog.cards()
        self.task = TaskPicker("Everything")
        self.task.setObjectName("model-task")
        self.task.currentIndexChanged.connect(lambda _i: self._fill())
        self.size_box = _box("Size of the download", [(name, str(size)) for name, size in _SIZES])
        licences = sorted({c.licence for c in cards if c.licence})
        self.licence = _box("Licence", [("Any licence", ""), *((n, n) for n in licences)])
        languages = sorted({name for c in cards for name in c.languages})
        self.language = _box("Language", [("Any language", ""), *((n, n) for n in languages)])
        row.addWidget(self.search, 1)
        row.addWidget(self.task)
        for box in (self.size_box, self.licence, self.language):
            box.setMaximumWidth(160)
            box.currentIndexChanged.connect(lambda _i: self._fill())
            row.addWidget(box)
        second = QHBoxLayout()
        second.setSpacing(S)
        self.chips = {}
        for key, words, tip in (
            ("offline", "On this computer", "Built in, downloaded or your own: works without internet"),
            ("fits", "Runs well here", "Needs less than half of this computer's memory"),
            ("teach", "Can be taught", "Models you can train with your own examples (fine-tuning)"),
            ("business", "Business use allowed", "Licences that let you use the model commercially without conditions"),
            ("mine", "Mine", "Only the models you made, opened or connected"),
        ):
            chip = button(words, None, role="chip", tip=tip, name=f"chip-{key}")
            chip.setCheckable(True)
            chip.toggled.connect(lambda _on: self._fill())
            self.chips[key] = chip
            second.addWidget(chip)
        second.addStretch(1)
        self.count = label("", "faint")
        self.count.setObjectName("model-count")
        second.addWidget(self.count)
        column = QVBoxLayout()
        column.setSpacing(S)
        column.addLayout(row)
        column.addLayout(second)
        return column

    def found(self) -> list[ModelCard]:
        """The cards that meet what is typed and chosen."""
        if self._online is not None:
            return self._online
        task = self.task.task
        checked = {key: chip.isChecked() for key, chip in self.chips.items()}
        cards = self.ctx.catalog.search(
            self.search.text(),
            task.info.id if task is not None else "",
            self.licence.currentData() or "",
            self.language.currentData() or "",
            int(self.size_box.currentData() or 0),
            self._is_here if checked["offline"] else None,
            self._memory // 2 if checked["fits"] else 0,
            True if checked["mine"] else None,
        )
        if checked["teach"]:
            cards = [c for c in cards if c.trainable_for]
        if checked["business"]:
            cards = [c for c in cards if terms(c).commercial == "yes"]
        return cards

    def _is_here(self, card: ModelCard) -> bool:
        """On this computer; looked up once per card until models come or go."""
        if card.id not in self._here:
            self._here[card.id] = not card.is_remote and self.ctx.is_here(card)
        return self._here[card.id]

    def _fill(self) -> None:
        self._typing.stop()
        self._online = None
        self._show_list(self.found())

    def _show_list(self, found: list[ModelCard]) -> None:
        wanted = self.current.id if self.current is not None else ""
        self.cards.show_cards(found)
        self.stack.setCurrentIndex(0 if found else 1)
        noun = "model" if len(found) == 1 else "models"
        self.count.setText(f"{len(found):,} {noun}{' online' if self._online is not None else ''}")
        if found:
            self.view.choose(wanted, otherwise_first=True)
        else:
            self._chosen(None)

    def _clear(self) -> None:
        self.task.setCurrentIndex(0)
        for box in (self.size_box, self.licence, self.language):
            box.setCurrentIndex(0)
        for chip in self.chips.values():
            chip.setChecked(False)
        self.search.clear()
        self._fill()

    def _changed(self) -> None:
        """Models came or went: the list and the detail follow."""
        self.ctx.catalog.refresh()
        self._here.clear()
        shown = self.detail.card
        if self._online is None:
            self._show_list(self.found())
        # Where none was shown, the list has just shown its own.
        if shown is not None or self.detail.card is None:
            self.detail.show_card(self.current)

    def _chosen(self, card: ModelCard | None) -> None:
        self.current = card
        if card is None or self.detail.card is None:
            self.detail.show_card(card)
        else:
            self._later.start()

    def _fit(self, card: ModelCard) -> Fit:
        return runs_here(card, self._memory, self._machine)

    # Online ----------------------------------------------------------------------------------------------------------------

    def _search_online(self) -> None:
        """Ask the hub; the answers stand in the list until something else is searched."""
        self._typing.stop()
        text = self.search.text()
        task = self.task.task
        licence = str(self.licence.currentData() or "")
        size = int(self.size_box.currentData() or 0)
        if self._search_job is not None:
            self._search_job.cancel()

        def work(control: Control) -> list[ModelCard]:
            from workbench.hub.live import search_hub

            return search_hub(text, task.info.id if task is not None else "", licence, max_bytes=size, control=control)

        def came(found: list[ModelCard]) -> None:
            self._online = found
            self._show_list(found)
            self.banner.show_message(
                f"{len(found)} models of the Hugging Face hub, the most downloaded first. Nobody checked them for this app.",
                "info",
                "Back to the catalogue",
                self._back,
            )

        self.banner.show_message("Searching the Hugging Face hub …", "info")
        job = self.ctx.jobs.start("Searching online", work)
        self._search_job = job
        job.succeeded.connect(came)
        job.failed.connect(self.banner.show_error)

    def _back(self) -> None:
        self.banner.hide()
        self._fill()

    # Doing something with a model ------------------------------------------------------------------------------------------

    def _train(self, card: ModelCard) -> None:
        project = self.ctx.store.project
        if project is None:
            self.banner.show_message(
                "Open a project first: the model learns from its examples.",
                "info",
                "Go Home",
                lambda: self.ctx.go("home"),
            )
        elif project.task_id not in card.trainable_for:
            learns = get_task(card.trainable_for[0]).info.title
            self.banner.show_message(
                f"The open project is of the kind “{get_task(project.task_id).info.title}”; this model learns “{learns}”.",
                "warn",
            )
        else:
            self.ctx.go("train", model_id=card.id)

    def _download(self, card: ModelCard) -> None:
        """Fetch it; of a model found online the whole card is asked for first."""
        if not card.id.startswith("hub:"):
            self.ctx.downloads.add(card)
            self.detail.show_card(card)
            return

        def work(control: Control) -> ModelCard:
            from workbench.hub.live import complete

            return complete(card, control)

        def known(whole: ModelCard) -> None:
            self.ctx.catalog.remember(whole)
            self.current = whole
            self.ctx.downloads.add(whole)
            self.detail.show_card(whole)

        job = self.ctx.jobs.start(f"Looking at {card.name}", work)
        job.succeeded.connect(known)
        job.failed.connect(self.banner.show_error)

    def _failed(self, model_id: str) -> None:
        entry = self.ctx.downloads.entry(model_id)
        if entry is None or entry.problem is None:
            return
        if entry.asks_pickle:
            self._ask_pickle(model_id, entry.problem)
        else:
            self.banner.show_error(entry.problem)

    def _ask_pickle(self, model_id: str, problem: Problem) -> None:
        if not self.isVisible():
            return
        question = f"{problem.message}\n\n{problem.hint}\n\nDownload it all the same?"
        card = (
            self.current if self.current is not None and self.current.id == model_id else self.ctx.catalog.get(model_id)
        )
        self.ctx.downloads.cancel(model_id)
        if QMessageBox.question(self, "An old file format", question) == QMessageBox.StandardButton.Yes:
            self.ctx.downloads.add(card, allow_pickle=True)

    def _delete(self, card: ModelCard) -> None:
        question = (
            f"Delete “{card.name}”? This cannot be undone."
            if card.is_own
            else f"Delete the download of “{card.name}”? It can be downloaded again."
        )
        if QMessageBox.question(self, "Delete", question) != QMessageBox.StandardButton.Yes:
            return

        def work(_control: Control) -> None:
            from workbench.engine.pool import shared_pool
            from workbench.hub.store import delete

            shared_pool().release(card.id)
            if card.is_own:
                self.ctx.catalog.remove_own(card.id)
            else:
                delete(card)

        job = self.ctx.jobs.start(f"Deleting {card.name}", work)
        job.succeeded.connect(lambda _none: self.ctx.models_changed.emit())
        job.failed.connect(self.banner.show_error)

    def _measure(self) -> None:
        """How quick is this computer? Once; then every card says its expected time."""

        def work(control: Control) -> Any:
            from workbench.engine.machine import known_or_measured

            return known_or_measured("cpu", control, self.ctx.paths)

        def came(machine: Any) -> None:
            self._machine = machine
            self.detail.show_card(self.current)

        job = self.ctx.jobs.start("Measuring this computer", work)
        job.succeeded.connect(came)
        job.failed.connect(self.banner.show_error)

    def _show_built(self, card: ModelCard) -> None:
        from workbench.gui.widgets.architecture_dialog import ArchitectureDialog

        ArchitectureDialog(self.ctx, card, self).open()

    # Finding, opening, connecting --------------------------------------------------------------------------------------------

    def _find(self) -> None:
        from workbench.gui.widgets.find_dialog import FindDialog

        dialog = FindDialog(self.ctx, self._memory, self)
        dialog.chosen.connect(self._show_found)
        dialog.open()

    def _show_found(self, model_id: str) -> None:
        self._clear()
        self.select(model_id)
        self.detail.show_card(self.current)

    def _choose_file(self) -> None:
        kinds = "Models (*.safetensors *.pt *.pth *.bin *.ckpt *.onnx *.tflite *.cfg *.weights *.pb);;All files (*)"
        file, _ = QFileDialog.getOpenFileName(self, "Open a model file", "", kinds)
        if file:
            self.open_own(file)

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Open a model folder")
        if folder:
            self.open_own(folder)

    def open_own(self, path: str) -> None:
        """Recognise a file or folder, ask what is missing, and make it one of the person's models."""
        from workbench.gui.widgets.adopt_dialog import open_model_of_ones_own

        open_model_of_ones_own(self.ctx, path, self.banner, self, self._adopted)

    def _adopted(self, model_id: str) -> None:
        self.ctx.models_changed.emit()
        self._show_found(model_id)
        self.banner.show_message("The model is opened and stands among yours.", "good")

    def _connect(self) -> None:
        from workbench.gui.widgets.endpoint_dialog import EndpointDialog

        dialog = EndpointDialog(self.ctx, self)
        dialog.connected.connect(self._adopted)
        dialog.open()


def _box(name: str, entries: list[tuple[str, str]]) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    box.setToolTip(name)
    for words, data in entries:
        box.addItem(words, data)
    return box
