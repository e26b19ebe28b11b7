"""A picture with what a model says of it drawn on top: boxes or areas."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QDragEnterEvent,
    QDropEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.theme import CLASS_COLOURS, theme
from workbench.gui.widgets.basic import accepts
from workbench.tasks.predictions import Box


def label_colour(labels: Sequence[str], label: str) -> QColor:
    """The same label has the same colour in a picture and in the list beside it."""
    place = labels.index(label) if label in labels else 0
    return QColor(CLASS_COLOURS[place % len(CLASS_COLOURS)])


class Canvas(QWidget):
    """Signals:
    dropped(object): mime data.
    box_clicked(int): place in the boxes shown; -1 beside all of them.
    """

    dropped = Signal(object)
    box_clicked = Signal(int)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setAcceptDrops(True)
        self.setMinimumHeight(160)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._picture = QPixmap()
        self._overlay = QImage()
        self._opacity = 0.55
        self._boxes: tuple[Box, ...] = ()
        self._labels: list[str] = []
        self._original = QSize()
        self._chosen = -1
        self._words = ""
        theme().changed.connect(self.update)

    # What is shown -----------------------------------------------------------------------------------------------------

    def show_data(self, data: bytes) -> None:
        """Another picture (PNG or JPEG bytes); what was drawn on the old one goes."""
        self._picture = QPixmap()
        self._picture.loadFromData(data)
        self._words = ""
        self.clear_marks()

    def show_words(self, words: str) -> None:
        self._picture, self._words = QPixmap(), words
        self.clear_marks()

    def clear_marks(self) -> None:
        self._boxes, self._overlay, self._chosen = (), QImage(), -1
        self.update()

    def show_boxes(self, boxes: tuple[Box, ...], labels: list[str], width: int, height: int) -> None:
        """`width`, `height`: of the original picture, in whose pixels the boxes are."""
        self._boxes, self._labels, self._original = boxes, labels, QSize(width, height)
        self._chosen = self._chosen if self._chosen < len(boxes) else -1
        self.update()

    def choose_box(self, place: int) -> None:
        self._chosen = place
        self.update()

    def show_overlay(self, overlay: QImage, opacity: float) -> None:
        """Areas in their colours, transparent elsewhere."""
        self._overlay, self._opacity = overlay, opacity
        self.update()

    def set_opacity(self, opacity: float) -> None:
        self._opacity = opacity
        self.update()

    # Painting ------------------------------------------------------------------------------------------------------------

    def _frame(self) -> QRectF:
        """Where the picture lies."""
        size = self._picture.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        return QRectF(
            (self.width() - size.width()) / 2, (self.height() - size.height()) / 2, size.width(), size.height()
        )

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._picture.isNull():
            painter.setPen(theme().colour("text_soft"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._words)
            return
        frame = self._frame()
        painter.drawPixmap(frame, self._picture, QRectF(self._picture.rect()))
        if not self._overlay.isNull():
            painter.setOpacity(self._opacity)
            painter.drawImage(frame, self._overlay, QRectF(self._overlay.rect()))
            painter.setOpacity(1.0)
        if self._boxes:
            self._paint_boxes(painter, frame)
        if self.hasFocus():
            painter.setPen(QPen(theme().colour("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(frame.adjusted(1, 1, -1, -1))

    def _paint_tag(self, painter: QPainter, words: str, colour: QColor, x: float, y: float) -> None:
        metrics = painter.fontMetrics()
        box = QRectF(x, y, metrics.horizontalAdvance(words) + 10, metrics.height() + 2)
        box.moveLeft(max(0.0, min(box.left(), self.width() - box.width())))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(box, 4, 4)
        # White or black, whichever is the better read on this colour.
        bright = 0.299 * colour.red() + 0.587 * colour.green() + 0.114 * colour.blue() > 150
        painter.setPen(QColor("#111111" if bright else "#ffffff"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)

    def _shape(self, box: Box, frame: QRectF) -> QPolygonF:
        sx = frame.width() / max(1, self._original.width())
        sy = frame.height() / max(1, self._original.height())
        corners = box.polygon or ((box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1))
        return QPolygonF([QPointF(frame.left() + x * sx, frame.top() + y * sy) for x, y in corners])

    def _paint_boxes(self, painter: QPainter, frame: QRectF) -> None:
        for number, box in enumerate(self._boxes):
            colour = label_colour(self._labels, box.label)
            chosen = number == self._chosen
            painter.setPen(QPen(colour, 4 if chosen else 2))
            fill = QColor(colour)
            fill.setAlpha(70 if chosen else 0)
            painter.setBrush(QBrush(fill))
            shape = self._shape(box, frame)
            painter.drawPolygon(shape)
        if len(self._boxes) > 60:
            return  # names would hide what they name
        for number, box in enumerate(self._boxes):
            if self._labels and (len(self._boxes) <= 25 or number == self._chosen):
                place = self._shape(box, frame).boundingRect()
                top = max(frame.top(), place.top() - painter.fontMetrics().height() - 2)
                words = painter.fontMetrics().elidedText(box.label, Qt.TextElideMode.ElideRight, 220)
                self._paint_tag(painter, words, label_colour(self._labels, box.label), place.left(), top)

    # Acting ----------------------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._boxes:
            frame, at = self._frame(), event.position()
            hit = [
                (shape.boundingRect().width() * shape.boundingRect().height(), number)
                for number, box in enumerate(self._boxes)
                if (shape := self._shape(box, frame)).containsPoint(at, Qt.FillRule.OddEvenFill)
            ]
            self._chosen = min(hit)[1] if hit else -1  # the smallest under the pointer: large ones hide none
            self.update()
            self.box_clicked.emit(self._chosen)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if step and self._boxes:
            self._chosen = (self._chosen + step) % len(self._boxes)
            self.update()
            self.box_clicked.emit(self._chosen)
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if accepts(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.dropped.emit(event.mimeData())


def mask_overlay(png: bytes, background: int, hidden: frozenset[int] = frozenset(), side: int = 1200) -> QImage:
    """A mask's areas in their colours, at most `side` points wide; slow for large masks: call it in a job."""
    grey = QImage.fromData(png).convertToFormat(QImage.Format.Format_Grayscale8)
    if max(grey.width(), grey.height()) > side:
        # Nearest points: classes must not be mixed.
        grey = grey.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.FastTransformation)
    table = []
    for value in range(256):
        colour = QColor(CLASS_COLOURS[value % len(CLASS_COLOURS)])
        clear = value == background or value in hidden
        table.append(QColor(colour.red(), colour.green(), colour.blue(), 0 if clear else 255).rgba())
    indexed = QImage(grey.constBits(), grey.width(), grey.height(), grey.bytesPerLine(), QImage.Format.Format_Indexed8)
    indexed.setColorTable(table)
    return indexed.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
