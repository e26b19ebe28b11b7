"""Moving and resizing by arrow keys: shown at once, kept when the key is let go."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject

from workbench.data.annotations import Annotation
from workbench.data.shapes import BoxShape, Polygon, Shape, bounds, moved
from workbench.gui.editors.picture.document import Document, counted
from workbench.gui.editors.picture.tools.select import SelectTool, count_points, part_of, with_point


class Nudge(QObject):
    """Collects presses of arrow keys into one step."""

    def __init__(self, document: Document, select: SelectTool) -> None:
        super().__init__(document)
        self._document, self._select = document, select
        self._text = ""
        document.chosen.connect(self.keep)

    def move(self, dx: float, dy: float) -> None:
        """Shift the chosen labels, or the one corner of an outline that is picked out."""
        only = self._select.only()
        if only is not None and isinstance(only.shape, Polygon) and 0 <= self._select.point < count_points(only.shape):
            part, place = part_of(only.shape, self._select.point)
            x, y = only.shape.parts[part][place]
            to = (self._inside(x + dx, self._document.width), self._inside(y + dy, self._document.height))
            self._show({only.id: with_point(only.shape, self._select.point, to)}, "move a point")
            return
        held = self._held()
        if not held:
            return
        frames = [bounds(a.shape) for a in held]
        low_x, low_y = min(f[0] for f in frames), min(f[1] for f in frames)
        high_x, high_y = max(f[2] for f in frames), max(f[3] for f in frames)
        dx = min(max(dx, -low_x), max(-low_x, self._document.width - high_x))
        dy = min(max(dy, -low_y), max(-low_y, self._document.height - high_y))
        self._show({a.id: moved(a.shape, dx, dy) for a in held}, f"move {counted(len(held))}")

    def resize(self, dx: float, dy: float) -> None:
        """Move the right and the lower edge of the chosen boxes."""
        held = [a for a in self._held() if isinstance(a.shape, BoxShape)]
        wanted: dict[int, Shape] = {}
        for annotation in held:
            x0, y0, x1, y1 = bounds(annotation.shape)
            wanted[annotation.id] = BoxShape(
                x0, y0, max(x0 + 1, self._inside(x1 + dx, self._document.width)),
                max(y0 + 1, self._inside(y1 + dy, self._document.height)),
            )  # fmt: skip
        if wanted:
            self._show(wanted, f"resize {counted(len(wanted))}")

    def keep(self) -> None:
        """The key was let go: what was moved is so now."""
        if self._text:
            text, self._text = self._text, ""
            self._document.keep_drafts(text)

    def _held(self) -> list[Annotation]:
        return [a for a in (self._document.get(i) for i in self._document.unlocked()) if a is not None]

    def _show(self, wanted: Mapping[int, Shape], text: str) -> None:
        self._text = text
        self._document.draft(wanted)

    @staticmethod
    def _inside(value: float, size: float) -> float:
        return min(max(0.0, value), float(size))
