"""What editors share that show one item whole, and go from one to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout

from workbench.data.annotations import AnnotationState
from workbench.data.types import Item
from workbench.gui.context import AppContext
from workbench.gui.editors.base import ItemEditor
from workbench.gui.models.item_model import ItemModel
from workbench.gui.theme import S
from workbench.gui.widgets.basic import button, icon_button, label


class OneByOne(ItemEditor):
    """
    Attributes:
        item: the one that is shown.
        caption: its name, and where it stands in the list.
    """

    def __init__(self, ctx: AppContext, model: ItemModel) -> None:
        super().__init__(ctx, model)
        self.item: Item | None = None
        self.caption = label("", "soft")

    def state(self) -> AnnotationState:
        """What is said of the item, as it is on disk."""
        project = self.ctx.store.project
        if project is None or self.item is None:
            return AnnotationState()
        return project.annotation_states([self.item.id])[self.item.id]

    def move_by(self, step: int) -> bool:
        """Go to a neighbour; False where there is none."""
        there = 0 <= self.row + step < self.model.rowCount()
        if there:
            self.show_row(self.row + step)
        return there

    def top_line(self, name: str, noun: str, back: Callable[[], Any]) -> QHBoxLayout:
        """Back to the list, the caption, and the two neighbours. `name`: how its widgets' names begin."""
        top = QHBoxLayout()
        top.setSpacing(S)
        top.addWidget(button("List", back, icon_name="chevron-left", name=f"{name}-back", tip="Back to the list (Esc)"))
        self.caption.setObjectName(f"{name}-caption")
        top.addWidget(self.caption, 1)
        top.addWidget(icon_button("chevron-left", f"Previous {noun} (Page Up)", lambda: self.move_by(-1)))
        top.addWidget(icon_button("chevron-right", f"Next {noun} (Page Down)", lambda: self.move_by(1)))
        return top

    def add_keys(
        self, back: Callable[[], Any], more: Sequence[tuple[str, Callable[[], Any]]] = (), whole_window: bool = False
    ) -> None:
        """Keys for the neighbours and the way back, and some more. `whole_window`: wherever in the window the keyboard is."""
        keys = [("PgUp", lambda: self.move_by(-1)), ("PgDown", lambda: self.move_by(1)), ("Esc", back), *more]
        for key, deed in keys:
            shortcut = QShortcut(QKeySequence(key), self)
            if not whole_window:
                shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(deed)
