"""One thing that was found, cut out of its picture and enlarged."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.display import piece
from workbench.gui.decoded import decoded
from workbench.gui.theme import M, theme
from workbench.gui.widgets.basic import label
from workbench.gui.widgets.canvas import Canvas, around
from workbench.gui.workers import Job, Jobs
from workbench.tasks.predictions import Box

_SIDE = 150
_MOST = 8.0  # times: more would show squares and nothing more


class _Piece(QWidget):
    """The cut-out itself, in a frame of the class's colour."""

    def __init__(self) -> None:
        super().__init__()
        self._image = QImage()
        self.colour = QColor()
        self.setFixedSize(_SIDE, _SIDE)
        theme().changed.connect(self.update)

    def show_image(self, image: QImage, colour: QColor) -> None:
        self._image, self.colour = image, colour
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        frame = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        path = QPainterPath()
        path.addRoundedRect(frame, 8, 8)
        painter.fillPath(path, theme().colour("raised"))
        if not self._image.isNull():
            most = QSize(round(self._image.width() * _MOST), round(self._image.height() * _MOST))
            size = self._image.size().scaled(frame.size().toSize().boundedTo(most), Qt.AspectRatioMode.KeepAspectRatio)
            place = QRectF(0, 0, size.width(), size.height())
            place.moveCenter(frame.center())
            painter.save()
            painter.setClipPath(path)
            painter.drawImage(place, self._image, QRectF(self._image.rect()))
            painter.restore()
        painter.setPen(QPen(self.colour, 2))
        painter.drawPath(path)


class BoxPiece(QWidget):
    """What was found, how certain that is, and how large it is, beside the piece of the picture."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("box-piece")
        self.box: Box | None = None
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(M)
        self.picture = _Piece()
        row.addWidget(self.picture)
        words = QVBoxLayout()
        self.name = label("", "heading", wrap=True, selectable=True)
        self.score = label("", "soft")
        self.score.setToolTip("How certain the model is (score)")
        self.size_words = label("", "faint")
        words.addStretch(1)
        for part in (self.name, self.score, self.size_words):
            words.addWidget(part)
        words.addStretch(1)
        row.addLayout(words, 1)
        self.hide()

    def show_box(self, box: Box, image: QImage, colour: QColor) -> None:
        """`image`: the piece of the picture the box lies around."""
        self.picture.show_image(image, colour)
        self.name.setText(box.label)
        self.score.setText(f"{box.score:.0%} sure")
        self.size_words.setText(f"{box.x1 - box.x0:.0f} × {box.y1 - box.y0:.0f} pixels")
        self.setAccessibleName(f"Chosen: {box.label}, {self.score.text()}, {self.size_words.text()}")
        self.box = box
        self.show()

    def sharpen(self, box: Box, image: QImage) -> None:
        """The same piece with all the points the picture has, unless another is shown by now."""
        if self.isVisible() and self.box is box:
            self.picture.show_image(image, self.picture.colour)


class Cutter:
    """Cuts boxes out of the picture on a canvas: at once as it is on the screen, and from its file where that has more."""

    def __init__(self, jobs: Jobs, canvas: Canvas, sample: Callable[[], Sample | None]) -> None:
        self._jobs, self._canvas, self._sample = jobs, canvas, sample
        self._job: Job | None = None

    def cut(self, box: Box) -> QImage:
        """What is on the screen."""
        return self._canvas.piece(box)

    def sharper(self, box: Box, came: Callable[[QImage], None]) -> None:
        """Read the piece anew where the screen shows a smaller picture; one that cannot be read stays as it is."""
        sample = self._sample()
        if self._job is not None:
            self._job.cancel()
            self._job = None
        if sample is None or not self._canvas.is_reduced():
            return

        def work(control: Control) -> QImage:
            control.check()
            return decoded(piece(sample, around(box), 2 * _SIDE))

        self._job = self._jobs.start("Looking closely", work)
        self._job.succeeded.connect(came)
