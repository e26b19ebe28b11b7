"""Which items learn, which steer, which judge: stratified, near-duplicates kept together, frozen once given."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.data.types import Split

SHARES = {Split.TRAIN: 0.70, Split.VALIDATION: 0.15, Split.TEST: 0.15}


@dataclass(frozen=True)
class SplitRow:
    """One labelled item. `group` is equal for near-duplicates; `split` is None until given."""

    id: int
    class_id: int
    group: int
    split: Split | None = None


def assign(rows: Sequence[SplitRow], seed: int = 0) -> dict[int, Split]:
    """Splits for the rows that have none yet.

    Each class aims at 70 % training, 15 % validation, 15 % test; its first group goes to training, the second to test,
    the third to validation, so that a class with three different items is already in all. A group lies whole in one
    split: the one its members have already, if any. Same rows and seed, same splits.
    """
    groups: dict[int, list[SplitRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda r: r.id):
        groups[row.group].append(row)
    have: dict[int, Counter[Split]] = defaultdict(Counter)
    for row in rows:
        if row.split is not None:
            have[row.class_id][row.split] += 1

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
    for group in fresh:
        class_id = Counter(row.class_id for row in group).most_common(1)[0][0]
        _give(group, _neediest(have[class_id], len(group)), have, result)
    return result


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
            have[row.class_id][split] += 1
