"""A prediction as bars: readable names, the best on top."""

from __future__ import annotations

from PySide6.QtCore import QEasingCurve, QRectF, QSize, Qt, QVariantAnimation
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from workbench.gui.theme import S, theme
from workbench.gui.widgets.basic import Banner, button, label
from workbench.tasks.predictions import Score, Scores

_TOP = 5
_ANIMATION_MS = 180
_SEVERAL_TIP = "Each label is decided for itself: it counts when its bar reaches the tick (its threshold)"


class _Bars(QWidget):
    """Painted by hand: twenty bars are one widget."""

    def __init__(self) -> None:
        super().__init__()
        self.scores: tuple[Score, ...] = ()
        self.still = False
        self._grown = 1.0
        self._animation = QVariantAnimation(self)
        self._animation.setDuration(_ANIMATION_MS)
        self._animation.setStartValue(0.0)
        self._animation.setEndValue(1.0)
        self._animation.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._animation.valueChanged.connect(self._grow)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def show_scores(self, scores: tuple[Score, ...]) -> None:
        self.scores = scores
        self.updateGeometry()
        self._animation.stop()
        if self.still:
            self._grow(1.0)
        else:
            self._animation.start()

    def row_height(self) -> int:
        return self.fontMetrics().height() + 20

    def sizeHint(self) -> QSize:
        return QSize(320, max(1, len(self.scores)) * self.row_height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        height, metrics = self.row_height(), self.fontMetrics()
        for number, score in enumerate(self.scores):
            top = number * height
            value = f"{score.value:.1%}" if score.value < 0.995 else f"{score.value:.0%}"
            painter.setPen(theme().colour("text"))
            width = metrics.horizontalAdvance(value)
            words = QRectF(0, top, self.width() - width - S, metrics.height() + 4)
            shown = metrics.elidedText(score.name, Qt.TextElideMode.ElideRight, int(words.width()))
            painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, shown)
            painter.setPen(theme().colour("text_soft"))
            painter.drawText(
                QRectF(self.width() - width, top, width, words.height()), Qt.AlignmentFlag.AlignVCenter, value
            )
            bar = QRectF(0, top + words.height(), self.width(), 8)
            painter.setPen(Qt.PenStyle.NoPen)
            track, fill = QPainterPath(), QPainterPath()
            track.addRoundedRect(bar, 4, 4)
            painter.fillPath(track, theme().colour("raised"))
            fill.addRoundedRect(
                QRectF(bar.left(), bar.top(), max(4.0, bar.width() * score.value * self._grown), 8), 4, 4
            )
            counts = score.counts if score.threshold >= 0 else number == 0
            painter.fillPath(fill, theme().colour("accent" if counts else "line_strong"))
            if score.threshold >= 0:
                # From this tick on it counts.
                at = bar.left() + bar.width() * score.threshold
                painter.fillRect(QRectF(min(at, bar.right() - 2), bar.top() - 3, 2, 14), theme().colour("text"))

    def _grow(self, value: object) -> None:
        self._grown = float(value) if isinstance(value, float | int) else 1.0
        self.update()


class ScoreBars(QWidget):
    """The five most likely answers; "Show all" gives the rest."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._prediction: Scores | None = None
        self._all = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.best = label("", "title", wrap=True, selectable=True)
        self.best.setObjectName("best-answer")
        self.bars = _Bars()
        self.more = button("Show all", self._toggle, role="quiet")
        self.note = label("", "soft", wrap=True)
        # What must be read before the answer.
        self.warning = Banner(closable=False)
        self.warning.setObjectName("unlike-warning")
        self.warning.setToolTip(
            "Its features lie farther from all training examples than is usual (out of distribution)"
        )
        for widget in (self.warning, self.best, self.bars, self.more, self.note):
            column.addWidget(widget)
        self.show_prediction(None)

    def show_prediction(self, prediction: Scores | None) -> None:
        """Draw a prediction, or nothing."""
        self._prediction = prediction
        self.setVisible(prediction is not None)
        if prediction is None:
            return
        self.best.setText(prediction.summary())
        self.bars.setToolTip(_SEVERAL_TIP if prediction.several else "")
        self.note.setText(prediction.note)
        self.note.setVisible(bool(prediction.note) and not prediction.unlike)
        if prediction.unlike:
            self.warning.show_message(prediction.note, "warn")
        else:
            self.warning.hide()
        self.more.setVisible(len(prediction.top) > len(prediction.first(_TOP)))
        self._fill()
        words = ", ".join(f"{s.name} {s.value:.0%}" for s in prediction.first(_TOP))
        if prediction.several or prediction.unsure:
            words = f"{prediction.summary()}; {words}"
        self.setAccessibleName(f"Answer: {words}. {prediction.note}")

    def _fill(self) -> None:
        if self._prediction is not None:
            top = self._prediction.top
            self.bars.show_scores(top if self._all else self._prediction.first(_TOP))
            self.more.setText("Show fewer" if self._all else f"Show {len(top)}")

    def _toggle(self) -> None:
        self._all = not self._all
        self._fill()
