"""One item in full size, with the same keys as the list."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QPlainTextEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from workbench.control import Control
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.models.item_model import CLASS_ROLE, ItemModel
from workbench.gui.theme import L, M
from workbench.gui.widgets.basic import icon_button, label
from workbench.gui.widgets.picture_view import PictureView
from workbench.gui.widgets.reading_controls import ReadingControls, Shown, look
from workbench.gui.widgets.row_view import RowView
from workbench.gui.widgets.structure_view import StructureView

_LARGE = 1600


class ItemViewer(QDialog):
    """Signals:
    label_key(int, int): row and 0-9.
    moved(int): the row now shown.
    """

    label_key = Signal(int, int)
    moved = Signal(int)

    def __init__(self, ctx: AppContext, model: ItemModel, row: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Item")
        self.resize(900, 700)
        self._ctx, self._model, self.row = ctx, model, row
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        self.stack = QStackedWidget()
        self.picture = PictureView("Picture")
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName("Text")
        self.text.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.stack.addWidget(self.picture)
        self.stack.addWidget(self.text)
        self.structure = StructureView(ctx.jobs)
        self.stack.addWidget(self.structure)
        self.cells = RowView(ctx.jobs)
        self.stack.addWidget(self.cells)
        column.addWidget(self.stack, 1)
        self.reading = ReadingControls(ctx.jobs, _LARGE)
        self.reading.drawn.connect(self.picture.show_data)
        self.reading.for_all.connect(ctx.store.set_window)
        project = ctx.store.project
        self.reading.offer_for_all(project.name if project is not None and not project.read_only else "")
        self.picture.right_dragged.connect(self.reading.drag)
        column.addWidget(self.reading)
        line = QHBoxLayout()
        line.addWidget(icon_button("chevron-left", "Previous item (left arrow)", lambda: self.move_by(-1)))
        self.caption = label("", "soft")
        line.addWidget(self.caption, 1)
        line.addWidget(icon_button("chevron-right", "Next item (right arrow)", lambda: self.move_by(1)))
        column.addLayout(line)
        model.dataChanged.connect(self._caption)
        self.show_row(row)

    def show_row(self, row: int) -> None:
        """Show another row."""
        item = self._model.item_at(row)
        if item is None:
            return
        self.row = row
        self._caption()
        self.moved.emit(row)
        if item.kind == "molecule":
            self.stack.setCurrentWidget(self.structure)
            self.structure.show_molecule(item)
            return
        project = self._ctx.store.project
        if item.kind == "row" and project is not None:
            self.stack.setCurrentWidget(self.cells)
            self.cells.show_row(item, project)
            return
        if item.text is not None:
            self.stack.setCurrentWidget(self.text)
            self.text.setPlainText(item.text)
            return
        self.stack.setCurrentWidget(self.picture)
        if item.path is None:
            return
        sample = item.sample()

        def work(_control: Control) -> Shown:
            return look(sample, _LARGE)

        def came(shown: Shown) -> None:
            if self.row == row:
                self.picture.show_data(shown.png)
                self.reading.show_picture(sample, shown)

        def failed(problem: Problem) -> None:
            if self.row == row:
                self.reading.clear()
                self.picture.show_words(f"{problem.message} {problem.hint}")

        job = self._ctx.jobs.start("Opening a picture", work)
        job.succeeded.connect(came)
        job.failed.connect(failed)

    def move_by(self, step: int) -> None:
        """Go to a neighbour, if there is one."""
        if 0 <= self.row + step < self._model.rowCount():
            self.show_row(self.row + step)

    def done(self, result: int) -> None:
        """Closed: a picture that is still being read is not waited for."""
        self.row = -1
        self.reading.clear()
        super().done(result)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key == Qt.Key.Key_Left:
            self.move_by(-1)
        elif key in (Qt.Key.Key_Right, Qt.Key.Key_Space):
            self.move_by(1)
        elif Qt.Key.Key_0 <= key <= Qt.Key.Key_9:
            self.label_key.emit(self.row, int(key) - int(Qt.Key.Key_0))
            self.move_by(1)
        else:
            super().keyPressEvent(event)

    def _caption(self) -> None:
        item = self._model.item_at(self.row)
        if item is not None:
            found = self._model.data(self._model.index(self.row), CLASS_ROLE)
            self.caption.setText(
                f"{item.name}   ·   {found.name if found else 'no label'}   ·   {self.row + 1} of {self._model.rowCount()}"
            )
