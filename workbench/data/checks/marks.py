"""Checks of labels on pieces of items: specks, the same thing marked twice, pictures that were forgotten."""

from __future__ import annotations

import json
from collections.abc import Iterator

from workbench.control import Control
from workbench.data import shapes
from workbench.data.annotations import AnnotationState
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
            if _has_speck(state):
                specks.append(item_id)
            if _has_twins(state):
                twice.append(item_id)
            if _has_loose_ends(state):
                odd.append(item_id)
    if specks:
        yield Finding(
            "specks", "warn", f"{_items(specks)} a box or area of less than {_SPECK:.0f} points across.",
            "Delete it if it is a slip of the mouse; nothing can be learnt from it.", tuple(specks),
        )  # fmt: skip
    if twice:
        yield Finding(
            "marked-twice", "warn", f"{_items(twice)} the same thing marked twice.",
            "Delete one of the two: a model would be told that it found too little.", tuple(twice),
        )  # fmt: skip
    if odd:
        yield Finding(
            "no-class", "warn", f"{_items(odd)} a mark without a class.", "Give it one, or delete it.", tuple(odd)
        )
    waiting = project.proposals_count()
    if waiting:
        many = "1 item has" if waiting == 1 else f"{waiting} items have"
        yield Finding(
            "proposals", "info", f"{many} suggestions nobody has looked at; they do not count yet.",
            "Review them on the Data page.",
        )  # fmt: skip


def _items(ids: list[int]) -> str:
    return "1 item has" if len(ids) == 1 else f"{len(ids)} items have"


def _has_speck(state: AnnotationState) -> bool:
    for annotation in state.annotations:
        if isinstance(annotation.shape, PICTURE_SHAPES) and not annotation.is_proposal:
            x0, y0, x1, y1 = shapes.bounds(annotation.shape)
            if x1 - x0 < _SPECK or y1 - y0 < _SPECK:
                return True
    return False


def _has_loose_ends(state: AnnotationState) -> bool:
    return any(
        isinstance(a.shape, (*PICTURE_SHAPES, TextSpan)) and a.class_id is None and not a.text and not a.is_proposal
        for a in state.annotations
    )


def _has_twins(state: AnnotationState) -> bool:
    """Two marks of one class on (nearly) the same place. Sorted by left edge, so that far ones are never compared."""
    kept = [a for a in state.annotations if not a.is_proposal]
    spans = [(a.class_id, json.dumps(shapes.to_record(a.shape)), a.text) for a in kept if isinstance(a.shape, TextSpan)]
    if len(set(spans)) < len(spans):
        return True
    boxes = sorted((*shapes.bounds(a.shape), a.class_id or -1) for a in kept if isinstance(a.shape, PICTURE_SHAPES))
    for at, (x0, y0, x1, y1, kind) in enumerate(boxes):
        for u0, v0, u1, v1, other in boxes[at + 1 :]:
            if u0 > x0 + (x1 - x0) * (1 - _SAME):
                break
            if other != kind:
                continue
            common = max(0.0, min(x1, u1) - u0) * max(0.0, min(y1, v1) - max(y0, v0))
            union = (x1 - x0) * (y1 - y0) + (u1 - u0) * (v1 - v0) - common
            if union > 0 and common / union > _SAME:
                return True
    return False
