"""A bar for each group: how well a model does on it, how sure that is, and whether it differs from the others."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from workbench.gui.theme import S, theme
from workbench.gui.widgets.basic import clear_layout
from workbench.trust.groups import ByGroup, Gap, GroupScore

_BAR = 10


class GroupRow(QWidget):
    """One group.

    Signals:
        opened(): clicked, or Enter or Space pressed on it.
        stepped(int): the arrow keys; 1 to the next one, -1 to the one before.
    """

    opened = Signal()
    stepped = Signal(int)

    def __init__(self, score: GroupScore, gap: Gap | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.score, self.gap = score, gap
        self.chosen = False
        self.setObjectName("group-row")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(f"{score.name}: {self.numbers()}. {self.verdict()}")
        against = f"Against the others: {gap.words()}. " if gap is not None else ""
        self.setToolTip(f"{against}The light band is the 95 % confidence interval. Click to see the items.")
        theme().changed.connect(self.update)

    def numbers(self) -> str:
        """The score in words."""
        s = self.score
        items = "item" if s.n == 1 else "items"
        return f"{s.score:.0%}  ({s.low:.0%} to {s.high:.0%}), {s.n:,} {items}"

    def verdict(self) -> str:
        """How it stands to the others."""
        if self.gap is None:
            return ""
        if not self.gap.tested:
            return "too few to say"
        if not self.gap.real:
            return "no clear difference"
        return "worse than the others" if self.gap.difference < 0 else "better than the others"

    def sizeHint(self) -> QSize:
        return QSize(320, self.fontMetrics().height() + _BAR + 3 * S + 4)

    def choose(self, chosen: bool) -> None:
        """Mark it as the one whose items are shown."""
        self.chosen = chosen
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.opened.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.opened.emit()
        elif event.key() == Qt.Key.Key_Down:
            self.stepped.emit(1)
        elif event.key() == Qt.Key.Key_Up:
            self.stepped.emit(-1)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        inner = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(theme().colour("accent") if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(theme().colour("accent_soft") if self.chosen else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(inner, 6, 6)
        inner.adjust(S, S, -S, -S)
        height = self.fontMetrics().height()
        self._words(painter, QRectF(inner.left(), inner.top(), inner.width(), height))
        top, wide = inner.top() + height + S, inner.width()
        worse = self.gap is not None and self.gap.real and self.gap.difference < 0
        tested = self.gap is None or self.gap.tested
        fill = "bad" if worse else "accent" if tested else "line_strong"
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().colour("raised"))
        painter.drawRoundedRect(QRectF(inner.left(), top, wide, _BAR), _BAR / 2, _BAR / 2)
        painter.setBrush(theme().colour(fill))
        painter.drawRoundedRect(
            QRectF(inner.left(), top, max(float(_BAR), wide * self.score.score), _BAR), _BAR / 2, _BAR / 2
        )
        band = QColor(theme().colour("text"))
        band.setAlpha(70)
        painter.setBrush(band)
        left = inner.left() + wide * self.score.low
        painter.drawRoundedRect(
            QRectF(left, top - 3, max(2.0, wide * (self.score.high - self.score.low)), _BAR + 6), 4, 4
        )

    def _words(self, painter: QPainter, line: QRectF) -> None:
        metrics = self.fontMetrics()
        numbers = self.numbers()
        right = float(metrics.horizontalAdvance(numbers))
        painter.setPen(theme().colour("text_soft"))
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, numbers)
        room = max(0.0, line.width() - right - 2 * S)
        name = metrics.elidedText(self.score.name, Qt.TextElideMode.ElideRight, int(room))
        painter.setPen(theme().colour("text"))
        painter.drawText(QRectF(line.left(), line.top(), room, line.height()), Qt.AlignmentFlag.AlignVCenter, name)
        used = metrics.horizontalAdvance(name) + 2 * S
        verdict = self.verdict()
        if verdict and metrics.horizontalAdvance(verdict) < room - used:
            worse = self.gap is not None and self.gap.real and self.gap.difference < 0
            painter.setPen(theme().colour("bad" if worse else "text_faint"))
            painter.drawText(
                QRectF(line.left() + used, line.top(), room - used, line.height()),
                Qt.AlignmentFlag.AlignVCenter,
                verdict,
            )


class GroupBars(QScrollArea):
    """The groups of one property, one below the other. Signals: opened(str): a group was clicked."""

    opened = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._holder = QWidget()
        self._column = QVBoxLayout(self._holder)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self.setWidget(self._holder)
        self.rows: list[GroupRow] = []

    def show_groups(self, by: ByGroup | None) -> None:
        """Draw them; None draws nothing."""
        focused = next((row.score.name for row in self.rows if row.hasFocus()), None)
        clear_layout(self._column)
        self.rows = []
        gaps = {} if by is None else _gaps(by.groups, by.gaps)
        for place, score in enumerate(() if by is None else by.groups):
            row = GroupRow(score, gaps.get(score.name))
            row.opened.connect(lambda name=score.name: self._open(name))
            row.stepped.connect(lambda step, place=place: self._step(place + step))
            self._column.addWidget(row)
            if self.rows:
                QWidget.setTabOrder(self.rows[-1], row)
            self.rows.append(row)
        self._column.addStretch(1)
        for row in self.rows:
            if row.score.name == focused:
                row.setFocus()

    def choose(self, name: str) -> None:
        """Mark a group as the one whose items are shown; one that is not there marks none."""
        for row in self.rows:
            row.choose(row.score.name == name)

    def _step(self, place: int) -> None:
        if 0 <= place < len(self.rows):
            self.rows[place].setFocus()
            self.ensureWidgetVisible(self.rows[place])

    def _open(self, name: str) -> None:
        self.choose(name)
        self.opened.emit(name)


def _gaps(groups: Sequence[GroupScore], gaps: Sequence[Gap]) -> dict[str, Gap]:
    """By group; of two groups the better one is not said to be better, as that is the same said twice, unless too small."""
    found = {gap.group: gap for gap in gaps}
    if len(groups) == 2 and len(gaps) == 1 and not gaps[0].tested:
        found = {g.name: gaps[0] for g in groups if g.n < 10} or found
    return found
