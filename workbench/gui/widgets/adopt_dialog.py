"""A model of the person's own: what it is, what must still be asked, and then it stands among theirs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.theme import L, S
from workbench.gui.widgets.basic import Banner, button, headed, label, row
from workbench.runtimes.recognise import Recognised


def open_model_of_ones_own(
    ctx: AppContext, path: str, banner: Banner, parent: QWidget, then: Callable[[str], None]
) -> None:
    """Look at a file or folder in a job, then ask; `then(model id)` when it is one of the person's models."""

    def work(control: Control) -> Recognised:
        from workbench.engine.savedmodel import as_onnx
        from workbench.runtimes.recognise import recognise

        return recognise(as_onnx(Path(path), control, ctx.paths), ctx.paths.cache, control)

    def seen(found: Recognised) -> None:
        banner.hide()
        if found.is_ours:
            _import_ours(ctx, path, banner, then)
            return
        dialog = AdoptDialog(ctx, found, Path(path).stem, parent)
        dialog.adopted = then
        dialog.open()

    banner.show_message(f"Looking at “{Path(path).name}” …", "info")
    job = ctx.jobs.start("Looking at a model", work)
    job.succeeded.connect(seen)
    job.failed.connect(banner.show_error)


def _import_ours(ctx: AppContext, path: str, banner: Banner, then: Callable[[str], None]) -> None:
    def work(control: Control) -> ModelCard:
        from workbench.engine.export import import_folder

        return import_folder(Path(path), ctx.catalog, control)

    job = ctx.jobs.start("Importing a model", work)
    job.succeeded.connect(lambda card: then(card.id))
    job.failed.connect(banner.show_error)


class AdoptDialog(QDialog):
    """Name, and whatever the file does not say itself."""

    def __init__(self, ctx: AppContext, found: Recognised, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._found = found
        self.adopted: Callable[[str], None] = lambda _id: None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Open a model")
        self.setMinimumWidth(520)
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(S)
        headed(column, "This is " + found.title, "It is copied among your models; the file itself stays as it is.")
        form = QFormLayout()
        form.setSpacing(S)
        self.name = QLineEdit(name)
        self.name.setObjectName("adopt-name")
        self.name.setAccessibleName("Name of the model")
        form.addRow("Name", self.name)
        self.labels = QPlainTextEdit()
        self.labels.setObjectName("adopt-labels")
        self.labels.setAccessibleName("Names of the classes, one per line")
        self.labels.setTabChangesFocus(True)
        self.side = QSpinBox()
        self.side.setObjectName("adopt-size")
        self.side.setRange(16, 4096)
        self.trust = QCheckBox("Yes, I trust it")
        self.trust.setObjectName("adopt-trust")
        self.choices: dict[str, QComboBox] = {}
        column.addLayout(form)
        for missing in found.missing:
            column.addWidget(label(missing.question, "strong", wrap=True))
            if missing.kind == "labels":
                if missing.count:
                    self.labels.setPlaceholderText(f"{missing.count} names, one per line")
                column.addWidget(self.labels)
            elif missing.kind == "size":
                self.side.setValue(missing.default or 224)
                column.addWidget(self.side)
            elif missing.kind == "choice":
                box = QComboBox()
                box.setObjectName(f"adopt-{missing.key}")
                box.setAccessibleName(missing.question)
                for key, text in missing.choices:
                    box.addItem(text, key)
                self.choices[missing.key] = box
                column.addWidget(box)
            else:
                column.addWidget(self.trust)
        self.banner = Banner(closable=False)
        column.addWidget(self.banner)
        self.ok = button("Open it", self._open, role="primary", name="adopt-ok")
        column.addLayout(row(1, button("Cancel", self.reject), self.ok))

    def _open(self) -> None:
        from workbench.engine.adopt import Answers

        answers = Answers(
            self.name.text(),
            tuple(self.labels.toPlainText().splitlines()),
            self.side.value(),
            self.trust.isChecked(),
            {key: str(box.currentData()) for key, box in self.choices.items()},
        )
        found = self._found

        def work(control: Control) -> ModelCard:
            from workbench.engine.adopt import adopt

            return adopt(found, answers, control, self._ctx.paths)

        self.ok.setEnabled(False)
        job = self._ctx.jobs.start("Opening a model", work)
        job.succeeded.connect(self._done)
        job.failed.connect(self._failed)

    def _done(self, card: ModelCard) -> None:
        self.adopted(card.id)
        self.accept()

    def _failed(self, problem: Problem) -> None:
        self.ok.setEnabled(True)
        self.banner.show_error(problem)
