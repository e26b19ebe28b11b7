"""Writing the right number for an item, by keys alone: what is typed counts with Enter, and on to the next."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout

from workbench.data.annotations import Annotation, AnnotationState
from workbench.data.numbers import decimal_of, number
from workbench.data.shapes import Whole
from workbench.data.types import Item
from workbench.gui.context import AppContext
from workbench.gui.editors.base import ItemEditor
from workbench.gui.models.item_model import ItemModel
from workbench.gui.theme import M, S
from workbench.gui.widgets.basic import Banner, Card, button, icon_button, label, row
from workbench.tasks.registry import get_task


class Editor(ItemEditor):
    """See the module."""

    def __init__(self, ctx: AppContext, model: ItemModel) -> None:
        super().__init__(ctx, model)
        self.item: Item | None = None
        self._build()
        ctx.store.labels_changed.connect(self._changed)
        ctx.store.project_changed.connect(self._project_changed)

    def show_row(self, row_number: int) -> None:
        item = self.model.item_at(row_number)
        project = self.ctx.store.project
        if item is None or project is None:
            return
        self.row, self.item = row_number, item
        task = get_task(project.task_id)
        words = getattr(task, "item_words", None)
        self.given.setPlainText(words(item, project) if words is not None else item.text or item.name)
        named = getattr(task, "number_named", None)
        name, unit = named(project) if named is not None else ("", "")
        self.asked.setText(f"{name or 'The right number'}{f' ({unit})' if unit else ''}")
        self.banner.hide()
        if item.problem:
            self.banner.show_message(item.problem, "warn")
        self._fill()
        self.moved.emit(row_number)
        self.field.setFocus()
        self.field.selectAll()

    def review(self) -> None:
        """The first item that has no number yet."""
        project = self.ctx.store.require()
        done = {i.id for i in project.items(self.model.ids) if i.marked}
        self.show_row(next((r for r, item_id in enumerate(self.model.ids) if item_id not in done), 0))

    def state(self) -> AnnotationState:
        """The item's number as it is on disk."""
        project = self.ctx.store.project
        if project is None or self.item is None:
            return AnnotationState()
        return project.annotation_states([self.item.id])[self.item.id]

    def done(self) -> None:
        """This is the number; on to the next item. What is no number is said, and nothing is kept."""
        typed = self.field.text().strip()
        if not typed:
            self._store("")
            self.move_by(1)
            return
        value = number(typed, decimal_of([typed]))
        if value is None:
            self.banner.show_message(f"“{typed[:40]}” is not a number. Write it like 1234.5", "warn")
            self.field.selectAll()
            return
        self._store(repr(value))
        self.move_by(1)

    def move_by(self, step: int) -> None:
        """Go to a neighbour, if there is one."""
        if 0 <= self.row + step < self.model.rowCount():
            self.show_row(self.row + step)
        else:
            self._fill()

    def _fill(self) -> None:
        state = self.state()
        mine = next((a for a in state.annotations if not a.is_proposal), None)
        self.field.setText(mine.text.removesuffix(".0") if mine is not None else "")
        if self.item is not None:
            done = "has a number" if state.marked and mine is not None else "no number yet"
            self.caption.setText(f"{self.item.name}   ·   {done}   ·   {self.row + 1:,} of {self.model.rowCount():,}")

    def _store(self, text: str) -> None:
        project = self.ctx.store.project
        if self.item is None or project is None:
            return
        if project.read_only:
            self.banner.show_message("This project is open for reading only.", "warn")
            return
        old = next((a for a in self.state().annotations if not a.is_proposal), None)
        if (old.text if old is not None else "") == text:
            return
        known: dict[str, Any] = {"id": old.id} if old is not None else {}
        kept = (Annotation(Whole(), text=text, **known),) if text else ()
        self.ctx.store.set_annotations(
            {self.item.id: AnnotationState(kept, bool(text))}, f"set the number of “{self.item.name}”"
        )

    def _changed(self, ids: object) -> None:
        if self.item is not None and isinstance(ids, list) and self.item.id in ids and not self.field.hasFocus():
            self._fill()

    def _project_changed(self) -> None:
        self.item, self.row = None, -1
        self.field.clear()

    def hideEvent(self, event: QHideEvent) -> None:
        self.banner.hide()
        super().hideEvent(event)

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(M)
        top = QHBoxLayout()
        top.setSpacing(S)
        top.addWidget(
            button("List", self.closed.emit, icon_name="chevron-left", name="number-back", tip="Back to the list (Esc)")
        )
        self.caption = label("", "soft")
        self.caption.setObjectName("number-caption")
        top.addWidget(self.caption, 1)
        top.addWidget(icon_button("chevron-left", "Previous item (Page Up)", lambda: self.move_by(-1)))
        top.addWidget(icon_button("chevron-right", "Next item (Page Down)", lambda: self.move_by(1)))
        column.addLayout(top)
        self.banner = Banner()
        column.addWidget(self.banner)
        self.given = QPlainTextEdit()
        self.given.setObjectName("number-given")
        self.given.setReadOnly(True)
        self.given.setTabChangesFocus(True)
        self.given.setAccessibleName("What is known of it")
        column.addWidget(self.given, 1)
        card = Card(spacing=S)
        self.asked = label("The right number", "strong")
        self.field = QLineEdit()
        self.field.setObjectName("number-field")
        self.field.setAccessibleName("The right number")
        self.field.setPlaceholderText("Type a number, then press Enter; empty: not known")
        self.field.returnPressed.connect(self.done)
        self.asked.setBuddy(self.field)
        card.body.addWidget(self.asked)
        card.body.addLayout(
            row(self.field, button("Keep, next", self.done, role="primary", icon_name="check", name="number-done"))
        )
        column.addWidget(card)
        for key, deed in (
            ("PgUp", lambda: self.move_by(-1)), ("PgDown", lambda: self.move_by(1)), ("Esc", self.closed.emit),
        ):  # fmt: skip
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.activated.connect(deed)
