"""The passage with its answers in colour, and the list of questions with their answers below each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QLocale, Qt, Signal
from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QAbstractItemView, QStyledItemDelegate, QTextEdit, QTreeWidget, QTreeWidgetItem

from workbench.data.annotations import Annotation
from workbench.data.shapes import TextSpan
from workbench.gui.editors.spans import MarkedView
from workbench.gui.theme import theme
from workbench.gui.utf16 import to_qt

QUESTION, MARK = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
_LONGEST = 80


class Passage(MarkedView):
    """The text, large; the answers to the chosen question on the accent's colour, all others faintly."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("answers-passage")
        self.setAccessibleName("The text; select the answer and press Enter, or press N when it is not answered here")
        self.setToolTip("Select the answer, then press Enter")

    def show_text(self, text: str) -> None:
        super().show_text(text)
        option = self.document().defaultTextOption()
        right = self.document().firstBlock().textDirection() == Qt.LayoutDirection.RightToLeft
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        option.setAlignment(side | Qt.AlignmentFlag.AlignAbsolute)
        self.document().setDefaultTextOption(option)

    def show_answers(self, annotations: Sequence[Annotation], question: str, chosen: int) -> None:
        """`chosen`: id of the answer that is chosen."""
        marks = []
        for a in annotations:
            if not isinstance(a.shape, TextSpan) or not a.text:
                continue
            mine = a.text == question
            form = QTextCharFormat()
            if a.is_proposal:
                form.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DashUnderline)
                form.setUnderlineColor(theme().colour("warn" if mine else "text_faint"))
            else:
                ground = QColor(theme().colour("accent" if mine else "text_faint"))
                ground.setAlpha((150 if a.id == chosen else 95) if mine else 45)
                form.setBackground(ground)
            if a.id == chosen:
                form.setFontUnderline(True)
                form.setUnderlineColor(theme().colour("text"))
            form.setToolTip(f"{'Suggested for: ' if a.is_proposal else ''}{a.text}")
            mark = QTextEdit.ExtraSelection()
            cursor = QTextCursor(self.document())
            cursor.setPosition(to_qt(self.text, a.shape.start))
            cursor.setPosition(to_qt(self.text, a.shape.end), QTextCursor.MoveMode.KeepAnchor)
            mark.cursor, mark.format = cursor, form
            marks.append(mark)
        self.setExtraSelections(marks)

    def bring_into_view(self, span: TextSpan) -> None:
        """Scroll to a piece without selecting it."""
        cursor = self.textCursor()
        cursor.setPosition(to_qt(self.text, span.start))
        self.setTextCursor(cursor)
        self.ensureCursorVisible()


class _OwnDirection(QStyledItemDelegate):
    """Each entry runs as its own letters do, from the right in Hebrew and Arabic (Unicode isolates)."""

    def displayText(self, value: Any, locale: QLocale | QLocale.Language) -> str:
        return f"\u2068{super().displayText(value, locale)}\u2069"


class Questions(QTreeWidget):
    """Each question with its answers below it. Editing a question in place gives `renamed`.

    Signals:
        chosen(str, int): a question and the id of one of its answers (0: none).
        renamed(str, str): old and new words.
    """

    chosen = Signal(str, object)
    renamed = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("answers-questions")
        self.setAccessibleName("Questions about this text, with their answers")
        self.setHeaderHidden(True)
        self.setWordWrap(True)
        self.setUniformRowHeights(False)
        self.setIndentation(16)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setItemDelegate(_OwnDirection(self))
        self.currentItemChanged.connect(self._current)
        self.itemChanged.connect(self._edited)

    def show_questions(self, text: str, annotations: Sequence[Annotation], question: str, mark: int) -> None:
        """Fill it anew and choose what was chosen."""
        self.blockSignals(True)
        self.clear()
        tops: dict[str, QTreeWidgetItem] = {}
        wanted: QTreeWidgetItem | None = None
        for a in annotations:
            if not a.text:
                continue
            top = tops.get(a.text)
            if top is None:
                top = tops[a.text] = QTreeWidgetItem([a.text])
                top.setData(0, QUESTION, a.text)
                top.setData(0, MARK, 0)
                top.setToolTip(0, a.text)
                top.setFlags(top.flags() | Qt.ItemFlag.ItemIsEditable)
                self.addTopLevelItem(top)
                top.setExpanded(True)
                if a.text == question:
                    wanted = top
            entry = QTreeWidgetItem([answer_words(text, a)])
            entry.setData(0, QUESTION, a.text)
            entry.setData(0, MARK, a.id)
            soft = a.is_proposal or a.ignored
            entry.setForeground(0, theme().colour("warn" if a.is_proposal else "text_faint" if soft else "text_soft"))
            if a.ignored and any(b.is_proposal and b.text == a.text for b in annotations):
                continue
            top.addChild(entry)
            if a.text == question and a.id == mark:
                wanted = entry
        if wanted is not None:
            self.setCurrentItem(wanted)
            self.scrollToItem(wanted)
        self.blockSignals(False)

    def step(self, by: int, question: str) -> str:
        """The question before or after this one; "" when there is none at all."""
        names = [str(top.data(0, QUESTION)) for top in self._tops()]
        if not names:
            return ""
        if question not in names:
            return names[0]
        return names[(names.index(question) + by) % len(names)]

    def edit_question(self, question: str) -> None:
        """Let its words be changed in place."""
        for top in self._tops():
            if top.data(0, QUESTION) == question:
                self.setFocus()
                self.editItem(top, 0)

    def _tops(self) -> list[QTreeWidgetItem]:
        found = (self.topLevelItem(i) for i in range(self.topLevelItemCount()))
        return [top for top in found if top is not None]

    def _current(self, now: QTreeWidgetItem | None, _before: QTreeWidgetItem | None) -> None:
        if now is not None:
            self.chosen.emit(str(now.data(0, QUESTION)), now.data(0, MARK))

    def _edited(self, entry: QTreeWidgetItem, _column: int) -> None:
        old, new = str(entry.data(0, QUESTION)), entry.text(0)
        if entry.parent() is None and new != old:
            # After the editor in the list is closed: the list is filled anew by what follows.
            self.renamed.emit(old, new)


def answer_words(text: str, a: Annotation) -> str:
    """What one answer is called in the list."""
    if isinstance(a.shape, TextSpan):
        words = " ".join(text[a.shape.start : a.shape.end].split())
        words = f"“{words if len(words) <= _LONGEST else words[:_LONGEST] + '…'}”"
    else:
        words = "No answer yet" if a.ignored else "Not answered in this text"
    return f"Suggested: {words} ({a.score:.0%})" if a.is_proposal else words
