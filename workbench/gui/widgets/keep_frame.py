"""A picture of a video or a camera goes into a project, with the label that is chosen, again and again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from workbench.control import Control
from workbench.data.types import AddResult, NewItem
from workbench.engine.video import Moment
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.theme import S
from workbench.gui.widgets.basic import button, label
from workbench.gui.widgets.keep import Keep, add_one


class KeepFrame(Keep):
    """A label to choose and a button."""

    media = "picture"
    noun = "picture"
    project_name = "Pictures from video"

    def __init__(self, ctx: AppContext, moment: Callable[[], Moment | None], parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        self._moment = moment
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
        names = [c.name for c in project.classes()] if project is not None and self.fits() else []
        self.box.blockSignals(True)
        self.box.clear()
        self.box.addItems(names)
        self.box.setCurrentText(chosen)
        self.box.blockSignals(False)

    def keep(self) -> None:
        """Put the picture that is on the screen into the project."""
        moment = self._moment()
        if moment is None:
            self.failed.emit(UserError("There is no picture yet.", "Wait until one is shown."))
            return
        wanted = " ".join(self.box.currentText().split())
        if not self.fits():
            self._counts.clear()
        project = self.project()
        if project is None:
            return
        name = f"{Path(self._title).stem or 'camera'} {moment.time:.2f} s.png"

        def work(control: Control) -> AddResult:
            from workbench.data.media import encode_png, open_picture

            # The folder goes, the copy in the project stays.
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "frame.png"
                path.write_bytes(encode_png(open_picture(moment.sample())))
                new = NewItem("picture", name, path=path, label=wanted or None)
                return add_one(project, new, control)

        def said() -> str:
            self._counts[wanted] = self._counts.get(wanted, 0) + 1
            count = self._counts[wanted]
            as_what = f" as “{wanted}”" if wanted else ""
            return f"Put into “{project.name}”{as_what} ({count:,} so far)."

        self.put(project, work, said)
