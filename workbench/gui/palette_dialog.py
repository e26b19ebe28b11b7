"""The command palette: type a few letters of what you want to do."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from workbench.gui.commands import Command, matches
from workbench.gui.theme import M, S


class PaletteDialog(QDialog):
    """Lists the commands that match; Enter runs the chosen one."""

    def __init__(self, commands: Sequence[Command], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Do something")
        self.setMinimumSize(520, 380)
        self._commands = [c for c in commands if c.is_enabled()]
        column = QVBoxLayout(self)
        column.setContentsMargins(M, M, M, M)
        column.setSpacing(S)
        self.search = QLineEdit()
        self.search.setPlaceholderText("What would you like to do?")
        self.search.setAccessibleName("Search for a command")
        self.search.textChanged.connect(self._fill)
        self.search.installEventFilter(self)
        self.list = QListWidget()
        self.list.setAccessibleName("Commands")
        self.list.itemActivated.connect(lambda _item: self._run())
        column.addWidget(self.search)
        column.addWidget(self.list)
        self._fill("")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrows move the choice and Enter runs it while the person types."""
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
                step = 1 if event.key() == Qt.Key.Key_Down else -1
                self.list.setCurrentRow(max(0, min(self.list.count() - 1, self.list.currentRow() + step)))
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run()
                return True
        return super().eventFilter(watched, event)

    def _fill(self, text: str) -> None:
        self.list.clear()
        for command in self._commands:
            if matches(text, f"{command.group} {command.title}"):
                shown = f"{command.title}\t{command.shortcut}" if command.shortcut else command.title
                entry = QListWidgetItem(shown)
                entry.setData(Qt.ItemDataRole.UserRole, command)
                self.list.addItem(entry)
        self.list.setCurrentRow(0)

    def _run(self) -> None:
        entry = self.list.currentItem()
        if entry is not None:
            command: Command = entry.data(Qt.ItemDataRole.UserRole)
            self.accept()
            command.run()
