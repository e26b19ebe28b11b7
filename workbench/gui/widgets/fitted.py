"""Where a picture lies in a place of another shape."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt

WHOLE, FILLING = Qt.AspectRatioMode.KeepAspectRatio, Qt.AspectRatioMode.KeepAspectRatioByExpanding


def fitted(picture: QSize, place: QRectF, how: Qt.AspectRatioMode = WHOLE) -> QRectF:
    """A picture of this size in the middle of `place`: whole, or filling it."""
    size = picture.scaled(place.size().toSize(), how)
    found = QRectF(0, 0, size.width(), size.height())
    found.moveCenter(place.center())
    return found
