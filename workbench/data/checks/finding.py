"""What a check gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Place:
    """Where in a text something stands: characters `start` to `end`, and what it is ("e-mail address")."""

    start: int
    end: int
    what: str


@dataclass(frozen=True)
class Finding:
    """One thing to know about the data.

    Attributes:
        code: stable name of the kind.
        severity: "bad" stands in the way of training, "warn" makes the result worse or the test unfair, "info" is good
            to know.
        message: one plain sentence; `hint` says what to do.
        item_ids: the items concerned, to be shown, the most doubtful first; may be empty.
        groups: the items concerned, those that belong together in one group each.
        suggested: the class (id) that an item seems to be of.
        notes: a few words on an item.
        places: where in an item's text it is.
        columns: of a table, the columns concerned.
        fixes: what can be done about it: ids of `workbench.data.checks.fixes`, the best first.
    """

    code: str
    severity: Literal["info", "warn", "bad"]
    message: str
    hint: str
    item_ids: tuple[int, ...] = ()
    groups: tuple[tuple[int, ...], ...] = ()
    suggested: Mapping[int, int] = field(default_factory=dict)
    notes: Mapping[int, str] = field(default_factory=dict)
    places: Mapping[int, tuple[Place, ...]] = field(default_factory=dict)
    fixes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """As plain data, for other programs."""
        return {
            "code": self.code, "severity": self.severity, "message": self.message, "hint": self.hint,
            "items": list(self.item_ids), "groups": [list(g) for g in self.groups], "suggested": dict(self.suggested),
            "notes": dict(self.notes), "fixes": list(self.fixes),
            "columns": list(self.columns),
            "places": {i: [[p.start, p.end, p.what] for p in ps] for i, ps in self.places.items()},
        }  # fmt: skip
