"""Which items learn, which steer, which judge: stratified, near-duplicates kept together, frozen once given."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from workbench.data.types import Split

Row = TypeVar("Row")

SHARES = {Split.TRAIN: 0.70, Split.VALIDATION: 0.15, Split.TEST: 0.15}


@dataclass(frozen=True)
class SplitRow:
    """One labelled item. `group` is equal for near-duplicates; `split` is None until given."""

    id: int
    class_id: int
    group: int
    split: Split | None = None


def assign(rows: Sequence[SplitRow], seed: int = 0, largest: float = 1.0) -> dict[int, Split]:
    """Splits for the rows that have none yet.

    Each class aims at 70 % training, 15 % validation, 15 % test; its first group goes to training, the second to test,
    the third to validation, so that a class with three different items is already in all. A group lies whole in one
    split: the one its members have already, if any. Same rows and seed, same splits.

    Args:
        largest: groups with more than this share of all rows go to training, where they leave the other parts varied.
    """
    groups: dict[int, list[SplitRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda r: r.id):
        groups[row.group].append(row)
    have: dict[int, Counter[Split]] = defaultdict(Counter)
    for row in rows:
        if row.split is not None:
            # What is kept apart to judge later versions takes no share of the three parts.
            have[row.class_id][row.split] += row.split in SHARES

    result: dict[int, Split] = {}
    fresh: list[list[SplitRow]] = []
    for group in groups.values():
        given = [row.split for row in group if row.split is not None]
        if given:
            split = Counter(given).most_common(1)[0][0]
            _give(group, split, have, result)
        else:
            fresh.append(group)
    random.Random(seed).shuffle(fresh)
    for left in _without_large(fresh, largest * len(rows), lambda large: _give(large, Split.TRAIN, have, result)):
        class_id = Counter(row.class_id for row in left).most_common(1)[0][0]
        _give(left, _neediest(have[class_id], len(left)), have, result)
    return result


def assign_by_time(times: Mapping[int, float | None], known: Mapping[int, Split | None]) -> dict[int, Split]:
    """Splits by time for the rows that have none yet: the oldest learn, then some steer, the newest judge, so that the test is
    what use will be. Rows of one moment stand on one side; rows that do not say when they were learn.

    What comes in after splits were given is put where its time belongs.
    """
    ordered = sorted((t, i) for i, t in times.items() if t is not None)
    limits: list[float] = []
    total = 0.0
    for split in (Split.TRAIN, Split.VALIDATION):
        total += SHARES[split]
        limits.append(ordered[min(len(ordered) - 1, round(total * len(ordered)))][0] if ordered else 0.0)
    found: dict[int, Split] = {}
    for item_id, given in known.items():
        time = times.get(item_id)
        if given is None:
            new = time is not None and time >= limits[1]
            steers = time is not None and time >= limits[0]
            found[item_id] = Split.TEST if new else Split.VALIDATION if steers else Split.TRAIN
    return found


def _without_large(
    groups: Sequence[Sequence[Row]], most: float, give: Callable[[Sequence[Row]], None]
) -> list[Sequence[Row]]:
    """`give` those with more rows than that; returns the others."""
    left = []
    for group in groups:
        if len(group) > most:
            give(group)
        else:
            left.append(group)
    return left


def bands(values: Mapping[int, float], most: int = 10, fewest: int = 8) -> dict[int, int]:
    """Item id to a band of about as many items each, from the smallest numbers to the largest, counted from 1: shared out like
    classes, so that each part of the data has numbers of all sizes (stratified by quantiles).

    At most `most` bands, of at least `fewest` items each; equal numbers are in one band.
    """
    ordered = sorted(values.items(), key=lambda entry: (entry[1], entry[0]))
    count = max(1, min(most, len(ordered) // fewest))
    found: dict[int, int] = {}
    last: tuple[float, int] | None = None
    for place, (item_id, value) in enumerate(ordered):
        band = last[1] if last is not None and last[0] == value else 1 + place * count // len(ordered)
        found[item_id], last = band, (value, band)
    return found


def _neediest(have: Counter[Split], coming: int) -> Split:
    for split in (Split.TRAIN, Split.TEST, Split.VALIDATION):
        if not have[split]:
            return split
    total = have.total() + coming
    return max(SHARES, key=lambda split: SHARES[split] * total - have[split])


def _give(group: Sequence[SplitRow], split: Split, have: dict[int, Counter[Split]], result: dict[int, Split]) -> None:
    for row in group:
        if row.split is None:
            result[row.id] = split
            have[row.class_id][split] += split in SHARES


# Several labels per item ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TagRow:
    """One item that is done. `labels` may be empty; `group` is equal for near-duplicates; `split` is None until given."""

    id: int
    labels: frozenset[int]
    group: int
    split: Split | None = None


# Having no label at all is shared out like a label.
_NONE = -1


def assign_several(rows: Sequence[TagRow], seed: int = 0, largest: float = 1.0) -> dict[int, Split]:
    """As `assign`, for items with several labels: iterative stratification (Sechidis, Tsoumakas & Vlahavas 2011, "On the
    stratification of multi-label data"), of whole groups.

    The label that fewest waiting items have is shared out first, each item to the part that lacks it most; so that rare
    labels get into every part before common ones take the room.
    """
    groups: dict[int, list[TagRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda r: r.id):
        groups[row.group].append(row)
    totals: Counter[int] = Counter(label for row in rows for label in row.labels or {_NONE})
    have: dict[int, Counter[Split]] = defaultdict(Counter)
    sizes: Counter[Split] = Counter()
    result: dict[int, Split] = {}

    def give(group: Sequence[TagRow], split: Split) -> None:
        for row in group:
            if row.split is None:
                result[row.id] = split
            for label in row.labels or {_NONE}:
                have[label][row.split or split] += 1
            sizes[row.split or split] += 1

    fresh: list[list[TagRow]] = []
    for group in groups.values():
        given = [row.split for row in group if row.split is not None]
        if given:
            give(group, Counter(given).most_common(1)[0][0])
        else:
            fresh.append(group)
    random.Random(seed).shuffle(fresh)
    fresh = [[*group] for group in _without_large(fresh, largest * len(rows), lambda large: give(large, Split.TRAIN))]
    waiting = dict(enumerate(fresh))
    labels_of = [Counter(label for row in group for label in row.labels or {_NONE}) for group in fresh]
    places: dict[int, list[int]] = defaultdict(list)
    left: Counter[int] = Counter()
    for place, labels in enumerate(labels_of):
        left += labels
        for label in labels:
            places[label].append(place)
    while waiting:
        rarest = min((label for label in left if left[label] > 0), key=lambda label: (left[label], label))
        for place in places[rarest]:
            if place not in waiting:
                continue
            group = waiting.pop(place)
            # The last that could teach a label must do so.
            needed = any(not have[n][Split.TRAIN] and left[n] <= count for n, count in labels_of[place].items())
            give(group, Split.TRAIN if needed else _lacking(have[rarest], totals[rarest], sizes, len(rows)))
            left -= labels_of[place]
    return result


def _lacking(have: Counter[Split], total: int, sizes: Counter[Split], items: int) -> Split:
    """The part that lacks a label most; of equals the one that lacks most items."""
    for split in (Split.TRAIN, Split.TEST, Split.VALIDATION):
        if not have[split]:
            return split
    return max(SHARES, key=lambda s: (round(SHARES[s] * total - have[s], 9), SHARES[s] * items - sizes[s]))
