"""A model card as one web page: no script, nothing from outside, light and dark, good to print."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from pathlib import Path

from workbench.control import Control
from workbench.data.exporters.tables import write_bytes
from workbench.trust.card.parts import (
    LONGEST,
    SHORT,
    Bullets,
    Card,
    Example,
    Facts,
    Gallery,
    Gauge,
    Heading,
    Line,
    Paragraph,
    Part,
    Picture,
    Section,
    Table,
    shown,
    words_of,
)

_STYLE = """
:root{color-scheme:light dark;--bg:#faf9f6;--card:#fff;--fg:#1f2328;--soft:#5a5f66;--line:#e2ded5;--accent:31,111,92;
--good:0,140,105;--bad:190,60,50;--warn:205,140,0;--other:0,114,178}
@media(prefers-color-scheme:dark){:root{--bg:#141617;--card:#1b1e20;--fg:#eceef0;--soft:#a9b0b6;--line:#33383b;
--accent:92,194,165;--good:70,190,150;--bad:235,115,105;--warn:230,175,60;--other:95,170,225}}
*{box-sizing:border-box}
body{font:16px/1.55 Inter,system-ui,-apple-system,"Segoe UI",sans-serif;background:var(--bg);color:var(--fg);margin:0}
main{max-width:900px;margin:0 auto;padding:48px 24px 80px}
h1{font-size:32px;line-height:1.2;margin:0 0 8px;letter-spacing:-.01em}
h2{font-size:21px;margin:0 0 8px;letter-spacing:-.005em}
h3{font-size:15px;margin:24px 0 6px}
p{margin:8px 0;max-width:72ch}
h1,h2,h3,p,li,figcaption,dd{overflow-wrap:anywhere}
td,th{overflow-wrap:break-word}th:first-child,td:first-child{min-width:90px;max-width:340px}table.numbers tbody td{white-space:nowrap}
.soft{color:var(--soft)}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:24px 28px;margin:20px 0}
nav{margin:20px 0;columns:2;column-gap:32px;font-size:14px}
nav a{display:block;padding:2px 0;color:inherit;text-decoration:none}
nav a:hover,nav a:focus{text-decoration:underline}
.lead{font-size:17px}
.scroll{overflow-x:auto;margin:14px 0}
table{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums}
th,td{padding:6px 12px;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
table.numbers td,table.numbers th+th{text-align:right}
thead th{color:var(--soft);font-weight:600;vertical-align:bottom}
tbody th{font-weight:500}
dl{display:grid;grid-template-columns:minmax(120px,220px) 1fr;gap:6px 20px;font-size:14px;margin:12px 0}
dt{color:var(--soft)}dd{margin:0}
.gauge{margin:16px 0 18px}
.big{font-size:44px;font-weight:650;line-height:1.1;letter-spacing:-.02em}
.bar{position:relative;height:12px;border-radius:6px;background:rgba(var(--accent),.14);margin:14px 0 34px}
.bar i{position:absolute;top:0;height:12px;border-radius:6px;background:rgba(var(--accent),.42)}
.bar b{position:absolute;top:-3px;width:4px;height:18px;border-radius:2px;background:rgb(var(--accent))}
.bar s{position:absolute;top:-3px;width:2px;height:18px;background:var(--fg)}
.bar u{position:absolute;top:17px;font-size:12px;color:var(--soft);text-decoration:none;white-space:nowrap;transform:translateX(-50%)}
.gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(190px,1fr));gap:16px;margin:14px 0}
.gallery.words{grid-template-columns:1fr}
figure{margin:14px 0}
.gallery figure{margin:0;border:1px solid var(--line);border-radius:8px;padding:10px;font-size:13px;break-inside:avoid}
.gallery img{width:100%;height:150px;object-fit:contain;border-radius:4px;display:block;margin-bottom:8px}
figure.plot img{max-width:100%;height:auto;border-radius:8px;background:#fff}
figcaption{font-size:13px}
details{margin-top:18px;border-top:1px solid var(--line);padding-top:12px}
summary{cursor:pointer;color:var(--soft);font-size:14px;font-weight:600}
mark{color:inherit;border-radius:3px;padding:0 .2em}
footer{color:var(--soft);font-size:13px}
@media print{:root{--bg:#fff;--card:#fff;--fg:#000;--soft:#444;--line:#bbb}body{font-size:11pt}
main{padding:0;max-width:none}nav{display:none}section{border:0;border-radius:0;padding:0;margin:22px 0}
h2,h3{break-after:avoid}tr,figure{break-inside:avoid}.scroll{overflow:visible}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
"""


def write_html(card: Card, path: Path, control: Control | None = None) -> Path:
    """Write atomically. Raises: UserError when it cannot be written. Cancelled."""
    write_bytes(path, render(card, control or Control()).encode())
    return path


def render(card: Card, control: Control | None = None) -> str:
    """The whole page."""
    control = control or Control()
    links = "".join(f"<a href='#{_safe(s.id)}'>{_safe(s.title)}</a>" for s in card.sections)
    sections = []
    for section in card.sections:
        control.check()
        sections.append(_section(section, control))
    notes = "".join(f"<p>{_safe(note)}</p>" for note in card.notes)
    made = f"Made {_safe(card.made[:10])} with {_safe(card.app)}." if card.made else f"Made with {_safe(card.app)}."
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'><meta name='color-scheme' content='light dark'>"
        # Nothing is run and nothing is fetched, whatever should ever slip into the page.
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
        f"<title>{_safe(card.title)}: model card</title><style>{_STYLE}</style></head><body><main>"
        f"<header><h1 dir='auto'>{_safe(card.title)}</h1><p class='soft' dir='auto'>{_safe(card.subtitle)}</p>{notes}</header>"
        f"<nav aria-label='Sections'>{links}</nav>{''.join(sections)}<footer><p>{made}</p></footer></main></body></html>"
    )


def parts_html(parts: Sequence[Part], control: Control | None = None) -> str:
    """Some parts as they stand in the page."""
    control = control or Control()
    found = []
    for part in parts:
        control.check()
        found.append(_part(part))
    return "".join(found)


def _section(section: Section, control: Control) -> str:
    expert = parts_html(section.expert, control)
    return (
        f"<section id='{_safe(section.id)}'><h2>{_safe(section.title)}</h2>"
        + (f"<p class='lead' dir='auto'>{_safe(section.sentence)}</p>" if section.sentence else "")
        + parts_html(section.parts, control)
        + (f"<details open><summary>For experts</summary>{expert}</details>" if expert else "")
        + "</section>"
    )


def _part(part: Part) -> str:
    if isinstance(part, Heading):
        return f"<h3>{_safe(part.text)}</h3>"
    if isinstance(part, Paragraph):
        return f"<p{' class=soft' if part.soft else ''} dir='auto'>{_line(part.line)}</p>"
    if isinstance(part, Bullets):
        return f"<ul>{''.join(f'<li dir=auto>{_line(line)}</li>' for line in part.lines)}</ul>"
    if isinstance(part, Table):
        return _table(part)
    if isinstance(part, Facts):
        rows = "".join(f"<dt>{_safe(name)}</dt><dd dir='auto'>{_line(value)}</dd>" for name, value in part.rows)
        return f"<dl>{rows}</dl>"
    if isinstance(part, Picture):
        caption = f"<figcaption class='soft'>{_line(part.caption)}</figcaption>" if part.caption else ""
        width = f"{max(0.1, min(1.0, part.width)):.0%}"
        return f"<figure class='plot'><img style='width:{width}' alt='{_safe(part.alt)}' src='{_source(part.data)}'>{caption}</figure>"
    if isinstance(part, Gauge):
        return _gauge(part)
    return _gallery(part)


def _table(part: Table) -> str:
    head = "".join(f"<th scope='col' dir='auto'>{_cell(h)}</th>" for h in part.headings)
    rows = []
    for y, row in enumerate(part.rows):
        cells = []
        for x, cell in enumerate(row):
            shade = part.shades[y][x] if part.shades else 0.0
            ground = f" style='background:rgba(var(--accent),{min(1.0, shade) * 0.7:.2f})'" if shade > 0 else ""
            tag = "th scope='row'" if x == 0 else "td"
            cells.append(f"<{tag} dir='auto'{ground}>{_cell(cell)}</{tag[:2]}>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    kind = " class='numbers'" if part.numbers else ""
    note = f"<p class='soft'>{_safe(part.note)}</p>" if part.note else ""
    return (
        f"<div class='scroll' tabindex='0'><table{kind}><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        f"</div>{note}"
    )


def _gauge(part: Gauge) -> str:
    low, high = _inside(part.low), _inside(part.high)
    beside = ""
    if part.baseline >= 0:
        place = _inside(part.baseline)
        beside = f"<s style='left:{place:.1%}'></s><u style='left:{min(0.85, max(0.15, place)):.1%}'>{_safe(part.baseline_words)}: {part.baseline:.0%}</u>"
    return (
        f"<div class='gauge'><div class='big'>{part.value:.1%}</div><div class='soft'>{_safe(part.words)}</div>"
        f"<div class='bar' role='img' aria-label='{part.value:.1%}, 95 % interval {part.low:.1%} to {part.high:.1%}'>"
        f"<i style='left:{low:.1%};width:{max(0.004, high - low):.1%}'></i><b style='left:calc({_inside(part.value):.1%} - 2px)'></b>"
        f"{beside}</div></div>"
    )


def _gallery(part: Gallery) -> str:
    pictures = any(e.picture for e in part.examples)
    cells = "".join(_example(e) for e in part.examples)
    return f"<div class='gallery{'' if pictures else ' words'}'>{cells}</div>"


def _example(example: Example) -> str:
    inside = ""
    for data in (example.picture, example.more):
        if data:
            inside += f"<img alt='{_safe(example.name, SHORT)}' src='{_source(data)}'>"
    if example.text:
        inside += f"<p dir='auto'>{_line(example.text)}</p>"
    elif not inside:
        inside = f"<p dir='auto'>{_safe(example.name, SHORT)}</p>"
    return f"<figure>{inside}<figcaption dir='auto'>{_line(example.caption)}</figcaption></figure>"


def _line(line: Line) -> str:
    found, left = [], LONGEST
    for words in words_of(line):
        if left <= 0:
            found.append("…")
            break
        blank_before = " " if words.text[:1].isspace() else ""
        blank_after = " " if words.text[-1:].isspace() and words.text.strip() else ""
        text = shown(words.text, left)
        left -= len(text)
        inside = html.escape(text)
        if words.style == "strong":
            inside = f"<strong>{inside}</strong>"
        elif words.style == "struck":
            inside = f"<s class='soft'>{inside}</s>"
        elif words.style == "soft":
            inside = f"<span class='soft'>{inside}</span>"
        if words.tone:
            inside = f"<mark style='background:rgba(var(--{words.tone}),{_inside(words.strength) * 0.35:.2f})'>{inside}</mark>"
        found.append(f"{blank_before}{inside}{blank_after}")
    return "".join(found)


def _cell(value: str) -> str:
    return html.escape(shown(value, SHORT))


def _safe(value: object, longest: int = LONGEST) -> str:
    return html.escape(shown(value, longest))


def _inside(value: float) -> float:
    return min(1.0, max(0.0, value))


def _source(data: bytes) -> str:
    kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
