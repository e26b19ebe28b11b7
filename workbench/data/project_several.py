"""From one class per item to several labels per item, and back as it was."""

from __future__ import annotations

import json
from collections.abc import Sequence

from workbench.data.shapes import Whole, to_record
from workbench.data.store import Store

# Item id, class id, who labelled it, whether it was done.
OneClass = tuple[int, int, str, bool]
_WHOLE = json.dumps(to_record(Whole()))


class SeveralPart:
    """Methods of `Project` about how many labels an item has."""

    _store: Store

    def become_several(self, task_id: str) -> list[OneClass]:
        """Make the project one for `task_id`, of several labels per item: an item's class becomes its only label.

        Suggestions of classes are taken away. Returns what `become_one` needs to undo it.
        """
        with self._store.transaction() as sql:
            rows = sql.execute(
                "SELECT id, class_id, label_source, marked FROM items WHERE class_id IS NOT NULL"
            ).fetchall()
            sql.execute(
                "INSERT INTO annotations (id, item_id, place, class_id, shape, source, score)"
                " SELECT (random() & 4611686018427387903) | 1, id,"
                " (SELECT COUNT(*) FROM annotations a WHERE a.item_id = items.id), class_id, ?,"
                " CASE label_source WHEN 'import' THEN 'import' ELSE 'person' END, 1"
                " FROM items WHERE class_id IS NOT NULL",
                (_WHOLE,),
            )
            sql.execute("UPDATE items SET class_id = NULL, label_source = '', marked = 1 WHERE class_id IS NOT NULL")
            sql.execute("UPDATE items SET suggestion = NULL, suggestion_score = 0 WHERE suggestion IS NOT NULL")
            sql.execute("UPDATE meta SET value = ? WHERE key = 'task'", (json.dumps(task_id),))
        return [(row[0], row[1], row[2], bool(row[3])) for row in rows]

    def become_one(self, task_id: str, before: Sequence[OneClass]) -> None:
        """Undo `become_several`, with nothing changed in between: the project is one for `task_id` again."""
        with self._store.transaction() as sql:
            sql.executemany(
                "DELETE FROM annotations WHERE item_id = ? AND class_id = ? AND shape = ?",
                [(item_id, class_id, _WHOLE) for item_id, class_id, _, _ in before],
            )
            sql.executemany(
                "UPDATE items SET class_id = ?, label_source = ?, marked = ? WHERE id = ?",
                [(class_id, source, marked, item_id) for item_id, class_id, source, marked in before],
            )
            sql.execute("UPDATE meta SET value = ? WHERE key = 'task'", (json.dumps(task_id),))
