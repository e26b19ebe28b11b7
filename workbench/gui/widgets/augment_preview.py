"""Some of the person's own pictures as a training would vary them, and switches for how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize, Signal
from PySide6.QtGui import QColor, QHideEvent, QImage, QPainter, QPainterPath, QPaintEvent, QPolygonF, QShowEvent
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QSizePolicy, QWidget

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.project import Project
from workbench.engine.augment_preview import (
    SHOWN,
    VariedPicture,
    can_preview,
    variations,
    varied_pictures,
    varies,
)
from workbench.engine.events import How
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.decoded import decoded
from workbench.gui.theme import M, S, theme
from workbench.gui.widgets.basic import Card, button, label
from workbench.gui.widgets.fitted import fitted
from workbench.gui.widgets.overlays import Outline, area_image, paint_outlines, paint_over
from workbench.gui.workers import Job
from workbench.tasks.augment import OPTION, Variation

_COLUMNS = 4
_WHY = "The model sees each picture a little differently every time, so that it does not learn your examples by heart."
_AS_THEY_ARE = (
    "The quick way looks at your pictures as they are; the other two also show them to the model a little varied."
)


@dataclass(frozen=True)
class _Drawn:
    """A varied picture, ready to be painted."""

    picture: QImage
    words: str
    areas: QImage = field(default_factory=QImage)
    boxes: tuple[Outline, ...] = ()


def _drawn(varied: VariedPicture) -> _Drawn:
    """Called in a job."""
    boxes = []
    for marked in varied.boxes:
        x0, y0, x1, y1 = marked.box
        shape = QPolygonF([QPointF(x0, y0), QPointF(x1, y0), QPointF(x1, y1), QPointF(x0, y1)])
        boxes.append((shape, QColor(marked.colour or "#9a9a9a")))
    areas = area_image(varied.areas, varied.colours or {}) if varied.areas else QImage()
    return _Drawn(decoded(varied.png), varied.words, areas, tuple(boxes))


class VariedTile(QWidget):
    """One picture with its labels."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn: _Drawn | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(150, 140)

    def show_drawn(self, drawn: _Drawn | None) -> None:
        self.drawn = drawn
        self.setToolTip(drawn.words if drawn is not None else "")
        self.setAccessibleName(f"Varied: {drawn.words}" if drawn is not None else "")
        self.update()

    def place(self) -> QRectF:
        """Where the picture lies."""
        frame = QRectF(self.rect())
        if self.drawn is None:
            return frame
        return fitted(self.drawn.picture.size(), frame)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        path = QPainterPath()
        path.addRoundedRect(QRectF(self.rect()), 8, 8)
        painter.fillPath(path, theme().colour("raised"))
        if self.drawn is None or self.drawn.picture.isNull():
            return
        painter.setClipPath(path)
        place = self.place()
        painter.drawImage(place, self.drawn.picture, QRectF(self.drawn.picture.rect()))
        paint_over(painter, place, self.drawn.areas)
        paint_outlines(painter, place, self.drawn.boxes)


