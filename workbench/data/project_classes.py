"""The classes of a project."""

from __future__ import annotations

import json
from collections.abc import Sequence

from workbench.data import labels
from workbench.data.store import Store
from workbench.data.types import ClassLabel, LabelState
from workbench.errors import UserError


class ClassesPart:
    """Methods of `Project` about its classes."""

    _store: Store

    def classes(self) -> list[ClassLabel]:
        """All classes in their order."""
        rows = self._store.query(
            "SELECT id, name, position, colour FROM classes WHERE NOT deleted ORDER BY position, id"
        )
        return [ClassLabel(row[0], row[1], place, row[3]) for place, row in enumerate(rows)]

    def class_by_name(self, name: str) -> ClassLabel | None:
        """The class a person would call so (case and blanks do not matter)."""
        wanted = labels.key(name)
        return next((c for c in self.classes() if labels.key(c.name) == wanted), None)

    def add_class(self, name: str) -> ClassLabel:
        """A new class at the end, or the one of this name. Raises: UserError when the name is empty or too long."""
        name = labels.checked(name)
        existing = self.class_by_name(name)
        if existing is not None:
            return existing
        with self._store.transaction() as sql:
            count = sql.execute("SELECT COUNT(*), COALESCE(MAX(position), -1) + 1 FROM classes").fetchone()
            colour = labels.COLOURS[count[0] % len(labels.COLOURS)]
            sql.execute("INSERT INTO classes (name, position, colour) VALUES (?, ?, ?)", (name, count[1], colour))
        made = self.class_by_name(name)
        assert made is not None
        return made

    def rename_class(self, class_id: int, name: str) -> None:
        """Raises: UserError when another class has this name."""
        name = labels.checked(name)
        other = self.class_by_name(name)
        if other is not None and other.id != class_id:
            raise UserError(f"There is already a class “{other.name}”.", "Merge the two, or choose another name.")
        with self._store.transaction() as sql:
            sql.execute("UPDATE classes SET name = ? WHERE id = ?", (name, class_id))

    def merge_classes(self, from_id: int, into_id: int) -> dict[int, LabelState]:
        """Give all items of one class to another and remove the first.

        Returns:
            The moved items' labels as they were; with `restore_class` and `restore_labels` they undo the merge.
        """
        if from_id == into_id:
            return {}
        return self._take_away(from_id, into_id)

    def remove_class(self, class_id: int) -> dict[int, LabelState]:
        """Remove a class; its items become unlabelled. Returns their labels as they were, for undo."""
        return self._take_away(class_id, None)

    def restore_class(self, class_id: int) -> None:
        """Bring a removed class back, with its annotations (without its items' labels: see `restore_labels`)."""
        with self._store.transaction() as sql:
            sql.execute("UPDATE classes SET deleted = 0 WHERE id = ?", (class_id,))
            sql.execute(
                "UPDATE annotations SET class_id = ? WHERE id IN (SELECT annotation_id FROM merged WHERE from_class = ?)",
                (class_id, class_id),
            )
            sql.execute("DELETE FROM merged WHERE from_class = ?", (class_id,))

    def reorder_classes(self, ids: Sequence[int]) -> None:
        """Put the classes into this order."""
        with self._store.transaction() as sql:
            sql.executemany("UPDATE classes SET position = ? WHERE id = ?", list(enumerate(ids)))

    def _take_away(self, class_id: int, into: int | None) -> dict[int, LabelState]:
        with self._store.transaction() as sql:
            rows = sql.execute("SELECT id, label_source FROM items WHERE class_id = ?", (class_id,)).fetchall()
            ids = json.dumps([row[0] for row in rows])
            source = "" if into is None else "person"
            sql.execute(
                "UPDATE items SET class_id = ?, label_source = ? WHERE id IN (SELECT value FROM json_each(?))",
                (into, source, ids),
            )
            sql.execute("UPDATE items SET suggestion = NULL, suggestion_score = 0 WHERE suggestion = ?", (class_id,))
            if into is not None:
                # Remembered, so that bringing the class back brings its annotations back too.
                sql.execute("INSERT INTO merged SELECT id, class_id FROM annotations WHERE class_id = ?", (class_id,))
                sql.execute("UPDATE annotations SET class_id = ? WHERE class_id = ?", (into, class_id))
            sql.execute("UPDATE classes SET deleted = 1 WHERE id = ?", (class_id,))
        return {row[0]: LabelState(class_id, row[1]) for row in rows}
