"""A series over time, with what was or will be said of it: a line, a range and what came. Looked at closer by wheel and keys."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from workbench.gui.theme import CLASS_COLOURS, XS, S, theme
from workbench.gui.widgets.basic import label
from workbench.gui.widgets.framed_plot import only_looked_at

# What each curve is called, how it is drawn; told apart by dashes as well as by colour.
_NAMES = {
    "past": "What was known",
    "middle": "The model: middle and 80 % range",
    "truth": "What came",
    "naive": "The last season again",
    "ets": "Exponential smoothing (ETS)",
}
_BLUE, _ORANGE, _PURPLE = CLASS_COLOURS[0], CLASS_COLOURS[1], CLASS_COLOURS[6]
_AROUND = 3.0
_MOST_MARKS, _MOST_DOTS = 4, 60


@dataclass(frozen=True)
class Ahead:
    """A look ahead.

    Attributes:
        at: place of its first step. low, middle, high: of each step. truth: what came; empty where that is to come.
        others: "naive" and "ets" to their middles.
    """

    at: int
    low: Sequence[float]
    middle: Sequence[float]
    high: Sequence[float]
    truth: Sequence[float] = ()
    others: Mapping[str, Sequence[float]] = field(default_factory=dict)


def curve_pen(key: str) -> QPen:
    """How a curve is drawn, in the present theme."""
    colours = {
        "past": theme().colour("text_soft"), "truth": theme().colour("text"), "middle": QColor(_BLUE),
        "naive": QColor(_ORANGE), "ets": QColor(_PURPLE),
    }  # fmt: skip
    colour = colours[key]
    if theme().mode == "dark" and key in ("middle", "naive", "ets"):
        colour = colour.lighter(150)
    pen = QPen(colour, {"past": 1.4, "truth": 2.0, "middle": 2.6}.get(key, 1.8))
    pen.setCosmetic(True)
    if key == "naive":
        pen.setDashPattern([2, 3])
    elif key == "ets":
        pen.setDashPattern([7, 3])
    return pen


def _time_axis() -> Any:
    """An axis of places that says their times."""
    import pyqtgraph as pg

    class TimeAxis(pg.AxisItem):  # type: ignore[misc]
        def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
            label_of = self.__dict__.get("label_of", str)
            return [label_of(round(v)) if abs(v - round(v)) < 0.01 and v >= 0 else "" for v in values]

    return TimeAxis("bottom")


class _Swatch(QWidget):
    """A piece of a curve, for the legend."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self._key = key
        self.setFixedSize(26, 12)
        theme().changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = curve_pen(self._key)
        if self._key == "middle":
            ground = QColor(pen.color())
            ground.setAlpha(60)
            painter.fillRect(1, 1, 24, 10, ground)
        painter.setPen(pen)
        painter.drawLine(2, 6, 24, 6)
        if self._key == "truth":
            painter.setBrush(pen.color())
            painter.drawEllipse(QPointF(13, 6), 2.6, 2.6)