class AugmentPreview(Card):
    """Signals:
    changed(): a choice was switched.
    """

    changed = Signal()

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent, spacing=M)
        self._ctx = ctx
        self._project: Project | None = None
        self._task_id = ""  # asked for once: the project may have been closed since
        self._card: ModelCard | None = None
        self._how = How.QUICK
        self._seed = 0
        self._showing = 0
        self._on = True
        self._job: Job | None = None
        # What is on the screen or being made for it.
        self._shown: tuple[Any, ...] | None = None
        self.switches: dict[str, QCheckBox] = {}
        head = QHBoxLayout()
        head.addWidget(label("Your pictures as the model sees them", "heading"))
        head.addStretch(1)
        self.others = button(
            "Show others", self._others, icon_name="refresh-cw", name="vary-others",
            tip="Other pictures, varied anew (another random seed)",
        )  # fmt: skip
        head.addWidget(self.others)
        self.body.addLayout(head)
        self.words = label("", "soft", wrap=True)
        self.body.addWidget(self.words)
        self.strip = QWidget()
        row = QHBoxLayout(self.strip)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(S)
        self.tiles = [VariedTile() for _ in range(SHOWN)]
        for tile in self.tiles:
            row.addWidget(tile, 1)
        self.body.addWidget(self.strip)
        self.problem = label("", "soft", wrap=True)
        self.problem.hide()
        self.body.addWidget(self.problem)
        self._choices = QWidget()
        self._grid = QGridLayout(self._choices)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(S)
        self.body.addWidget(self._choices)
        self.hide()

    def show_project(self, project: Project) -> None:
        """Take the project as it is now; the choices stay while it is the same one."""
        self._task_id = project.task_id
        wanted = variations(self._task_id)
        if project is not self._project or [v.id for v in wanted] != list(self.switches):
            self._fill(wanted)
        self._project = project
        self._shown = None
        self._arrange()

    def set_run(self, card: ModelCard | None, how: How, seed: int, on: bool) -> None:
        """The settings of the run that decide what is shown. `on`: pictures are varied at all."""
        self._card, self._how, self._seed, self._on = card, how, seed, on
        self._arrange()

    def options(self) -> dict[str, Any]:
        """For `RunConfig.options`; empty where there is no choice."""
        if not self.switches:
            return {}
        return {OPTION: {name: switch.isChecked() for name, switch in self.switches.items()}}

    # Inside --------------------------------------------------------------------------------------------------------------

    def _fill(self, wanted: Sequence[Variation]) -> None:
        for switch in self.switches.values():
            self._grid.removeWidget(switch)
            switch.deleteLater()
        self.switches = {}
        for place, variation in enumerate(wanted):
            switch = QCheckBox(variation.title)
            switch.setObjectName(f"vary-{variation.id}")
            switch.setAccessibleName(variation.title)
            switch.setToolTip(variation.tip)
            switch.setChecked(variation.usual)
            switch.toggled.connect(lambda _on: self._switched())
            self.switches[variation.id] = switch
            self._grid.addWidget(switch, place // _COLUMNS, place % _COLUMNS)

    def _switched(self) -> None:
        self._make()
        self.changed.emit()

    def _others(self) -> None:
        self._showing += 1
        self._make()

    def _arrange(self) -> None:
        project = self._project
        self.setVisible(self._on and project is not None and can_preview(self._task_id))
        shows = project is not None and varies(self._task_id, self._how)
        for part in (self.strip, self.others):
            part.setVisible(shows)
        self._choices.setVisible(shows and bool(self.switches))
        self.words.setText(_WHY if shows else _AS_THEY_ARE)
        if not shows:
            self.problem.hide()
        self._make()

    def _make(self) -> None:
        """Have the pictures made, when they can be seen and are not those that are shown."""
        project, card = self._project, self._card
        if project is None or card is None or not self.isVisible() or not varies(self._task_id, self._how):
            return
        options, seed, showing = self.options(), self._seed, self._showing
        wanted = (card.id, repr(options), seed, showing)
        if wanted == self._shown:
            return
        self._stop()
        self._shown = wanted

        def work(control: Control) -> list[_Drawn]:
            return [_drawn(v) for v in varied_pictures(project, card, options, seed, showing, control)]

        job = self._ctx.jobs.start("Varying some pictures", work)
        self._job = job
        job.succeeded.connect(lambda drawn: self._came(job, drawn))
        job.failed.connect(lambda problem: self._failed(job, problem))

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job, self._shown = None, None

    def _came(self, job: Job, drawn: list[_Drawn]) -> None:
        if job is not self._job:
            return
        self._job = None
        self.problem.hide()
        for place, tile in enumerate(self.tiles):
            tile.show_drawn(drawn[place] if place < len(drawn) else None)

    def _failed(self, job: Job, problem: Problem) -> None:
        if job is not self._job:
            return
        self._job = None
        for tile in self.tiles:
            tile.show_drawn(None)
        self.problem.setText(f"{problem.message} {problem.hint}".strip())
        self.problem.show()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._make()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._stop()
