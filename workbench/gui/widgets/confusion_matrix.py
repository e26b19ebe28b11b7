"""What was taken for what: a clickable table of counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from workbench.gui.theme import theme

_SMALLEST, _LARGEST = 20, 56


class Counted(Protocol):
    """What it shows: names, and counts of each row and column of them."""

    @property
    def classes(self) -> tuple[str, ...]: ...

    @property
    def confusion(self) -> tuple[tuple[int, ...], ...]: ...


def _taken_for(true: str, called: str, count: int) -> str:
    return f"{count} “{true}” rightly found" if true == called else f"{count} “{true}” taken for “{called}”"


class ConfusionMatrix(QWidget):
    """Rows are what items are, columns what they were called. Arrows move, Enter or a click opens a cell.

    Signals:
        opened(str, str): true class, predicted class.
    """

    opened = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._evaluation: Counted | None = None
        self._say: Callable[[str, str, int], str] = _taken_for
        self.at = (0, 0)
        self._hover: tuple[int, int] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setObjectName("confusion")
        self.setToolTip("Confusion matrix: click a number to see the items")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        theme().changed.connect(self.update)

    def show_evaluation(self, evaluation: Counted, say: Callable[[str, str, int], str] | None = None) -> None:
        """`say`: row, column and count of a cell in words."""
        self._evaluation = evaluation
        self._say = say or _taken_for
        self.at = (0, 0)
        self._describe()
        self.updateGeometry()
        self.setMinimumSize(self.sizeHint())
        self.update()

    @property
    def _n(self) -> int:
        return len(self._evaluation.classes) if self._evaluation is not None else 0

    def _cell(self) -> int:
        """Side of a cell in pixels: smaller for many classes."""
        return max(_SMALLEST, min(_LARGEST, 390 // max(1, self._n)))

    def _margin(self) -> int:
        """Room for the names."""
        if self._evaluation is None:
            return 0
        widest = max((self.fontMetrics().horizontalAdvance(n) for n in self._evaluation.classes), default=0)
        return min(160, widest + 16)

    def sizeHint(self) -> QSize:
        side = self._cell() * self._n
        return QSize(self._margin() + side + 8, self._margin() + side + 8)

    def cell_rect(self, row: int, column: int) -> QRectF:
        """Where a cell is painted."""
        side, margin = self._cell(), self._margin()
        return QRectF(margin + column * side, margin + row * side, side, side).adjusted(1, 1, -1, -1)

    def _cell_at(self, point: QPointF) -> tuple[int, int] | None:
        side, margin = self._cell(), self._margin()
        column, row = int((point.x() - margin) // side), int((point.y() - margin) // side)
        return (row, column) if 0 <= row < self._n and 0 <= column < self._n else None

    def paintEvent(self, _event: QPaintEvent) -> None:
        e = self._evaluation
        if e is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        margin, side = self._margin(), self._cell()
        metrics = painter.fontMetrics()
        painter.setPen(theme().colour("text_soft"))
        for number, name in enumerate(e.classes):
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, margin - 12)
            painter.drawText(
                QRectF(0, margin + number * side, margin - 8, side),
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                shown,
            )
            painter.save()
            painter.translate(margin + number * side + side / 2, margin - 8)
            painter.rotate(-90)
            painter.drawText(QRectF(0, -side / 2, margin - 12, side), Qt.AlignmentFlag.AlignVCenter, shown)
            painter.restore()
        for row, counts in enumerate(e.confusion):
            total = max(1, sum(counts))
            for column, count in enumerate(counts):
                self._paint_cell(painter, row, column, count, count / total)

    def _paint_cell(self, painter: QPainter, row: int, column: int, count: int, share: float) -> None:
        rect = self.cell_rect(row, column)
        colour = QColor(theme().colour("accent" if row == column else "bad"))
        colour.setAlphaF(0.06 + 0.8 * share if count else 0.03)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(rect, 4, 4)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if (self.hasFocus() and self.at == (row, column)) or self._hover == (row, column):
            painter.setPen(theme().colour("text"))
            painter.drawRoundedRect(rect, 4, 4)
        if count:
            painter.setPen(theme().colour("accent_text" if share > 0.6 and row == column else "text"))
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, str(count))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover = self._cell_at(event.position())
        self.setCursor(Qt.CursorShape.PointingHandCursor if self._hover else Qt.CursorShape.ArrowCursor)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover = None
        self.update()
        super().leaveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        found = self._cell_at(event.position())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self.at = found
            self._open()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}
        step = steps.get(Qt.Key(event.key()))
        if step is not None and self._n:
            self.at = tuple(max(0, min(self._n - 1, a + s)) for a, s in zip(self.at, step, strict=True))  # type: ignore[assignment]
            self._describe()
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._open()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """A tooltip for each cell."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            found = self._cell_at(QPointF(event.pos()))
            if found is not None:
                QToolTip.showText(event.globalPos(), self._words(found), self)
                return True
        return super().event(event)

    def _words(self, at: tuple[int, int]) -> str:
        e = self._evaluation
        if e is None or not e.classes:
            return ""
        true, called = e.classes[at[0]], e.classes[at[1]]
        return self._say(true, called, e.confusion[at[0]][at[1]])

    def _describe(self) -> None:
        self.setAccessibleName(f"What was taken for what. {self._words(self.at)}")

    def _open(self) -> None:
        e = self._evaluation
        if e is not None and e.classes:
            self._describe()
            self.update()
            self.opened.emit(e.classes[self.at[0]], e.classes[self.at[1]])

    def centre_of(self, row: int, column: int) -> QPoint:
        """The middle of a cell, for pointing at it."""
        return self.cell_rect(row, column).center().toPoint()
