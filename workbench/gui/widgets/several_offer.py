"""A project of one class per item can become one of several labels per item: the offer, in plain words."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from workbench.data.project import Project
from workbench.data.project_several import OneClass
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.widgets.basic import Banner, button
from workbench.tasks.base import TaskInfo


class SeveralOffer(QWidget):
    """A quiet button, shown where the project's task has a counterpart with several labels (`TaskInfo.several`)."""

    def __init__(self, ctx: AppContext, banner: Banner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx, self._banner = ctx, banner
        self._info: TaskInfo | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.button = button(
            "Several labels per item …", self._ask, role="quiet", icon_name="tags", name="several-offer",
            tip="Let an item have none, one or several of the classes (multi-label classification)",
        )  # fmt: skip
        column.addWidget(self.button)
        self.hide()

    def show_for(self, project: Project, info: TaskInfo) -> None:
        """Offer it, if it makes sense for this project."""
        self._info = info
        self.setVisible(bool(info.several) and not project.read_only)

    def _ask(self) -> None:
        info = self._info
        if info is None:
            return
        self._banner.show_message(
            f"A {info.noun} can then have none, one or several labels; the class it has now becomes its only one so far. New"
            " models learn every label for itself. Ctrl+Z takes it back.",
            "info", "Change this project", self.change,
        )  # fmt: skip

    def change(self) -> None:
        """Do it, undoably."""
        store, info = self._ctx.store, self._info
        project = store.project
        if project is None or info is None or not info.several:
            return
        old, new = project.task_id, info.several
        kept: list[OneClass] = []

        def do() -> None:
            kept[:] = project.become_several(new)
            store.project_changed.emit()

        def undo() -> None:
            project.become_one(old, kept)
            store.project_changed.emit()

        try:
            store.check_free()
        except UserError as error:
            self._banner.show_error(error)
            return
        store.push("several labels per item", do, undo)
        self._banner.show_message(
            f"Each {info.noun} can have several labels now. Numbers switch them, Enter says that it is done.", "good"
        )
