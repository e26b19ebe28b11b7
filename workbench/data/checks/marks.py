"""Checks of labels on pieces of items: specks, the same thing marked twice, pictures that were forgotten."""

from __future__ import annotations

import json
from collections.abc import Iterator

from workbench.control import Control
from workbench.data import shapes
from workbench.data.annotations import Annotation, AnnotationState
from workbench.data.checks.finding import Finding
from workbench.data.project import Project
from workbench.data.shapes import PICTURE_SHAPES, TextSpan
from workbench.data.types import ItemFilter

_PAGE = 500
# Below this many pixels across nothing can be recognised.
_SPECK = 4.0
_SAME = 0.9


def check(project: Project, control: Control) -> Iterator[Finding]:
    """Findings about annotations; none for projects whose items have one class each."""
    ids = project.item_ids(ItemFilter(labelled=True, problems=False))
    specks: list[int] = []
    twice: list[int] = []
    odd: list[int] = []
    for start in range(0, len(ids), _PAGE):
        control.check()
        for item_id, state in project.annotation_states(ids[start : start + _PAGE]).items():
            if any(map(is_speck, state.annotations)):
                specks.append(item_id)
            if twins_in(state):
                twice.append(item_id)
            if any(map(is_classless, state.annotations)):
                odd.append(item_id)
    if specks:
        yield Finding(
            "specks", "warn", f"{_items(specks)} a box or area of less than {_SPECK:.0f} points across.",
            "Delete it if it is a slip of the mouse; nothing can be learnt from it.", tuple(specks), fixes=("drop-specks",),
        )  # fmt: skip
    if twice:
        yield Finding(
            "marked-twice", "warn", f"{_items(twice)} the same thing marked twice.",
            "Delete one of the two: a model would be told that it found too little.", tuple(twice), fixes=("drop-twins",),
        )  # fmt: skip
    if odd:
        yield Finding(
            "no-class", "warn", f"{_items(odd)} a mark without a class.", "Give it one, or delete it.", tuple(odd),
            fixes=("drop-classless",),
        )  # fmt: skip
    waiting = project.proposals_count()
    if waiting:
        many = "1 item has" if waiting == 1 else f"{waiting} items have"
        yield Finding(
            "proposals", "info", f"{many} suggestions nobody has looked at; they do not count yet.",
            "Review them on the Data page.",
        )  # fmt: skip


def _items(ids: list[int]) -> str:
    return "1 item has" if len(ids) == 1 else f"{len(ids)} items have"


def is_speck(annotation: Annotation) -> bool:
    """Too small to be anything. What is only proposed is no label yet."""
    if annotation.is_proposal or not isinstance(annotation.shape, PICTURE_SHAPES):
        return False
    x0, y0, x1, y1 = shapes.bounds(annotation.shape)
    return x1 - x0 < _SPECK or y1 - y0 < _SPECK


def is_classless(annotation: Annotation) -> bool:
    """A mark that says nothing."""
    marks = isinstance(annotation.shape, (*PICTURE_SHAPES, TextSpan))
    return marks and annotation.class_id is None and not annotation.text and not annotation.is_proposal


def twins_in(state: AnnotationState) -> set[int]:
    """Ids of marks of one class on (nearly) the same place as an earlier one of the item.

    Sorted by left edge, so that far ones are never compared.
    """
    kept = [a for a in state.annotations if not a.is_proposal]
    found: set[int] = set()
    seen: set[tuple[int | None, str, str]] = set()
    for a in kept:
        if isinstance(a.shape, TextSpan):
            what = (a.class_id, json.dumps(shapes.to_record(a.shape)), a.text)
            if what in seen:
                found.add(a.id)
            seen.add(what)
    place = {a.id: n for n, a in enumerate(kept)}
    boxes = sorted(
        (*shapes.bounds(a.shape), a.class_id or -1, a.id) for a in kept if isinstance(a.shape, PICTURE_SHAPES)
    )
    for at, (x0, y0, x1, y1, kind, first) in enumerate(boxes):
        for u0, v0, u1, v1, other, second in boxes[at + 1 :]:
            if u0 > x0 + (x1 - x0) * (1 - _SAME):
                break
            if other != kind or first in found:
                continue
            common = max(0.0, min(x1, u1) - u0) * max(0.0, min(y1, v1) - max(y0, v0))
            union = (x1 - x0) * (y1 - y0) + (u1 - u0) * (v1 - v0) - common
            if union > 0 and common / union > _SAME:
                found.add(max(first, second, key=lambda i: place[i]))
    return found
