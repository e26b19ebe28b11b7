"""A picture of a video or a camera goes into a project, with the label that is chosen, again and again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from workbench.control import Control
from workbench.data.types import AddResult, NewItem
from workbench.engine.video import Moment
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.theme import S
from workbench.gui.widgets.basic import button, label
from workbench.tasks.registry import get_task, trainable_tasks

_PROJECT = "Pictures from video"


class KeepFrame(QWidget):
    """A label to choose and a button.

    Signals:
        failed(object): a `UserError` or `Problem`.
        kept(str): a sentence: where it went.
    """

    failed = Signal(object)
    kept = Signal(str)

    def __init__(self, ctx: AppContext, moment: Callable[[], Moment | None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx, self._moment = ctx, moment
        self._title = ""
        self._counts: dict[str, int] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(S)
        words = label("Label", "soft")
        self.box = QComboBox()
        self.box.setObjectName("keep-label")
        self.box.setEditable(True)
        self.box.setAccessibleName("Label for the pictures that are kept")
        self.box.setToolTip("What the picture shows; empty: it gets a label later")
        self.box.setMinimumContentsLength(10)
        edit = self.box.lineEdit()
        if edit is not None:
            edit.setPlaceholderText("none yet")
            edit.returnPressed.connect(self.keep)
        words.setBuddy(self.box)
        self.button = button(
            "Save this frame to the project", self.keep, icon_name="image-plus", name="keep-frame",
            tip="The picture on the screen goes into the open project, or into a new one (S)",
        )  # fmt: skip
        row.addWidget(words)
        row.addWidget(self.box, 1)
        row.addWidget(self.button)
        ctx.store.project_changed.connect(self.refill)
        ctx.store.classes_changed.connect(self.refill)
        self.refill()

    def set_title(self, title: str) -> None:
        """What the pictures are called after: the file or the camera."""
        self._title = title

    def refill(self) -> None:
        """The classes of the open project."""
        chosen = self.box.currentText()
        project = self._ctx.store.project
        names = [c.name for c in project.classes()] if project is not None and self._fits() else []
        self.box.blockSignals(True)
        self.box.clear()
        self.box.addItems(names)
        self.box.setCurrentText(chosen)
        self.box.blockSignals(False)

    def _fits(self) -> bool:
        project = self._ctx.store.project
        return project is not None and not project.read_only and get_task(project.task_id).info.media == "picture"

    def keep(self) -> None:
        """Put the picture that is on the screen into the project."""
        moment = self._moment()
        if moment is None:
            self.failed.emit(UserError("There is no picture yet.", "Wait until one is shown."))
            return
        wanted = " ".join(self.box.currentText().split())
        try:
            if not self._fits():
                self._make_project()
            project = self._ctx.store.require()
        except UserError as error:
            self.failed.emit(error)
            return
        name = f"{Path(self._title).stem or 'camera'} {moment.time:.2f} s.png"

        def work(control: Control) -> AddResult:
            from workbench.data.media import encode_png, open_picture

            # The folder goes, the copy in the project stays.
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "frame.png"
                path.write_bytes(encode_png(open_picture(moment.sample())))
                new = NewItem("picture", name, path=path, label=wanted or None)
                result = project.add_items([new], copy_media=True, control=control)
            if result.problems:
                raise UserError(result.problems[0].message, result.problems[0].hint)
            return result

        def done(result: AddResult) -> None:
            if not result.added:
                self.kept.emit(f"This picture is in “{project.name}” already.")
                return
            if self._ctx.store.project is project:
                self._ctx.store.added(result.added)
            self._counts[wanted] = self._counts.get(wanted, 0) + 1
            count = self._counts[wanted]
            as_what = f" as “{wanted}”" if wanted else ""
            self.kept.emit(f"Put into “{project.name}”{as_what} ({count:,} so far).")

        job = self._ctx.jobs.start("Putting it into the project", work)
        job.succeeded.connect(done)
        job.failed.connect(self.failed)

    def _make_project(self) -> None:
        """None is open that takes pictures. Raises: UserError when none can be made."""
        from workbench.engine.journey import free_project_folder

        task = next(t for t in trainable_tasks() if t.info.media == "picture")
        self._counts.clear()
        self._ctx.store.create(free_project_folder(_PROJECT, self._ctx.paths), _PROJECT, task.info.id)
