"""What something is called: a shape that was drawn gets the class in use; where there is none, its name is asked for."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QWidget

from workbench.data.annotations import Annotation
from workbench.data.shapes import Shape
from workbench.gui.editors.picture.deeds import Deeds
from workbench.gui.editors.picture.finder import ClassFinder


class Naming(QObject):
    """Asks by `ClassFinder` over `canvas`, which has the keyboard again afterwards."""

    def __init__(self, deeds: Deeds, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._deeds, self._canvas = deeds, canvas
        self._drawn: tuple[Shape, str] | None = None

    def ask(self, heading: str = "Which class?", at: QPoint | None = None) -> None:
        """Ask for a class by name, for what is chosen and for what is drawn next."""
        finder = ClassFinder(list(self._deeds.document.classes.values()), heading, self._canvas.window())
        finder.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        finder.found.connect(self._found)
        finder.named.connect(self._named)
        finder.rejected.connect(self._refused)
        finder.finished.connect(lambda _result: self._canvas.setFocus())
        finder.open_at(at or self._canvas.mapToGlobal(QPoint(40, 40)))

    def ask_here(self, heading: str) -> None:
        """The same at the pointer."""
        self.ask(heading, QCursor.pos())

    def drawn(self, shape: Shape, text: str) -> None:
        """A shape was drawn; without a name it is not kept."""
        self._drawn = (shape, text)
        if self._deeds.document.class_id is None:
            self.ask_here("What is this?")
        else:
            self._keep()

    def _found(self, class_id: int) -> None:
        self._deeds.take_class(class_id)
        self._keep()

    def _named(self, name: str) -> None:
        class_id = self._deeds.add_class(name)
        if class_id is not None:
            self._found(class_id)
        else:
            self._refused()

    def _refused(self) -> None:
        self._drawn = None

    def _keep(self) -> None:
        if self._drawn is not None:
            (shape, text), self._drawn = self._drawn, None
            self._deeds.document.add([Annotation(shape, self._deeds.document.class_id)], text)
