"""The catalogue's cards for a list view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from workbench.catalog.card import ModelCard
from workbench.gui.icons import pixmap
from workbench.gui.theme import theme
from workbench.tasks.registry import get_task

CARD_ROLE = Qt.ItemDataRole.UserRole + 1
Index = QModelIndex | QPersistentModelIndex


def size_words(card: ModelCard) -> str:
    """Where the model is, or how much there is to download."""
    if card.is_remote:
        return "online"
    if card.is_own:
        return "yours"
    if card.starter:
        return "built in"
    return f"{card.source.size / 1e6:,.0f} MB"


class CardList(QAbstractListModel):
    """One row per card."""

    def __init__(self) -> None:
        super().__init__()
        self._cards: list[ModelCard] = []

    def show_cards(self, cards: Sequence[ModelCard]) -> None:
        self.beginResetModel()
        self._cards = list(cards)
        self.endResetModel()

    def card(self, row: int) -> ModelCard | None:
        return self._cards[row] if 0 <= row < len(self._cards) else None

    def row_of(self, model_id: str) -> int:
        """The row of a card; -1 when it is not shown."""
        return next((row for row, card in enumerate(self._cards) if card.id == model_id), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._cards)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        card = self.card(index.row())
        if card is None:
            return None
        if role == CARD_ROLE:
            return card
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{card.name}, {size_words(card)}. {card.summary}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return card.summary
        return None


class CardDelegate(QStyledItemDelegate):
    """A card: what it is called, what it does, where it is."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(240, option.fontMetrics.height() * 3 + 34)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        card: ModelCard = index.data(CARD_ROLE)
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        selected = bool(state & QStyle.StateFlag.State_Selected)
        frame = QRectF(rect).adjusted(5, 4, -5, -4)
        path = QPainterPath()
        path.addRoundedRect(frame, 9, 9)
        hover = bool(state & QStyle.StateFlag.State_MouseOver)
        painter.fillPath(path, theme().colour("accent_soft" if selected else "raised" if hover else "surface"))
        painter.setPen(QPen(theme().colour("accent" if selected else "line"), 2 if selected else 1))
        painter.drawPath(path)
        mark = pixmap(get_task(card.main_task).info.icon, 20, "accent")
        painter.drawPixmap(QRectF(frame.left() + 12, frame.top() + 12, 20, 20), mark, QRectF(mark.rect()))
        left = frame.left() + 44
        bold = QFont(option.font)
        bold.setWeight(QFont.Weight.DemiBold)
        painter.setFont(option.font)
        metrics = painter.fontMetrics()
        line = metrics.height() + 4
        where = size_words(card)
        wide = metrics.horizontalAdvance(where)
        painter.setPen(theme().colour("good" if card.starter or card.is_own else "text_faint"))
        painter.drawText(
            QRectF(frame.right() - wide - 14, frame.top() + 10, wide + 2, line), Qt.AlignmentFlag.AlignVCenter, where
        )
        painter.setFont(bold)
        painter.setPen(theme().colour("text"))
        width = int(frame.right() - left - wide - 28)
        name = painter.fontMetrics().elidedText(card.name, Qt.TextElideMode.ElideRight, width)
        painter.drawText(QRectF(left, frame.top() + 10, width, line), Qt.AlignmentFlag.AlignVCenter, name)
        painter.setFont(option.font)
        painter.setPen(theme().colour("text_soft"))
        words = QRectF(left, frame.top() + 12 + line, frame.right() - left - 12, metrics.height() * 2 + 2)
        shown = metrics.elidedText(card.summary, Qt.TextElideMode.ElideRight, int(words.width() * 1.85))
        painter.drawText(words, int(Qt.TextFlag.TextWordWrap), shown)
        painter.restore()
