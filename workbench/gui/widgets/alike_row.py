"""The examples a model learnt from that an item resembles most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from workbench.gui.context import AppContext
from workbench.gui.theme import S
from workbench.gui.widgets.basic import label

_ITEM = Qt.ItemDataRole.UserRole
_SIDE = 44
_SHOWN = 3


class AlikeRow(QWidget):
    """Signals:
    wanted(int): id of an item the person wants to see among the data.
    """

    wanted = Signal(int)

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.words = label("", "soft", wrap=True)
        self.words.setToolTip(
            "The nearest training examples by cosine similarity of the model's features (of fingerprints: Tanimoto)"
        )
        column.addWidget(self.words)
        self.list = QListWidget()
        self.list.setObjectName("why-alike")
        self.list.setAccessibleName("Examples it learnt from that look alike, the nearest first")
        self.list.setIconSize(QSize(_SIDE, _SIDE))
        self.list.setUniformItemSizes(True)
        self.list.itemActivated.connect(lambda entry: self.wanted.emit(entry.data(_ITEM).id))
        column.addWidget(self.list)
        ctx.thumbnails.ready.connect(self._draw)
        self.hide()

    def show_found(self, found: Sequence[Any]) -> None:
        """`found`: of `workbench.engine.explain.alike.Alike`; nothing is shown for none."""
        self.list.clear()
        for one in found:
            words = " ".join(one.item.words.split())
            entry = QListWidgetItem(f"{one.label}   ·   {one.likeness:.0%} alike   ·   {words}")
            entry.setData(_ITEM, one.item)
            entry.setToolTip(one.item.text or str(one.item.path))
            self.list.addItem(entry)
        labels = [one.label for one in found]
        same = labels.count(labels[0]) if labels else 0
        kind = (
            f"all “{labels[0]}”"
            if labels and same == len(labels)
            else f"{same} of {len(labels)} of them “{labels[0]}”"
            if labels
            else ""
        )
        self.words.setText(f"It resembles these examples the model learnt from, {kind} (Enter opens one):")
        self._draw()
        row = max(self.list.sizeHintForRow(0), self.fontMetrics().height() + 8)
        self.list.setFixedHeight(row * min(_SHOWN, max(1, len(labels))) + 2 * self.list.frameWidth())
        self.setVisible(bool(found))

    def _draw(self, _path: object = None) -> None:
        for at in range(self.list.count()):
            entry = self.list.item(at)
            item = entry.data(_ITEM)
            if item.kind in ("picture", "molecule"):
                found = self._ctx.thumbnails.of_item(item)
                if found is not None and not found.isNull():
                    entry.setIcon(QIcon(found))
