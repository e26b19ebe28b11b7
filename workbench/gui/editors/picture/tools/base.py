"""What a tool is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter

if TYPE_CHECKING:
    from workbench.gui.editors.picture.canvas import Canvas

Keys = Qt.KeyboardModifier


class Tool:
    """One way to use the mouse on the canvas. Places are in the picture's pixels.

    Attributes:
        id, title, icon, key: for the tool bar and the list of shortcuts; `tip` says what to do.
        draws: it makes something new: the arrow keys move a cross, Space sets its points.
    """

    id = ""
    title = ""
    icon = ""
    key = ""
    tip = ""
    draws = True
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas

    @property
    def busy(self) -> bool:
        """Something is half drawn."""
        return False

    def press(self, at: QPointF, keys: Keys) -> None:
        """The left button went down."""

    def move(self, at: QPointF, keys: Keys, down: bool) -> None:
        """The pointer moved; `down`: with the left button held."""

    def release(self, at: QPointF, keys: Keys) -> None:
        """The left button was let go."""

    def double(self, at: QPointF, keys: Keys) -> None:
        """A double click; its first press and release came before."""

    def confirm(self, at: QPointF) -> None:
        """Space: set a point at the keyboard's cross."""

    def finish(self, at: QPointF) -> bool:
        """Enter: be done with what is half drawn. False when there is nothing to finish."""
        return False

    def cancel(self) -> bool:
        """Escape: drop what is half drawn. False when there is nothing."""
        return False

    def take_back(self) -> bool:
        """Backspace: take the last point back. False when there is none."""
        return False

    def leave(self) -> None:
        """Another tool or another picture comes."""
        self.cancel()

    def paint(self, painter: QPainter) -> None:
        """What is half drawn, on the screen."""
