"""Several labels of one item: annotations of the whole item with a class each. Every change gives a new state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from workbench.data.annotations import Annotation, AnnotationState
from workbench.data.shapes import Whole


def tags_of(annotations: Iterable[Annotation]) -> list[Annotation]:
    """Those annotations that are labels of the whole item and count."""
    return [a for a in annotations if _is_tag(a) and not a.is_proposal]


def proposed_tags(annotations: Iterable[Annotation]) -> list[Annotation]:
    """The labels that a model proposes."""
    return [a for a in annotations if _is_tag(a) and a.is_proposal]


def has_tag(state: AnnotationState, class_id: int) -> bool:
    """Whether the item has this label."""
    return any(a.class_id == class_id for a in tags_of(state.annotations))


def with_tag(state: AnnotationState, class_id: int, on: bool, source: str = "person") -> AnnotationState:
    """With or without a label. A proposal of it becomes the label, or is gone."""
    if on and has_tag(state, class_id):
        return state
    proposal = next((a for a in proposed_tags(state.annotations) if a.class_id == class_id), None)
    kept = tuple(a for a in state.annotations if not (_is_tag(a) and a.class_id == class_id))
    if not on:
        return replace(state, annotations=kept)
    made = replace(proposal, source=source, score=1.0) if proposal else Annotation(Whole(), class_id, source=source)
    first = tuple(a for a in kept if not a.is_proposal)
    return replace(state, annotations=(*first, made, *(a for a in kept if a.is_proposal)))


def with_proposals_taken(state: AnnotationState) -> AnnotationState:
    """Every proposed label becomes one, and the item is done."""
    for proposal in proposed_tags(state.annotations):
        state = with_tag(state, proposal.class_id or 0, True)
    return replace(state, marked=True)


def done(state: AnnotationState) -> AnnotationState:
    """The labels are as they should be; what was proposed beside them is refused."""
    return AnnotationState(tuple(a for a in state.annotations if not (_is_tag(a) and a.is_proposal)), True)


def none_of_them(state: AnnotationState) -> AnnotationState:
    """No label fits, and that is the answer."""
    return AnnotationState(tuple(a for a in state.annotations if not _is_tag(a)), True)


def _is_tag(annotation: Annotation) -> bool:
    return isinstance(annotation.shape, Whole) and annotation.class_id is not None
