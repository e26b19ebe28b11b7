"""The list of shortcuts (?)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from workbench.gui.theme import XL, L, M, S
from workbench.gui.widgets.basic import button, label


class ShortcutsDialog(QDialog):
    """Two columns of groups, to read at a glance."""

    def __init__(self, groups: Mapping[str, Sequence[tuple[str, str]]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shortcuts")
        self.setWindowTitle("Keyboard shortcuts of the editor")
        self.resize(980, 640)
        page = QWidget()
        page.setProperty("role", "page")
        columns = QHBoxLayout(page)
        columns.setContentsMargins(L, L, L, L)
        columns.setSpacing(XL)
        total = sum(len(rows) + 2 for rows in groups.values())
        left, right = QVBoxLayout(), QVBoxLayout()
        used = 0
        for title, rows in groups.items():
            column = left if used < total / 2 else right
            used += len(rows) + 2
            column.addWidget(label(title, "heading"))
            grid = QGridLayout()
            grid.setHorizontalSpacing(M)
            grid.setVerticalSpacing(S)
            grid.setColumnStretch(1, 1)
            for number, (keys, words) in enumerate(rows):
                key = label(keys, "badge")
                key.setAlignment(Qt.AlignmentFlag.AlignCenter)
                grid.addWidget(key, number, 0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
                grid.addWidget(label(words, wrap=True), number, 1)
            column.addLayout(grid)
            column.addSpacing(M)
        for column in (left, right):
            column.addStretch(1)
            columns.addLayout(column, 1)
        area = QScrollArea()
        area.setWidget(page)
        area.setWidgetResizable(True)
        whole = QVBoxLayout(self)
        whole.addWidget(area, 1)
        foot = QHBoxLayout()
        foot.addStretch(1)
        close = button("Close", self.accept, role="primary")
        close.setDefault(True)
        foot.addWidget(close)
        whole.addLayout(foot)
