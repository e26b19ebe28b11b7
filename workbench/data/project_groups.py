"""Which groups items belong to: named properties (device, place, age band …), one value of each per item."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from sqlite3 import Connection

from workbench.data import labels
from workbench.data.store import Store
from workbench.errors import UserError

# Item id to its value of one property, None where it has none: what undo and redo carry.
GroupState = Mapping[int, str | None]
_IN = "IN (SELECT value FROM json_each(?))"
_GROUPED = "SELECT property, value, COUNT(*) FROM item_groups GROUP BY property, value"
_GROUPED_GONE = (
    "SELECT g.property, g.value, COUNT(*) FROM items i CROSS JOIN item_groups g ON g.item_id = i.id WHERE i.deleted = 1"
    " GROUP BY g.property, g.value"
)


class GroupsPart:
    """Methods of `Project` about groups. Spellings that a person would call the same are one, the first one stands."""

    _store: Store

    def groups(self) -> dict[str, dict[str, int]]:
        """Every property with its values and how many items (that were not taken out) have each, largest first."""
        counts: dict[tuple[str, str], int] = {(r[0], r[1]): int(r[2]) for r in self._store.query(_GROUPED)}
        # All, less those of items that were taken out: so only these few are looked up one by one.
        for name, value, count in self._store.query(_GROUPED_GONE):
            counts[name, value] -= int(count)
        ordered = sorted(
            ((name, value, n) for (name, value), n in counts.items() if n),
            key=lambda g: (_nocase(g[0]), -g[2], _nocase(g[1])),
        )
        found: dict[str, dict[str, int]] = {}
        for name, value, n in ordered:
            found.setdefault(name, {})[value] = n
        return found

    def groups_of(self, ids: Sequence[int]) -> dict[int, dict[str, str]]:
        """Item id to its property and value pairs; items in no group are left out."""
        rows = self._store.query(
            f"SELECT item_id, property, value FROM item_groups WHERE item_id {_IN}", (json.dumps(list(ids)),)
        )
        found: dict[int, dict[str, str]] = {}
        for item_id, name, value in rows:
            found.setdefault(item_id, {})[name] = value
        return found

    def group_members(self, ids: Sequence[int]) -> dict[str, dict[int, str]]:
        """As `groups_of`, by property: property to item id to value."""
        found: dict[str, dict[int, str]] = {}
        for item_id, pairs in self.groups_of(ids).items():
            for name, value in pairs.items():
                found.setdefault(name, {})[item_id] = value
        return found

    def group_states(self, ids: Iterable[int], name: str) -> dict[int, str | None]:
        """The value of one property of each item, None where it has none."""
        wanted = list(ids)
        with_value = self.groups_of(wanted)
        standing = self.standing_property(name)
        return {i: with_value.get(i, {}).get(standing) for i in wanted}

    def set_groups(self, name: str, values: GroupState) -> dict[int, str | None]:
        """Put items into groups of one property; None takes an item out of them.

        Returns:
            The values as they were, for undoing it by this very method.

        Raises:
            UserError: when the property or a value has no name or one of more than 100 characters.
        """
        with self._store.transaction() as sql:
            standing = self.standing_property(_checked(name))
            before = self.group_states(values, standing)
            out = [i for i, value in values.items() if value is None]
            sql.execute(f"DELETE FROM item_groups WHERE property = ? AND item_id {_IN}", (standing, json.dumps(out)))
            self._put_groups(sql, [(i, standing, v) for i, v in values.items() if v is not None])
        return before

    def folders(self, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
        """The folders each item lies in (see `folders_of`); items in none are left out."""
        rows = self._store.query(f"SELECT id, name, path FROM items WHERE id {_IN}", (json.dumps(list(ids)),))
        return {row[0]: parts for row in rows if (parts := folders_of(row[1], row[2] or ""))}

    def standing_property(self, name: str) -> str:
        """The spelling in which a property is known already, or this one, cleaned."""
        known = {labels.key(known): known for known in self._properties()}
        return str(known.get(labels.key(name), labels.clean(name)))

    # From one to the next in the index: DISTINCT would read the rows of all items.

    def _properties(self) -> Iterator[str]:
        found = self._store.query("SELECT MIN(property) FROM item_groups")[0][0]
        while found is not None:
            yield found
            found = self._store.query("SELECT MIN(property) FROM item_groups WHERE property > ?", (found,))[0][0]

    def _values(self, name: str) -> Iterator[str]:
        found: str | None = ""
        sql = "SELECT MIN(value) FROM item_groups WHERE property = ? AND value > ?"
        while (found := self._store.query(sql, (name, found))[0][0]) is not None:
            yield found

    def _put_groups(self, sql: Connection, rows: Sequence[tuple[int, str, str]], replace: bool = True) -> None:
        """(item id, property, value) each; within a transaction. Without `replace` a value that is there stays."""
        if not rows:
            return
        spelling: dict[tuple[str, str], tuple[str, str]] = {}
        properties: dict[str, str] = {}
        for name in self._properties():
            properties.setdefault(labels.key(name), name)
            for value in self._values(name):
                spelling.setdefault((labels.key(name), labels.key(value)), (name, value))
        made = []
        for item_id, name, value in rows:
            key = (labels.key(name), labels.key(value))
            if key not in spelling:
                spelling[key] = (properties.setdefault(key[0], _checked(name)), _checked(value))
            made.append((item_id, *spelling[key]))
        verb = "REPLACE" if replace else "IGNORE"
        sql.executemany(f"INSERT OR {verb} INTO item_groups (item_id, property, value) VALUES (?, ?, ?)", made)


def _checked(name: str) -> str:
    """Raises: UserError when it is empty or too long."""
    cleaned = labels.clean(name)
    if not cleaned:
        raise UserError("A group needs a name.", "Type what is told apart (device, place …) and which one it is.")
    if len(cleaned) > labels.MAX_LENGTH:
        raise UserError(
            f"This name of a group is too long (at most {labels.MAX_LENGTH} characters).", "Type a shorter one."
        )
    return cleaned


def folders_of(name: str, path: str = "") -> tuple[str, ...]:
    """The folders an item lies in, from the outermost that is known: of its name ("site a/cat/1.png") where that has any,
    else the last one of its file's place."""
    parts = [part for part in name.replace("\\", "/").split("/")[:-1] if part]
    if parts or not path:
        return tuple(parts)
    last = [part for part in path.replace("\\", "/").split("/")[:-1] if part]
    return tuple(last[-1:])


def _nocase(text: str) -> str:
    """As SQLite's NOCASE compares: only A to Z have two cases."""
    return "".join(ch.lower() if ch.isascii() else ch for ch in text)
