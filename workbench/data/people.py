"""People as a recommender meets them: one person at one moment is a *case*, which travels as an `Item` that is none.

A case's id is negative, so that nothing takes it for an item of the project; its text says in JSON what the person had liked and
seen before that moment, and what they chose then.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.data.types import Item, Split
from workbench.errors import UserError

# Of a moment. Each person has at most one case of each.
_PARTS = (Split.TRAIN, Split.VALIDATION, Split.TEST)
MOST_LIKED = 100_000


@dataclass(frozen=True)
class Case:
    """One person at one moment.

    Attributes:
        liked: (item id, strength above 0) each, in order of time.
        seen: ids of items seen and not liked.
        wanted: ids of items that were liked next, which is what there is to be foretold.
    """

    liked: tuple[tuple[int, float], ...] = ()
    seen: tuple[int, ...] = ()
    wanted: tuple[int, ...] = ()

    def to_text(self) -> str:
        return json.dumps({"liked": self.liked, "seen": self.seen, "wanted": self.wanted}, separators=(",", ":"))


def case_of(text: str) -> Case:
    """Raises: UserError when the text is no case."""
    try:
        data = json.loads(text)
        liked = tuple((int(i), float(s)) for i, s in data["liked"][:MOST_LIKED])
        return Case(
            liked,
            tuple(int(i) for i in data.get("seen", ())[:MOST_LIKED]),
            tuple(int(i) for i in data.get("wanted", ())[:MOST_LIKED]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
        raise UserError("This does not say what the person likes.", "Type one thing a line.") from error


def is_case(text: str) -> bool:
    """Whether a text is a case and not words."""
    return text.startswith('{"liked":')


def case_id(person_id: int, split: Split) -> int:
    return -(len(_PARTS) * person_id + _PARTS.index(split))


def person_of(case: int) -> tuple[int, Split]:
    """The person and the moment of a case's id."""
    person, part = divmod(-case, len(_PARTS))
    return person, _PARTS[part]


def as_item(person_id: int, name: str, split: Split, case: Case) -> Item:
    return Item(case_id(person_id, split), "text", name, text=case.to_text(), split=split, marked=True)


def shares(count: int) -> tuple[int, int]:
    """How many of a person's likes, in order of time, are kept for steering and for judging: the last tenth each, at least one;
    of fewer than three none."""
    if count < 3:
        return 0, 0
    each = max(1, round(count * 0.1))
    return each, each


def parts_of(count: int) -> Sequence[Split]:
    """The part of each of a person's likes, oldest first."""
    steering, judging = shares(count)
    return [*[Split.TRAIN] * (count - steering - judging), *[Split.VALIDATION] * steering, *[Split.TEST] * judging]
