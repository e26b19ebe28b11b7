"""The pictures as a strip below the canvas: where one is, what is done, and a way to jump."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from workbench.data.types import Item
from workbench.gui.icons import pixmap
from workbench.gui.models.item_model import ITEM_ROLE, ItemModel
from workbench.gui.theme import theme
from workbench.gui.thumbnails import Thumbnails
from workbench.gui.widgets.fitted import FILLING, fitted

Index = QModelIndex | QPersistentModelIndex
_CELL = QSize(86, 66)


class _Delegate(QStyledItemDelegate):
    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__()
        self._thumbnails = thumbnails
        self.current = -1

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return _CELL

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        item: Item | None = index.data(ITEM_ROLE)
        if item is None:
            return
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        frame = QRectF(rect).adjusted(3, 3, -3, -3)
        path = QPainterPath()
        path.addRoundedRect(frame, 5, 5)
        painter.fillPath(path, theme().colour("raised"))
        found = self._thumbnails.pixmap(item.path, item.window) if item.path is not None else None
        painter.setClipPath(path)
        if found is not None and not found.isNull():
            painter.drawPixmap(fitted(found.size(), frame, FILLING), found, QRectF(found.rect()))
        painter.setClipping(False)
        here = index.row() == self.current
        over = bool(state & QStyle.StateFlag.State_MouseOver)
        painter.setPen(QPen(theme().colour("accent" if here or over else "line"), 3 if here else 1))
        painter.drawPath(path)
        if item.problem or item.marked or item.proposals:
            self._badge(painter, frame, item)
        painter.restore()

    def _badge(self, painter: QPainter, frame: QRectF, item: Item) -> None:
        """Done, suggestions to look at, or broken."""
        name, colour = ("check", "#1f7a46") if item.marked else ("sparkles", "#8a5a00")
        if item.problem:
            name, colour = "x", "#b3332b"
        spot = QRectF(frame.right() - 19, frame.top() + 3, 16, 16)
        painter.setPen(QPen(QColor("#ffffff"), 1.5))
        painter.setBrush(QColor(colour))
        painter.drawEllipse(spot)
        mark = pixmap(name, 10, "#ffffff")
        painter.drawPixmap(spot.adjusted(3, 3, -3, -3), mark, QRectF(mark.rect()))


class Strip(QListView):
    """Signals:
    picked(int): the row that was clicked or gone to by arrow keys.
    """

    picked = Signal(int)

    def __init__(self, model: ItemModel, thumbnails: Thumbnails) -> None:
        super().__init__()
        self.setObjectName("picture-strip")
        self.setAccessibleName("Pictures")
        self._delegate = _Delegate(thumbnails)
        self.setModel(model)
        self.setItemDelegate(self._delegate)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedHeight(_CELL.height() + 16)
        self.clicked.connect(lambda index: self.picked.emit(index.row()))
        self.activated.connect(lambda index: self.picked.emit(index.row()))
        thumbnails.ready.connect(lambda _path: self.viewport().update())
        theme().changed.connect(self.viewport().update)

    def dataChanged(self, top: Index, bottom: Index, roles: Sequence[int] = ()) -> None:
        """All items are of one size: painting again is enough, laying thousands of them out again is not needed."""
        self.viewport().update()

    def go_to(self, row: int) -> None:
        """Show this row as the one on the canvas."""
        self._delegate.current = row
        index = self.model().index(row, 0)
        self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)
        self.viewport().update()
