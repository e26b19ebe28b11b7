"""The canvas: paints the picture and its labels, hears the mouse, and leads both to the tool in hand."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QContextMenuEvent,
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from workbench.data.shapes import Region, Shape, bounds
from workbench.gui.editors.picture import hit
from workbench.gui.editors.picture.canvas_keys import CanvasKeys
from workbench.gui.editors.picture.canvas_paint import CanvasPainter
from workbench.gui.editors.picture.document import Document
from workbench.gui.editors.picture.drawing import tag_text
from workbench.gui.editors.picture.masks import Masks
from workbench.gui.editors.picture.nudge import Nudge
from workbench.gui.editors.picture.pixels import Picture
from workbench.gui.editors.picture.snapping import REACH, Edges
from workbench.gui.editors.picture.tools.base import Tool
from workbench.gui.editors.picture.tools.brush import LARGEST, SMALLEST
from workbench.gui.editors.picture.tools.select import SelectTool
from workbench.gui.editors.picture.view import View
from workbench.gui.theme import theme

_WHEEL = 1.0015
_PAN_STEP = 60
_AUTO_PAN_MS = 25


class Canvas(QAbstractScrollArea):
    """Attributes:
        view: zoom and pan.
        tool: the tool in hand; `select_tool` is always there, other tools lend its handles.
        snaps: edges catch. guides: lines through the pointer while drawing.
        brush_size: diameter in the picture's pixels. paints_over: paint covers other areas.
        cross: the keyboard's cross in the picture's pixels; `cross_shown` while it is in use.
        hovered: id of the label under the pointer, 0 for none. pointer: where it is on the screen, None outside.
        pressed: the left button is held. caught: the upright and the level edge that caught what is dragged.

    Signals:
        drew(object, str): a shape was drawn; the text names the step.
        fill_wanted(object): a place to fill from.
        class_needed(): something is to be drawn and there is no class yet.
        class_wanted(): what is chosen shall get another class.
        menu_wanted(object): right click, at this global place.
        zoomed(float): screen pixels per picture pixel.
        brush_sized(int): the brush's size was changed by wheel or key.
    """

    drew = Signal(object, str)
    fill_wanted = Signal(object)
    class_needed = Signal()
    class_wanted = Signal()
    menu_wanted = Signal(object)
    zoomed = Signal(float)
    brush_sized = Signal(int)

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.view = View()
        self.masks = Masks(document, self.view)
        self.snaps = True
        self.guides = True
        self.brush_size = 20
        self.paints_over = True
        self.cross = QPointF()
        self.cross_shown = False
        self.select_tool = SelectTool(self)
        self.tool: Tool = self.select_tool
        self.nudge = Nudge(document, self.select_tool)
        self.hovered = 0
        self.pointer: QPointF | None = None
        self.pressed = False
        self.caught: tuple[float | None, float | None] = (None, None)
        self._painter = CanvasPainter(self)
        self._keys = CanvasKeys(self)
        self._panning: QPointF | None = None
        self._edges: Edges | None = None
        self._auto_pan = QTimer(self)
        self._auto_pan.setInterval(_AUTO_PAN_MS)
        self._auto_pan.timeout.connect(self._pan_along)
        self.setObjectName("picture-canvas")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Picture")
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.horizontalScrollBar().valueChanged.connect(self._scrolled)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        document.changed.connect(self._document_changed)
        document.dragged.connect(self._dragged)
        document.chosen.connect(self._chosen)
        theme().changed.connect(self._restyle)

    # What is shown ---------------------------------------------------------------------------------------------

    def begin(self, width: int, height: int, stand_in: QPixmap | None) -> None:
        """Another picture is coming; until it is here, a small one stands in for it."""
        self.tool.leave()
        self.select_tool.leave()
        self.cross_shown = False
        self._painter.picture = None
        self._painter.stand_in = stand_in or QPixmap()
        self._painter.words = "" if stand_in is not None else "Opening …"
        self.hovered = 0
        self.view.set_picture(width, height)
        self._view_changed()

    def show_picture(self, picture: Picture) -> None:
        """The picture has come."""
        if self.view.picture.toSize() != QSize(picture.width, picture.height):
            self.view.set_picture(picture.width, picture.height)
        self._painter.picture, self._painter.words = picture, ""
        self._painter.stand_in = QPixmap()
        self._view_changed()

    def show_words(self, words: str) -> None:
        """A sentence in place of the picture."""
        self._painter.picture, self._painter.words = None, words
        self._painter.stand_in = QPixmap()
        self.viewport().update()

    @property
    def is_ready(self) -> bool:
        """The picture itself is shown."""
        return self._painter.picture is not None

    def take(self, tool: Tool) -> None:
        """Another tool in hand."""
        self.nudge.keep()
        if tool is not self.tool:
            self.tool.leave()
            self.tool = tool
        self.cross_shown = False
        self.drop_guides()
        self.hovered = 0
        self.show_cursor(tool.cursor)
        self.refresh()

    def refresh(self) -> None:
        self.viewport().update()

    def hover(self, annotation_id: int) -> None:
        """Make this label stand out (0: none)."""
        if annotation_id != self.hovered:
            self.hovered = annotation_id
            self.refresh()

    def show_cursor(self, shape: Qt.CursorShape) -> None:
        if self.viewport().cursor().shape() != shape:
            self.viewport().setCursor(shape)

    def drawing_colour(self) -> str:
        """The colour of what is drawn next."""
        found = self.document.classes.get(self.document.class_id or -1)
        return found.colour if found is not None else theme().colours.accent

    # Zoom and pan ----------------------------------------------------------------------------------------------

    def zoom_by(self, factor: float, around: QPointF | None = None) -> None:
        at = around or self.pointer or QPointF(self.view.room.width() / 2, self.view.room.height() / 2)
        self.view.zoom(self.view.scale * factor, at)
        self._view_changed()

    def fit(self) -> None:
        self.view.fit()
        self._view_changed()

    def actual_size(self) -> None:
        """One pixel of the picture on one of the screen; back to the whole picture when it is so already."""
        ratio = self.devicePixelRatioF()
        if abs(self.view.scale * ratio - 1.0) < 1e-6 and not self.view.fitted:
            self.fit()
            return
        at = self.pointer or QPointF(self.view.room.width() / 2, self.view.room.height() / 2)
        self.view.zoom(1.0 / ratio, at)
        self._view_changed()

    def show_chosen(self) -> None:
        """Zoom to what is chosen."""
        rects = [QRectF(*_xywh(a.shape)) for a in self.document.chosen_ones()]
        if rects:
            whole = rects[0]
            for rect in rects[1:]:
                whole = whole.united(rect)
            self.view.show(whole)
            self._view_changed()

    def reveal_chosen(self) -> None:
        """Bring the chosen label into view, when it is one and outside."""
        only = self.select_tool.only()
        if only is not None:
            self.reveal(QRectF(*_xywh(only.shape)))

    def reveal(self, rect: QRectF) -> None:
        """Pan as little as is needed to see a rectangle of the picture."""
        if self.view.reveal(rect):
            self._view_changed()

    def pan_by(self, dx: float, dy: float) -> bool:
        """False when the picture cannot go there."""
        moved = self.view.pan(dx, dy)
        if moved:
            self._view_changed()
        return moved

    @property
    def shows_guides(self) -> bool:
        """Are there lines through the pointer now?"""
        drawing = self.tool.id in ("box", "polygon") and not self._keys.space
        return self.guides and drawing and self.pointer is not None and not self.cross_shown

    # For the tools ---------------------------------------------------------------------------------------------

    def settled(self, at: QPointF, keys: Qt.KeyboardModifier, *, whole: bool = True) -> QPointF:
        """A place brought inside the picture, onto whole pixels, and onto an edge that is near."""
        x = min(max(0.0, at.x()), float(self.document.width))
        y = min(max(0.0, at.y()), float(self.document.height))
        sx, sy = self.snap_shift((x,), (y,), keys)
        if whole:
            # An edge that caught may lie between pixels; what is drawn beside it shall meet it.
            x = x if self.caught[0] is not None else round(x)
            y = y if self.caught[1] is not None else round(y)
        return QPointF(x + sx, y + sy)

    def begin_snapping(self, held: Iterable[int] = ()) -> None:
        """Collect the edges that catch: those of all boxes but the ones held."""
        dragged = set(held)
        others = [a for a in self.document.shown() if a.id not in dragged and not a.is_proposal]
        self._edges = Edges(self.document.width, self.document.height, others)

    def snap_shift(
        self, xs: tuple[float, ...], ys: tuple[float, ...], keys: Qt.KeyboardModifier
    ) -> tuple[float, float]:
        """How far these lines have to go to lie on edges that are near; nothing while snapping is off or Alt is held."""
        if not self.snaps or keys & Qt.KeyboardModifier.AltModifier:
            self.drop_guides()
            return 0.0, 0.0
        if self._edges is None:
            self.begin_snapping(self.document.drafts)
        assert self._edges is not None
        reach = REACH / self.view.scale
        dx, at_x = self._edges.snap_x(xs, reach)
        dy, at_y = self._edges.snap_y(ys, reach)
        if (at_x, at_y) != self.caught:
            self.caught = (at_x, at_y)
            self.refresh()
        return dx, dy

    def drop_guides(self) -> None:
        self._edges = None
        if self.caught != (None, None):
            self.caught = (None, None)
            self.refresh()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        self._painter.paint(painter, QRectF(event.rect()))

    # Changes elsewhere -----------------------------------------------------------------------------------------

    def _document_changed(self) -> None:
        self.masks.labels_changed()
        self._painter.stale = True
        if self.hovered and self.document.get(self.hovered) is None:
            self.hovered = 0
        self.drop_guides()
        self.refresh()

    def _dragged(self) -> None:
        drafts = self.document.drafts
        # What is not chosen is in the layer until it is dragged.
        if not drafts or not set(drafts) <= set(self.document.selection):
            self._painter.stale = True
        if not drafts or any(isinstance(shape, Region) for shape in drafts.values()):
            self.masks.labels_changed()
        self.refresh()

    def _chosen(self) -> None:
        self._painter.stale = True
        self.masks.view_changed()
        only = self.select_tool.only()
        words = ""
        if only is not None:
            x0, y0, x1, y1 = bounds(only.shape)
            words = f"{tag_text(self.document, only)}, {x1 - x0:.0f} by {y1 - y0:.0f} at {x0:.0f}, {y0:.0f}"
        elif self.document.selection:
            words = f"{len(self.document.selection)} labels chosen"
        if words != self.accessibleDescription():
            self.setAccessibleDescription(words)
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))
        self.refresh()

    def _restyle(self) -> None:
        self._painter.stale = True
        self.refresh()

    def _view_changed(self) -> None:
        self._painter.stale = True
        self.masks.view_changed()
        self._edges = None
        self._place_bars()
        self.zoomed.emit(self.view.scale)
        self.refresh()

    # Scroll bars -----------------------------------------------------------------------------------------------

    def _place_bars(self) -> None:
        for bar, (low, high), at, room in (
            (self.horizontalScrollBar(), self.view.span()[0], self.view.x, self.view.room.width()),
            (self.verticalScrollBar(), self.view.span()[1], self.view.y, self.view.room.height()),
        ):
            bar.blockSignals(True)
            bar.setRange(0, round(high - low))
            bar.setPageStep(round(room))
            bar.setSingleStep(_PAN_STEP)
            bar.setValue(round(high - at))
            bar.blockSignals(False)

    def _scrolled(self, _value: int) -> None:
        (_, right), (_, bottom) = self.view.span()
        self.view.x = right - self.horizontalScrollBar().value()
        self.view.y = bottom - self.verticalScrollBar().value()
        self.view.fitted = False
        self._view_changed()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Painted anew instead (`_scrolled`)."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        size = self.viewport().size()
        self.view.set_room(size.width(), size.height())
        self._view_changed()

    # The mouse -------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        self.pointer = at
        if event.button() == Qt.MouseButton.MiddleButton or (
            event.button() == Qt.MouseButton.LeftButton and self._keys.space
        ):
            self._panning, self._keys.space_used = at, True
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        elif event.button() == Qt.MouseButton.LeftButton and self.document.item is not None and not self._painter.words:
            self.nudge.keep()
            self.cross_shown = False
            self.pressed = True
            self.tool.press(self.view.to_picture(at), event.modifiers())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._panning is not None:
            gap = at - self._panning
            self._panning = self.pointer = at
            self.view.pan(gap.x(), gap.y())
            self._view_changed()
            return
        self.pointer = at
        if self.document.item is None or self._painter.words:
            return
        if self.cross_shown and not self.pressed:
            self.cross_shown = False
        self.tool.move(self.view.to_picture(at), event.modifiers(), self.pressed)
        outside = not QRectF(self.viewport().rect()).contains(at)
        if self.pressed and outside and not self._auto_pan.isActive():
            self._auto_pan.start()
        elif not (self.pressed and outside):
            self._auto_pan.stop()
        if self.guides and self.tool.id in ("box", "polygon"):
            self.refresh()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._panning is not None and event.button() in (Qt.MouseButton.MiddleButton, Qt.MouseButton.LeftButton):
            self._panning = None
            self.viewport().setCursor(Qt.CursorShape.OpenHandCursor if self._keys.space else self.tool.cursor)
        elif event.button() == Qt.MouseButton.LeftButton and self.pressed:
            self.pressed = False
            self._auto_pan.stop()
            self.tool.release(self.view.to_picture(event.position()), event.modifiers())
            self.refresh()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and not self._keys.space and not self._painter.words:
            self.tool.double(self.view.to_picture(event.position()), event.modifiers())

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.pointer = None
        self.hover(0)
        self.refresh()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What is under the pointer becomes chosen, so that the menu is about it."""
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            at = self.view.to_picture(QPointF(event.pos()))
            hits = hit.under(self.document, self.view, self.masks, at)
            if hits and not any(h.id in self.document.selection for h in hits):
                self.document.choose([hits[0].id])
        self.menu_wanted.emit(event.globalPos())

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.AltModifier:
            # Qt turns the wheel's direction with Alt on some systems.
            self.size_brush(1.2 if (delta.y() or delta.x()) > 0 else 1 / 1.2)
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.view.pan(delta.y() / 2 or delta.x() / 2, 0)
            self._view_changed()
        elif delta.y():
            self.zoom_by(_WHEEL ** delta.y(), event.position())
        event.accept()

    def size_brush(self, factor: float) -> None:
        """Larger or smaller, by at least a pixel."""
        wanted = round(self.brush_size * factor)
        if wanted == self.brush_size:
            wanted += 1 if factor > 1 else -1
        self.set_brush(wanted)

    def set_brush(self, size: int) -> None:
        self.brush_size = max(SMALLEST, min(LARGEST, size))
        self.brush_sized.emit(self.brush_size)
        self.refresh()

    def _pan_along(self) -> None:
        """A drag has left the canvas: the picture follows."""
        at = self.viewport().mapFromGlobal(self.cursor().pos())
        rect = self.viewport().rect()
        dx = max(0, rect.left() - at.x()) - max(0, at.x() - rect.right())
        dy = max(0, rect.top() - at.y()) - max(0, at.y() - rect.bottom())
        if not self.pressed or (not dx and not dy):
            self._auto_pan.stop()
            return
        self.view.pan(max(-40, min(40, dx)) * 0.5, max(-40, min(40, dy)) * 0.5)
        self._view_changed()
        self.tool.move(self.view.to_picture(QPointF(at)), Qt.KeyboardModifier.NoModifier, True)

    # The keyboard ----------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        # While an outline is being drawn, undoing takes back its last point, not what was done before.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            undo = event.key() == Qt.Key.Key_Z and event.modifiers() == Qt.KeyboardModifier.ControlModifier
            if undo and self.tool.busy:
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.setAccepted(self._keys.press(event))

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        event.setAccepted(self._keys.release(event))

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes through the labels, then on to the next control."""
        ids = [a.id for a in self.document.shown()]
        if not self.tool.busy and ids:
            last = self.document.selection[-1] if self.document.selection else None
            place = ids.index(last) + (1 if forward else -1) if last in ids else (0 if forward else len(ids) - 1)
            if 0 <= place < len(ids):
                self.document.choose([ids[place]])
                self.reveal_chosen()
                return True
            self.document.choose(())
        return super().focusNextPrevChild(forward)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._keys.space = False
        self.nudge.keep()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.nudge.keep()


def _xywh(shape: Shape) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = bounds(shape)
    return x0, y0, x1 - x0, y1 - y0
