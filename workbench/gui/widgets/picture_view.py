"""A picture that fills its place, whatever its size."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from workbench.gui.decoded import decoded
from workbench.gui.widgets.right_drag import RightDrag


class PictureView(QLabel):
    """Shows encoded pictures, or a sentence when there is none.

    Signals:
        right_dragged(float, float): the right button was held and the mouse moved so far to the right and up.
    """

    right_dragged = Signal(float, float)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._whole = QPixmap()
        self._drag = RightDrag()
        self.setAccessibleName(name)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.setMinimumHeight(160)

    def show_data(self, data: bytes) -> None:
        """`data`: PNG or JPEG bytes."""
        self._whole = QPixmap.fromImage(decoded(data))
        self._scale()

    def show_words(self, words: str) -> None:
        self._whole = QPixmap()
        self.setText(words)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._drag.press(event):
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if (step := self._drag.moved(event)) is not None:
            self.right_dragged.emit(step.x(), step.y())
        else:
            super().mouseMoveEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._scale()

    def _scale(self) -> None:
        if not self._whole.isNull():
            keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            self.setPixmap(self._whole.scaled(self.size(), keep, smooth))
