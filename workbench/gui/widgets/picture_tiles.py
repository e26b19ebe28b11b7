"""Pictures as tiles with their name and how much alike they are."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from workbench.engine.picture_index import Entry, Picture
from workbench.engine.similarity import likeness_words
from workbench.gui.icons import pixmap
from workbench.gui.models.picture_list import LIKENESS_ROLE, MARKS_ROLE, PICTURE_ROLE
from workbench.gui.theme import theme
from workbench.gui.widgets.item_delegate import ItemDelegate

Index = QModelIndex | QPersistentModelIndex
_LINE = 20


class PictureDelegate(ItemDelegate):
    """As `ItemDelegate`, for a `PictureList`."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        found: Entry | Picture | None = index.data(PICTURE_ROLE)
        if found is None:
            return
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setFont(option.font)
        selected = bool(state & QStyle.StateFlag.State_Selected)
        frame = QRectF(rect).adjusted(4, 4, -4, -4)
        path = QPainterPath()
        path.addRoundedRect(frame, 8, 8)
        painter.fillPath(path, theme().colour("accent_soft" if selected else "surface"))
        edge = "accent" if selected or state & QStyle.StateFlag.State_HasFocus else "line"
        painter.setPen(QPen(theme().colour(edge), 2 if selected else 1))
        painter.drawPath(path)
        self._thumbnail(painter, frame.adjusted(6, 6, -6, -_LINE - 10), found)
        below = QRectF(frame.left() + 8, frame.bottom() - _LINE - 5, frame.width() - 16, _LINE)
        self._words(painter, below, found, index.data(LIKENESS_ROLE), str(index.data(MARKS_ROLE) or ""))
        painter.restore()

    def _thumbnail(self, painter: QPainter, area: QRectF, found: Entry | Picture) -> None:
        window = found.window
        shown = self._thumbnails.pixmap(found.path, window)
        if shown is not None and not shown.isNull():
            size = shown.size().scaled(area.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRectF(0, 0, size.width(), size.height())
            target.moveCenter(area.center())
            painter.drawPixmap(target, shown, QRectF(shown.rect()))
            return
        broken = bool(self._thumbnails.problem(found.path, window))
        mark = pixmap("image-off" if broken else "image", 28, "bad" if broken else "text_faint")
        corner = area.center() - QPointF(14, 14)
        painter.drawPixmap(QRectF(corner.x(), corner.y(), 28, 28), mark, QRectF(mark.rect()))

    def _words(
        self, painter: QPainter, area: QRectF, found: Entry | Picture, likeness: float | None, marks: str
    ) -> None:
        """Likeness, else what is marked, else the name; what does not fit is left out, not squeezed."""
        metrics = QFontMetrics(painter.font())
        align = Qt.AlignmentFlag.AlignVCenter
        if likeness is None and not marks:
            name = found.name.rpartition("/")[2]
            painter.setPen(theme().colour("text_soft"))
            painter.drawText(area, align, metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, int(area.width())))
            return
        if likeness is not None:
            marks = f"{max(0.0, likeness):.0%}  {likeness_words(likeness)}"
            if metrics.horizontalAdvance(marks) > area.width():
                marks = f"{max(0.0, likeness):.0%}"
        painter.setPen(theme().colour("text"))
        painter.drawText(area, align, metrics.elidedText(marks, Qt.TextElideMode.ElideRight, int(area.width())))
        if likeness is not None:
            # A thin bar, so that the eye sees where the likeness falls off.
            track = QRectF(area.left(), area.bottom() + 1, area.width(), 2)
            painter.fillRect(track, theme().colour("line"))
            track.setWidth(area.width() * max(0.0, min(1.0, likeness)))
            painter.fillRect(track, theme().colour("accent"))
