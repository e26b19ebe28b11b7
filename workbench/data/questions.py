"""Questions about a text and the places that answer them, as annotations keep them.

An answer is an annotation with the question as its text and the place in the passage as its shape (`TextSpan`). Several
answers that are all right are several annotations with one question. A question that the passage does not answer has the
shape `Whole`. One that nobody has answered yet has it as well and is `ignored`: it counts neither as right nor as wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workbench.data.annotations import Annotation, NewAnnotation
from workbench.data.shapes import TextSpan, Whole


@dataclass(frozen=True)
class Question:
    """One question about a passage.

    Attributes:
        places: (start, end) in code points of all answers that count as right, in order; empty when the passage does not
            answer it, or nobody has said.
        open: nobody has said yet.
    """

    text: str
    places: tuple[tuple[int, int], ...] = ()
    open: bool = False


def clean(text: str) -> str:
    """A question as it is kept: one line, no blanks at its ends."""
    return " ".join(text.split())


def questions_of(annotations: Iterable[Annotation | NewAnnotation], proposals: bool = False) -> list[Question]:
    """The questions in the order in which they first come.

    Args:
        proposals: those that a model proposed (nothing else), not those that people asked.
    """
    found: dict[str, tuple[set[tuple[int, int]], bool]] = {}
    for a in annotations:
        if not a.text or (isinstance(a, Annotation) and a.is_proposal) != proposals:
            continue
        places, answered = found.get(a.text, (set(), False))
        if isinstance(a.shape, TextSpan) and not a.ignored:
            found[a.text] = (places | {(a.shape.start, a.shape.end)}, True)
        elif isinstance(a.shape, Whole):
            found[a.text] = (places, answered or not a.ignored)
    return [Question(text, tuple(sorted(places)), not answered) for text, (places, answered) in found.items()]


def tight(text: str, start: int, end: int) -> tuple[int, int]:
    """A piece without blanks at its ends."""
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())


def marks_of(questions: Sequence[Question]) -> tuple[NewAnnotation, ...]:
    """Questions as an importer hands them over."""
    made: list[NewAnnotation] = []
    for question in questions:
        if question.places:
            made += [NewAnnotation(TextSpan(*place), text=question.text) for place in question.places]
        else:
            made.append(NewAnnotation(Whole(), text=question.text, ignored=question.open))
    return tuple(made)
