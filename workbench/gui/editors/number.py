"""Writing the right number for an item, by keys alone: what is typed counts with Enter, and on to the next."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QStackedWidget, QVBoxLayout

from workbench.data.annotations import Annotation, AnnotationState
from workbench.data.numbers import decimal_of, number
from workbench.data.project import Project
from workbench.data.shapes import Whole
from workbench.data.types import Item
from workbench.gui.context import AppContext
from workbench.gui.editors.one_by_one import OneByOne
from workbench.gui.models.item_model import ItemModel
from workbench.gui.theme import M, S
from workbench.gui.widgets.basic import Banner, Card, button, label, row
from workbench.gui.widgets.row_view import RowView
from workbench.gui.widgets.structure_view import StructureView
from workbench.tasks.registry import get_task


class Editor(OneByOne):
    """See the module."""

    def __init__(self, ctx: AppContext, model: ItemModel) -> None:
        super().__init__(ctx, model)
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
        self._show(item, project)
        name, unit = task.number_named(project)
        self.asked.setText(f"{name or 'The right number'}{f' ({unit})' if unit else ''}")
        self.banner.hide()
        if item.problem:
            self.banner.show_message(item.problem, "warn")
        self._fill()
        self.moved.emit(row_number)
        self.field.setFocus()
        self.field.selectAll()

    def _show(self, item: Item, project: Project) -> None:
        """The item as it is best seen: a molecule drawn, a row as its cells and pictures, anything else in words."""
        self.given.setPlainText(get_task(project.task_id).item_words(item, project))
        if item.kind == "molecule":
            self.looks.setCurrentWidget(self.structure)
            self.structure.show_molecule(item)
        elif item.kind == "row":
            self.looks.setCurrentWidget(self.cells)
            self.cells.show_row(item, project, target=False)
        else:
            self.looks.setCurrentWidget(self.given)

    def review(self) -> None:
        """The first item that has no number yet."""
        project = self.ctx.store.require()
        done = {i.id for i in project.items(self.model.ids) if i.marked}
        self.show_row(next((r for r, item_id in enumerate(self.model.ids) if item_id not in done), 0))

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

    def move_by(self, step: int) -> bool:
        """See `OneByOne`; where there is none, the number is shown as it was kept."""
        there = super().move_by(step)
        if not there:
            self._fill()
        return there

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
        column.addLayout(self.top_line("number", "item", self.closed.emit))
        self.banner = Banner()
        column.addWidget(self.banner)
        self.given = QPlainTextEdit()
        self.given.setObjectName("number-given")
        self.given.setReadOnly(True)
        self.given.setTabChangesFocus(True)
        self.given.setAccessibleName("What is known of it")
        self.looks = QStackedWidget()
        self.structure = StructureView(self.ctx.jobs)
        self.cells = RowView(self.ctx.jobs)
        for look in (self.given, self.structure, self.cells):
            self.looks.addWidget(look)
        column.addWidget(self.looks, 1)
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
        self.add_keys(self.closed.emit, whole_window=True)
