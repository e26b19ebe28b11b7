"""Marking words of a text: select, press the class's number. Done by mouse or by keys alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QSplitter,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from workbench.data.annotations import Annotation, AnnotationState
from workbench.data.shapes import TextSpan
from workbench.data.types import ClassLabel, Item
from workbench.gui.context import AppContext
from workbench.gui.editors.base import ItemEditor
from workbench.gui.models.item_model import ItemModel
from workbench.gui.theme import M, S, theme
from workbench.gui.utf16 import from_qt, to_qt
from workbench.gui.widgets.basic import Banner, Card, button, icon_button, label
from workbench.gui.widgets.class_panel import ClassPanel

_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_ID = Qt.ItemDataRole.UserRole


def spans_of(state: AnnotationState) -> list[tuple[Annotation, TextSpan]]:
    """The marked pieces in order of their place."""
    found = [(a, a.shape) for a in state.annotations if isinstance(a.shape, TextSpan)]
    return sorted(found, key=lambda pair: (pair[1].start, pair[1].end))


def whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """A selection without blanks at its ends, grown to whole words; (0, 0) when there is nothing in it."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end <= start:
        return 0, 0
    for word in _WORD.finditer(text):
        if word.start() < start < word.end():
            start = word.start()
        if word.start() < end < word.end():
            end = word.end()
    return start, end


class MarkedView(QPlainTextEdit):
    """The text with its pieces in colour. Read only; the cursor is there for marking with the keyboard.

    Signals:
        clicked(int): place in the text.
        chosen(int, int): a selection was made with the mouse.
    """

    clicked = Signal(int)
    chosen = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("marked-text")
        self.setAccessibleName("Text to mark; select words and press the number of a class")
        self.setReadOnly(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setUndoRedoEnabled(False)
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.25)
        self.setFont(font)
        self.text = ""

    def show_text(self, text: str) -> None:
        self.text = text
        # Qt makes one end of line of two characters, which would shift all places behind it.
        self.setPlainText(text.replace("\r\n", " \n").replace("\r", "\n"))

    def show_pieces(
        self, pieces: Sequence[tuple[Annotation, TextSpan]], classes: dict[int, ClassLabel], selected: int
    ) -> None:
        """Colour the pieces; proposals are only underlined."""
        marks = []
        for annotation, span in pieces:
            found = classes.get(annotation.class_id or -1)
            colour = QColor(found.colour if found else theme().colour("text_faint"))
            form = QTextCharFormat()
            if annotation.is_proposal:
                form.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DashUnderline)
                form.setUnderlineColor(colour)
            else:
                ground = QColor(colour)
                ground.setAlpha(150 if annotation.id == selected else 70)
                form.setBackground(ground)
            if annotation.id == selected:
                form.setFontUnderline(True)
                form.setUnderlineColor(theme().colour("text"))
            form.setToolTip(f"{found.name if found else 'no class'}{' (suggested)' if annotation.is_proposal else ''}")
            mark = QTextEdit.ExtraSelection()
            cursor = QTextCursor(self.document())
            cursor.setPosition(to_qt(self.text, span.start))
            cursor.setPosition(to_qt(self.text, span.end), QTextCursor.MoveMode.KeepAnchor)
            mark.cursor, mark.format = cursor, form
            marks.append(mark)
        self.setExtraSelections(marks)

    def selection(self) -> tuple[int, int]:
        """The selected place in code points; start == end when nothing is."""
        cursor = self.textCursor()
        return from_qt(self.text, cursor.selectionStart()), from_qt(self.text, cursor.selectionEnd())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        start, end = self.selection()
        if end > start:
            self.chosen.emit(start, end)
        else:
            self.clicked.emit(start)


