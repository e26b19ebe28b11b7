"""Backs the labels of the open project up by itself: some seconds after it is opened when the last backup is a day old, and
after every 200 changed labels. In a job; nobody waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from workbench.control import Control
from workbench.data.backup import EVERY, back_up, is_due
from workbench.data.store import DamagedProjectError
from workbench.gui.context import AppContext

# The opening itself comes first.
_AFTER_MS = 5000


class Safekeeping(QObject):
    """
    Signals:
        damaged(object): the open project is damaged, as a `DamagedProjectError`.
        backed_up(): a backup has been made.
    """

    damaged = Signal(object)
    backed_up = Signal()

    def __init__(self, ctx: AppContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._changed = 0
        self._running = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_AFTER_MS)
        self._timer.timeout.connect(lambda: self.back_up(only_when_due=True))
        ctx.store.project_changed.connect(self._opened)
        ctx.store.labels_changed.connect(self._labels_changed)

    def _opened(self) -> None:
        self._changed = 0
        project = self._ctx.store.project
        if project is not None and not project.read_only:
            self._timer.start()
        else:
            self._timer.stop()

    def _labels_changed(self, ids: Sequence[int]) -> None:
        self._changed += len(ids)
        if self._changed >= EVERY:
            self.back_up()

    def back_up(self, only_when_due: bool = False) -> None:
        """Make a backup of the open project now, unless one is being made."""
        project = self._ctx.store.project
        if project is None or project.read_only or self._running:
            return
        self._running = True
        self._changed = 0
        folder = project.folder

        def work(control: Control) -> bool | DamagedProjectError:
            if only_when_due and not is_due(folder):
                return False
            try:
                back_up(folder, control)
            except DamagedProjectError as error:
                return error
            return True

        job = self._ctx.jobs.start("Backing up the labels", work, quiet=True)
        job.succeeded.connect(lambda outcome: self._done(folder, outcome))
        job.ended.connect(self._over)

    def _done(self, folder: Path, outcome: bool | DamagedProjectError) -> None:
        project = self._ctx.store.project
        if isinstance(outcome, DamagedProjectError):
            if project is not None and project.folder == folder:
                self.damaged.emit(outcome)
        elif outcome:
            self.backed_up.emit()

    def _over(self) -> None:
        self._running = False
