"""A model at work: its weeks, the review of its answers, its versions, and what is kept."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDialog, QTabWidget, QVBoxLayout, QWidget

from workbench.catalog.card import ModelCard
from workbench.gui.at_work.kept_tab import KeptTab
from workbench.gui.at_work.review_tab import ReviewTab
from workbench.gui.at_work.versions_tab import VersionsTab
from workbench.gui.at_work.weeks_tab import WeeksTab
from workbench.gui.context import AppContext
from workbench.gui.theme import L, M
from workbench.gui.widgets.basic import button, label, row

_SIZE = QSize(980, 760)


class AtWorkDialog(QDialog):
    """See the module."""

    def __init__(self, ctx: AppContext, card: ModelCard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("at-work")
        self.setWindowTitle(f"{card.name} at work")
        self.resize(_SIZE)
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        column.addWidget(label(card.name, "heading", wrap=True))
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.weeks, self.review = WeeksTab(ctx, card), ReviewTab(ctx, card)
        self.versions, self.kept = VersionsTab(ctx, card), KeptTab(ctx, card)
        for tab, title in (
            (self.weeks, "Week by week"), (self.review, "Review"), (self.versions, "Update"), (self.kept, "What is kept"),
        ):  # fmt: skip
            self.tabs.addTab(tab, title)
        column.addWidget(self.tabs, 1)
        close = button("Close", self.close, name="at-work-close")
        close.setAutoDefault(False)
        column.addLayout(row(1, close))
        self.review.counted.connect(lambda n: self.tabs.setTabText(1, f"Review ({n})" if n else "Review"))
        self.review.decided.connect(self.versions.refresh)
        self.kept.changed.connect(self.weeks.refresh)
        self.kept.changed.connect(self.review.refresh)
        self.versions.left.connect(self.close)
        self.tabs.currentChanged.connect(lambda _place: self.tabs.currentWidget().setFocus())
        # Where nothing is kept yet, there is only one thing to decide.
        self.tabs.setCurrentWidget(self.weeks if self.kept.log.exists else self.kept)
        self.finished.connect(lambda _code: [tab.stop() for tab in (self.weeks, self.review, self.versions)])
        self.weeks.refresh()
        self.review.refresh()
        self.versions.refresh()

    def closeEvent(self, event: QCloseEvent) -> None:
        """An update that runs is not stopped by the way."""
        if self._may_close():
            super().closeEvent(event)
        else:
            event.ignore()

    def reject(self) -> None:
        """Escape."""
        if self._may_close():
            super().reject()

    def _may_close(self) -> bool:
        if not self.versions.running:
            return True
        self.tabs.setCurrentWidget(self.versions)
        self.versions.banner.show_message("It is still working. Wait for it, or stop it first.", "info")
        return False
