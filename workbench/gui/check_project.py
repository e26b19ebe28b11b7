"""Help, Check my project: is everything sound, what to do where it is not, and the backups of the labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.control import Control
from workbench.data.backup import Backup, back_up, backups
from workbench.data.store import DamagedProjectError
from workbench.data.verify import Verdict, mend, verify
from workbench.errors import Problem, UserError
from workbench.gui.context import AppContext
from workbench.gui.rescue import offer_rescue, restore_backup
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import Banner, IconLabel, button, clear_layout, headed, label, row
from workbench.gui.workers import Job, while_there


class CheckProjectDialog(QDialog):
    """See the module. It looks at once; closing it stops the looking."""

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Check my project")
        self.setMinimumSize(640, 520)
        self._ctx = ctx
        project = ctx.store.require()
        self._folder, self._may_change = project.folder, not project.read_only
        self.verdict: Verdict | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        column.addWidget(label(f"Is “{project.name}” sound?", "heading"))
        self.banner = Banner(closable=False)
        column.addWidget(self.banner)
        self._found = QVBoxLayout()
        self._found.setSpacing(S)
        column.addLayout(self._found)
        self.mend = button("Tidy up", self._mend, icon_name="wand-sparkles", name="check-mend",
                           tip="Take away what is left over; nothing of yours")  # fmt: skip
        self.rescue = button("Restore or read what can be read …", self._rescue, role="primary", icon_name="history",
                             name="check-rescue")  # fmt: skip
        self.again = button("Check again", self._look, icon_name="refresh-cw", name="check-again")
        column.addLayout(row(self.mend, self.rescue, self.again, 1))
        headed(
            column,
            "Backups of the labels",
            "Made by themselves: once a day, and after every 200 changed labels. The last ten are kept, older ones further"
            " apart. They lie in the project's folder and hold labels and texts, not pictures.",
        )
        self.table = QTableWidget(0, 3)
        self.table.setObjectName("backup-list")
        self.table.setAccessibleName("Backups of the labels")
        self.table.verticalHeader().hide()
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        for place, (text, side) in enumerate((("Made", left), ("Labels", right), ("Items", right))):
            heading = QTableWidgetItem(text)
            heading.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.table.setHorizontalHeaderItem(place, heading)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.itemSelectionChanged.connect(self._show_buttons)
        column.addWidget(self.table, 1)
        self.now = button("Back up now", self._back_up, icon_name="save", name="backup-now")
        self.restore = button("Restore this one", self._restore, icon_name="history", name="backup-restore",
                              tip="The labels go back to this backup; what is there now is backed up first")  # fmt: skip
        close = button("Close", self.accept, name="check-close")
        column.addLayout(row(self.now, self.restore, 1, close))
        self._backups: list[Backup] = []
        self.mend.hide()
        self.rescue.hide()
        self._show_buttons()
        self._job = self._look()
        self.finished.connect(lambda _code: self._job.cancel())

    # Looking ---------------------------------------------------------------------------------------------------------

    def _look(self) -> Job:
        folder = self._folder

        def work(control: Control) -> tuple[Verdict, list[Backup]]:
            return verify(folder, control), backups(folder)

        self.again.setEnabled(False)
        self.banner.show_message("Looking at the labels, the files and the trainings …")
        self._job = self._ctx.jobs.start("Checking the project", work)
        self._job.succeeded.connect(self._looked)
        self._job.failed.connect(self._failed)
        return self._job

    def _looked(self, found: tuple[Verdict, list[Backup]]) -> None:
        verdict, known = found
        self.verdict = verdict
        self.again.setEnabled(True)
        clear_layout(self._found)
        for trouble in verdict.troubles:
            words = label(f"{trouble.message} {trouble.hint}".strip(), wrap=True, selectable=True)
            icon = IconLabel("triangle-alert", 18, "bad" if trouble.mends == "restore" else "warn")
            line = row(icon, words)
            line.setStretch(1, 1)
            line.setAlignment(icon, Qt.AlignmentFlag.AlignTop)
            self._found.addLayout(line)
        if verdict.sound:
            self.banner.show_message(f"All is as it should be: {verdict.sentence()}", "good")
        else:
            count = len(verdict.troubles)
            self.banner.show_message(f"{count} things are not as they should be." if count > 1 else
                                     "One thing is not as it should be.", "warn")  # fmt: skip
        mends = {t.mends for t in verdict.troubles}
        self.mend.setVisible("clean" in mends and self._may_change)
        self.rescue.setVisible("restore" in mends)
        self._list(known)

    def _failed(self, problem: Problem | UserError) -> None:
        self.again.setEnabled(True)
        self.banner.show_error(problem)

    def _list(self, known: Sequence[Backup]) -> None:
        self._backups = list(known)
        self.table.setRowCount(len(known))
        for place, backup in enumerate(known):
            for column, text in enumerate((backup.title, f"{backup.labels:,}", f"{backup.items:,}")):
                cell = QTableWidgetItem(text)
                if column:
                    cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(place, column, cell)
        if known:
            self.table.selectRow(0)
        self._show_buttons()

    def _show_buttons(self) -> None:
        self.restore.setEnabled(bool(self.table.selectedItems()) and self._may_change)
        self.now.setEnabled(self._may_change)

    # Doing -----------------------------------------------------------------------------------------------------------

    def _back_up(self) -> None:
        folder = self._folder

        def work(control: Control) -> list[Backup]:
            back_up(folder, control)
            return backups(folder)

        self.now.setEnabled(False)
        job = self._ctx.jobs.start("Backing up the labels", work)
        job.succeeded.connect(self._backed_up)
        job.failed.connect(self._failed)
        job.ended.connect(self._show_buttons)

    def _backed_up(self, known: list[Backup]) -> None:
        self._list(known)
        self.banner.show_message(f"Backed up: {known[0].labels:,} labels.", "good")

    def _close_project(self) -> bool:
        try:
            self._ctx.store.close()
        except UserError as error:  # a training works on it
            self.banner.show_error(error)
            return False
        return True

    def _restore(self) -> None:
        place = self.table.currentRow()
        if 0 <= place < len(self._backups) and self._close_project():
            self.accept()
            restore_backup(self._ctx, self._folder, self._backups[place], self._ctx.notify_error)

    def _rescue(self) -> None:
        if self._close_project():
            self.accept()
            parent = self.parentWidget() or self
            offer_rescue(self._ctx, DamagedProjectError(self._folder), parent, self._ctx.notify_error)

    def _mend(self) -> None:
        """The project is closed for it: nobody else may write meanwhile."""
        folder = self._folder
        if not self._close_project():
            return

        def work(_control: Control) -> int:
            return mend(folder)

        job = self._ctx.jobs.start("Tidying up", work)
        job.succeeded.connect(while_there(self, lambda _count: self._mended(folder)))
        job.failed.connect(self._failed)

    def _mended(self, folder: Path) -> None:
        try:
            self._ctx.store.open(folder)
        except UserError as error:
            self._failed(error)
            return
        self._look()
