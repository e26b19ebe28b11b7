"""Checks for items that are nearly the same: labelled differently, or on both sides of the test."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from workbench.control import Control
from workbench.data.checks.finding import Finding
from workbench.data.project import Project
from workbench.data.types import Item, ItemFilter, Split


def check(project: Project, control: Control) -> Iterator[Finding]:
    """Near-duplicates, conflicts among them, and leakage between splits."""
    ids = project.item_ids(ItemFilter(problems=False))
    groups = project.near_groups(ids, control)
    members: dict[int, list[int]] = defaultdict(list)
    for item_id, first in groups.items():
        members[first].append(item_id)
    twins = [sorted(m) for m in members.values() if len(m) > 1]
    if not twins:
        return
    items = {i.id: i for i in project.items([i for m in twins for i in m])}
    nouns = "pictures" if items[twins[0][0]].kind == "picture" else "texts"
    tags = project.tags_of_all()
    conflicts, leaks = [], []
    for group_ids in twins:
        group = [items[i] for i in group_ids]
        several = {tags.get(i.id, frozenset()) for i in group if i.marked} if tags else set()
        if len({i.class_id for i in group if i.class_id is not None}) > 1 or len(several) > 1:
            conflicts += group_ids
        if _leaks(group):
            leaks += group_ids
    if conflicts:
        yield Finding(
            "conflict", "warn", f"{len(conflicts)} {nouns} are nearly the same but have different labels.",
            "Look at them and correct the wrong labels.", tuple(conflicts),
        )  # fmt: skip
    if leaks:
        yield Finding(
            "leakage", "warn", f"{len(leaks)} {nouns} have a near-copy on the other side of the test.",
            "The result will look better than it is; remove the copies.", tuple(leaks),
        )  # fmt: skip
    count = sum(len(m) for m in twins)
    yield Finding(
        "near-duplicates", "info", f"{count} {nouns} look nearly the same as another one.",
        "They are kept together, so that the test stays fair; remove copies you do not need.",
        tuple(i for m in twins for i in m),
    )  # fmt: skip


def _leaks(group: list[Item]) -> bool:
    splits = {i.split for i in group if i.split is not None}
    return Split.TRAIN in splits and len(splits) > 1
