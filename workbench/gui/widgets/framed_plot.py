"""A plot in the app's look, under a heading, that is only looked at."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QPen
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from workbench.gui.theme import XS, L, theme
from workbench.gui.widgets.basic import Card, label
from workbench.gui.widgets.later import in_turn


def only_looked_at(plot: Any) -> None:
    """A pyqtgraph `PlotWidget` without a frame that takes neither keys nor the mouse; a wheel over it scrolls the page, as anywhere
    else."""
    plot.setMouseEnabled(x=False, y=False)
    plot.hideButtons()
    plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    plot.setFrameShape(plot.Shape.NoFrame)
    plot.wheelEvent = lambda event: event.ignore()


def dress(plot: Any, font: QFont) -> None:
    """A `PlotWidget`'s ground, axes and grid in the colours of now; what stands at the axes is a little smaller than `font`."""
    plot.setBackground(theme().colour("surface"))
    small = QFont(font)
    small.setPointSizeF(max(7.5, font.pointSizeF() - 1.5))
    item = plot.getPlotItem()
    for name in ("left", "bottom"):
        axis = item.getAxis(name)
        axis.setPen(theme().colour("line"))
        axis.setTextPen(theme().colour("text_soft"))
        axis.setTickFont(small)
        axis.setStyle(tickLength=-4)
        axis.label.setFont(small)
    item.showGrid(x=False, y=True, alpha=0.18)


class FramedPlot(Card):
    """What is of a kind draws into `item`, from `draw`; `pg` is pyqtgraph. It is drawn anew with each change of the theme.

    Making a plot takes ten milliseconds, and drawing it ten more: both are done in turns of their own. `frame` keeps its place.
    """

    def __init__(self, heading: str, tip: str, room: int, parent: QWidget | None = None) -> None:
        """`room`: points at the right, for the last number of the axis."""
        super().__init__(parent, margin=L, spacing=XS)
        # Imported here, not at the top: it brings numpy, which the first window does without.
        import pyqtgraph as pg

        self._pg = pg
        self._tip, self._room = tip, room
        title = label(heading, "strong")
        title.setToolTip(tip)
        self.body.addWidget(title)
        self.frame = QWidget(self)
        self.frame.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        QVBoxLayout(self.frame).setContentsMargins(0, 0, 0, 0)
        self.body.addWidget(self.frame, 1)
        self._plot: Any = None
        self._due = False
        self.setAccessibleName(heading)
        theme().changed.connect(self.restyle)
        self.redraw()

    @property
    def plot(self) -> Any:
        """The pyqtgraph `PlotWidget`."""
        if self._plot is None:
            self._plot = plot = self._pg.PlotWidget(self.frame, background=None, enableMenu=False)
            plot.setAntialiasing(True)
            only_looked_at(plot)
            plot.setToolTip(self._tip)
            layout = self.frame.layout()
            assert layout is not None
            layout.addWidget(plot)
            plot.show()  # now, not when the layout comes to it
            self.item.layout.setContentsMargins(0, 6, self._room, 0)
            self.set_up()
            self._style()
            self.redraw()
        return self._plot

    @property
    def item(self) -> Any:
        """The plot's pyqtgraph `PlotItem`."""
        return self.plot.getPlotItem()

    def set_up(self) -> None:
        """What is special to a plot of this kind that was just made."""

    def redraw(self) -> None:
        """Draw soon what is shown now."""
        if not self._due:
            self._due = True
            in_turn(self, self._draw_due)

    def _draw_due(self) -> None:
        self._due = False
        if self._plot is None:
            _ = self.plot  # and is drawn in the next turn
        else:
            self.draw()

    def pen(self, colour: str, width: float = 2.0, dashed: bool = False) -> QPen:
        pen = QPen(QColor(theme().colour(colour)), width)
        pen.setCosmetic(True)
        if dashed:
            pen.setDashPattern([4, 3])
        return pen

    def draw(self) -> None:
        """Draw anew what is shown, in the colours of now."""
        raise NotImplementedError

    def style_axis(self, axis: Any) -> None:
        """What is special to the axes of this kind."""

    def restyle(self) -> None:
        """In the colours of now."""
        if self._plot is not None:
            self._style()
            self.draw()

    def _style(self) -> None:
        dress(self.plot, self.font())
        for name in ("left", "bottom"):
            self.style_axis(self.item.getAxis(name))
