"""A picture with the things as they are and as a model found them, and one of them large."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.data.types import Item
from workbench.gui.decoded import decoded
from workbench.gui.theme import theme
from workbench.tasks.found_things import Corners, Scene

_CROP_SHARE = 0.3
_ROOM = 1.4  # how much around the chosen thing is shown with it


class BoxScene(QWidget):
    """Dashed: as they were drawn by hand. Solid: as the model found them. The chosen one is drawn thick, and large beside."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 220)
        self.setAccessibleName("The picture with the things as they are and as they were found")
        self._picture = QPixmap()
        self._scale = 1.0
        self._scene: Scene | None = None
        self._chosen: Corners | None = None
        self._colours: dict[str, str] = {}
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(640, 420)

    def set_colours(self, colours: dict[str, str]) -> None:
        """Class name to "#rrggbb"."""
        self._colours = colours

    def show_scene(self, item: Item, data: bytes, scene: Scene | None, chosen: Corners | None) -> None:
        """`data`: the picture, encoded, upright, perhaps smaller than it is; boxes are in its own pixels."""
        self._picture = QPixmap.fromImage(decoded(data))
        # The longer side stays the longer one however the camera was held.
        longest = max(item.width, item.height, 1)
        self._scale = max(self._picture.width(), self._picture.height()) / longest
        self._scene, self._chosen = scene, chosen
        self.update()

    def clear(self) -> None:
        self._picture, self._scene, self._chosen = QPixmap(), None, None
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(self.rect(), theme().colour("raised"))
        if self._picture.isNull():
            painter.setPen(theme().colour("text_soft"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "Choose an entry of the list.")
            return
        whole = QRectF(self.rect()).adjusted(6, 6, -6, -6)
        side = whole
        if self._chosen is not None and whole.width() > 420:
            cut = whole.width() * _CROP_SHARE
            side = QRectF(whole.right() - cut, whole.top(), cut, whole.height())
            whole = QRectF(whole.left(), whole.top(), whole.width() - cut - 8, whole.height())
            self._paint_part(painter, side)
        self._paint(painter, whole, QRectF(self._picture.rect()))

    def _paint_part(self, painter: QPainter, area: QRectF) -> None:
        assert self._chosen is not None
        x0, y0, x1, y1 = (v * self._scale for v in self._chosen)
        middle = QPointF((x0 + x1) / 2, (y0 + y1) / 2)
        length = max(x1 - x0, y1 - y0, 8.0) * _ROOM
        part = QRectF(0, 0, length, length)
        part.moveCenter(middle)
        self._paint(painter, area, part.intersected(QRectF(self._picture.rect())))

    def _paint(self, painter: QPainter, area: QRectF, part: QRectF) -> None:
        """A part of the picture fitted into an area, with its boxes."""
        if part.isEmpty():
            return
        factor = min(area.width() / part.width(), area.height() / part.height())
        frame = QRectF(0, 0, part.width() * factor, part.height() * factor)
        frame.moveCenter(area.center())
        painter.save()
        painter.setClipRect(frame)
        painter.drawPixmap(frame, self._picture, part)
        scene = self._scene
        for thing in scene.truths if scene else ():
            self._box(painter, thing.box, thing.name, "", frame, part, factor, dashed=True)
        for thing in scene.found if scene else ():
            if scene is not None and thing.score >= scene.sure:
                self._box(painter, thing.box, thing.name, f" {thing.score:.0%}", frame, part, factor, dashed=False)
        painter.restore()

    def _box(
        self, painter: QPainter, box: Corners, name: str, more: str, frame: QRectF, part: QRectF, factor: float, *,
        dashed: bool,
    ) -> None:  # fmt: skip
        x0, y0, x1, y1 = (v * self._scale for v in box)
        left, top = frame.left() + (x0 - part.left()) * factor, frame.top() + (y0 - part.top()) * factor
        shape = QRectF(left, top, (x1 - x0) * factor, (y1 - y0) * factor)
        colour = QColor(self._colours.get(name, "#e0a030"))
        width = 3.2 if box == self._chosen else 1.8
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(0, 0, 0, 130), width + 1.6))
        painter.drawRect(shape)
        painter.setPen(QPen(colour, width, Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine))
        painter.drawRect(shape)
        words = f"{name}{more}"
        metrics = painter.fontMetrics()
        tag = QRectF(
            shape.left(), shape.top() - metrics.height() - 2, metrics.horizontalAdvance(words) + 8, metrics.height() + 2
        )
        if dashed:  # the true name below, the said one above: neither hides the other
            tag.moveTop(shape.bottom())
        tag.moveTop(min(max(tag.top(), frame.top()), frame.bottom() - tag.height()))
        ground = QColor(colour)
        ground.setAlpha(230)
        painter.fillRect(tag, ground)
        painter.setPen(QColor("#111111") if colour.lightness() > 120 else QColor("#ffffff"))
        painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, words)
