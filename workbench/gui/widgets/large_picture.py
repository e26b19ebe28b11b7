"""A picture of a list in full size; the arrow keys go to its neighbours."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from workbench.control import Control
from workbench.errors import Problem
from workbench.gui.models.picture_list import PictureList
from workbench.gui.theme import L, M
from workbench.gui.widgets.basic import icon_button, label, row
from workbench.gui.widgets.picture_view import PictureView
from workbench.gui.widgets.reading_controls import Shown, look
from workbench.gui.workers import Jobs

_LARGE = 1600
Index = QModelIndex | QPersistentModelIndex


class LargePicture(QDialog):
    """See the module."""

    def __init__(self, jobs: Jobs, model: PictureList, at: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Picture")
        self.setObjectName("large-picture")
        self.resize(900, 700)
        self._jobs, self._model, self.row = jobs, model, at
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        self.picture = PictureView("Picture")
        column.addWidget(self.picture, 1)
        self.caption = label("", "soft", selectable=True)
        back = icon_button("chevron-left", "Previous picture (left arrow)", lambda: self.move_by(-1))
        on = icon_button("chevron-right", "Next picture (right arrow)", lambda: self.move_by(1))
        line = row(back, self.caption, on)
        line.setStretch(1, 1)
        column.addLayout(line)
        # Another order or other pictures: this one would no longer be at its row.
        model.modelAboutToBeReset.connect(self.reject)
        self.show_row(at)

    def show_row(self, at: int) -> None:
        """Show another row."""
        self.row = at
        found = self._model.picture(at)
        self.caption.setText(f"{self._model.index(at).data()}   ·   {at + 1:,} of {self._model.rowCount():,}")
        sample = found.sample()

        def work(_control: Control) -> Shown:
            return look(sample, _LARGE)

        def came(shown: Shown) -> None:
            if self.row == at:
                self.picture.show_data(shown.png)

        def failed(problem: Problem) -> None:
            if self.row == at:
                self.picture.show_words(f"{problem.message} {problem.hint}")

        job = self._jobs.start("Opening a picture", work)
        job.succeeded.connect(came)
        job.failed.connect(failed)

    def move_by(self, step: int) -> None:
        """Go to a neighbour, if there is one."""
        if 0 <= self.row + step < self._model.rowCount():
            self.show_row(self.row + step)

    def done(self, result: int) -> None:
        """Closed: a picture that is still being read is not waited for."""
        self.row = -1
        super().done(result)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Left:
            self.move_by(-1)
        elif event.key() in (Qt.Key.Key_Right, Qt.Key.Key_Space):
            self.move_by(1)
        else:
            super().keyPressEvent(event)
