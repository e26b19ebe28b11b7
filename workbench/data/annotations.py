"""Labels on pieces of an item: boxes, outlines and painted areas, marked words, clips, and words that belong to it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from workbench.data.shapes import Shape, Whole


def new_id() -> int:
    """An id for a new annotation: random, so that nobody has to be asked for it; never 0."""
    return secrets.randbits(62) + 1


@dataclass(frozen=True)
class Annotation:
    """One label on a piece of an item.

    Attributes:
        id: unique in its project.
        shape: where.
        class_id: what; None where only `text` matters (a transcript).
        text: words that belong to it: a transcript, a question whose answer the place is, what a line of text says.
        source: who made it: "person", "import" or "model". What a model made is a proposal: it counts only when accepted.
        score: certainty of a proposal in 0..1; 1 otherwise.
        ignored: a part that shall count neither as right nor as wrong (COCO's "crowd", Pascal's "difficult").
        locked, hidden: how the editor shows it.
    """

    shape: Shape
    class_id: int | None = None
    id: int = field(default_factory=new_id)
    text: str = ""
    source: str = "person"
    score: float = 1.0
    ignored: bool = False
    locked: bool = False
    hidden: bool = False

    @property
    def is_proposal(self) -> bool:
        return self.source == "model"


@dataclass(frozen=True)
class NewAnnotation:
    """What an importer hands over: `label` is a class name ("" for none); the class is made when missing."""

    shape: Shape = field(default_factory=Whole)
    label: str = ""
    text: str = ""
    ignored: bool = False


@dataclass(frozen=True)
class AnnotationState:
    """One item's annotations as they were or shall be, in their order, and whether the item is done: for undo and redo."""

    annotations: tuple[Annotation, ...] = ()
    marked: bool = False
