"""Results of models that find things: what was missed, made up or taken for something else, and how certainty pays."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.control import Control
from workbench.data.types import Item
from workbench.gui.context import AppContext
from workbench.gui.results.base import ResultView
from workbench.gui.theme import M, S, theme
from workbench.gui.widgets.basic import button, label
from workbench.gui.widgets.box_scene import BoxScene
from workbench.gui.workers import Job
from workbench.tasks.found_things import LOOSE, TWICE
from workbench.trust.judge_boxes import BoxJudgement, Mark

_MARK = Qt.ItemDataRole.UserRole
_SHOWN = 300
_LARGE = 1400
_KINDS = ("missed", "wrong", "confused")


def words_of(mark: Mark) -> str:
    """One mistake in a line."""
    if not mark.said:
        return f"“{mark.true}” was missed"
    if mark.true:
        return f"“{mark.true}” was called “{mark.said}” ({mark.score:.0%})"
    why = {LOOSE: "too loose or beside it", TWICE: "found twice"}.get(mark.why, "nothing is there")
    return f"“{mark.said}” ({mark.score:.0%}): {why}"


class View(ResultView):
    """See the module."""

    def __init__(self, ctx: AppContext) -> None:
        super().__init__(ctx)
        self._judged: BoxJudgement | None = None
        self._items: dict[int, Item] = {}
        self._job: Job | None = None
        self._plot: Any = None

    def tabs(self) -> list[tuple[QWidget, str]]:
        tables = super().tabs()
        curve = QWidget()
        self._curve_column = QVBoxLayout(curve)
        self._curve_column.setContentsMargins(0, M, 0, 0)
        row = QHBoxLayout()
        row.addWidget(
            label("The more certain a box must be, the more boxes are right and the fewer things are found.", "soft"), 1
        )
        self.curve_class = QComboBox()
        self.curve_class.setAccessibleName("Class whose curve is shown")
        self.curve_class.setToolTip("Precision-recall curve at an overlap (IoU) of 0.5")
        self.curve_class.currentIndexChanged.connect(lambda _i: self._draw_curve())
        row.addWidget(self.curve_class)
        self._curve_column.addLayout(row)
        theme().changed.connect(self._draw_curve)
        return [(self._build_mistakes(), "Mistakes"), *tables, (curve, "Found and right")]

    def titles(self, judgement: BoxJudgement) -> list[str]:
        count = len(judgement.missed) + len(judgement.wrong) + len(judgement.confused)
        return [f"Mistakes ({count})", "Class by class", "Found and right"]

    def look_up(self, judgement: Any) -> list[int]:
        marks = (*judgement.missed[:_SHOWN], *judgement.wrong[:_SHOWN], *judgement.confused[:_SHOWN])
        return list(dict.fromkeys(m.item_id for m in marks))

    def show(self, judgement: BoxJudgement, items: list[Item]) -> None:
        super().show(judgement, items)
        self._judged = judgement
        self._items = {i.id: i for i in items}
        self.scene.set_colours({c.name: c.colour for c in self.ctx.store.require().classes()})
        counts = (len(judgement.missed), len(judgement.wrong), len(judgement.confused))
        names = ("Missed", "Where nothing is", "Taken for something else")
        self.kind.blockSignals(True)
        self.kind.clear()
        for kind, name, count in zip(_KINDS, names, counts, strict=True):
            self.kind.addItem(f"{name} ({count})", kind)
        self.kind.setCurrentIndex(next((i for i, n in enumerate(counts) if n), 0))
        self.kind.blockSignals(False)
        self._fill()
        self.curve_class.blockSignals(True)
        self.curve_class.clear()
        self.curve_class.addItem("all classes together", "")
        for result in judgement.per_class:
            self.curve_class.addItem(result.name, result.name)
        self.curve_class.blockSignals(False)
        self._draw_curve()

    # Mistakes ----------------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        if self._judged is None:
            return
        marks: tuple[Mark, ...] = getattr(self._judged, str(self.kind.currentData()))
        self.list.clear()
        for mark in marks[:_SHOWN]:
            item = self._items.get(mark.item_id)
            if item is None:
                continue
            entry = QListWidgetItem(f"{words_of(mark)}\n{item.name}")
            entry.setData(_MARK, mark)
            self.list.addItem(entry)
        self.scene.clear()
        self.open.setEnabled(False)
        if self.list.count():
            self.list.setCurrentRow(0)

    def _chosen(self) -> None:
        entry = self.list.currentItem()
        mark: Mark | None = entry.data(_MARK) if entry is not None else None
        item = self._items.get(mark.item_id) if mark is not None else None
        if mark is None or item is None or item.path is None or self._judged is None:
            return
        self.open.setEnabled(True)
        path, window, scene = item.path, item.window, self._judged.scene(mark.item_id)
        if self._job is not None:
            self._job.cancel()

        def work(_control: Control) -> bytes:
            from workbench.data.media import thumbnail_bytes

            return thumbnail_bytes(path, _LARGE, window)

        job = self._job = self.ctx.jobs.start("Opening a picture", work)
        job.succeeded.connect(
            lambda data: self.scene.show_scene(item, data, scene, mark.box) if self._job is job else None
        )
        job.failed.connect(lambda problem: self.said.emit(f"{problem.message} {problem.hint}".strip()))

    def _go(self) -> None:
        entry = self.list.currentItem()
        if entry is not None:
            self.ctx.go("data", item_ids=[entry.data(_MARK).item_id], title="A mistake")

    # The curve ---------------------------------------------------------------------------------------------------------

    def _draw_curve(self) -> None:
        if self._judged is None:
            return
        if self._plot is None:
            # Imported here: it brings numpy, which the first window does without.
            import pyqtgraph as pg

            self._plot = pg.PlotWidget(background=None, enableMenu=False)
            self._plot.setMouseEnabled(x=False, y=False)
            self._plot.hideButtons()
            self._plot.setAccessibleName("Share of right boxes against share of found things")
            self._plot.getPlotItem().setRange(xRange=(0, 1), yRange=(0, 1.02), padding=0.02)
            self._plot.setLabel("bottom", "share of things found (recall)")
            self._plot.setLabel("left", "share of boxes that are right (precision)")
            self._curve_column.addWidget(self._plot, 1)
        points = self._judged.curve(str(self.curve_class.currentData() or ""))
        item = self._plot.getPlotItem()
        for name in ("bottom", "left"):
            item.getAxis(name).setPen(theme().colour("line_strong"))
            item.getAxis(name).setTextPen(theme().colour("text_soft"))
        import pyqtgraph as pg

        item.clear()
        item.plot([p[0] for p in points], [p[1] for p in points], pen=pg.mkPen(theme().colour("accent"), width=2.5))
        # Where the app stands by itself: the score that counts in the lists.
        sure = self._judged.scenes[0].sure if self._judged.scenes else 0.5
        at = next((p for p in reversed(points) if p[2] >= sure), None)
        if at is not None:
            item.plot([at[0]], [at[1]], pen=None, symbol="o", symbolSize=11, symbolBrush=theme().colour("warn"))

    # Building ----------------------------------------------------------------------------------------------------------

    def _build_mistakes(self) -> QWidget:
        page = QWidget()
        line = QHBoxLayout(page)
        line.setContentsMargins(0, M, 0, 0)
        line.setSpacing(M)
        side = QVBoxLayout()
        side.setSpacing(S)
        self.kind = QComboBox()
        self.kind.setObjectName("mistake-kind")
        self.kind.setAccessibleName("Kind of mistake")
        self.kind.setToolTip(
            "Missed: false negatives. Where nothing is: false positives. Overlap (IoU) of at least 0.5 counts"
        )
        self.kind.currentIndexChanged.connect(lambda _i: self._fill())
        side.addWidget(self.kind)
        self.list = QListWidget()
        self.list.setObjectName("box-mistakes")
        self.list.setAccessibleName("Mistakes; the most certain first")
        self.list.currentItemChanged.connect(lambda _new, _old: self._chosen())
        side.addWidget(self.list, 1)
        line.addLayout(side, 1)
        right = QVBoxLayout()
        right.setSpacing(S)
        self.scene = BoxScene()
        right.addWidget(self.scene, 1)
        row = QHBoxLayout()
        row.addWidget(label("Dashed: as you drew it. Solid: as it was found.", "faint"), 1)
        self.open = button("Show in Data", self._go, name="box-to-data")
        row.addWidget(self.open)
        right.addLayout(row)
        line.addLayout(right, 2)
        return page