class Editor(ItemEditor):
    """See the module."""

    def __init__(self, ctx: AppContext, model: ItemModel) -> None:
        super().__init__(ctx, model)
        self.item: Item | None = None
        self.selected = 0
        self._classes: dict[int, ClassLabel] = {}
        self._last_class = 0
        self._build()
        ctx.store.labels_changed.connect(self._changed)
        ctx.store.classes_changed.connect(self._classes_changed)
        ctx.store.project_changed.connect(self._project_changed)
        theme().changed.connect(self._redraw)

    # Showing ---------------------------------------------------------------------------------------------------------

    def show_row(self, row: int) -> None:
        item = self.model.item_at(row)
        if item is None:
            return
        self.row, self.item, self.selected = row, item, 0
        self._classes_changed()
        self.view.show_text(item.text or "")
        self._redraw()
        self.moved.emit(row)
        self.view.setFocus()

    def state(self) -> AnnotationState:
        """The item's labels as they are on disk."""
        project = self.ctx.store.project
        if project is None or self.item is None:
            return AnnotationState()
        return project.annotation_states([self.item.id])[self.item.id]

    def _redraw(self) -> None:
        if self.item is None or self.ctx.store.project is None:
            return
        state = self.state()
        pieces = spans_of(state)
        self.view.show_pieces(pieces, self._classes, self.selected)
        self.list.blockSignals(True)
        self.list.clear()
        for annotation, span in pieces:
            found = self._classes.get(annotation.class_id or -1)
            words = " ".join((self.item.text or "")[span.start : span.end].split())
            name = found.name if found else "no class"
            suffix = f"  ? {annotation.score:.0%}" if annotation.is_proposal else ""
            entry = QListWidgetItem(f"{words}  –  {name}{suffix}")
            entry.setData(_ID, annotation.id)
            if found:
                entry.setForeground(theme().colour("text_soft" if annotation.is_proposal else "text"))
            self.list.addItem(entry)
            if annotation.id == self.selected:
                self.list.setCurrentItem(entry)
        self.list.blockSignals(False)
        done = "done" if state.marked else "not done"
        self.caption.setText(f"{self.item.name}   ·   {done}   ·   {self.row + 1} of {self.model.rowCount()}")
        proposals = sum(a.is_proposal for a, _ in pieces)
        self.accept.setVisible(proposals > 0)
        self.accept.setText(f" Accept {proposals} suggested" if proposals else "")

    def _changed(self, ids: object) -> None:
        if self.item is not None and isinstance(ids, list) and self.item.id in ids and self.isVisible():
            self._redraw()

    def _classes_changed(self) -> None:
        project = self.ctx.store.project
        if project is None:
            return
        classes = project.classes()
        self._classes = {c.id: c for c in classes}
        counts = project.counts()
        self.classes.show_classes(classes, counts.per_class, counts.unlabelled)
        if self.item is not None:
            self._redraw()

    def _project_changed(self) -> None:
        self.item, self.row, self.selected = None, -1, 0

    # Marking ---------------------------------------------------------------------------------------------------------

    def mark(self, class_id: int) -> None:
        """The selection becomes a piece of this class; with no selection the chosen piece (or the word at the cursor)."""
        if self.item is None or not self._may_change():
            return
        self._last_class = class_id
        state = self.state()
        start, end = self.view.selection()
        if whole_words(self.view.text, start, end) in [
            (a.shape.start, a.shape.end)
            for a in state.annotations
            if isinstance(a.shape, TextSpan) and a.id == self.selected
        ]:
            end = start
        chosen = next((a for a in state.annotations if a.id == self.selected), None)
        if start == end and chosen is not None:
            self._put(
                [
                    replace(a, class_id=class_id, source="person", score=1.0) if a is chosen else a
                    for a in state.annotations
                ],
                "change the class of a piece",
            )
            return
        if start == end:
            word = next((w for w in _WORD.finditer(self.view.text) if w.start() <= start <= w.end()), None)
            if word is None:
                self.banner.show_message("Select some words first; then press the number of a class.", "info")
                return
            start, end = word.span()
        start, end = whole_words(self.view.text, start, end)
        if end <= start:
            return
        made = Annotation(TextSpan(start, end), class_id)
        # A piece takes the place of those it overlaps: a word has one class.
        kept = [
            a
            for a in state.annotations
            if not (isinstance(a.shape, TextSpan) and a.shape.start < end and start < a.shape.end)
        ]
        self.selected = made.id
        self._put([*kept, made], "mark words")
        cursor = self.view.textCursor()
        cursor.setPosition(to_qt(self.view.text, end))
        self.view.setTextCursor(cursor)

    def delete(self) -> None:
        """Take the chosen piece away."""
        state = self.state()
        if self.selected and self._may_change():
            kept = [a for a in state.annotations if a.id != self.selected]
            if len(kept) < len(state.annotations):
                self.selected = 0
                self._put(kept, "delete a piece")

    def accept_all(self) -> None:
        """All suggestions of this text become the person's."""
        self._accept(lambda a: True)

    def done(self, nothing: bool = False) -> None:
        """Say that the text is done (with `nothing`: that there is nothing to mark) and go on to the next."""
        if self.item is None or not self._may_change():
            return
        state = self.state()
        kept = () if nothing else tuple(a for a in state.annotations if not a.is_proposal)
        self.ctx.store.set_annotations({self.item.id: AnnotationState(kept, True)}, "finish a text")
        self.move_by(1)

    def move_by(self, step: int) -> None:
        """Go to a neighbour, if there is one."""
        if 0 <= self.row + step < self.model.rowCount():
            self.show_row(self.row + step)

    def choose(self, annotation_id: int) -> None:
        """Choose a piece."""
        self.selected = annotation_id
        self._redraw()

    def _accept(self, which: object) -> None:
        if self.item is None or not self._may_change():
            return
        wanted = which if callable(which) else (lambda a: True)
        changed = [
            replace(a, source="person", score=1.0) if a.is_proposal and wanted(a) else a
            for a in self.state().annotations
        ]
        self._put(changed, "accept suggestions")

    def _put(self, annotations: Sequence[Annotation], text: str) -> None:
        assert self.item is not None
        self.ctx.store.set_annotations({self.item.id: AnnotationState(tuple(annotations), True)}, text)
        self.banner.hide()
        self._classes_changed()

    def _may_change(self) -> bool:
        return self.ctx.store.may_change(self.banner.show_message)

    def _clicked(self, place: int) -> None:
        hit = next((a for a, span in spans_of(self.state()) if span.start <= place < span.end), None)
        self.choose(hit.id if hit else 0)

    def _selected_words(self, start: int, end: int) -> None:
        """A selection grows to whole words, so that sloppy dragging gives clean pieces."""
        first, last = whole_words(self.view.text, start, end)
        same = next((a for a, span in spans_of(self.state()) if (span.start, span.end) == (first, last)), None)
        self.choose(same.id if same else 0)
        if last > first:
            cursor = self.view.textCursor()
            cursor.setPosition(to_qt(self.view.text, first))
            cursor.setPosition(to_qt(self.view.text, last), QTextCursor.MoveMode.KeepAnchor)
            self.view.setTextCursor(cursor)

    # Keys ------------------------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and self._key(event):
            return True
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        key, modifiers = event.key(), event.modifiers()
        plain = modifiers in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if plain and Qt.Key.Key_1 <= key <= Qt.Key.Key_9:
            place = int(key) - int(Qt.Key.Key_1)
            found = sorted(self._classes.values(), key=lambda c: c.position)
            if place < len(found):
                self.mark(found[place].id)
            else:
                self.banner.show_message(f"There is no class {place + 1} yet. Type its name under the classes.", "info")
            return True
        if plain and key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_0):
            self.delete()
            return True
        if plain and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.done()
            return True
        if plain and key == Qt.Key.Key_N:
            self.done(nothing=True)
            return True
        if plain and key == Qt.Key.Key_A:
            self.accept_all()
            return True
        if plain and key == Qt.Key.Key_Tab:
            self._next_piece()
            return True
        if key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
            self.move_by(1 if key == Qt.Key.Key_PageDown else -1)
            return True
        if key == Qt.Key.Key_Escape:
            if self.selected:
                self.choose(0)
            else:
                self.closed.emit()
            return True
        return False

    def _next_piece(self) -> None:
        ids = [a.id for a, _ in spans_of(self.state())]
        if ids:
            self.choose(ids[(ids.index(self.selected) + 1) % len(ids)] if self.selected in ids else ids[0])

    # Building --------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(M)
        top = QHBoxLayout()
        top.setSpacing(S)
        top.addWidget(button("Back to the list", self.closed.emit, icon_name="chevron-left", name="spans-back"))
        top.addWidget(icon_button("chevron-left", "Previous text (Page up)", lambda: self.move_by(-1)))
        top.addWidget(icon_button("chevron-right", "Next text (Page down)", lambda: self.move_by(1)))
        self.caption = label("", "soft")
        top.addWidget(self.caption, 1)
        self.accept = button(
            "", self.accept_all, icon_name="check", name="spans-accept", tip="Take over all suggestions (A)"
        )
        top.addWidget(self.accept)
        top.addWidget(
            button(
                "Nothing here",
                lambda: self.done(nothing=True),
                name="spans-nothing",
                tip="There is nothing to mark (N)",
            )
        )
        top.addWidget(
            button(
                "Done", self.done, role="primary", icon_name="check", name="spans-done", tip="Go on to the next (Enter)"
            )
        )
        column.addLayout(top)
        self.banner = Banner()
        column.addWidget(self.banner)
        splitter = QSplitter()
        splitter.setChildrenCollapsible(False)
        self.view = MarkedView()
        self.view.installEventFilter(self)
        self.view.clicked.connect(self._clicked)
        self.view.chosen.connect(self._selected_words)
        splitter.addWidget(self.view)
        side = QWidget()
        parts = QVBoxLayout(side)
        parts.setContentsMargins(0, 0, 0, 0)
        parts.setSpacing(M)
        self.classes = ClassPanel(self.ctx.store)
        self.classes.filtered.connect(lambda class_id: self.mark(class_id) if class_id > 0 else None)
        parts.addWidget(self.classes, 1)
        card = Card(spacing=S)
        card.body.addWidget(label("Marked in this text", "strong"))
        self.list = QListWidget()
        self.list.setObjectName("spans-list")
        self.list.setAccessibleName("Marked pieces of this text")
        self.list.installEventFilter(self)
        self.list.currentItemChanged.connect(lambda now, _old: self.choose(int(now.data(_ID))) if now else None)
        card.body.addWidget(self.list)
        parts.addWidget(card, 1)
        splitter.addWidget(side)
        splitter.setStretchFactor(0, 1)
        splitter.setHandleWidth(M)
        splitter.setSizes([760, 300])
        column.addWidget(splitter, 1)
        column.addWidget(
            label(
                "Select words (or put the cursor in one) and press 1 to 9. Delete takes a piece away, Enter goes on.",
                "faint",
            )
        )
