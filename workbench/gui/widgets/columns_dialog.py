"""What the columns of a table mean: their kind, what each is for, by which results are compared; put right before the rows come in
or at any time after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.control import Control
from workbench.data.columns import (
    KIND_WORDS,
    KINDS,
    ROLE_WORDS,
    ROLES,
    Kind,
    Role,
    TableColumn,
    features_of,
    target_of,
    with_target,
)
from workbench.gui.context import AppContext
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import Banner, headed, label
from workbench.gui.workers import Job
from workbench.tasks.registry import get_task

# Beyond it the window would be slow to open; such tables are corrected in the file.
MOST_SHOWN = 300
_HEADINGS = ("column", "kind", "what it is for", "compare", "missing", "different", "for example")
_TIPS = (
    "",
    "How its cells are read (data type). What cannot be read so counts as missing; no cell is changed.",
    "Learnt from (feature), found out (target), kept on one side of the test (group), or split by time",
    "How good the model is gets shown for each value of it (fairness)",
    "Share of cells that say nothing",
    "Number of different values",
    "",
)


class ColumnsDialog(QDialog):
    """Corrects columns; `columns` gives them as they are now.

    Args:
        fixed_kind: the target must stay an amount (True) or a class (False), because the project is made for that; None: any.
    """

    def __init__(
        self, columns: Sequence[TableColumn], fixed_kind: bool | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Columns")
        self.setObjectName("columns-dialog")
        self.resize(980, 640)
        self._given = tuple(columns)
        self._fixed = fixed_kind
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        headed(
            column,
            "What the columns mean",
            "Found by looking at the cells. Put right what is wrong: no cell is changed by it.",
        )
        top = QHBoxLayout()
        top.setSpacing(S)
        asked = label("To be found out (target)", "strong")
        self.target = QComboBox()
        self.target.setObjectName("columns-target")
        self.target.setAccessibleName("Column to be found out")
        self.target.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.target.setMinimumContentsLength(24)
        self.target.addItem("(none)", "")
        for c in self._given:
            self.target.addItem(c.name, c.name)
        asked.setBuddy(self.target)
        self.unit = QLineEdit()
        self.unit.setObjectName("columns-unit")
        self.unit.setPlaceholderText("unit, for example €")
        self.unit.setAccessibleName("Unit of the number")
        self.unit.setMaximumWidth(180)
        top.addWidget(asked)
        top.addWidget(self.target, 1)
        top.addWidget(self.unit)
        column.addLayout(top)
        self.banner = Banner(closable=False)
        column.addWidget(self.banner)
        self.table = QTableWidget(min(len(self._given), MOST_SHOWN), len(_HEADINGS))
        self.table.setObjectName("columns-table")
        self.table.setAccessibleName("Columns, their kind and what they are for")
        self.table.setHorizontalHeaderLabels(list(_HEADINGS))
        for place, tip in enumerate(_TIPS):
            heading = self.table.horizontalHeaderItem(place)
            if heading is not None and tip:
                heading.setToolTip(tip)
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self._kinds: list[QComboBox] = []
        self._roles: list[QComboBox] = []
        self._compared: list[QCheckBox] = []
        for place, c in enumerate(self._given[:MOST_SHOWN]):
            self._add(place, c)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self.table.resizeColumnsToContents()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for place, width in enumerate((min(150, self.table.columnWidth(0) + 12), 208, 186, 78, 72, 84, 140)):
            self.table.setColumnWidth(place, width)
        header.setStretchLastSection(True)
        self.table.verticalHeader().setDefaultSectionSize(38)
        column.addWidget(self.table, 1)
        if len(self._given) > MOST_SHOWN:
            column.addWidget(label(f"The first {MOST_SHOWN} of {len(self._given):,} columns.", "faint"))
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.ok = self.buttons.addButton("Use these", QDialogButtonBox.ButtonRole.AcceptRole)
        self.ok.setObjectName("columns-ok")
        self.ok.setProperty("role", "primary")
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column.addWidget(self.buttons)
        target = target_of(self._given)
        self.target.setCurrentIndex(max(0, self.target.findData(target.name if target is not None else "")))
        self.unit.setText(target.unit if target is not None else "")
        self.target.currentIndexChanged.connect(lambda _i: self._target_chosen())
        self._look()

    def _add(self, place: int, c: TableColumn) -> None:
        self.table.setItem(place, 0, QTableWidgetItem(c.name))
        kind = QComboBox()
        kind.setAccessibleName(f"Kind of “{c.name}”")
        for k in KINDS:
            kind.addItem(KIND_WORDS[k], k)
        kind.setCurrentIndex(KINDS.index(c.kind))
        role = QComboBox()
        role.setAccessibleName(f"What “{c.name}” is for")
        for r in ROLES:
            role.addItem(ROLE_WORDS[r], r)
        role.setCurrentIndex(ROLES.index(c.role))
        compared = QCheckBox()
        compared.setAccessibleName(f"Compare results by “{c.name}”")
        compared.setToolTip(_TIPS[3])
        compared.setChecked(c.compared)
        holder = QWidget()
        inner = QHBoxLayout(holder)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setAlignment(Qt.AlignmentFlag.AlignCenter)
        inner.addWidget(compared)
        self.table.setCellWidget(place, 1, kind)
        self.table.setCellWidget(place, 2, role)
        self.table.setCellWidget(place, 3, holder)
        for column, words in ((4, f"{c.missing:.0%}" if c.missing else "–"), (5, f"{c.distinct:,}" if c.distinct <= 2000 else "many"),
                              (6, ", ".join(c.examples))):  # fmt: skip
            self.table.setItem(place, column, QTableWidgetItem(words))
        self._kinds.append(kind)
        self._roles.append(role)
        self._compared.append(compared)
        kind.currentIndexChanged.connect(lambda _i: self._look())
        role.currentIndexChanged.connect(lambda _i, at=place: self._role_chosen(at))

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """As the person says they are."""
        found = []
        for place, c in enumerate(self._given):
            if place >= MOST_SHOWN:
                found.append(c)
                continue
            kind: Kind = self._kinds[place].currentData()
            role: Role = self._roles[place].currentData()
            compared = self._compared[place].isChecked()
            unit = self.unit.text().strip() if role == "target" else c.unit
            guessed = c.guessed and (kind, role, compared) == (c.kind, c.role, c.compared)
            found.append(replace(c, kind=kind, role=role, compared=compared, unit=unit, guessed=guessed))
        return tuple(found)

    def _target_chosen(self) -> None:
        name = str(self.target.currentData())
        for place, c in enumerate(with_target(self.columns, name)[:MOST_SHOWN]):
            self._set(self._roles[place], ROLES.index(c.role))
            self._set(self._kinds[place], KINDS.index(c.kind))
        self._look()

    def _role_chosen(self, place: int) -> None:
        """Only one column is found out: the newest choice counts."""
        chosen = self._roles[place].currentData()
        if chosen == "target":
            for other, box in enumerate(self._roles):
                if other != place and box.currentData() == "target":
                    self._set(box, ROLES.index("feature"))
        target = next((c.name for c in self.columns if c.role == "target"), "")
        self._set(self.target, max(0, self.target.findData(target)))
        self._look()

    def _set(self, box: QComboBox, index: int) -> None:
        box.blockSignals(True)
        box.setCurrentIndex(index)
        box.blockSignals(False)

    def _look(self) -> None:
        """Whether these can be used, and what follows."""
        columns = self.columns
        target = target_of(columns)
        self.unit.setVisible(target is not None and target.kind == "number")
        words = ""
        if not features_of(columns):
            words = "No column is left to learn from."
        elif self._fixed is not None and target is not None and self._fixed != (target.kind == "number"):
            wanted = "numbers are estimated" if self._fixed else "rows are sorted into classes"
            words = f"In this project {wanted}, which “{target.name}” does not fit. Import the table into a new project for it."
        self.ok.setEnabled(not words)
        if words:
            self.banner.show_message(words, "warn")
        else:
            self.banner.hide()


def open_columns(ctx: AppContext, parent: QWidget) -> ColumnsDialog:
    """The columns of the open project, to be put right; what follows from a change is done in a job."""
    from workbench.data.project_columns import columns_of

    project = ctx.store.require()
    before = columns_of(project)
    numbers = not get_task(project.task_id).info.has_classes
    dialog = ColumnsDialog(before, numbers, parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.ok.setEnabled(dialog.ok.isEnabled() and not project.read_only)

    def accepted() -> None:
        if dialog.columns != before and not project.read_only:
            keep_columns(ctx, before, dialog.columns)

    dialog.accepted.connect(accepted)
    dialog.open()
    return dialog


def keep_columns(ctx: AppContext, before: Sequence[TableColumn], after: Sequence[TableColumn]) -> Job:
    """Keep corrected columns: labels follow the target, groups those that are compared by, splits what keeps rows together."""
    project = ctx.store.require()
    numbers = not get_task(project.task_id).info.has_classes

    def split_by(columns: Sequence[TableColumn]) -> list[tuple[str, str]]:
        return [(c.name, c.role) for c in columns if c.role in ("together", "time")]

    def work(control: Control) -> str:
        from workbench.data.project_columns import compare_by, relabel, set_columns

        old, new = target_of(before), target_of(after)
        set_columns(project, after)
        told = "Columns kept."
        if new is not None and (old is None or (old.name, old.kind) != (new.name, new.kind)):
            given = relabel(project, numbers, control)
            told = f"Columns kept; {given:,} rows have “{new.name}” as their label now."
        elif split_by(before) != split_by(after):
            project.set_splits(dict.fromkeys(project.item_ids(), None))
            told = "Columns kept; what learns and what judges is shared out anew at the next training."
        if [c for c in before if c.compared] != [c for c in after if c.compared]:
            compare_by(project, control)
        return told

    def done(told: str) -> None:
        if ctx.store.project is project:
            ctx.store.project_changed.emit()
            ctx.notify(told, "good")

    job = ctx.jobs.start("Keeping the columns", work)
    job.succeeded.connect(done)
    job.failed.connect(ctx.notify_error)
    return job
