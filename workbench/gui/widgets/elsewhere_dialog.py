"""Run elsewhere: what goes along, how large it is, and where the folder is put."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QDialog, QFileDialog, QLineEdit, QProgressBar, QVBoxLayout, QWidget

from workbench.control import Control
from workbench.data.exporters.marked import safe_name
from workbench.data.project import Project
from workbench.engine.events import RunConfig
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.files import reveal
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import Banner, button, headed, label, row
from workbench.gui.workers import Job, while_there
from workbench.tasks.registry import get_task

if TYPE_CHECKING:
    from workbench.engine.elsewhere.write import Bundle, Size


class ElsewhereDialog(QDialog):
    """Asks, makes the folder in a job, and says what to do with it. Closing it while it is made stops that."""

    def __init__(self, ctx: AppContext, project: Project, config: RunConfig, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Run elsewhere")
        self.setMinimumWidth(600)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._ctx, self._project, self._config = ctx, project, config
        self._card = ctx.catalog.get(config.model)
        self._size: Size | None = None
        self._job: Job | None = None
        self._made: Path | None = None
        nouns = get_task(project.task_id).info.nouns
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        headed(
            column,
            f"Run “{config.name}” on another computer",
            "This makes a folder with everything the training needs: its settings, its examples with their labels, the"
            " model it starts from, and a README that says how to start it on another computer, on several graphics"
            " cards, or in a cloud. Nothing is sent from here. When it is done, drop the folder on this window.",
        )
        self.banner = Banner(closable=False)
        column.addWidget(self.banner)
        self.media = self._box(
            f"Copy the {nouns}",
            "Without copies the folder says where the files lie; the other computer must find them there, or be told where",
            "elsewhere-media",
        )
        self.model = self._box(
            f"Copy the model “{self._card.name}”",
            "Without a copy it is downloaded where the training runs, and checked against its hash (SHA-256)",
            "elsewhere-model",
        )
        self.model.setVisible(self._card.is_downloaded)
        column.addWidget(self.media)
        column.addWidget(self.model)
        self.size_words = label("Looking how large it will be …", "soft")
        column.addWidget(self.size_words)
        self.folder = QLineEdit(str(ctx.paths.projects / safe_name(f"{config.name} elsewhere")))
        self.folder.setObjectName("elsewhere-folder")
        self.folder.setAccessibleName("Folder to make")
        column.addWidget(label("Make this folder", "soft"))
        self.change = button("Change …", self._change, name="elsewhere-change")
        column.addLayout(row(self.folder, self.change, spacing=S))
        column.addWidget(
            label(
                f"Whoever has the folder can see these {nouns}: give it only to whom you would give them.",
                "faint",
                wrap=True,
            )
        )
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Making the folder")
        self.progress.hide()
        column.addWidget(self.progress)
        column.addStretch(1)
        self.show_folder = button("Show the folder", self._reveal, icon_name="folder-open", name="elsewhere-show")
        self.show_folder.hide()
        self.closing = button("Cancel", self.reject, name="elsewhere-cancel")
        self.go = button("Make folder", self.make, role="primary", icon_name="share-2", name="elsewhere-go")
        column.addLayout(row(1, self.show_folder, self.closing, self.go, spacing=S))
        for box in (self.media, self.model):
            box.toggled.connect(lambda _on: self._tell_size())
        self.folder.textChanged.connect(lambda text: self.go.setEnabled(bool(text.strip())))
        self._measure()

    def _box(self, title: str, tip: str, name: str) -> QCheckBox:
        box = QCheckBox(title)
        box.setToolTip(tip)
        box.setObjectName(name)
        box.setAccessibleName(title)
        box.setChecked(True)
        return box

    def _measure(self) -> None:
        project, card = self._project, self._card

        def work(control: Control) -> Size:
            from workbench.engine.elsewhere.write import size_of

            return size_of(project, card, control)

        job = self._ctx.jobs.start("Looking how large it will be", work)
        job.succeeded.connect(while_there(self, self._measured))
        job.failed.connect(while_there(self, lambda problem: self.size_words.setText(problem.message)))

    def _measured(self, size: Size) -> None:
        self._size = size
        self._tell_size()

    def _tell_size(self) -> None:
        if self._size is None:
            return
        from workbench.engine.elsewhere.write import Choices

        total = self._size.total(Choices(self.media.isChecked(), self.model.isChecked()))
        words = f"{total / 1e9:.1f} GB" if total >= 1e9 else f"{max(1, round(total / 1e6))} MB"
        nouns = get_task(self._project.task_id).info.nouns
        self.size_words.setText(f"{self._size.items:,} {nouns}; the folder will be about {words}.")

    def ask_folder(self) -> str:
        """Asked of the person."""
        return QFileDialog.getExistingDirectory(self, "Choose where to make the folder")

    def _change(self) -> None:
        folder = self.ask_folder()
        if folder:
            self.folder.setText(str(Path(folder) / Path(self.folder.text().strip()).name))

    def make(self) -> None:
        """Begin; the dialog stays open until it is done."""
        project, config, catalog = self._project, self._config, self._ctx.catalog
        target = Path(self.folder.text().strip()).expanduser()
        media, model = self.media.isChecked(), self.model.isChecked()

        def work(control: Control) -> Bundle:
            from workbench.engine.elsewhere.write import Choices, write_bundle

            return write_bundle(config, project, catalog, target, Choices(media, model), control)

        self.banner.hide()
        self._set_busy(True)
        self._job = self._ctx.jobs.start(f"Taking “{config.name}” elsewhere", work)
        self._job.progressed.connect(while_there(self, self._progress))
        self._job.succeeded.connect(while_there(self, self._done))
        self._job.failed.connect(while_there(self, self._failed))
        self._job.ended.connect(while_there(self, lambda: self._set_busy(False)))

    def _set_busy(self, busy: bool) -> None:
        for widget in (self.media, self.model, self.folder, self.change, self.go):
            widget.setEnabled(not busy and self._made is None)
        self.progress.setVisible(busy)
        self.progress.setRange(0, 0)

    def _progress(self, fraction: float, text: str) -> None:
        self.progress.setRange(0, 0 if fraction < 0 else 100)
        self.progress.setValue(round(max(0.0, fraction) * 100))
        self.progress.setFormat(text)

    def _done(self, made: Bundle) -> None:
        self._job, self._made = None, made.folder
        self.banner.show_message(
            f"Done: {made.items:,} examples, {made.bytes / 1e6:,.0f} MB. README.txt in the folder says how to start it.",
            "good",
        )
        self.go.hide()
        self.show_folder.show()
        self.closing.setText("Close")
        self.closing.setAccessibleName("Close")

    def _failed(self, problem: Problem) -> None:
        self._job = None
        self.banner.show_error(problem)

    def _reveal(self) -> None:
        if self._made is not None:
            reveal(self._made / "README.txt")

    def reject(self) -> None:
        """Closed: what is being made is stopped, and nothing of it stays."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
        super().reject()
