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
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self.fill)

    def fill(self) -> None:
        """What can be chosen now."""
        from workbench.data.exporters.formats import formats_for
        from workbench.tasks.registry import get_task

        self.clear()
        project = self._ctx.store.project
        editor = get_task(project.task_id).info.editor if project is not None else ""
        known = formats_for(editor)
        for one in known:
            action = self.addAction(f"{one.title} …", partial(self._export, one.id))
            action.setObjectName(f"export-{one.id}")
        if known:
            self.addSeparator()
        for title, act, only_classes in self._always:
            if not known or not only_classes:
                self.addAction(title, act)
        if any(getattr(one, "may_refer", False) for one in known):
            self.addSeparator()
            copy = self.addAction(_COPY)
            copy.setCheckable(True)
            copy.setChecked(self._copy)
            copy.setToolTip(_NO_COPY_TIP)
            copy.toggled.connect(self._set_copy)

    def _set_copy(self, copy: bool) -> None:
        self._copy = copy

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
        place = target
        more = {"copy_pictures": False} if not self._copy and getattr(known, "may_refer", False) else {}

        def work(control: Control) -> tuple[int, list[Problem]]:
            return known.write(project, place, control, **more)

        def done(result: tuple[int, list[Problem]]) -> None:
            sentence = f"{result[0]:,} written to {place}"
            self._banner.show_message(sentence, "good")
            if result[1]:
                self._tell(result[1], f"{sentence}.")

        self._banner.show_message(f"Exporting to {place} …")
        job = self._ctx.jobs.start(f"Exporting {known.title}", work)
        job.succeeded.connect(done)
        job.failed.connect(self._banner.show_error)
        job.cancelled.connect(lambda: self._banner.show_message("The export was stopped; nothing was written.", "info"))


def _free(folder: Path) -> Path:
    number, found = 1, folder
    while found.exists():
        number += 1
        found = folder.with_name(f"{folder.name} {number}")
    return found
