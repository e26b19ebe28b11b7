"""A row typed in: a field for each column a model learnt from."""

from __future__ import annotations

import json
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QFrame, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from workbench.gui.theme import M, S
from workbench.gui.widgets.basic import EmptyState, button, label, row
from workbench.tasks.tables import Field


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
        self._boxes: dict[str, QComboBox | QLineEdit] = {}
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
        form = QFormLayout(page)
        form.setContentsMargins(0, 0, M, 0)
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

    def _box(self, field: Field) -> QComboBox | QLineEdit:
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

    def cells(self) -> dict[str, str]:
        """What is filled in."""
        found = {}
        for name, box in self._boxes.items():
            text = box.currentText() if isinstance(box, QComboBox) else box.text()
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
