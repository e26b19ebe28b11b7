"""A picture with what a model says of it drawn on top: boxes, areas, or text to select."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QContextMenuEvent,
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
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.decoded import decoded
from workbench.gui.theme import CLASS_COLOURS, theme
from workbench.gui.widgets.basic import accepts
from workbench.gui.widgets.right_drag import RightDrag
from workbench.gui.widgets.text_over_picture import TextOverPicture
from workbench.gui.widgets.zoom import Zoom
from workbench.tasks.predictions import Box


def label_colour(labels: Sequence[str], label: str) -> QColor:
    """The same label has the same colour in a picture and in the list beside it."""
    place = labels.index(label) if label in labels else 0
    return QColor(CLASS_COLOURS[place % len(CLASS_COLOURS)])


def around(box: Box) -> tuple[float, float, float, float]:
    """x0, y0, x1, y1 of a box with a little of what is beside it, so that its edges are seen."""
    more = max(2.0, 0.06 * max(box.x1 - box.x0, box.y1 - box.y0))
    return box.x0 - more, box.y0 - more, box.x1 + more, box.y1 + more


class Canvas(QWidget):
    """Signals:
        dropped(object): mime data.
        box_clicked(int): place in the boxes (or lines of text) shown; -1 beside all of them.
        right_dragged(float, float): the right button was held and the mouse moved so far to the right and up.

    Ctrl and the wheel, or + and -, make the picture larger and smaller; 0 shows all of it.
    """

    dropped = Signal(object)
    box_clicked = Signal(int)
    right_dragged = Signal(float, float)

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
        self._zoom = Zoom()
        self._panning: QPointF | None = None
        self.text = TextOverPicture(self, self._into_picture)
        self.text.line_chosen.connect(self._line_chosen)
        self._drag = RightDrag()
        theme().changed.connect(self.update)

    # What is shown -----------------------------------------------------------------------------------------------------

    def show_data(self, data: bytes) -> None:
        """Another picture (PNG or JPEG bytes); what was drawn on the old one goes."""
        self._picture = QPixmap.fromImage(decoded(data))
        self._words = ""
        self._zoom.reset()
        self.clear_marks()

    def show_image(self, image: QImage) -> None:
        """The next picture of a video; what is drawn on it stays."""
        self._picture = QPixmap.fromImage(image)
        self.update()

    def show_words(self, words: str) -> None:
        self._picture, self._words = QPixmap(), words
        self.clear_marks()

    def clear_marks(self) -> None:
        self._boxes, self._overlay, self._chosen = (), QImage(), -1
        self.text.show_lines(())
        self.update()

    def show_boxes(self, boxes: tuple[Box, ...], labels: list[str], width: int, height: int) -> None:
        """`width`, `height`: of the original picture, in whose pixels the boxes are."""
        self._boxes, self._labels, self._original = boxes, labels, QSize(width, height)
        self._chosen = self._chosen if self._chosen < len(boxes) else -1
        self.text.show_lines(())
        self.update()

    def show_text(self, lines: tuple[Box, ...], width: int, height: int) -> None:
        """Lines that were read, over the picture, as text that can be selected. `width`, `height`: as `show_boxes`."""
        self._boxes, self._original = (), QSize(width, height)
        self.text.show_lines(lines)

    def choose_box(self, place: int) -> None:
        if self.text.is_shown:
            self.text.choose_line(place)
        self._chosen = place
        boxes = self.text.layer.boxes if self.text.is_shown else self._boxes
        if 0 <= place < len(boxes):
            shape = self._shape(boxes[place], self._frame()).boundingRect()
            self._zoom.show(shape.adjusted(-8, -8, 8, 8), self.size(), self._picture.size())
        self.update()

    def is_reduced(self) -> bool:
        """Whether the picture on the screen has fewer points than the original."""
        return self._picture.width() < self._original.width()

    def piece(self, box: Box) -> QImage:
        """The part of the picture on the screen that a box lies around, with a little of what is beside it; a null image
        when none of it is there."""
        sx = self._picture.width() / max(1, self._original.width())
        sy = self._picture.height() / max(1, self._original.height())
        x0, y0, x1, y1 = around(box)
        part = QRectF(QPointF(x0 * sx, y0 * sy), QPointF(x1 * sx, y1 * sy))
        wanted = part.toAlignedRect().intersected(self._picture.rect())
        return self._picture.copy(wanted).toImage() if not wanted.isEmpty() else QImage()

    def _line_chosen(self, place: int) -> None:
        self.choose_box(place)
        self.box_clicked.emit(place)

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
        return self._zoom.frame(self.size(), self._picture.size())

    def _into_picture(self) -> QTransform:
        """From here to pixels of the original picture."""
        frame = self._frame()
        sx = self._original.width() / max(1.0, frame.width())
        sy = self._original.height() / max(1.0, frame.height())
        return QTransform.fromTranslate(-frame.left(), -frame.top()) * QTransform.fromScale(sx, sy)

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
        if self.text.is_shown:
            self.text.paint(painter)
        if self.hasFocus():
            painter.setPen(QPen(theme().colour("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(frame.intersected(QRectF(self.rect())).adjusted(1, 1, -1, -1))

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
        return QPolygonF([QPointF(frame.left() + x * sx, frame.top() + y * sy) for x, y in box.corners()])

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
        if self._drag.press(event):
            return
        if event.button() == Qt.MouseButton.MiddleButton:
            self._panning = event.position()
        elif self.text.is_shown:
            self.text.press(event)
        elif self._boxes:
            frame, at = self._frame(), event.position()
            hit = [
                (shape.boundingRect().width() * shape.boundingRect().height(), number)
                for number, box in enumerate(self._boxes)
                if (shape := self._shape(box, frame)).containsPoint(at, Qt.FillRule.OddEvenFill)
            ]
            self._chosen = min(hit)[1] if hit else -1  # the smallest under the pointer: large ones hide none
            self.update()
            self.box_clicked.emit(self._chosen)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._panning is not None:
            self._zoom.pan(event.position() - self._panning, self.size(), self._picture.size())
            self._panning = event.position()
            self.update()
        elif (step := self._drag.moved(event)) is not None:
            self.right_dragged.emit(step.x(), step.y())
        elif self.text.is_shown:
            self.text.move(event)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._panning = None
        self.text.release()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.text.is_shown:
            self.text.double_click(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.text.is_shown:
            self.text.show_menu(event.globalPos())

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._zoom.step(turn.y() / 120, event.position(), self.size(), self._picture.size())
        elif self._zoom.factor > 1:
            self._zoom.pan(QPointF(turn.x(), turn.y()) / 2, self.size(), self._picture.size())
        else:
            event.ignore()
            return
        self.update()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self.text.takes(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        zoom = {Qt.Key.Key_Plus: 1, Qt.Key.Key_Equal: 1, Qt.Key.Key_Minus: -1}.get(Qt.Key(event.key()), 0)
        if zoom or event.key() == Qt.Key.Key_0:
            middle = QPointF(self.rect().center())
            self._zoom.step(zoom or -100, middle, self.size(), self._picture.size())
            self.update()
            return
        if self.text.is_shown and self.text.key(event):
            return
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
