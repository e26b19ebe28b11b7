"""What the Data page asks of an editor."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from workbench.gui.context import AppContext
from workbench.gui.models.item_model import ItemModel


class ItemEditor(QWidget):
    """Fills the Data page while one item after another is labelled. Every change goes through
    `ctx.store.set_annotations`, so that it is on disk at once and can be undone from the menu.

    Signals:
        closed(): back to the list.
        moved(int): the row now shown.
    """

    closed = Signal()
    moved = Signal(int)

    def __init__(self, ctx: AppContext, model: ItemModel) -> None:
        super().__init__()
        self.ctx = ctx
        self.model = model
        self.row = -1

    def show_row(self, row: int) -> None:
        """Show the item of a row of the list; the keyboard is then here."""
        raise NotImplementedError

    def review(self) -> None:
        """Go through what models proposed, the least certain first. By default: from the first row of the list on."""
        self.show_row(0)
