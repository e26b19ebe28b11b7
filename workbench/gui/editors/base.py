"""What the Data page asks of an editor."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from workbench.gui.context import AppContext
from workbench.gui.models.item_model import ItemModel
from workbench.gui.widgets.item_view import ItemView


class ItemEditor(QWidget):
    """Fills the Data page while one item after another is labelled. Every change goes through
    `ctx.store.set_annotations`, so that it is on disk at once and can be undone from the menu.

    Attributes:
        list_hint: what the panel of classes says; "" leaves it as it is.
        chips_in_list: the list shows every label of an item, instead of what is marked on it.

    Signals:
        closed(): back to the list.
        moved(int): the row now shown.
    """

    closed = Signal()
    moved = Signal(int)
    list_hint = ""
    chips_in_list = False

    def __init__(self, ctx: AppContext, model: ItemModel) -> None:
        super().__init__()
        self.ctx = ctx
        self.model = model
        self.row = -1

    def show_row(self, row: int) -> None:
        """Show the item of a row of the list; the keyboard is then here."""
        raise NotImplementedError

    # An editor that can label items in the list itself does so, and says True; others are opened instead.

    def attach(self, view: ItemView) -> None:
        """The list of the Data page."""

    def list_bar(self) -> QWidget | None:
        """What stands above the list, about the chosen items; None: nothing."""
        return None

    def label_rows(self, rows: Sequence[int], key: int) -> bool:
        """A number was pressed with these rows chosen; 0 takes labels off."""
        return False

    def accept_rows(self, rows: Sequence[int]) -> bool:
        """Enter was pressed with these rows chosen."""
        return False

    def drop_on(self, class_id: int, ids: Sequence[int]) -> bool:
        """Items were dragged onto a class."""
        return False

    def review(self) -> None:
        """Go through what models proposed, the least certain first. By default: from the first row of the list on."""
        self.show_row(0)
