"""The areas a model found in a picture: how strongly they cover it, which are shown, and how large each is."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QSlider,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.theme import S
from workbench.gui.widgets.basic import label, row
from workbench.tasks.masks import colour_of
from workbench.tasks.predictions import Mask

_COLUMNS = (
    ("Area", "Tick off what shall not be shown"),
    ("Share", "Share of the picture"),
    ("Square pixels", "Points of the picture that belong to it"),
)
_VALUE = Qt.ItemDataRole.UserRole


class MaskPart(QWidget):
    """Signals:
    opacity(float): 0..1.
    hidden_changed(): other areas shall be shown.
    """

    opacity = Signal(float)
    hidden_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.summary = label("", "heading", wrap=True, selectable=True)
        self.summary.setObjectName("mask-summary")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName("mask-opacity")
        self.slider.setRange(0, 100)
        self.slider.setValue(55)
        self.slider.setAccessibleName("How strongly the areas cover the picture")
        self.slider.setToolTip("How strongly the areas cover the picture (opacity)")
        self.slider.valueChanged.connect(lambda value: self.opacity.emit(value / 100))
        self.list = QTableWidget(0, len(_COLUMNS))
        self.list.setObjectName("mask-areas")
        self.list.setAccessibleName("Areas, their share of the picture and their size")
        for number, (name, tip) in enumerate(_COLUMNS):
            head = QTableWidgetItem(name)
            head.setToolTip(tip)
            side = Qt.AlignmentFlag.AlignRight if number else Qt.AlignmentFlag.AlignLeft
            head.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.list.setHorizontalHeaderItem(number, head)
        self.list.verticalHeader().hide()
        self.list.setShowGrid(False)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.list.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for number in range(1, len(_COLUMNS)):
            self.list.horizontalHeader().setSectionResizeMode(number, QHeaderView.ResizeMode.ResizeToContents)
        self.list.itemChanged.connect(lambda _item: self.hidden_changed.emit())
        column.addWidget(self.summary)
        column.addLayout(row(label("Colour over the picture", "soft"), self.slider))
        column.addWidget(self.list, 1)

    def show_prediction(self, prediction: Mask) -> None:
        present = prediction.present()
        self.summary.setText(f"{present[0][1]}, {present[0][2]:.0%} of the picture" if present else "Nothing found")
        self.list.blockSignals(True)
        self.list.setRowCount(len(present))
        for at, (value, name, share) in enumerate(present):
            square = QPixmap(12, 12)
            square.fill(QColor(colour_of(value, prediction.background)))
            first = QTableWidgetItem(QIcon(square), name)
            first.setData(_VALUE, value)
            first.setFlags(first.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            first.setCheckState(Qt.CheckState.Checked)
            self.list.setItem(at, 0, first)
            for column, words in ((1, f"{share:.1%}"), (2, f"{prediction.points(share):,}")):
                cell = QTableWidgetItem(words)
                cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.list.setItem(at, column, cell)
        self.list.blockSignals(False)

    def hidden(self) -> frozenset[int]:
        """Values of the areas that shall not be shown."""
        cells = [self.list.item(at, 0) for at in range(self.list.rowCount())]
        return frozenset(
            int(c.data(_VALUE)) for c in cells if c is not None and c.checkState() != Qt.CheckState.Checked
        )
