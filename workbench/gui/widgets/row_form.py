"""A row typed in: a field for each column a model learnt from; of a picture a file to choose, of a text several lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from workbench.data.media import PICTURE_SUFFIXES
from workbench.gui.theme import M, S
from workbench.gui.widgets.basic import EmptyState, button, label, row
from workbench.tasks.base import Field

_TEXT_LINES = 4
_FILES = f"Pictures ({' '.join(f'*{suffix}' for suffix in PICTURE_SUFFIXES)});;All files (*)"


class PictureField(QWidget):
    """The file of a picture: chosen, dropped or typed.

    Signals:
    changed(): another file.
    """

    changed = Signal()

    def __init__(self, name: str, hint: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(S)
        self.path = QLineEdit()
        self.path.setPlaceholderText(f"{hint}: choose a file, or drop one here")
        self.path.setAccessibleName(name)
        # A dropped file is taken by the whole field, not pasted as an address.
        self.path.setAcceptDrops(False)
        self.setAcceptDrops(True)
        self.path.textChanged.connect(lambda _text: self.changed.emit())
        self.choose = button("Choose …", self._choose, icon_name="image-plus", tip=f"Choose the picture for “{name}”")
        self.choose.setAccessibleName(f"Choose the picture for {name}")
        line.addWidget(self.path, 1)
        line.addWidget(self.choose)
        self.setFocusProxy(self.path)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def _choose(self) -> None:
        before = self.path.text().strip()
        found = QFileDialog.getOpenFileName(
            self, "Choose a picture", str(Path(before).parent) if before else "", _FILES
        )[0]
        if found:
            self.path.setText(found)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dropped(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        found = _dropped(event.mimeData())
        if found:
            self.path.setText(found)
            event.acceptProposedAction()


def _dropped(data: QMimeData) -> str:
    """The one file that is dropped; "" for anything else, which is for the page."""
    files = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
    return files[0] if len(files) == 1 and files[0].lower().endswith(PICTURE_SUFFIXES) else ""


Box = QComboBox | QLineEdit | QPlainTextEdit | PictureField


class RowForm(QWidget):
    """Signals:
    changed(): a field was changed.
    choose(): the person wants to choose a table.
    """

    changed = Signal()
    choose = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("row-form")
        self.fields: tuple[Field, ...] = ()
        self._boxes: dict[str, Box] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(M)
        self.empty = EmptyState(
            "table", "No model for your table yet",
            "Drop a table on the Data page and train on it; then fill in a row here, or drop a table with many.",
        )  # fmt: skip
        column.addWidget(self.empty, 1)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        column.addWidget(self.area, 1)
        self.hint = label(
            "Empty fields count as not known. Or drop a table: every row is answered.", "faint", wrap=True
        )
        column.addLayout(
            row(
                button("Choose a table …", self.choose.emit, icon_name="folder-open", name="row-choose"),
                button("Clear", self.clear, icon_name="eraser", name="row-clear", tip="Empty all fields"),
                self.hint,
            )
        )
        self.show_fields(())

    def show_fields(self, fields: Sequence[Field]) -> None:
        """A field for each; what was typed in one of the same name stays."""
        if tuple(fields) == self.fields and fields:
            return
        kept = self.cells()
        self.fields = tuple(fields)
        self._boxes = {}
        self.empty.setVisible(not fields)
        self.area.setVisible(bool(fields))
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, M, 0)
        form = QFormLayout()
        column.addLayout(form)
        column.addStretch(1)
        form.setSpacing(S)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for field in self.fields:
            box = self._box(field)
            box.setAccessibleName(field.name)
            box.setToolTip(field.hint)
            form.addRow(field.name if len(field.name) <= 34 else f"{field.name[:33]}…", box)
            self._boxes[field.name] = box
        self.area.setWidget(page)
        self.fill(kept)

    def _box(self, field: Field) -> Box:
        if field.kind == "picture":
            chooser = PictureField(field.name, field.hint)
            chooser.changed.connect(self.changed)
            return chooser
        if field.kind == "text":
            text = QPlainTextEdit()
            text.setPlaceholderText(field.hint)
            text.setTabChangesFocus(True)
            # A dropped table is answered, not pasted as its name.
            text.setAcceptDrops(False)
            text.setFixedHeight(text.fontMetrics().lineSpacing() * _TEXT_LINES + 2 * S)
            text.textChanged.connect(self.changed)
            return text
        if field.choices:
            choice = QComboBox()
            choice.setEditable(True)
            choice.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
            choice.addItems(["", *field.choices])
            edit = choice.lineEdit()
            if edit is not None:
                edit.setPlaceholderText(field.hint)
            choice.currentTextChanged.connect(lambda _text: self.changed.emit())
            return choice
        line = QLineEdit()
        line.setPlaceholderText(field.hint)
        line.textChanged.connect(lambda _text: self.changed.emit())
        return line

    def box(self, name: str) -> Box:
        """The field of a column."""
        return self._boxes[name]

    def cells(self) -> dict[str, str]:
        """What is filled in."""
        found = {}
        for name, box in self._boxes.items():
            text = _reader(box)()
            if text.strip():
                found[name] = text.strip()
        return found

    def fill(self, cells: dict[str, str]) -> None:
        """Put cells into their fields; the others are emptied. Told once."""
        self.blockSignals(True)
        for name, box in self._boxes.items():
            value = cells.get(name, "")
            if isinstance(box, QComboBox):
                box.setCurrentText(value)
            elif isinstance(box, QPlainTextEdit):
                box.setPlainText(value)
            elif isinstance(box, PictureField):
                box.path.setText(value)
            else:
                box.setText(value)
        self.blockSignals(False)
        self.changed.emit()

    def clear(self) -> None:
        """Empty all fields."""
        self.fill({})
        first = next(iter(self._boxes.values()), None)
        if first is not None:
            first.setFocus(Qt.FocusReason.OtherFocusReason)

    def text(self) -> str:
        """The row as an item's text; "" while nothing is filled in."""
        cells = self.cells()
        return json.dumps(cells, ensure_ascii=False) if cells else ""


def _reader(box: Box) -> Callable[[], str]:
    """What gives a field's words."""
    if isinstance(box, QComboBox):
        return box.currentText
    if isinstance(box, QPlainTextEdit):
        return box.toPlainText
    return box.path.text if isinstance(box, PictureField) else box.text
