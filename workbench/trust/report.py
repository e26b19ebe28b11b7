"""A run's report as one HTML file that can be mailed and printed."""

from __future__ import annotations

import base64
import html
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from workbench import atomic
from workbench.data.project import Project
from workbench.data.types import Item, RunRecord
from workbench.errors import UserError
from workbench.trust.groups import by_groups
from workbench.trust.judging import Judgement

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
    evaluation: Judgement,
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
    try:
        atomic.write_text(path, page)
    except OSError as error:
        raise UserError(f"The report could not be written to “{path.parent.name}”.", "Choose another place.") from error
    return path


def render(
    project: Project, run: RunRecord, evaluation: Judgement, thumbnail: Callable[[Path], bytes] | None = None
) -> str:
    """The page as text. Everything of the person's is escaped."""
    config = run.config
    numbers = evaluation.headline()
    headings, rows = evaluation.table()
    score = (
        f"<p class='big'>{numbers['score']:.1%}</p><p class='soft'>{_metric(numbers)} on {evaluation.n} {escaped(evaluation.split)}"
        f" items; 95 % interval {numbers['low']:.1%} to {numbers['high']:.1%}</p>"
        if "score" in numbers
        else ""
    )
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><meta name='viewport' content='width=device-width'>",
        f"<title>{escaped(run.name)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escaped(run.name)}</h1><p class='soft'>Project “{escaped(project.name)}”, trained {escaped(run.created)} from"
        f" “{escaped(config.get('model'))}”, the {escaped(config.get('how'))} way, seed {escaped(config.get('seed'))}.</p>",
        score,
        f"<p>{escaped(evaluation.sentence())}</p>",
        *([f"<p>{escaped(run.metrics['unlike'])}</p>"] if run.metrics.get("unlike") else []),
        f"<h2>{escaped(getattr(evaluation, 'table_title', 'Class by class'))}</h2>",
        _table(headings, rows),
        *_sections(project, evaluation, thumbnail),
        *_by_group(project, evaluation),
        f"<p class='soft'>Made with Model Workbench {_version()}. Rely on the model only for items like those it was trained"
        " and tested on.</p></body></html>",
    ]
    return "".join(parts)


def _metric(numbers: dict[str, Any]) -> str:
    return "right" if numbers["metric"] == "accuracy" else escaped(numbers["metric"])


def _sections(project: Project, evaluation: Judgement, thumbnail: Callable[[Path], bytes] | None) -> list[str]:
    """What a kind of judgement adds: `workbench.trust.report_KIND` has `sections`."""
    name = f"workbench.trust.report_{evaluation.kind}"
    if find_spec(name) is None:
        return []
    found: list[str] = import_module(name).sections(project, evaluation, thumbnail)
    return found


def _by_group(project: Project, evaluation: Judgement) -> list[str]:
    """How it does on each group of items, for every property by which the person told groups apart."""
    members = project.group_members(list(evaluation.per_item()))
    parts = []
    for by in by_groups(evaluation, members):
        parts += [f"<h2>By {escaped(by.name)}</h2><p>{escaped(by.sentence())}</p>"]
        if by.groups:
            parts.append(_table(*by.table()))
        headings, rows = by.rates_table()
        if rows:
            parts.append(_table(headings, rows))
            spreads = "; ".join(
                f"{escaped(r.name)}: called so {r.parity or 0:.1%}, missed or false alarms {r.odds or 0:.1%}"
                for r in by.rates
            )
            parts.append(
                f"<p class='soft'>The largest difference between groups (demographic parity, equalised odds): {spreads}.</p>"
            )
        if by.groups:
            parts.append(f"<p class='soft'>{escaped(by.note())}</p>")
    return parts


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escaped(h.capitalize() if h.islower() else h)}</th>" for h in headings)
    body = "".join(f"<tr>{''.join(f'<td>{escaped(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<div class='scroll'><table><tr>{head}</tr>{body}</table></div>"


def shown(item: Item, thumbnail: Callable[[Path], bytes] | None) -> str:
    """An item in the page: its picture, the beginning of its text, or its name."""
    if item.text is not None:
        return f"<p>{escaped(item.text[:300])}</p>"
    if item.path is not None and thumbnail is not None:
        try:
            data = base64.b64encode(thumbnail(item.path)).decode()
        except UserError:
            return f"<p>{escaped(item.name)}</p>"
        return f"<img alt='{escaped(item.name)}' src='data:image/jpeg;base64,{data}'>"
    return f"<p>{escaped(item.name)}</p>"


def escaped(value: object) -> str:
    """Text as it may stand in the page."""
    return html.escape(str(value))


def _version() -> str:
    from workbench import __version__

    return __version__
