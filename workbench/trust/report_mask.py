"""What the report of a model that colours areas has beside the general part: what was taken for what, and the pictures it
got least right."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path

from workbench.data.project import Project
from workbench.trust.judge_mask import MISSED, NOTHING, RIGHT, WRONG, AreaEvaluation, compared
from workbench.trust.judging import Answered
from workbench.trust.report import escaped, shown

_WORST = 12
_SIDE = 240
# Of a difference map: told apart also by people who see red and green alike.
COLOURS = {RIGHT: ("#0072b2", "right"), MISSED: ("#e69f00", "missed"), WRONG: ("#cc3c78", "coloured wrongly")}


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
    legend = ", ".join(f"<span style='color:{colour}'>■</span> {words}" for colour, words in COLOURS.values())
    return f"<p class='soft'>{legend}</p><div class='worst'>{''.join(cells)}</div>"


def _overlay(answer: Answered, e: AreaEvaluation) -> str:
    """Right, missed and wrong points of one picture as a small PNG, base64."""
    from PIL import Image

    seen = compared(answer, e.classes, _SIDE)
    assert seen is not None
    with Image.open(io.BytesIO(seen.difference)) as picture:
        coloured = Image.frombytes("P", picture.size, picture.tobytes())
    palette = [0] * 768
    for value, (colour, _words) in COLOURS.items():
        palette[3 * value : 3 * value + 3] = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    coloured.putpalette(palette)
    stream = io.BytesIO()
    coloured.save(stream, "PNG", transparency=0)
    return base64.b64encode(stream.getvalue()).decode("ascii")
