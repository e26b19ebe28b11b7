"""Before rows of a table come in: which column is found out, and the way to put all columns right."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from workbench.data.columns import TableColumn, target_of, with_target
from workbench.data.importers import ImportPlan
from workbench.errors import UserError
from workbench.gui.theme import S
from workbench.gui.widgets.basic import button
from workbench.gui.widgets.columns_dialog import ColumnsDialog


class RowColumns(QWidget):
    """`changed` is called when the plan has become another."""

    def __init__(self, plan: ImportPlan, changed: Callable[[], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plan, self._changed = plan, changed
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(S)
        self.target = QComboBox()
        self.target.setObjectName("import-target")
        self.target.setAccessibleName("Column to be found out")
        self.target.setToolTip("The column a model learns to fill in from the others (the target)")
        self.target.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.target.addItem("(none)", "")
        for c in self._columns():
            self.target.addItem(c.name, c.name)
        self._show_target()
        self.target.currentIndexChanged.connect(lambda _i: self._chosen())
        line.addWidget(self.target, 1)
        self.all = button("All columns …", self._open, icon_name="table", name="import-columns",
                          tip="What each column means, and which are left out")  # fmt: skip
        line.addWidget(self.all)

    def _columns(self) -> tuple[TableColumn, ...]:
        found: tuple[TableColumn, ...] = getattr(self._plan, "given", ())
        return found

    def _show_target(self) -> None:
        target = target_of(self._columns())
        self.target.blockSignals(True)
        self.target.setCurrentIndex(max(0, self.target.findData(target.name if target is not None else "")))
        self.target.blockSignals(False)

    def _chosen(self) -> None:
        self._take(with_target(self._columns(), str(self.target.currentData())))

    def _take(self, columns: tuple[TableColumn, ...]) -> None:
        take = getattr(self._plan, "set_columns", None)
        try:
            if take is not None:
                take(columns)
        except UserError:
            self._show_target()  # nothing to learn from would be left: as before
        self._changed()

    def _open(self) -> None:
        dialog = ColumnsDialog(self._columns(), None, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def accepted() -> None:
            self._take(dialog.columns)
            self._show_target()

        dialog.accepted.connect(accepted)
        dialog.open()
