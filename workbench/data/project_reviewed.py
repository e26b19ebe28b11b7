"""Items of a project that came from the review of what a model had answered at work."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from workbench.data.store import Store
from workbench.data.types import Split

# Of what is reviewed so much is kept apart to judge the next version on, and never learnt from.
SHARE_NEW = 0.3
# Why an item was reviewed: drawn by lot, so that it speaks for all of its week.
BY_LOT = "sample"


@dataclass(frozen=True)
class Reviewed:
    """Where an item came from.

    Attributes:
        model: id of the model that had been asked; `answer`: what it had said, in one line.
        why: what brought it into the queue ("unsure", "unlike", "drifted"), or `BY_LOT`.
    """

    item_id: int
    model: str
    answer: str
    why: str
    at: str


class ReviewedPart:
    """Methods of `Project` about reviewed items."""

    _store: Store

    def note_reviewed(self, item_id: int, model: str, answer: str, why: str) -> None:
        """Note that an item came from a review; what was noted before is replaced."""
        with self._store.transaction() as sql:
            sql.execute(
                "INSERT OR REPLACE INTO reviewed VALUES (?, ?, ?, ?, ?)",
                (item_id, model, answer, why, datetime.now(UTC).isoformat(timespec="seconds")),
            )

    def reviewed(self, ids: Sequence[int] | None = None) -> dict[int, Reviewed]:
        """Item id to where it came from, of all (or these) items that are in the project still."""
        rows = self._store.query(
            "SELECT r.item_id, r.model, r.answer, r.why, r.at FROM reviewed r JOIN items i ON i.id = r.item_id"
            " WHERE NOT i.deleted AND (? IS NULL OR r.item_id IN (SELECT value FROM json_each(?))) ORDER BY r.item_id",
            (None if ids is None else 1, json.dumps(list(ids or ()))),
        )
        return {row[0]: Reviewed(*row) for row in rows}

    def id_of_content(self, content_hash: str) -> int | None:
        """The item with this content; None when it is not in the project."""
        rows = self._store.query("SELECT id FROM items WHERE content_hash = ? AND NOT deleted", (content_hash,))
        return int(rows[0][0]) if rows else None


def part_for(content_hash: str) -> Split:
    """Whether a reviewed item teaches or judges: by its content alone, so that it never depends on when or in which order
    one reviews, and cannot be chosen."""
    return Split.NEW if int(content_hash[:8], 16) < SHARE_NEW * 0x1_0000_0000 else Split.TRAIN
