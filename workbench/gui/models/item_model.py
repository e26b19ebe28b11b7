"""The items of the open project for a view: only ids are held, rows are read a page at a time.

It stands on `QStringListModel`, whose rows hold nothing here: how many there are, and that they may be chosen and dragged, Qt then
knows by itself. Laying out, choosing or counting a hundred thousand rows asks this class nothing; only what is painted does.
"""

from __future__ import annotations

import json
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QByteArray, QMimeData, QModelIndex, QPersistentModelIndex, QStringListModel, Qt, QUrl

from workbench.data.types import ClassLabel, Item
from workbench.errors import UserError
from workbench.gui.models.item_marks import Marks, marks_of, tag_marks
from workbench.gui.project_store import ProjectStore

log = logging.getLogger(__name__)

MIME = "application/x-workbench-items"
ITEM_ROLE = Qt.ItemDataRole.UserRole + 1
CLASS_ROLE = Qt.ItemDataRole.UserRole + 2
SUGGESTION_ROLE = Qt.ItemDataRole.UserRole + 3
MARKS_ROLE = Qt.ItemDataRole.UserRole + 4
# About what a screen shows: while one rushes through the list, most of what is read is painted.
_PAGE = 64
_PAGES_KEPT = 48
_FEW, _MANY = 4, 5000
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Cell:
    """All that is painted of one row. `label` is the class it has, `suggested` what a model suggests where it has none."""

    item: Item
    label: ClassLabel | None
    suggested: ClassLabel | None
    marks: Marks | None


