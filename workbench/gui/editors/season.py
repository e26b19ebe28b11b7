"""A series seen whole, with its parts; and after how many steps it comes round again, which the app guesses and a person knows."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QSpinBox, QVBoxLayout

from workbench.control import Control
from workbench.data.annotations import Annotation, AnnotationState
from workbench.data.shapes import Whole
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.editors.one_by_one import OneByOne
from workbench.gui.models.item_model import ItemModel
from workbench.gui.theme import M, S
from workbench.gui.widgets.basic import Banner, Card, button, label
from workbench.gui.workers import while_there


class Editor(OneByOne):
    """See the module."""

    def __init__(self, ctx: AppContext, model: ItemModel) -> None:
        super().__init__(ctx, model)
        self.series: Any = None
        self._filling = False
        self._build()
        ctx.store.labels_changed.connect(self._changed)
        ctx.store.project_changed.connect(self._project_changed)

    # Showing ---------------------------------------------------------------------------------------------------------

    def show_row(self, row: int) -> None:
        item = self.model.item_at(row)
        if item is None:
            return
        self.row, self.item = row, item
        self.banner.hide()
        if item.problem:
            self.banner.show_message(item.problem, "warn")
        self._fill()
        self.moved.emit(row)
        self.plot.setFocus()
        sample = item.sample()

        def work(_control: Control) -> Any:
            from workbench.data.series_sample import series_of

            return series_of(sample)[0]

        def came(series: Any) -> None:
            if self.item is item:
                self._draw(series)

        def failed(problem: Problem) -> None:
            if self.item is item:
                self.banner.show_error(problem)

        job = self.ctx.jobs.start("Reading a series", work, quiet=True)
        job.succeeded.connect(while_there(self, came))
        job.failed.connect(while_there(self, failed))

    def _draw(self, series: Any) -> None:
        from workbench.tasks.occasions import parts_of

        self.series = series
        parts = parts_of(len(series))
        self.plot.show_series(
            series.values, series.label, 0, None,
            ((parts.validation, "steers from here"), (parts.test, "judges from here")), around=False,
        )  # fmt: skip
        missing = series.missing
        gaps = f", {missing:,} of them missing" if missing else ""
        self.about.setText(
            f"{len(series):,} numbers, one per {series.step.words}{gaps}, from {series.label(0)} to"
            f" {series.label(len(series) - 1)}. Models learn from what is before {series.label(parts.validation)}, are steered up to"
            f" {series.label(parts.test)}, and are judged on what came then."
        )
        self._usual()

    def _fill(self) -> None:
        from workbench.tasks.forecasting import season_of

        if self.item is None:
            return
        state = self.state()
        self._filling = True
        self.season.setValue(max(1, season_of(state.annotations)))
        self._filling = False
        by_person = any(a.source == "person" for a in state.annotations)
        self.who.setText(
            "as you said" if by_person else "as the app guessed from dates and numbers; put it right if you know"
        )
        self.caption.setText(f"{self.item.name}   ·   {self.row + 1} of {self.model.rowCount()}")

    def _usual(self) -> None:
        from workbench.data.series import seasons

        usual = seasons(self.series.step) if self.series is not None else ()
        self.hint.setText(
            f"For numbers per {self.series.step.words} it is often {' or '.join(str(s) for s in usual)}; 1: it does not come round."
            if usual
            else "12 for months with a year's rhythm, 7 for days of the week; 1: it does not come round."
        )

    # Changing --------------------------------------------------------------------------------------------------------

    def _set(self, value: int) -> None:
        project = self.ctx.store.project
        if self._filling or self.item is None or project is None:
            return
        if project.read_only:
            self.banner.show_message("This project is open for reading only.", "warn")
            return
        mark = Annotation(Whole(), text=str(value), source="person")
        words = f"set the season of “{self.item.name}”"
        self.ctx.store.set_annotations({self.item.id: AnnotationState((mark,), True)}, words)

    def _for_all(self) -> None:
        """The same for all that are shown."""
        project = self.ctx.store.project
        if project is None or project.read_only:
            return
        mark = Annotation(Whole(), text=str(self.season.value()), source="person")
        states = {i: AnnotationState((mark,), True) for i in self.model.ids}
        self.ctx.store.set_annotations(states, "set the season of all")
        self.banner.show_message(f"All {len(states):,} series have this season now. Ctrl+Z takes it back.", "good")

    # What happens elsewhere ------------------------------------------------------------------------------------------

    def _changed(self, ids: object) -> None:
        if self.item is not None and isinstance(ids, list) and self.item.id in ids:
            self._fill()

    def _project_changed(self) -> None:
        self.item, self.series, self.row = None, None, -1

    # Building --------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        from workbench.gui.widgets.forecast_plot import ForecastPlot

        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(M)
        column.addLayout(self.top_line("series", "series", self.closed.emit))
        self.banner = Banner()
        column.addWidget(self.banner)
        self.plot = ForecastPlot("The series")
        column.addWidget(self.plot, 1)
        self.about = label("", "soft", wrap=True, selectable=True)
        self.about.setObjectName("series-about")
        column.addWidget(self.about)
        card = Card(spacing=S)
        line = QHBoxLayout()
        line.setSpacing(S)
        asked = label("Comes round again after", "strong")
        self.season = QSpinBox()
        self.season.setObjectName("series-season")
        self.season.setRange(1, 5000)
        self.season.setAccessibleName("Comes round again after so many steps")
        self.season.setToolTip("The seasonal period: repeating the last season and exponential smoothing go by it")
        self.season.setKeyboardTracking(False)
        self.season.valueChanged.connect(self._set)
        asked.setBuddy(self.season)
        line.addWidget(asked)
        line.addWidget(self.season)
        line.addWidget(label("steps"))
        self.who = label("", "faint")
        line.addWidget(self.who, 1)
        line.addWidget(
            button(
                "The same for all",
                self._for_all,
                name="series-season-all",
                tip="All series of the list get this season",
            )
        )
        card.body.addLayout(line)
        self.hint = label("", "faint", wrap=True)
        card.body.addWidget(self.hint)
        column.addWidget(card)
        self.add_keys(self.closed.emit)
