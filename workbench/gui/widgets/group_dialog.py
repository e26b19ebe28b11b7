"""Put items into a group: by hand, or by the folders they lie in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from workbench.control import Control
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.theme import L, M
from workbench.gui.widgets.basic import Banner, headed

_EXAMPLES = ("device", "place", "source", "age band", "light")
_SHOWN = 3


class GroupDialog(QDialog):
    """See the module.

    Args:
        chosen: ids of the selected items; `shown`: of all that are listed.
        nouns: what the items are called.
    """

    def __init__(
        self, ctx: AppContext, chosen: Sequence[int], shown: Sequence[int], nouns: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Groups")
        self.setMinimumWidth(520)
        self._ctx, self._chosen, self._shown = ctx, list(chosen), list(shown)
        self._groups = ctx.store.require().groups()
        self._folders: Mapping[int, tuple[str, ...]] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        headed(
            column,
            "Tell groups apart",
            "By where items come from or whom they are about. The model does not see it; the Results page shows how well"
            " it does on each group.",
        )
        self.banner = Banner(closable=False)
        column.addWidget(self.banner)
        form = QFormLayout()
        self.which = QComboBox()
        self.which.setObjectName("group-items")
        if self._chosen:
            count = len(self._chosen)
            self.which.addItem(f"the {count:,} selected {nouns}" if count > 1 else "only the selected one", True)
        self.which.addItem(f"all {len(self._shown):,} {nouns} that are shown", False)
        self._row(form, "Which", self.which, "Which items to put into a group")
        self.kind = QComboBox()
        self.kind.setObjectName("group-property")
        self.kind.setEditable(True)
        self.kind.addItems([*self._groups, *(e for e in _EXAMPLES if e not in self._groups)])
        self._row(form, "What is told apart", self.kind, "The property by which groups differ: device, place …")
        column.addLayout(form)
        self.by_hand = QRadioButton("They are all of this group:")
        self.by_folder = QRadioButton("The group is the folder each lies in:")
        self.none = QRadioButton("Take them out of their groups of this kind")
        self.by_hand.setChecked(True)
        self._ways = QButtonGroup(self)
        self.value = QComboBox()
        self.value.setObjectName("group-value")
        self.value.setEditable(True)
        self.value.setAccessibleName("The group")
        self.level = QComboBox()
        self.level.setObjectName("group-folder")
        self.level.setAccessibleName("Which folder")
        for way, name, below in (
            (self.by_hand, "group-by-hand", self.value),
            (self.by_folder, "group-by-folder", self.level),
            (self.none, "group-none", None),
        ):
            way.setObjectName(name)
            way.toggled.connect(self._way_chosen)
            self._ways.addButton(way)
            column.addWidget(way)
            if below is not None:
                column.addWidget(below)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.ok = buttons.addButton("Put into the group", QDialogButtonBox.ButtonRole.AcceptRole)
        self.ok.setObjectName("group-ok")
        self.ok.setProperty("role", "primary")
        self.ok.setDefault(True)
        buttons.accepted.connect(self._apply)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self.kind.currentTextChanged.connect(self._property_chosen)
        self.which.currentIndexChanged.connect(lambda _i: self._show_levels())
        self._property_chosen(self.kind.currentText())
        self._way_chosen()
        self.by_folder.setEnabled(False)
        self._read_folders()
        self.kind.setFocus()

    def _row(self, form: QFormLayout, text: str, box: QComboBox, tip: str) -> None:
        box.setAccessibleName(text)
        box.setToolTip(tip)
        form.addRow(text, box)

    @property
    def ids(self) -> list[int]:
        """The items that are meant."""
        return self._chosen if self.which.currentData() else self._shown

    def _property_chosen(self, name: str) -> None:
        typed = self.value.currentText()
        known = next((values for key, values in self._groups.items() if key.casefold() == name.strip().casefold()), {})
        self.value.clear()
        self.value.addItems(list(known))
        self.value.setEditText(typed)

    def _way_chosen(self, _on: bool = True) -> None:
        self.value.setEnabled(self.by_hand.isChecked())
        self.level.setEnabled(self.by_folder.isChecked())
        self.ok.setText("Take out" if self.none.isChecked() else "Put into the group")

    def _read_folders(self) -> None:
        project, ids = self._ctx.store.require(), sorted({*self._chosen, *self._shown})

        def work(_control: Control) -> Mapping[int, tuple[str, ...]]:
            return project.folders(ids)

        job = self._ctx.jobs.start("Looking at folders", work)
        # Methods, not functions: what is still on its way when the dialog is gone finds nobody.
        job.succeeded.connect(self._folders_read)
        job.failed.connect(self.banner.show_error)

    def _folders_read(self, found: Mapping[int, tuple[str, ...]]) -> None:
        self._folders = found
        self._show_levels()

    def _show_levels(self) -> None:
        """One entry for each depth, with what lies there; depths at which all are the same tell nothing apart."""
        self.level.clear()
        here = [self._folders[i] for i in self.ids if i in self._folders]
        for depth in range(max((len(parts) for parts in here), default=0)):
            names = list(dict.fromkeys(parts[depth] for parts in here if depth < len(parts)))
            if len(names) > 1:
                more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
                self.level.addItem(f"{', '.join(names[:_SHOWN])}{more}", depth)
        self.by_folder.setEnabled(self.level.count() > 0)
        self.by_folder.setToolTip("" if self.level.count() else "They all lie in one folder, or in none that is known")

    def _values(self) -> dict[int, str | None]:
        """Raises: UserError when no group is named."""
        if self.none.isChecked():
            return dict.fromkeys(self.ids)
        if self.by_folder.isChecked():
            depth = int(self.level.currentData())
            return {i: parts[depth] for i in self.ids if depth < len(parts := self._folders.get(i, ()))}
        if not self.value.currentText().strip():
            raise UserError("The group has no name yet.", "Type which one it is, such as: phone")
        return dict.fromkeys(self.ids, self.value.currentText())

    def _apply(self) -> None:
        name = self.kind.currentText().strip()
        try:
            if not name:
                raise UserError("Say what is told apart.", "Type it, such as: device")
            self._ctx.store.set_groups(name, self._values())
        except UserError as error:
            self.banner.show_error(error)
            return
        self.accept()
