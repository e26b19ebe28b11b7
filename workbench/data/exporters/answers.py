"""What the exports of questions and answers share: the done texts with their questions."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.control import Control
from workbench.data.project import Project
from workbench.data.questions import Question, questions_of
from workbench.data.types import Item, ItemFilter

_PAGE = 500


def answered_texts(project: Project, control: Control) -> Iterator[tuple[Item, list[Question]]]:
    """All done texts in order, with the questions that somebody answered (or said that the text does not)."""
    ids = project.item_ids(ItemFilter(labelled=True, problems=False))
    for start in range(0, len(ids), _PAGE):
        control.progress(start, len(ids), "Writing questions")
        control.check()
        page = ids[start : start + _PAGE]
        states = project.annotation_states(page)
        for item in project.items(page):
            questions = [q for q in questions_of(states[item.id].annotations) if not q.open]
            if questions:
                yield item, questions
