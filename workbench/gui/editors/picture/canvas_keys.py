"""What the canvas does with keys by itself: the keyboard's cross, nudging, panning, and what is half drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QKeyEvent

if TYPE_CHECKING:
    from workbench.gui.editors.picture.canvas import Canvas

_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_PAN_STEP = 60
# With Shift, arrows go so many pixels at once.
_FAR = 10
_SHIFT, _CTRL, _ALT = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)


class CanvasKeys:
    """Attributes:
    space: Space is held: the mouse pans; `space_used`: it has done so.
    """

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self.space = self.space_used = False

    def press(self, event: QKeyEvent) -> bool:
        """False for what the editor may have a use for."""
        canvas, tool = self._canvas, self._canvas.tool
        key, keys = Qt.Key(event.key()), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if key == Qt.Key.Key_Space and not keys:
            if not event.isAutoRepeat():
                self.space, self.space_used = True, False
                canvas.show_cursor(Qt.CursorShape.OpenHandCursor)
            return True
        if key in _ARROWS:
            return self._arrow(*_ARROWS[key], keys)
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not keys:
            return tool.finish(canvas.cross)
        if key == Qt.Key.Key_Escape:
            return self._escape()
        if key == Qt.Key.Key_Backspace or (key == Qt.Key.Key_Z and keys == _CTRL):
            return tool.take_back()
        if key == Qt.Key.Key_Delete and canvas.select_tool.point >= 0 and canvas.select_tool.only() is not None:
            canvas.select_tool.drop_point(canvas.select_tool.point)
            return True
        if key == Qt.Key.Key_Insert and not keys:
            canvas.select_tool.insert_point()
            return True
        return False

    def release(self, event: QKeyEvent) -> bool:
        if event.isAutoRepeat():
            return True
        if event.key() == Qt.Key.Key_Space and self.space:
            self.space = False
            self._canvas.show_cursor(self._canvas.tool.cursor)
            if not self.space_used and self._canvas.tool.draws:
                self._confirm()
            return True
        if Qt.Key(event.key()) in _ARROWS:
            self._canvas.nudge.keep()
            return True
        return False

    def _arrow(self, dx: int, dy: int, keys: Qt.KeyboardModifier) -> bool:
        canvas, tool, document = self._canvas, self._canvas.tool, self._canvas.document
        far = _FAR if keys & _SHIFT else 1
        resize = bool(keys & _ALT)
        if tool.busy and not tool.draws:
            return True  # the mouse is dragging
        if tool.draws and (canvas.cross_shown or tool.busy or not document.selection) and not resize:
            self._move_cross(dx, dy, keys)
            return True
        if document.selection:
            (canvas.nudge.resize if resize else canvas.nudge.move)(dx * far, dy * far)
            return True
        # Where nothing can be panned, the editor goes to another picture.
        step = _PAN_STEP * (3 if far > 1 else 1)
        return not resize and canvas.pan_by(-dx * step, -dy * step)

    def _move_cross(self, dx: int, dy: int, keys: Qt.KeyboardModifier) -> None:
        canvas = self._canvas
        if not canvas.cross_shown:
            self._begin_cross()
        seen = canvas.view.seen()
        step = _FAR if keys & _SHIFT else 1
        if keys & _CTRL:
            step = max(1, round(max(seen.width(), seen.height()) / 10))
        x = min(max(0.0, canvas.cross.x() + dx * step), float(canvas.document.width))
        y = min(max(0.0, canvas.cross.y() + dy * step), float(canvas.document.height))
        canvas.cross = QPointF(x, y)
        canvas.reveal(QRectF(x, y, 0.01, 0.01))
        # The cross does not snap: it goes exactly where it is sent.
        canvas.tool.move(canvas.cross, _ALT, canvas.tool.busy)
        canvas.refresh()

    def _begin_cross(self) -> None:
        """Where it was last, or in the middle of what is seen."""
        canvas = self._canvas
        seen = canvas.view.seen()
        if not seen.contains(canvas.cross) or canvas.cross == QPointF():
            middle = seen.center()
            canvas.cross = QPointF(round(middle.x()), round(middle.y()))
        canvas.cross_shown = True
        canvas.pointer = None
        canvas.refresh()

    def _confirm(self) -> None:
        if self._canvas.cross_shown:
            self._canvas.tool.confirm(self._canvas.cross)
        else:
            self._begin_cross()

    def _escape(self) -> bool:
        canvas = self._canvas
        if canvas.tool.cancel() or canvas.select_tool.cancel():
            return True
        was, canvas.cross_shown = canvas.cross_shown, False
        canvas.refresh()
        return was
