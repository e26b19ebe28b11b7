"""Curves that grow while a model learns: mistakes (loss) and right answers (accuracy), in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from workbench.gui.models.runs_progress import RunProgress
from workbench.gui.models.thin_curve import thinned
from workbench.gui.theme import XS, L, S, theme
from workbench.gui.widgets.basic import Card, label
from workbench.gui.widgets.framed_plot import dress, only_looked_at
from workbench.gui.widgets.later import Later, in_turn

# Ten redraws a second look smooth; more would take time from the person's clicks.
_REDRAW_MS = 100
# Stretches of a curve that are told apart, however small the window is.
_FEWEST = 300


@dataclass(frozen=True)
class CurveStyle:
    """How one curve looks and is called. `colour` names a colour of the theme; `tip` has the technical term."""

    key: str
    name: str
    tip: str
    colour: str
    dashed: bool = False
    faint: bool = False
    in_legend: bool = True


LOSS_CURVES = (
    CurveStyle(
        "steps",
        "Each step",
        "The training loss of each single step: it jumps about, the thick line is its mean.",
        "accent",
        faint=True,
        in_legend=False,
    ),
    CurveStyle(
        "train",
        "On what it learns from",
        "Training loss: mean cross-entropy on the training items. Lower is better.",
        "accent",
    ),
    CurveStyle(
        "validation",
        "On what it has not seen",
        "Validation loss: mean cross-entropy on items kept aside. When it rises while the other falls, "
        "the model learns by heart (overfitting).",
        "warn",
        dashed=True,
    ),
)
ACCURACY_CURVES = (
    CurveStyle(
        "train",
        "On what it learns from",
        "Training accuracy: share of the training items it names rightly.",
        "accent",
    ),
    CurveStyle(
        "validation",
        "On what it has not seen",
        "Validation accuracy: share of the items kept aside that it names rightly.",
        "warn",
        dashed=True,
    ),
)


_WRONG = "How wrong it is"
_WRONG_TIP = "Loss: mean cross-entropy, in nats. It counts how sure the model was of wrong answers; lower is better."
_RIGHT = "How often it is right"
_RIGHT_TIP = "Accuracy: the share of items it names rightly; higher is better."


class _Swatch(QWidget):
    """A short piece of a curve, for the legend."""

    def __init__(self, style: CurveStyle, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curve = style
        self.setFixedSize(QSize(24, 12))
        theme().changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(theme().colour(self._curve.colour), 2.5)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        if self._curve.dashed:
            pen.setDashPattern([2.5, 2])
        painter.setPen(pen)
        middle = self.height() // 2
        painter.drawLine(2, middle, self.width() - 2, middle)


class CurvePlot(Card):
    """One plot with a heading and a legend in words. Points are x = epochs, y = loss in nats or a share 0..1.

    Redraws are gathered: however often points arrive, it draws at most ten times a second.
    """

    def __init__(
        self,
        heading: str,
        tip: str,
        curves: Sequence[CurveStyle],
        *,
        percent: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent, margin=L, spacing=XS)
        # Imported here, not at the top: it brings numpy, which the first window does without.
        import pyqtgraph as pg

        self._pg = pg
        self._styles = {style.key: style for style in curves}
        self._points: dict[str, tuple[Sequence[float], Sequence[float]]] = {s.key: ([], []) for s in curves}
        self._changed = set(self._points)
        self._highest = dict.fromkeys(self._points, 0.0)
        self._best: float | None = None
        self._percent = percent
        self._shown_heading = heading
        self._title = label(heading, "strong")
        self._title.setToolTip(tip)
        self.body.addWidget(self._title)
        self.body.addLayout(self._legend())

        self.plot: Any = pg.PlotWidget(background=None, enableMenu=False)
        self.plot.setAntialiasing(True)
        only_looked_at(self.plot)
        self.plot.setMinimumHeight(150)
        self.plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.body.addWidget(self.plot, 1)
        self._item = self.plot.getPlotItem()
        self._lines: dict[str, Any] = {key: self._item.plot([], []) for key in self._styles}
        self._best_line: Any = pg.InfiniteLine(angle=90, movable=False)
        self._best_line.setVisible(False)
        self._item.addItem(self._best_line, ignoreBounds=True)
        bottom = self._item.getAxis("bottom")
        bottom.setLabel("rounds through the data")
        bottom.setToolTip("Epochs")
        if percent:
            self._item.getAxis("left").setTicks(
                [[(v / 100, f"{v} %") for v in range(0, 101, 25)], [(v / 100, "") for v in range(0, 101, 5)]]
            )
            self._item.setYRange(0, 1.0, padding=0.04)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REDRAW_MS)
        # Two plots side by side are due at once: each is drawn, and painted, in a turn of its own.
        self._timer.timeout.connect(lambda: in_turn(self, self.redraw))
        self.setAccessibleName(heading)
        theme().changed.connect(self._restyle)
        self._restyle()

    def set_heading(self, heading: str, tip: str) -> None:
        """Another name for what is drawn."""
        if heading != self._shown_heading:
            self._shown_heading = heading
            self._title.setText(heading)
            self._title.setToolTip(tip)
            self.setAccessibleName(heading)

    def set_points(self, key: str, xs: Sequence[float], ys: Sequence[float]) -> None:
        """Replace one curve's points (kept, not copied); drawn with the next redraw, thinned out to what the width can show."""
        before = self._points[key]
        if isinstance(xs, list) and xs is not before[0] and (xs, ys) == before:
            return  # a step of the training changes no curve of its rounds
        self._points[key] = xs, ys
        self._changed.add(key)
        self._schedule()

    def set_best(self, epoch: float | None) -> None:
        """Mark the epoch whose weights are kept, or None for no mark."""
        if epoch != self._best:
            self._best = epoch
            self._schedule()

    def points(self, key: str) -> tuple[Sequence[float], Sequence[float]]:
        """The points of one curve, as last set."""
        return self._points[key]

    def redraw(self) -> None:
        """Draw now what has been set."""
        self._timer.stop()
        longest = 1.0
        for key, (xs, ys) in self._points.items():
            if key in self._changed:
                across, up = thinned(xs, ys, max(_FEWEST, self.plot.width()))
                self._highest[key] = float(up[up < float("inf")].max(initial=0.0)) if len(up) else 0.0
                self._lines[key].setData(across, up)
                # A single epoch is a point, not a line: show it as one.
                self._lines[key].setSymbol("o" if 0 < len(xs) <= 30 and not self._styles[key].faint else None)
            longest = max([longest, *xs[-1:]])
        self._changed.clear()
        self._item.setXRange(0, longest, padding=0.03)
        if not self._percent:
            highest = max(self._highest.values()) if any(len(ys) for _xs, ys in self._points.values()) else 1.0
            self._item.setYRange(0, max(highest, 0.05) * 1.05, padding=0.02)
        self._best_line.setVisible(self._best is not None)
        if self._best is not None:
            self._best_line.setValue(self._best)
        self.setAccessibleDescription(self._in_words())

    def _in_words(self) -> str:
        parts = []
        for key, style in self._styles.items():
            ys = self._points[key][1]
            if len(ys) and style.in_legend:
                value = f"{ys[-1]:.0%}" if self._percent else f"{ys[-1]:.2f}"
                parts.append(f"{style.name}: {value}")
        return "; ".join(parts) or "Nothing drawn yet."

    def _schedule(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _legend(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(XS)
        for style in self._styles.values():
            if not style.in_legend:
                continue
            text = label(style.name, "faint")
            text.setToolTip(style.tip)
            swatch = _Swatch(style)
            swatch.setToolTip(style.tip)
            row.addWidget(swatch)
            row.addWidget(text)
            row.addSpacing(S)
        row.addStretch(1)
        return row

    def _restyle(self) -> None:
        pg = self._pg
        dress(self.plot, self.font())
        for key, style in self._styles.items():
            colour = QColor(theme().colour(style.colour))
            if style.faint:
                colour.setAlpha(70)
            pen = QPen(colour, 1.0 if style.faint else 2.2)
            pen.setCosmetic(True)
            if style.dashed:
                pen.setDashPattern([4, 2.5])
            line = self._lines[key]
            line.setPen(pen)
            line.setSymbolBrush(colour)
            line.setSymbolPen(pg.mkPen(theme().colour("surface"), width=1))
            line.setSymbolSize(7)
        mark = QPen(theme().colour("good"), 1.2)
        mark.setCosmetic(True)
        mark.setDashPattern([3, 3])
        self._best_line.setPen(mark)
        self.redraw()


class TrainingCurves(QWidget):
    """Loss and accuracy side by side, fed with a `RunProgress`. The plots are made one after the other, and then shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(L)
        self._loss = Later(lambda: CurvePlot(_WRONG, _WRONG_TIP, LOSS_CURVES, parent=self))
        self._accuracy = Later(lambda: CurvePlot(_RIGHT, _RIGHT_TIP, ACCURACY_CURVES, percent=True, parent=self))
        # Seen once both are there.
        self._loss.then(QWidget.hide)
        self._accuracy.then(QWidget.hide)
        self._row = row
        self._progress = RunProgress()
        self._coming = False
        self.nothing = label("There are no curves: this model does not learn in rounds.", "soft", wrap=True)
        self.nothing.setObjectName("no-curves")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.nothing.hide()
        row.addWidget(self.nothing, 1)

    @property
    def loss(self) -> CurvePlot:
        """How wrong it is."""
        self._both()
        return self._loss()

    @property
    def accuracy(self) -> CurvePlot:
        """How often it is right."""
        self._both()
        return self._accuracy()

    def show_progress(self, progress: RunProgress) -> None:
        """Draw a run as far as it is known (at most ten times a second)."""
        self._progress = progress
        if self._accuracy.made is not None:
            self._feed()
        elif not self._coming:
            self._coming = True
            in_turn(self, self._loss)
            in_turn(self, self._both)

    def _both(self) -> None:
        """Put both plots there, unless they are."""
        if self._accuracy.made is None:
            for plot in (self._loss(), self._accuracy()):
                self._row.addWidget(plot, 1)
                plot.show()  # now, not when the layout comes to it
            self._feed()

    def _feed(self) -> None:
        progress = self._progress
        nothing = progress.finished is not None and not progress.epochs
        self.nothing.setVisible(nothing)
        self.loss.setVisible(not nothing)
        self.accuracy.setVisible(not nothing)
        self.loss.set_points("steps", *progress.steps.points())
        xs = [float(e.epoch) for e in progress.epochs]
        learnt = [e for e in progress.epochs if e.train_loss >= 0]
        self.loss.set_points("train", [float(e.epoch) for e in learnt], [e.train_loss for e in learnt])
        steering = [e for e in progress.epochs if e.validation_loss >= 0]
        self.loss.set_points("validation", [float(e.epoch) for e in steering], [e.validation_loss for e in steering])
        # -1 says: not measured.
        measured = [e for e in progress.epochs if e.train_score >= 0]
        self.accuracy.set_points("train", [float(e.epoch) for e in measured], [e.train_score for e in measured])
        self.accuracy.set_points("validation", xs, [e.validation_score for e in progress.epochs])
        if progress.epochs and progress.epochs[-1].metric not in ("", "accuracy"):
            self.accuracy.set_heading(f"How good it is ({progress.epochs[-1].metric})", "Higher is better.")
        else:
            self.accuracy.set_heading(_RIGHT, _RIGHT_TIP)
        best = float(progress.best.epoch) if progress.best else None
        self.loss.set_best(best)
        self.accuracy.set_best(best)
