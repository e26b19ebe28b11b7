"""Checks for items that are the same or nearly so: copies, labelled differently, or on both sides of the test."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from workbench.control import Control
from workbench.data.checks.finding import Finding
from workbench.data.checks.fine import Fine
from workbench.data.project import Project
from workbench.data.similar import Groups
from workbench.data.types import NOUNS, Item, ItemFilter, Split

Ids = tuple[int, ...]


def check(
    project: Project, control: Control, alike: Sequence[Sequence[int]] = (), fine: Fine | None = None
) -> Iterator[Finding]:
    """Copies, near-duplicates, conflicts among them, and leakage between splits.

    Args:
        alike: groups of items that are nearly the same in another way (by what a network sees in them).
        fine: what a person has looked at.
    """
    fine = fine or Fine(project)
    ids = project.item_ids(ItemFilter(problems=False))
    near = _grouped(project.near_groups(ids, control))
    here = set(ids)
    alike = [[i for i in g if i in here] for g in alike]
    every = joined([*near, *alike])
    items = {i.id: i for i in project.items([i for g in every for i in g])}
    noun = NOUNS[items[every[0][0]].kind] if every else ""
    yield from _two_labels(project, fine)
    tags = project.tags_of_all()
    conflicts = [g for g in every if _differ([items[i] for i in g], tags)]
    if conflicts := fine.groups("conflict", conflicts):
        yield _finding(
            "conflict", "warn", conflicts, f"{_many(conflicts, noun)} are nearly the same but have different labels.",
            "Look at them and correct the wrong labels.", ("same-label", "keep-one"),
        )  # fmt: skip
    if leaks := fine.groups("leakage", [g for g in every if _leaks([items[i] for i in g])]):
        yield _finding(
            "leakage", "warn", leaks, f"{_many(leaks, noun)} have a near-copy on the other side of the test.",
            "The result will look better than it is; put them on one side, or remove the copies.",
            ("one-split", "keep-one"),
        )  # fmt: skip
    exact = _exact([items[i] for g in near for i in g])
    if same := fine.groups("duplicates", exact):
        yield _finding(
            "duplicates", "warn", same, f"{_many(same, noun)} are in the project more than once.",
            "Copies count double and teach nothing; keep one of each.", ("keep-one",),
        )  # fmt: skip
    copies = {frozenset(g) for g in exact}
    looks = [g for g in near if frozenset(g) not in copies]
    if looks := fine.groups("near-duplicates", looks):
        yield _finding(
            "near-duplicates", "info", looks, f"{_many(looks, noun)} look nearly the same as another one.",
            "They are kept together, so that the test stays fair; remove copies you do not need.", ("keep-one",),
        )  # fmt: skip
    known = [set(g) for g in near]
    means = [g for g in every if not any(set(g) <= other for other in known)]
    if means := fine.groups("near-meaning", means):
        how = {
            "texts": "say nearly the same as another one, in other words",
            "recordings": "sound nearly the same as another one",
        }.get(noun, "show nearly the same as another one, changed a little")
        yield _finding(
            "near-meaning", "info", means, f"{_many(means, noun)} {how}.",
            "Look at them: those that tell nothing new can go.", ("keep-one",),
        )  # fmt: skip


def _differ(group: Sequence[Item], tags: Mapping[int, frozenset[int]]) -> bool:
    """Whether some of them have another class, or are done with other labels."""
    several = {tags.get(i.id, frozenset()) for i in group if i.marked} if tags else set()
    return len({i.class_id for i in group if i.class_id is not None}) > 1 or len(several) > 1


def joined(groups: Sequence[Sequence[int]]) -> list[Ids]:
    """Groups that share a member become one; those of one member go."""
    places = {i: n for n, i in enumerate(sorted({i for g in groups for i in g}))}
    ids = list(places)
    union = Groups(len(ids))
    for group in groups:
        for other in group[1:]:
            union.join(places[group[0]], places[other])
    found: dict[int, list[int]] = defaultdict(list)
    for place, first in enumerate(union.ids()):
        found[first].append(ids[place])
    return [tuple(g) for g in found.values() if len(g) > 1]


def _grouped(first_of: Mapping[int, int]) -> list[Ids]:
    # Most are alone: lists are made only for those that are not.
    members: dict[int, list[int]] = {}
    for item_id, first in first_of.items():
        if item_id != first:
            members.setdefault(first, [first]).append(item_id)
    return [tuple(sorted(members[first])) for first in sorted(members)]


def _exact(items: Sequence[Item]) -> list[Ids]:
    """Left out when something comes in; bringing a removed item back can still make two of one."""
    members: dict[str, list[int]] = defaultdict(list)
    for item in items:
        members[item.content_hash].append(item.id)
    return [tuple(m) for m in members.values() if len(m) > 1]


def _two_labels(project: Project, fine: Fine) -> Iterator[Finding]:
    others = project.other_labels()
    names = {c.id: c.name for c in project.classes()}
    items = [i for i in project.present(list(others)) if others[i.id] != i.class_id and others[i.id] in names]
    wanted = set(fine.items("two-labels", [i.id for i in items if not i.problem]))
    items = [i for i in items if i.id in wanted]
    if not items:
        return
    many = "1 item came in" if len(items) == 1 else f"{len(items):,} items came in"
    yield Finding(
        "two-labels", "warn", f"{many} twice, under different labels; the first label was kept.",
        "Look at each and choose the right one.", tuple(i.id for i in items),
        suggested={i.id: others[i.id] for i in items},
        notes={i.id: f"also came in as “{names[others[i.id]]}”" for i in items}, fixes=("accept-labels",),
    )  # fmt: skip


def _finding(
    code: str, severity: Literal["info", "warn"], groups: Sequence[Ids], message: str, hint: str, fixes: tuple[str, ...]
) -> Finding:
    ids = tuple(i for g in groups for i in g)
    return Finding(code, severity, message, hint, ids, tuple(groups), fixes=fixes)


def _many(groups: Sequence[Ids], noun: str) -> str:
    return f"{sum(map(len, groups)):,} {noun}"


def _leaks(group: list[Item]) -> bool:
    splits = {i.split for i in group if i.split is not None}
    return Split.TRAIN in splits and len(splits) > 1
