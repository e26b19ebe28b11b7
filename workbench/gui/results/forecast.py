"""Results of forecasts: occasion by occasion what was said and what came, how the error grows with the steps, and the yardsticks."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSlider, QVBoxLayout, QWidget

from workbench.data.types import Item
from workbench.gui.context import AppContext
from workbench.gui.results.base import ResultView
from workbench.gui.theme import M, S
from workbench.gui.widgets.basic import icon_button, label
from workbench.tasks.predictions import HIGH, LOW, MIDDLE
from workbench.tasks.registry import get_task
from workbench.trust.judge_forecast import Case, ForecastJudgement, SeriesCase

_MOST_LISTED = 300


class View(ResultView):
    """See the module."""

    def __init__(self, ctx: AppContext) -> None:
        super().__init__(ctx)
        self._series: list[SeriesCase] = []
        self.judgement: ForecastJudgement | None = None

    def tabs(self) -> list[tuple[QWidget, str]]:
        tables = super().tabs()
        assert self.plain is not None
        self.plain.setAccessibleName("The model beside the yardsticks")
        return [
            (self._build_occasions(), "Occasions"),
            (self._build_steps(), "Error by step"),
            *((widget, "Beside the yardsticks") for widget, _title in tables),
        ]

    def look_up(self, judgement: Any) -> list[int]:
        return []

    def show(self, judgement: ForecastJudgement, items: list[Item]) -> None:
        super().show(judgement, items)
        self.judgement = judgement
        scores = judgement.per_item()
        # The series it does worst on come first: there is most to see.
        self._series = sorted(judgement.series, key=lambda s: scores[s.item_id])[:_MOST_LISTED]
        self.which.blockSignals(True)
        self.which.clear()
        for one in self._series:
            self.which.addItem(one.name)
        self.which.blockSignals(False)
        self.which.setVisible(len(self._series) > 1)
        self._series_chosen()
        self._show_steps(judgement)

    # Occasions ---------------------------------------------------------------------------------------------------------

    def _build_occasions(self) -> QWidget:
        from workbench.gui.widgets.forecast_plot import ForecastPlot

        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, M, 0, 0)
        column.setSpacing(S)
        line = QHBoxLayout()
        line.setSpacing(S)
        self.which = QComboBox()
        self.which.setObjectName("forecast-series")
        self.which.setAccessibleName("Series, the worst first")
        self.which.currentIndexChanged.connect(lambda _i: self._series_chosen())
        line.addWidget(self.which)
        line.addWidget(icon_button("chevron-left", "Earlier occasion", lambda: self.step(-1), name="occasion-before"))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName("occasion")
        self.slider.setAccessibleName("Occasion")
        self.slider.setToolTip("Rolling origin: the moment from which the model looks ahead; it sees nothing later")
        self.slider.valueChanged.connect(lambda _v: self._draw())
        line.addWidget(self.slider, 1)
        line.addWidget(icon_button("chevron-right", "Later occasion", lambda: self.step(1), name="occasion-after"))
        column.addLayout(line)
        self.words = label("", wrap=True, selectable=True)
        self.words.setObjectName("occasion-words")
        column.addWidget(self.words)
        self.plot = ForecastPlot("What was said on this occasion, and what came")
        column.addWidget(self.plot, 1)
        self.warning = label(get_task("forecasting").info.warning, "soft", wrap=True, selectable=True)
        self.warning.setObjectName("forecast-warning")
        column.addWidget(self.warning)
        return page

    def step(self, way: int) -> None:
        """To the next or the one before."""
        self.slider.setValue(self.slider.value() + way)

    def _chosen(self) -> tuple[SeriesCase, Case] | None:
        place = self.which.currentIndex()
        if not 0 <= place < len(self._series):
            return None
        series = self._series[place]
        return series, series.cases[min(self.slider.value(), len(series.cases) - 1)]

    def _series_chosen(self) -> None:
        place = self.which.currentIndex()
        count = len(self._series[place].cases) if 0 <= place < len(self._series) else 0
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(0, count - 1))
        self.slider.setValue(0)
        self.slider.blockSignals(False)
        self.slider.setEnabled(count > 1)
        self._draw()

    def _draw(self) -> None:
        from workbench.gui.widgets.forecast_part import labels_of
        from workbench.gui.widgets.forecast_plot import Ahead

        chosen = self._chosen()
        if chosen is None:
            self.words.setText("No series was long enough to ask the model on occasions of its past.")
            self.plot.show_series((), str)
            return
        series, case = chosen
        occasion, forecast = case.occasion, series.forecast
        others = {name: rows[MIDDLE] for name, rows in (("naive", occasion.naive), ("ets", occasion.ets)) if rows}
        label_of = labels_of(forecast)
        self.plot.show_series(
            forecast.given, label_of, forecast.first,
            Ahead(
                occasion.at, occasion.said[LOW], occasion.said[MIDDLE], occasion.said[HIGH], occasion.truth, others
            ),
        )  # fmt: skip
        mine, naive = case.by["said"], case.by["naive"]
        better = "closer than" if mine.error < naive.error else "not closer than"
        self.words.setText(
            f"Occasion {self.slider.value() + 1} of {len(series.cases)}: from {label_of(occasion.at)} on,"
            f" {mine.inside} of {mine.steps} came within its range; it was {better} repeating the last season"
            f" (MASE {mine.mase:.2f}, against {naive.mase:.2f})."
        )

    # Error by step -----------------------------------------------------------------------------------------------------

    def _build_steps(self) -> QWidget:
        from workbench.gui.widgets.forecast_plot import StepsPlot

        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, M, 0, 0)
        self.steps = StepsPlot()
        column.addWidget(self.steps, 1)
        self.steps_words = label("", "soft", wrap=True)
        column.addWidget(self.steps_words)
        return page

    def _show_steps(self, judgement: ForecastJudgement) -> None:
        found = judgement.by_step()
        self.steps.show_errors(found)
        mine = [v for v in found.get("said", []) if not math.isnan(v)]
        self.steps_words.setText(
            f"From the first step to step {judgement.steps} its error goes from {mine[0]:.2f} to {mine[-1]:.2f} (in the error of"
            " repeating the last season where it learnt from)."
            if mine
            else ""
        )
