"""What the card of a model that colours areas has beside the general part: what was taken for what, and the pictures it
got least right."""

from __future__ import annotations

import io

from workbench.data.project import Project
from workbench.trust.card.items import NO_MISTAKES, Show, picture_of, some_of
from workbench.trust.card.parts import MOST_EXAMPLES, Example, Gallery, Heading, Paragraph, Part, Words, matrix
from workbench.trust.judge_mask import MISSED, NOTHING, RIGHT, WRONG, AreaEvaluation, compared
from workbench.trust.judging import Answered

_SIDE = 240
# Of a difference map: told apart also by people who see red and green alike.
COLOURS = {RIGHT: ("#0072b2", "right"), MISSED: ("#e69f00", "missed"), WRONG: ("#cc3c78", "coloured wrongly")}
_GREY = 0x77


def sections(_project: Project, e: AreaEvaluation) -> list[Part]:
    """What the numbers say in detail."""
    return [
        Paragraph(
            "Overlap (IoU): the points both agree on, as a share of the points either of them has. Dice: the same"
            " counted so that agreement weighs twice. The score is the mean overlap of your classes; with the rest of the picture"
            f" counted as a class, as other programs do, it is {e.mean_iou_all:.1%}. {e.point_accuracy:.1%} of all points are right."
            " Areas marked to be ignored count neither way.",
            soft=True,
        ),
        Heading("What was taken for what"),
        *matrix("Is ↓ called →", (NOTHING, *e.classes), e.confusion, shares=True),
    ]


def failures(project: Project, e: AreaEvaluation, show: Show | None) -> list[Part]:
    """The pictures it got least right, each beside its right, missed and wrong areas."""
    worst = [i for i in e.worst() if e.scores[i] < 1]
    items = {i.id: i for i in project.items(worst[:MOST_EXAMPLES])}
    examples = []
    for item_id in worst[:MOST_EXAMPLES]:
        if item_id not in items:
            continue
        item, overlay = items[item_id], _overlay(e.answers[item_id], e)
        caption = f"{item.name}: overlap {e.scores[item_id]:.0%}"
        picture = picture_of(item, show)
        first, more = (picture, overlay) if picture else (overlay, None)
        examples.append(Example(caption, item.name, first, more=more))
    if not examples:
        return [Paragraph(NO_MISTAKES)]
    return [
        Paragraph((Words("Blue: right; orange: missed; pink: coloured wrongly.", "soft"),)),
        Gallery(tuple(examples)),
        *some_of(len(examples), len(worst)),
    ]


def _overlay(answer: Answered, e: AreaEvaluation) -> bytes:
    """Right, missed and wrong points of one picture as a small PNG."""
    from PIL import Image

    seen = compared(answer, e.classes, _SIDE)
    assert seen is not None
    with Image.open(io.BytesIO(seen.difference)) as picture:
        coloured = Image.frombytes("P", picture.size, picture.tobytes())
    palette = [_GREY] * 3 + [0] * 765
    for value, (colour, _words) in COLOURS.items():
        palette[3 * value : 3 * value + 3] = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    coloured.putpalette(palette)
    stream = io.BytesIO()
    coloured.save(stream, "PNG")
    return stream.getvalue()
