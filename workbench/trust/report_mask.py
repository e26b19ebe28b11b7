"""What the report of a model that colours areas has beside the general part: what was taken for what, and the pictures it
got least right."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workbench.data.project import Project
from workbench.trust.judge_mask import NOTHING, AreaEvaluation, both, said_of
from workbench.trust.judging import Answered
from workbench.trust.report import escaped, shown

_WORST = 12
_SIDE = 240
# Right, missed, wrongly coloured: told apart also by people who see red and green alike.
RIGHT, MISSED, WRONG = (0, 114, 178), (230, 159, 0), (204, 60, 120)


def sections(project: Project, e: AreaEvaluation, thumbnail: Callable[[Path], bytes] | None) -> list[str]:
    """HTML, everything of the person's escaped."""
    return [
        "<p class='soft'>Overlap (IoU): the points both agree on, as a share of the points either of them has. Dice: the same"
        " counted so that agreement weighs twice. The score is the mean overlap of your classes; with the rest of the picture"
        f" counted as a class, as other programs do, it is {e.mean_iou_all:.1%}. {e.point_accuracy:.1%} of all points are right."
        " Areas marked to be ignored count neither way.</p>",
        "<h2>What was taken for what</h2>",
        _confusion(e),
        "<h2>Least right</h2>",
        _worst(project, e, thumbnail),
    ]


def _confusion(e: AreaEvaluation) -> str:
    names = (NOTHING, *e.classes)
    rows = [
        "<div class='scroll'><table><tr><th>Is ↓ called →</th>",
        *(f"<th>{escaped(n)}</th>" for n in names),
        "</tr>",
    ]
    for name, row in zip(names, e.confusion, strict=True):
        total = max(1, sum(row))
        rows.append(f"<tr><th>{escaped(name)}</th>")
        rows += [
            f"<td style='background:rgba(var(--accent),{v / total * 0.7:.2f})'>{f'{v / total:.1%}' if v else ''}</td>"
            for v in row
        ]
        rows.append("</tr>")
    return "".join([*rows, "</table></div>"])


def _worst(project: Project, e: AreaEvaluation, thumbnail: Callable[[Path], bytes] | None) -> str:
    ids = e.worst()[:_WORST]
    if not ids:
        return "<p>None.</p>"
    items = {i.id: i for i in project.items(ids)}
    cells = []
    for item_id in ids:
        item = items.get(item_id)
        if item is None:
            continue
        picture = _overlay(e.answers[item_id], e)
        cells.append(
            f"<figure>{shown(item, thumbnail)}<img alt='right, missed and wrong areas' src='data:image/png;base64,{picture}'>"
            f"<figcaption>{escaped(item.name)}: overlap {e.scores[item_id]:.0%}</figcaption></figure>"
        )
    legend = ", ".join(
        f"<span style='color:rgb{colour}'>■</span> {words}"
        for colour, words in ((RIGHT, "right"), (MISSED, "missed"), (WRONG, "wrongly coloured"))
    )
    return f"<p class='soft'>{legend}</p><div class='worst'>{''.join(cells)}</div>"


def _overlay(answer: Answered, e: AreaEvaluation) -> str:
    """Right, missed and wrong points of one picture as a small PNG, base64."""
    from PIL import Image

    picture = Image.fromarray(difference_of(answer, e.classes))
    picture.thumbnail((_SIDE, _SIDE), Image.Resampling.NEAREST)
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode("ascii")


def difference_of(answer: Answered, classes: tuple[str, ...]) -> Any:
    """Where truth and answer agree on one of the classes, where one was missed, and where something else was said: uint8
    [H, W, 4], clear where neither has anything or the truth is to be ignored."""
    import numpy as np

    from workbench.tasks.masks import IGNORED

    said = said_of(answer)
    assert said is not None
    truth, found = both(answer, said, classes)
    colours = np.zeros((*truth.shape, 4), np.uint8)
    judged = truth != IGNORED
    for where, colour in (
        (judged & (truth == found) & (truth > 0), RIGHT),
        (judged & (truth != found) & (found == 0), MISSED),
        (judged & (truth != found) & (found > 0), WRONG),
    ):
        colours[where] = (*colour, 255)
    return colours
