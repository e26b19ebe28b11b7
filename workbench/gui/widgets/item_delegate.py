"""How one item looks: a picture with its label, or a line of text with its label."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from workbench.data.types import ClassLabel, Item, Window
from workbench.gui.icons import pixmap
from workbench.gui.models.item_marks import Marks
from workbench.gui.models.item_model import Cell, ItemModel
from workbench.gui.theme import M, S, theme
from workbench.gui.thumbnails import SIDE, Thumbnails
from workbench.gui.widgets.fitted import fitted
from workbench.gui.widgets.row_head import RowHead, paint_cells

Index = QModelIndex | QPersistentModelIndex
# Grounds and labels that are kept drawn: a screen shows few different ones, over and over.
_STAMPS = 600


class ItemDelegate(QStyledItemDelegate):
    """Paints pictures as tiles of `side` pixels and texts as rows.

    Attributes:
        side: width of a tile in logical pixels as the person set it; `cell`: as it fits the row.
    """

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__()
        self._thumbnails = thumbnails
        self.side = 150
        self.cell = 150
        self.tiles = True
        self.head: RowHead | None = None
        self._stamps: dict[Hashable, QPixmap] = {}
        self._box = self._box_before = QSize()
        # Rows that were painted without their picture, or with one of another size, since they were last taken.
        self._late: set[int] = set()
        self._row_now = -1

    def take_late(self) -> list[int]:
        """Rows whose picture was not there when they were painted."""
        late, self._late = self._late, set()
        return sorted(late)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        if self.tiles:
            return QSize(self.cell, self.side + 30)
        if self.head is not None:
            return QSize(self.head.length(), option.fontMetrics.height() + 14)
        return QSize(200, option.fontMetrics.height() * 2 + 22)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        # Asked once and directly: through roles each tile would cross between Python and Qt four times.
        cell = model.cell(index.row()) if isinstance(model, ItemModel) else None
        if cell is None:
            return
        self._row_now = index.row()
        painter.save()
        if self.head is not None:
            self._row(painter, option, index, cell, self.head)
            painter.restore()
            return
        frame = self._frame(painter, option)
        if self.tiles:
            self._tile(painter, frame, cell.item, cell.label, cell.suggested, cell.marks)
        else:
            self._line(painter, frame, cell.item, cell.label, cell.suggested, cell.marks)
        painter.restore()

    def _row(self, painter: QPainter, option: QStyleOptionViewItem, index: Index, cell: Cell, head: RowHead) -> None:
        """A row of a table: its label, then its cells."""
        rect, state = QRectF(option.rect), option.state
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(option.font)
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, theme().colour("accent_soft"))
        elif index.row() % 2:
            painter.fillRect(rect, theme().colour("ground"))
        width = head.places()[0][1]
        area = QRectF(rect.left() + S, rect.center().y() - 11, width - 2 * S, 22)
        self._words_of(painter, area, cell.item, cell.label, cell.suggested, cell.marks)
        paint_cells(painter, rect, head, cell.item.text or "", self._cell_picture)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(theme().colour("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(rect.adjusted(0.5, 0.5, -0.5, -0.5))

    def _cell_picture(self, path: Path, box: QSize) -> QPixmap | None:
        found = self._thumbnails.pixmap(path, box=box)
        if found is None:
            self._late.add(self._row_now)
        return found

    def _stamp(self, painter: QPainter, area: QRectF, key: Hashable, draw: Callable[[QPainter, QRectF], None]) -> None:
        """Put what `draw` makes of such an area there; drawn once for each key, size and font."""
        ratio = painter.device().devicePixelRatioF()
        font = painter.font()
        width, height = math.ceil(area.width()), math.ceil(area.height())
        whole = key, width, height, ratio, font.key(), theme().mode
        found = self._stamps.get(whole)
        if found is None:
            found = QPixmap(math.ceil(width * ratio), math.ceil(height * ratio))
            found.setDevicePixelRatio(ratio)
            found.fill(Qt.GlobalColor.transparent)
            pen = QPainter(found)
            pen.setRenderHint(QPainter.RenderHint.Antialiasing)
            pen.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            pen.setFont(font)
            draw(pen, QRectF(0, 0, area.width(), area.height()))
            pen.end()
            while len(self._stamps) >= _STAMPS:
                del self._stamps[next(iter(self._stamps))]
            self._stamps[whole] = found
        painter.drawPixmap(area.topLeft(), found)

    def _frame(self, painter: QPainter, option: QStyleOptionViewItem) -> QRectF:
        """The rounded ground of a cell, as it is chosen or not. Returns where it lies."""
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setFont(option.font)
        selected = bool(state & QStyle.StateFlag.State_Selected)
        focused = bool(state & QStyle.StateFlag.State_HasFocus)
        self._stamp(painter, QRectF(rect), (selected, focused), partial(_paint_ground, selected, focused))
        return QRectF(rect).adjusted(4, 4, -4, -4)

    def _picture(
        self,
        painter: QPainter,
        area: QRectF,
        file: Path | None,
        window: Window | None,
        marks: Marks | None = None,
        broken: bool = False,
    ) -> None:
        """A thumbnail in the middle of `area` with its marks over it, or a sign while there is none."""
        found = self._thumbnail(painter, area, file, window) if file is not None else None
        if found is not None and not found.isNull():
            target = QRectF(fitted(found.size(), area).toRect())
            painter.drawPixmap(target, found, QRectF(found.rect()))
            if marks is not None and marks.key:
                # Drawn once, as large as a thumbnail is kept: so it is sharp at every size of the tiles.
                size = found.size().scaled(QSize(SIDE, SIDE), Qt.AspectRatioMode.KeepAspectRatio)
                over = self._thumbnails.overlay(marks.key, partial(marks.draw, size))
                if over is not None:
                    painter.drawPixmap(target, over, QRectF(over.rect()))
                else:
                    self._late.add(self._row_now)
            return
        broken = broken or bool(file is not None and self._thumbnails.problem(file, window))
        mark = pixmap("image-off" if broken else "image", 28, "bad" if broken else "text_faint")
        corner = area.center() - QPointF(14, 14)
        painter.drawPixmap(QRectF(corner.x(), corner.y(), 28, 28), mark, QRectF(mark.rect()))

    def _structure(self, painter: QPainter, area: QRectF, item: Item) -> None:
        """What is drawn of an item that has no file of its own."""
        found = self._thumbnails.of_item(item)
        if found is None:
            self._late.add(self._row_now)
        if found is not None and not found.isNull():
            painter.drawPixmap(fitted(found.size(), area), found, QRectF(found.rect()))
            return
        mark = pixmap("image-off" if item.problem else "image", 28, "bad" if item.problem else "text_faint")
        corner = area.center() - QPointF(14, 14)
        painter.drawPixmap(QRectF(corner.x(), corner.y(), 28, 28), mark, QRectF(mark.rect()))

    def _thumbnail(self, painter: QPainter, area: QRectF, file: Path, window: Window | None) -> QPixmap | None:
        """In the size it is painted in; while that is on its way, the one of the size before."""
        ratio = painter.device().devicePixelRatioF()
        box = QSize(round(area.width() * ratio), round(area.height() * ratio))
        if box != self._box:
            self._box_before, self._box = self._box, box
        found = self._thumbnails.pixmap(file, window, box)
        if found is None:
            self._late.add(self._row_now)
        if found is None and self._box_before.isValid():
            found = self._thumbnails.at_hand(file, window, self._box_before)
        return found

    def _tile(
        self,
        painter: QPainter,
        frame: QRectF,
        item: Item,
        chosen: ClassLabel | None,
        suggested: ClassLabel | None,
        marks: Marks | None,
    ) -> None:
        picture = frame.adjusted(6, 6, -6, -32)
        if item.path is None:
            self._structure(painter, picture, item)
        else:
            self._picture(painter, picture, item.path, item.window, marks, broken=bool(item.problem))
        area = QRectF(frame.left() + 6, frame.bottom() - 28, frame.width() - 12, 22)
        self._words_of(painter, area, item, chosen, suggested, marks)

    def _words_of(
        self,
        painter: QPainter,
        area: QRectF,
        item: Item,
        chosen: ClassLabel | None,
        suggested: ClassLabel | None,
        marks: Marks | None,
    ) -> None:
        """What is known of it: its label, what is marked on it, or that it is broken."""
        if marks is not None and not item.problem:
            key: Hashable = marks.text, marks.colour, marks.done, bool(marks.key), marks.chips
            self._stamp(painter, area, key, lambda pen, place: paint_marks(pen, place, marks))
            return
        score = round(item.suggestion_score * 100) if chosen is None else 0
        self._stamp(
            painter, area, (bool(item.problem), chosen, suggested, score),
            lambda pen, place: self._chip(pen, place, item, chosen, suggested),
        )  # fmt: skip

    def _line(
        self,
        painter: QPainter,
        frame: QRectF,
        item: Item,
        chosen: ClassLabel | None,
        suggested: ClassLabel | None,
        marks: Marks | None,
    ) -> None:
        # Several labels need more room than one.
        several = marks is not None and marks.several
        chip = min(340.0 if several else 180.0, frame.width() * (0.42 if several else 0.3))
        words = frame.adjusted(M, S / 2, -chip - 2 * M, -S / 2)
        if item.kind == "series":
            # A small curve in front of its name.
            curve = QRectF(words.left(), words.top(), min(190.0, words.width() * 0.4), words.height())
            self._picture(painter, curve, item.path, None, broken=bool(item.problem))
            words = words.adjusted(curve.width() + M, 0, 0, 0)
        painter.setPen(theme().colour("text"))
        metrics = QFontMetrics(painter.font())
        text = " ".join(item.words.split())
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap
        shown = text
        if metrics.boundingRect(words.toRect(), flags, text).height() > words.height():
            # Two lines fit; the rest is in the tooltip and the large view.
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(words.width() * 1.85))
        title = item.name if item.text is not None and item.text.startswith(f"{item.name}\n") else ""
        if title and metrics.horizontalAdvance(shown) + M < words.width():
            rest = " · ".join(" ".join(line.split()) for line in (item.text or "").splitlines()[1:])
            _paint_titled(painter, words, title, rest)
        else:
            painter.drawText(words, int(flags), shown)
        area = QRectF(round(frame.right() - chip - M), round(frame.center().y() - 11), chip, 22)
        self._words_of(painter, area, item, chosen, suggested, marks)

    def _chip(
        self, painter: QPainter, area: QRectF, item: Item, chosen: ClassLabel | None, suggested: ClassLabel | None
    ) -> None:
        metrics = QFontMetrics(painter.font())
        if item.problem:
            painter.setPen(theme().colour("bad"))
            painter.drawText(
                area,
                Qt.AlignmentFlag.AlignVCenter,
                metrics.elidedText("Cannot be read", Qt.TextElideMode.ElideRight, int(area.width())),
            )
            return
        label = chosen or suggested
        if label is None and item.marked:  # it is learnt from as it is; of a picture it is said what it is called
            if item.kind == "picture":
                painter.setPen(theme().colour("text_soft"))
                shown = metrics.elidedText(item.name, Qt.TextElideMode.ElideRight, int(area.width()))
                painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, shown)
            return
        if label is None:
            painter.setPen(theme().colour("text_faint"))
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, "no label")
            return
        text = label.name if chosen else f"{label.name}? {item.suggestion_score:.0%}"
        _paint_chip(painter, area, label.colour, text, chosen is not None)


def _paint_titled(painter: QPainter, words: QRectF, title: str, rest: str) -> None:
    """A text whose first line is its name, in one line: what is said of it stands back."""
    painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, title)
    left = QFontMetrics(painter.font()).horizontalAdvance(title) + M
    painter.setPen(theme().colour("text_soft"))
    room = words.adjusted(left, 0, 0, 0)
    shown = QFontMetrics(painter.font()).elidedText(rest, Qt.TextElideMode.ElideRight, int(room.width()))
    painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, shown)


def _paint_ground(selected: bool, focused: bool, painter: QPainter, rect: QRectF) -> None:
    frame = rect.adjusted(4, 4, -4, -4)
    path = QPainterPath()
    path.addRoundedRect(frame, 8, 8)
    painter.fillPath(path, theme().colour("accent_soft" if selected else "surface"))
    edge = theme().colour("accent" if selected or focused else "line")
    painter.setPen(QPen(edge, 2 if selected else 1))
    painter.drawPath(path)


def _paint_chip(painter: QPainter, area: QRectF, colour_name: str, text: str, solid: bool) -> None:
    """A label as a chip as wide as its words, where there is room: filled when it holds, dashed while it is suggested."""
    metrics = QFontMetrics(painter.font())
    box = QRectF(area.left(), area.top(), min(area.width(), metrics.horizontalAdvance(text) + 30.0), area.height())
    colour = QColor(colour_name)
    path = QPainterPath()
    path.addRoundedRect(box, 11, 11)
    if solid:
        ground = QColor(colour)
        ground.setAlpha(46 if theme().mode == "light" else 80)
        painter.fillPath(path, ground)
    else:
        painter.setPen(QPen(colour, 1.4, Qt.PenStyle.DashLine))
        painter.drawPath(path)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawEllipse(QPointF(box.left() + 12, box.center().y()), 4.5, 4.5)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(theme().colour("text"))
    words = box.adjusted(22, 0, -6, 0)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(words.width()))
    painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, shown)


def paint_marks(painter: QPainter, area: QRectF, marks: Marks) -> None:
    """What is marked on an item: filled when it is done, dashed while it is not."""
    metrics = QFontMetrics(painter.font())
    if marks.chips:
        paint_chips(painter, area, marks)
        return
    if not marks.colour:
        mark = ("circle-check", "good") if marks.done else ("sparkles", "warn") if marks.key else ("", "text_faint")
        if mark[0]:
            found = pixmap(mark[0], 14, mark[1])
            spot = QRectF(area.left() + 2, area.center().y() - 7, 14, 14)
            painter.drawPixmap(spot, found, QRectF(found.rect()))
        painter.setPen(theme().colour("text_soft" if mark[0] else "text_faint"))
        words = area.adjusted(22 if mark[0] else 0, 0, 0, 0)
        shown = metrics.elidedText(marks.text, Qt.TextElideMode.ElideRight, int(words.width()))
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, shown)
        return
    _paint_chip(painter, area, marks.colour, marks.text, marks.done)


def paint_chips(painter: QPainter, area: QRectF, marks: Marks) -> None:
    """Every label as a small chip of its own, as many as there is room for; suggested ones are dashed. A ring before them
    says that the item is not done."""
    metrics = QFontMetrics(painter.font())
    left = area.left()
    if not marks.done:
        found = pixmap("circle-dashed", 14, "text_faint")
        painter.drawPixmap(QRectF(left + 1, area.center().y() - 7, 14, 14), found, QRectF(found.rect()))
        left += 19
    for place, (name, colour_name, score) in enumerate(marks.chips):
        rest = len(marks.chips) - place
        more = f"+{rest}"
        text = f"{name}? {score:.0%}" if score >= 0 else name
        room = area.right() - left - (metrics.horizontalAdvance(f"+{rest - 1}") + 8 if rest > 1 else 0)
        width = min(metrics.horizontalAdvance(text) + 27.0, room)
        if width < 46 and place:
            painter.setPen(theme().colour("text_soft"))
            painter.drawText(
                QRectF(left, area.top(), area.right() - left, area.height()), Qt.AlignmentFlag.AlignVCenter, more
            )
            return
        box = QRectF(left, area.top(), width, area.height())
        colour = QColor(colour_name)
        path = QPainterPath()
        path.addRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 11, 11)
        if score < 0:
            ground = QColor(colour)
            ground.setAlpha(46 if theme().mode == "light" else 80)
            painter.fillPath(path, ground)
        else:
            painter.setPen(QPen(colour, 1.4, Qt.PenStyle.DashLine))
            painter.drawPath(path)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(QPointF(box.left() + 10, box.center().y()), 4, 4)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(theme().colour("text"))
        words = box.adjusted(18, 0, -6, 0)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(words.width()))
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, shown)
        left += width + 4
