"""Choosing, moving and resizing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from workbench.data.annotations import Annotation
from workbench.data.shapes import BoxShape, Point, Polygon, Region, Shape, bounds, moved
from workbench.gui.editors.picture import hit
from workbench.gui.editors.picture.document import LOCKED, counted
from workbench.gui.editors.picture.drawing import HANDLE, paint_note, pen
from workbench.gui.editors.picture.tools.base import Keys, Tool
from workbench.gui.theme import theme

if TYPE_CHECKING:
    from workbench.gui.editors.picture.canvas import Canvas

_DRAG = 4.0
_MULTI = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
# Which edges the eight handles of a box move, clockwise from the upper left corner.
_LEFT, _TOP, _RIGHT, _BOTTOM = {0, 6, 7}, {0, 1, 2}, {2, 3, 4}, {4, 5, 6}
_SIZES = (
    Qt.CursorShape.SizeFDiagCursor, Qt.CursorShape.SizeVerCursor, Qt.CursorShape.SizeBDiagCursor,
    Qt.CursorShape.SizeHorCursor,
)  # fmt: skip


class SelectTool(Tool):
    """See the module.

    Attributes:
        point: place of the point of the chosen outline that keys act on; -1 for none.
    """

    id = "select"
    title = "Choose and move"
    icon = "mouse-pointer-2"
    key = "V"
    tip = "Click to choose, drag to move. Shift adds to the choice; drag over empty ground to choose many."
    draws = False
    cursor = Qt.CursorShape.ArrowCursor

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._doing: Literal["", "press", "toggle", "move", "handle", "frame"] = ""
        self._from = QPointF()
        self._now = QPointF()
        self._handle = -1
        self._held: dict[int, Shape] = {}
        self._before: tuple[int, ...] = ()
        self._click_through: int | None = None
        self.point = -1

    @property
    def busy(self) -> bool:
        return self._doing in ("move", "handle", "frame")

    # The mouse -------------------------------------------------------------------------------------------------

    def press(self, at: QPointF, keys: Keys) -> None:
        document = self.canvas.document
        self._from = self._now = at
        self._before = document.selection
        self._click_through = None
        if not keys & _MULTI and self.grab_handle(at, keys):
            return
        self.point = -1
        hits = hit.under(document, self.canvas.view, self.canvas.masks, at)
        if not hits:
            self._doing = "frame"
            if not keys & _MULTI:
                document.choose(())
            self.canvas.refresh()
            return
        first = hits[0]
        if keys & _MULTI:
            self._doing, self._click_through = "toggle", first.id
            return
        chosen = next((h for h in hits if h.id in document.selection), None)
        if chosen is None:
            document.choose([first.id])
        elif len(document.selection) == 1 and len(hits) > 1:
            # Clicking again, without dragging, goes through what lies on top of one another.
            place = [h.id for h in hits].index(chosen.id)
            self._click_through = hits[(place + 1) % len(hits)].id
        elif len(document.selection) > 1:
            self._click_through = chosen.id
        self._doing = "press"

    def move(self, at: QPointF, keys: Keys, down: bool) -> None:
        self._now = at
        if not down:
            self._hover(at)
            return
        if self._doing in ("press", "toggle"):
            gap = at - self._from
            if max(abs(gap.x()), abs(gap.y())) * self.canvas.view.scale < _DRAG:
                return
            if self._doing == "toggle":
                self._doing = "frame"  # with Shift or Ctrl, a frame may begin on top of a label too
            else:
                self._hold(self.canvas.document.unlocked())
                self._doing = "move" if self._held else ""
        if self._doing == "move":
            self._drag(at, keys)
        elif self._doing == "handle":
            self._pull(at, keys)
        elif self._doing == "frame":
            self._catch(keys)

    def release(self, at: QPointF, keys: Keys) -> None:
        doing, self._doing = self._doing, ""
        document = self.canvas.document
        if doing == "move":
            document.keep_drafts(f"move {counted(len(self._held))}")
        elif doing == "handle":
            moved_away = bool(document.drafts)
            document.keep_drafts("change a shape")
            if moved_away:
                self.point = -1
        elif doing in ("press", "toggle") and self._click_through is not None:
            document.choose([self._click_through], toggle=doing == "toggle")
        self._held = {}
        self.canvas.drop_guides()
        self.canvas.refresh()

    def double(self, at: QPointF, keys: Keys) -> None:
        if self.canvas.document.selection and hit.under(self.canvas.document, self.canvas.view, self.canvas.masks, at):
            self.canvas.class_wanted.emit()

    def cancel(self) -> bool:
        was, self._doing = self._doing, ""
        if was == "frame":
            self.canvas.document.choose(self._before)
        self._held = {}
        self.canvas.document.drop_drafts()
        self.canvas.drop_guides()
        self.canvas.refresh()
        if was in ("move", "handle", "frame"):
            return True
        had, self.point = self.point, -1
        return had >= 0

    def leave(self) -> None:
        super().leave()
        self.point = -1

    # Handles ---------------------------------------------------------------------------------------------------

    def grab_handle(self, at: QPointF, keys: Keys) -> bool:
        """Take hold of a handle of the one chosen label. False when none is there."""
        only = self.only()
        if only is None or only.locked or only.hidden:
            return False
        place = self.canvas.view.to_screen(at)
        handle = hit.handle_at(only, self.canvas.view, place)
        self._from = self._now = at
        if isinstance(only.shape, Polygon):
            if handle >= 0 and keys & Qt.KeyboardModifier.AltModifier:
                self.drop_point(handle)
                return True
            if handle < 0:
                edge = hit.edge_at(only, self.canvas.view, place)
                if edge < 0:
                    return False
                # The edge gets a corner, which is then dragged.
                self._hold([only.id])
                self._held = {only.id: inserted(only.shape, edge)}
                self._handle, self._doing = edge + 1, "handle"
                self.canvas.document.draft(self._held)
                return True
            self.point = handle
        if handle < 0:
            return False
        self._hold([only.id])
        self._handle, self._doing = handle, "handle"
        self.canvas.refresh()
        return True

    def only(self) -> Annotation | None:
        """The chosen label when it is exactly one."""
        chosen = self.canvas.document.chosen_ones()
        return chosen[0] if len(chosen) == 1 else None

    def drop_point(self, number: int) -> None:
        """Take a corner off the chosen outline; the last three stay."""
        only = self.only()
        if only is None or not isinstance(only.shape, Polygon):
            return
        if only.locked:
            self.canvas.document.said.emit(LOCKED, "info")
            return
        part, place = part_of(only.shape, number)
        points = only.shape.parts[part]
        if len(points) <= 3:
            self.canvas.document.said.emit("An outline needs three points. Delete it whole instead.", "info")
            return
        parts = list(only.shape.parts)
        parts[part] = (*points[:place], *points[place + 1 :])
        self.point = min(self.point, sum(len(p) for p in parts) - 1)
        self.canvas.document.reshape({only.id: Polygon(tuple(parts))}, "take a point away")

    def insert_point(self) -> None:
        """A new corner after the one that keys act on."""
        only = self.only()
        if only is None or only.locked or not isinstance(only.shape, Polygon) or self.point < 0:
            return
        shape = inserted(only.shape, self.point)
        self.point += 1
        self.canvas.document.reshape({only.id: shape}, "add a point")

    def step_point(self, step: int) -> None:
        """Go to the next corner of the chosen outline: arrow keys then move it."""
        only = self.only()
        if only is not None and isinstance(only.shape, Polygon):
            total = sum(len(part) for part in only.shape.parts)
            self.point = (self.point + step) % total if self.point >= 0 else (0 if step > 0 else total - 1)
            self.canvas.refresh()

    # Painting --------------------------------------------------------------------------------------------------

    def paint(self, painter: QPainter) -> None:
        view = self.canvas.view
        if self._doing == "frame":
            rect = QRectF(view.to_screen(self._from), view.to_screen(self._now)).normalized()
            fill = theme().colour("accent")
            fill.setAlpha(40)
            painter.setBrush(fill)
            painter.setPen(pen(theme().colour("accent"), 1))
            painter.drawRect(rect)
        only = self.only()
        if only is not None and isinstance(only.shape, Polygon) and 0 <= self.point < count_points(only.shape):
            part, place = part_of(only.shape, self.point)
            painter.setPen(pen("#ffffff", 1.5))
            painter.setBrush(QColor(self.canvas.document.colour_of(only)))
            painter.drawEllipse(view.to_screen(QPointF(*only.shape.parts[part][place])), HANDLE * 0.8, HANDLE * 0.8)
        if only is not None and self._doing in ("handle", "move") and only.id in self.canvas.document.drafts:
            x0, y0, x1, y1 = bounds(only.shape)
            words = f"{x1 - x0:.0f} × {y1 - y0:.0f}" if self._doing == "handle" else f"{x0:.0f}, {y0:.0f}"
            paint_note(painter, view, view.to_screen(self._now), words)

    # Inside ----------------------------------------------------------------------------------------------------

    def _hold(self, ids: list[int]) -> None:
        found = (self.canvas.document.get(i) for i in ids)
        self._held = {a.id: a.shape for a in found if a is not None}
        self.canvas.begin_snapping(self._held)

    def _drag(self, at: QPointF, keys: Keys) -> None:
        dx, dy = float(round(at.x() - self._from.x())), float(round(at.y() - self._from.y()))
        frames = [bounds(shape) for shape in self._held.values()]
        x0, y0 = min(f[0] for f in frames), min(f[1] for f in frames)
        x1, y1 = max(f[2] for f in frames), max(f[3] for f in frames)
        whole = any(isinstance(shape, Region) for shape in self._held.values())
        sx, sy = self.canvas.snap_shift((x0 + dx, x1 + dx), (y0 + dy, y1 + dy), keys)
        dx, dy = dx + sx, dy + sy
        # What is dragged stays inside the picture, where it can.
        document = self.canvas.document
        dx = min(max(dx, -x0), max(-x0, document.width - x1))
        dy = min(max(dy, -y0), max(-y0, document.height - y1))
        if whole:
            dx, dy = float(round(dx)), float(round(dy))
        document.draft({i: moved(shape, dx, dy) for i, shape in self._held.items()})

    def _pull(self, at: QPointF, keys: Keys) -> None:
        (held_id, shape), *_ = self._held.items()
        if isinstance(shape, BoxShape):
            to = self.canvas.settled(at, keys)
            x0, y0, x1, y1 = bounds(shape)
            x0 = to.x() if self._handle in _LEFT else x0
            x1 = to.x() if self._handle in _RIGHT else x1
            y0 = to.y() if self._handle in _TOP else y0
            y1 = to.y() if self._handle in _BOTTOM else y1
            # Pulled past the other side, the box turns over; it never gets thinner than a pixel.
            x0, x1 = _apart(x0, x1, self._handle in _LEFT)
            y0, y1 = _apart(y0, y1, self._handle in _TOP)
            self.canvas.document.draft({held_id: BoxShape(x0, y0, x1, y1)})
        elif isinstance(shape, Polygon):
            to = self.canvas.settled(at, keys, whole=False)
            document = self.canvas.document
            point = (
                min(max(0.0, round(to.x(), 1)), float(document.width)),
                min(max(0.0, round(to.y(), 1)), float(document.height)),
            )
            document.draft({held_id: with_point(shape, self._handle, point)})

    def _catch(self, keys: Keys) -> None:
        document = self.canvas.document
        caught = hit.inside_frame(document, QRectF(self._from, self._now).normalized())
        document.choose([*self._before, *caught] if keys & _MULTI else caught)
        self.canvas.refresh()

    def _hover(self, at: QPointF) -> None:
        canvas = self.canvas
        only = self.only()
        handle = -1
        if only is not None and not only.locked and not only.hidden:
            place = canvas.view.to_screen(at)
            handle = hit.handle_at(only, canvas.view, place)
            if isinstance(only.shape, Polygon) and (handle >= 0 or hit.edge_at(only, canvas.view, place) >= 0):
                canvas.show_cursor(Qt.CursorShape.PointingHandCursor)
                canvas.hover(only.id)
                return
        if handle >= 0:
            canvas.show_cursor(_SIZES[handle % 4])
            return
        hits = hit.under(canvas.document, canvas.view, canvas.masks, at)
        canvas.hover(hits[0].id if hits else 0)
        chosen = bool(hits) and any(h.id in canvas.document.selection for h in hits)
        canvas.show_cursor(
            Qt.CursorShape.SizeAllCursor if chosen
            else Qt.CursorShape.PointingHandCursor if hits else Qt.CursorShape.ArrowCursor
        )  # fmt: skip


def _apart(one: float, other: float, lower_moves: bool) -> tuple[float, float]:
    low, high = min(one, other), max(one, other)
    if high - low >= 1:
        return low, high
    return (high - 1, high) if lower_moves else (low, low + 1)


def count_points(shape: Polygon) -> int:
    return sum(len(part) for part in shape.parts)


def part_of(shape: Polygon, number: int) -> tuple[int, int]:
    """Which part the point of this number lies in, and where in it."""
    for place, part in enumerate(shape.parts):
        if number < len(part):
            return place, number
        number -= len(part)
    raise IndexError(number)


def with_point(shape: Polygon, number: int, point: Point) -> Polygon:
    """The outline with one point elsewhere."""
    part, place = part_of(shape, number)
    parts = list(shape.parts)
    parts[part] = (*parts[part][:place], point, *parts[part][place + 1 :])
    return Polygon(tuple(parts))


def inserted(shape: Polygon, number: int) -> Polygon:
    """The outline with a point more, in the middle of the edge that begins at the point of this number."""
    part, place = part_of(shape, number)
    points = shape.parts[part]
    a, b = points[place], points[(place + 1) % len(points)]
    middle = (round((a[0] + b[0]) / 2, 1), round((a[1] + b[1]) / 2, 1))
    parts = list(shape.parts)
    parts[part] = (*points[: place + 1], middle, *points[place + 1 :])
    return Polygon(tuple(parts))