class ItemModel(QStringListModel):
    """See the module. `show_ids` says which items, in which order.

    Attributes:
        annotated: labels are on pieces of the items (an editor makes them): `MARKS_ROLE` says what is there.
        tagged: they are several labels of the whole item, shown one by one.
    """

    def __init__(self, store: ProjectStore) -> None:
        super().__init__()
        self._store = store
        self._ids: list[int] = []
        self._places: dict[int, int] | None = None
        self._pages: OrderedDict[int, dict[int, Item]] = OrderedDict()
        self._classes: dict[int, ClassLabel] = {}
        self._summaries: dict[int, dict[int, list[tuple[int | None, int]]]] = {}
        self._versions: dict[int, int] = {}
        self._version = 0
        self.annotated = False
        self.tagged = False
        self._proposed: dict[int, dict[int, list[tuple[int | None, float]]]] = {}
        self._notes: dict[int, str] = {}
        store.labels_changed.connect(self._labels_changed)

    def show_ids(self, ids: Sequence[int]) -> None:
        """Show these items."""
        self._ids = list(ids)
        self._places = None
        self._pages.clear()
        self._summaries.clear()
        self.setStringList([""] * len(self._ids))

    def set_classes(self, classes: Sequence[ClassLabel]) -> None:
        if self.annotated:
            # With a class its annotations come and go.
            self._pages.clear()
            self._summaries.clear()
            self._version += 1
        self._classes = {c.id: c for c in classes}
        self._repaint()

    def set_notes(self, notes: Mapping[int, str]) -> None:
        """A sentence for some items (by id), shown first when one points at them; in the place of those before."""
        self._notes = dict(notes)

    @property
    def ids(self) -> list[int]:
        return self._ids

    @property
    def _rows(self) -> dict[int, int]:
        """Id to row; made when it is first asked for."""
        if self._places is None:
            self._places = {item_id: row for row, item_id in enumerate(self._ids)}
        return self._places

    def row_of(self, item_id: int) -> int:
        """The item's row; -1 when it is not shown."""
        if self._places is None:
            # One is found sooner than the places of all are put together.
            try:
                return self._ids.index(item_id)
            except ValueError:
                return -1
        return self._places.get(item_id, -1)

    def item_at(self, row: int) -> Item | None:
        """The item of a row; None when it is gone."""
        if not 0 <= row < len(self._ids):
            return None
        number = row // _PAGE
        page = self._pages.get(number)
        if page is None:
            project = self._store.project
            if project is None:
                return None
            wanted = self._ids[number * _PAGE : (number + 1) * _PAGE]
            try:
                page = {item.id: item for item in project.items(wanted)}
                if self.annotated:
                    self._summaries[number] = project.annotation_summary(wanted)
                if self.tagged:
                    self._proposed[number] = project.proposal_summary(wanted)
            except UserError as error:
                # The disk went away or the project is being closed: painting must not fail because of it.
                log.warning("items cannot be shown: %s", error)
                return None
            self._pages[number] = page
            while len(self._pages) > _PAGES_KEPT:
                self._summaries.pop(self._pages.popitem(last=False)[0], None)
        return page.get(self._ids[row])

    def cell(self, row: int) -> Cell | None:
        """What is painted of a row; None when it is gone."""
        item = self.item_at(row)
        if item is None:
            return None
        known = self._classes
        suggested = known.get(item.suggestion or -1) if item.class_id is None else None
        return Cell(item, known.get(item.class_id or -1), suggested, self._marks(row, item) if self.annotated else None)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        item = self.item_at(index.row()) if index.isValid() else None
        if item is None:
            return None
        if role == ITEM_ROLE:
            return item
        if role == MARKS_ROLE:
            return self._marks(index.row(), item)
        if role == CLASS_ROLE:
            return self._classes.get(item.class_id or -1)
        if role == SUGGESTION_ROLE:
            return self._classes.get(item.suggestion or -1) if item.class_id is None else None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            marks = self._marks(index.row(), item)
            if marks is not None:
                return f"{item.words} – {marks.text}"
            label = self._classes.get(item.class_id or -1)
            if label is None and item.marked:
                return item.words
            return f"{item.words} – {label.name if label else 'no label'}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(item)
        return None

    def _marks(self, row: int, item: Item) -> Marks | None:
        project = self._store.project
        if not self.annotated or project is None:
            return None
        summary = self._summaries.get(row // _PAGE, {}).get(item.id, [])
        if self.tagged:
            proposed = self._proposed.get(row // _PAGE, {}).get(item.id, [])
            return tag_marks(item, [c for c, _ in summary], [] if item.marked else proposed, self._classes)
        return marks_of(project, item, summary, self._classes, self._version + self._versions.get(item.id, 0))

    def _tip(self, item: Item) -> str:
        parts = [*filter(None, [self._notes.get(item.id)]), item.words[:600]]
        if item.path is not None:
            parts.append(f"{item.path}\n{item.width} × {item.height}")
        if item.problem:
            parts.append(item.problem)
        if item.split is not None:
            words = {
                "train": "Used to learn from",
                "validation": "Used to steer the training",
                "test": "Kept aside for the test",
                "new": "Reviewed, and kept apart to judge later versions",
            }
            parts.append(words[item.split.value])
        if item.class_id is None and item.suggestion is not None and item.suggestion in self._classes:
            parts.append(f"Suggested: {self._classes[item.suggestion].name} ({item.suggestion_score:.0%})")
        return "\n".join(parts)

    def mimeTypes(self) -> list[str]:
        return [MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """Ids for dropping on a class; files too, so that pictures can be dragged to other programs and to Try."""
        rows = [index.row() for index in indexes]
        mime = QMimeData()
        mime.setData(MIME, QByteArray(json.dumps([self._ids[row] for row in rows]).encode()))
        items = [self.item_at(row) for row in rows[:100]]
        urls = [QUrl.fromLocalFile(str(i.path)) for i in items if i is not None and i.path is not None]
        if urls:
            mime.setUrls(urls)
        return mime

    def forget(self, ids: Sequence[int]) -> None:
        """Read these items anew when they are next painted."""
        if len(ids) > _PAGE:
            self._version += 1
        else:
            self._versions.update({i: self._versions.get(i, 0) + 1 for i in ids})
        if len(ids) <= _FEW and self._read_few(ids):
            return
        if len(ids) > _MANY:
            # Looking up where each of them is would take longer than reading again what is seen.
            self._pages.clear()
            self._summaries.clear()
        else:
            for number in {self._rows[i] // _PAGE for i in ids if i in self._rows}:
                self._pages.pop(number, None)
                self._summaries.pop(number, None)
        self._repaint()

    def _read_few(self, ids: Sequence[int]) -> bool:
        """Read these items again into their pages: while one works on a picture, only that one changes."""
        project = self._store.project
        rows = [row for i in ids if (row := self.row_of(i)) >= 0 and row // _PAGE in self._pages]
        if project is None:
            return False
        try:
            items = {item.id: item for item in project.items([self._ids[row] for row in rows])}
            summary = project.annotation_summary(list(items)) if self.annotated else {}
            proposed = project.proposal_summary(list(items)) if self.tagged else {}
        except UserError as error:
            log.warning("items cannot be shown: %s", error)
            return False
        for row in rows:
            item = items.get(self._ids[row])
            if item is None:
                return False
            self._pages[row // _PAGE][item.id] = item
            self._summaries.setdefault(row // _PAGE, {})[item.id] = summary.get(item.id, [])
            self._proposed.setdefault(row // _PAGE, {})[item.id] = proposed.get(item.id, [])
            self.dataChanged.emit(self.index(row), self.index(row))
        return True

    def _labels_changed(self, ids: object) -> None:
        if isinstance(ids, list):
            self.forget(ids)

    def _repaint(self) -> None:
        if self._ids:
            self.dataChanged.emit(self.index(0), self.index(len(self._ids) - 1))


def dropped_ids(mime: QMimeData) -> list[int]:
    """Ids of items dragged from the list; empty for anything else."""
    if not mime.hasFormat(MIME):
        return []
    try:
        values = json.loads(bytes(mime.data(MIME).data()))
    except ValueError:
        return []
    return [v for v in values if isinstance(v, int)] if isinstance(values, list) else []
