"""Which columns of a table say what group a row belongs to: a button with a tick for each column."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QPushButton, QSizePolicy, QWidget

from workbench.data.importers import Column

_NONE = "no column"
_MOST_VALUES = 1000


class GroupColumns(QPushButton):
    """Signals:
    changed(): ask `chosen` again.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("group-columns")
        self.setAccessibleName("Groups are in")
        self.setToolTip(
            "Columns that say where a row comes from or whom it is about (device, place, age …): how well a model does is"
            " then shown for each group. They are no input and no label."
        )
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setStyleSheet("text-align: left")  # as the boxes above it
        self.ticks = QMenu(self)
        self.setMenu(self.ticks)
        self._say()

    def show_columns(self, columns: Sequence[Column], ticked: Collection[str]) -> None:
        """The columns that can be chosen; those with one value, or with too many, tell no groups apart."""
        self.ticks.clear()
        for column in columns:
            if 2 <= column.distinct <= _MOST_VALUES or column.name in ticked:
                action = self.ticks.addAction(f"{column.name} ({column.distinct:,} different)".replace("&", "&&"))
                action.setData(column.name)
                action.setCheckable(True)
                action.setChecked(column.name in ticked)
                action.toggled.connect(self._toggled)
        self._say()

    def leave_out(self, taken: Collection[str]) -> None:
        """Columns that hold something else now cannot be chosen."""
        for action in self.ticks.actions():
            action.setVisible(action.data() not in taken)
        self._say()

    def chosen(self) -> tuple[str, ...]:
        """Names of the columns with a tick."""
        return tuple(str(a.data()) for a in self.ticks.actions() if a.isChecked() and a.isVisible())

    def _toggled(self, _on: bool) -> None:
        self._say()
        self.changed.emit()

    def _say(self) -> None:
        words = ", ".join(self.chosen()) or _NONE
        self.setText((words if len(words) < 60 else f"{words[:58]}…").replace("&", "&&"))
        self.setAccessibleDescription(words)
        self.setEnabled(any(a.isVisible() for a in self.ticks.actions()))
