"""Models: what pre-trained models there are, in plain words."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
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
from workbench.catalog.fit import runs_here
from workbench.control import Control
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.pages.base import Page
from workbench.gui.theme import XL, L, M, S
from workbench.gui.widgets.basic import Banner, EmptyState, button, clear_layout, label
from workbench.gui.widgets.card_view import CardView
from workbench.gui.workers import Job
from workbench.tasks.registry import all_tasks, get_task

_SIZES = (("Any size", 0), ("Up to 50 MB", 50_000_000), ("Up to 200 MB", 200_000_000), ("Up to 500 MB", 500_000_000))
_TYPING_MS = 120


class ModelsPage(Page):
    """See the module."""

    page_id = "models"

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        self.body.setSpacing(M)
        self.current: ModelCard | None = None
        self._downloads: dict[str, Job] = {}
        import psutil

        self._memory = int(psutil.virtual_memory().total)
        self.body.addWidget(label("Models", "title"))
        self.banner = Banner()
        self.body.addWidget(self.banner)
        self.body.addLayout(self._build_filters())
        self.view = CardView("Models", "model-list")
        self.view.chosen.connect(self._show)
        self.cards = self.view.cards
        none = EmptyState("search", "No model is like that", "Take a filter away, or search for something else.")
        none.add_action("Show all", self._clear, primary=True)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.view)
        self.stack.addWidget(none)
        splitter = QSplitter()
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(L)
        splitter.addWidget(self.stack)
        splitter.addWidget(self._build_detail())
        splitter.setSizes([520, 560])
        self.body.addWidget(splitter, 1)
        ctx.models_changed.connect(self._changed)
        self._fill()

    def receive(self, intent: dict[str, Any]) -> None:
        if intent.get("model_id"):
            self._clear()
            self.select(str(intent["model_id"]))

    def shown(self) -> None:
        self._changed()

    def select(self, model_id: str) -> None:
        """Show one model."""
        self.view.choose(model_id)

    # The list ------------------------------------------------------------------------------------------------------------

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
        cards = self.ctx.catalog.cards()
        self.task = _box("What it does", [("Everything", ""), *((t.info.title, t.info.id) for t in all_tasks())])
        self.size_box = _box("Size of the download", [(name, str(size)) for name, size in _SIZES])
        licences = sorted({c.licence for c in cards if c.licence})
        self.licence = _box("Licence", [("Any licence", ""), *((n, n) for n in licences)])
        languages = sorted({name for c in cards for name in c.languages})
        self.language = _box("Language", [("Any language", ""), *((n, n) for n in languages)])
        row.addWidget(self.search, 1)
        for box in (self.task, self.size_box, self.licence, self.language):
            box.currentIndexChanged.connect(lambda _i: self._fill())
            row.addWidget(box)
        second = QHBoxLayout()
        second.setSpacing(S)
        self.chips = {}
        for key, words, tip in (
            ("offline", "Works offline", "Built in or your own: no download needed"),
            ("fits", "Runs well here", "Needs less than half of this computer's memory"),
            ("mine", "Mine", "Only the models you made or imported"),
        ):
            chip = button(words, None, role="chip", tip=tip, name=f"chip-{key}")
            chip.setCheckable(True)
            chip.toggled.connect(lambda _on: self._fill())
            self.chips[key] = chip
            second.addWidget(chip)
        second.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(S)
        column.addLayout(row)
        column.addLayout(second)
        return column

    def _fill(self) -> None:
        from workbench.hub.store import is_present

        found = self.ctx.catalog.search(
            self.search.text(),
            self.task.currentData() or "",
            self.licence.currentData() or "",
            self.language.currentData() or "",
            int(self.size_box.currentData() or 0),
            (lambda card: is_present(card, self.ctx.paths)) if self.chips["offline"].isChecked() else None,
            self._memory // 2 if self.chips["fits"].isChecked() else 0,
            True if self.chips["mine"].isChecked() else None,
        )
        wanted = self.current.id if self.current is not None else ""
        self.cards.show_cards(found)
        self.stack.setCurrentIndex(0 if found else 1)
        if found:
            self.view.choose(wanted, otherwise_first=True)
        else:
            self._show(None)

    def _clear(self) -> None:
        for box in (self.task, self.size_box, self.licence, self.language):
            box.setCurrentIndex(0)
        for chip in self.chips.values():
            chip.setChecked(False)
        self.search.clear()
        self._fill()

    def _changed(self) -> None:
        """Models came or went: the list and the detail follow."""
        self.ctx.catalog.refresh()
        self._fill()

    # The detail ------------------------------------------------------------------------------------------------------------

    def _build_detail(self) -> QWidget:
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setMinimumWidth(380)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        page = QWidget()
        page.setProperty("role", "page")
        self._detail = QVBoxLayout(page)
        self._detail.setContentsMargins(S, 0, XL, 0)
        self._detail.setSpacing(S)
        scroll.setWidget(page)
        return scroll

    def _show(self, card: ModelCard | None) -> None:
        from workbench.hub.store import is_present

        self.current = card
        clear_layout(self._detail)
        if card is None:
            return
        here = is_present(card, self.ctx.paths)
        name = label(card.name, "title", wrap=True)
        name.setObjectName("model-name")
        self._detail.addWidget(name)
        badges = QHBoxLayout()
        badges.setSpacing(S)
        for task_id in card.tasks:
            badges.addWidget(label(get_task(task_id).info.title, "badge"))
        badges.addWidget(label("on this computer" if here else "not downloaded yet", "badge-good" if here else "badge"))
        fit = runs_here(card, self._memory)
        badges.addWidget(
            label("runs here" if fit.ok else "too large for this computer", "badge-good" if fit.ok else "badge-warn")
        )
        badges.addStretch(1)
        self._detail.addLayout(badges)
        self._detail.addSpacing(S)
        self._detail.addLayout(self._actions(card, here))
        self._detail.addSpacing(M)
        classes = self.ctx.catalog.label_names(card)
        for heading, text in (
            ("What it does", card.summary),
            ("What it was trained on", card.trained_on),
            ("What it is good at", card.strengths),
            ("Known limits", card.limits),
            (
                "Its classes",
                f"{', '.join(classes[:12])}{f' and {len(classes) - 12:,} more' if len(classes) > 12 else ''}",
            ),
            ("On this computer", fit.sentence),
            ("Languages", ", ".join(card.languages)),
        ):
            if text:
                self._detail.addWidget(label(heading, "strong"))
                words = label(text, "soft", wrap=True, selectable=True)
                self._detail.addWidget(words)
        size = label(f"{card.parameters / 1e6:,.1f} million weights, {card.source.size / 1e6:,.0f} MB", "soft")
        size.setToolTip(f"{card.parameters:,} parameters, architecture {card.arch}, family {card.family}")
        self._detail.addWidget(label("Size", "strong"))
        self._detail.addWidget(size)
        self._detail.addWidget(label("Licence", "strong"))
        links = QHBoxLayout()
        links.addWidget(label(card.licence or "not known", "soft"))
        for text, address in (("Read the licence", card.licence_url), ("Read the paper", card.paper)):
            if address:
                link = button(text, partial(_open, address), role="quiet", icon_name="external-link")
                link.setToolTip(f"Opens {address} in the browser")
                links.addWidget(link)
        links.addStretch(1)
        self._detail.addLayout(links)
        self._detail.addStretch(1)

    def _actions(self, card: ModelCard, here: bool) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(S)
        if card.id in self._downloads:
            bar = QProgressBar()
            bar.setTextVisible(False)
            bar.setRange(0, 1000)
            job = self._downloads[card.id]
            job.progressed.connect(lambda fraction, _text: bar.setValue(round(max(0.0, fraction) * 1000)))
            row.addWidget(bar, 1)
            row.addWidget(button("Stop", job.cancel, icon_name="x"))
            return row
        if here:
            trying = button(
                "Try it",
                lambda: self.ctx.go("try", model_id=card.id),
                role="primary",
                icon_name="flask-conical",
                name="model-try",
            )
            row.addWidget(trying)
            if card.trainable_for:
                row.addWidget(
                    button("Train with it", lambda: self._train(card), icon_name="graduation-cap", name="model-train")
                )
            if card.is_own or card.source.kind in ("torchvision", "huggingface"):
                row.addWidget(button("Delete …", lambda: self._delete(card), role="danger", icon_name="trash-2"))
        else:
            words = f"Download ({card.source.size / 1e6:,.0f} MB)"
            row.addWidget(
                button(words, lambda: self._download(card), role="primary", icon_name="download", name="model-download")
            )
        row.addStretch(1)
        return row

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
            nouns = get_task(project.task_id).info.nouns
            self.banner.show_message(f"The open project holds {nouns}; this model does not learn from {nouns}.", "warn")
        else:
            self.ctx.go("train", model_id=card.id)

    def _download(self, card: ModelCard) -> None:
        def work(control: Control) -> object:
            from workbench.hub.store import download

            return download(card, control)

        def over() -> None:
            self._downloads.pop(card.id, None)
            self.ctx.models_changed.emit()

        def failed(problem: Problem) -> None:
            self.banner.show_error(problem)

        job = self.ctx.jobs.start(f"Downloading {card.name}", work)
        self._downloads[card.id] = job
        job.failed.connect(failed)
        job.ended.connect(over)
        self._show(card)

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


def _open(address: str) -> None:
    QDesktopServices.openUrl(QUrl(address))


def _box(name: str, entries: list[tuple[str, str]]) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    box.setToolTip(name)
    for words, data in entries:
        box.addItem(words, data)
    return box
