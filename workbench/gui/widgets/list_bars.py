"""Room above the list of items for what an editor says of the chosen ones."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from workbench.gui.editors.base import ItemEditor


class ListBars(QWidget):
    """Shows the bar of the open project's editor, where it has one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._known: list[QWidget] = []
        self.hide()

    def show_for(self, editor: ItemEditor | None) -> None:
        """The bar of this editor, and no other."""
        wanted = editor.list_bar() if editor is not None else None
        if wanted is not None and wanted not in self._known:
            self._known.append(wanted)
            self._column.addWidget(wanted)
        for bar in self._known:
            bar.setVisible(bar is wanted)
        self.setVisible(wanted is not None)
