"""Selecting the words of a picture as if they were text: mouse, keys, menu and painting over a canvas."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPen, QTransform
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from workbench.gui.icons import icon
from workbench.gui.widgets.text_layer import TextLayer
from workbench.tasks.predictions import Box

# Seen on paper as well as on a photo of the night, whatever the theme: it lies on the picture, not on the window.
_ACCENT = QColor("#0a84c6")
_SHIFT = Qt.KeyboardModifier.ShiftModifier
_STEPS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class TextOverPicture(QObject):
    """Signals:
    line_chosen(int): place of the line the person chose; -1 for none.
    """

    line_chosen = Signal(int)

    def __init__(self, canvas: QWidget, into_picture: Callable[[], QTransform]) -> None:
        """`into_picture`: gives the way from the canvas to pixels of the original picture."""
        super().__init__(canvas)
        self._canvas = canvas
        self._into_picture = into_picture
        self.layer = TextLayer(())
        self._pressed_at: QPointF | None = None
        self._dragged = False

    @property
    def is_shown(self) -> bool:
        return bool(self.layer.boxes)

    def show_lines(self, boxes: tuple[Box, ...]) -> None:
        """Other lines; the selection goes, unless they are the same."""
        if boxes != self.layer.boxes:
            self.layer = TextLayer(boxes)
            self._tell()
        self._canvas.setMouseTracking(self.is_shown)
        if not self.is_shown:
            self._canvas.unsetCursor()
        self._canvas.update()

    def choose_line(self, line: int) -> None:
        """Without a signal: asked from outside."""
        self.layer.line = line if line < len(self.layer.boxes) else -1
        self._canvas.update()

    def copy(self) -> None:
        """What is selected, else the chosen line, else everything."""
        layer = self.layer
        text = layer.selected_text()
        if not text and layer.line >= 0:
            text = layer.boxes[layer.line].label
        if not text:
            layer.select_all()
            text = layer.selected_text()
            self._tell()
        QApplication.clipboard().setText(text)

    def select_all(self) -> None:
        self.layer.select_all()
        self._tell()

    # Painting ------------------------------------------------------------------------------------------------------------

    def paint(self, painter: QPainter) -> None:
        """Over the picture."""
        to_canvas, _ = self._into_picture().inverted()
        painter.save()
        faint = QColor(_ACCENT)
        faint.setAlpha(26)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(faint)
        for shape in self.layer.lines:
            painter.drawPolygon(to_canvas.map(shape))
        if self.layer.line >= 0:
            chosen = QColor(_ACCENT)
            chosen.setAlpha(46)
            painter.setBrush(chosen)
            painter.setPen(QPen(_ACCENT, 2))
            painter.drawPolygon(to_canvas.map(self.layer.lines[self.layer.line]))
        marked = QColor(_ACCENT)
        marked.setAlpha(110)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QBrush(marked))
        for shape in self.layer.selected_shapes():
            painter.drawPolygon(to_canvas.map(shape))
        painter.restore()

    # Mouse and keys --------------------------------------------------------------------------------------------------------

    def press(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        at = self._into_picture().map(event.position())
        self._pressed_at, self._dragged = event.position(), False
        if event.modifiers() & _SHIFT:
            self.layer.reach(self.layer.nearest(at))
            self._dragged = True
            self._tell()
            return
        self.layer.begin(-1)
        self.layer.line = self.layer.line_at(at)
        self.line_chosen.emit(self.layer.line)
        self._tell()

    def move(self, event: QMouseEvent) -> None:
        at = self._into_picture().map(event.position())
        if self._pressed_at is None or not event.buttons() & Qt.MouseButton.LeftButton:
            over = self.layer.line_at(at) >= 0
            self._canvas.setCursor(Qt.CursorShape.IBeamCursor if over else Qt.CursorShape.ArrowCursor)
            return
        moved = (event.position() - self._pressed_at).manhattanLength()
        if not self._dragged and moved < QApplication.startDragDistance():
            return
        if not self._dragged:
            self._dragged = True
            self.layer.line = -1
            self.line_chosen.emit(-1)
            if not event.modifiers() & _SHIFT:
                self.layer.begin(self.layer.nearest(self._into_picture().map(self._pressed_at)))
        self.layer.reach(self.layer.nearest(at))
        self._tell()

    def release(self) -> None:
        self._pressed_at = None

    def double_click(self, event: QMouseEvent) -> None:
        """A word; beside a word, its line."""
        at = self._into_picture().map(event.position())
        word, line = self.layer.word_at(at), self.layer.line_at(at)
        if word >= 0:
            self.layer.begin(word)
        elif line >= 0:
            self.layer.select_line(line)
        self._tell()

    def takes(self, event: QKeyEvent) -> bool:
        """True for keys that are its own although a menu may have them too."""
        return self.is_shown and any(event.matches(k) for k in (QKeySequence.StandardKey.Copy, QKeySequence.StandardKey.SelectAll))  # fmt: skip

    def key(self, event: QKeyEvent) -> bool:
        """True when the key was for the text."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.select_all()
        elif event.key() == Qt.Key.Key_Escape and (self.layer.selected or self.layer.line >= 0):
            self.layer.begin(-1)
            self.layer.line = -1
            self.line_chosen.emit(-1)
            self._tell()
        elif event.key() in _STEPS:
            self._step(*_STEPS[Qt.Key(event.key())], extend=bool(event.modifiers() & _SHIFT))
        else:
            return False
        return True

    def _step(self, words: int, lines: int, *, extend: bool) -> None:
        layer = self.layer
        if extend:
            layer.step(words) if words else layer.step_line(lines)
            self._tell()
            return
        layer.begin(-1)
        layer.line = (layer.line + (words or lines)) % len(layer.boxes) if layer.line >= 0 else 0
        self.line_chosen.emit(layer.line)
        self._tell()

    def show_menu(self, at: QPoint) -> None:
        """What can be done with the text, at a point of the screen."""
        menu = QMenu(self._canvas)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        words = "Copy" if self.layer.selected else "Copy this line" if self.layer.line >= 0 else "Copy all text"
        menu.addAction(icon("copy"), words, self.copy).setShortcut(QKeySequence.StandardKey.Copy)
        menu.addAction(icon("text-cursor-input"), "Select all", self.select_all).setShortcut(
            QKeySequence.StandardKey.SelectAll
        )
        menu.popup(at)

    def _tell(self) -> None:
        """Draw, and say to a screen reader what is selected."""
        chosen = self.layer.selected_text()
        if not chosen and self.layer.line >= 0:
            chosen = self.layer.boxes[self.layer.line].label
        self._canvas.setAccessibleDescription(
            chosen or (f"{len(self.layer.boxes)} lines of text" if self.is_shown else "")
        )
        self._canvas.update()
