"""What the report of a detector has beside the general part: the curve, and pictures with what was missed or wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from workbench.data.project import Project
from workbench.data.types import Item
from workbench.tasks.found_things import LOOSE, NOTHING, TWICE
from workbench.trust.judge_boxes import BoxJudgement, Mark
from workbench.trust.report import escaped, shown

_WORST = 24
WHY = {NOTHING: "nothing is there", LOOSE: "not placed well enough", TWICE: "the same thing twice"}
_WIDE, _HIGH, _EDGE = 360, 260, 36


def sections(project: Project, e: BoxJudgement, thumbnail: Callable[[Path], bytes] | None) -> list[str]:
    """HTML, everything of the person's escaped."""
    return [
        "<p class='soft'>Found: of the things that are there, how many it found. Boxes right: of the boxes it drew, how many"
        " lie on a thing of that class. AP: average precision, the area under the curve below, for boxes that overlap by half"
        f" (@.5) and as the mean over stricter and stricter overlaps (@[.5:.95]: {e.map:.1%} over all classes, as COCO"
        f" counts it). AR: average of the highest recall ({e.recall:.1%}).</p>",
        "<h2>Found things against right boxes</h2>",
        curve_svg(e.curve()),
        _list(project, "Missed", e.missed, lambda m: f"<b>{escaped(m.true)}</b> missed", thumbnail),
        _list(project, "Boxes where nothing is, or not well placed", e.wrong, _wrong, thumbnail),
        _list(
            project, "Taken for something else", e.confused,
            lambda m: f"called <b>{escaped(m.said)}</b> ({m.score:.0%}), is <b>{escaped(m.true)}</b>", thumbnail,
        ),
    ]  # fmt: skip


def _wrong(mark: Mark) -> str:
    return f"called <b>{escaped(mark.said)}</b> ({mark.score:.0%}): {WHY.get(mark.why, '')}"


def curve_svg(points: Sequence[tuple[float, float, float]]) -> str:
    """Precision over recall as a small drawing that prints."""
    wide, high = _WIDE - 2 * _EDGE, _HIGH - 2 * _EDGE
    path = " ".join(f"{_EDGE + r * wide:.1f},{_EDGE + (1 - p) * high:.1f}" for r, p, _ in points)
    marks = "".join(
        f"<text x='{_EDGE + v * wide:.0f}' y='{_HIGH - 16}' text-anchor='middle'>{v:.0%}</text>"
        f"<text x='{_EDGE - 4}' y='{_EDGE + (1 - v) * high + 4:.0f}' text-anchor='end'>{v:.0%}</text>"
        for v in (0.0, 0.5, 1.0)
    )
    return (
        f"<svg viewBox='0 0 {_WIDE} {_HIGH}' width='{_WIDE}' role='img' aria-label='Precision over recall'"
        " style='font-size:11px;fill:currentColor'>"
        f"<rect x='{_EDGE}' y='{_EDGE}' width='{wide}' height='{high}' fill='none' stroke='var(--line)'/>"
        f"<polyline points='{path}' fill='none' stroke='rgb(var(--accent))' stroke-width='2'/>{marks}"
        f"<text x='{_WIDE / 2:.0f}' y='{_HIGH - 2}' text-anchor='middle'>share of the things it finds (recall)</text>"
        f"<text x='4' y='{_EDGE - 14}'>share of its boxes that are right (precision)</text></svg>"
    )


def _list(
    project: Project,
    title: str,
    marks: Sequence[Mark],
    words: Callable[[Mark], str],
    thumbnail: Callable[[Path], bytes] | None,
) -> str:
    items = {i.id: i for i in project.items(list({m.item_id for m in marks[:_WORST]}))}
    cells = [
        f"<figure>{_framed(items[m.item_id], m, thumbnail)}<figcaption>{words(m)}</figcaption></figure>"
        for m in marks[:_WORST]
        if m.item_id in items
    ]
    body = f"<div class='worst'>{''.join(cells)}</div>" if cells else "<p>None.</p>"
    more = f" (the first {_WORST} of {len(marks)})" if len(marks) > _WORST else ""
    return f"<h2>{escaped(title)}{more}</h2>{body}"


def _framed(item: Item, mark: Mark, thumbnail: Callable[[Path], bytes] | None) -> str:
    """The picture with the box on it, in shares of its width and height, so that it fits at any size."""
    inside = shown(item, thumbnail)
    if not inside.startswith("<img") or not item.width or not item.height:
        return inside
    x0, y0, x1, y1 = mark.box
    colour = "#d55e00" if mark.said else "#0072b2"
    place = (
        f"left:{x0 / item.width:.2%};top:{y0 / item.height:.2%};width:{(x1 - x0) / item.width:.2%};"
        f"height:{(y1 - y0) / item.height:.2%}"
    )
    picture = inside.replace("<img", "<img style='height:auto;display:block'", 1)
    return (
        f"<div style='position:relative'>{picture}<div style='position:absolute;box-sizing:border-box;"
        f"border:2px solid {colour};{place}'></div></div>"
    )
