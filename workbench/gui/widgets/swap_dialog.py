"""Swap names and pronouns in the project's texts, and see whether the model answers differently."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QPlainTextEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.control import Control
from workbench.data.swapping import SwapSet, language_of, languages, parse_pairs, swap_sets
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import Banner, button, headed, label, row
from workbench.gui.workers import Job, while_there
from workbench.tasks.registry import get_task
from workbench.trust.swaps import SwapPair, SwapResult

_SHOWN, _LOOKED_AT = 50, 200
_COLUMNS = ("Text", "With the words swapped", "Answer", "Then")


class SwapDialog(QDialog):
    """See the module. `model_id` names the model that is asked."""

    def __init__(self, ctx: AppContext, model_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Swap names and pronouns")
        self.resize(900, 680)
        self._ctx, self._model_id = ctx, model_id
        self._job: Job | None = None
        self.result_: SwapResult | None = None
        # English first; the one of the texts is chosen as soon as they were looked at.
        self._sets = [s for language in sorted(languages(), key=_english_first) for s in swap_sets(language).values()]
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        headed(
            column,
            "Does it answer differently when Anna becomes Peter?",
            "The words are swapped in the project's own texts, and the model answers each text twice. What a text is"
            " about rarely depends on such words; look at the texts before you judge.",
        )
        self.banner = Banner(closable=False)
        column.addWidget(self.banner)
        self.which = QComboBox()
        self.which.setObjectName("swap-words")
        self.which.setAccessibleName("Which words")
        for words in self._sets:
            self.which.addItem(words.title)
        self.which.currentIndexChanged.connect(lambda _i: self._show_words())
        self.edit = button("Edit the words …", self._toggle, role="quiet", icon_name="pencil", name="swap-edit")
        self.go = button("Swap and compare", self._start, role="primary", icon_name="play", name="swap-go")
        self.stop = button("Stop", self._stop, icon_name="circle-stop", name="swap-stop")
        self.stop.hide()
        column.addLayout(row(self.which, self.edit, 1, self.stop, self.go))
        self.words = QPlainTextEdit()
        self.words.setObjectName("swap-list")
        self.words.setAccessibleName("The words, one pair in a line: Anna = Peter")
        self.words.setTabChangesFocus(True)
        self.words.setMaximumHeight(180)
        self.words.hide()
        column.addWidget(self.words)
        self.sentence = label("", "strong", wrap=True, selectable=True)
        self.sentence.setObjectName("swap-sentence")
        column.addWidget(self.sentence)
        self.limits = label("", "soft", wrap=True, selectable=True)
        self.limits.setObjectName("swap-limits")
        column.addWidget(self.limits)
        self.table = QTableWidget(0, len(_COLUMNS))
        self.table.setObjectName("swap-table")
        self.table.setAccessibleName("The texts whose answers changed most")
        self.table.setHorizontalHeaderLabels(list(_COLUMNS))
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.setShowGrid(False)
        self.table.setWordWrap(True)
        self.table.verticalHeader().hide()
        head = self.table.horizontalHeader()
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for place in range(len(_COLUMNS)):
            stretch = QHeaderView.ResizeMode.Stretch if place < 2 else QHeaderView.ResizeMode.ResizeToContents
            head.setSectionResizeMode(place, stretch)
        self.table.hide()
        column.addWidget(self.table, 1)
        column.addStretch(0)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column.addSpacing(S)
        column.addWidget(buttons)
        self.finished.connect(lambda _code: self._stop())
        self._show_words()
        self._look()

    def _toggle(self) -> None:
        self.words.setVisible(self.words.isHidden())
        if self.words.isVisible():
            self.words.setFocus()

    def _show_words(self) -> None:
        words = self._sets[self.which.currentIndex()]
        self.words.setPlainText(words.to_text())
        self.limits.setText(words.limits)

    def _look(self) -> None:
        """Choose the words of the texts' language, unless the person has chosen already."""
        project = self._ctx.store.project
        if project is None:
            return

        def work(_control: Control) -> str:
            found = project.items(project.item_ids()[:_LOOKED_AT])
            return language_of([item.text for item in found if item.text is not None])

        def came(language: str) -> None:
            place = next((n for n, s in enumerate(self._sets) if s.language == language), 0)
            if self.which.currentIndex() == 0 and self._job is None:
                self.which.setCurrentIndex(place)

        job = self._ctx.jobs.start("Looking at the language", work)
        job.succeeded.connect(while_there(self, came))

    def _chosen(self) -> SwapSet:
        """The words as they stand now. Raises: UserError for a line that is no pair."""
        words = self._sets[self.which.currentIndex()]
        typed = self.words.toPlainText()
        return words if typed == words.to_text() else words.with_pairs(parse_pairs(typed))

    def _start(self) -> None:
        try:
            words, card, project = self._chosen(), self._ctx.catalog.get(self._model_id), self._ctx.store.require()
        except UserError as error:
            self.banner.show_error(error)
            return
        task = get_task(project.task_id)
        self.banner.hide()

        def work(control: Control) -> SwapResult:
            from workbench.engine.swap_test import swap_test

            texts = [item.text for item in project.items(project.item_ids()) if item.text is not None]
            return swap_test(texts, card, task, words, control)

        job = self._job = self._ctx.jobs.start("Swapping words", work)
        self._working(True)
        job.succeeded.connect(self._came)
        job.failed.connect(self.banner.show_error)
        job.ended.connect(self._ended)

    def _ended(self) -> None:
        self._job = None
        self._working(False)

    def _working(self, working: bool) -> None:
        self.stop.setVisible(working)
        self.go.setEnabled(not working)
        self.which.setEnabled(not working)
        if working:
            self.sentence.setText("The model is answering …")
        elif self.sentence.text().startswith("The model is"):
            self.sentence.setText("")

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _came(self, result: SwapResult) -> None:
        self.result_ = result
        self.sentence.setText(result.sentence())
        self.limits.setText(result.limits)
        shown = [p for p in result.pairs[:_SHOWN] if p.changed or abs(p.moved) >= 0.005]
        self.table.setVisible(bool(shown))
        self.table.setRowCount(len(shown))
        for y, pair in enumerate(shown):
            self._fill(y, pair)
        self.table.resizeRowsToContents()

    def _fill(self, y: int, pair: SwapPair) -> None:
        then = f"{pair.after}" if pair.changed else f"{pair.moved * 100:+.0f} points"
        for x, text in enumerate((_short(pair.text), _short(pair.swapped), pair.before, then)):
            cell = QTableWidgetItem(text)
            cell.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
            self.table.setItem(y, x, cell)


def _english_first(language: str) -> tuple[bool, str]:
    return language != "en", language


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 240 else f"{line[:239]}…"
