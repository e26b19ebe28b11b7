"""The labels of the picture as a list, the topmost first: choose, hide, lock, drag to another place in the order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QByteArray,
    QItemSelection,
    QItemSelectionModel,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from workbench.data.annotations import Annotation
from workbench.data.shapes import bounds
from workbench.gui.editors.picture.document import Document
from workbench.gui.icons import pixmap
from workbench.gui.theme import theme

Index = QModelIndex | QPersistentModelIndex
LABEL_ROLE = Qt.ItemDataRole.UserRole + 1
_MIME = "application/x-workbench-label-order"
_KINDS = {"box": "square", "polygon": "pentagon", "region": "brush"}
_KIND_WORDS = {"box": "box", "polygon": "outline", "region": "painted area"}
_ROW = 30
_ICON = 15


class LabelModel(QAbstractListModel):
    """Signals:
    reordered(object): ids in their new order, later ones on top.
    """

    reordered = Signal(object)

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._document = document
        self._rows: list[Annotation] = []
        self._places: dict[int, int] = {}
        document.changed.connect(self._refill)

    def _refill(self) -> None:
        wanted = [
            a for a in reversed(self._document.annotations) if not a.is_proposal or a.score >= self._document.least
        ]
        if [a.id for a in wanted] == [a.id for a in self._rows]:
            self._rows = wanted
            if wanted:
                self.dataChanged.emit(self.index(0), self.index(len(wanted) - 1))
            return
        self.beginResetModel()
        self._rows = wanted
        self._places = {a.id: row for row, a in enumerate(wanted)}
        self.endResetModel()

    def row_of(self, annotation_id: int) -> int:
        """-1 when it is not listed."""
        return self._places.get(annotation_id, -1)

    def label_at(self, row: int) -> Annotation | None:
        return self._rows[row] if 0 <= row < len(self._rows) else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        found = self.label_at(index.row()) if index.isValid() else None
        if found is None:
            return None
        if role == LABEL_ROLE:
            return found
        if role == Qt.ItemDataRole.DisplayRole:
            return self._document.name_of(found)
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return self._words(found)
        return None

    def _words(self, a: Annotation) -> str:
        x0, y0, x1, y1 = bounds(a.shape)
        parts = [
            self._document.name_of(a), _KIND_WORDS[a.shape.kind], f"{x1 - x0:.0f} × {y1 - y0:.0f} at {x0:.0f}, {y0:.0f}"
        ]  # fmt: skip
        if a.is_proposal:
            parts.append(f"suggested, {a.score:.0%} sure")
        parts += [word for word, on in (("not counted", a.ignored), ("locked", a.locked), ("hidden", a.hidden)) if on]
        if a.text:
            parts.append(f"“{a.text[:80]}”")
        return ", ".join(parts)

    # Dragging to another place ---------------------------------------------------------------------------------

    def flags(self, index: Index) -> Qt.ItemFlag:
        base = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return base | (Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else Qt.ItemFlag.ItemIsDropEnabled)

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        return [_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        mime = QMimeData()
        rows = sorted(index.row() for index in indexes)
        mime.setData(_MIME, QByteArray(json.dumps([self._rows[row].id for row in rows]).encode()))
        return mime

    def dropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index) -> bool:
        if not data.hasFormat(_MIME):
            return False
        held = json.loads(bytes(data.data(_MIME).data()))
        target = row if row >= 0 else parent.row() if parent.isValid() else len(self._rows)
        before = [a.id for a in self._rows[:target] if a.id not in held]
        after = [a.id for a in self._rows[target:] if a.id not in held]
        self.reordered.emit([*before, *held, *after][::-1])
        return False  # the view must not take rows away itself: they come anew from the document


class _Delegate(QStyledItemDelegate):
    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, max(_ROW, option.fontMetrics.height() + 12))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        found: Annotation = index.data(LABEL_ROLE)
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        over = bool(state & QStyle.StateFlag.State_MouseOver)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(option.font)
        if state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            path = QPainterPath()
            path.addRoundedRect(QRectF(rect).adjusted(2, 1, -2, -1), 6, 6)
            chosen = state & QStyle.StateFlag.State_Selected
            painter.fillPath(path, theme().colour("accent_soft" if chosen else "raised"))
        painter.setOpacity(0.5 if found.hidden else 1.0)
        colour = QColor(self._document.colour_of(found)).name()
        _draw(painter, QRect(rect.left() + 10, rect.center().y() - 7, _ICON, _ICON), _KINDS[found.shape.kind], colour)
        painter.setOpacity(1.0)
        eye, lock = icon_places(rect)
        if over or found.hidden:
            _draw(painter, eye, "eye-off" if found.hidden else "eye", "text" if found.hidden else "text_faint")
        if over or found.locked:
            _draw(painter, lock, "lock" if found.locked else "lock-open", "text" if found.locked else "text_faint")
        right = lock.left() if over or found.locked else eye.left() if found.hidden else rect.right() - 6
        note = f"{found.score:.0%}" if found.is_proposal else "not counted" if found.ignored else ""
        metrics = painter.fontMetrics()
        words = QRectF(rect.left() + 34, rect.top(), right - rect.left() - 40, rect.height())
        if note:
            painter.setPen(theme().colour("text_soft"))
            painter.drawText(words, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, note)
            words.setRight(words.right() - metrics.horizontalAdvance(note) - 8)
        font = painter.font()
        font.setItalic(found.is_proposal)
        painter.setFont(font)
        painter.setPen(theme().colour("text_faint" if found.hidden else "text"))
        name = self._document.name_of(found) + ("?" if found.is_proposal else "")
        shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, int(words.width()))
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, shown)
        painter.restore()


def icon_places(rect: QRect) -> tuple[QRect, QRect]:
    """Where a row has its eye and its lock."""
    top = rect.center().y() - 7
    return QRect(rect.right() - 26, top, _ICON, _ICON), QRect(rect.right() - 50, top, _ICON, _ICON)


def _draw(painter: QPainter, rect: QRect, name: str, colour: str) -> None:
    mark = pixmap(name, _ICON, colour)
    painter.drawPixmap(QRectF(rect), mark, QRectF(mark.rect()))


class LabelView(QListView):
    """Signals:
    hide_wanted(int), lock_wanted(int): the eye or the lock of this label was clicked.
    menu_wanted(object): right click, at this global place.
    """

    hide_wanted = Signal(int)
    lock_wanted = Signal(int)
    menu_wanted = Signal(object)

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self.labels = LabelModel(document)
        self._following = False
        self.setObjectName("label-list")
        self.setAccessibleName("Labels of this picture, the topmost first")
        self.setModel(self.labels)
        self.setItemDelegate(_Delegate(document))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda at: self.menu_wanted.emit(self.viewport().mapToGlobal(at)))
        self.selectionModel().selectionChanged.connect(self._selected)
        self.labels.modelReset.connect(self._follow)
        document.chosen.connect(self._follow)
        theme().changed.connect(self.viewport().update)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        found = self._icon_at(at)
        if event.button() == Qt.MouseButton.LeftButton and found is not None:
            (self.hide_wanted if found[0] == 0 else self.lock_wanted).emit(found[1])
            return
        super().mousePressEvent(event)

    def _icon_at(self, at: QPoint) -> tuple[int, int] | None:
        """0 for the eye or 1 for the lock, and the id of its label."""
        index = self.indexAt(at)
        found = self.labels.label_at(index.row())
        if found is None:
            return None
        for number, place in enumerate(icon_places(self.visualRect(index))):
            if place.adjusted(-4, -6, 4, 6).contains(at):
                return number, found.id
        return None

    def _selected(self) -> None:
        if self._following:
            return
        rows = sorted(index.row() for index in self.selectionModel().selectedIndexes())
        found = (self.labels.label_at(row) for row in rows)
        self._following = True
        self._document.choose(a.id for a in found if a is not None)
        self._following = False

    def _follow(self) -> None:
        """What is chosen on the canvas is chosen here."""
        if self._following:
            return
        wanted = QItemSelection()
        rows = [row for row in (self.labels.row_of(i) for i in self._document.selection) if row >= 0]
        for row in rows:
            wanted.select(self.labels.index(row), self.labels.index(row))
        self._following = True
        self.selectionModel().select(wanted, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if rows:
            index = self.labels.index(rows[-1])
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
            self.scrollTo(index)
        self._following = False
