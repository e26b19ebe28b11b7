"""The classes of the project: counts, keys, and a place to drop items on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QDragEnterEvent, QDragMoveEvent, QDropEvent, QPainter, QPainterPath
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QInputDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from workbench.data.types import ClassLabel
from workbench.gui.models.item_model import dropped_ids
from workbench.gui.project_store import ProjectStore
from workbench.gui.theme import M, S, theme
from workbench.gui.widgets.basic import Card, label

_ID = Qt.ItemDataRole.UserRole
_LABEL = Qt.ItemDataRole.UserRole + 1
_COUNT = Qt.ItemDataRole.UserRole + 2


class _Delegate(QStyledItemDelegate):
    """Attributes:
    air: pixels a row has beyond its text.
    """

    air = 18

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(160, option.fontMetrics.height() + self.air)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        found: ClassLabel = index.data(_LABEL)
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(option.font)
        box = QRectF(rect).adjusted(2, 1, -2, -1)
        if state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            path = QPainterPath()
            path.addRoundedRect(box, 7, 7)
            chosen = state & QStyle.StateFlag.State_Selected
            painter.fillPath(path, theme().colour("accent_soft" if chosen else "raised"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(found.colour))
        painter.drawEllipse(QPointF(box.left() + 14, box.center().y()), 5, 5)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        metrics = painter.fontMetrics()
        count = f"{index.data(_COUNT):,}"
        width = metrics.horizontalAdvance(count)
        painter.setPen(theme().colour("text_soft"))
        painter.drawText(box.adjusted(0, 0, -10, 0), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, count)
        left = box.left() + 28
        if found.position < 9:
            key = QRectF(left, box.center().y() - 9, 18, 18)
            painter.setPen(theme().colour("line_strong"))
            painter.drawRoundedRect(key, 4, 4)
            painter.setPen(theme().colour("text_soft"))
            painter.drawText(key, Qt.AlignmentFlag.AlignCenter, str(found.position + 1))
        left += 26
        words = QRectF(left, box.top(), box.right() - left - width - 18, box.height())
        painter.setPen(theme().colour("text"))
        shown = metrics.elidedText(found.name, Qt.TextElideMode.ElideRight, int(words.width()))
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, shown)
        painter.restore()


class _List(QListWidget):
    """Takes items dropped on a class, and classes dragged to another place."""

    labelled = Signal(int, object)
    moved = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setMouseTracking(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_ids(event.mimeData()) or event.source() is self:
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if event.source() is self:
            super().dragMoveEvent(event)
            return
        found = self.itemAt(event.position().toPoint())
        self.setCurrentRow(self.row(found) if found is not None else -1)
        if found is None:
            event.ignore()
        else:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        ids = dropped_ids(event.mimeData())
        found = self.itemAt(event.position().toPoint())
        if ids and found is not None:
            event.acceptProposedAction()
            self.labelled.emit(found.data(_ID), ids)
        elif event.source() is self:
            super().dropEvent(event)
            self.moved.emit()


class ClassPanel(Card):
    """See the module.

    Signals:
        labelled(int, object): class id and the ids dropped on it.
        filtered(int): show only this class; -1 shows all, -2 the unlabelled.
    """

    labelled = Signal(int, object)
    filtered = Signal(int)

    def __init__(self, store: ProjectStore, parent: QWidget | None = None) -> None:
        super().__init__(parent, margin=M, spacing=S)
        self._store = store
        self.setMinimumWidth(210)
        self.setMaximumWidth(340)
        self.body.addWidget(label("Classes", "heading"))
        self.hint = label("Select items, then press the number; or drag items here.", "faint", wrap=True)
        self.body.addWidget(self.hint)
        self._filters = True
        self._annotated = False
        self.list = _List()
        self.list.setObjectName("class-list")
        self.list.setAccessibleName("Classes of the project")
        self._delegate = _Delegate(self.list)
        self.list.setItemDelegate(self._delegate)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._menu)
        self.list.labelled.connect(self.labelled)
        self.list.moved.connect(self._moved)
        self.list.itemClicked.connect(lambda item: self.filtered.emit(item.data(_ID)))
        self.list.itemDoubleClicked.connect(lambda item: self._rename(item.data(_LABEL)))
        self.list.setToolTip("Click to show only this class, double-click to rename, right-click for more")
        self.body.addWidget(self.list, 1)
        self.unlabelled = label("", "soft")
        self.body.addWidget(self.unlabelled)
        self.new_name = QLineEdit()
        self.new_name.setObjectName("new-class")
        self.new_name.setPlaceholderText("New class …")
        self.new_name.setAccessibleName("Name of a new class")
        self.new_name.setToolTip("Type a name and press Enter")
        self.new_name.returnPressed.connect(self._add)
        column = QVBoxLayout()
        column.addWidget(self.new_name)
        self.body.addLayout(column)
        theme().changed.connect(self.list.viewport().update)

    def show_classes(self, classes: Sequence[ClassLabel], counts: Mapping[int, int], unlabelled: int) -> None:
        """Fill in; keeps the chosen class."""
        current = self.list.currentItem()
        chosen = current.data(_ID) if current is not None else None
        self.list.clear()
        for found in classes:
            entry = QListWidgetItem()
            entry.setData(_ID, found.id)
            entry.setData(_LABEL, found)
            entry.setData(_COUNT, counts.get(found.id, 0))
            noun = "labels" if self._annotated else "items"
            key = f", key {found.position + 1}" if found.position < 9 else ""
            entry.setData(Qt.ItemDataRole.AccessibleTextRole, f"{found.name}, {counts.get(found.id, 0)} {noun}{key}")
            self.list.addItem(entry)
            if found.id == chosen:
                self.list.setCurrentItem(entry)
        words = ("not done", "Everything is done") if self._annotated else ("without a label", "Everything has a label")
        self.unlabelled.setText(f"{unlabelled:,} {words[0]}" if unlabelled else words[1])

    def set_annotated(self, annotated: bool, hint: str = "") -> None:
        """Speak of labels on pieces of items, which an editor makes; `hint`: how that is done, in its words."""
        self._annotated = annotated
        self.hint.setText(
            hint
            or "How often each is marked. Open an item (Enter) to mark more." if annotated
            else "Select items, then press the number; or drag items here."
        )  # fmt: skip

    def for_drawing(self) -> None:
        """In an editor: a click picks the class to draw (`filtered` says which) instead of filtering a list."""
        self._filters = False
        self.unlabelled.hide()
        self.hint.hide()
        self.body.setContentsMargins(S, S, S, S)
        self._delegate.air = 12
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setProperty("role", "bare")
        self.list.setToolTip("Click to pick this class, double-click to rename, right-click for more")

    def fit_height(self, most: int) -> None:
        """Be as high as the classes, up to `most` of them."""
        row = self.list.sizeHintForRow(0) if self.list.count() else self.list.fontMetrics().height() + 12
        self.list.setFixedHeight(row * max(2, min(most, self.list.count())) + 4)

    def choose_class(self, class_id: int | None) -> None:
        """Show this class as the one in use."""
        for row in range(self.list.count()):
            if self.list.item(row).data(_ID) == class_id:
                self.list.setCurrentRow(row)
                return
        self.clear_choice()

    def chosen_name(self) -> str:
        """The class that is chosen, or ""."""
        entry = self.list.currentItem()
        return entry.data(_LABEL).name if entry is not None and entry.isSelected() else ""

    def clear_choice(self) -> None:
        self.list.setCurrentRow(-1)
        self.list.clearSelection()

    def _add(self) -> None:
        name = self.new_name.text().strip()
        if name:
            self._store.add_class(name)
            self.new_name.clear()

    def _moved(self) -> None:
        self._store.reorder_classes([self.list.item(i).data(_ID) for i in range(self.list.count())])

    def _menu(self, at: QPoint) -> None:
        entry = self.list.itemAt(at)
        if entry is None:
            return
        found: ClassLabel = entry.data(_LABEL)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if self._filters:
            menu.addAction("Show all items", lambda: self.filtered.emit(-1))
        menu.addAction("Rename …", lambda: self._rename(found))
        merge = menu.addMenu("Merge into")
        for row in range(self.list.count()):
            other: ClassLabel = self.list.item(row).data(_LABEL)
            if other.id != found.id:
                merge.addAction(other.name, partial(self._store.merge_classes, found.id, other.id))
        merge.setEnabled(self.list.count() > 1)
        menu.addAction("Remove (its items stay, without a label)", lambda: self._store.remove_class(found.id))
        menu.exec(self.list.viewport().mapToGlobal(at))

    def _rename(self, found: ClassLabel) -> None:
        name, ok = QInputDialog.getText(self, "Rename class", "New name", QLineEdit.EchoMode.Normal, found.name)
        if ok and name.strip() and name.strip() != found.name:
            self._store.rename_class(found.id, name)
