"""The tab "By group" of every kind of result: how well the model does on each group, and the items behind it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QListView,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.context import AppContext
from workbench.gui.models.item_model import ItemModel
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import EmptyState, button, label, row
from workbench.gui.widgets.group_bars import GroupBars
from workbench.gui.widgets.item_view import ItemView
from workbench.tasks.registry import get_task
from workbench.trust.groups import ByGroup, GroupScore

_RATES_TIPS = (
    "The class",
    "The group",
    "Of the items that are this class, the share that it calls something else (false negative rate)",
    "Of the items that are not, the share that it calls so (false positive rate)",
    "Of all items of the group, the share that it calls so (selection rate)",
)


class ByGroupTab(QWidget):
    """Signals:
    swapping(): the person wants to swap names and pronouns in the texts.
    """

    swapping = Signal()

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ctx = ctx
        self.results: tuple[ByGroup, ...] = ()
        self._known: tuple[str, tuple[ByGroup, ...]] | None = None
        self._shown: tuple[Sequence[int], str] = ((), "")
        self._group: GroupScore | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, M, 0, 0)
        column.setSpacing(M)
        self.swap = button(
            "Swap names and pronouns …", self.swapping.emit, icon_name="git-compare", name="swap-test",
            tip="Does it answer differently when Anna becomes Peter? (counterfactual test)",
        )  # fmt: skip
        self.kind = QComboBox()
        self.kind.setObjectName("by-property")
        self.kind.setAccessibleName("By which property")
        self.kind.setMinimumWidth(160)
        self.kind.currentIndexChanged.connect(lambda _i: self._show_property())
        self.by_words = label("By", "soft")
        column.addLayout(row(self.by_words, self.kind, 1, self.swap))
        # From the outside in, each with its parent: what is put into another later, is styled anew with all that is in it.
        self.stack = QStackedWidget(self)
        column.addWidget(self.stack, 1)
        self.empty = EmptyState(
            "users", "No groups yet",
            "Name them with “Groups …” on the Data page: device, place, age …", self.stack,
        )  # fmt: skip
        self.empty.add_action("Go to the data", lambda: ctx.go("data"))
        self.stack.addWidget(self.empty)
        self.full = QWidget(self.stack)
        self.stack.addWidget(self.full)
        self._build(self.full)

    def _build(self, page: QWidget) -> None:
        line = QHBoxLayout(page)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(L)
        left = QVBoxLayout()
        left.setSpacing(S)
        self.sentence = label("", "strong", wrap=True, selectable=True)
        self.sentence.setObjectName("by-sentence")
        self.bars = GroupBars()
        self.bars.opened.connect(self._open)
        self.rates = QTableWidget()
        self.rates.setObjectName("group-rates")
        self.rates.setAccessibleName("Missed and false alarms, class by class and group by group")
        self.rates.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.rates.setShowGrid(False)
        self.rates.verticalHeader().hide()
        left_side = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        self.rates.horizontalHeader().setDefaultAlignment(left_side)
        self.spreads = label("", "soft", wrap=True)
        self.spreads.setToolTip(
            "The largest difference between two groups: of being called so (demographic parity difference), and of being"
            " missed or falsely called so, whichever is larger (equalised odds difference)"
        )
        self.note = label("", "faint", wrap=True)
        left.addWidget(self.sentence)
        left.addWidget(self.bars, 3)
        left.addWidget(self.rates, 2)
        left.addWidget(self.spreads)
        left.addWidget(self.note)
        line.addLayout(left, 3)
        line.addLayout(self._build_items(), 2)

    def _build_items(self) -> QVBoxLayout:
        side = QVBoxLayout()
        side.setSpacing(S)
        self.items_words = label("", "strong", wrap=True)
        self.items_words.setObjectName("group-words")
        self.which = QComboBox()
        self.which.setObjectName("group-which")
        self.which.setAccessibleName("Which of its items")
        self.which.addItems(["Mistakes", "All its items, the least right first"])
        self.which.currentIndexChanged.connect(lambda _i: self._show_items())
        self.to_data = button("Show in Data", self._go, name="group-to-data")
        side.addWidget(self.items_words)
        side.addLayout(row(self.which, 1, self.to_data))
        self.items = ItemModel(self.ctx.store)
        self.view = ItemView(self.items, self.ctx.thumbnails)
        self.view.setObjectName("group-items-view")
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setResizeMode(QListView.ResizeMode.Adjust)
        self.view.set_side(110)
        side.addWidget(self.view, 1)
        return side

    def show_results(self, results: Sequence[ByGroup]) -> None:
        """Fill the tab; what is chosen stays, where it is still there."""
        project = self.ctx.store.require()
        self.items.set_classes(project.classes())
        # Judged again with the same outcome: nothing moves under the person's hands.
        known = (str(project.folder), tuple(results))
        if known == self._known:
            return
        self._known = known
        self.results = tuple(results)
        before = self.kind.currentText()
        self.kind.blockSignals(True)
        self.kind.clear()
        self.kind.addItems([by.name for by in self.results])
        self.kind.setCurrentIndex(max(0, self.kind.findText(before)))
        self.kind.blockSignals(False)
        self.kind.setVisible(bool(self.results))
        self.by_words.setVisible(bool(self.results))
        self.stack.setCurrentWidget(self.full if self.results else self.empty)
        info = get_task(project.task_id).info
        from workbench.engine.swap_test import suits_swapping

        self.swap.setVisible(suits_swapping(get_task(project.task_id)))
        self.view.set_tiles(info.drawn)
        self._show_property()

    def _by(self) -> ByGroup | None:
        place = self.kind.currentIndex()
        return self.results[place] if 0 <= place < len(self.results) else None

    def _show_property(self) -> None:
        by = self._by()
        chosen = "" if self._group is None else self._group.name
        self.bars.show_groups(by)
        self._group = None
        self.bars.choose(chosen)
        self._open(chosen)
        if by is None:
            return
        self.sentence.setText(by.sentence())
        self.note.setText(by.note() if by.groups else "")
        headings, rows = by.rates_table()
        self.rates.setVisible(bool(rows))
        self.spreads.setVisible(bool(rows))
        if not rows:
            return
        self.rates.setColumnCount(len(headings))
        self.rates.setHorizontalHeaderLabels([h.capitalize() for h in headings])
        self.rates.setRowCount(len(rows))
        for y, cells in enumerate(rows):
            for x, cell in enumerate(cells):
                self.rates.setItem(y, x, QTableWidgetItem(cell))
        for x, tip in enumerate(_RATES_TIPS):
            head = self.rates.horizontalHeaderItem(x)
            if head is not None:
                head.setToolTip(tip)
            mode = QHeaderView.ResizeMode.Stretch if x < 2 else QHeaderView.ResizeMode.ResizeToContents
            self.rates.horizontalHeader().setSectionResizeMode(x, mode)
        widest = max(by.rates, key=lambda r: max(r.parity or 0.0, r.odds or 0.0))
        self.spreads.setText(
            f"The groups differ most for “{widest.name}”: called so by {_points(widest.parity)}, missed or falsely called so by"
            f" {_points(widest.odds)}."
        )

    def _open(self, name: str) -> None:
        by = self._by()
        self._group = None if by is None else next((g for g in by.groups if g.name == name), None)
        self._show_items()

    def _show_items(self) -> None:
        by, group = self._by(), self._group
        for widget in (self.which, self.to_data, self.view):
            widget.setVisible(group is not None)
        if by is None or group is None:
            self.items_words.setText("Click a group to see its items.")
            self.items.show_ids([])
            return
        ids = group.wrong if self.which.currentIndex() == 0 else group.ids
        kind = "mistakes" if self.which.currentIndex() == 0 else "items"
        words = f"{by.name} “{group.name}”, {kind}"
        self._shown = (ids, words)
        counted = kind if len(ids) != 1 else kind[:-1]
        self.items_words.setText(f"{len(ids):,} {counted} on {by.name} “{group.name}”")
        self.items.show_ids(list(ids))
        self.to_data.setEnabled(bool(ids))

    def _go(self) -> None:
        ids, words = self._shown
        self.ctx.go("data", item_ids=list(ids), title=words[:1].upper() + words[1:])


def _points(value: float | None) -> str:
    return "an unknown share" if value is None else f"{value * 100:.0f} points"
