"""Results of models that colour areas: class by class, what was taken for what, and the pictures it got least right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from PySide6.QtWidgets import QWidget

from workbench.control import Control
from workbench.data.labels import COLOURS
from workbench.data.types import Item
from workbench.gui.context import AppContext
from workbench.gui.results.base import ResultView
from workbench.gui.widgets.area_pictures import AreaPictures, Layers
from workbench.gui.widgets.area_tables import AreaConfusion, AreaTable
from workbench.gui.workers import Job
from workbench.trust.judge_mask import AreaEvaluation

_SHOWN = 60


class View(ResultView):
    """See the module."""

    def __init__(self, ctx: AppContext) -> None:
        super().__init__(ctx)
        self._job: Job | None = None

    def tabs(self) -> list[tuple[QWidget, str]]:
        self.table = AreaTable()
        self.confusion = AreaConfusion()
        self.pictures = AreaPictures(self.ctx)
        self.pictures.wanted.connect(
            lambda item_id: self.ctx.go("data", item_ids=[item_id], title="One of the least right")
        )
        return [
            (self.table, "Class by class"),
            (self.pictures, "Least right"),
            (self.confusion, "What was taken for what"),
        ]

    def titles(self, judgement: AreaEvaluation) -> list[str]:
        return ["Class by class", f"Least right ({min(_SHOWN, judgement.n)})", "What was taken for what"]

    def look_up(self, judgement: Any) -> list[int]:
        return [*judgement.worst()[:_SHOWN]]

    def show(self, judgement: AreaEvaluation, items: list[Item]) -> None:
        known = {c.name: c.colour for c in self.ctx.store.require().classes()}
        colours = [known.get(n, COLOURS[i % len(COLOURS)]) for i, n in enumerate(judgement.classes)]
        self.table.show_evaluation(judgement, colours)
        self.confusion.show_evaluation(judgement)
        by_id = {i.id: i for i in items}
        ids = [i for i in judgement.worst()[:_SHOWN] if i in by_id]
        self.pictures.show_pictures([(by_id[i], judgement.scores[i]) for i in ids])
        if self._job is not None:
            self._job.cancel()

        def work(control: Control) -> Iterator[tuple[int, Layers]]:
            from workbench.trust.judge_mask import compared

            for item_id in ids:
                control.check()
                seen = compared(judgement.answers[item_id], judgement.classes)
                if seen is not None:
                    yield item_id, Layers.of(seen, colours)

        job = self._job = self.ctx.jobs.start_stream("Drawing areas", work)
        job.streamed.connect(lambda came: self.pictures.show_layers(*came) if self._job is job else None)
        job.ended.connect(lambda: self._ended(job))

    def _ended(self, job: Job) -> None:
        if self._job is job:
            self._job = None
