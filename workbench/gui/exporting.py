"""The Export menu of the Data page: what fits the open project, into a folder or a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from workbench.control import Control
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.widgets.basic import Banner

_COPY = "Copy the pictures along"
_LEAVE_OUT = "Leave out personal data"
_LEAVE_OUT_TIP = (
    "Placeholders for addresses, numbers and names in texts; pictures are copied without where and when they were taken, by"
    " whom and with which camera (EXIF, XMP, IPTC, DICOM)"
)
_NO_COPY_TIP = (
    "Without copies the files name the pictures where they lie now; formats that cannot do so copy them always"
)


class ExportMenu(QMenu):
    """Made new each time it is shown, since it depends on the open project.

    Args:
        always: what is offered besides: title, action, and whether only where no format fits (projects of classes).
        tell: shows problems after a sentence.
    """

    def __init__(
        self,
        ctx: AppContext,
        banner: Banner,
        always: Sequence[tuple[str, Callable[[], object], bool]],
        tell: Callable[[list[Problem], str], object],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._ctx, self._banner, self._always, self._tell = ctx, banner, always, tell
        self._copy = True
        self._leave_out = False
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self.fill)

    def fill(self) -> None:
        """What can be chosen now."""
        from workbench.data.exporters.formats import formats_for
        from workbench.tasks.registry import get_task

        self.clear()
        project = self._ctx.store.project
        info = get_task(project.task_id).info if project is not None else None
        editor = info.editor if info is not None else ""
        known = formats_for(editor)
        for one in known:
            action = self.addAction(f"{one.title} …", partial(self._export, one.id))
            action.setObjectName(f"export-{one.id}")
        if known:
            self.addSeparator()
        for title, act, only_classes in self._always:
            if not only_classes or (not known and info is not None and info.has_classes):
                self.addAction(title, act)
        if any(getattr(one, "may_refer", False) for one in known):
            self.addSeparator()
            copy = self.addAction(_COPY)
            copy.setCheckable(True)
            copy.setChecked(self._copy)
            copy.setToolTip(_NO_COPY_TIP)
            copy.toggled.connect(self._set_copy)
        if known or self._always:
            self.addSeparator()
            leave_out = self.addAction(_LEAVE_OUT)
            leave_out.setObjectName("export-leave-out")
            leave_out.setCheckable(True)
            leave_out.setChecked(self._leave_out)
            leave_out.setToolTip(_LEAVE_OUT_TIP)
            leave_out.toggled.connect(self._set_leave_out)

    def _set_copy(self, copy: bool) -> None:
        self._copy = copy

    def _set_leave_out(self, leave_out: bool) -> None:
        self._leave_out = leave_out

    def _export(self, format_id: str) -> None:
        from workbench.data.exporters.formats import format_by_id
        from workbench.data.exporters.marked import safe_name

        known = format_by_id(format_id)
        project = self._ctx.store.require()
        name = safe_name(f"{project.name} {known.id}")
        if known.suffix:
            file, _ = QFileDialog.getSaveFileName(self, "Save the labels", f"{name}{known.suffix}")
            target = Path(file) if file else None
        else:
            folder = QFileDialog.getExistingDirectory(self, "Choose where the new folder shall be")
            target = _free(Path(folder) / name) if folder else None
        if target is None:
            return
        self.deliver(format_id, f"Exporting {known.title}", target)

    def deliver(self, format_id: str, title: str, place: Path) -> None:
        """Export as chosen in the menu. `format_id`: as `data.exporters.deliver` takes it."""
        from workbench.data.exporters.deliver import FOLDERS, TABLE, deliver
        from workbench.data.exporters.formats import format_by_id

        project, leave_out = self._ctx.store.require(), self._leave_out
        refers = format_id not in (TABLE, FOLDERS) and getattr(format_by_id(format_id), "may_refer", False)
        copy = self._copy or not refers

        def work(control: Control) -> tuple[int, list[Problem]]:
            return deliver(project, format_id, place, control, copy_pictures=copy, leave_out_personal=leave_out)

        def done(result: tuple[int, list[Problem]]) -> None:
            less = " without personal data" if leave_out else ""
            sentence = f"{result[0]:,} {'copied' if format_id == FOLDERS else 'written'} to {place}{less}"
            self._banner.show_message(sentence, "good")
            if result[1]:
                self._tell(result[1], f"{sentence}.")

        self._banner.show_message(f"Exporting to {place} …")
        job = self._ctx.jobs.start(title, work)
        job.succeeded.connect(done)
        job.failed.connect(self._banner.show_error)
        job.cancelled.connect(lambda: self._banner.show_message("The export was stopped.", "info"))


def _free(folder: Path) -> Path:
    number, found = 1, folder
    while found.exists():
        number += 1
        found = folder.with_name(f"{folder.name} {number}")
    return found
