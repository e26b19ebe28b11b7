"""“What is this?”: type a few letters of a class, press Enter. A name that is not there yet becomes a class."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from workbench.data import labels
from workbench.data.types import ClassLabel
from workbench.gui.theme import S
from workbench.gui.widgets.basic import label

_ID = Qt.ItemDataRole.UserRole
_NEW = 0
_SHOWN = 200


class ClassFinder(QDialog):
    """Signals:
    found(int): a class that is there.
    named(str): a new one is wanted.
    """

    found = Signal(int)
    named = Signal(str)

    def __init__(self, classes: Sequence[ClassLabel], heading: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("class-finder")
        self.setWindowTitle(heading)
        self._classes = list(classes)
        column = QVBoxLayout(self)
        column.setContentsMargins(S, S, S, S)
        column.setSpacing(S)
        column.addWidget(label(heading, "strong"))
        self.words = QLineEdit()
        self.words.setPlaceholderText("Name of a class" if classes else "Name of the first class")
        self.words.setAccessibleName(heading)
        self.words.textChanged.connect(self._fill)
        self.words.returnPressed.connect(self._take)
        column.addWidget(self.words)
        self.list = QListWidget()
        self.list.setAccessibleName("Classes that fit")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.itemClicked.connect(lambda _item: self._take())
        column.addWidget(self.list)
        column.addWidget(label("Enter takes the marked one, Esc none.", "faint"))
        self.setFixedWidth(280)
        self.list.setFixedHeight(200 if classes else 44)
        self._fill()

    def open_at(self, place: QPoint) -> None:
        """Open beside a place on the screen, inside it."""
        self.adjustSize()
        screen = self.screen().availableGeometry()
        x = max(screen.left(), min(place.x(), screen.right() - self.width()))
        y = max(screen.top(), min(place.y(), screen.bottom() - self.height()))
        self.move(x, y)
        self.open()
        self.words.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            step = 1 if event.key() == Qt.Key.Key_Down else -1
            self.list.setCurrentRow(max(0, min(self.list.count() - 1, self.list.currentRow() + step)))
        else:
            super().keyPressEvent(event)

    def _fill(self) -> None:
        wanted = labels.key(self.words.text())
        begin = [c for c in self._classes if labels.key(c.name).startswith(wanted)]
        inside = [c for c in self._classes if wanted in labels.key(c.name) and c not in begin]
        self.list.clear()
        for found in [*begin, *inside][:_SHOWN]:
            key = f"    {found.position + 1}" if found.position < 9 else ""
            entry = QListWidgetItem(_dot(found.colour), f"{found.name}{key}")
            entry.setData(_ID, found.id)
            self.list.addItem(entry)
        name = labels.clean(self.words.text())
        if name and all(labels.key(c.name) != wanted for c in self._classes):
            entry = QListWidgetItem(f"New class “{name}”")
            entry.setData(_ID, _NEW)
            self.list.addItem(entry)
        self.list.setCurrentRow(0)

    def _take(self) -> None:
        entry = self.list.currentItem()
        if entry is None:
            return
        self.accept()
        if entry.data(_ID) == _NEW:
            self.named.emit(labels.clean(self.words.text()))
        else:
            self.found.emit(entry.data(_ID))


def _dot(colour: str) -> QIcon:
    dot = QPixmap(24, 24)
    dot.fill(Qt.GlobalColor.transparent)
    painter = QPainter(dot)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawEllipse(4, 4, 16, 16)
    painter.end()
    return QIcon(dot)
