"""Who liked what in a project whose items are things to be recommended: people, and their deeds with strength and time."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from itertools import groupby, islice
from typing import Any, Literal

from workbench.control import Control
from workbench.data.numbers import number
from workbench.data.people import Case, as_item, parts_of, person_of
from workbench.data.schema import INTERACTIONS
from workbench.data.store import Store
from workbench.data.types import Item, Split
from workbench.errors import Cancelled, UserError

_CHUNK = 10_000
_IN = "IN (SELECT value FROM json_each(?))"
# How the parts are cut: the last likes of each person, or everything after a date.
SPLIT_BY = "interaction_split"
SplitBy = Literal["person", "date"]
SHARE = 0.2
_LIMITS = "interaction_limits"
_SHARES = (0.01, 0.5)
_COUNTS = "interaction_counts"
_LIVE = "interactions d JOIN items i ON i.id = d.item_id AND NOT i.deleted"


@dataclass(frozen=True)
class Interaction:
    """One deed: a rating, a purchase, a click.

    Attributes:
        strength: above 0: how much it says that the person likes the thing; 0: seen, and not liked.
        at: seconds since 1970; None where that is not known.
    """

    person: str
    item_id: int
    strength: float = 1.0
    at: float | None = None


@dataclass(frozen=True)
class InteractionCounts:
    """`pairs`: different pairs of a person and a thing; `liked`: of these with a strength; `things`: that have any; `timed`: pairs
    with a time; `rich`: people with at least three likes, so that some can be kept aside."""

    pairs: int = 0
    liked: int = 0
    people: int = 0
    things: int = 0
    timed: int = 0
    rich: int = 0


@dataclass(frozen=True)
class LikesSplit:
    """How what people liked is shared out between learning and the test.

    Attributes:
        by: "person": of each person the last likes judge; "date": of all likes those from a time on.
        share: with "date": so much of all likes, the newest, judges; 0 where `since` says from when on.
        since: seconds since 1970.
    """

    by: SplitBy = "person"
    share: float = 0.0
    since: float | None = None


def read_split(words: str) -> LikesSplit:
    """ "last", a share ("20%"), or a date. Raises: UserError for anything else."""
    from workbench.data.dates import read_dates

    given = words.strip()
    if given in ("last", "person"):
        return LikesSplit()
    if given.endswith("%") and (share := number(given[:-1])) is not None:
        return LikesSplit("date", share / 100)
    at = read_dates([given], "").times[0]
    if at is None:
        raise UserError(
            f"“{given}” says not what to test on.",
            "Say last (each person's last likes), a share like 20% (the newest likes of all), or a date like 2024-10-01.",
        )
    return LikesSplit("date", since=at.replace(tzinfo=UTC).timestamp())


class InteractionsPart:
    """Methods of `Project` about who liked what."""

    _store: Store

    def get_meta(self, key: str, default: Any = None) -> Any:
        """See `Project.get_meta`."""
        raise NotImplementedError

    def set_meta(self, key: str, value: Any) -> None:
        """See `Project.set_meta`."""
        raise NotImplementedError

    # Taking in ---------------------------------------------------------------------------------------------------------

    def add_interactions(
        self, rows: Iterable[Interaction], summed: bool = True, control: Control | None = None, total: int = 0
    ) -> tuple[int, int]:
        """Take deeds in, in chunks that are whole each; memory grows with the people, not with the rows.

        Args:
            summed: of several deeds of a person on one thing the strengths are added; else the last one counts (by time; where
                there is none, in the order given).

        Returns:
            (rows taken in, of these such as met a pair that was there).

        Raises:
            UserError: when the project cannot be written. Cancelled: what was taken in before stays.
        """
        control = control or Control()
        self._make_tables()
        people: dict[str, int] = {n: i for i, n in self._store.query("SELECT id, name FROM people")}
        newest = "MAX(COALESCE(at, excluded.at), COALESCE(excluded.at, at))"
        later = "excluded.at IS NULL OR at IS NULL OR excluded.at >= at"
        strength = "strength + excluded.strength" if summed else f"IIF({later}, excluded.strength, strength)"
        upsert = (
            "INSERT INTO interactions (person_id, item_id, strength, at) VALUES (?, ?, ?, ?) ON CONFLICT (person_id, item_id)"
            f" DO UPDATE SET strength = {strength}, at = {newest}"
        )
        before = self._pairs()
        taken = 0
        stream = iter(rows)
        try:
            while chunk := list(islice(stream, _CHUNK)):
                control.check()
                with self._store.transaction() as sql:
                    for row in chunk:
                        if row.person not in people:
                            cursor = sql.execute("INSERT INTO people (name) VALUES (?)", (row.person,))
                            people[row.person] = int(cursor.lastrowid or 0)
                    sql.executemany(upsert, [(people[r.person], r.item_id, r.strength, r.at) for r in chunk])
                taken += len(chunk)
                control.progress(taken, total, f"Adding: {taken:,}")
        except Cancelled:
            self._count_interactions()
            raise
        self._count_interactions()
        return taken, taken - (self._pairs() - before)

    def _make_tables(self) -> None:
        if not self._has_tables():
            with self._store.transaction() as sql:
                for statement in INTERACTIONS.split(";"):
                    sql.execute(statement)

    def _has_tables(self) -> bool:
        return bool(self._store.query("SELECT 1 FROM sqlite_master WHERE name = 'interactions'"))

    def _pairs(self) -> int:
        return int(self._store.query("SELECT COUNT(*) FROM interactions")[0][0])

    def set_item_keys(self, keys: dict[str, int]) -> None:
        """What things are called in the tables they came from; what was known of a key is replaced."""
        self._make_tables()
        with self._store.transaction() as sql:
            sql.executemany("INSERT OR REPLACE INTO item_keys VALUES (?, ?)", list(keys.items()))

    def item_keys(self) -> dict[str, int]:
        """Every key with its item's id: what tables called it, else its name, with or without the ending of a file."""
        found: dict[str, int] = {}
        for item_id, name in self._store.query("SELECT id, name FROM items WHERE NOT deleted ORDER BY id DESC"):
            found[str(name).rsplit("/", 1)[-1].rsplit(".", 1)[0]] = item_id
            found[name] = item_id
        if not self._has_tables():
            return found
        rows = self._store.query(
            "SELECT k.key, k.item_id FROM item_keys k JOIN items i ON i.id = item_id AND NOT deleted"
        )
        return found | {str(key): int(item) for key, item in rows}

    def keys_of(self, ids: Sequence[int]) -> dict[int, str]:
        """Item id to the key it came with; its name where it has none."""
        names = self._store.query(f"SELECT id, name FROM items WHERE id {_IN}", (json.dumps(list(ids)),))
        if not self._has_tables():
            return {int(i): str(n) for i, n in names}
        keys = self._store.query(
            f"SELECT item_id, MIN(key) FROM item_keys WHERE item_id {_IN} GROUP BY 1", (json.dumps(list(ids)),)
        )
        return {int(i): str(n) for i, n in names} | {int(i): str(k) for i, k in keys}

    # Asking ------------------------------------------------------------------------------------------------------------

    def interaction_counts(self) -> InteractionCounts:
        """As they stood after the last import, or when parts were last given: at once, however many there are."""
        known = self.get_meta(_COUNTS)
        return InteractionCounts(*known) if known else InteractionCounts()

    def _count_interactions(self) -> None:
        row = self._store.query(
            "SELECT COUNT(*), COALESCE(SUM(d.strength > 0), 0), COUNT(DISTINCT d.person_id), COUNT(DISTINCT d.item_id),"
            f" COUNT(d.at) FROM {_LIVE}"
        )[0]
        rich = self._store.query(
            f"SELECT COUNT(*) FROM (SELECT 1 FROM {_LIVE} WHERE d.strength > 0 GROUP BY d.person_id HAVING COUNT(*) >= 3)"
        )[0][0]
        self.set_meta(_COUNTS, [*map(int, row), int(rich)])

    def people(self, search: str = "", most: int = 200) -> list[tuple[str, int]]:
        """Names with how many things each liked, those with most first."""
        if not self._has_tables():
            return []
        rows = self._store.query(
            f"SELECT p.name, SUM(d.strength > 0) FROM {_LIVE} JOIN people p ON p.id = d.person_id WHERE p.name LIKE ? ESCAPE '!'"
            " GROUP BY p.id ORDER BY 2 DESC, p.id LIMIT ?",
            (f"%{search.replace('!', '!!').replace('%', '!%').replace('_', '!_')}%", most),
        )
        return [(str(name), int(count)) for name, count in rows]

    def history_of(self, person: str) -> Case:
        """All a person has liked and seen until now. Raises: UserError when the project does not know them."""
        if not self._has_tables() or not self._store.query("SELECT 1 FROM people WHERE name = ?", (person,)):
            raise UserError("This project knows nobody of that name.", "Names are as they stand in your table.")
        rows = self._store.query(
            f"SELECT d.item_id, d.strength FROM {_LIVE} JOIN people p ON p.id = d.person_id WHERE p.name = ?"
            " ORDER BY d.at, d.id",
            (person,),
        )
        return Case(tuple((i, s) for i, s in rows if s > 0), tuple(i for i, s in rows if s <= 0))

    def histories(self, control: Control | None = None) -> Iterator[tuple[str, Case]]:
        """Everybody with all they have liked and seen until now, person by person."""
        for name, rows in self._by_person(control):
            yield (
                name[1],
                Case(tuple((i, s) for i, s, _, _ in rows if s > 0), tuple(i for i, s, _, _ in rows if s <= 0)),
            )

    def _by_person(
        self, control: Control | None, ids: Sequence[int] | None = None
    ) -> Iterator[tuple[tuple[int, str], list[tuple[int, float, float | None, str | None]]]]:
        """((person id, name), (item id, strength, time, part) in order of time), a thousand people at a time."""
        control = control or Control()
        if not self._has_tables():
            return
        everyone = self._store.query("SELECT id, name FROM people ORDER BY id")
        wanted = None if ids is None else set(ids)
        names = [(int(i), str(n)) for i, n in everyone if wanted is None or i in wanted]
        for start in range(0, len(names), 1000):
            control.check()
            some = dict(names[start : start + 1000])
            rows = self._store.query(
                f"SELECT d.person_id, d.item_id, d.strength, d.at, d.split FROM {_LIVE} WHERE d.person_id {_IN}"
                " ORDER BY d.person_id, d.at, d.id",
                (json.dumps(list(some)),),
            )
            for person, found in groupby(rows, key=lambda row: int(row[0])):
                yield (person, some[person]), [(int(r[1]), float(r[2]), r[3], r[4]) for r in found]

    # Parts -------------------------------------------------------------------------------------------------------------

    def ensure_interaction_splits(self, control: Control | None = None) -> None:
        """Give each deed its part, by time; those that have one keep it.

        Usually of each person the last likes judge, those before them steer, the older ones are learnt from; or everything after
        a date judges (`set_likes_split`). Where there are no times, the order is drawn at random from
        the person and the thing alone. What comes in after parts were given is put where its time belongs.
        """
        if not self._has_tables():
            return
        self._count_interactions()
        if not self._store.query("SELECT 1 FROM interactions WHERE split IS NULL LIMIT 1"):
            return
        wanted = self.likes_split()
        limits = self._limits(wanted) if wanted.by == "date" else None
        waiting: list[tuple[str, int, int]] = []
        for (person, name), rows in self._by_person(control):
            parts = _by_date(rows, limits) if limits is not None else _by_order(name, rows)
            waiting += [(part.value, person, row[0]) for row, part in zip(rows, parts, strict=True) if row[3] is None]
            if len(waiting) > 50_000:
                self._put_parts(waiting)
                waiting = []
        self._put_parts(waiting)

    def _put_parts(self, rows: Sequence[tuple[str, int, int]]) -> None:
        with self._store.transaction() as sql:
            sql.executemany("UPDATE interactions SET split = ? WHERE person_id = ? AND item_id = ?", rows)

    def _limits(self, wanted: LikesSplit) -> tuple[float, float] | None:
        """The times that part, as they were when parts were first given: what comes in later does not move them."""
        kept = self.get_meta(_LIMITS)
        if kept:
            return float(kept[0]), float(kept[1])
        found = self._dates(wanted)
        if found is not None:
            self.set_meta(_LIMITS, list(found))
        return found

    def likes_split(self) -> LikesSplit:
        """How it was said, or is usual: by person."""
        kept = self.get_meta(SPLIT_BY, "person")
        if isinstance(kept, dict) and kept.get("by") == "date":
            since = kept.get("since")
            return LikesSplit("date", float(kept.get("share", 0.0)), None if since is None else float(since))
        return LikesSplit("date", SHARE) if kept == "date" else LikesSplit()

    def likes_are_shared_out(self) -> bool:
        """Whether parts have been given, so that another way would make results incomparable."""
        return self._has_tables() and bool(
            self._store.query("SELECT 1 FROM interactions WHERE split IS NOT NULL LIMIT 1")
        )

    def set_likes_split(self, wanted: LikesSplit) -> None:
        """Say how they are shared out, before the first training.

        Raises:
            UserError: when parts were given already, when too few likes have a time, or when nothing would be left to learn
                from or to judge on.
        """
        if wanted == self.likes_split():
            return
        if self.likes_are_shared_out():
            raise UserError(
                "How it is tested was decided at the first training, so that results stay comparable.",
                "Import the table again, as a new project, to test in another way.",
            )
        if wanted.by == "date":
            if wanted.since is None and not _SHARES[0] <= wanted.share <= _SHARES[1]:
                raise UserError("The test takes between 1 and 50 % of the likes.", "Choose another share.")
            if self._dates(wanted) is None:
                raise UserError(
                    "Fewer than half of the rows say when it was.", "Test on the last likes of each person instead."
                )
            self._check_dates(wanted)
        kept = {"by": "date", "share": wanted.share, "since": wanted.since} if wanted.by == "date" else "person"
        self.set_meta(SPLIT_BY, kept)
        self.set_meta(_LIMITS, None)

    def _check_dates(self, wanted: LikesSplit) -> None:
        steering, judging = self._dates(wanted) or (0.0, 0.0)
        found = self._store.query(
            f"SELECT COALESCE(SUM(d.at IS NULL OR d.at < ?), 0), COALESCE(SUM(d.at >= ?), 0) FROM {_LIVE} WHERE d.strength > 0",
            (steering, judging),
        )[0]
        if not found[0] or not found[1]:
            what = "to learn from" if not found[0] else "to test on"
            raise UserError(f"With this date no like is left {what}.", "Choose another date.")

    def _dates(self, wanted: LikesSplit) -> tuple[float, float] | None:
        """From when on deeds steer, and from when on they judge; None where too few have a time. As many steer as judge, and never
        more than a quarter of those before."""
        timed, every = self._store.query("SELECT COUNT(at), COUNT(*) FROM interactions")[0]
        if timed < 0.5 * max(1, every):
            return None
        if wanted.since is None:
            first = timed - max(1, round(timed * (wanted.share or SHARE)))
            judging = self._time_at(first)
        else:
            judging = wanted.since
            first = int(self._store.query("SELECT COUNT(*) FROM interactions WHERE at < ?", (judging,))[0][0])
        steering = self._time_at(max(0, first - max(1, min(timed - first, first // 4)))) if first else judging
        return steering, judging

    def _time_at(self, place: int) -> float:
        """When the deed at this place in time was."""
        sql = "SELECT at FROM interactions WHERE at IS NOT NULL ORDER BY at LIMIT 1 OFFSET ?"
        return float(self._store.query(sql, (place,))[0][0])

    def likes_between(self) -> tuple[float, float] | None:
        """The first and the last time; None where there is none."""
        if not self._has_tables():
            return None
        first, last = self._store.query("SELECT MIN(at), MAX(at) FROM interactions")[0]
        return None if first is None else (float(first), float(last))

    def cases(self, split: Split, most: int = 0, seed: int = 0, control: Control | None = None) -> list[Item]:
        """Every person whose likes reach into this part, as items that are none (see `workbench.data.people`).

        Args:
            most: draw so many at random; 0: all.
        """
        ids: list[int] | None = None
        if most and self._has_tables():
            rows = self._store.query(
                f"SELECT DISTINCT d.person_id FROM {_LIVE} WHERE d.split = ? AND d.strength > 0 ORDER BY 1",
                (split.value,),
            )
            ids = [int(r[0]) for r in rows]
            if len(ids) > most:
                ids = sorted(random.Random(seed).sample(ids, most))
        found = []
        for (person, name), rows in self._by_person(control, ids):
            case = _case(rows, split)
            if case.wanted if split is not Split.TRAIN else case.liked:
                found.append(as_item(person, name, split, case))
        return found

    def cases_of(self, ids: Sequence[int]) -> list[Item]:
        """The cases of these ids, as they stand now; those of people that are gone are left out."""
        by_split: dict[Split, set[int]] = {}
        for case in ids:
            person, split = person_of(case)
            by_split.setdefault(split, set()).add(person)
        found = []
        for split, people in by_split.items():
            for (person, name), rows in self._by_person(None, sorted(people)):
                found.append(as_item(person, name, split, _case(rows, split)))
        return found


_Row = tuple[int, float, float | None, str | None]


def _case(rows: Sequence[_Row], split: Split) -> Case:
    """What lies before a part, and what lies in it. Of the part that is learnt from itself everything lies before."""
    earlier = {Split.TRAIN: ("train",), Split.VALIDATION: ("train",), Split.TEST: ("train", "validation")}[split]
    before = [(i, s) for i, s, _, part in rows if part in earlier]
    wanted = () if split is Split.TRAIN else tuple(i for i, s, _, part in rows if part == split.value and s > 0)
    return Case(tuple((i, s) for i, s in before if s > 0), tuple(i for i, s in before if s <= 0), wanted)


def _by_order(name: str, rows: Sequence[_Row]) -> list[Split]:
    """Parts of one person's deeds (in order of time), by their own order."""
    given = {i: Split(part) for i, _, _, part in rows if part is not None}
    if given:
        return [given.get(i) or _by_neighbours(at, rows) for i, _, at, _ in rows]
    if any(at is None for _, _, at, _ in rows):
        order = sorted(rows, key=lambda r: hashlib.sha256(f"{name}\0{r[0]}".encode("utf-8", "surrogatepass")).digest())
        timed = False
    else:
        order, timed = list(rows), True
    liked = [r for r in order if r[1] > 0]
    parts = dict(zip([r[0] for r in liked], parts_of(len(liked)), strict=True))
    if not timed:
        return [parts.get(r[0], Split.TRAIN) for r in rows]
    found, now = [], Split.TRAIN
    for r in order:  # what was seen and not liked belongs to the moment it was seen in
        now = parts.get(r[0], now)
        found.append(now)
    return found


def _by_neighbours(at: float | None, rows: Sequence[_Row]) -> Split:
    """Where the time of a deed that came later belongs among those that have their part."""
    if at is None:
        return Split.TRAIN
    for split in (Split.TEST, Split.VALIDATION):
        starts = [t for _, _, t, part in rows if part == split.value and t is not None]
        if starts and at >= min(starts):
            return split
    return Split.TRAIN


def _by_date(rows: Sequence[_Row], limits: tuple[float, float]) -> list[Split]:
    return [
        Split(part)
        if part is not None
        else Split.TRAIN
        if at is None or at < limits[0]
        else Split.VALIDATION
        if at < limits[1]
        else Split.TEST
        for _, _, at, part in rows
    ]
