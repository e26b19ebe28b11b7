"""How many words and letters of an answer are wrong, when the person gives the right text, and how much both have in common."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QPlainTextEdit,
    QSplitter,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from workbench.control import Control
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.theme import L, M, S, theme
from workbench.gui.widgets.basic import Banner, button, label, row
from workbench.gui.widgets.overlap_row import OverlapRow
from workbench.trust.text_distance import Normalisation, TextComparison, compare_texts
from workbench.trust.text_overlap import PARTINGS, Overlap, overlaps

_TYPING_MS = 400
# More words than this are compared but not drawn: a person looks at a page, not at a library.
_MOST_WORDS = 20_000


class CompareTextDialog(QDialog):
    """Paste or load the right text above; below, the answer with what differs marked.

    Args:
        answer: the text to judge.
        overlaps: what else is compared, as `TaskInfo.overlaps`.
    """

    def __init__(
        self, ctx: AppContext, answer: str, parent: QWidget | None = None, overlaps: Sequence[str] = ()
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Compare with the right text")
        self.resize(820, 680)
        self._ctx = ctx
        self._answer = answer
        self._kinds = tuple(overlaps)
        self.scores: list[Overlap] = []
        self._asked = 0
        self.comparison: TextComparison | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_TYPING_MS)
        self._timer.timeout.connect(self._compare)
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        self.banner = Banner()
        column.addWidget(self.banner)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self._build_right())
        splitter.addWidget(self._build_differences())
        splitter.setSizes([220, 380])
        column.addWidget(splitter, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        theme().changed.connect(self._draw)
        self.right.setFocus()

    def _build_right(self) -> QWidget:
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.load = button(
            "Load a file …", self._choose, icon_name="folder-open", name="load-right-text", tip="A text file (UTF-8)"
        )
        column.addLayout(row(label("The right text", "heading"), 1, self.load))
        self.right = QPlainTextEdit()
        self.right.setObjectName("right-text")
        self.right.setAccessibleName("The right text")
        self.right.setPlaceholderText("Type or paste what is really written there …")
        self.right.setTabChangesFocus(True)
        self.right.textChanged.connect(self._timer.start)
        column.addWidget(self.right, 1)
        self.case = QCheckBox("Upper and lower case count")
        self.punctuation = QCheckBox("Punctuation counts")
        self.accents = QCheckBox("Accents count")
        for box in (self.case, self.punctuation, self.accents):
            box.setChecked(True)
            box.toggled.connect(self._timer.start)
        column.addLayout(row(self.case, self.punctuation, self.accents, 1, spacing=L))
        self.parting = QComboBox()
        self.parting.setObjectName("compare-parting")
        self.parting.setAccessibleName("How words are told apart")
        self.parting.setToolTip("How texts are cut into words for BLEU (tokenisation)")
        for name, said in PARTINGS:
            self.parting.addItem(said, name)
        self.parting.currentIndexChanged.connect(lambda _i: self._timer.start())
        words = label("Words are told apart:", "soft")
        words.setBuddy(self.parting)
        line = QWidget()
        parting = row(words, self.parting, 1)
        parting.setContentsMargins(0, 0, 0, 0)
        line.setLayout(parting)
        line.setVisible("bleu" in self._kinds)
        column.addWidget(line)
        return side

    def _build_differences(self) -> QWidget:
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.summary = label("What differs appears here.", "heading", wrap=True, selectable=True)
        self.summary.setObjectName("compare-summary")
        self.rates = label("", "soft", wrap=True, selectable=True)
        self.rates.setToolTip(
            "Word error rate (WER) and character error rate (CER): the fewest changes that lead to the right text,"
            " divided by its length (Levenshtein distance)"
        )
        self.view = QTextEdit()
        self.view.setObjectName("compare-view")
        self.view.setReadOnly(True)
        self.view.setAccessibleName("The answer, with what differs marked")
        self.legend = label("", "soft", wrap=True)
        column.addWidget(self.summary)
        column.addWidget(self.rates)
        self.overlaps = OverlapRow()
        column.addWidget(self.overlaps)
        column.addWidget(self.view, 1)
        column.addWidget(self.legend)
        return side

    # Comparing -----------------------------------------------------------------------------------------------------------

    def load_file(self, path: Path) -> None:
        """Take the right text from a file."""

        def work(_control: Control) -> str:
            from workbench.data.media import read_text_file

            return read_text_file(path)

        job = self._ctx.jobs.start("Reading a text", work)
        job.succeeded.connect(self.right.setPlainText)
        job.failed.connect(self._failed)

    def _choose(self) -> None:
        file = self.ask_file()
        if file:
            self.load_file(Path(file))

    def ask_file(self) -> str:
        """Where the right text is; asked of the person."""
        return QFileDialog.getOpenFileName(self, "Open the right text", "", "Text (*.txt *.md);;All files (*)")[0]

    def _compare(self) -> None:
        right = self.right.toPlainText()
        self._asked += 1
        asked, answer = self._asked, self._answer
        if not right.strip():
            self._came(asked, None, [])
            return
        how = Normalisation(not self.case.isChecked(), not self.punctuation.isChecked(), not self.accents.isChecked())
        kinds, parting = self._kinds, str(self.parting.currentData() or "")

        def work(control: Control) -> tuple[TextComparison, list[Overlap]]:
            found = compare_texts(right, answer, how)
            return found, overlaps(kinds, [answer], [right], parting, how.case, control) if kinds else []

        job = self._ctx.jobs.start("Comparing texts", work)
        job.succeeded.connect(lambda found: self._came(asked, *found))
        job.failed.connect(self._failed)

    def _failed(self, problem: Problem) -> None:
        self.banner.show_error(problem)

    def _came(self, asked: int, found: TextComparison | None, scores: list[Overlap]) -> None:
        if asked != self._asked:
            return
        self.banner.hide()
        self.comparison, self.scores = found, scores
        self._draw()

    # Drawing -------------------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        self.view.clear()
        self.overlaps.show_scores(self.scores)
        found = self.comparison
        if found is None:
            self.summary.setText("What differs appears here.")
            self.rates.setText("")
            self.legend.setText("")
            return
        counts = found.words.counts
        if counts.errors == 0:
            self.summary.setText(found.sentence())
        else:
            self.summary.setText(f"{counts.same:,} of {counts.units:,} words are right")
        self.rates.setText(
            f"{counts.changed:,} changed, {counts.missing:,} missing, {counts.extra:,} too many  ·  "
            f"word error rate {found.word_error_rate:.1%}  ·  character error rate {found.character_error_rate:.1%}"
        )
        if counts.units + counts.extra > _MOST_WORDS:
            self.legend.setText("The texts are too long to show every difference.")
            return
        cursor = QTextCursor(self.view.document())
        plain = QTextCharFormat()
        for kind, right, given in found.words.pieces():
            if kind == "same":
                cursor.insertText(" ".join(given) + " ", plain)
                continue
            if given:
                cursor.insertText(" ".join(given), self._form(kind, struck=True))
                cursor.insertText(" ", plain)
            if right:
                cursor.insertText(" ".join(right), self._form(kind, struck=False))
                cursor.insertText(" ", plain)
        self.legend.setText(
            "Struck out: in the answer, but wrong. Underlined: what is really there. " + found.normalisation.sentence()
        )

    @staticmethod
    def _form(kind: str, *, struck: bool) -> QTextCharFormat:
        """Never by colour alone: what is wrong is struck out, what is right underlined."""
        form = QTextCharFormat()
        text, ground = ("bad", "bad_soft") if struck else ("good", "good_soft")
        form.setForeground(QColor(theme().colour(text)))
        form.setBackground(QColor(theme().colour(ground)))
        form.setFontStrikeOut(struck)
        form.setFontUnderline(not struck)
        form.setToolTip({"changed": "read as something else", "missing": "left out", "extra": "too many"}[kind])
        return form
