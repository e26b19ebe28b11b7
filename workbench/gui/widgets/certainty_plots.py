"""Two drawings of how far a classifier's percentages can be believed: the reliability diagram, and how much it answers
against how often it is right. Both say themselves in words for a screen reader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from workbench.gui.theme import theme
from workbench.gui.widgets.framed_plot import FramedPlot
from workbench.trust.certainty import Answering, Reliability

_HEIGHT = 250
# The surest few say nothing yet of how often it is right.
_FEWEST = 5
_TICKS = [[(v / 100, f"{v} %") for v in range(0, 101, 25)], [(v / 100, "") for v in range(0, 101, 5)]]


class _SharePlot(FramedPlot):
    """A square of shares: 0 to 100 % to the right and upwards."""

    def __init__(self, heading: str, tip: str, right: str, up: str, parent: QWidget | None = None) -> None:
        super().__init__(heading, tip, 24, parent)
        self._right, self._up = right, up
        self.frame.setFixedHeight(_HEIGHT)

    def set_up(self) -> None:
        for name, words in (("bottom", self._right), ("left", self._up)):
            axis = self.item.getAxis(name)
            axis.setTicks(_TICKS)
            axis.setLabel(words)
        self.item.setXRange(0, 1, padding=0.03)
        self.item.setYRange(0, 1, padding=0.04)

    def style_axis(self, axis: Any) -> None:
        axis.setStyle(hideOverlappingLabels=False)


class ReliabilityPlot(_SharePlot):
    """How sure it says it is (to the right) against how often it is right (upwards)."""

    def __init__(self, parent: QWidget | None = None, up: str = "how often it is right") -> None:
        super().__init__(
            "Can its percentages be believed?",
            "Reliability diagram: answers gathered by certainty in ten bins, each with the share of right ones, its 95 %"
            " interval (Wilson) and how many there are. On the dashed line they mean what they say.",
            "how sure it says it is",
            up,
            parent,
        )
        self.shown: Reliability | None = None

    def show_reliability(self, found: Reliability) -> None:
        """Draw this one."""
        self.shown = found
        self.setAccessibleDescription(
            "; ".join(f"says {b.said:.0%}, right {b.share:.0%} of {b.count}" for b in found.bins if b.count)
            or "Nothing was tested."
        )
        self.redraw()

    def draw(self) -> None:
        pg, item = self._pg, self.item
        item.clear()
        item.plot([0, 1], [0, 1], pen=self.pen("line_strong", 1.5, dashed=True))
        if self.shown is None:
            return
        bins = [b for b in self.shown.bins if b.count]
        fill = QColor(theme().colour("accent"))
        fill.setAlpha(70)
        item.addItem(
            pg.BarGraphItem(
                x=[(b.low + b.high) / 2 for b in bins], height=[b.share for b in bins], width=0.09,
                brush=fill, pen=pg.mkPen(None),
            )
        )  # fmt: skip
        for b in bins:
            low, high = b.interval()
            item.plot([b.said, b.said], [low, high], pen=self.pen("accent", 1.6))
            text = pg.TextItem(f"{b.count}", color=theme().colour("text_soft"), anchor=(0.5, 0.0))
            # Where the bar is low, above it: the point would lie on the number.
            text.setPos((b.low + b.high) / 2, 0.10 if b.share > 0.2 else min(0.98, high + 0.11))
            item.addItem(text)
        item.plot(
            [b.said for b in bins], [b.share for b in bins], pen=None, symbol="o", symbolSize=8,
            symbolBrush=theme().colour("accent"), symbolPen=pg.mkPen(theme().colour("surface"), width=1),
        )  # fmt: skip


class AnsweringPlot(_SharePlot):
    """How many items it answers (to the right) against how often it is then right (upwards)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            "Say nothing when unsure",
            "Risk-coverage curve on the steering (validation) items: the fewer it answers, taking the surest first, the more"
            " often it is right. The point is the limit you set; what that leads to on the test items is said below.",
            "share of steering items it answers",
            "right on those",
            parent,
        )
        self._curve: list[Answering] = []
        self._now: Answering | None = None

    def show_curve(self, curve: Sequence[Answering], now: Answering | None) -> None:
        """The curve and the point on it that is chosen."""
        self._curve, self._now = [p for p in curve if p.answered >= _FEWEST], now
        words = "" if now is None else f"answers {now.share_answered:.0%}, right on {now.share_right:.0%} of those"
        self.setAccessibleDescription(words or "Nothing was tested.")
        self.redraw()

    def draw(self) -> None:
        self.item.clear()
        lowest = min((p.share_right for p in self._curve), default=0.0)
        self.item.setYRange(max(0.0, int(lowest * 4) / 4 - 0.05), 1.0, padding=0.04)
        self.item.plot(
            [p.share_answered for p in self._curve], [p.share_right for p in self._curve], pen=self.pen("accent", 2.2)
        )
        if self._now is not None and self._now.answered:
            self.item.plot(
                [self._now.share_answered], [self._now.share_right], pen=None, symbol="o", symbolSize=11,
                symbolBrush=theme().colour("warn"), symbolPen=self._pg.mkPen(theme().colour("surface"), width=1),
            )  # fmt: skip
