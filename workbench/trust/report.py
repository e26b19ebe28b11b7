"""A run's report as one HTML file that can be mailed and printed."""

from __future__ import annotations

import base64
import html
import os
from collections.abc import Callable
from pathlib import Path

from workbench.data.project import Project
from workbench.data.types import Item, RunRecord
from workbench.errors import UserError
from workbench.trust.metrics import Evaluation

_WORST = 24
_STYLE = """
:root{color-scheme:light dark;--line:#d9d5cc;--soft:#5a5f66;--accent:31,111,92;--bg:#fff;--fg:#1f2328}
@media(prefers-color-scheme:dark){:root{--line:#33383b;--soft:#a9b0b6;--accent:92,194,165;--bg:#17191b;--fg:#eceef0}}
body{font:16px/1.5 system-ui,sans-serif;background:var(--bg);color:var(--fg);max-width:960px;margin:40px auto;padding:0 20px}
table{border-collapse:collapse;margin:12px 0}td,th{border:1px solid var(--line);padding:5px 10px;text-align:right}
th:first-child,td:first-child{text-align:left}.soft{color:var(--soft)}.big{font-size:44px;font-weight:650;margin:0}
.worst{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:14px}
.worst figure{margin:0;border:1px solid var(--line);border-radius:8px;padding:8px;font-size:13px;overflow-wrap:anywhere}
.worst img{width:100%;height:120px;object-fit:contain}.scroll{overflow-x:auto}
"""


def write_report(
    project: Project,
    run: RunRecord,
    evaluation: Evaluation,
    path: Path,
    thumbnail: Callable[[Path], bytes] | None = None,
) -> Path:
    """Write the report atomically.

    Args:
        thumbnail: gives a picture's small JPEG; without it pictures are named only.

    Raises:
        UserError: when the file cannot be written.
    """
    page = render(project, run, evaluation, thumbnail)
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8") as stream:
            stream.write(page)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise UserError(f"The report could not be written to “{path.parent.name}”.", "Choose another place.") from error
    return path


def render(
    project: Project, run: RunRecord, evaluation: Evaluation, thumbnail: Callable[[Path], bytes] | None = None
) -> str:
    """The page as text. Everything of the person's is escaped."""
    e = evaluation
    config = run.config
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><meta name='viewport' content='width=device-width'>",
        f"<title>{_t(run.name)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{_t(run.name)}</h1><p class='soft'>Project “{_t(project.name)}”, trained {_t(run.created)} from"
        f" “{_t(config.get('model'))}”, the {_t(config.get('how'))} way, seed {_t(config.get('seed'))}.</p>",
        f"<p class='big'>{e.accuracy:.1%}</p><p class='soft'>right on the {_t(e.split)} items; 95 % interval {e.low:.1%} to"
        f" {e.high:.1%}</p><p>{_t(e.sentence())}</p>",
        "<h2>Class by class</h2><div class='scroll'><table><tr><th>Class</th><th>Precision</th><th>Recall</th><th>F1</th>"
        "<th>Items</th></tr>",
        *(
            f"<tr><td>{_t(c.name)}</td><td>{c.precision:.1%}</td><td>{c.recall:.1%}</td><td>{c.f1:.1%}</td>"
            f"<td>{c.support}</td></tr>"
            for c in e.per_class
        ),
        "</table></div><p class='soft'>Precision: of the items it called so, how many were. Recall: of the items that were"
        f" so, how many it found. Calibration error {e.calibration_error:.1%}: how far its certainty is from its accuracy.</p>",
        "<h2>What was taken for what</h2>",
        _confusion(e),
        "<h2>Most confident mistakes</h2>",
        _mistakes(project, e, thumbnail),
        f"<p class='soft'>Made with Model Workbench {_version()}. The model knows only these classes and always names one of"
        " them; rely on it only for items like those it was trained and tested on.</p></body></html>",
    ]
    return "".join(parts)


def _confusion(e: Evaluation) -> str:
    rows = ["<div class='scroll'><table><tr><th>Is ↓ called →</th>", *(f"<th>{_t(n)}</th>" for n in e.classes), "</tr>"]
    for name, row in zip(e.classes, e.confusion, strict=True):
        total = max(1, sum(row))
        rows.append(f"<tr><th>{_t(name)}</th>")
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
                f"<figure>{_shown(item, thumbnail)}<figcaption>called <b>{_t(p.predicted_class)}</b> ({max(p.scores):.0%}),"
                f" labelled <b>{_t(p.true_class)}</b></figcaption></figure>"
            )
    return f"<div class='worst'>{''.join(cells)}</div>"


def _shown(item: Item, thumbnail: Callable[[Path], bytes] | None) -> str:
    if item.text is not None:
        return f"<p>{_t(item.text[:300])}</p>"
    if item.path is not None and thumbnail is not None:
        try:
            data = base64.b64encode(thumbnail(item.path)).decode()
        except UserError:
            return f"<p>{_t(item.name)}</p>"
        return f"<img alt='{_t(item.name)}' src='data:image/jpeg;base64,{data}'>"
    return f"<p>{_t(item.name)}</p>"


def _t(value: object) -> str:
    return html.escape(str(value))


def _version() -> str:
    from workbench import __version__

    return __version__
