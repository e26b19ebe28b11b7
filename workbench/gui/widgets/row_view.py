"""A row of a table for the eye: a line for each column, and beside them the pictures it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.control import Control
from workbench.data.columns import target_of
from workbench.data.project import Project
from workbench.data.project_columns import columns_of
from workbench.data.row_pictures import picture_cells
from workbench.data.rows import cells_of
from workbench.data.types import Item, Sample
from workbench.errors import Problem, UserError
from workbench.gui.theme import M, theme
from workbench.gui.widgets.picture_view import PictureView
from workbench.gui.workers import Jobs, while_there

_LARGE = 1000
# More pictures of one row would be too small to see.
_MOST = 3
_NOT_KNOWN = "–"


class RowView(QWidget):
    """See the module. `words` is all of it as text."""

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._item: Item | None = None
        self._again: Callable[[], object] = lambda: None
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(M)
        self._side = QWidget()
        column = QVBoxLayout(self._side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(M)
        self.pictures = [PictureView("") for _ in range(_MOST)]
        for picture in self.pictures:
            column.addWidget(picture, 1)
        line.addWidget(self._side, 1)
        self.table = QTableWidget(0, 2)
        self.table.setObjectName("row-cells")
        self.table.setAccessibleName("The cells of the row")
        self.table.setHorizontalHeaderLabels(["column", "cell"])
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        # The keyboard belongs to what is around it.
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.table.setWordWrap(True)
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        line.addWidget(self.table, 1)
        theme().changed.connect(self._in_new_colours)

    def _in_new_colours(self) -> None:
        self._again()

    @property
    def words(self) -> str:
        """The lines as they are shown."""
        lines = []
        for place in range(self.table.rowCount()):
            cells = (self.table.item(place, side) for side in (0, 1))
            lines.append(": ".join(cell.text() if cell is not None else "" for cell in cells))
        return "\n".join(lines)

    def show_row(self, item: Item, project: Project, target: bool = True) -> None:
        """`target`: also the column that is to be found out. What is wrong with the row is said in its place."""
        self._item = item
        self._again = lambda: self._fill(item, project, target)
        names = self._fill(item, project, target)
        self._show_pictures(item, {n: f for n, f in picture_cells(item.text or "").items() if n in names})

    def _fill(self, item: Item, project: Project, target: bool) -> list[str]:
        """The lines, in the colours of now; the names of the columns that are shown."""
        columns = {c.name: c for c in columns_of(project)}
        asked = target_of(list(columns.values()))
        try:
            cells: Mapping[str, str] = cells_of(item.text or "{}")
        except UserError as error:
            cells = {"": f"{error.message} {error.hint}"}
        names = [
            n for n in (*columns, *(n for n in cells if n not in columns)) if target or asked is None or n != asked.name
        ]
        self.table.setRowCount(len(names))
        for place, name in enumerate(names):
            known = columns.get(name)
            cell = cells.get(name, "")
            if known is not None and known.kind == "picture":
                cell = known.brief(cell)
            name_cell, value_cell = QTableWidgetItem(name), QTableWidgetItem(cell or _NOT_KNOWN)
            name_cell.setForeground(theme().colour("text_soft"))
            if not cell:
                value_cell.setForeground(theme().colour("text_faint"))
                value_cell.setToolTip("Not known: the cell is empty")
            for side, shown in enumerate((name_cell, value_cell)):
                shown.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(place, side, shown)
        self.table.resizeRowsToContents()
        return names

    def _show_pictures(self, item: Item, files: Mapping[str, Path]) -> None:
        shown = list(files.items())[:_MOST]
        self._side.setVisible(bool(shown))
        for place, picture in enumerate(self.pictures):
            picture.setVisible(place < len(shown))
            if place < len(shown):
                name, file = shown[place]
                picture.setAccessibleName(f"Picture of “{name}”")
                picture.setToolTip(f"{name}: {file}")
                picture.show_words("")
                self._read(item, picture, file)

    def _read(self, item: Item, picture: PictureView, file: Path) -> None:
        def work(_control: Control) -> bytes:
            from workbench.gui.widgets.reading_controls import look

            return look(Sample("picture", file.name, path=file), _LARGE).png

        def came(data: bytes) -> None:
            if self._item is item:
                picture.show_data(data)

        def failed(problem: Problem) -> None:
            if self._item is item:
                picture.show_words(f"{problem.message} {problem.hint}")

        job = self._jobs.start("Opening a picture", work, quiet=True)
        job.succeeded.connect(while_there(self, came))
        job.failed.connect(while_there(self, failed))
