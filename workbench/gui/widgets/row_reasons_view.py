"""Why a row got its answer: a bar for each column, to the right where it raised the answer, to the left where it lowered it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from workbench.gui.theme import S, theme
from workbench.tasks.row_reasons import RowReasons

_ROW = 34
_SHOWN = 20


class _Bars(QWidget):
    """The bars; says itself in words for a screen reader."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: RowReasons | None = None
        theme().changed.connect(self.update)

    def show_reasons(self, found: RowReasons) -> None:
        self.shown = found
        parts = found.telling(_SHOWN)
        self.setAccessibleName("What each column did to the answer")
        self.setAccessibleDescription(
            "; ".join(f"{p.column} {p.cell or 'not known'}: {found.words(p.amount)}" for p in parts)
            or "No column moved it much."
        )
        self.setMinimumHeight(self.sizeHint().height())
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        count = len(self.shown.telling(_SHOWN)) if self.shown is not None else 0
        return QSize(480, max(1, count) * _ROW + 2 * _ROW)

    def paintEvent(self, event: QPaintEvent) -> None:
        found = self.shown
        if found is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = QFontMetrics(self.font())
        parts = found.telling(_SHOWN)
        words_width = min(self.width() * 0.42, 320.0)
        value_width = max([metrics.horizontalAdvance(found.words(p.amount)) for p in parts] or [0]) + 3 * S
        left, right = words_width + value_width, self.width() - value_width - S
        most = max((abs(p.amount) for p in parts), default=1.0) or 1.0
        up, down = any(p.amount > 0 for p in parts), any(p.amount < 0 for p in parts)
        axis = left if not down else right if not up else (left + right) / 2
        reach = (right - left) if up != down else (right - left) / 2
        self._line(painter, 0, f"Usual answer: {found.whole(found.usual)}")
        for place, part in enumerate(parts, 1):
            top = place * _ROW
            name, cell = part.column, part.cell or "not known"
            shown = metrics.elidedText(f"{name}: {cell}", Qt.TextElideMode.ElideRight, int(words_width - 2 * S))
            painter.setPen(theme().colour("text"))
            painter.drawText(QRectF(S, top, words_width - 2 * S, _ROW), Qt.AlignmentFlag.AlignVCenter, shown)
            length = max(2.0, abs(part.amount) / most * (reach - 4))
            bar = QRectF(axis if part.amount > 0 else axis - length, top + 8, length, _ROW - 16)
            painter.setPen(Qt.PenStyle.NoPen)
            # Told apart by side as well as by colour.
            painter.setBrush(theme().colour("accent" if part.amount > 0 else "warn"))
            painter.drawRoundedRect(bar, 3, 3)
            painter.setPen(theme().colour("text_soft"))
            beside = QRectF(bar.right() + S, top, value_width, _ROW)
            side = Qt.AlignmentFlag.AlignLeft
            if part.amount < 0:
                beside, side = QRectF(bar.left() - value_width - S, top, value_width, _ROW), Qt.AlignmentFlag.AlignRight
            painter.drawText(beside, int(side | Qt.AlignmentFlag.AlignVCenter), found.words(part.amount))
        painter.setPen(QPen(theme().colour("line_strong"), 1))
        painter.drawLine(int(axis), _ROW, int(axis), _ROW * (len(parts) + 1))
        self._line(painter, _ROW * (len(parts) + 1), f"This answer: {found.whole(found.said)}", strong=True)

    def _line(self, painter: QPainter, top: float, words: str, strong: bool = False) -> None:
        font = painter.font()
        font.setBold(strong)
        painter.setFont(font)
        painter.setPen(theme().colour("text" if strong else "text_soft"))
        painter.drawText(QRectF(S, top, self.width() - 2 * S, _ROW), Qt.AlignmentFlag.AlignVCenter, words)
        font.setBold(False)
        painter.setFont(font)


class RowReasonsView(QScrollArea):
    """The bars of one row; more columns than fit are scrolled to."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("why-row")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.bars = _Bars()
        self.setWidget(self.bars)

    def show_reasons(self, found: RowReasons) -> None:
        """Draw these."""
        self.bars.show_reasons(found)
