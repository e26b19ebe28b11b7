"""Which items are shown, in which order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QSlider, QWidget

from workbench.data.types import ItemFilter, Split
from workbench.gui.theme import S
from workbench.gui.widgets.basic import button, label
from workbench.gui.widgets.item_view import LARGEST, SMALLEST

_TYPING_MS = 250
_MOST_VALUES = 60
_SHOW = (
    ("All", ItemFilter()),
    ("Without a label", ItemFilter(labelled=False, problems=False)),
    ("With a label", ItemFilter(labelled=True)),
    ("Learnt from", ItemFilter(split=Split.TRAIN)),
    ("Steering", ItemFilter(split=Split.VALIDATION)),
    ("Test", ItemFilter(split=Split.TEST)),
    ("New, kept apart", ItemFilter(split=Split.NEW)),
    ("Cannot be read", ItemFilter(problems=True)),
)
_ORDER = (("As added", "added"), ("By name", "name"), ("By label", "label"), ("Least certain first", "uncertain"))
Order = Literal["added", "name", "label", "uncertain", "given"]


class FilterBar(QWidget):
    """Signals:
    changed(): ask `filter` again.
    zoomed(int): width of a tile.
    grouping(): the person wants to put items into groups.
    """

    changed = Signal()
    zoomed = Signal(int)
    grouping = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._class_id = 0
        self._ids: tuple[int, ...] | None = None
        self._order_before = 0
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(S)
        self.show_box = QComboBox()
        self.show_box.setObjectName("show-filter")
        self.show_box.addItems([name for name, _ in _SHOW])
        self.show_box.setAccessibleName("Which items to show")
        self.show_box.setToolTip("Learnt from, steering and test are the training, validation and test split")
        self.order_box = QComboBox()
        self.order_box.setObjectName("order")
        for name, order in _ORDER:
            self.order_box.addItem(name, order)
        self.order_box.setAccessibleName("Order")
        self.group_box = QComboBox()
        self.group_box.setObjectName("group-filter")
        self.group_box.setAccessibleName("Only items of one group")
        self.group_box.setToolTip("Only items of one group (device, place …)")
        self.group_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.group_box.setMinimumContentsLength(14)
        self.group_box.hide()
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search")
        self.search.setAccessibleName("Search in names and texts")
        self.search.setClearButtonEnabled(True)
        self.search.setMaximumWidth(240)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self.changed)
        self.search.textChanged.connect(lambda _text: self._typing.start())
        self.show_box.currentIndexChanged.connect(lambda _i: self.changed.emit())
        self.order_box.currentIndexChanged.connect(lambda _i: self.changed.emit())
        self.group_box.currentIndexChanged.connect(lambda _i: self.changed.emit())
        self.to_group = button(
            "Groups …", self.grouping.emit, role="quiet", icon_name="users", name="to-group",
            tip="Tell groups of items apart (device, place, age …), to see how well a model does on each (Ctrl+Shift+G)",
        )  # fmt: skip
        self.to_group.setShortcut("Ctrl+Shift+G")
        self.back = button("Show all", self.clear, role="chip", icon_name="x", name="show-all")
        self.back.hide()
        self.count = label("", "faint")
        self.zoom = QSlider()
        from PySide6.QtCore import Qt

        self.zoom.setOrientation(Qt.Orientation.Horizontal)
        self.zoom.setRange(SMALLEST, LARGEST)
        self.zoom.setValue(150)
        self.zoom.setFixedWidth(110)
        self.zoom.setAccessibleName("Size of the pictures")
        self.zoom.setToolTip("Size of the pictures (also Ctrl and the mouse wheel)")
        self.zoom.valueChanged.connect(self.zoomed)
        for widget in (self.show_box, self.group_box, self.order_box, self.search, self.to_group, self.back):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.count)
        row.addWidget(self.zoom)

    def filter(self) -> ItemFilter:
        """What is chosen."""
        base = _SHOW[self.show_box.currentIndex()][1]
        order = cast(Order, self.order_box.currentData())
        return ItemFilter(
            class_ids=(self._class_id,) if self._class_id else (),
            labelled=base.labelled,
            split=base.split,
            problems=base.problems,
            search=self.search.text(),
            order=order,
            ids=self._ids,
            group=self.group_box.currentData(),
        )

    def show_groups(self, groups: Mapping[str, Mapping[str, int]]) -> None:
        """What can be chosen: property to value to number of items. What is chosen stays, where it is still there."""
        before = self.group_box.currentData()
        self.group_box.blockSignals(True)
        self.group_box.clear()
        self.group_box.addItem("All groups", None)
        for name, counts in groups.items():
            for value, count in list(counts.items())[:_MOST_VALUES]:
                self.group_box.addItem(f"{name}: {value} ({count:,})", (name, value))
            self.group_box.addItem(f"No {name}", (name, ""))
        place = next((n for n in range(self.group_box.count()) if self.group_box.itemData(n) == before), 0)
        self.group_box.setCurrentIndex(place)
        self.group_box.blockSignals(False)
        self.group_box.setVisible(bool(groups))
        if before is not None:
            self.changed.emit()  # its members may be others now

    def set_annotated(self, annotated: bool) -> None:
        """Speak of items that are done, where labels are on pieces of them; of items with a label otherwise."""
        for place, words in ((1, "Not done"), (2, "Done")) if annotated else ((1, _SHOW[1][0]), (2, _SHOW[2][0])):
            self.show_box.setItemText(place, words)
        self.order_box.setItemText(2, "Done first" if annotated else _ORDER[2][0])

    def set_things(self, things: bool) -> None:
        """Nothing is to be done with items that are only chosen among, and they are in no part of the test."""
        self.show_box.setVisible(not things)
        self.to_group.setVisible(not things)

    def show_class(self, class_id: int, name: str) -> None:
        """Only this class."""
        self._class_id, self._ids = class_id, None
        self._order_by("")
        self._say(f"Only “{name}”")

    def show_only(self, ids: list[int], title: str, order: str = "") -> None:
        """Only these items. `order`: what their order is called, where they are to stand as they are given."""
        self._class_id, self._ids = 0, tuple(ids)
        self._order_by(order)
        self.show_box.setCurrentIndex(0)
        self.group_box.setCurrentIndex(0)
        self._say(title)

    def show_uncertain(self) -> None:
        """Unlabelled items, least certain suggestion first."""
        self.clear()
        self.show_box.setCurrentIndex(1)
        self.order_box.setCurrentIndex(3)

    def clear(self) -> None:
        """Back to all items."""
        self._class_id, self._ids = 0, None
        self._order_by("")
        self.back.hide()
        self.show_box.setCurrentIndex(0)
        self.group_box.setCurrentIndex(0)
        self.changed.emit()

    def _order_by(self, words: str) -> None:
        """Offer, and choose, the order in which the items were given; "" takes it away, and what was chosen before is back."""
        box, last = self.order_box, len(_ORDER)
        box.blockSignals(True)
        if box.count() > last:
            box.removeItem(last)
            box.setCurrentIndex(self._order_before)
        if words:
            self._order_before = box.currentIndex()
            box.addItem(words, "given")
            box.setCurrentIndex(last)
        box.blockSignals(False)

    def _say(self, title: str) -> None:
        self.back.setText(title if len(title) < 48 else f"{title[:46]}…")
        self.back.setToolTip(f"{title} – click to show all again")
        self.back.show()
        self.changed.emit()
