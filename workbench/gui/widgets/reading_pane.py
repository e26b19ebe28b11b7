"""A passage where it stands: its surroundings, the passage marked, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QColor, QDesktopServices, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QApplication, QHBoxLayout, QTextEdit, QVBoxLayout, QWidget

from workbench.engine.document_index import Passage
from workbench.gui.files import reveal
from workbench.gui.theme import S, theme
from workbench.gui.utf16 import to_qt
from workbench.gui.widgets.basic import button, icon_button, label


class ReadingPane(QWidget):
    """Signals: more(Passage): find more like it."""

    more = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._passage: Passage | None = None
        self._spans: list[tuple[int, int, int]] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.title = label("", "heading", wrap=True)
        self.place = label("", "soft", wrap=True)
        self.view = QTextEdit()
        self.view.setObjectName("passage-text")
        self.view.setReadOnly(True)
        self.view.setAcceptRichText(False)
        self.view.setAccessibleName("The passage in its surroundings")
        self.view.setPlaceholderText("Choose a passage to read it where it stands.")
        self.view.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.open = button("Open", self._open, icon_name="external-link", name="document-open",
                           tip="Open the document in its own program")  # fmt: skip
        self.like = button("More like this", self._more, icon_name="search", name="passage-more",
                           tip="Passages that mean something alike")  # fmt: skip
        self.copy = icon_button("copy", "Copy the passage and where it stands", self._copy, name="passage-copy")
        self.folder = icon_button("folder-open", "Show in the file manager", self._reveal, name="document-reveal")
        row = QHBoxLayout()
        row.setSpacing(S)
        for widget in (self.open, self.like, self.copy, self.folder):
            row.addWidget(widget)
        row.addStretch(1)
        column.addWidget(self.title)
        column.addWidget(self.place)
        column.addWidget(self.view, 1)
        column.addLayout(row)
        theme().changed.connect(self._mark)
        self.show_nothing()

    @property
    def passage(self) -> Passage | None:
        """What is shown."""
        return self._passage

    def show_nothing(self) -> None:
        self._passage, self._spans = None, []
        self.title.hide()
        self.place.hide()
        self.view.clear()
        self._enable()

    def show_passage(self, passage: Passage, around: tuple[str, int, int] | None, best: tuple[int, int]) -> None:
        """A passage; with its surroundings (text, start, end) as soon as they are known.

        Args:
            best: the sentence that answers best, as characters of the passage; (0, 0): none.
        """
        self._passage = passage
        text, start, end = around if around is not None else (passage.text, 0, len(passage.text))
        self.title.setText(passage.title)
        self.place.setText(f"{passage.document.name}, {passage.place}")
        self.place.setToolTip(str(passage.document))
        self.title.show()
        self.place.show()
        if self.view.toPlainText() != text:
            self.view.setPlainText(text)
        self._spans = [(to_qt(text, start), to_qt(text, end), 40)]
        if best[1] > best[0]:
            self._spans.append((to_qt(text, start + best[0]), to_qt(text, start + best[1]), 90))
        self._mark()
        cursor = QTextCursor(self.view.document())
        cursor.setPosition(self._spans[-1][0])
        self.view.setTextCursor(cursor)
        self.view.ensureCursorVisible()
        bar = self.view.verticalScrollBar()
        bar.setValue(max(0, bar.value() + self.view.cursorRect().top() - self.view.viewport().height() // 4))
        self._enable()

    def _mark(self) -> None:
        found = []
        for start, end, strength in self._spans:
            mark = QTextEdit.ExtraSelection()
            cursor = QTextCursor(self.view.document())
            cursor.setPosition(start)
            cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
            ground = QColor(theme().colour("accent"))
            ground.setAlpha(strength)
            form = QTextCharFormat()
            form.setBackground(ground)
            mark.cursor, mark.format = cursor, form
            found.append(mark)
        self.view.setExtraSelections(found)

    def _enable(self) -> None:
        passage = self._passage
        file = passage is not None and not passage.item_id
        for widget in (self.open, self.folder):
            widget.setVisible(file or passage is None)
            widget.setEnabled(file)
        for other in (self.like, self.copy):
            other.setEnabled(passage is not None)

    def _open(self) -> None:
        if self._passage is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._passage.document)))

    def _reveal(self) -> None:
        if self._passage is not None:
            reveal(self._passage.document)

    def _more(self) -> None:
        if self._passage is not None:
            self.more.emit(self._passage)

    def _copy(self) -> None:
        if self._passage is not None:
            passage = self._passage
            QApplication.clipboard().setText(f"{passage.text}\n({passage.document.name}, {passage.place})")
