"""How items are shared out between learning and the test, where a task keeps some of them together: said, and chosen."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from workbench.data.project import Project
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.theme import S
from workbench.gui.widgets.basic import label
from workbench.tasks.apart import how_split


class ApartBox(QWidget):
    """Hidden for tasks that keep nothing together but near copies."""

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        column = QVBoxLayout(self)
        column.setContentsMargins(0, S, 0, 0)
        column.setSpacing(S)
        self.choice = QCheckBox("Test on new kinds only")
        self.choice.setObjectName("train-apart")
        self.choice.setToolTip("Keep related items on one side of the test (for molecules: scaffold split)")
        self.choice.toggled.connect(self._chosen)
        column.addWidget(self.choice)
        self.words = label("", "soft", wrap=True)
        column.addWidget(self.words)
        self.hide()

    def show_project(self, project: Project) -> None:
        """Take the project as it is now. Once items are shared out it cannot be chosen any more."""
        words = how_split(project)
        self.setVisible(bool(words))
        self.choice.blockSignals(True)
        self.choice.setChecked(project.keeps_apart)
        self.choice.blockSignals(False)
        given = bool(project.counts().per_split) or project.read_only
        self.choice.setEnabled(not given)
        more = " This was decided at the first training." if given and not project.read_only else ""
        self.words.setText(f"{words}{more}" if words else "")

    def sentence(self) -> str:
        """What the review says of it."""
        return self.words.text()

    def _chosen(self, wanted: bool) -> None:
        project = self._ctx.store.require()
        try:
            project.keep_apart(wanted)
        except UserError as error:
            self.words.setText(f"{error.message} {error.hint}")
            return
        self.show_project(project)
