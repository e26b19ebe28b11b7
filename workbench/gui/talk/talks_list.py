"""The list of conversations, by name and date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from workbench.engine.conversation_store import Entry
from workbench.gui.talk.words import plain_tip

_ID = Qt.ItemDataRole.UserRole


class TalksList(QTreeWidget):
    """Signals:
    chosen(str): the id of a conversation to open.
    renamed(str, str): id and new name.
    deleted(str): id of one to delete.
    """

    chosen = Signal(str)
    renamed = Signal(str, str)
    deleted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("talks")
        self.setAccessibleName("Conversations")
        self.setToolTip("Double click or F2 renames, Delete deletes")
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setStyleSheet("QTreeView::item { padding: 6px 4px; }")
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.currentItemChanged.connect(lambda item, _old: self._chosen(item))
        self.itemChanged.connect(self._changed)

    def show_entries(self, entries: Sequence[Entry], current: str) -> None:
        """Anew; the current one stays marked, and a name that is being typed is not disturbed."""
        if self.state() == QAbstractItemView.State.EditingState:
            return
        self.blockSignals(True)
        self.clear()
        for entry in entries:
            item = QTreeWidgetItem([entry.name, _when(entry.changed)])
            item.setData(0, _ID, entry.id)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            tip = entry.problem or f"{entry.name}\n{entry.changed[:16].replace('T', ' ')}"
            item.setToolTip(0, plain_tip(tip))
            self.addTopLevelItem(item)
            if entry.id == current:
                self.setCurrentItem(item)
        self.blockSignals(False)

    def current_id(self) -> str:
        """Of the one that is marked; "" for none."""
        item = self.currentItem()
        return str(item.data(0, _ID)) if item is not None else ""

    def unmark(self) -> None:
        """None of them is the current one."""
        self.blockSignals(True)
        self.clearSelection()
        self.setCurrentIndex(QModelIndex())
        self.blockSignals(False)

    def names(self) -> list[str]:
        """As they are listed."""
        found = [self.topLevelItem(n) for n in range(self.topLevelItemCount())]
        return [item.text(0) for item in found if item is not None]

    def rename_current(self) -> None:
        """As F2."""
        item = self.currentItem()
        if item is not None:
            self.editItem(item, 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete and self.current_id():
            self.deleted.emit(self.current_id())
            return
        super().keyPressEvent(event)

    def _chosen(self, item: QTreeWidgetItem | None) -> None:
        if item is not None:
            self.chosen.emit(str(item.data(0, _ID)))

    def _changed(self, item: QTreeWidgetItem, column: int) -> None:
        if column == 0:
            self.renamed.emit(str(item.data(0, _ID)), item.text(0))


def _when(changed: str) -> str:
    """Today the time, else the day."""
    try:
        at = datetime.fromisoformat(changed)
    except ValueError:
        return ""
    today = datetime.now(at.tzinfo)
    if at.date() == today.date():
        return f"{at:%H:%M}"
    return f"{at.day} {at:%b}" if at.year == today.year else f"{at:%Y-%m-%d}"
