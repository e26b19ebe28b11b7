"""The annotations of a project: labels on pieces of its items."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from workbench.data.annotations import Annotation, AnnotationState
from workbench.data.shapes import Shape, Whole, from_record, to_record
from workbench.data.store import Store

_IN = "IN (SELECT value FROM json_each(?))"
# Annotations of a class that was removed stay in the table, unseen, and come back with it.
_LIVE = "(a.class_id IS NULL OR a.class_id IN (SELECT id FROM classes WHERE NOT deleted))"
_SHORT, _LONG = 300, 200_000
# A label of the whole item.
_WHOLE = json.dumps(to_record(Whole()))
_TAG = "a.source != 'model' AND a.class_id IS NOT NULL AND a.shape = ?"
_COLUMNS = "a.id, a.item_id, a.class_id, a.shape, a.text, a.source, a.score, a.ignored, a.locked, a.hidden"


@dataclass(frozen=True)
class TagOverview:
    """Several items together.

    Attributes:
        items, done: how many there are, and are done.
        has: class id to how many of them have it.
        proposed: class id to how many of them a model proposes it for, and the highest score.
    """

    items: int = 0
    done: int = 0
    has: Mapping[int, int] = field(default_factory=dict)
    proposed: Mapping[int, tuple[int, float]] = field(default_factory=dict)


class AnnotationsPart:
    """Methods of `Project` about annotations. The order of an item's annotations is kept: later ones lie on top."""

    _store: Store

    def annotations(self, item_id: int) -> list[Annotation]:
        """An item's annotations in their order, proposals among them."""
        return list(self.annotation_states([item_id])[item_id].annotations)

    def annotation_states(self, ids: Sequence[int]) -> dict[int, AnnotationState]:
        """Every asked item's annotations and whether it is done."""
        wanted = json.dumps(list(ids))
        rows = self._store.query(
            f"SELECT {_COLUMNS} FROM annotations a WHERE a.item_id {_IN} AND {_LIVE} ORDER BY a.item_id, a.place",
            (wanted,),
        )
        marked = dict(self._store.query(f"SELECT id, marked FROM items WHERE id {_IN}", (wanted,)))
        found: dict[int, list[Annotation]] = {i: [] for i in ids}
        for row in rows:
            found[row[1]].append(_annotation(row))
        return {i: AnnotationState(tuple(given), bool(marked.get(i))) for i, given in found.items()}

    def set_annotations(self, states: Mapping[int, AnnotationState]) -> dict[int, AnnotationState]:
        """Replace all annotations of these items; on disk when this returns.

        Only what differs is written, so that moving one of 500 boxes is one row. Shapes are kept as they are given:
        check them first (`shapes.checked`).

        Returns:
            The states as they were, for undo: giving them back restores every id and the order.
        """
        with self._store.transaction() as sql:
            before = self.annotation_states(list(states))
            for item_id, wanted in states.items():
                old = {a.id: (place, a) for place, a in enumerate(before[item_id].annotations)}
                new = {a.id: (place, a) for place, a in enumerate(wanted.annotations)}
                gone = [(i,) for i in old if i not in new]
                sql.executemany("DELETE FROM annotations WHERE id = ?", gone)
                changed = [(place, a) for place, a in new.values() if old.get(a.id) != (place, a)]
                _write(sql, item_id, changed)
                if wanted.marked != before[item_id].marked:
                    sql.execute("UPDATE items SET marked = ? WHERE id = ?", (wanted.marked, item_id))
        return before

    def add_annotations(self, added: Mapping[int, Iterable[Annotation]], marked: bool = True) -> None:
        """Put annotations on top of what items have, and say that the items are done (`marked`)."""
        with self._store.transaction():
            before = self.annotation_states(list(added))
            self.set_annotations(
                {
                    i: AnnotationState((*before[i].annotations, *new), marked or before[i].marked)
                    for i, new in added.items()
                }
            )

    def set_proposals(self, proposals: Mapping[int, Sequence[Annotation]]) -> None:
        """Replace what models proposed for these items; what people made stays. Scores order the review."""
        with self._store.transaction() as sql:
            before = self.annotation_states(list(proposals))
            self.set_annotations(
                {
                    i: AnnotationState(
                        (
                            *(a for a in before[i].annotations if not a.is_proposal),
                            *(replace(a, source="model") for a in new),
                        ),
                        before[i].marked,
                    )
                    for i, new in proposals.items()
                }
            )
            # The least certain proposal decides how soon an item is looked at; no proposal at all is most uncertain.
            sql.executemany(
                "UPDATE items SET suggestion_score = ? WHERE id = ?",
                [(min((a.score for a in new), default=0.0), i) for i, new in proposals.items()],
            )

    def clear_proposals(self) -> dict[int, AnnotationState]:
        """Take all proposals away. Returns the changed items as they were."""
        rows = self._store.query("SELECT DISTINCT item_id FROM annotations WHERE source = 'model'")
        before = self.annotation_states([row[0] for row in rows])
        with self._store.transaction() as sql:
            sql.execute("DELETE FROM annotations WHERE source = 'model'")
        return before

    def proposed_ids(self) -> set[int]:
        """Ids of the items that have a proposal."""
        return {
            row[0]
            for row in self._store.query(
                f"SELECT DISTINCT item_id FROM annotations a WHERE source = 'model' AND {_LIVE}"
            )
        }

    def marks_done(self, ids: Sequence[int]) -> dict[int, bool]:
        """Of each of these items: are its annotations done?"""
        rows = self._store.query(f"SELECT id, marked FROM items WHERE id {_IN}", (json.dumps(list(ids)),))
        return {row[0]: bool(row[1]) for row in rows}

    def annotation_summary(self, ids: Sequence[int]) -> dict[int, list[tuple[int | None, int]]]:
        """Of each of these items that has annotations (proposals not counted): class id and number, most first."""
        rows = self._store.query(
            f"SELECT a.item_id, a.class_id, COUNT(*) FROM annotations a WHERE a.item_id {_IN} AND a.source != 'model'"
            f" AND {_LIVE} GROUP BY 1, 2 ORDER BY 3 DESC, 2",
            (json.dumps(list(ids)),),
        )
        found: dict[int, list[tuple[int | None, int]]] = {}
        for item_id, class_id, count in rows:
            found.setdefault(item_id, []).append((class_id, count))
        return found

    def proposal_summary(self, ids: Sequence[int]) -> dict[int, list[tuple[int | None, float]]]:
        """Of each of these items that has proposals: class id and score, the surest first."""
        rows = self._store.query(
            f"SELECT a.item_id, a.class_id, MAX(a.score) FROM annotations a WHERE a.item_id {_IN} AND a.source = 'model'"
            f" AND {_LIVE} GROUP BY 1, 2 ORDER BY 3 DESC, 2",
            (json.dumps(list(ids)),),
        )
        found: dict[int, list[tuple[int | None, float]]] = {}
        for item_id, class_id, score in rows:
            found.setdefault(item_id, []).append((class_id, score))
        return found

    def tags_of_all(self) -> dict[int, frozenset[int]]:
        """Every item that has labels of the whole of it (several labels per item), and their class ids."""
        rows = self._store.query(
            f"SELECT DISTINCT a.item_id, a.class_id FROM annotations a WHERE {_TAG} AND {_LIVE}", (_WHOLE,)
        )
        found: dict[int, set[int]] = {}
        for item_id, class_id in rows:
            found.setdefault(item_id, set()).add(class_id)
        return {item_id: frozenset(labels) for item_id, labels in found.items()}

    def tag_counts(self) -> dict[int, int]:
        """Class id to the number of usable, done items that have it as a label of the whole item."""
        rows = self._store.query(
            "SELECT a.class_id, COUNT(DISTINCT a.item_id) FROM annotations a JOIN items i ON i.id = a.item_id"
            f" WHERE {_TAG} AND i.marked AND NOT i.deleted AND i.problem = '' AND {_LIVE} GROUP BY 1",
            (_WHOLE,),
        )
        return {int(row[0]): int(row[1]) for row in rows}

    def tag_overview(self, ids: Sequence[int]) -> TagOverview:
        """What labels of the whole item these items have."""
        wanted = json.dumps(list(ids))
        rows = self._store.query(
            "SELECT a.class_id, a.source = 'model', COUNT(DISTINCT a.item_id), MAX(a.score) FROM annotations a"
            f" WHERE a.item_id {_IN} AND a.class_id IS NOT NULL AND a.shape = ? AND {_LIVE} GROUP BY 1, 2",
            (wanted, _WHOLE),
        )
        done = self._store.query(f"SELECT COUNT(*) FROM items WHERE id {_IN} AND marked", (wanted,))
        return TagOverview(
            len(ids), int(done[0][0]), {r[0]: int(r[2]) for r in rows if not r[1]},
            {r[0]: (int(r[2]), float(r[3])) for r in rows if r[1]},
        )  # fmt: skip

    def proposals_count(self) -> int:
        """Items that have a proposal and are not done."""
        return int(
            self._store.query(
                "SELECT COUNT(DISTINCT a.item_id) FROM annotations a JOIN items i ON i.id = a.item_id"
                f" WHERE a.source = 'model' AND NOT i.marked AND NOT i.deleted AND {_LIVE}"
            )[0][0]
        )

    def annotation_counts(self) -> dict[int, int]:
        """Class id to its number of annotations on usable items, without proposals."""
        rows = self._store.query(
            "SELECT a.class_id, COUNT(*) FROM annotations a JOIN items i ON i.id = a.item_id"
            f" WHERE a.source != 'model' AND a.class_id IS NOT NULL AND NOT i.deleted AND i.problem = '' AND {_LIVE}"
            " GROUP BY 1"
        )
        return {int(row[0]): int(row[1]) for row in rows}


