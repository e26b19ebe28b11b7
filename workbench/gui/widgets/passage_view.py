"""Found passages as a list: where each stands, how it fits, and its text with the sentence that answers best marked."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QTextCharFormat, QTextLayout, QTextOption
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from workbench.engine.document_index import Passage
from workbench.gui.models.passage_list import BEST_ROLE, PASSAGE_ROLE, PassageList
from workbench.gui.theme import M, S, theme
from workbench.gui.utf16 import to_qt

_LINES = 3
_MOST_SHOWN = 600  # characters
_BEFORE = 80  # characters shown before the best sentence, at most
Index = QModelIndex | QPersistentModelIndex


class PassageView(QListView):
    """Signals:
    chosen(int): a row became the current one (-1: none).
    opened(int): Enter or a double click.
    """

    chosen = Signal(int)
    opened = Signal(int)

    def __init__(self, model: PassageList, name: str, accessible: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(accessible)
        self.setModel(model)
        self.setItemDelegate(PassageDelegate(model, self))
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.selectionModel().currentChanged.connect(lambda now, _before: self.chosen.emit(now.row()))
        self.activated.connect(lambda index: self.opened.emit(index.row()))
        model.modelReset.connect(lambda: self.chosen.emit(-1))
        theme().changed.connect(self._redraw)

    def _redraw(self) -> None:
        self.viewport().update()

    def current(self) -> int:
        """The row that is chosen, or -1."""
        return self.currentIndex().row()

    def choose(self, row: int) -> None:
        """Make a row the current one, and visible."""
        self.setCurrentIndex(self.model().index(row, 0))


class PassageDelegate(QStyledItemDelegate):
    """Paints one passage."""

    def __init__(self, model: PassageList, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, QFontMetrics(option.font).lineSpacing() * (_LINES + 1) + 2 * M + S)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        passage: Passage = index.data(PASSAGE_ROLE)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = option.rect.adjusted(4, 2, -4, -2)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if chosen or hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme().colour("accent_soft" if chosen else "raised"))
            painter.drawRoundedRect(whole, 8, 8)
        if chosen and option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(theme().colour("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(whole.adjusted(0, 0, -1, -1), 8, 8)
        inner = whole.adjusted(M, M - 4, -M, -4)
        high = QFontMetrics(option.font).lineSpacing()
        self._heading(painter, option.font, QRect(inner.left(), inner.top(), inner.width(), high), passage)
        rest = QRect(inner.left(), inner.top() + high + S // 2, inner.width(), high * _LINES)
        self._text(painter, option.font, rest, passage, index.data(BEST_ROLE), chosen)
        painter.restore()

    def _heading(self, painter: QPainter, font: QFont, place: QRect, passage: Passage) -> None:
        bold = QFont(font)
        bold.setWeight(QFont.Weight.DemiBold)
        metrics, plain = QFontMetrics(bold), QFontMetrics(font)
        said = self._model.says(passage)
        right = min(plain.horizontalAdvance(said) + 4, place.width() // 2)
        painter.setPen(theme().colour("text_soft"))
        painter.setFont(font)
        painter.drawText(
            QRect(place.right() - right, place.top(), right, place.height()),
            int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter),
            plain.elidedText(said, Qt.TextElideMode.ElideRight, right),
        )
        left = place.width() - right - M
        where = f"  {passage.place}"
        title = metrics.elidedText(
            passage.title, Qt.TextElideMode.ElideMiddle, max(60, left - plain.horizontalAdvance(where))
        )
        painter.setFont(bold)
        painter.setPen(theme().colour("text"))
        painter.drawText(place, int(Qt.AlignmentFlag.AlignVCenter), title)
        painter.setFont(font)
        painter.setPen(theme().colour("text_soft"))
        at = metrics.horizontalAdvance(title)
        painter.drawText(
            place.adjusted(at, 0, 0, 0),
            int(Qt.AlignmentFlag.AlignVCenter),
            plain.elidedText(where, Qt.TextElideMode.ElideRight, max(0, left - at)),
        )

    def _text(
        self, painter: QPainter, font: QFont, place: QRect, passage: Passage, best: tuple[int, int], chosen: bool
    ) -> None:
        text, marks = excerpt(passage, best)
        layout = QTextLayout(text, font)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        formats = []
        for start, end, strong in marks:
            form = QTextCharFormat()
            if strong:
                form.setFontWeight(QFont.Weight.Bold)
            else:
                ground = QColor(theme().colour("accent"))
                ground.setAlpha(60)
                form.setBackground(ground)
            span = QTextLayout.FormatRange()
            span.start, span.length = to_qt(text, start), to_qt(text, end) - to_qt(text, start)
            span.format = form
            formats.append(span)
        layout.setFormats(formats)
        layout.beginLayout()
        top = 0.0
        for _ in range(_LINES):
            line = layout.createLine()
            if not line.isValid():
                break
            line.setLineWidth(place.width())
            line.setPosition(QPointF(0, top))
            top += line.height()
        layout.endLayout()
        painter.setPen(theme().colour("text"))
        painter.setClipRect(place)
        layout.draw(painter, QPointF(place.topLeft()))


def excerpt(passage: Passage, best: tuple[int, int]) -> tuple[str, list[tuple[int, int, bool]]]:
    """What is shown of a passage, in one line of text, and its marks: (start, end, True for a word, False for a sentence)."""
    start = 0
    if best[0] > _BEFORE * 2:
        start = passage.text.rfind(" ", 0, best[0] - _BEFORE) + 1
    parts = ["… "] if start else []
    # Blanks and breaks of lines become one blank each; `places` says where every letter went.
    at = len(parts[0]) if parts else 0
    places: dict[int, int] = {}
    blank = True
    for number, letter in enumerate(passage.text[start : start + _MOST_SHOWN], start):
        places[number] = at
        if letter.isspace() and blank:
            continue
        blank = letter.isspace()
        parts.append(" " if blank else letter)
        at += 1
    text = "".join(parts)
    marks: list[tuple[int, int, bool]] = []
    if best[1] > best[0] and best[1] - best[0] < len(passage.text) and best[0] in places:
        marks.append((places[best[0]], places.get(best[1], at), False))
    folded = text.casefold()
    if len(folded) == len(text):  # some letters fold into two: then the words stay unmarked
        for word in passage.words:
            found = folded.find(word.casefold())
            if found >= 0:
                marks.append((found, found + len(word), True))
    return text, marks
