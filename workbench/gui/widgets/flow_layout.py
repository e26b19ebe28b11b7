"""Widgets side by side, on as many lines as they need (after the flow layout of Qt's documentation)."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget

from workbench.gui.theme import XS


class FlowLayout(QLayout):
    """Lays out from left to right, then on the next line."""

    def __init__(self, parent: QWidget | None = None, spacing: int = XS) -> None:
        super().__init__(parent)
        self._entries: list[QLayoutItem] = []
        self._gap = spacing
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        self._entries.append(item)

    def count(self) -> int:
        return len(self._entries)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._entries[index] if 0 <= index < len(self._entries) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._entries.pop(index) if 0 <= index < len(self._entries) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._arrange(QRect(0, 0, width, 0), False)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._arrange(rect, True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for entry in self._entries:
            size = size.expandedTo(entry.minimumSize())
        return size

    def _arrange(self, rect: QRect, move: bool) -> int:
        """The height it takes in this width."""
        x, y, line = rect.x(), rect.y(), 0
        for entry in self._entries:
            widget = entry.widget()
            if widget is not None and widget.isHidden():
                continue
            size = entry.sizeHint()
            if x > rect.x() and x + size.width() > rect.right() + 1:
                x, y, line = rect.x(), y + line + self._gap, 0
            if move:
                entry.setGeometry(QRect(QPoint(x, y), size.boundedTo(QSize(max(1, rect.width()), size.height()))))
            x += size.width() + self._gap
            line = max(line, size.height())
        return y + line - rect.y()
