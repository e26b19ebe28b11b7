"""Pictures of a folder or project for a view, in their own order or by likeness. Holds names and paths, no pictures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from PySide6.QtCore import QMimeData, QModelIndex, QPersistentModelIndex, QStringListModel, Qt, QUrl

from workbench.engine.picture_index import Entry, Picture
from workbench.engine.similarity import likeness_words

PICTURE_ROLE = Qt.ItemDataRole.UserRole + 1
LIKENESS_ROLE = Qt.ItemDataRole.UserRole + 2
MARKS_ROLE = Qt.ItemDataRole.UserRole + 3
_MOST_DRAGGED = 500
Index = QModelIndex | QPersistentModelIndex


class PictureList(QStringListModel):
    """See the module; why it stands on `QStringListModel` is said in `item_model`. Pictures are known by their place in what was given to `show_pictures`."""

    def __init__(self) -> None:
        super().__init__()
        self._pictures: Sequence[Entry | Picture] = ()
        self._places: list[int] = []
        self._likeness: list[float] = []
        self._shown = 0
        self._marks: dict[int, str] = {}

    def show_pictures(self, pictures: Sequence[Entry | Picture], places: Iterable[int] | None = None) -> None:
        """These pictures, all or those of some places, in this order."""
        self._pictures = pictures
        self._places = list(range(len(pictures)) if places is None else places)
        self._likeness, self._marks = [], {}
        self._show(len(self._places))

    def show_likeness(self, places: list[int], likeness: list[float], at_least: float) -> None:
        """Another order, the most alike first; only those at least so much alike are shown."""
        self._places, self._likeness = places, likeness
        self._show(self._count(at_least))

    def show_at_least(self, at_least: float) -> None:
        """Another bound for the likeness."""
        if self._likeness:
            self._show(self._count(at_least))

    def mark(self, marks: dict[int, str]) -> None:
        """Words under pictures, by place."""
        self._marks = marks
        if self._shown:
            self.dataChanged.emit(self.index(0), self.index(self._shown - 1))

    def place(self, row: int) -> int:
        """The place of a row's picture."""
        return self._places[row]

    def picture(self, row: int) -> Entry | Picture:
        return self._pictures[self._places[row]]

    @property
    def sorted_by_likeness(self) -> bool:
        return bool(self._likeness)

    def _show(self, count: int) -> None:
        self._shown = count
        self.setStringList([""] * count)

    def _count(self, at_least: float) -> int:
        """How many from the front are at least so much alike (they fall)."""
        from bisect import bisect_right

        return bisect_right(self._likeness, -at_least, key=lambda value: -value)

    # What Qt asks ------------------------------------------------------------------------------------------------------

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or not 0 <= index.row() < self._shown:
            return None
        row = index.row()
        picture = self.picture(row)
        likeness = self._likeness[row] if self._likeness else None
        if role == PICTURE_ROLE:
            return picture
        if role == LIKENESS_ROLE:
            return likeness
        if role == MARKS_ROLE:
            return self._marks.get(self._places[row], "")
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            marks = self._marks.get(self._places[row], "")
            words = f" – {likeness_words(likeness)}, {max(0.0, likeness):.0%}" if likeness is not None else ""
            return f"{picture.name}{words}{f' – {marks}' if marks else ''}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(picture, likeness)
        return None

    def _tip(self, picture: Entry | Picture, likeness: float | None) -> str:
        parts = [str(picture.path)]
        if isinstance(picture, Picture):
            parts.append(f"{picture.width} × {picture.height}, {picture.size / 1000:,.0f} kB")
        if likeness is not None:
            parts.append(f"{likeness_words(likeness).capitalize()} (cosine similarity {likeness:.2f})")
        return "\n".join(parts)

    def mimeTypes(self) -> list[str]:
        return ["text/uri-list"]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """The files, for any program and for the places of this page that take examples."""
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(self.picture(i.row()).path)) for i in indexes[:_MOST_DRAGGED]])
        return mime
