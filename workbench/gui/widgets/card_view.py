"""The list of model cards, as the Models and the Use page show it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QListView, QWidget

from workbench.gui.models.card_list import CardDelegate, CardList
from workbench.gui.theme import theme


class CardView(QListView):
    """Signals:
    chosen(object): the `ModelCard` now current, or None.
    """

    chosen = Signal(object)

    def __init__(self, name: str, object_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(object_name)
        self.setAccessibleName(name)
        self.cards = CardList()
        self.setModel(self.cards)
        self.setItemDelegate(CardDelegate(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.selectionModel().currentChanged.connect(lambda new, _old: self.chosen.emit(self.cards.card(new.row())))
        theme().changed.connect(self.viewport().update)

    def choose(self, model_id: str, *, otherwise_first: bool = False) -> None:
        """Make a card the current one, if it is shown."""
        row = self.cards.row_of(model_id)
        if row < 0 and otherwise_first:
            row = 0
        if row >= 0:
            self.setCurrentIndex(self.cards.index(row))
