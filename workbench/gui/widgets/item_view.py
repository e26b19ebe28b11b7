"""The list of items with its keys: labelling without leaving the keyboard."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QRegion, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractItemView, QListView

from workbench.data.columns import TableColumn
from workbench.gui.models.item_model import ItemModel
from workbench.gui.models.picture_list import PictureList
from workbench.gui.theme import theme
from workbench.gui.thumbnails import Thumbnails
from workbench.gui.widgets.item_delegate import ItemDelegate
from workbench.gui.widgets.row_head import RowHead

SMALLEST, LARGEST = 90, 320
# Typing letters goes to the item that begins so; in longer lists that would read all items.
_MOST_TO_TYPE_TO = 2000
Index = QModelIndex | QPersistentModelIndex


class ItemView(QListView):
    """Tiles or rows. The person's wishes come out as signals; the page answers them.

    Signals:
        label_key(int): 1-9, or 0 to take the label off.
        accepted(): Enter: accept the suggestion.
        opened(int): row to be looked at in full size.
        removed(): Delete.
    """

    label_key = Signal(int)
    accepted = Signal()
    opened = Signal(int)
    removed = Signal()

    def __init__(
        self, model: ItemModel | PictureList, thumbnails: Thumbnails, delegate: ItemDelegate | None = None
    ) -> None:
        super().__init__()
        self.setObjectName("item-view")
        self.head: RowHead | None = None
        self.setAccessibleName("Items of the project")
        self._delegate = delegate or ItemDelegate(thumbnails)
        self.setModel(model)
        self.setItemDelegate(self._delegate)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        # List mode with wrapping, not icon mode: it lays out a hundred thousand equal items in no time.
        self.setViewMode(QListView.ViewMode.ListMode)
        self.doubleClicked.connect(lambda index: self.opened.emit(index.row()))
        self._thumbnails = thumbnails
        thumbnails.ready.connect(lambda _path: self._paint_late())
        theme().changed.connect(self.viewport().update)
        self.set_tiles(True)

    def _paint_late(self) -> None:
        """Thumbnails have come: paint those items again that lacked theirs."""
        model, place = self.model(), self.viewport().rect()
        for row in self._delegate.take_late():
            where = self.visualRect(model.index(row, 0))
            if where.intersects(place):
                self.viewport().update(where)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        if abs(dy) >= self.viewport().height():  # nothing that was seen is seen any more
            self._thumbnails.rush()
        super().scrollContentsBy(dx, dy)

    @property
    def tiles(self) -> bool:
        return self._delegate.tiles

    def set_tiles(self, tiles: bool) -> None:
        """Tiles for pictures, rows for texts."""
        self._delegate.tiles = tiles
        self.setWrapping(tiles)
        self.setFlow(QListView.Flow.LeftToRight if tiles else QListView.Flow.TopToBottom)
        self._fit()

    def set_columns(self, columns: Sequence[TableColumn], label: str = "") -> None:
        """Show items as rows of a table with these columns, their label first; none: as before."""
        if not columns:
            if self.head is not None:
                self.head.hide()
                self.setViewportMargins(0, 0, 0, 0)
            self._delegate.head = None
            return
        if self.head is None:
            self.head = RowHead(self)
            self.head.widths_changed.connect(self._fit)
            self.horizontalScrollBar().valueChanged.connect(self.head.setOffset)
            self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._delegate.head = self.head
        self.head.show_columns(columns, label)
        self.head.show()
        self.setViewportMargins(0, self.head.sizeHint().height(), 0, 0)
        self._place_head()
        self._fit()

    def _place_head(self) -> None:
        if self.head is not None:
            place = self.viewport().geometry()
            height = self.head.sizeHint().height()
            self.head.setGeometry(place.left(), place.top() - height, place.width(), height)

    def set_side(self, side: int) -> None:
        """Width of a tile."""
        self._delegate.side = max(SMALLEST, min(LARGEST, side))
        self._fit()

    @property
    def side(self) -> int:
        return self._delegate.side

    def selected_rows(self) -> list[int]:
        # By stretches: asked one by one, each of a hundred thousand rows would be an object of its own.
        chosen = self.selectionModel().selection()
        stretches = [chosen.at(n) for n in range(chosen.count())]
        return sorted({row for s in stretches for row in range(s.top(), s.bottom() + 1)})

    def selectAll(self) -> None:
        model = self.model()
        if model.rowCount():
            whole = QItemSelection(model.index(0, 0), model.index(model.rowCount() - 1, 0))
            self.selectionModel().select(whole, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def visualRegionForSelection(self, _selection: QItemSelection) -> QRegion:
        """What is painted anew when the choice changes: all that is seen, which is less work than asking where every chosen
        row lies."""
        return QRegion(self.viewport().rect())

    def keyboardSearch(self, search: str) -> None:
        if self.model().rowCount() <= _MOST_TO_TYPE_TO:
            super().keyboardSearch(search)

    def dataChanged(self, top: Index, bottom: Index, roles: Sequence[int] = ()) -> None:
        """All items are of one size: painting again is enough, laying thousands of them out again is not needed."""
        self.viewport().update()

    def go_to(self, row: int) -> None:
        """Select one row and bring it into view."""
        index = self.model().index(row, 0)
        if index.isValid():
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            self.scrollTo(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if plain and Qt.Key.Key_0 <= key <= Qt.Key.Key_9:
            self.label_key.emit(int(key) - int(Qt.Key.Key_0))
        elif plain and key == Qt.Key.Key_Backspace:
            self.label_key.emit(0)
        elif plain and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.accepted.emit()
        elif plain and key == Qt.Key.Key_Space:
            self.opened.emit(self.currentIndex().row())
        elif key == Qt.Key.Key_Delete:
            self.removed.emit()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Ctrl and the wheel change the size of the tiles."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and self.tiles:
            self.set_side(self.side + (16 if event.angleDelta().y() > 0 else -16))
            event.accept()
            return
        super().wheelEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)
        self._place_head()

    def _fit(self) -> None:
        """Tiles share the whole width evenly, so that no ragged edge is left."""
        if not self.tiles:
            self.setGridSize(QSize())
            self.scheduleDelayedItemsLayout()
            return
        width = self.viewport().width() - 2
        columns = max(1, width // self._delegate.side)
        self._delegate.cell = width // columns
        self.setGridSize(QSize(self._delegate.cell, self._delegate.side + 30))
