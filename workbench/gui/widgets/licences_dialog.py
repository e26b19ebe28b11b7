"""Every part the app stands on, its licence, and the licence's words."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QPlainTextEdit,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.control import Control
from workbench.engine.licences import Part
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import Banner, label
from workbench.gui.workers import Job, while_there

_PART = int(Qt.ItemDataRole.UserRole)


class LicencesDialog(QDialog):
    """A list with a search to the left, the words to the right."""

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Licences of all parts")
        self.resize(980, 640)
        self._texts: Job | None = None
        self._ctx = ctx
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        self.heading = label("Reading …", "soft", wrap=True)
        self.heading.setObjectName("licences-heading")
        column.addWidget(self.heading)
        self.banner = Banner(closable=False)
        column.addWidget(self.banner)
        left = QWidget()
        stack = QVBoxLayout(left)
        stack.setContentsMargins(0, 0, 0, 0)
        stack.setSpacing(S)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search for a name or a licence")
        self.search.setAccessibleName("Search for a name or a licence")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.list = QTreeWidget()
        self.list.setHeaderLabels(["Part", "Licence"])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setColumnWidth(0, 210)
        self.list.setObjectName("licences-list")
        self.list.setAccessibleName("Parts of the app")
        self.list.currentItemChanged.connect(self._chosen)
        stack.addWidget(self.search)
        stack.addWidget(self.list, 1)
        self.text = QPlainTextEdit()
        self.text.setObjectName("licences-text")
        self.text.setReadOnly(True)
        self.text.setAccessibleName("Licence of the part")
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.addWidget(left)
        split.addWidget(self.text)
        split.setSizes([380, 560])
        column.addWidget(split, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)

        def work(control: Control) -> list[Part]:
            from workbench.engine.licences import own_parts, parts

            return [*own_parts(), *parts(control)]

        job = ctx.jobs.start("Reading the licences", work)
        job.succeeded.connect(while_there(self, self._show))
        job.failed.connect(while_there(self, self._failed))
        self.finished.connect(lambda _code: job.cancel())
        self.search.setFocus()

    def _show(self, parts: list[Part]) -> None:
        self.heading.setText(
            f"Model Workbench stands on {len(parts)} parts made by others. Choose one to read its licence. Libraries under the"
            " LGPL or MPL are files of their own, which you may replace."
        )
        for part in parts:
            entry = QTreeWidgetItem([f"{part.name} {part.version}".strip(), part.licence or "see its text"])
            entry.setToolTip(1, part.licence)
            entry.setData(0, _PART, part)
            self.list.addTopLevelItem(entry)
        first = self.list.topLevelItem(0)
        if first is not None:
            self.list.setCurrentItem(first)

    def _failed(self, problem: Problem) -> None:
        self.heading.hide()
        self.banner.show_error(problem)

    def _filter(self, words: str) -> None:
        for place in range(self.list.topLevelItemCount()):
            entry = self.list.topLevelItem(place)
            if entry is not None:
                entry.setHidden(words.casefold() not in f"{entry.text(0)} {entry.text(1)}".casefold())

    def _chosen(self, entry: QTreeWidgetItem | None, _before: QTreeWidgetItem | None = None) -> None:
        if entry is None:
            return
        part: Part = entry.data(0, _PART)
        if self._texts is not None:
            self._texts.cancel()

        def work(_control: Control) -> list[tuple[str, str]]:
            return part.texts()

        job = self._ctx.jobs.start("Reading a licence", work)
        self._texts = job
        job.succeeded.connect(while_there(self, lambda texts: self._read(part, texts) if job is self._texts else None))

    def _read(self, part: Part, texts: list[tuple[str, str]]) -> None:
        head = "\n".join(line for line in (f"{part.name} {part.version}".strip(), part.licence, part.home) if line)
        bodies = [f"{name}\n{'─' * 40}\n{text.strip()}" for name, text in texts]
        self.text.setPlainText("\n\n\n".join([head, *(bodies or ["No text of its licence came with it."])]))
