"""What a person does to the questions of a text, as plain functions from annotations to annotations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workbench.data.annotations import Annotation, AnnotationState
from workbench.data.questions import questions_of
from workbench.data.shapes import TextSpan, Whole
from workbench.gui.editors.spans import whole_words

Marks = Sequence[Annotation]
# Scripts without blanks between words: there is no whole word that a selection could grow to.
_UNPARTED = (
    (0x2E80, 0x9FFF),
    (0xAC00, 0xD7AF),
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x20000, 0x3FFFF),
)


def state_of(annotations: Marks) -> AnnotationState:
    """The text is done when something is asked and nothing waits for an answer."""
    asked = questions_of(annotations)
    return AnnotationState(tuple(annotations), bool(asked) and not any(q.open for q in asked))


def asking(annotations: Marks, question: str) -> list[Annotation]:
    """A new question that waits for its answer."""
    return [*annotations, Annotation(Whole(), text=question, ignored=True)]


def answering(annotations: Marks, question: str, start: int, end: int) -> list[Annotation]:
    """One more right answer; that there is none, and what a model proposed, goes. In the place the question has."""
    made = Annotation(TextSpan(start, end), text=question)
    kept = [a for a in annotations if a.text != question or (isinstance(a.shape, TextSpan) and not a.is_proposal)]
    if any(a.text == question and a.shape == made.shape for a in kept):
        return kept
    return _put_in(annotations, kept, question, made)


def denying(annotations: Marks, question: str) -> list[Annotation]:
    """The text does not answer the question."""
    kept = [a for a in annotations if a.text != question]
    return _put_in(annotations, kept, question, Annotation(Whole(), text=question))


def accepting(annotations: Marks, question: str | None = None) -> list[Annotation]:
    """What a model proposed for a question (None: for all) becomes the person's."""
    found = list(annotations)
    for proposed in [a for a in annotations if a.is_proposal and question in (None, a.text)]:
        if isinstance(proposed.shape, TextSpan):
            found = answering(found, proposed.text, proposed.shape.start, proposed.shape.end)
        else:
            found = denying(found, proposed.text)
    return found


def proposing(annotations: Marks, proposals: Marks) -> list[Annotation]:
    """With what a model proposes for the questions that are open; older proposals for them go."""
    waiting = {q.text for q in questions_of(annotations) if q.open}
    new = [replace(a, source="model") for a in proposals if a.text in waiting]
    asked = {a.text for a in new}
    return [*(a for a in annotations if not (a.is_proposal and a.text in asked)), *new]


def renaming(annotations: Marks, old: str, new: str) -> list[Annotation]:
    """The same question in other words. What a model proposed for the old words goes."""
    return [replace(a, text=new) if a.text == old else a for a in annotations if not (a.text == old and a.is_proposal)]


def deleting(annotations: Marks, question: str) -> list[Annotation]:
    """The question with all its answers."""
    return [a for a in annotations if a.text != question]


def deleting_answer(annotations: Marks, annotation_id: int) -> list[Annotation]:
    """One answer, or one proposal; a question without an answer waits for one again."""
    gone = next((a for a in annotations if a.id == annotation_id), None)
    if gone is None:
        return list(annotations)
    kept = [a for a in annotations if a.id != annotation_id]
    if gone.is_proposal or any(a.text == gone.text and not a.is_proposal for a in kept):
        return kept
    return _put_in(annotations, kept, gone.text, Annotation(Whole(), text=gone.text, ignored=True))


def _put_in(before: Marks, kept: Marks, question: str, made: Annotation) -> list[Annotation]:
    """Questions stay in the order in which they were asked: behind what is left of this one, else where it stood."""
    same = [i for i, a in enumerate(kept) if a.text == question]
    if same:
        return [*kept[: same[-1] + 1], made, *kept[same[-1] + 1 :]]
    order = list(dict.fromkeys(a.text for a in before))
    later = set(order[order.index(question) + 1 :]) if question in order else set()
    at = next((i for i, a in enumerate(kept) if a.text in later), len(kept))
    return [*kept[:at], made, *kept[at:]]


def snapped(text: str, start: int, end: int) -> tuple[int, int]:
    """A selection by mouse, without blanks at its ends and grown to whole words, where the script has such."""
    first, last = whole_words(text, start, end)
    grown = text[first:start] + text[end:last]
    if any(low <= ord(letter) <= high for letter in grown for low, high in _UNPARTED):
        piece = text[start:end]
        return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())
    return first, last
