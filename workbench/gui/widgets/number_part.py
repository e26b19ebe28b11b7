"""An estimated number, drawn: large, with the range it most likely lies in as a bar beneath."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from workbench.gui.theme import S, theme
from workbench.gui.widgets.basic import label
from workbench.tasks.predictions import Number, figure


class _RangeBar(QWidget):
    """The range from end to end, with the estimate on it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(52)
        self._shown: Number | None = None
        theme().changed.connect(self.update)

    def show_number(self, prediction: Number) -> None:
        self._shown = prediction
        self.setAccessibleName(prediction.range_words())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        found = self._shown
        if found is None or found.low is None or found.high is None or found.high <= found.low:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bar = QRectF(8, 10, self.width() - 16, 10)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().colour("accent_soft"))
        painter.drawRoundedRect(bar, 5, 5)
        at = bar.left() + bar.width() * min(1.0, max(0.0, (found.value - found.low) / (found.high - found.low)))
        painter.setBrush(theme().colour("accent"))
        painter.setPen(QPen(theme().colour("surface"), 2))
        painter.drawEllipse(QRectF(at - 8, bar.center().y() - 8, 16, 16))
        painter.setPen(theme().colour("text_soft"))
        words = QRectF(8, 28, self.width() - 16, 22)
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, figure(found.low))
        painter.drawText(words, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, figure(found.high))


class NumberPart(QWidget):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.name = label("", "soft")
        self.value = label("", "title", selectable=True)
        self.value.setObjectName("number-value")
        self.words = label("", "soft", wrap=True)
        self.words.setObjectName("number-range")
        self.words.setToolTip("Prediction interval by the errors on items it did not learn from (split conformal)")
        self.bar = _RangeBar()
        for widget in (self.name, self.value, self.bar, self.words):
            column.addWidget(widget)
        column.addStretch(1)

    def show_prediction(self, prediction: Number) -> None:
        self.name.setText(prediction.name)
        self.name.setVisible(bool(prediction.name))
        self.value.setText(prediction.summary())
        words = prediction.range_words()
        self.words.setText(f"{words[:1].upper()}{words[1:]}." if words else "How far off it may be is not known.")
        self.bar.setVisible(prediction.ranged)
        self.bar.show_number(prediction)
