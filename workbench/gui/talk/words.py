"""A model's words on the screen: a few signs of Markdown become type, everything else stays the letters it is.

Nothing is ever read as HTML, nothing is a link and nothing is loaded: what a model (or a document it read) writes comes from
outside. So the text is put in letter by letter, and only these formats can come of it: headings, lists, bold, italic, code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Any

from PySide6.QtCore import QMimeData, QSize, Qt, QUrl
from PySide6.QtGui import (
    QFont,
    QFontDatabase,
    QKeyEvent,
    QResizeEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextOption,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextEdit, QWidget

from workbench.gui.theme import theme

_FENCE = re.compile(r"^\s*(```|~~~)")
_HEADING = re.compile(r"^(#{1,4})\s+(.*)$")
_ITEM = re.compile(r"^(\s*)([-*•]|\d{1,3}[.)])\s+(.*)$")
_INLINE = re.compile(r"`([^`\n]+)`|\*\*(?=\S)(.+?)(?<=\S)\*\*|(?<![\w*])\*(?=[^\s*])([^*\n]+?)(?<=[^\s*])\*(?![\w*])")
_INDENT = 18.0


class WordsView(QTextEdit):
    """As high as its text; can be selected and copied, also by keys."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setAcceptRichText(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setTabChangesFocus(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setStyleSheet("QTextEdit { background: transparent; border: none; padding: 0; }")
        self.document().setDocumentMargin(0)
        option = QTextOption()
        # Each paragraph runs the way its first strong letter says.
        option.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.document().setDefaultTextOption(option)
        self._text, self._formatted = "", False
        theme().changed.connect(self._again)

    def show_words(self, text: str, formatted: bool) -> None:
        """`formatted`: a few signs of Markdown are shown as type; else every letter as it is."""
        if (text, formatted) == (self._text, self._formatted):
            return
        self._text, self._formatted = text, formatted
        self._again()

    @property
    def words(self) -> str:
        """The text as it was given."""
        return self._text

    def loadResource(self, _kind: int, _url: QUrl | str) -> Any:
        """Nothing is ever loaded."""
        return None

    def createMimeDataFromSelection(self) -> QMimeData:
        """Copied is plain text."""
        mime = QMimeData()
        mime.setText(self.textCursor().selection().toPlainText())
        return mime

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # it scrolls the conversation

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            event.ignore()  # held down, it is for speaking
            return
        super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            event.ignore()
            return
        super().keyReleaseEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(300, self.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 20)

    def natural_width(self) -> int:
        """How wide it would be without breaking lines."""
        document = self.document().clone()
        document.setTextWidth(-1)
        return round(document.idealWidth()) + 4

    def _again(self) -> None:
        self.document().clear()
        cursor = QTextCursor(self.document())
        if self._formatted:
            _put(cursor, self._text)
        else:
            cursor.insertText(self._text, QTextCharFormat())
        self._fit()

    def _fit(self) -> None:
        self.document().setTextWidth(self.viewport().width())
        self.setFixedHeight(max(self.fontMetrics().height(), round(self.document().size().height()) + 2))


def plain_tip(text: str) -> str:
    """For a tool tip, which Qt would read as HTML when it looks like it: every letter as it is."""
    return f"<qt>{escape(text)}</qt>".replace("\n", "<br>")


def on_button(text: str) -> str:
    """For a button, on which "&" would underline the letter after it."""
    return text.replace("&", "&&")


def _put(cursor: QTextCursor, text: str) -> None:
    first = True
    for block, line, code in _lines(text):
        if not first:
            cursor.insertBlock()
        cursor.setBlockFormat(block)
        first = False
        if code:
            cursor.insertText(line, _code())
            continue
        heading = _HEADING.match(line)
        item = _ITEM.match(line)
        if heading:
            form = QTextCharFormat()
            form.setFontWeight(QFont.Weight.DemiBold)
            cursor.insertText(heading.group(2), form)
        elif item:
            mark = item.group(2) if item.group(2)[0].isdigit() else "•"
            cursor.insertText(f"{mark} ", QTextCharFormat())
            _put_inline(cursor, item.group(3))
        else:
            _put_inline(cursor, line)


def _lines(text: str) -> Iterator[tuple[QTextBlockFormat, str, bool]]:
    """Format, words and whether it is code, of each line."""
    code = False
    for line in text.split("\n"):
        if _FENCE.match(line):
            code = not code
            continue
        block = QTextBlockFormat()
        item = _ITEM.match(line)
        if code:
            block.setBackground(theme().colour("raised"))
            block.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        elif item:
            block.setLeftMargin(_INDENT * (1 + min(4, len(item.group(1)) // 2)))
            block.setTextIndent(-_INDENT / 2)
        yield block, line, code


def _put_inline(cursor: QTextCursor, line: str) -> None:
    at = 0
    for match in _INLINE.finditer(line):
        cursor.insertText(line[at : match.start()], QTextCharFormat())
        code, bold, italic = match.groups()
        form = _code() if code else QTextCharFormat()
        if bold:
            form.setFontWeight(QFont.Weight.DemiBold)
        elif italic:
            form.setFontItalic(True)
        cursor.insertText(code or bold or italic, form)
        at = match.end()
    cursor.insertText(line[at:], QTextCharFormat())


def _code() -> QTextCharFormat:
    form = QTextCharFormat()
    form.setFontFamilies(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).families())
    form.setFontFixedPitch(True)
    return form