# The shapes of a picture are read again with every change while one works on it. Painted areas are large: few are held.
@lru_cache(maxsize=20_000)
def _short_shape(text: str) -> Shape:
    return from_record(json.loads(text))


@lru_cache(maxsize=32)
def _long_shape(text: str) -> Shape:
    return from_record(json.loads(text))


def _shape(text: str) -> Shape:
    if len(text) < _SHORT:
        return _short_shape(text)
    return _long_shape(text) if len(text) < _LONG else from_record(json.loads(text))


def _annotation(row: Sequence[Any]) -> Annotation:
    shape = _shape(row[3])
    return Annotation(
        shape, row[2], row[0], row[4], row[5], row[6], bool(row[7]), bool(row[8]), bool(row[9])
    )  # fmt: skip


def _write(sql: sqlite3.Connection, item_id: int, changed: Iterable[tuple[int, Annotation]]) -> None:
    """Write annotations at their places."""
    sql.executemany(
        "INSERT INTO annotations (id, item_id, place, class_id, shape, text, source, score, ignored, locked, hidden)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET item_id = excluded.item_id,"
        " place = excluded.place, class_id = excluded.class_id, shape = excluded.shape, text = excluded.text,"
        " source = excluded.source, score = excluded.score, ignored = excluded.ignored, locked = excluded.locked,"
        " hidden = excluded.hidden",
        [
            (
                a.id, item_id, place, a.class_id, json.dumps(to_record(a.shape)), a.text, a.source, a.score, a.ignored,
                a.locked, a.hidden,
            )
            for place, a in changed
        ],
    )  # fmt: skip
