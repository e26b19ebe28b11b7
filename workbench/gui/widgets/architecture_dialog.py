"""How a model is built: its layers as a tree, and what each way of training changes."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHeaderView, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.engine.architecture import Layer
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.theme import L, S, theme
from workbench.gui.widgets.basic import Banner, button, label, row

_COLUMNS = ("Part", "What it gives", "Weights", "Changed by")


class ArchitectureDialog(QDialog):
    """Reads the blueprint in a job and shows it as a tree."""

    def __init__(self, ctx: AppContext, card: ModelCard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"How {card.name} is built")
        self.resize(860, 640)
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(S)
        column.addWidget(label(card.name, "heading"))
        words = "Every line is a part of the network; its weights are the numbers it learnt. "
        if card.trainable_for:
            words += "Quick changes the last layer alone, Balanced the last third as well, Thorough everything."
        column.addWidget(label(words, "soft", wrap=True))
        self.banner = Banner(closable=False)
        column.addWidget(self.banner)
        self.tree = QTreeWidget()
        self.tree.setObjectName("architecture")
        self.tree.setAccessibleName("Parts of the network")
        self.tree.setHeaderLabels(list(_COLUMNS))
        self.tree.setUniformRowHeights(True)
        self.tree.setAlternatingRowColors(False)
        header = self.tree.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column_number in range(1, len(_COLUMNS)):
            header.setSectionResizeMode(column_number, QHeaderView.ResizeMode.ResizeToContents)
        column.addWidget(self.tree, 1)
        column.addLayout(row(1, button("Close", self.accept)))
        self.banner.show_message("Building it …", "info")

        def work(_control: Control) -> Layer:
            from workbench.engine.architecture import architecture

            return architecture(card)

        job = ctx.jobs.start(f"Looking at {card.name}", work)
        self._job = job
        job.succeeded.connect(self._show)
        job.failed.connect(self._failed)
        self.finished.connect(lambda _code: job.cancel())

    def _failed(self, problem: Problem) -> None:
        self.banner.show_error(problem)

    def _show(self, layer: Layer) -> None:
        self.banner.hide()
        self.tree.addTopLevelItem(self._item(layer))
        self.tree.expandToDepth(1)

    def _item(self, layer: Layer) -> QTreeWidgetItem:
        name = f"{layer.name}   ({layer.kind})" + (
            "   – the last layer, which tells the classes" if layer.is_head else ""
        )
        shape = " x ".join(f"{n:,}" for n in layer.shape)
        item = QTreeWidgetItem(
            [name, shape, f"{layer.parameters:,}" if layer.parameters else "", ", ".join(layer.trained_by)]
        )
        item.setToolTip(0, layer.words or layer.kind)
        item.setTextAlignment(2, Qt.AlignmentFlag.AlignRight)
        if layer.is_head:
            item.setForeground(0, theme().colour("accent"))
        for part in layer.parts:
            item.addChild(self._item(part))
        return item
