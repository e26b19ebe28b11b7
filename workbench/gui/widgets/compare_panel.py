"""Before and after with the buttons for it: how they lie beside each other, the zoom, and how the original is drawn."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QComboBox, QVBoxLayout, QWidget

from workbench.gui.theme import S
from workbench.gui.widgets.basic import button, icon_button, label, row
from workbench.gui.widgets.compare_view import CompareView
from workbench.gui.widgets.layers import Layers

SMOOTH, POINTS = "smooth", "points"


class ComparePanel(QWidget):
    """Signals:
    original_as(str): "smooth" or "points" was chosen in the box `original`.
    """

    original_as = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.view = CompareView()
        self.view.setObjectName("compare-view")
        column.addWidget(self.view, 1)
        self.line = button("Line", role="chip", name="compare-line", tip="Drag a line between before and after")
        self.aside = button(
            "Side by side", role="chip", name="compare-aside", tip="Both beside each other, moved alike"
        )
        ways = QButtonGroup(self)
        for chip in (self.line, self.aside):
            chip.setCheckable(True)
            ways.addButton(chip)
        self.line.setChecked(True)
        self.aside.toggled.connect(self.view.set_side_by_side)
        # Whoever shows the panel puts this where there is room.
        self.original = QComboBox()
        self.original.hide()
        self.original.setObjectName("compare-original")
        self.original.setAccessibleName("How the original is drawn")
        self.original.setToolTip(
            "How the original is drawn at the new size: smooth (bicubic) or as points (nearest neighbour)"
        )
        self.original.addItem("Original smooth", SMOOTH)
        self.original.addItem("Original as points", POINTS)
        self.original.currentIndexChanged.connect(lambda _i: self.original_as.emit(self.original.currentData()))
        self.percent = label("", "soft")
        self.percent.setObjectName("compare-zoom")
        self.percent.setMinimumWidth(self.percent.fontMetrics().horizontalAdvance("1600 %"))
        self.percent.setAlignment(Qt.AlignmentFlag.AlignCenter)
        zoom = (
            icon_button("minus", "Smaller (-)", lambda: self.view.zoom_by(-1), name="compare-smaller"),
            self.percent,
            icon_button("plus", "Larger (+)", lambda: self.view.zoom_by(1), name="compare-larger"),
            button("Fit", self.view.fit, role="chip", name="compare-fit", tip="The whole picture (0)"),
            button("1:1", self.view.one_to_one, role="chip", name="compare-one", tip="Point by point (1)"),
        )
        column.addLayout(row(self.line, self.aside, 1, *zoom))
        self.reduced = label("", "faint", wrap=True)
        column.addWidget(self.reduced)
        self.view.changed.connect(self._tell)
        self._tell()

    def show_pictures(self, before: Layers | None, after: Layers | None, *, enlarged: bool, smooth: bool) -> None:
        """A pair. `enlarged`: the new picture has more points, so that there is a choice how the original is drawn."""
        self.original.setVisible(enlarged)
        shown = after if after is not None and after.is_reduced else None
        share = shown.levels[0].width() / shown.true_size.width() if shown is not None else 1.0
        self.reduced.setText(f"Shown here at {share:.0%} of its size; what is saved is whole." if shown else "")
        self.reduced.setVisible(shown is not None)
        self.view.show_pictures(before, after, smooth=smooth)

    def _tell(self) -> None:
        self.percent.setText(f"{self.view.zoom():.0%}".replace("%", " %"))
