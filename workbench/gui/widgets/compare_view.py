"""Two states of a picture, before and after, under one zoom: with a line between them to drag, or side by side."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.theme import theme
from workbench.gui.widgets.basic import accepts
from workbench.gui.widgets.layers import Layers

_GRIP = 13.0
# How near the line a press takes hold of it.
_NEAR = 12.0
_STEP, _LARGE_STEP = 0.02, 0.1
_ZOOM_STEP = 1.25
_LARGEST_ZOOM = 16.0
# From this zoom on the points themselves are to be seen.
_POINTS_FROM = 2.0
_SQUARE = 10
_KEYS = (
    "Arrow keys left and right move the line (with Shift: further). + and - zoom, 0 fits the picture, "
    "1 shows it point by point (1:1). Ctrl with the arrow keys moves the picture."
)


class CompareView(QWidget):
    """Signals:
    dropped(object): mime data.
    changed(): zoom, place or line changed.
    """

    dropped = Signal(object)
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("The picture before and after")
        self.setAcceptDrops(True)
        self.setMinimumHeight(160)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setToolTip(f"Drag the line to compare; turn the wheel to zoom; drag the picture to move it.\n{_KEYS}")
        self._before: Layers | None = None
        self._after: Layers | None = None
        self._smooth = True
        self._split = 0.5
        self._aside = False
        self._zoom = 0.0  # screen points per picture point; 0: as large as fits
        self._centre = QPointF(0.5, 0.5)  # what lies in the middle of the view, as a share of the picture
        self._held: str = ""  # what is being dragged: "line", "picture" or nothing
        self._last = QPointF()
        theme().changed.connect(self.update)

    # What is shown -----------------------------------------------------------------------------------------------------

    def show_pictures(self, before: Layers | None, after: Layers | None, *, smooth: bool = True) -> None:
        """Another pair; zoom and line stay as they are. `smooth`: False draws the points of `before` as squares."""
        self._before, self._after, self._smooth = before, after, smooth
        self._settle()

    def start_anew(self) -> None:
        """Fit the picture and put the line in the middle, for another picture."""
        self._zoom, self._centre, self._split = 0.0, QPointF(0.5, 0.5), 0.5
        self._settle()

    @property
    def split(self) -> float:
        """Where the line is, 0 at the left edge of what is seen of the picture to 1 at the right."""
        return self._split

    def set_split(self, split: float) -> None:
        self._split = min(1.0, max(0.0, split))
        self._settle()

    @property
    def side_by_side(self) -> bool:
        return self._aside

    def set_side_by_side(self, aside: bool) -> None:
        self._aside = aside
        self._settle()

    # Zoom ----------------------------------------------------------------------------------------------------------------

    def zoom(self) -> float:
        """Points of the screen per point of the larger picture; 1 is 1:1."""
        return self._scale() * self.devicePixelRatioF()

    def fit(self) -> None:
        """As large as the view."""
        self._zoom, self._centre = 0.0, QPointF(0.5, 0.5)
        self._settle()

    def one_to_one(self) -> None:
        """One point of the larger picture on one point of the screen."""
        self.zoom_to(1.0)

    def zoom_by(self, steps: float, at: QPointF | None = None) -> None:
        """Larger (positive) or smaller, keeping what lies at `at` where it is."""
        self.zoom_to(self.zoom() * _ZOOM_STEP**steps, at)

    def zoom_to(self, zoom: float, at: QPointF | None = None) -> None:
        size = self._size()
        if size.isEmpty():
            return
        pane = self._pane_at(at)
        point = at or pane.center()
        before = self._frame(pane)
        share = QPointF(
            (point.x() - before.left()) / max(1.0, before.width()),
            (point.y() - before.top()) / max(1.0, before.height()),
        )
        fitting = self._fitting(pane)
        scale = min(_LARGEST_ZOOM, zoom) / self.devicePixelRatioF()
        if scale <= fitting:
            self.fit()
            return
        self._zoom = scale
        away = point - pane.center()
        self._centre = QPointF(
            share.x() - away.x() / (size.width() * scale), share.y() - away.y() / (size.height() * scale)
        )
        self._settle()

    def move_by(self, x: float, y: float) -> None:
        """Move the picture under the view by so many points of the screen."""
        size, scale = self._size(), self._scale()
        if not size.isEmpty():
            self._centre -= QPointF(x / (size.width() * scale), y / (size.height() * scale))
            self._settle()

    def _size(self) -> QSize:
        """The room both pictures are put into: that of the larger one."""
        sizes = [p.true_size for p in (self._before, self._after) if p is not None]
        return max(sizes, key=lambda s: s.width(), default=QSize())

    def _panes(self) -> list[QRectF]:
        whole = QRectF(self.rect())
        if not self._aside:
            return [whole]
        half = (whole.width() - 2) / 2
        return [QRectF(0, 0, half, whole.height()), QRectF(half + 2, 0, half, whole.height())]

    def _pane_at(self, at: QPointF | None) -> QRectF:
        panes = self._panes()
        return panes[-1] if at is not None and len(panes) > 1 and at.x() >= panes[1].left() else panes[0]

    def _fitting(self, pane: QRectF) -> float:
        size = self._size()
        return min(pane.width() / max(1, size.width()), pane.height() / max(1, size.height()))

    def _scale(self) -> float:
        return self._zoom or self._fitting(self._panes()[0])

    def _frame(self, pane: QRectF) -> QRectF:
        """Where the whole picture lies, of which `pane` shows a part."""
        size, scale = self._size(), self._scale()
        width, height = size.width() * scale, size.height() * scale
        left = pane.center().x() - self._centre.x() * width
        top = pane.center().y() - self._centre.y() * height
        return QRectF(left, top, width, height)

    def _settle(self) -> None:
        """Keep the picture in the view: no empty border on one side while there is more on the other."""
        pane, size, scale = self._panes()[0], self._size(), self._scale()
        for given, length, room, put in (
            (self._centre.x(), size.width() * scale, pane.width(), self._centre.setX),
            (self._centre.y(), size.height() * scale, pane.height(), self._centre.setY),
        ):
            rest = room / (2 * length) if length > 0 else 1.0
            put(0.5 if rest >= 0.5 else min(1 - rest, max(rest, given)))
        words = "side by side" if self._aside else f"line at {self._split:.0%}"
        self.setAccessibleDescription(f"Zoom {self.zoom():.0%}, {words}. {_KEYS}")
        self.update()
        self.changed.emit()

    # Painting ------------------------------------------------------------------------------------------------------------

    def _seen(self) -> QRectF:
        """What of the picture lies in the view; the line goes from its left to its right edge."""
        pane = self._panes()[0]
        return self._frame(pane).intersected(pane)

    def _line(self) -> float:
        seen = self._seen()
        return seen.left() + seen.width() * self._split

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        panes = self._panes()
        close = self.zoom() >= _POINTS_FROM
        points = close or not self._smooth
        if self._aside:
            self._paint_pane(painter, panes[0], self._before, panes[0], points)
            self._paint_pane(painter, panes[1], self._after, panes[1], close)
        else:
            at = self._line()
            pane = panes[0]
            left = QRectF(pane.left(), pane.top(), at - pane.left(), pane.height())
            right = QRectF(at, pane.top(), pane.right() - at, pane.height())
            self._paint_pane(painter, pane, self._before, left, points)
            self._paint_pane(painter, pane, self._after, right, close)
            if self._before is not None and self._after is not None:
                self._paint_line(painter, at)
        self._paint_tags(painter)
        if self.hasFocus():
            painter.setPen(QPen(theme().colour("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))

    def _paint_pane(self, painter: QPainter, pane: QRectF, layers: Layers | None, clip: QRectF, points: bool) -> None:
        if layers is None or clip.isEmpty():
            return
        frame = self._frame(pane)
        painter.save()
        painter.setClipRect(clip)
        if layers.levels[0].hasAlphaChannel():
            self._paint_squares(painter, frame.intersected(clip))
        layers.paint(painter, frame, clip, points=points)
        painter.restore()

    def _paint_squares(self, painter: QPainter, area: QRectF) -> None:
        """What lies behind a see-through picture."""
        painter.fillRect(area, theme().colour("surface"))
        painter.save()
        painter.setClipRect(area, Qt.ClipOperation.IntersectClip)
        colour = theme().colour("line")
        for row in range(int(area.top()) // _SQUARE, int(area.bottom()) // _SQUARE + 1):
            for column in range(int(area.left()) // _SQUARE, int(area.right()) // _SQUARE + 1):
                if (row + column) % 2:
                    painter.fillRect(column * _SQUARE, row * _SQUARE, _SQUARE, _SQUARE, colour)
        painter.restore()

    def _paint_line(self, painter: QPainter, at: float) -> None:
        seen = self._seen()
        middle = seen.center().y()
        painter.setPen(QPen(QColor(0, 0, 0, 110), 4))
        painter.drawLine(QPointF(at, seen.top()), QPointF(at, seen.bottom()))
        painter.setPen(QPen(QColor("#ffffff"), 2))
        painter.drawLine(QPointF(at, seen.top()), QPointF(at, seen.bottom()))
        painter.setPen(QPen(QColor("#1f2328"), 1))
        painter.setBrush(QColor("#ffffff"))
        painter.drawEllipse(QPointF(at, middle), _GRIP, _GRIP)
        painter.setBrush(QColor("#1f2328"))
        for side in (-1, 1):
            tip, back = at + side * 8, at + side * 3
            painter.drawPolygon(
                QPolygonF([QPointF(tip, middle), QPointF(back, middle - 4.5), QPointF(back, middle + 4.5)])
            )

    def _paint_tags(self, painter: QPainter) -> None:
        if self._before is None or self._after is None:
            return
        metrics = painter.fontMetrics()
        wide = metrics.horizontalAdvance("Before") + 16
        if self._aside:
            panes = self._panes()
            places = [self._frame(p).intersected(p).left() + 8 for p in panes]
        else:
            seen, at = self._seen(), self._line()
            places = [max(seen.left() + 8, at - wide - 10), min(seen.right() - wide - 8, at + 10)]
            if places[1] - places[0] < wide:  # at an edge only the picture that is seen is named
                places[0 if at - seen.left() < wide else 1] = -10_000
        top = self._seen().top() + 8
        for words, left in zip(("Before", "After"), places, strict=True):
            box = QRectF(left, top, wide, metrics.height() + 6)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(20, 22, 24, 190))
            painter.drawRoundedRect(box, 5, 5)
            painter.setPen(QColor("#ffffff"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)

    # Acting ----------------------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            return
        self._last = event.position()
        near = not self._aside and abs(event.position().x() - self._line()) <= _NEAR
        # A picture that fits cannot be moved: then the line comes to the pointer wherever that is.
        pressed = event.button() == Qt.MouseButton.LeftButton
        self._held = "line" if pressed and (near or (not self._zoom and not self._aside)) else "picture"
        if self._held == "line":
            self._to_pointer(event)
        else:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held == "line":
            self._to_pointer(event)
        elif self._held == "picture":
            moved = event.position() - self._last
            self._last = event.position()
            self.move_by(moved.x(), moved.y())
        elif self._before is not None and self._after is not None:
            near = not self._aside and abs(event.position().x() - self._line()) <= _NEAR
            loose = Qt.CursorShape.OpenHandCursor if self._zoom else Qt.CursorShape.ArrowCursor
            self.setCursor(Qt.CursorShape.SplitHCursor if near else loose)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = ""
        self.mouseMoveEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._zoom:
            self.fit()
        else:
            self.zoom_to(1.0, event.position())

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y() / 120
        if turned:
            self.zoom_by(turned, event.position())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, held = Qt.Key(event.key()), event.modifiers()
        ways = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
        if key in ways:
            x, y = ways[key]
            if held & Qt.KeyboardModifier.ControlModifier or y or self._aside:
                self.move_by(-x * self.width() * _LARGE_STEP, -y * self.height() * _LARGE_STEP)
            else:
                self.set_split(self._split + x * (_LARGE_STEP if held & Qt.KeyboardModifier.ShiftModifier else _STEP))
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.set_split(float(key == Qt.Key.Key_End))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_by(1)
        elif key == Qt.Key.Key_Minus:
            self.zoom_by(-1)
        elif key == Qt.Key.Key_0:
            self.fit()
        elif key == Qt.Key.Key_1:
            self.one_to_one()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._settle()

    def _to_pointer(self, event: QMouseEvent) -> None:
        seen = self._seen()
        self.set_split((event.position().x() - seen.left()) / max(1.0, seen.width()))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if accepts(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.dropped.emit(event.mimeData())
