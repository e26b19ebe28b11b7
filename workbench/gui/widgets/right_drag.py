"""Dragging with the right mouse button over a picture: across for contrast, up and down for brightness."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent


class RightDrag:
    """What a widget keeps to tell how far the right mouse button was dragged, as at a radiologist's screen."""

    def __init__(self) -> None:
        self._last: QPointF | None = None

    def press(self, event: QMouseEvent) -> bool:
        """True when it was the right button: the widget has nothing else to do with it."""
        if event.button() != Qt.MouseButton.RightButton:
            return False
        self._last = event.position()
        return True

    def moved(self, event: QMouseEvent) -> QPointF | None:
        """Since the last time, to the right and up; None while nothing is dragged."""
        if self._last is None or not event.buttons() & Qt.MouseButton.RightButton:
            self._last = None
            return None
        step = event.position() - self._last
        self._last = event.position()
        return QPointF(step.x(), -step.y())
