"""Where the picture lies on the canvas: zoom and pan, as plain numbers."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QTransform

LARGEST_SCALE = 40.0
_FIT_MARGIN = 20.0
# So much ground stays visible beside the picture when it is dragged to its end.
_BEYOND = 80.0


class View:
    """Places in the picture (pixels) to places on the screen (logical pixels) and back.

    Attributes:
        scale: screen pixels per picture pixel.
        x, y: where the picture's upper left corner is on the screen.
        picture, room: sizes of the picture and of the canvas.
        fitted: the whole picture is shown, also when the room changes.
    """

    def __init__(self) -> None:
        self.scale = 1.0
        self.x = self.y = 0.0
        self.picture = QSizeF(1, 1)
        self.room = QSizeF(1, 1)
        self.fitted = True

    def set_picture(self, width: float, height: float) -> None:
        self.picture = QSizeF(max(1.0, width), max(1.0, height))
        self.fit()

    def set_room(self, width: float, height: float) -> None:
        self.room = QSizeF(max(1.0, width), max(1.0, height))
        if self.fitted:
            self.fit()
        else:
            self.keep()

    # To and fro ------------------------------------------------------------------------------------------------

    def to_screen(self, at: QPointF) -> QPointF:
        return QPointF(at.x() * self.scale + self.x, at.y() * self.scale + self.y)

    def to_picture(self, at: QPointF) -> QPointF:
        return QPointF((at.x() - self.x) / self.scale, (at.y() - self.y) / self.scale)

    def rect(self, x0: float, y0: float, x1: float, y1: float) -> QRectF:
        """A rectangle of the picture on the screen."""
        scale = self.scale
        return QRectF(x0 * scale + self.x, y0 * scale + self.y, (x1 - x0) * scale, (y1 - y0) * scale)

    def frame(self) -> QRectF:
        """The whole picture on the screen."""
        return self.rect(0, 0, self.picture.width(), self.picture.height())

    def seen(self) -> QRectF:
        """The part of the picture that is on the screen, in its pixels."""
        corner = self.to_picture(QPointF(0, 0))
        whole = QRectF(0, 0, self.picture.width(), self.picture.height())
        return QRectF(
            corner.x(), corner.y(), self.room.width() / self.scale, self.room.height() / self.scale
        ).intersected(whole)

    def transform(self) -> QTransform:
        """For painters that draw in the picture's pixels."""
        return QTransform(self.scale, 0, 0, self.scale, self.x, self.y)

    # Moving ----------------------------------------------------------------------------------------------------

    @property
    def fit_scale(self) -> float:
        """The scale at which the whole picture is just seen; small pictures are not blown up beyond eightfold."""
        return max(
            1e-4,
            min(
                (self.room.width() - 2 * _FIT_MARGIN) / self.picture.width(),
                (self.room.height() - 2 * _FIT_MARGIN) / self.picture.height(),
                8.0,
            ),
        )

    def fit(self) -> None:
        self.scale = self.fit_scale
        self.fitted = True
        self._centre(QPointF(self.picture.width() / 2, self.picture.height() / 2))

    def zoom(self, scale: float, around: QPointF) -> None:
        """`around`: the place on the screen that stays where it is."""
        fixed = self.to_picture(around)
        self.scale = min(LARGEST_SCALE, max(self.fit_scale / 4, scale))
        self.fitted = False
        self.x = around.x() - fixed.x() * self.scale
        self.y = around.y() - fixed.y() * self.scale
        self.keep()

    def show(self, rect: QRectF) -> None:
        """Bring a rectangle of the picture into view, with some of what is around it, as large as it fits."""
        side = max(rect.width(), rect.height(), 16.0)
        wide = rect.adjusted(-side * 0.3, -side * 0.3, side * 0.3, side * 0.3)
        self.scale = min(
            LARGEST_SCALE,
            max(self.fit_scale, min(self.room.width() / wide.width(), self.room.height() / wide.height())),
        )
        self.fitted = False
        self._centre(rect.center())
        self.keep()

    def reveal(self, rect: QRectF) -> bool:
        """Pan as little as is needed to see a rectangle of the picture. True when that was needed."""
        place = self.rect(rect.left(), rect.top(), rect.right(), rect.bottom())
        room = QRectF(0, 0, self.room.width(), self.room.height()).adjusted(12, 12, -12, -12)
        if room.contains(place) or (place.width() > room.width() and place.height() > room.height()):
            return False
        dx = min(0.0, room.right() - place.right()) + max(0.0, room.left() - place.left())
        dy = min(0.0, room.bottom() - place.bottom()) + max(0.0, room.top() - place.top())
        return self.pan(dx, dy)

    def pan(self, dx: float, dy: float) -> bool:
        """False when the picture cannot go there."""
        before = (self.x, self.y)
        self.x += dx
        self.y += dy
        self.keep()
        moved = abs(self.x - before[0]) > 1e-6 or abs(self.y - before[1]) > 1e-6
        self.fitted = self.fitted and not moved
        return moved

    def span(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """How far `x` and `y` may go: (lowest, highest) each; equal where the picture is centred."""
        return (
            self._span(self.picture.width() * self.scale, self.room.width()),
            self._span(self.picture.height() * self.scale, self.room.height()),
        )

    def keep(self) -> None:
        """Keep the picture in the room."""
        (left, right), (top, bottom) = self.span()
        self.x = min(right, max(left, self.x))
        self.y = min(bottom, max(top, self.y))

    @staticmethod
    def _span(size: float, room: float) -> tuple[float, float]:
        if size + 2 * _FIT_MARGIN <= room + 1e-6:
            return (room - size) / 2, (room - size) / 2
        return room - size - _BEYOND, _BEYOND

    def _centre(self, at: QPointF) -> None:
        self.x = self.room.width() / 2 - at.x() * self.scale
        self.y = self.room.height() / 2 - at.y() * self.scale
