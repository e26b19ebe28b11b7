"""Try: drop, paste or type; see what a model says."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData, QModelIndex, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QImage,
    QImageWriter,
    QKeySequence,
    QPixmap,
    QShortcut,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QPlainTextEdit,
    QProgressBar,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.predict import PredictResult
from workbench.errors import Problem, UserError
from workbench.gui.context import AppContext
from workbench.gui.models.results_table import RESULT_ROLE, ResultsTable
from workbench.gui.pages.base import Page
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import Banner, Card, DropZone, accepts, button, label, local_paths
from workbench.gui.widgets.correct_dialog import CorrectDialog, put_right
from workbench.gui.widgets.model_picker import ModelPicker
from workbench.gui.widgets.picture_view import PictureView
from workbench.gui.widgets.score_bars import ScoreBars
from workbench.gui.workers import Job
from workbench.tasks.base import Task
from workbench.tasks.registry import all_tasks

_TYPING_MS = 400
_FLUSH_MS = 120
_LARGE = 1200


class TryPage(Page):
    """See the module."""

    page_id = "try"

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        self.body.setSpacing(M)
        self._task: Task = all_tasks()[0]
        self._number = itertools.count(1)
        self._current = 0
        self._job: Job | None = None
        self._sample: Sample | None = None
        self._result: PredictResult | None = None
        self._waiting: list[PredictResult] = []
        self._samples: list[Sample] = []
        self._total = 0
        self._flush_timer = QTimer(self)
        self._flush_timer.setInterval(_FLUSH_MS)
        self._flush_timer.timeout.connect(self._flush)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self._predict_text)
        self._build()
        paste = QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self)
        paste.activated.connect(self._paste)
        at_once = QShortcut(QKeySequence("Ctrl+Return"), self.text)
        at_once.activated.connect(self._predict_text)
        self._show_task(self._task)

    # What others ask of the page -----------------------------------------------------------------------------------

    def receive(self, intent: dict[str, Any]) -> None:
        model_id = str(intent.get("model_id", ""))
        if model_id:
            from workbench.tasks.registry import get_task

            card = self.ctx.catalog.get(model_id)
            self._show_task(get_task(card.tasks[0]), model_id)
        if intent.get("paths"):
            self.try_paths([str(p) for p in intent["paths"]])
        elif intent.get("text"):
            self.text.setPlainText(str(intent["text"]))

    def shown(self) -> None:
        self.picker.show_task(self._task.info.id)

    def accept_drop(self, paths: list[str]) -> bool:
        self.try_paths(paths)
        return True

    def try_paths(self, paths: list[str]) -> None:
        """Predict files and folders."""
        self.banner.hide()
        self._show_task(self._task_for(paths))
        task = self._task

        def work(control: Control) -> list[Sample]:
            from workbench.engine.predict import collect_samples

            return collect_samples(paths, task, control)

        job = self.ctx.jobs.start("Looking at what you dropped", work)
        job.succeeded.connect(self._try_samples)
        job.failed.connect(self.banner.show_error)

    # From a drop to samples ------------------------------------------------------------------------------------------

    def _task_for(self, paths: list[str]) -> Task:
        """The task whose files these are; for folders the one that is shown stays."""
        suffixes = [Path(p).suffix.lower() for p in paths]
        for task in all_tasks():
            if any(s in task.info.file_suffixes for s in suffixes):
                return task
        return self._task

    def _take(self, mime: QMimeData) -> None:
        """Make samples of whatever was dropped or pasted: files, a picture, a text."""
        paths = local_paths(mime)
        if paths:
            self.try_paths(paths)
        elif mime.hasImage():
            image = mime.imageData()
            if isinstance(image, QPixmap):
                image = image.toImage()
            if isinstance(image, QImage) and not image.isNull():
                buffer = QBuffer()
                buffer.open(QIODevice.OpenModeFlag.WriteOnly)
                QImageWriter(buffer, QByteArray(b"PNG")).write(image)
                self._show_task(next(t for t in all_tasks() if t.info.media == "picture"))
                self._try_samples([Sample("picture", "pasted picture", data=bytes(buffer.data().data()))])
        elif mime.hasUrls():
            self.banner.show_error(
                UserError(
                    "This is a link, and the app does not go to the internet for it.",
                    "Copy the picture itself in the browser (right-click, Copy image) and paste it here.",
                )
            )
        elif mime.hasText() and mime.text().strip():
            self._show_task(next(t for t in all_tasks() if t.info.media == "text"))
            self.text.setPlainText(mime.text())

    def _paste(self) -> None:
        self._take(QApplication.clipboard().mimeData())

    # Predicting ------------------------------------------------------------------------------------------------------

    def _try_samples(self, samples: list[Sample]) -> None:
        """Ask the model. An older question that is still running is dropped; its answers never show."""
        if self._job is not None:
            self._job.cancel()
        self._current = number = next(self._number)
        self._samples = samples
        card = self.picker.card
        if card is None or not samples:
            return
        self._show_input(samples)
        if not self.picker.is_ready():
            self.banner.show_message("Download the model first, or choose another one.", "info")
            return
        task, options = self._task, self.picker.options()
        self._waiting = []
        self._total = len(samples)
        self.table.clear()
        several = len(samples) > 1
        self.batch.setVisible(several)
        self.progress.setVisible(several)
        self.progress.setRange(0, len(samples))
        self.progress.setValue(0)
        self.state.setText("Getting the model ready …")

        def work(control: Control) -> Iterator[PredictResult]:
            from workbench.engine.predict import predict

            return predict(samples, card, task, options, control=control)

        job = self.ctx.jobs.start_stream("Predicting", work)
        self._job = job
        job.streamed.connect(lambda result: self._came(number, result))
        job.failed.connect(lambda problem: self._failed(number, problem))
        job.ended.connect(lambda: self._ended(number, job))

    def _came(self, number: int, result: PredictResult) -> None:
        if number != self._current:
            return
        if self._total == 1 or (result.index == 0 and not self._waiting):
            self._show_result(result)
        if self._total > 1:
            self._waiting.append(result)
            if not self._flush_timer.isActive():
                self._flush_timer.start()

    def _flush(self) -> None:
        """Rows go in ten times a second, not one by one."""
        if not self._waiting:
            self._flush_timer.stop()
            return
        self.table.append(self._waiting)
        self._waiting = []
        done = self.table.rowCount()
        failed = sum(1 for r in self.table.results if r.problem is not None)
        self.progress.setValue(done)
        words = f"{done - failed:,} of {self._total:,} answered"
        self.batch_state.setText(words + (f", {failed} could not be read" if failed else ""))

    def _failed(self, number: int, problem: Problem) -> None:
        if number == self._current:
            self.state.setText("")
            self.banner.show_error(problem)

    def _ended(self, number: int, job: Job) -> None:
        if number == self._current:
            self._flush()
            self.progress.hide()
        if self._job is job:
            self._job = None

    def _predict_text(self) -> None:
        text = self.text.toPlainText()
        if text.strip():
            self._typing.stop()
            self.banner.hide()
            self._try_samples([Sample("text", " ".join(text.split()[:8]), text=text)])
        else:
            self._show_nothing()

    def _again(self) -> None:
        """The model or the labels changed: ask again."""
        if self._samples and self._samples[0].kind == self._task.info.media:
            self._try_samples(self._samples)

    # Showing ---------------------------------------------------------------------------------------------------------

    def _show_task(self, task: Task, model_id: str = "") -> None:
        changed = task.info.id != self._task.info.id
        self._task = task
        for other, chip in self._chips.items():
            chip.setChecked(other == task.info.id)
        self.input.setCurrentWidget(self.text_side if task.info.media == "text" else self.picture_side)
        if changed:
            self._samples = []
            self._show_nothing()
        self.picker.show_task(task.info.id, model_id)

    def _show_input(self, samples: list[Sample]) -> None:
        first = samples[0]
        if first.kind == "picture":
            self._show_picture(first)

    def _show_picture(self, sample: Sample) -> None:
        self._sample = sample

        def work(_control: Control) -> bytes:
            from workbench.data.media import encode_png, open_picture

            picture = open_picture(sample, max_side=_LARGE)
            picture.thumbnail((_LARGE, _LARGE))
            return encode_png(picture)

        def came(data: bytes) -> None:
            if self._sample is sample:
                self.picture.show_data(data)
                self.picture_stack.setCurrentWidget(self.picture)

        def failed(_problem: Problem) -> None:
            if self._sample is sample:
                self.picture_stack.setCurrentWidget(self.drop)

        job = self.ctx.jobs.start("Opening a picture", work)
        job.succeeded.connect(came)
        job.failed.connect(failed)

    def _show_result(self, result: PredictResult) -> None:
        self._result = result
        if result.problem is not None:
            self.bars.show_prediction(None)
            self.state.setText("")
            self.correct.setEnabled(False)
            if self._total == 1:
                self.banner.show_error(result.problem)
            return
        self.bars.show_prediction(result.prediction)
        self.state.setText(
            f"{result.sample.name}  ·  {result.seconds * 1000:.0f} ms" if result.sample.kind == "picture" else ""
        )
        self.correct.setEnabled(True)

    def _show_nothing(self) -> None:
        self._current = next(self._number)
        self._result = None
        self.bars.show_prediction(None)
        self.batch.hide()
        self.correct.setEnabled(False)
        self.state.setText("The answer appears here.")
        self.picture_stack.setCurrentWidget(self.drop)

    def _row_chosen(self, index: QModelIndex) -> None:
        result: PredictResult | None = index.data(RESULT_ROLE)
        if result is not None:
            self._show_result(result)
            if result.sample.kind == "picture":
                self._show_picture(result.sample)

    # Doing something with it -------------------------------------------------------------------------------------------

    def _correct(self) -> None:
        result = self._result
        if result is None or result.prediction is None:
            return
        sample = result.sample
        labels = [s.name for s in result.prediction.top[:10]]
        dialog = CorrectDialog(self.ctx, self._task.info.id, result.prediction.best.name, labels, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def accepted() -> None:
            try:
                job = put_right(self.ctx, self._task.info.id, sample, dialog.choice.currentText().strip(), dialog.fits)
            except UserError as error:
                self.banner.show_error(error)
                return
            if job is not None:
                job.failed.connect(self.banner.show_error)

        dialog.accepted.connect(accepted)
        dialog.open()

    def ask_export_path(self) -> str:
        """Where the table goes; asked of the person."""
        file, _ = QFileDialog.getSaveFileName(self, "Save the answers", "answers.csv", "Table (*.csv);;JSON (*.json)")
        return file

    def _export(self) -> None:
        file = self.ask_export_path()
        if not file:
            return
        rows = self.table.rows_for_export()

        def work(_control: Control) -> int:
            from workbench.data.exporters.tables import write_csv, write_json

            if file.lower().endswith(".json"):
                write_json(Path(file), rows)
            else:
                write_csv(Path(file), rows, ["item", "answer", "certainty", "problem", "path"])
            return len(rows)

        job = self.ctx.jobs.start("Saving the answers", work)
        job.succeeded.connect(lambda count: self.banner.show_message(f"{count:,} rows saved to {file}", "good"))
        job.failed.connect(self.banner.show_error)

    def _choose(self) -> None:
        files, _ = QFileDialog.getOpenFileNames(self, "Choose pictures or texts")
        if files:
            self.try_paths(files)

    # Building ----------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(S)
        top.addWidget(label("Try a model", "title"))
        top.addStretch(1)
        self._chips: dict[str, Any] = {}
        for task in all_tasks():
            chip = button(
                task.info.nouns.capitalize(), None, role="chip", icon_name=task.info.icon, name=f"try-{task.info.id}"
            )
            chip.setCheckable(True)
            chip.setToolTip(task.info.summary)
            chip.clicked.connect(lambda _checked=False, t=task: self._show_task(t))
            self._chips[task.info.id] = chip
            top.addWidget(chip)
        self.body.addLayout(top)
        self.banner = Banner()
        self.body.addWidget(self.banner)
        middle = QHBoxLayout()
        middle.setSpacing(L)
        self.input = QStackedWidget()
        self.input.addWidget(self._build_picture_side())
        self.input.addWidget(self._build_text_side())
        middle.addWidget(self.input, 3)
        middle.addWidget(self._build_answer(), 2)
        self.body.addLayout(middle, 3)
        self.body.addWidget(self._build_batch(), 2)
        self.picker.changed.connect(self._again)

    def _build_picture_side(self) -> QWidget:
        self.picture_side = QWidget()
        column = QVBoxLayout(self.picture_side)
        column.setContentsMargins(0, 0, 0, 0)
        self.drop = DropZone(
            "Drop a picture",
            "Or several, or a folder. You can also paste one (Ctrl+V) or click to choose.",
            "image-plus",
        )
        self.drop.setObjectName("try-drop")
        self.drop.dropped.connect(self._take)
        self.drop.clicked.connect(self._choose)
        self.picture = _PictureDrop()
        self.picture.dropped.connect(self._take)
        self.picture_stack = QStackedWidget()
        self.picture_stack.addWidget(self.drop)
        self.picture_stack.addWidget(self.picture)
        column.addWidget(self.picture_stack, 1)
        row = QHBoxLayout()
        row.addWidget(button("Choose files …", self._choose, icon_name="folder-open"))
        row.addWidget(
            button("Paste", self._paste, icon_name="clipboard-paste", tip="Paste a picture or a text (Ctrl+V)")
        )
        row.addStretch(1)
        column.addLayout(row)
        return self.picture_side

    def _build_text_side(self) -> QWidget:
        self.text_side = QWidget()
        column = QVBoxLayout(self.text_side)
        column.setContentsMargins(0, 0, 0, 0)
        self.text = QPlainTextEdit()
        self.text.setObjectName("try-text")
        self.text.setPlaceholderText("Type or paste a text, or drop a text file …")
        self.text.setAccessibleName("Text to try")
        self.text.setTabChangesFocus(True)
        self.text.textChanged.connect(self._typing.start)
        # A dropped file is tried, not pasted as its name.
        self.text.setAcceptDrops(False)
        column.addWidget(self.text, 1)
        row = QHBoxLayout()
        row.addWidget(button("Choose files …", self._choose, icon_name="folder-open"))
        row.addStretch(1)
        row.addWidget(label("The answer follows your typing", "faint"))
        column.addLayout(row)
        return self.text_side

    def _build_answer(self) -> QWidget:
        card = Card(spacing=M)
        self.picker = ModelPicker(self.ctx)
        card.body.addWidget(self.picker)
        self.bars = ScoreBars()
        card.body.addWidget(self.bars)
        self.state = label("The answer appears here.", "faint", wrap=True)
        card.body.addWidget(self.state)
        card.body.addStretch(1)
        row = QHBoxLayout()
        row.addStretch(1)
        self.correct = button(
            "Correct it …", self._correct, icon_name="pencil", name="correct",
            tip="The answer is wrong: put the item into a project with the right label",
        )  # fmt: skip
        self.correct.setEnabled(False)
        row.addWidget(self.correct)
        card.body.addLayout(row)
        return card

    def _build_batch(self) -> QWidget:
        self.batch = QWidget()
        column = QVBoxLayout(self.batch)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        row = QHBoxLayout()
        self.batch_state = label("", "soft")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setMaximumWidth(220)
        row.addWidget(self.batch_state)
        row.addWidget(self.progress)
        row.addStretch(1)
        row.addWidget(
            button("Save answers …", self._export, icon_name="download", name="save-answers", tip="As CSV or JSON")
        )
        column.addLayout(row)
        self.table = ResultsTable(self.ctx.thumbnails)
        self.table_view = QTableView()
        self.table_view.setObjectName("batch-table")
        self.table_view.setAccessibleName("Answers")
        self.table_view.setModel(self.table)
        self.table_view.setSortingEnabled(True)
        self.table_view.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.table_view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table_view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table_view.setIconSize(QSize(36, 36))
        self.table_view.verticalHeader().hide()
        self.table_view.verticalHeader().setDefaultSectionSize(42)
        self.table_view.setShowGrid(False)
        header = self.table_view.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.table_view.selectionModel().currentRowChanged.connect(lambda current, _old: self._row_chosen(current))
        column.addWidget(self.table_view, 1)
        self.batch.hide()
        return self.batch


class _PictureDrop(PictureView):
    """The picture shown, which takes the next one dropped on it.

    Signals:
        dropped(object): mime data.
    """

    dropped = Signal(object)

    def __init__(self) -> None:
        super().__init__("The picture that was tried")
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if accepts(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.dropped.emit(event.mimeData())
