"""A finding's items one by one: seen large, decided with a key, and on to the next."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QStackedWidget, QTextEdit, QVBoxLayout, QWidget

from workbench.control import Control
from workbench.data.checks import Finding
from workbench.data.checks.fixes import Change
from workbench.data.types import ClassLabel, Item, ItemFilter, LabelState
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.health.deeds import change, say_fine
from workbench.gui.theme import L, M, S, theme
from workbench.gui.widgets.basic import button, icon_button, label, row, set_role
from workbench.gui.widgets.item_player import ItemPlayer
from workbench.gui.widgets.picture_view import PictureView

_LARGE = 1600
_KEYS = "Left and right: the others{labels}.  F: it is fine.  Delete: take it out.  Ctrl+Z: back."


class ReviewDialog(QDialog):
    """Signals:
    dismissed(): something was said to be fine, or that was taken back.
    """

    dismissed = Signal()

    def __init__(self, ctx: AppContext, finding: Finding, by_class: bool = True, parent: QWidget | None = None) -> None:
        """`by_class`: items have one class for the whole of them, so that 1 to 9 mean something."""
        super().__init__(parent)
        self._by_class = by_class
        self.setObjectName("health-review")
        self.setWindowTitle("Review")
        self.resize(900, 720)
        self._ctx, self._finding = ctx, finding
        self._project = ctx.store.require()
        self._ids = list(finding.item_ids)
        self._done: dict[int, str] = {}
        self._steps: list[int] = []
        self._shown = (0, False)
        self._group_of = {i: n for n, g in enumerate(finding.groups, 1) for i in g}
        self._player: ItemPlayer | None = None
        self.at = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        column.addWidget(label(finding.message, "strong", wrap=True))
        self.stack = QStackedWidget()
        self.picture = PictureView("The item")
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName("Text")
        self.text.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.stack.addWidget(self.picture)
        self.stack.addWidget(self.text)
        column.addWidget(self.stack, 1)
        self.note = label("", "strong", wrap=True)
        self.note.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.note.setObjectName("review-note")
        column.addWidget(self.note)
        self.state = label("", "badge")
        self.state.setObjectName("review-state")
        self.caption = label("", "soft")
        column.addLayout(
            row(icon_button("chevron-left", "The one before (left arrow)", lambda: self.move_by(-1), name="review-back"),
                self.caption, self.state, 1,
                icon_button("chevron-right", "The next one (right arrow)", lambda: self.move_by(1), name="review-next"))
        )  # fmt: skip
        self.accept_button = button("", self._accept, role="primary", icon_name="check", name="review-accept")
        self.out = button("Take it out", self._take_out, icon_name="trash-2", name="review-out",
                          tip="Out of the project (Delete); the file stays")  # fmt: skip
        self.fine = button("It is fine", self._fine, icon_name="badge-check", name="review-fine",
                           tip="I looked: do not tell me this again until it changes (F)")  # fmt: skip
        close = button("Close", self.close, name="review-close")
        for widget in (self.accept_button, self.out, self.fine, close):
            widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        close.setAutoDefault(False)
        column.addLayout(row(self.accept_button, self.fine, self.out, 1, close, spacing=S))
        keys = _KEYS.format(labels=".  1 to 9: another label" if by_class else "")
        column.addWidget(label(keys, "faint", wrap=True))
        self._may_change = not self._project.read_only
        ctx.store.labels_changed.connect(self._refresh)
        ctx.store.items_changed.connect(self._refresh)
        ctx.store.project_changed.connect(self.close)
        theme().changed.connect(self._mark)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.show_at(0)

    # Showing -----------------------------------------------------------------------------------------------------------

    @property
    def item_id(self) -> int:
        return self._ids[self.at] if self._ids else 0

    def show_at(self, at: int) -> None:
        """Show one of the finding's items."""
        self.at = max(0, min(at, len(self._ids) - 1))
        item = self._item()
        self._shown = (self.item_id, item is not None)
        self._caption()
        if self._player is not None:
            self._player.stop()
        if item is None:
            self.stack.setCurrentWidget(self.picture)
            self.picture.show_words("It was taken out of the project. Ctrl+Z brings it back.")
        elif item.text is not None:
            self.stack.setCurrentWidget(self.text)
            self.text.setPlainText(item.text)
            self._mark()
        elif item.kind == "sound":
            self._show_sound(item)
        else:
            self._show_picture(item)
        self.setFocus()

    def move_by(self, step: int) -> None:
        """To a neighbour, if there is one."""
        if 0 <= self.at + step < len(self._ids):
            self.show_at(self.at + step)

    def _item(self) -> Item | None:
        if not self._ids or self._ctx.store.project is not self._project:
            return None
        here = self._project.item_ids(ItemFilter(ids=(self.item_id,)))
        return self._project.item(self.item_id) if here else None

    def _classes(self) -> list[ClassLabel]:
        return self._project.classes()

    def _show_picture(self, item: Item) -> None:
        self.stack.setCurrentWidget(self.picture)
        sample, shown_id = item.sample(), item.id

        def work(_control: Control) -> bytes:
            from workbench.gui.widgets.reading_controls import look

            return look(sample, _LARGE).png

        def came(png: bytes) -> None:
            if self.item_id == shown_id and self.stack.currentWidget() is self.picture:
                self.picture.show_data(png)

        def failed(problem: Problem) -> None:
            if self.item_id == shown_id:
                self.picture.show_words(f"{problem.message} {problem.hint}")

        self.picture.show_words("")
        job = self._ctx.jobs.start_stream("Opening a picture", lambda control: iter([work(control)]), quiet=True)
        job.streamed.connect(came)
        job.failed.connect(failed)

    def _show_sound(self, item: Item) -> None:
        if self._player is None:
            self._player = ItemPlayer(self._ctx)
            self.stack.addWidget(self._player)
        self.stack.setCurrentWidget(self._player)
        self._player.open(item.sample())

    def _mark(self) -> None:
        """What the finding is about, in the text."""
        marks = []
        for place in self._finding.places.get(self.item_id, ()):
            one = QTextEdit.ExtraSelection()
            look = QTextCharFormat()
            look.setBackground(theme().colour("warn_soft"))
            look.setForeground(theme().colour("warn"))
            look.setFontUnderline(True)
            look.setToolTip(place.what)
            one.format = look
            cursor = QTextCursor(self.text.document())
            # Qt counts in UTF-16, the finding in characters.
            before, inside = self._utf16(0, place.start), self._utf16(place.start, place.end)
            cursor.setPosition(before)
            cursor.setPosition(before + inside, QTextCursor.MoveMode.KeepAnchor)
            one.cursor = cursor
            marks.append(one)
        self.text.setExtraSelections(marks)
        if marks:
            shown = QTextCursor(marks[0].cursor)
            shown.clearSelection()
            self.text.setTextCursor(shown)
            self.text.ensureCursorVisible()

    def _utf16(self, start: int, end: int) -> int:
        item = self._item()
        text = item.text or "" if item is not None else ""
        return len(text[start:end].encode("utf-16-le", "surrogatepass")) // 2

    def _caption(self) -> None:
        item, classes = self._item(), {c.id: c.name for c in self._classes()}
        group = self._group_of.get(self.item_id)
        parts = [item.name if item is not None else "taken out"]
        if item is not None and item.class_id in classes:
            parts.append(classes[item.class_id])
        if item is not None and item.split is not None:
            parts.append({"train": "learnt from", "validation": "steering", "test": "test"}[item.split.value])
        if group:
            parts.append(f"group {group} of {len(self._finding.groups)}")
        parts.append(f"{self.at + 1} of {len(self._ids)}")
        self.caption.setText("   ·   ".join(parts))
        done = self._done.get(self.item_id, "")
        self.state.setText(done)
        self.state.setVisible(bool(done))
        set_role(self.state, "badge-good" if done else "badge")
        note = self._finding.notes.get(self.item_id, "")
        self.note.setText(note[:1].upper() + note[1:])
        self.note.setVisible(bool(note))
        wanted = self._finding.suggested.get(self.item_id)
        offer = item is not None and wanted in classes and item.class_id != wanted
        self.accept_button.setVisible(wanted in classes)
        self.accept_button.setEnabled(offer and self._may_change)
        name = classes.get(wanted or 0, "")
        self.accept_button.setText(f" It is “{name}” (Enter)")
        self.accept_button.setAccessibleName(f"Accept the suggestion {name}")
        self.out.setEnabled(item is not None and self._may_change)
        self.fine.setEnabled(item is not None and self._may_change)

    def _refresh(self, *_changed: object) -> None:
        if not self.isVisible() or self._ctx.store.project is not self._project:
            return
        if self._shown != (self.item_id, self._item() is not None):
            self.show_at(self.at)
        else:
            self._caption()

    # Deciding ----------------------------------------------------------------------------------------------------------

    def _decided(self, word: str) -> None:
        self._done[self.item_id] = word
        self._steps.append(self.at)
        if self.at + 1 < len(self._ids):
            self.move_by(1)
        else:
            self._caption()

    def _accept(self) -> None:
        wanted = self._finding.suggested.get(self.item_id)
        if wanted is not None and self.accept_button.isEnabled():
            self._label(wanted)

    def _label(self, class_id: int) -> None:
        item = self._item()
        if item is None or not self._may_change:
            return
        name = next((c.name for c in self._classes() if c.id == class_id), "")
        change(self._ctx.store, Change(labels={item.id: LabelState(class_id, "person")}), "label 1 item")
        self._decided(f"now “{name}”")

    def _take_out(self) -> None:
        if self._item() is not None and self._may_change:
            change(self._ctx.store, Change(remove=(self.item_id,)), "remove 1 item")
            self._decided("taken out")

    def _fine(self) -> None:
        if self._item() is not None and self._may_change:
            say_fine(self._ctx.store, self._finding, [self.item_id], self.dismissed.emit)
            self._decided("it is fine")

    def _back(self) -> None:
        """Take back the last thing decided here, and show it."""
        if self._steps:
            at = self._steps.pop()
            self._ctx.store.undo_stack.undo()
            self._done.pop(self._ids[at], None)
            self.show_at(at)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, control = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if control and key == Qt.Key.Key_Z:
            self._back()
        elif key == Qt.Key.Key_Left:
            self.move_by(-1)
        elif key in (Qt.Key.Key_Right, Qt.Key.Key_Space):
            self.move_by(1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._accept()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._take_out()
        elif key == Qt.Key.Key_F:
            self._fine()
        elif Qt.Key.Key_1 <= key <= Qt.Key.Key_9 and not control:
            place, classes = int(key) - int(Qt.Key.Key_1), self._classes()
            if place < len(classes) and self._by_class:
                self._label(classes[place].id)
        else:
            super().keyPressEvent(event)
