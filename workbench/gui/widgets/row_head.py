"""Rows of a table in the Data page's list: the names above the columns, and how a row is painted under them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path, PurePath

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPixmap, QStandardItemModel
from PySide6.QtWidgets import QHeaderView, QWidget

from workbench.data.columns import TableColumn
from workbench.data.rows import cells_of
from workbench.errors import UserError
from workbench.gui.theme import S, theme

_LABEL_WIDTH = 170
_NARROWEST, _WIDEST = 64, 260
_DIGIT = 9
# A small picture before the name of its file.
_SMALL = 40
# A table with more columns shows the first ones; the row's own view has them all.
MOST_SHOWN = 200


class RowHead(QHeaderView):
    """The columns' names; their borders can be dragged.

    Signals:
        widths_changed(): rows must be painted anew.
    """

    widths_changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setObjectName("row-head")
        self.setAccessibleName("Columns of the table")
        self._names = QStandardItemModel(0, 0, self)
        self.setModel(self._names)
        self.setHighlightSections(False)
        self.setSectionsClickable(False)
        self.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setMinimumSectionSize(_NARROWEST)
        self.columns: tuple[TableColumn, ...] = ()
        self.sectionResized.connect(lambda *_: self.widths_changed.emit())

    def show_columns(self, columns: Sequence[TableColumn], label: str) -> None:
        """The label's place first, then these columns without the one that gives the label."""
        self.columns = tuple(c for c in columns if c.role != "target")[:MOST_SHOWN]
        self.blockSignals(True)
        self._names.setColumnCount(len(self.columns) + 1)
        self._names.setHorizontalHeaderLabels([label, *(c.name for c in self.columns)])
        metrics = QFontMetrics(self.font())
        self.resizeSection(0, _LABEL_WIDTH)
        for place, column in enumerate(self.columns, 1):
            longest = max((len(column.brief(e)) for e in column.examples), default=4) * _DIGIT
            if column.kind == "picture":
                longest += _SMALL
            width = max(metrics.horizontalAdvance(column.name) + 28, longest + 24)
            self.resizeSection(place, max(_NARROWEST, min(_WIDEST, width)))
            left_out = " (left out)" if column.role == "ignored" else ""
            self._names.setHeaderData(
                place, Qt.Orientation.Horizontal, f"{column.name}{left_out}", Qt.ItemDataRole.ToolTipRole
            )
        self.blockSignals(False)
        self.widths_changed.emit()

    def places(self) -> list[tuple[int, int]]:
        """Left edge and width of each section."""
        return [(self.sectionPosition(i), self.sectionSize(i)) for i in range(self.count())]


def _box(painter: QPainter, area: QRectF) -> QSize:
    """How many pixels of the screen a small picture at the left of a cell may have."""
    side = max(1, round((area.height() - 4) * painter.device().devicePixelRatioF()))
    return QSize(side, side)


def _small_picture(painter: QPainter, area: QRectF, picture: QPixmap | None) -> QRectF:
    """Paint it at the left of a cell. Returns what is left of the cell."""
    side = area.height() - 4
    if picture is not None and not picture.isNull():
        scale = min(side / picture.width(), side / picture.height())
        width, height = picture.width() * scale, picture.height() * scale
        place = QRectF(area.left() + (side - width) / 2, area.center().y() - height / 2, width, height)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(place, picture, QRectF(picture.rect()))
    return area.adjusted(side + S, 0, 0, 0)


@lru_cache(maxsize=4_000)
def shown_cells(text: str) -> dict[str, str]:
    """A row's cells; none where it cannot be read."""
    try:
        return cells_of(text)
    except UserError:
        return {}


def paint_cells(
    painter: QPainter,
    frame: QRectF,
    head: RowHead,
    text: str,
    look: Callable[[Path, QSize], QPixmap | None] | None = None,
) -> None:
    """The cells of a row under their names; numbers to the right, what is missing as a dash.

    Args:
        look: gives the small picture of a file for a box in the screen's own pixels, or None while there is none.
    """
    metrics = QFontMetrics(painter.font())
    cells = shown_cells(text)
    for column, (left, width) in zip(head.columns, head.places()[1:], strict=True):
        area = QRectF(frame.left() + left + S, frame.top(), width - 2 * S, frame.height())
        cell = cells.get(column.name, "")
        value = column.brief(cell) if column.kind == "picture" else " ".join(cell.split())
        if look is not None and column.kind == "picture" and PurePath(cell).is_absolute():
            area = _small_picture(painter, area, look(Path(cell), _box(painter, area)))
        soft = not value or column.role == "ignored"
        painter.setPen(theme().colour("text_faint" if soft else "text"))
        side = Qt.AlignmentFlag.AlignRight if column.kind == "number" and value else Qt.AlignmentFlag.AlignLeft
        shown = metrics.elidedText(value[:400] or "–", Qt.TextElideMode.ElideRight, int(area.width()))
        painter.drawText(area, int(side | Qt.AlignmentFlag.AlignVCenter), shown)
