"""Texts with marked pieces as JSON or JSON Lines: spaCy, Prodigy, Doccano and Label Studio.

All of them count characters (Unicode code points) from 0, the end being one past the last.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.control import Control
from workbench.data.annotations import NewAnnotation
from workbench.data.importers.base import ImportPlan, ReadPlan
from workbench.data.media import decode_text, first_words, read_bytes
from workbench.data.shapes import TextSpan, checked
from workbench.data.types import NewItem
from workbench.errors import Problem, UserError

_SUFFIXES = (".jsonl", ".ndjson", ".json")
_LOOK = 200_000
_MOST_BYTES = 300_000_000
Found = tuple[str, list[tuple[Any, Any, Any]]]


@dataclass
class SpansPlan(ReadPlan):
    """Texts and their pieces, read."""


def record_of(value: Any) -> tuple[str, str, list[tuple[Any, Any, Any]]] | None:
    """Format, text and (start, end, label) of one record; None when it is none of these formats'."""
    if (
        isinstance(value, list | tuple)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], Mapping)
    ):
        return _spacy(value[0], value[1])
    if not isinstance(value, Mapping):
        return None
    data = value.get("data")
    if isinstance(data, Mapping) and isinstance(value.get("annotations", value.get("completions")), list):
        return _label_studio(data, value.get("annotations", value.get("completions")))
    text = value.get("text")
    if not isinstance(text, str):
        return None
    for key in ("label", "labels"):
        given = value.get(key)
        if isinstance(given, list) and all(isinstance(v, list) and len(v) == 3 for v in given):
            return "Doccano", text, [(v[0], v[1], v[2]) for v in given]
    given = value.get("entities")
    if isinstance(given, list) and given and all(isinstance(v, Mapping) and "start_offset" in v for v in given):
        return "Doccano", text, [(v.get("start_offset"), v.get("end_offset"), v.get("label")) for v in given]
    return _spacy(text, value)


def _spacy(text: str, value: Mapping[str, Any]) -> tuple[str, str, list[tuple[Any, Any, Any]]] | None:
    for key in ("entities", "spans", "ents"):
        given = value.get(key)
        if not isinstance(given, list):
            continue
        if all(isinstance(v, list | tuple) and len(v) >= 3 for v in given):
            return "spaCy", text, [(v[0], v[1], v[2]) for v in given]
        if all(isinstance(v, Mapping) and "start" in v and "end" in v for v in given):
            return "Prodigy", text, [(v.get("start"), v.get("end"), v.get("label")) for v in given]
    return None


def _label_studio(data: Mapping[str, Any], given: Any) -> tuple[str, str, list[tuple[Any, Any, Any]]] | None:
    texts = [v for v in data.values() if isinstance(v, str)]
    found: list[tuple[Any, Any, Any]] = []
    seen = False
    kept = [a for a in given if isinstance(a, Mapping) and not a.get("was_cancelled")]
    # Several people's answers to one text: the last one stands.
    for result in kept[-1].get("result", []) if kept else []:
        value = result.get("value") if isinstance(result, Mapping) else None
        if not isinstance(value, Mapping) or result.get("type") not in ("labels", "hypertextlabels"):
            continue
        seen = True
        names = value.get("labels", value.get("hypertextlabels")) or [""]
        found.append((value.get("start"), value.get("end"), names[0] if isinstance(names, list) else names))
    is_text = isinstance(data.get("text"), str) and not _is_media(str(data["text"]))
    if not texts or not (seen or (is_text and kept and not kept[-1].get("result"))):
        return None
    return "Label Studio", str(data["text"]) if is_text else max(texts, key=len), found


def _is_media(value: str) -> bool:
    return value.startswith(("/data/", "http://", "https://", "s3://")) and " " not in value.strip()


