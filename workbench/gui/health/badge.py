"""How the data is, in a few signs: how many findings of which weight."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QStyle, QStyleOptionFocusRect, QWidget

from workbench.data.checks import Finding
from workbench.gui.icons import pixmap
from workbench.gui.theme import L, S, theme
from workbench.gui.widgets.basic import ICON_COLOURS, ICON_NAMES

_WORDS = {"bad": "in the way of training", "warn": "to mend", "info": "good to know"}
_ICON, _HEIGHT = 16, 34


class HealthBadge(QAbstractButton):
    """A button that shows counts by weight; a click opens the list."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("health-badge")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._parts: list[tuple[str, str]] = []
        self._working = False
        theme().changed.connect(self.update)
        self.show_findings([])

    def show_findings(self, findings: Sequence[Finding]) -> None:
        counts = {s: sum(f.severity == s for f in findings) for s in _WORDS}
        self._parts = [(s, f"{n:,}") for s, n in counts.items() if n] or [("good", "Healthy")]
        words = ", ".join(f"{n:,} {_WORDS[s]}" for s, n in counts.items() if n) or "nothing to mend"
        self.setAccessibleName(f"Health of the data: {words}")
        self._tell(words)

    def show_working(self, working: bool) -> None:
        """A look is on its way: what is shown may change soon."""
        self._working = working
        self.update()

    def _tell(self, words: str) -> None:
        self.setToolTip(f"Health of the data: {words}. Click for the list (data validation)")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        width = sum(_ICON + 4 + self.fontMetrics().horizontalAdvance(text) + S for _, text in self._parts)
        return QSize(width + L + S, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = theme()
        worst = self._parts[0][0]
        ground = {"bad": "bad_soft", "warn": "warn_soft", "good": "good_soft", "info": "accent_soft"}[worst]
        painter.setBrush(colours.colour(ground))
        strong = self.underMouse() or self.isDown()
        painter.setPen(colours.colour("line_strong") if strong else Qt.PenStyle.NoPen)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        painter.setOpacity(0.55 if self._working else 1.0)
        left, metrics = (L + S) // 2, self.fontMetrics()
        for severity, text in self._parts:
            sign = pixmap(ICON_NAMES[severity], _ICON, ICON_COLOURS[severity])
            painter.drawPixmap(left, (self.height() - _ICON) // 2, _ICON, _ICON, sign)
            left += _ICON + 4
            painter.setPen(colours.colour("text"))
            width = metrics.horizontalAdvance(text)
            painter.drawText(QRectF(left, 0, width + 1, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
            left += width + S
        if self.hasFocus():
            painter.setOpacity(1.0)
            option = QStyleOptionFocusRect()
            option.initFrom(self)
            option.rect = self.rect().adjusted(3, 3, -3, -3)
            self.style().drawPrimitive(QStyle.PrimitiveElement.PE_FrameFocusRect, option, painter, self)
