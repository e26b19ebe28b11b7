"""How large a picture is shown, and which part of it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt

_MOST = 8.0
_STEP = 1.25


class Zoom:
    """1 shows the whole picture; the part shown is kept within the picture.

    Attributes:
        factor: 1..8.
    """

    def __init__(self) -> None:
        self.factor = 1.0
        self._centre = QPointF(0.5, 0.5)  # of the view, as a share of the picture

    def reset(self) -> None:
        self.factor, self._centre = 1.0, QPointF(0.5, 0.5)

    def frame(self, view: QSize, picture: QSize) -> QRectF:
        """Where the picture lies in the view."""
        fitted = picture.scaled(view, Qt.AspectRatioMode.KeepAspectRatio)
        wide, high = fitted.width() * self.factor, fitted.height() * self.factor
        left = _kept(view.width() / 2 - self._centre.x() * wide, view.width(), wide)
        top = _kept(view.height() / 2 - self._centre.y() * high, view.height(), high)
        return QRectF(left, top, wide, high)

    def step(self, steps: float, at: QPointF, view: QSize, picture: QSize) -> None:
        """Larger (or smaller, below 0); what is at this point of the view stays there."""
        old = self.frame(view, picture)
        if old.isEmpty():
            return
        share = QPointF((at.x() - old.left()) / old.width(), (at.y() - old.top()) / old.height())
        self.factor = min(_MOST, max(1.0, self.factor * _STEP**steps))
        wide, high = (side * self.factor for side in self._fitted(view, picture))
        left, top = at.x() - share.x() * wide, at.y() - share.y() * high
        self._centre = QPointF((view.width() / 2 - left) / wide, (view.height() / 2 - top) / high)
        self._settle(view, picture)

    def pan(self, by: QPointF, view: QSize, picture: QSize) -> None:
        """Move the picture in the view."""
        frame = self.frame(view, picture)
        if not frame.isEmpty():
            self._centre -= QPointF(by.x() / frame.width(), by.y() / frame.height())
            self._settle(view, picture)

    def show(self, part: QRectF, view: QSize, picture: QSize) -> None:
        """Move as little as needed for a part (in the view's pixels) to be seen."""
        seen = QRectF(0, 0, view.width(), view.height())
        right = min(0.0, seen.right() - part.right()) or max(0.0, -part.left())
        down = min(0.0, seen.bottom() - part.bottom()) or max(0.0, -part.top())
        if right or down:
            self.pan(QPointF(right, down), view, picture)

    def _fitted(self, view: QSize, picture: QSize) -> tuple[int, int]:
        fitted = picture.scaled(view, Qt.AspectRatioMode.KeepAspectRatio)
        return max(1, fitted.width()), max(1, fitted.height())

    def _settle(self, view: QSize, picture: QSize) -> None:
        """Take the centre from where the picture really lies: not beyond its edges."""
        frame = self.frame(view, picture)
        middle = QPointF(view.width() / 2, view.height() / 2)
        self._centre = QPointF((middle.x() - frame.left()) / frame.width(), (middle.y() - frame.top()) / frame.height())


def _kept(start: float, room: float, length: float) -> float:
    if length <= room:
        return (room - length) / 2
    return min(0.0, max(room - length, start))
