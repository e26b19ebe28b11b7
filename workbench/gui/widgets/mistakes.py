"""The most confident mistakes: often the label is what is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from workbench.data.types import ClassLabel, Item, ItemPrediction
from workbench.gui.context import AppContext
from workbench.gui.theme import M, theme
from workbench.gui.widgets.basic import button, label
from workbench.gui.widgets.fitted import fitted

_ITEM = Qt.ItemDataRole.UserRole
_FIRST = "The most confident first. Often it is the label that is wrong."
_PREDICTION = Qt.ItemDataRole.UserRole + 1


class _Delegate(QStyledItemDelegate):
    def __init__(self, ctx: AppContext) -> None:
        super().__init__()
        self._ctx = ctx

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(300, 76)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        item: Item = index.data(_ITEM)
        said: ItemPrediction = index.data(_PREDICTION)
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setFont(option.font)
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, theme().colour("accent_soft"))
        left = rect.left() + 10
        if item.path is not None or item.kind == "molecule":
            found = self._ctx.thumbnails.of_item(item)
            if found is not None and not found.isNull():
                box = fitted(found.size(), QRectF(left, rect.top() + 6, 64, 64))
                painter.drawPixmap(box, found, QRectF(found.rect()))
            left += 78
        metrics = painter.fontMetrics()
        line = metrics.height() + 4
        words = QRectF(left, rect.top() + 10, rect.right() - left - 10, line)
        painter.setPen(theme().colour("text"))
        first = f"It said “{said.predicted_class}” ({max(said.scores, default=0):.0%} sure), the label is “{said.true_class}”"
        painter.drawText(
            words,
            Qt.AlignmentFlag.AlignVCenter,
            metrics.elidedText(first, Qt.TextElideMode.ElideRight, int(words.width())),
        )
        painter.setPen(theme().colour("text_soft"))
        second = " ".join(item.words.split())
        painter.drawText(
            words.translated(0, line), Qt.AlignmentFlag.AlignVCenter,
            metrics.elidedText(second, Qt.TextElideMode.ElideRight, int(words.width())),
        )  # fmt: skip
        painter.setPen(theme().colour("line"))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        painter.restore()


class Mistakes(QWidget):
    """Signals:
    corrected(int, int): item id and the class that is right after all.
    wanted(int): show this item among the data.
    """

    corrected = Signal(int, int)
    wanted = Signal(int)

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classes: dict[str, int] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, M, 0, 0)
        row = QHBoxLayout()
        self.words = label(_FIRST, "soft")
        row.addWidget(self.words, 1)
        self.show_item = button("Show in Data", self._show, name="mistake-show")
        self.take = button(
            "The model is right: correct the label", self._take, icon_name="check", name="mistake-correct",
            tip="Give the item the label the model said",
        )  # fmt: skip
        row.addWidget(self.show_item)
        row.addWidget(self.take)
        column.addLayout(row)
        self.list = QListWidget()
        self.list.setObjectName("mistakes")
        self.list.setAccessibleName("Mistakes, most confident first")
        self._delegate = _Delegate(ctx)
        self.list.setItemDelegate(self._delegate)
        self.list.setUniformItemSizes(True)
        self.list.currentRowChanged.connect(lambda _row: self._enable())
        ctx.thumbnails.ready.connect(lambda _path: self.list.viewport().update())
        column.addWidget(self.list, 1)
        self._enable()

    def show_mistakes(
        self, mistakes: Sequence[ItemPrediction], items: Sequence[Item], classes: Sequence[ClassLabel]
    ) -> None:
        """`items` are those of the mistakes, in any order."""
        self._classes = {c.name: c.id for c in classes}
        by_id = {i.id: i for i in items}
        self.list.clear()
        for mistake in mistakes:
            item = by_id.get(mistake.item_id)
            if item is None:
                continue
            entry = QListWidgetItem()
            entry.setData(_ITEM, item)
            entry.setData(_PREDICTION, mistake)
            entry.setData(
                Qt.ItemDataRole.AccessibleTextRole,
                f"{item.name}: it said {mistake.predicted_class}, the label is {mistake.true_class}",
            )
            entry.setToolTip(str(item.path) if item.path is not None else item.words)
            self.list.addItem(entry)
        self.list.setCurrentRow(0)
        self.words.setText(_FIRST if mistakes else "There are none among the items it was tested on.")
        self._enable()

    def _enable(self) -> None:
        for widget in (self.show_item, self.take):
            widget.setEnabled(self.list.currentItem() is not None)

    def _show(self) -> None:
        self.wanted.emit(self.list.currentItem().data(_ITEM).id)

    def _take(self) -> None:
        entry = self.list.currentItem()
        said: ItemPrediction = entry.data(_PREDICTION)
        if said.predicted_class in self._classes:
            self.corrected.emit(said.item_id, self._classes[said.predicted_class])
