"""What a stroke changes: the area it adds to, the areas it takes away from, and those it must leave alone."""

from __future__ import annotations

from dataclasses import replace

from workbench.data.annotations import Annotation
from workbench.data.painting import Spans
from workbench.data.shapes import Polygon, Region
from workbench.gui.editors.picture.document import Document, accepted
from workbench.gui.editors.picture.masks import Live, Masks, union

_AREAS = (Region, Polygon)


def target(document: Document) -> tuple[int, str]:
    """Id of the painted area that a brush adds to (0: a new one), or a sentence why it may not.

    A chosen area is added to; else the topmost of the class in use, so that there is one area per class.
    """
    chosen = [a for a in document.chosen_ones() if isinstance(a.shape, Region) and not a.is_proposal]
    if len(chosen) == 1 and len(document.selection) == 1:
        wanted = chosen
    else:
        wanted = [
            a
            for a in document.annotations
            if isinstance(a.shape, Region) and a.class_id == document.class_id and not a.is_proposal and not a.ignored
        ]
    if not wanted:
        return 0, ""
    found = wanted[-1]
    name = document.name_of(found)
    if found.locked:
        return 0, f"The area “{name}” is locked. Unlock it in the list to paint on."
    if found.hidden or document.all_hidden:
        return 0, f"The area “{name}” is hidden. Show it in the list to paint on."
    return found.id, ""


def kept_from_painting(document: Document, owner: int) -> frozenset[int]:
    """Painted areas that paint does not cover: locked ones and what a model proposes."""
    return frozenset(a.id for a in document.shown() if (a.locked or a.is_proposal) and a.id != owner)


def kept_from_rubbing(document: Document) -> frozenset[int]:
    """Areas that an eraser leaves alone: locked ones, and those that are not chosen when some are."""
    chosen = {a.id for a in document.chosen_ones() if isinstance(a.shape, _AREAS)}
    return frozenset(
        a.id for a in document.shown() if a.locked or (chosen and a.id not in chosen) or (a.is_proposal and not chosen)
    )


def spans_of(masks: Masks, document: Document, annotation: Annotation) -> Spans:
    """The pixels of an area or an outline."""
    if isinstance(annotation.shape, Polygon):
        return Spans.of_polygon(annotation.shape, document.width, document.height)
    return masks.spans_of(annotation)


def keep(document: Document, masks: Masks, live: Live) -> None:
    """A stroke is over: keep what it did, as one step."""
    touched = live.stroke.spans()
    if live.owner < 0:
        _rub(document, masks, touched, live.kept)
    else:
        paint(document, masks, touched, live.owner, only_free=live.only_free)


def paint(document: Document, masks: Masks, added: Spans, owner: int, *, only_free: bool) -> None:
    """Add pixels to an area (0: a new one of the class in use). Other areas give them up, so that each pixel has one."""
    shown = {a.id for a in document.shown()}
    areas = [a for a in document.annotations if isinstance(a.shape, _AREAS) and a.id in shown and a.id != owner]
    fixed = [a for a in areas if (a.locked or (only_free and not a.is_proposal)) and _near(added, a)]
    added = added.without(union((spans_of(masks, document, a) for a in fixed), document.width, document.height))
    if not added.starts.size:
        return
    order = [a.id for a in document.annotations]
    above = set(order[order.index(owner) + 1 :]) if owner in order else set()
    giving = {}
    for other in areas:
        # An outline below the paint is covered by it anyway and stays an outline.
        covered = isinstance(other.shape, Region) or other.id in above
        if covered and not other.locked and not other.is_proposal and _near(added, other):
            before = spans_of(masks, document, other)
            rest = before.without(added)
            if rest.area() != before.area():
                giving[other.id] = rest.region()

    def change(now: list[Annotation]) -> list[Annotation]:
        found = []
        for a in now:
            if a.id == owner and isinstance(a.shape, Region):
                whole = masks.spans_of(a).joined_with(added).region()
                found.append(replace(a, shape=whole) if whole is not None else a)
            elif a.id in giving:
                left = giving[a.id]
                if left is not None:
                    found.append(replace(a, shape=left))
            else:
                found.append(a)
        if owner not in {a.id for a in now}:
            new = added.region()
            if new is not None:
                found.append(Annotation(new, document.class_id))
        return found

    name = document.classes[document.class_id].name if document.class_id in document.classes else "an area"
    document.edit(f"paint {name}", change)


def _rub(document: Document, masks: Masks, gone: Spans, kept: frozenset[int]) -> None:
    shown = {a.id for a in document.shown()} - kept
    left: dict[int, Region | None] = {}
    for annotation in document.annotations:
        if annotation.id in shown and isinstance(annotation.shape, _AREAS) and _near(gone, annotation):
            before = spans_of(masks, document, annotation)
            rest = before.without(gone)
            if rest.area() != before.area():
                left[annotation.id] = rest.region()
    if not left:
        return

    def change(now: list[Annotation]) -> list[Annotation]:
        found = []
        for a in now:
            rest = left.get(a.id)
            if a.id not in left:
                found.append(a)
            elif rest is not None:
                found.append(accepted(replace(a, shape=rest)))
        return found

    document.edit("rub out", change)


def _near(spans: Spans, annotation: Annotation) -> bool:
    """May they overlap at all?"""
    from workbench.data.shapes import bounds

    left, top, right, bottom = spans.window()
    x0, y0, x1, y1 = bounds(annotation.shape)
    return x0 < right and x1 > left and y0 < bottom and y1 > top
