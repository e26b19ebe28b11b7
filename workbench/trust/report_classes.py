"""What the report of a classifier has beside the general part: confusion matrix and mistakes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from workbench.data.project import Project
from workbench.trust.certainty import reliability
from workbench.trust.metrics import Evaluation
from workbench.trust.report import escaped, shown

_WORST = 24


def sections(project: Project, e: Evaluation, thumbnail: Callable[[Path], bytes] | None) -> list[str]:
    """HTML, everything of the person's escaped."""
    return [
        "<p class='soft'>Precision: of the items it called so, how many were. Recall: of the items that were so, how many it"
        f" found. Calibration error {e.calibration_error:.1%}: how far its certainty is from its accuracy. The model knows"
        " only these classes and always names one of them.</p>",
        "<h2>What was taken for what</h2>",
        _confusion(e),
        *_certainty(e),
        "<h2>Most confident mistakes</h2>",
        _mistakes(project, e, thumbnail),
    ]


def _certainty(e: Evaluation) -> list[str]:
    """How sure it says it is against how often it is right."""
    known = [p for p in e.predictions if p.scores]
    if not known:
        return []
    width = len(known[0].scores)
    found = reliability([p for p in known if len(p.scores) == width], e.classes[:width])
    rows = [
        f"<tr><td>{b.low:.0%} to {b.high:.0%}</td><td>{b.said:.0%}</td><td>{b.share:.0%}</td>"
        f"<td>{b.interval()[0]:.0%} to {b.interval()[1]:.0%}</td><td>{b.count}</td></tr>"
        for b in found.bins
        if b.count
    ]
    return [
        f"<h2>How sure it is</h2><p>{escaped(found.sentence())} Brier score {found.brier:.3f} (0 is best).</p>",
        "<div class='scroll'><table><tr><th>Certainty</th><th>It says</th><th>It is right</th><th>95 % interval</th>"
        "<th>Answers</th></tr>",
        *rows,
        "</table></div>",
    ]


def _confusion(e: Evaluation) -> str:
    rows = [
        "<div class='scroll'><table><tr><th>Is ↓ called →</th>",
        *(f"<th>{escaped(n)}</th>" for n in e.classes),
        "</tr>",
    ]
    for name, row in zip(e.classes, e.confusion, strict=True):
        total = max(1, sum(row))
        rows.append(f"<tr><th>{escaped(name)}</th>")
        rows += [f"<td style='background:rgba(var(--accent),{v / total * 0.7:.2f})'>{v or ''}</td>" for v in row]
        rows.append("</tr>")
    return "".join([*rows, "</table></div>"])


def _mistakes(project: Project, e: Evaluation, thumbnail: Callable[[Path], bytes] | None) -> str:
    if not e.mistakes:
        return "<p>None.</p>"
    items = {i.id: i for i in project.items([p.item_id for p in e.mistakes[:_WORST]])}
    cells = []
    for p in e.mistakes[:_WORST]:
        item = items.get(p.item_id)
        if item is not None:
            cells.append(
                f"<figure>{shown(item, thumbnail)}<figcaption>called <b>{escaped(p.predicted_class)}</b> ({max(p.scores):.0%}),"
                f" labelled <b>{escaped(p.true_class)}</b></figcaption></figure>"
            )
    return f"<div class='worst'>{''.join(cells)}</div>"
