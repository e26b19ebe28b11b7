"""Opening a project in the window, and what can be done when that fails: a damaged one is restored or read as far as it goes,
one that is open elsewhere is opened for reading."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget

from workbench.control import Control
from workbench.data.backup import Backup, backups, restore
from workbench.data.project import Project
from workbench.data.recover import Recovered, recover
from workbench.data.store import DamagedProjectError, ProjectInUseError
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.widgets.basic import until_closed

Tell = Callable[[UserError], object]


def open_project(ctx: AppContext, folder: Path, parent: QWidget, tell: Tell) -> bool:
    """Open it. True when it is open now; what is done in a job comes later. `tell` shows an error beside what it concerns."""
    current = ctx.store.project
    if current is not None and current.folder == folder.absolute():
        return True
    try:
        ctx.store.open(folder)
    except DamagedProjectError as error:
        offer_rescue(ctx, error, parent, tell)
        return False
    except ProjectInUseError as error:
        return _offer_reading(ctx, error, parent, tell)
    except UserError as error:
        tell(error)
        return False
    return True


def _offer_reading(ctx: AppContext, error: ProjectInUseError, parent: QWidget, tell: Tell) -> bool:
    box = _box(parent, "Open in another window", error.message)
    box.setInformativeText("You can look at it here meanwhile; nothing can be changed in this window.")
    read = _add(box, "Open for reading only", "open-reading")
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(read)
    until_closed(box)
    if box.clickedButton() is not read:
        return False
    try:
        ctx.store.open(error.folder, read_only=True)
    except UserError as other:
        tell(other)
        return False
    return True


def offer_rescue(ctx: AppContext, error: DamagedProjectError, parent: QWidget, tell: Tell) -> None:
    """Ask what to do with a damaged project. It must not be the open one."""
    known = backups(error.folder)
    newest = known[0] if known else None
    box = _box(parent, "A damaged project", error.message)
    box.setInformativeText(
        "Your pictures, texts in files and trainings are untouched. Whatever you choose, the damaged file is kept."
    )
    back: QPushButton | None = None
    if newest is not None:
        back = _add(box, f"Restore the backup of {newest.title} ({newest.labels:,} labels)", "rescue-restore")
    read = _add(box, "Open what can be read", "rescue-read")
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(back or read)
    until_closed(box)
    if newest is not None and box.clickedButton() is back:
        restore_backup(ctx, error.folder, newest, tell)
    elif box.clickedButton() is read:
        _read_what_can_be(ctx, error.folder, newest, tell)


def restore_backup(
    ctx: AppContext, folder: Path, backup: Backup, tell: Tell, done: Callable[[], object] = lambda: None
) -> None:
    """Go back to a backup, in a job, and open the project. It must not be the open one."""

    def work(control: Control) -> Path | None:
        return restore(folder, backup, control)

    def restored(_aside: Path | None) -> None:
        if _opened(ctx, folder, tell):
            ctx.notify(f"The labels are those of {backup.title} again: {backup.labels:,} labels.", "good")
        done()

    job = ctx.jobs.start("Restoring the labels", work)
    job.succeeded.connect(restored)
    job.failed.connect(lambda problem: tell(UserError(problem.message, problem.hint)))


def _read_what_can_be(ctx: AppContext, folder: Path, newest: Backup | None, tell: Tell) -> None:
    def work(control: Control) -> Recovered:
        return recover(folder, control)

    def read(found: Recovered) -> None:
        if not _opened(ctx, folder, tell):
            return
        words = f"{found.items:,} items and {found.labels:,} labels could be read."
        if newest is not None and newest.labels > found.labels:
            words += f" The backup of {newest.title} has {newest.labels:,} labels: Help, Check my project."
        ctx.notify(words, "warn" if found.damaged else "good")

    job = ctx.jobs.start("Reading what can be read", work)
    job.succeeded.connect(read)
    job.failed.connect(lambda problem: tell(UserError(problem.message, problem.hint)))


def _opened(ctx: AppContext, folder: Path, tell: Tell) -> bool:
    try:
        ctx.store.adopt(Project.open(folder))
    except UserError as error:
        tell(error)
        return False
    ctx.go("data")
    return True


def _box(parent: QWidget, title: str, text: str) -> QMessageBox:
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Warning)
    box.setWindowTitle(title)
    box.setText(text)
    return box


def _add(box: QMessageBox, text: str, name: str) -> QPushButton:
    made = box.addButton(text, QMessageBox.ButtonRole.AcceptRole)
    made.setObjectName(name)
    return made
