"""Two drawings of how far estimated numbers are off: against the true ones, and how often they are off by how much. Both say
themselves in words for a screen reader."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from workbench.gui.theme import theme
from workbench.gui.widgets.framed_plot import FramedPlot
from workbench.tasks.predictions import figure
from workbench.trust.judge_numbers import NumbersJudgement

_HEIGHT = 300
# More points than this are a blot, and slow.
_MOST_POINTS = 4_000
_BINS = 24


class _Plot(FramedPlot):
    """`words` says what is drawn, `draw` draws it."""

    def __init__(self, heading: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(heading, tip, 18, parent)
        self.frame.setMinimumHeight(_HEIGHT)
        self.shown: NumbersJudgement | None = None

    def show_judgement(self, found: NumbersJudgement) -> None:
        """Draw this one."""
        self.shown = found
        self.setAccessibleDescription(self.words(found) if found.cases else "Nothing was tested.")
        self.redraw()

    def words(self, found: NumbersJudgement) -> str:
        raise NotImplementedError

    def axes(self, across: str, upwards: str) -> None:
        for name, words in (("bottom", across), ("left", upwards)):
            self.item.getAxis(name).setLabel(words)

    def style_axis(self, axis: Any) -> None:
        axis.enableAutoSIPrefix(False)


class ScatterPlot(_Plot):
    """The true number (to the right) against the estimated one (upwards)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            "Estimated against true",
            "Each point is an item. On the dashed line both are the same; above it the estimate is too large. The pale band is"
            " the range it gives (prediction interval).",
            parent,
        )

    def words(self, found: NumbersJudgement) -> str:
        r2 = "" if found.r2 is None else f", {found.r2.value:.0%} of the differences explained"
        return f"{found.n} items, off by {found.amount(found.mae.value)} on average{r2}"

    def draw(self) -> None:
        self.item.clear()
        found = self.shown
        if found is None or not found.cases:
            return
        unit = f" ({found.unit})" if found.unit else ""
        self.axes(f"true{unit}", f"estimated{unit}")
        cases = found.cases[:: max(1, len(found.cases) // _MOST_POINTS)]
        truths, said = [c.truth for c in cases], [c.said for c in cases]
        low, high = min(*truths, *said), max(*truths, *said)
        if high <= low:
            low, high = low - 0.5, high + 0.5
        widths = [c.high - c.low for c in cases if c.high is not None and c.low is not None]
        if widths:
            half = max(widths) / 2
            edge = self._pg.mkPen((0, 0, 0, 0))
            band = [self.item.plot([low, high], [low + s * half, high + s * half], pen=edge) for s in (-1, 1)]
            shade = QColor(theme().colour("accent"))
            shade.setAlpha(28)
            self.item.addItem(self._pg.FillBetweenItem(*band, brush=shade))
        self.item.plot([low, high], [low, high], pen=self.pen("line_strong", 1.5, dashed=True))
        fill = QColor(theme().colour("accent"))
        fill.setAlpha(150 if len(cases) < 500 else 80)
        self.item.plot(
            truths,
            said,
            pen=None,
            symbol="o",
            symbolSize=7 if len(cases) < 500 else 4,
            symbolBrush=fill,
            symbolPen=None,
        )
        self.item.setXRange(low, high, padding=0.04)
        self.item.setYRange(low, high, padding=0.04)


class ErrorsPlot(_Plot):
    """How far off (to the right, too small to the left of 0) against how many items (upwards)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            "How far off, and how often",
            "Histogram of the errors (residuals): estimated less true. A heap beside 0 means that it leans to one side.",
            parent,
        )

    def words(self, found: NumbersJudgement) -> str:
        large = sum(c.error > 0 for c in found.cases)
        return f"{large} estimates too large, {found.n - large} not; the farthest is off by {found.amount(abs(found.worst[0].error))}"

    def draw(self) -> None:
        self.item.clear()
        found = self.shown
        if found is None or not found.cases:
            return
        self.axes(f"off by{f' ({found.unit})' if found.unit else ''}", "items")
        errors = [c.error for c in found.cases]
        edge = max(abs(e) for e in errors) or 1.0
        width = 2 * edge / _BINS
        counts = [0] * _BINS
        for error in errors:
            counts[min(_BINS - 1, int((error + edge) / width))] += 1
        fill = QColor(theme().colour("accent"))
        fill.setAlpha(150)
        self.item.addItem(
            self._pg.BarGraphItem(
                x=[-edge + (i + 0.5) * width for i in range(_BINS)], height=counts, width=width * 0.92, brush=fill,
                pen=self._pg.mkPen(None),
            )
        )  # fmt: skip
        top = max(counts) * 1.08
        self.item.plot([0, 0], [0, top], pen=self.pen("line_strong", 1.5, dashed=True))
        self.item.setXRange(-edge, edge, padding=0.04)
        self.item.setYRange(0, top, padding=0)
        self.plot.setAccessibleName(f"Errors from {figure(min(errors))} to {figure(max(errors))}")
