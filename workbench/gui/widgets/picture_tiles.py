"""Pictures as tiles with their name and how much alike they are."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyleOptionViewItem

from workbench.engine.picture_index import Entry, Picture
from workbench.engine.similarity import likeness_words
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
        self._row_now = index.row()
        painter.save()
        frame = self._frame(painter, option)
        self._picture(painter, frame.adjusted(6, 6, -6, -_LINE - 10), found.path, found.window)
        below = QRectF(frame.left() + 8, frame.bottom() - _LINE - 5, frame.width() - 16, _LINE)
        self._words(painter, below, found, index.data(LIKENESS_ROLE), str(index.data(MARKS_ROLE) or ""))
        painter.restore()

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
