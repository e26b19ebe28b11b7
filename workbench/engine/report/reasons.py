"""Explanations for a card: a few right and a few wrong answers, each checked against shuffled weights."""

from __future__ import annotations

import io

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import Item, Sample
from workbench.engine.explain.kinds import Explanation, can_explain
from workbench.engine.explain.reasons import explain, explain_box
from workbench.engine.predict import predict
from workbench.engine.report.pictures import SIDE, small_jpeg
from workbench.errors import UserError
from workbench.tasks.base import Task
from workbench.tasks.predictions import Boxes, Prediction
from workbench.tasks.registry import get_task
from workbench.trust.card.given import Reason
from workbench.trust.card.parts import Line, Words
from workbench.trust.judging import Judgement

NOT_POSSIBLE = "Answers of this kind cannot be explained by the methods this app has."
_NONE = "None of the tested items could be explained."
_EACH, _TRIED = 3, 8
# Looking for what a found thing stands on takes many looks at the picture.
_EACH_OF_THINGS = 2
_LONGEST = 1_500


def reasons_of(
    project: Project, judgement: Judgement, card: ModelCard, control: Control
) -> tuple[tuple[Reason, ...], str]:
    """Reasons, or a sentence that says why there are none.

    Raises:
        Cancelled: when asked to stop.
    """
    task = get_task(project.task_id)
    scores = judgement.per_item()
    ordered = sorted(scores, key=lambda i: (scores[i], i))
    wrong = [i for i in ordered if scores[i] < 0.5]
    right = [i for i in reversed(ordered) if scores[i] >= 0.5]
    found: list[Reason] = []
    for is_right, ids in ((True, _spread(right)), (False, _spread(wrong))):
        got, most = 0, _EACH
        for item in project.items(ids):
            control.check()
            if got >= most:
                break
            control.progress(len(found), 2 * _EACH, "Looking for reasons")
            answer = _answer(project, item, card, task, control)
            if answer is None:
                continue
            sample, prediction = answer
            if not can_explain(task, prediction):
                if isinstance(prediction, Boxes):
                    continue  # nothing was found there
                return (), NOT_POSSIBLE
            most = _EACH_OF_THINGS if isinstance(prediction, Boxes) else _EACH
            reason = _reason(item, sample, prediction, is_right, card, task, control)
            if reason is not None:
                found.append(reason)
                got += 1
    return tuple(found), "" if found else _NONE


def _spread(ids: list[int]) -> list[int]:
    """A few of them from the whole row, so that not all are of the kind that comes first."""
    if len(ids) <= _TRIED:
        return ids
    return [ids[round(place * (len(ids) - 1) / (_TRIED - 1))] for place in range(_TRIED)]


def _answer(
    project: Project, item: Item, card: ModelCard, task: Task, control: Control
) -> tuple[Sample, Prediction] | None:
    try:
        sample = task.sample_of(item, [a for a in project.annotations(item.id) if not a.is_proposal])
        said = next(predict([sample], card, task, control=control))
    except UserError:
        return None
    return None if said.prediction is None else (sample, said.prediction)


def _reason(
    item: Item, sample: Sample, prediction: Prediction, is_right: bool, card: ModelCard, task: Task, control: Control
) -> Reason | None:
    """None when this one cannot be explained; the others may."""
    from workbench.engine.explain.drawing import ground, png

    try:
        if isinstance(prediction, Boxes):
            last: Explanation | None = None
            for last in explain_box(sample, card, prediction.above()[0], control=control):  # noqa: B007
                control.check()
            assert last is not None
        else:
            last = explain(sample, card, task, control=control)
        picture = (
            _drawn(last)
            if last.structure
            else None
            if last.heat is None
            else _small(png(last, ground(sample, item.window)), item.kind == "sound")
        )
    except UserError:
        return None
    return Reason(
        item.name, last.answer(), is_right, last.method, picture,
        coloured(last, item.text or "") if last.words else "",
        None if last.sanity is None else last.sanity.depends,
        "" if last.sanity is None else f"Likeness with shuffled weights {max(0.0, last.sanity.likeness):.0%}.",
    )  # fmt: skip


def _drawn(found: Explanation) -> bytes:
    from workbench.engine.explain.drawing import structure

    return _small(structure(found, (700, 500), ground=True), wide=False)


def _small(data: bytes, wide: bool) -> bytes:
    import numpy as np
    from PIL import Image

    with Image.open(io.BytesIO(data)) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    return small_jpeg(pixels, (480, 150)) if wide else small_jpeg(pixels, (2 * SIDE, 2 * SIDE), keep_shape=True)


def coloured(found: Explanation, text: str) -> Line:
    """The beginning of a text with its words on green (for the answer) or red (against it)."""
    pieces: list[Words] = []
    at = 0
    for word in found.words:
        if word.end > _LONGEST:
            pieces.append(Words(" …"))
            return tuple(pieces)
        if word.start > at:
            pieces.append(Words(text[at : word.start]))
        strength = abs(word.share)
        tone = "" if strength < 0.08 else "good" if word.share > 0 else "bad"
        pieces.append(Words(text[word.start : word.end], "", tone, strength))  # type: ignore[arg-type]
        at = word.end
    pieces.append(Words(text[at:_LONGEST]))
    return tuple(pieces)
