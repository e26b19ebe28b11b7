"""A card as plain data (JSON), so that it can be kept with a model and written again later, on another computer too."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping
from typing import Any

from workbench.errors import UserError
from workbench.trust.card.parts import (
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
    Words,
    words_of,
)

_VERSION = 1
_STYLES, _TONES = ("", "strong", "soft", "struck"), ("", "good", "bad", "warn", "other")
_MOST_SECTIONS, _MOST_PARTS, _MOST_ROWS, _MOST_CELLS = 40, 400, 2_000, 40
_MOST_TEXT, _MOST_PIXELS, _MOST_BYTES = 20_000, 8_000_000, 4_000_000


def to_record(card: Card) -> dict[str, Any]:
    """Plain JSON values."""
    return {
        "version": _VERSION, "title": card.title, "subtitle": card.subtitle, "made": card.made, "app": card.app,
        "notes": list(card.notes),
        "sections": [
            {
                "id": s.id, "title": s.title, "sentence": s.sentence, "parts": [_part_to(p) for p in s.parts],
                "expert": [_part_to(p) for p in s.expert],
            }
            for s in card.sections
        ],
    }  # fmt: skip


def from_record(record: object) -> Card:
    """Read what `to_record` gave; it may come from anywhere.

    Raises:
        UserError: when it is no card, or larger than any that this app writes.
    """
    try:
        given = _dict(record)
        if given.get("version") != _VERSION:
            raise ValueError("another version")
        sections = tuple(_section(_dict(s)) for s in _list(given.get("sections"), _MOST_SECTIONS))
        notes = tuple(_text(n) for n in _list(given.get("notes"), 20))
        return Card(
            _text(given["title"]), _text(given["subtitle"]), sections, _text(given["made"]), _text(given["app"]), notes
        )
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise UserError("The kept report cannot be read.", "Make a new one on the Results page.") from error


def _section(given: Mapping[str, Any]) -> Section:
    return Section(
        _text(given["id"]), _text(given["title"]), _text(given["sentence"]),
        tuple(_part_from(p) for p in _list(given["parts"], _MOST_PARTS)),
        tuple(_part_from(p) for p in _list(given["expert"], _MOST_PARTS)),
    )  # fmt: skip


def _part_to(part: Part) -> dict[str, Any]:
    if isinstance(part, Heading):
        return {"kind": "heading", "text": part.text}
    if isinstance(part, Paragraph):
        return {"kind": "paragraph", "line": _line_to(part.line), "soft": part.soft}
    if isinstance(part, Bullets):
        return {"kind": "bullets", "lines": [_line_to(line) for line in part.lines]}
    if isinstance(part, Facts):
        return {"kind": "facts", "rows": [[name, _line_to(value)] for name, value in part.rows]}
    if isinstance(part, Table):
        return {
            "kind": "table", "headings": list(part.headings), "rows": [list(r) for r in part.rows],
            "shades": [list(r) for r in part.shades], "numbers": part.numbers, "note": part.note,
        }  # fmt: skip
    if isinstance(part, Picture):
        return {
            "kind": "picture", "data": _bytes_to(part.data), "alt": part.alt, "caption": _line_to(part.caption),
            "width": part.width,
        }  # fmt: skip
    if isinstance(part, Gauge):
        return {
            "kind": "gauge", "value": part.value, "low": part.low, "high": part.high, "words": part.words,
            "baseline": part.baseline, "baseline_words": part.baseline_words,
        }  # fmt: skip
    return {
        "kind": "gallery",
        "examples": [
            {
                "caption": _line_to(e.caption), "name": e.name, "picture": _bytes_to(e.picture), "more": _bytes_to(e.more),
                "text": _line_to(e.text),
            }
            for e in part.examples
        ],
    }  # fmt: skip


def _part_from(record: object) -> Part:
    given = _dict(record)
    return _READERS[_text(given["kind"])](given)


def _table(given: Mapping[str, Any]) -> Table:
    headings = tuple(_text(h) for h in _list(given["headings"], _MOST_CELLS))
    rows = tuple(tuple(_text(c) for c in _list(r, _MOST_CELLS)) for r in _list(given["rows"], _MOST_ROWS))
    shades = tuple(tuple(_number(c) for c in _list(r, _MOST_CELLS)) for r in _list(given["shades"], _MOST_ROWS))
    wide = len(headings)
    if any(len(r) != wide for r in (*rows, *shades)) or (shades and len(shades) != len(rows)):
        raise ValueError("a table with holes")
    return Table(headings, rows, shades, bool(given["numbers"]), _text(given["note"]))


def _gallery(given: Mapping[str, Any]) -> Gallery:
    found = []
    for one in _list(given["examples"], 60):
        e = _dict(one)
        picture, more = (_bytes(e[n]) if e[n] else None for n in ("picture", "more"))
        found.append(Example(_line(e["caption"]), _text(e["name"]), picture, _line(e["text"]), more))
    return Gallery(tuple(found))


_READERS: dict[str, Callable[[Mapping[str, Any]], Part]] = {
    "heading": lambda g: Heading(_text(g["text"])),
    "paragraph": lambda g: Paragraph(_line(g["line"]), bool(g["soft"])),
    "bullets": lambda g: Bullets(tuple(_line(line) for line in _list(g["lines"], _MOST_ROWS))),
    "facts": lambda g: Facts(tuple((_text(n), _line(v)) for n, v in _list(g["rows"], _MOST_ROWS))),
    "table": _table,
    "picture": lambda g: Picture(_bytes(g["data"]), _text(g["alt"]), _line(g["caption"]), _number(g["width"])),
    "gauge": lambda g: Gauge(
        _number(g["value"]), _number(g["low"]), _number(g["high"]), _text(g["words"]), _number(g["baseline"]),
        _text(g["baseline_words"]),
    ),
    "gallery": _gallery,
}  # fmt: skip


def _line_to(line: Line) -> str | list[list[Any]]:
    if isinstance(line, str):
        return line
    return [[w.text, w.style, w.tone, w.strength] for w in words_of(line)]


def _line(value: object) -> Line:
    if isinstance(value, str):
        return _text(value)
    found = []
    for piece in _list(value, _MOST_ROWS):
        text, style, tone, strength = _list(piece, 4)
        if style not in _STYLES or tone not in _TONES:
            raise ValueError("an unknown look")
        found.append(Words(_text(text), style, tone, _number(strength)))
    return tuple(found)


def _bytes_to(data: bytes | None) -> str:
    return base64.b64encode(data).decode("ascii") if data else ""


def _bytes(value: object) -> bytes:
    """A picture of a size that this app would write."""
    from PIL import Image

    data = base64.b64decode(_text(value, _MOST_BYTES * 4 // 3), validate=True)
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise ValueError("too large a picture")
            picture.verify()
    except Image.DecompressionBombError as error:
        raise ValueError("too large a picture") from error
    return data


def _text(value: object, most: int = _MOST_TEXT) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise ValueError("no text, or too long")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > 1e12:
        raise ValueError("no number")
    return float(value)


def _list(value: object, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError("no list, or too long")
    return value


def _dict(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("no table")
    return value
