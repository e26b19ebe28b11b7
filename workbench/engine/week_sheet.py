"""A week of a model at work as one HTML page that can be mailed and printed. Everything of the person's is escaped."""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from workbench import atomic
from workbench.catalog.card import ModelCard
from workbench.engine.watching import Week
from workbench.errors import UserError

_STYLE = """
:root{color-scheme:light dark;--line:#d9d5cc;--soft:#5a5f66;--bar:#1f6f5c;--bg:#fff;--fg:#1f2328}
@media(prefers-color-scheme:dark){:root{--line:#33383b;--soft:#a9b0b6;--bar:#5cc2a5;--bg:#17191b;--fg:#eceef0}}
body{font:16px/1.5 system-ui,sans-serif;background:var(--bg);color:var(--fg);max-width:820px;margin:40px auto;padding:0 20px}
table{border-collapse:collapse;margin:12px 0}td,th{border:1px solid var(--line);padding:5px 10px;text-align:right}
th:first-child,td:first-child{text-align:left;overflow-wrap:anywhere}.soft,figcaption{color:var(--soft)}
.scroll{overflow-x:auto}.bar{fill:var(--bar)}svg text{fill:var(--soft);font-size:12px}
"""
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MOST_CLASSES = 30
_WIDTH, _HEIGHT = 560, 120
_LOOKS = {"features": "what it sees", "certainty": "how sure", "unlike": "unlike", "classes": "classes"}


def write_sheet(card: ModelCard, week: Week, path: Path) -> Path:
    """Write the page atomically. Raises: UserError when it cannot be written."""
    try:
        atomic.write_text(path, render_sheet(card, week))
    except OSError as error:
        raise UserError(f"The sheet could not be written to “{path.parent.name}”.", "Choose another place.") from error
    return path


def render_sheet(card: ModelCard, week: Week) -> str:
    """The page as text."""
    until = week.begins + timedelta(days=6)
    state = "" if week.over else " (not over yet)"
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><meta name='viewport' content='width=device-width'>",
        f"<title>{escaped(card.name)}, {escaped(week.id)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escaped(card.name)}</h1><p class='soft'>Week {escaped(week.id)}: {_spoken(week.begins)} to {_spoken(until)}{state}</p>",
        f"<p><strong>{escaped(week.headline())}</strong></p>",
        *(f"<p>{escaped(line)}</p>" for line in week.lines()),
    ]
    if week.advice():
        parts.append("<h2>What to do</h2><ul>" + "".join(f"<li>{escaped(a)}</li>" for a in week.advice()) + "</ul>")
    if week.items:
        parts += ["<h2>Answers a day</h2>", _bars(_DAYS, week.days)]
        tenths = tuple(f"{n * 10}–{n * 10 + 10}" for n in range(len(week.bins)))
        parts += ["<h2>How sure it was, in %</h2>", _bars(tenths, week.bins)]
    if week.classes:
        rows = [
            [c.name, f"{c.count:,}", f"{c.now:.1%}", f"{c.before:.1%}" if c.before >= 0 else "not kept"]
            for c in week.classes[:_MOST_CLASSES]
        ]
        parts += ["<h2>What it answered</h2>", _table(["answer", "items", "share", "share when judged"], rows)]
    if week.looks:
        tests = [name for name in _LOOKS if any(name in one.p for one in week.looks)]
        rows = [
            [
                f"after {one.items}",
                *(f"{one.p[t]:.4f}{' – changed' if t in one.changed else ''}" if t in one.p else "–" for t in tests),
                f"{one.limit:.5f}",
            ]
            for one in week.looks
        ]
        parts += [
            "<h2>The looks that were taken</h2>",
            _table(["look", *(_LOOKS[t] for t in tests), "alarm at or below"], rows),
            "<p class='soft'>Each number is the chance of at least such a difference where nothing has changed.</p>",
        ]
    parts.append(
        f"<p class='soft'>{escaped(week.promise())} Made on this computer from its own log; nothing was sent.</p>"
    )
    return "".join([*parts, "</body></html>"])


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escaped(h)}</th>" for h in headings)
    body = "".join(f"<tr>{''.join(f'<td>{escaped(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<div class='scroll'><table><tr>{head}</tr>{body}</table></div>"


def escaped(value: object) -> str:
    """Text as it may stand in the page."""
    return html.escape(str(value))


def _spoken(day: date) -> str:
    """ "23 November 2026", on every system."""
    return f"{day.day} {day:%B %Y}"


def _bars(names: tuple[str, ...], values: tuple[int, ...]) -> str:
    highest, step = max(1, *values), _WIDTH / len(values)
    parts = []
    for n, (name, value) in enumerate(zip(names, values, strict=True)):
        tall = _HEIGHT * value / highest
        parts.append(
            f"<rect class='bar' x='{n * step + 4:.1f}' y='{_HEIGHT - tall + 16:.1f}' width='{step - 8:.1f}'"
            f" height='{tall:.1f}' rx='3'/><text x='{(n + 0.5) * step:.1f}' y='{_HEIGHT + 32}' text-anchor='middle'>"
            f"{escaped(name)}</text><text x='{(n + 0.5) * step:.1f}' y='{_HEIGHT - tall + 12:.1f}'"
            f" text-anchor='middle'>{value or ''}</text>"
        )
    return (
        f"<svg role='img' viewBox='0 0 {_WIDTH} {_HEIGHT + 40}' style='max-width:{_WIDTH}px;width:100%'>"
        f"{''.join(parts)}</svg>"
    )
