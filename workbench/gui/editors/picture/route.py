"""Which picture comes next: the list as it is, or the review queue."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from workbench.gui.editors.picture.proposing import waiting
from workbench.gui.models.item_model import ItemModel
from workbench.gui.project_store import ProjectStore


class Route(QObject):
    """Attributes:
        model: the pictures in their order, for the strip and for walking.
        row: where one is; -1 before the first.
        queue: ids of a review, empty when there is none.

    Signals:
        changed(): other pictures, or another order.
    """

    changed = Signal()

    def __init__(self, store: ProjectStore, listed: ItemModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._listed = listed
        self.model = ItemModel(store)
        self.model.setParent(self)
        self.model.annotated = True
        self.row = -1
        self.queue: list[int] = []
        listed.modelReset.connect(self._list_changed)

    @property
    def item_id(self) -> int:
        """The item one is at; 0 when there is none."""
        return self.model.ids[self.row] if 0 <= self.row < len(self.model.ids) else 0

    @property
    def before(self) -> int:
        """The item before it; 0 when there is none."""
        return self.model.ids[self.row - 1] if 0 < self.row < len(self.model.ids) else 0

    @property
    def after(self) -> int:
        return self.model.ids[self.row + 1] if 0 <= self.row + 1 < len(self.model.ids) else 0

    def follow_list(self) -> None:
        """Walk the list of the Data page; stays at the same item where it is in it."""
        self._show(self._listed.ids, [])

    def start_review(self) -> bool:
        """Walk what has proposals, the least certain first. False when nothing has any."""
        project = self._store.project
        ids = waiting(project) if project is not None else []
        if ids:
            self._show(ids, ids)
        return bool(ids)

    def reviewed(self) -> int:
        """How many of the queue are done."""
        project = self._store.project
        if project is None or not self.queue:
            return 0
        return sum(state for state in self._done(self.queue).values())

    def next_open(self) -> int:
        """The next row that is not done, going round; -1 when all are."""
        ids = self.model.ids
        order = [*ids[self.row + 1 :], *ids[: self.row + 1]]
        done = self._done(order)
        found = next((i for i in order if not done.get(i, True)), None)
        return self.model.row_of(found) if found is not None else -1

    def _done(self, ids: list[int]) -> dict[int, bool]:
        project = self._store.project
        return project.marks_done(ids) if project is not None else {}

    def _list_changed(self) -> None:
        if not self.queue:
            self.follow_list()
            return
        # What was removed from the project leaves the queue too.
        project = self._store.project
        there = {item.id for item in project.items(self.queue)} if project is not None else set()
        kept = [i for i in self.queue if i in there]
        self._show(kept or self._listed.ids, kept)

    def _show(self, ids: list[int], queue: list[int]) -> None:
        was, row = self.item_id, self.row
        self.queue = list(queue)
        self.model.show_ids(ids)
        found = self.model.row_of(was)
        self.row = found if found >= 0 else min(row, len(ids) - 1)
        self.changed.emit()
