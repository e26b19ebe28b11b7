"""What a model shall do: all tasks under their headings."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QComboBox, QWidget

from workbench.gui.icons import icon
from workbench.gui.theme import theme
from workbench.tasks.base import Task
from workbench.tasks.registry import all_tasks

_ID_ROLE = Qt.ItemDataRole.UserRole


def grouped_tasks() -> list[tuple[str, list[Task]]]:
    """Tasks by heading, those a person can teach first."""
    groups: dict[str, list[Task]] = {}
    for task in all_tasks():
        groups.setdefault(task.info.group, []).append(task)
    return list(groups.items())


class TaskPicker(QComboBox):
    """Signals:
    chosen(object): the `Task` the person chose.
    """

    chosen = Signal(object)

    def __init__(self, everything: str = "", parent: QWidget | None = None) -> None:
        """`everything`: words of a first entry that stands for all tasks; none when empty."""
        super().__init__(parent)
        self.setObjectName("task-box")
        self.setAccessibleName("What the model shall do")
        self.setToolTip("What the model shall do (task)")
        self.setIconSize(QSize(18, 18))
        self.setMaxVisibleItems(24)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._tasks = {task.info.id: task for task in all_tasks()}
        model = QStandardItemModel(self)
        if everything:
            entry = QStandardItem(everything)
            entry.setData("", _ID_ROLE)
            model.appendRow(entry)
        for heading, tasks in grouped_tasks():
            head = QStandardItem(heading)
            head.setFlags(Qt.ItemFlag.NoItemFlags)
            model.appendRow(head)
            for task in tasks:
                entry = QStandardItem(task.info.title)
                entry.setData(task.info.id, _ID_ROLE)
                entry.setToolTip(task.info.summary)
                model.appendRow(entry)
        self.setModel(model)
        self._draw()
        theme().changed.connect(self._draw)
        self.setCurrentIndex(0 if everything else 1)
        self.activated.connect(lambda _i: self._activated())

    @property
    def task(self) -> Task | None:
        """The chosen task; None for "everything"."""
        return self._tasks.get(str(self.currentData(_ID_ROLE) or ""))

    def show_task(self, task_id: str) -> None:
        """Make a task the current one, without `chosen`."""
        place = self.findData(task_id, _ID_ROLE)
        if place >= 0:
            self.setCurrentIndex(place)

    def choose(self, task_id: str) -> None:
        """As if the person had chosen it."""
        self.show_task(task_id)
        self._activated()

    def _activated(self) -> None:
        self.chosen.emit(self.task)

    def _draw(self) -> None:
        for place in range(self.count()):
            task = self._tasks.get(str(self.itemData(place, _ID_ROLE) or ""))
            if task is not None:
                self.setItemIcon(place, icon(task.info.icon, "accent"))