def records(text: str) -> Iterator[tuple[int, Any]]:
    """(line or place, value) of JSON Lines, or of a JSON list. What is no JSON is left to the caller: ValueError."""
    if text.lstrip().startswith("["):
        try:
            values = json.loads(text)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        except ValueError:
            values = None  # lines that are lists, or damaged: the lines will tell
        # One pair [text, {…}] alone is a line of spaCy's old form.
        if isinstance(values, list) and not (len(values) == 2 and isinstance(values[0], str)):
            yield from enumerate(values, start=1)
            return
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except RecursionError as error:
                raise ValueError("nested too deeply") from error


class SpansJson:
    """See `workbench.data.importers.formats.ImportFormat`."""

    name = "spaCy, Doccano, Label Studio"
    order = 1

    def plan(self, paths: Sequence[Path], control: Control) -> ImportPlan | None:
        if len(paths) != 1 or paths[0].suffix.lower() not in _SUFFIXES or not paths[0].is_file():
            return None
        path = paths[0]
        if path.stat().st_size > _MOST_BYTES or not _looks(path):
            return None
        return _plan(path, control)


def _looks(path: Path) -> bool:
    """By the first record."""
    try:
        with path.open("rb") as stream:
            start = stream.read(_LOOK).decode("utf-8", "replace").lstrip("\ufeff \n\r\t")
    except OSError:
        return False
    decoder = json.JSONDecoder()
    listed = start.startswith("[")
    try:
        try:
            value, _ = decoder.raw_decode(start)
        except ValueError:
            if not listed:
                raise
            value, _ = decoder.raw_decode(start[1:].lstrip())  # a long list: its first entry
            return record_of(value) is not None
    except (ValueError, RecursionError):
        return False
    if isinstance(value, list) and not (len(value) == 2 and isinstance(value[0], str)):
        return any(record_of(v) is not None for v in value[:20])
    return record_of(value) is not None


def _plan(path: Path, control: Control) -> SpansPlan:
    plan = SpansPlan("marked", "text", path.stem, path, marks="spans")
    counts: Counter[str] = Counter()
    formats: Counter[str] = Counter()
    try:
        for number, value in records(decode_text(read_bytes(path))):
            control.check()
            where = f"{path.name}, entry {number}"
            found = record_of(value)
            if found is None:
                plan.problems.append(
                    Problem(where, "This entry has no text with marked pieces.", "It is left out.", str(path))
                )
                continue
            formats[found[0]] += 1
            marks = _marks(found[1], found[2], where, plan)
            counts.update(m.label for m in marks)
            plan.items.append(NewItem("text", first_words(found[1]), text=found[1], annotations=tuple(marks)))
    except ValueError as error:
        raise UserError(
            f"“{path.name}” is damaged: it is no valid JSON.", "Save it again from where it came from."
        ) from error
    plan.format = formats.most_common(1)[0][0] if formats else ""
    plan.label_counts = dict(counts.most_common())
    plan.total = len(plan.items)
    return plan


def _marks(text: str, given: Sequence[tuple[Any, Any, Any]], where: str, plan: SpansPlan) -> list[NewAnnotation]:
    """Pieces that can be kept. The texts are stored without blanks at their ends: places are counted from there."""
    lead = len(text) - len(text.lstrip())
    length = len(text.strip())
    marks: list[NewAnnotation] = []
    for start, end, label in given:
        try:
            if isinstance(start, bool) or isinstance(end, bool):
                raise TypeError
            span = checked(TextSpan(int(start) - lead, int(end) - lead), length=length)
        except (TypeError, ValueError, OverflowError):
            plan.problems.append(
                Problem(where, "A piece's place is no number.", "The piece is left out.", str(plan.source))
            )
            continue
        except UserError:
            plan.problems.append(
                Problem(where, "A piece lies outside its text.", "The piece is left out.", str(plan.source))
            )
            continue
        if not str(label or "").strip():
            plan.problems.append(Problem(where, "A piece has no class.", "The piece is left out.", str(plan.source)))
            continue
        marks.append(NewAnnotation(span, str(label).strip()))
    return marks


FORMAT = SpansJson()
