"""What was odd about an import, one by one, behind a button."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QVBoxLayout, QWidget

from workbench.errors import Problem
from workbench.gui.theme import S
from workbench.gui.widgets.basic import button


class Oddities(QWidget):
    """A list that opens and closes: what is left out first, then what was mended."""

    def __init__(self, problems: Sequence[Problem], repairs: Sequence[Problem], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self._words = ""
        self.toggle = button("", self._turn, role="quiet", name="import-oddities")
        self.toggle.setToolTip("Each label or file that cannot be used, and each that was mended (warnings)")
        column.addWidget(self.toggle, 0, Qt.AlignmentFlag.AlignLeft)
        self.list = QListWidget()
        self.list.setAccessibleName("Oddities one by one")
        self.list.setWordWrap(True)
        self.list.setSpacing(2)
        self.list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self.list.setMinimumHeight(180)
        column.addWidget(self.list, 1)
        self.list.hide()
        self.show_all(problems, repairs)

    def show_all(self, problems: Sequence[Problem], repairs: Sequence[Problem]) -> None:
        """Others than before; nothing is shown of none."""
        count = len(problems) + len(repairs)
        self._words = f"{count:,} {'oddity' if count == 1 else 'oddities'} one by one"
        self.list.clear()
        self.list.addItems([f"Left out. {p}" for p in problems] + [f"Mended. {p}" for p in repairs])
        self.setVisible(count > 0)
        self._say()

    def _turn(self) -> None:
        self.list.setVisible(self.list.isHidden())
        self._say()
        window = self.window()
        if self.list.isHidden():
            window.adjustSize()

    def _say(self) -> None:
        words = f"{'Show' if self.list.isHidden() else 'Hide'} the {self._words}"
        self.toggle.setText(words)
        self.toggle.setAccessibleName(words)
