"""A training while it runs: curves, words, and what it says of a few examples."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from workbench.data.numbers import number
from workbench.data.types import Item
from workbench.engine.events import RunEvent, SamplePredicted
from workbench.gui.context import AppContext
from workbench.gui.icons import pixmap
from workbench.gui.models.runs_progress import RunProgress
from workbench.gui.theme import M, S, theme
from workbench.gui.widgets.basic import Banner, button, label
from workbench.gui.widgets.cost_views import CostSoFar
from workbench.gui.widgets.curves import TrainingCurves
from workbench.gui.widgets.fitted import fitted
from workbench.gui.widgets.overlays import Outline, paint_outlines, paint_over, sample_areas, sample_boxes
from workbench.tasks.predictions import Number, figure
from workbench.tasks.registry import get_task
from workbench.trust.cost.words import duration

_SAMPLES = 6
# Below it reading does not hold the training up.
_WORTH_SAYING = 0.1


class SampleTile(QWidget):
    """One example: what it is, what the model says now."""

    def __init__(self, ctx: AppContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.item: Item | None = None
        self.said: SamplePredicted | None = None
        self._areas = QImage()
        self._boxes: list[Outline] = []
        self._numbers = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        ctx.thumbnails.ready.connect(lambda _path: self.update())
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(170, 84)

    def show_sample(self, item: Item, said: SamplePredicted) -> None:
        self.item, self.said = item, said
        self._areas = sample_areas(said.record)
        project = self._ctx.store.project
        classes = project.classes() if project is not None else []
        self._numbers = project is not None and get_task(project.task_id).info.result == Number.kind
        self._boxes = sample_boxes(said.record, {c.name: c.colour for c in classes})
        self.setToolTip(item.words)
        self.setAccessibleName(f"{item.name}: it says {said.predicted_class}, right is {said.true_class}")
        self.update()

    def _truth(self) -> str:
        """What is right, as a person writes it."""
        said = self.said.true_class if self.said is not None else ""
        value = number(said) if self._numbers else None
        return said if value is None else figure(value)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self.item is None or self.said is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        frame = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        path = QPainterPath()
        path.addRoundedRect(frame, 8, 8)
        painter.fillPath(path, theme().colour("surface"))
        same = self.said.predicted_class == self.said.true_class
        right = same if self.said.right is None else self.said.right
        painter.setPen(theme().colour("line"))
        painter.drawPath(path)
        left = frame.left() + 8
        if self.item.path is not None or self.item.kind == "molecule":
            found = self._ctx.thumbnails.of_item(self.item)
            if found is not None and not found.isNull():
                box = fitted(found.size(), QRectF(left, frame.top() + 8, 66, 66))
                painter.drawPixmap(box, found, QRectF(found.rect()))
                paint_over(painter, box, self._areas)
                paint_outlines(painter, box, self._boxes)
            left += 76
        words = QRectF(left, frame.top() + 8, frame.right() - left - 8, frame.height() - 16)
        metrics = painter.fontMetrics()
        line = metrics.height() + 2
        if self.item.text is not None:
            painter.setPen(theme().colour("text_soft"))
            shown = " ".join(self.item.words.split())
            shown = metrics.elidedText(shown, Qt.TextElideMode.ElideRight, int(words.width()))
            painter.drawText(
                QRectF(words.left(), words.top(), words.width(), line), Qt.AlignmentFlag.AlignVCenter, shown
            )
            words.setTop(words.top() + line)
        mark = pixmap("circle-check" if right else "circle-x", 16, "good" if right else "bad")
        painter.drawPixmap(QRectF(words.left(), words.top() + (line - 16) / 2, 16, 16), mark, QRectF(mark.rect()))
        painter.setPen(theme().colour("text"))
        said = metrics.elidedText(self.said.predicted_class, Qt.TextElideMode.ElideRight, int(words.width()) - 22)
        painter.drawText(
            QRectF(words.left() + 22, words.top(), words.width() - 22, line), Qt.AlignmentFlag.AlignVCenter, said
        )
        painter.setPen(theme().colour("text_faint"))
        # Of a number a model is never so and so sure, and it is never quite the same.
        exact = right and not self._numbers
        detail = f"{self.said.score:.0%} sure" if exact else f"is {self._truth()}"
        detail = metrics.elidedText(detail, Qt.TextElideMode.ElideRight, int(words.width()))
        painter.drawText(
            QRectF(words.left(), words.top() + line, words.width(), line), Qt.AlignmentFlag.AlignVCenter, detail
        )


class TrainLive(QWidget):
    """Signals:
    paused(bool), stopped(): the person's wishes.
    """

    paused = Signal(bool)
    stopped = Signal()

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self.progress = RunProgress()
        self._items: dict[int, Item] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(M)
        top = QHBoxLayout()
        words = QVBoxLayout()
        words.setSpacing(2)
        self.stage = label("", "heading")
        self.detail = label("", "soft")
        words.addWidget(self.stage)
        words.addWidget(self.detail)
        self.cost = CostSoFar(ctx)
        words.addWidget(self.cost)
        top.addLayout(words, 1)
        self.pause = button("Pause", self._pause, icon_name="pause", name="train-pause")
        self.pause.setCheckable(True)
        self.stop = button(
            "Stop",
            self.stopped.emit,
            icon_name="circle-stop",
            name="train-stop",
            tip="Stop now and keep the best version so far",
        )
        top.addWidget(self.pause)
        top.addWidget(self.stop)
        column.addLayout(top)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the training")
        column.addWidget(self.bar)
        self.result = Banner(closable=False)
        self.result.setObjectName("train-result")
        column.addWidget(self.result)
        self.advice = Banner()
        column.addWidget(self.advice)
        self.curves = TrainingCurves()
        column.addWidget(self.curves, 1)
        self.samples_heading = label("What it says of examples it has not learnt from", "strong")
        column.addWidget(self.samples_heading)
        grid = QGridLayout()
        grid.setSpacing(S)
        self.tiles = [SampleTile(ctx) for _ in range(_SAMPLES)]
        for place, tile in enumerate(self.tiles):
            grid.addWidget(tile, place // 3, place % 3)
        column.addLayout(grid)
        self.clear()

    def clear(self) -> None:
        """Ready for another run."""
        self.progress = RunProgress()
        self._items = {}
        self.result.hide()
        self.advice.hide()
        self.pause.setChecked(False)
        self.pause.setText(" Pause")
        self.bar.setRange(0, 0)
        self.stage.setText("Getting ready")
        self.detail.setText("")
        for tile in self.tiles:
            tile.hide()
        self.samples_heading.hide()
        self.curves.show_progress(self.progress)
        self.set_running(True)

    def set_running(self, running: bool) -> None:
        """Buttons and bar only make sense while it runs."""
        self.pause.setVisible(running)
        self.stop.setVisible(running)
        self.bar.setVisible(running)

    def feed(self, *events: RunEvent) -> None:
        """Draw what was told since."""
        before = len(self.progress.advice)
        said: dict[int, SamplePredicted] = {}
        for event in events:
            self.progress.feed(event)
            if isinstance(event, SamplePredicted):
                said[event.item_id] = event
        for sample in said.values():
            self._sample(sample)
        if all(isinstance(event, SamplePredicted) for event in events):
            return
        if not self.pause.isChecked():
            self.stage.setText(self.progress.stage or "Getting ready")
        self._words()
        if len(self.progress.advice) > before:
            self.advice.show_message(list(self.progress.advice.values())[-1], "info")
        self.curves.show_progress(self.progress)

    def _words(self) -> None:
        progress = self.progress
        if progress.fraction >= 0:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(progress.fraction * 1000))
        parts = []
        if progress.epochs_planned and progress.position:
            parts.append(
                f"Round {min(int(progress.position) + 1, progress.epochs_planned)} of {progress.epochs_planned}"
            )
        if progress.epochs:
            last = progress.epochs[-1]
            share = f"{last.validation_score:.0%}"
            if last.metric == "accuracy":
                parts.append(f"right on {share} of what it has not seen")
            else:
                parts.append(f"{last.metric} {share} on what it has not seen")
            if last.waiting >= _WORTH_SAYING:
                parts.append(f"{last.waiting:.0%} of the time waiting for reading")
        if progress.seconds_left > 0.5 and progress.finished is None:
            parts.append(f"{duration(progress.seconds_left)} left")
        self.detail.setText("   ·   ".join(parts))

    def _sample(self, event: SamplePredicted) -> None:
        project = self._ctx.store.project
        if project is None:
            return
        if event.item_id not in self._items:
            found = project.items([event.item_id])
            if not found or len(self._items) >= _SAMPLES:
                return
            self._items[event.item_id] = found[0]
        tile = self.tiles[list(self._items).index(event.item_id)]
        tile.show_sample(self._items[event.item_id], event)
        tile.show()
        self.samples_heading.show()

    def _pause(self) -> None:
        waiting = self.pause.isChecked()
        self.pause.setText(" Go on" if waiting else " Pause")
        if waiting:
            self.stage.setText("Paused")
        self.paused.emit(waiting)