class ForecastPlot(QWidget):
    """Arrow keys move, plus and minus look closer and further, Home shows all; the mouse tells the numbers under it.

    Signals:
        pointed(int): the place whose numbers are told.
    """

    pointed = Signal(int)

    def __init__(self, name: str = "Numbers over time", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Imported here, not at the top: it brings numpy, which the first window does without.
        import pyqtgraph as pg

        self._pg = pg
        self._first = 0
        self._values: Any = []
        self._label_of: Callable[[int], str] = str
        self._ahead: Ahead | None = None
        self._marks: list[tuple[int, str]] = []
        self._place = -1
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(XS)
        self.legend = QHBoxLayout()
        self.legend.setSpacing(S)
        column.addLayout(self.legend)
        self._axis: Any = _time_axis()
        self.plot: Any = pg.PlotWidget(background=None, enableMenu=False, axisItems={"bottom": self._axis})
        self.plot.hideButtons()
        self.plot.setMinimumHeight(130)
        self.plot.setFrameShape(self.plot.Shape.NoFrame)
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column.addWidget(self.plot, 1)
        self.told = label("", "faint")
        # One line, whatever there is to tell: the curves must not jump while they are pointed at.
        self.told.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.told.setObjectName("forecast-told")
        column.addWidget(self.told)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        self._item = self.plot.getPlotItem()
        self._item.vb.setMouseEnabled(x=True, y=False)
        self._item.setClipToView(True)
        self._item.setDownsampling(auto=True, mode="peak")
        self._make_curves()
        self.plot.scene().sigMouseMoved.connect(self._moved)
        theme().changed.connect(self._draw)

    # What is shown -----------------------------------------------------------------------------------------------------

    def show_series(
        self,
        values: Any,
        label_of: Callable[[int], str],
        first: int = 0,
        ahead: Ahead | None = None,
        marks: Sequence[tuple[int, str]] = (),
        around: bool = True,
    ) -> None:
        """Draw numbers and, where there is one, a look ahead.

        Args:
            values: [T] (NaN: missing); `first` is the place of the first of them; `label_of` says a place's time.
            marks: places with words, drawn as upright lines.
            around: show the surroundings of the look ahead; else all.
        """
        self._values, self._label_of, self._first = values, label_of, first
        self._ahead, self._marks, self._place = ahead, list(marks), -1
        self._draw()
        if ahead is not None and around:
            steps = len(ahead.middle)
            self._range(max(first, ahead.at - _AROUND * max(steps, 8)), ahead.at + steps)
        else:
            self.show_all()
        self.told.setText(self._hint())
        self.setAccessibleDescription(self._in_words())

    def show_all(self) -> None:
        end = self._first + len(self._values)
        if self._ahead is not None:
            end = max(end, self._ahead.at + len(self._ahead.middle))
        self._range(self._first, end)

    def tell(self, place: int) -> None:
        """Say what there is at a place (the nearest that is shown), in words below the curves."""
        end = self._first + len(self._values)
        ahead = self._ahead
        last = max(end, ahead.at + len(ahead.middle)) if ahead is not None else end
        if last <= self._first:
            return
        place = max(self._first, min(last - 1, place))
        self._place = place
        self._line.setValue(place)
        self._line.setVisible(True)
        self.told.setText(self._words_at(place))
        self.pointed.emit(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        (left, right), _ = self._item.vb.viewRange()
        width = right - left
        key = event.key()
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._range(left + width / 6, right - width / 6)
        elif key == Qt.Key.Key_Minus:
            self._range(left - width / 4, right + width / 4)
        elif key == Qt.Key.Key_Home:
            self.show_all()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            way = -1 if key == Qt.Key.Key_Left else 1
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self._range(left + way * width / 5, right + way * width / 5)
            else:
                start = self._ahead.at - 1 if self._ahead is not None else round((left + right) / 2)
                self.tell((self._place if self._place >= 0 else start) + way)
                if not left <= self._place <= right:
                    self._range(left + way * width / 5, right + way * width / 5)
        else:
            super().keyPressEvent(event)

    # Drawing -----------------------------------------------------------------------------------------------------------

    def _make_curves(self) -> None:
        """All that is ever drawn, made once: what is thrown away while it is painted takes the window with it."""
        pg, item = self._pg, self._item
        blank = QPen(Qt.PenStyle.NoPen)
        self._edges: list[Any] = [pg.PlotDataItem([], [], pen=blank) for _ in range(2)]
        self._band: Any = pg.FillBetweenItem(*self._edges)
        self._curves: dict[str, Any] = {key: pg.PlotDataItem([], [], connect="finite") for key in _NAMES}
        self._dots: Any = pg.ScatterPlotItem(size=6)
        self._line: Any = pg.InfiniteLine(angle=90, movable=False)
        options = {"position": 0.95, "anchors": [(0, 0), (0, 0)]}
        self._uprights: list[Any] = [
            pg.InfiniteLine(angle=90, movable=False, label="", labelOpts=options) for _ in range(_MOST_MARKS)
        ]
        for one in (*self._edges, self._band, *self._curves.values(), self._dots):
            item.addItem(one)
        for one in (self._line, *self._uprights):
            item.addItem(one, ignoreBounds=True)
            one.setVisible(False)

    def _draw(self) -> None:
        import numpy as np

        pg, item = self._pg, self._item
        self._axis.label_of = self._label_of
        self.plot.setBackground(theme().colour("surface"))
        small = QFont(self.font())
        small.setPointSizeF(max(7.5, self.font().pointSizeF() - 1.5))
        for side in ("left", "bottom"):
            axis = item.getAxis(side)
            axis.setPen(pg.mkPen(theme().colour("line")))
            axis.setTextPen(pg.mkPen(theme().colour("text_soft")))
            axis.setTickFont(small)
        item.showGrid(x=False, y=True, alpha=0.15)
        values = np.asarray(self._values, np.float64)
        ahead = self._ahead
        known = values
        if ahead is not None and ahead.at < self._first + len(values):
            known = values[: max(0, ahead.at - self._first)]
        xs = np.arange(len(known)) + self._first
        self._curves["past"].setData(xs, known, antialias=len(known) < 20_000)
        for key, curve in self._curves.items():
            curve.setPen(curve_pen(key))
        self._draw_ahead(ahead, known)
        for place, upright in enumerate(self._uprights):
            shown = place < len(self._marks)
            upright.setVisible(shown)
            if shown:
                at, words = self._marks[place]
                pen = QPen(theme().colour("text_faint"), 1.0, Qt.PenStyle.DashLine)
                pen.setCosmetic(True)
                upright.setPen(pen)
                upright.setValue(at)
                upright.label.setFormat(words)
                upright.label.setColor(theme().colour("text_soft"))
        self._line.setPen(pg.mkPen(theme().colour("line_strong")))
        self._line.setVisible(self._place >= 0)
        self._fit_heights()
        self._fill_legend()

    def _draw_ahead(self, ahead: Ahead | None, known: Any) -> None:
        steps = list(range(ahead.at, ahead.at + len(ahead.middle))) if ahead is not None else []
        rows = (ahead.low, ahead.high) if ahead is not None else ((), ())
        for edge, row in zip(self._edges, rows, strict=True):
            edge.setData(steps, list(row))
        shade = QColor(curve_pen("middle").color())
        shade.setAlpha(60)
        self._band.setBrush(shade)
        others = ahead.others if ahead is not None else {}
        for name in ("naive", "ets"):
            self._curves[name].setData(steps if name in others else [], list(others.get(name, ())))
        truth = list(ahead.truth) if ahead is not None else []
        before = float(known[-1]) if len(known) else math.nan
        joined = [steps[0] - 1, *steps] if truth else []
        self._curves["truth"].setData(joined, [before, *truth] if truth else [], antialias=True)
        dotted = truth if len(truth) <= _MOST_DOTS else []
        self._dots.setData(steps[: len(dotted)], dotted)
        self._dots.setBrush(curve_pen("truth").color())
        self._dots.setPen(self._pg.mkPen(theme().colour("surface")))
        middle = self._curves["middle"]
        middle.setData(steps, list(ahead.middle) if ahead is not None else [], antialias=True)
        middle.setSymbol("o" if len(steps) == 1 else None)
        middle.setSymbolBrush(curve_pen("middle").color())

    def _fill_legend(self) -> None:
        from workbench.gui.widgets.basic import clear_layout

        clear_layout(self.legend)
        shown = ["past"]
        if self._ahead is not None:
            shown += ["middle", *(["truth"] if len(self._ahead.truth) else []), *self._ahead.others]
        if len(shown) > 1:
            for key in shown:
                self.legend.addWidget(_Swatch(key))
                self.legend.addWidget(label(_NAMES[key], "faint"))
        self.legend.addStretch(1)

    def _range(self, left: float, right: float) -> None:
        if right <= left + 1:
            right = left + 1
        self._item.setXRange(left - 0.5, right - 0.5, padding=0.02)
        self._fit_heights()

    def _fit_heights(self) -> None:
        """As high as what is seen of it."""
        import numpy as np

        (left, right), _ = self._item.vb.viewRange()
        begin = max(0, int(left) - self._first)
        seen = np.asarray(self._values, np.float64)[begin : max(0, int(right) + 2 - self._first)]
        seen = seen[~np.isnan(seen)]
        found = [float(seen.min()), float(seen.max())] if len(seen) else []
        if self._ahead is not None:
            for row in (self._ahead.low, self._ahead.high, self._ahead.truth, *self._ahead.others.values()):
                found += [v for v in row if v == v]
        if found:
            room = (max(found) - min(found)) * 0.06 or 1.0
            self._item.setYRange(min(found) - room, max(found) + room, padding=0)

    # Words -------------------------------------------------------------------------------------------------------------

    def _moved(self, position: Any) -> None:
        if self._item.sceneBoundingRect().contains(position) and len(self._values):
            self.tell(round(self._item.vb.mapSceneToView(position).x()))

    def _words_at(self, place: int) -> str:
        parts = [self._label_of(place)]
        index = place - self._first
        value = float(self._values[index]) if 0 <= index < len(self._values) else math.nan
        ahead = self._ahead
        step = place - ahead.at if ahead is not None else -1
        if ahead is not None and 0 <= step < len(ahead.middle):
            parts.append(
                f"the model says {ahead.middle[step]:,.6g}, from {ahead.low[step]:,.6g} to {ahead.high[step]:,.6g}"
            )
            for name, row in ahead.others.items():
                parts.append(f"{_NAMES[name].lower() if name == 'naive' else 'ETS'} {row[step]:,.6g}")
            if step < len(ahead.truth):
                value = ahead.truth[step]
            parts.append(f"it was {value:,.6g}" if value == value else "what comes is not known")
        else:
            parts.append(f"{value:,.6g}" if value == value else "no number")
        return "  ·  ".join(parts)

    def _hint(self) -> str:
        return "Point at it for numbers. Wheel or + −: closer; arrows: along; Home: all."

    def _in_words(self) -> str:
        ahead = self._ahead
        if ahead is None or not len(ahead.middle):
            return f"{len(self._values):,} numbers"
        return (
            f"{len(self._values):,} numbers; {len(ahead.middle)} steps ahead from {self._label_of(ahead.at)}: at the end"
            f" {ahead.middle[-1]:,.4g}, from {ahead.low[-1]:,.4g} to {ahead.high[-1]:,.4g}"
        )


class StepsPlot(QWidget):
    """How the error grows with the steps ahead, of the model and of the yardsticks."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        import pyqtgraph as pg

        self._pg = pg
        self._found: dict[str, list[float]] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(XS)
        self.legend = QHBoxLayout()
        self.legend.setSpacing(S)
        column.addLayout(self.legend)
        self.plot: Any = pg.PlotWidget(background=None, enableMenu=False)
        only_looked_at(self.plot)
        self.plot.setMinimumHeight(180)
        column.addWidget(self.plot, 1)
        keys = ("middle", "naive", "ets")
        self._lines: dict[str, Any] = {key: pg.PlotDataItem([], [], connect="finite") for key in keys}
        for one in self._lines.values():
            self.plot.getPlotItem().addItem(one)
        self.setToolTip("Mean absolute scaled error at each step of the horizon")
        self.setAccessibleName("Error by step ahead")
        theme().changed.connect(self._draw)

    def show_errors(self, found: dict[str, list[float]]) -> None:
        """`found`: "said", "naive" and "ets" to the mean error of each step."""
        self._found = found
        self._draw()
        words = [
            f"{_NAMES['middle' if n == 'said' else n]}: {v[-1]:.2f} at the last step" for n, v in found.items() if v
        ]
        self.setAccessibleDescription("; ".join(words))

    def _draw(self) -> None:
        from workbench.gui.widgets.basic import clear_layout

        pg, item = self._pg, self.plot.getPlotItem()
        clear_layout(self.legend)
        self.plot.setBackground(theme().colour("surface"))
        for side in ("left", "bottom"):
            axis = item.getAxis(side)
            axis.setPen(pg.mkPen(theme().colour("line")))
            axis.setTextPen(pg.mkPen(theme().colour("text_soft")))
        item.getAxis("bottom").setLabel("steps ahead")
        item.getAxis("left").setLabel("error (1: as repeating the last season did before)")
        item.showGrid(x=False, y=True, alpha=0.15)
        highest = 0.0
        for key, curve in self._lines.items():
            name = "said" if key == "middle" else key
            means = self._found.get(name, [])
            pen = curve_pen(key)
            curve.setData(list(range(1, len(means) + 1)), means, antialias=True)
            curve.setPen(pen)
            curve.setSymbol("o" if len(means) <= 40 else None)
            curve.setSymbolSize(6)
            curve.setSymbolBrush(pen.color())
            curve.setSymbolPen(pg.mkPen(theme().colour("surface")))
            if not means:
                continue
            highest = max([highest, *(v for v in means if v == v)])
            self.legend.addWidget(_Swatch(key))
            self.legend.addWidget(label("The model" if key == "middle" else _NAMES[key], "faint"))
        self.legend.addStretch(1)
        item.setYRange(0, max(highest, 0.05) * 1.08, padding=0)
