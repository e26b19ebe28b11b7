"""A finding's items one by one: seen large, decided with a key, and on to the next."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from workbench.data.checks import Finding
from workbench.data.checks.fixes import Change
from workbench.data.types import ClassLabel, Item, LabelState, Split
from workbench.gui.context import AppContext
from workbench.gui.health.deeds import change, say_fine
from workbench.gui.health.pane import ItemPane
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import button, icon_button, label, row, set_role

_BETWEEN = "   ·   "
_SPLITS = {Split.TRAIN: "learnt from", Split.VALIDATION: "steering", Split.TEST: "test", Split.NEW: "new data"}
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
        self.at = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        column.addWidget(label(finding.message, "strong", wrap=True))
        self.pane, self.other = ItemPane(ctx, "The item"), ItemPane(ctx, "What it is nearly the same as")
        self.other.setVisible(bool(finding.groups))
        column.addLayout(row(self.pane, self.other, spacing=M), 1)
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
        self.pane.show_item(item, self._finding.places.get(self.item_id, ()))
        if self._finding.groups:
            self.other.show_item(self._partner())
        self.setFocus()

    def _partner(self) -> Item | None:
        """Another one of its group: the first, or the second beside the first."""
        group = next(g for g in self._finding.groups if self.item_id in g)
        return self._there(next(i for i in group if i != self.item_id))

    def move_by(self, step: int) -> None:
        """To a neighbour, if there is one."""
        if 0 <= self.at + step < len(self._ids):
            self.show_at(self.at + step)

    def _item(self) -> Item | None:
        return self._there(self.item_id) if self._ids else None

    def _there(self, item_id: int) -> Item | None:
        """An item that is in the project still."""
        if self._ctx.store.project is not self._project:
            return None
        return next(iter(self._project.present([item_id])), None)

    def _facts(self, item: Item | None) -> str:
        classes = {c.id: c.name for c in self._classes()}
        parts = [item.name if item is not None else "taken out"]
        if item is not None and item.class_id in classes:
            parts.append(classes[item.class_id])
        if item is not None and item.split is not None:
            parts.append(_SPLITS[item.split])
        return _BETWEEN.join(parts)

    def _classes(self) -> list[ClassLabel]:
        return self._project.classes()

    def _caption(self) -> None:
        item, classes = self._item(), {c.id: c.name for c in self._classes()}
        group = self._group_of.get(self.item_id)
        where = f"{self.at + 1} of {len(self._ids)}"
        if group:
            where = f"group {group} of {len(self._finding.groups)}{_BETWEEN}{where}"
        self.caption.setText(where)
        self.pane.caption.setText(self._facts(item))
        if self._finding.groups:
            self.other.caption.setText(self._facts(self._partner()))
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
