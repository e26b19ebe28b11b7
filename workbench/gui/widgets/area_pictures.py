"""Pictures with what is true and what a model said, side by side, and where the two differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QSlider,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from workbench.data.types import Item
from workbench.gui.context import AppContext
from workbench.gui.theme import M, S, theme
from workbench.gui.widgets.basic import button, label
from workbench.gui.widgets.fitted import fitted
from workbench.gui.widgets.overlays import area_image, paint_over
from workbench.tasks.masks import IGNORED
from workbench.trust.judge_mask import Compared
from workbench.trust.report_mask import COLOURS as DIFFERENCE

_ITEM = Qt.ItemDataRole.UserRole
_SCORE = Qt.ItemDataRole.UserRole + 1
_HIGH = 206
_PANES = ("As you marked it", "As it was coloured", "The difference")
_IGNORED_GREY = "#808080"


@dataclass(frozen=True)
class Layers:
    """What is laid over one picture: truth, answer, difference."""

    truth: QImage
    said: QImage
    difference: QImage

    @classmethod
    def of(cls, seen: Compared, colours: Sequence[str]) -> Layers:
        """`colours` of the classes from 1. To be called in a job."""
        shown = dict(enumerate(colours, 1))
        return cls(
            area_image(seen.truth, {**shown, IGNORED: _IGNORED_GREY}),
            area_image(seen.said, shown),
            area_image(seen.difference, {value: colour for value, (colour, _words) in DIFFERENCE.items()}),
        )


class _Delegate(QStyledItemDelegate):
    def __init__(self, ctx: AppContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.layers: dict[int, Layers] = {}
        self.opacity = 0.6

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(300, _HIGH)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        item: Item = index.data(_ITEM)
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setFont(option.font)
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, theme().colour("accent_soft"))
        metrics = painter.fontMetrics()
        line = metrics.height() + 4
        head = QRectF(rect.left() + 10, rect.top() + 6, rect.width() - 20, line)
        painter.setPen(theme().colour("text"))
        words = f"{item.name}: overlap {index.data(_SCORE):.0%}"
        shown = metrics.elidedText(words, Qt.TextElideMode.ElideMiddle, int(head.width()))
        painter.drawText(head, Qt.AlignmentFlag.AlignVCenter, shown)
        picture = self._ctx.thumbnails.pixmap(item.path, item.window) if item.path is not None else None
        layers = self.layers.get(item.id)
        wide = (rect.width() - 20 - 2 * M) / 3
        for number in range(3):
            left = rect.left() + 10 + number * (wide + M)
            place = QRectF(left, head.bottom() + 2, wide, rect.bottom() - head.bottom() - line - 10)
            overlay = (layers.truth, layers.said, layers.difference)[number] if layers is not None else QImage()
            self._pane(painter, place, picture, overlay)
            painter.setPen(theme().colour("text_soft"))
            caption = QRectF(left, place.bottom() + 1, wide, line)
            painter.drawText(caption, Qt.AlignmentFlag.AlignCenter, _PANES[number])
        painter.setPen(theme().colour("line"))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        painter.restore()

    def _pane(self, painter: QPainter, place: QRectF, picture: QPixmap | None, overlay: QImage) -> None:
        if picture is None or picture.isNull():
            painter.fillRect(place, theme().colour("raised"))
            return
        box = fitted(picture.size(), place)
        painter.drawPixmap(box, picture, QRectF(picture.rect()))
        paint_over(painter, box, overlay, self.opacity)


class AreaPictures(QWidget):
    """The pictures given, each three times: as it was marked, as it was coloured, and the difference.

    Signals:
        wanted(int): show this item among the data.
    """

    wanted = Signal(int)

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, M, 0, 0)
        column.setSpacing(S)
        top = QHBoxLayout()
        top.setSpacing(S)
        gap = "&nbsp;" * 4
        legend = gap.join(f"<span style='color:{c}'>■</span> {words}" for c, words in DIFFERENCE.values())
        self.legend = label("", "soft")
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setText(legend)
        self.legend.setAccessibleName(f"Difference: {', '.join(words for _c, words in DIFFERENCE.values())}")
        top.addWidget(self.legend)
        top.addStretch(1)
        top.addWidget(label("Colour over the picture", "soft"))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName("results-opacity")
        self.slider.setRange(0, 100)
        self.slider.setValue(60)
        self.slider.setMinimumWidth(160)
        self.slider.setAccessibleName("How strongly the areas cover the pictures")
        self.slider.setToolTip("How strongly the areas cover the pictures (opacity)")
        self.slider.valueChanged.connect(self._opacity)
        top.addWidget(self.slider)
        self.show_item = button(
            "Show in Data", self._show, name="area-show", tip="Open the picture and its marks on the Data page (Enter)"
        )
        top.addWidget(self.show_item)
        column.addLayout(top)
        self.list = QListWidget()
        self.list.setObjectName("area-pictures")
        self.list.setAccessibleName("Pictures, the least right first")
        self._delegate = _Delegate(ctx)
        self.list.setItemDelegate(self._delegate)
        self.list.setUniformItemSizes(True)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.itemActivated.connect(lambda _entry: self._show())
        self.list.currentRowChanged.connect(lambda row: self.show_item.setEnabled(row >= 0))
        self.show_item.setEnabled(False)
        ctx.thumbnails.ready.connect(lambda _path: self.list.viewport().update())
        theme().changed.connect(self.list.viewport().update)
        column.addWidget(self.list, 1)

    def show_pictures(self, found: Sequence[tuple[Item, float]]) -> None:
        """Items with their overlap, the least right first; what is laid over them comes later (`show_layers`)."""
        self._delegate.layers.clear()
        self.list.clear()
        for item, score in found:
            entry = QListWidgetItem()
            entry.setData(_ITEM, item)
            entry.setData(_SCORE, score)
            entry.setData(Qt.ItemDataRole.AccessibleTextRole, f"{item.name}: overlap {score:.0%}")
            entry.setToolTip(str(item.path))
            self.list.addItem(entry)
        self.list.setCurrentRow(0)

    def show_layers(self, item_id: int, layers: Layers) -> None:
        self._delegate.layers[item_id] = layers
        self.list.viewport().update()

    def _opacity(self, value: int) -> None:
        self._delegate.opacity = value / 100
        self.list.viewport().update()

    def _show(self) -> None:
        entry = self.list.currentItem()
        if entry is not None:
            self.wanted.emit(entry.data(_ITEM).id)
