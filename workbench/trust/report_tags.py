"""What the report of a model that gives several labels has beside the general part: what was given instead of what, what
goes together, and the items that are most wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from workbench.data.project import Project
from workbench.tasks.predictions import NONE_OF_THEM
from workbench.trust.judge_tags import TagJudgement
from workbench.trust.report import escaped, shown
from workbench.trust.tag_certainty import answers_of, known_labels, reliability_of

_WORST = 24


def sections(project: Project, e: TagJudgement, thumbnail: Callable[[Path], bytes] | None) -> list[str]:
    """HTML, everything of the person's escaped."""
    always = ", ".join(e.baseline_set) or NONE_OF_THEM
    return [
        "<p class='soft'>Precision: of the items it gave this label, how many have it. Recall: of the items that have it, how"
        " many it found. AP: average precision, whatever the threshold. The score is the F1 over all labels together (micro);"
        f" the mean over the labels (macro) is {e.macro_f1:.1%}. {e.exact:.1%} of the items have exactly the right labels"
        f" (subset accuracy); {e.hamming_loss:.1%} of all single decisions are wrong (Hamming loss). Always answering"
        f" “{escaped(always)}” reaches {e.baseline:.1%}. Thresholds were chosen on the validation items.</p>",
        "<h2>What was given instead of what</h2>",
        _matrix("Missed ↓ given →", e.names, e.confusion),
        "<h2>What goes together</h2>",
        _matrix("Has ↓ has also →", e.classes, e.co_occurrence),
        *_certainty(e),
        "<h2>Most wrong</h2>",
        _mistakes(project, e, thumbnail),
    ]


def _matrix(corner: str, names: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    rows = [
        f"<div class='scroll'><table><tr><th>{escaped(corner)}</th>",
        *(f"<th>{escaped(n)}</th>" for n in names),
        "</tr>",
    ]
    for name, row in zip(names, counts, strict=True):
        total = max(1, sum(row))
        rows.append(f"<tr><th>{escaped(name)}</th>")
        rows += [f"<td style='background:rgba(var(--accent),{v / total * 0.7:.2f})'>{v or ''}</td>" for v in row]
        rows.append("</tr>")
    return "".join([*rows, "</table></div>"])


def _certainty(e: TagJudgement) -> list[str]:
    """How sure it says it is that a label is there against how often it is."""
    names = known_labels(e)
    pairs = {name: answers_of(e.cases, [name]) for name in names}
    found = reliability_of([p for each in pairs.values() for p in each])
    if not found.n:
        return []
    rows = [
        f"<tr><td>{b.low:.0%} to {b.high:.0%}</td><td>{b.said:.0%}</td><td>{b.share:.0%}</td>"
        f"<td>{b.interval()[0]:.0%} to {b.interval()[1]:.0%}</td><td>{b.count}</td></tr>"
        for b in found.bins
        if b.count
    ]
    each = [(name, reliability_of(p)) for name, p in pairs.items()]
    labels = [
        f"<tr><td>{escaped(name)}</td><td>{r.error:.1%}</td><td>{r.brier:.3f}</td><td>{r.n}</td></tr>"
        for name, r in each
    ]
    return [
        f"<h2>How sure it is</h2><p>{escaped(found.sentence())} Brier score {found.brier:.3f} (0 is best).</p>",
        "<div class='scroll'><table><tr><th>Certainty</th><th>It says</th><th>The label is there</th>"
        "<th>95 % interval</th><th>Answers</th></tr>",
        *rows,
        "</table></div><div class='scroll'><table><tr><th>Label</th><th>Calibration error</th><th>Brier score</th>"
        "<th>Answers</th></tr>",
        *labels,
        "</table></div>",
    ]


def _mistakes(project: Project, e: TagJudgement, thumbnail: Callable[[Path], bytes] | None) -> str:
    worst = e.mistakes[:_WORST]
    if not worst:
        return "<p>None.</p>"
    items = {i.id: i for i in project.items([c.item_id for c in worst])}
    cells = [
        f"<figure>{shown(items[c.item_id], thumbnail)}<figcaption>{escaped(c.sentence())}</figcaption></figure>"
        for c in worst
        if c.item_id in items
    ]
    more = f"<p class='soft'>The first {_WORST} of {len(e.mistakes)}.</p>" if len(e.mistakes) > _WORST else ""
    return f"<div class='worst'>{''.join(cells)}</div>{more}"
