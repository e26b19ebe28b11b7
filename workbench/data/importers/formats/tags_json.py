"""Items with several labels each as JSON: Label Studio's choices, and lists of labels as Doccano writes them.

Label Studio: its manual, "Label Studio JSON format of annotated tasks" and "JSON-MIN"; Doccano: {"text": …, "label": […]}
in JSON Lines, which is a table whose cells are lists.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

from workbench.control import Control
from workbench.data import labels
from workbench.data.annotations import NewAnnotation
from workbench.data.importers.base import ImportPlan, ReadPlan
from workbench.data.importers.folders import media_of
from workbench.data.importers.tables import plan_table
from workbench.data.media import decode_text, read_bytes
from workbench.data.shapes import Whole
from workbench.data.types import MediaKind, NewItem
from workbench.errors import Problem, UserError

_SUFFIXES = (".json", ".jsonl", ".ndjson")
_LOOK = 300_000
_LOOKED_AT = 200
_MOST_BYTES = 300_000_000
_FOLDERS = ("", "images", "audio", "media", "data")
# Uploaded files get such a prefix: "1b2c3d4e-cat.jpg".
_UPLOADED = re.compile(r"^[0-9a-f]{8}-(.+)$")


@dataclass
class TagsPlan(ReadPlan):
    """Items and their labels, read."""


class TagsJson:
    """See `workbench.data.importers.formats.ImportFormat`."""

    name = "Doccano, Label Studio (labels)"
    order = 0

    def plan(self, paths: Sequence[Path], control: Control) -> ImportPlan | None:
        if len(paths) != 1 or paths[0].suffix.lower() not in _SUFFIXES or not paths[0].is_file():
            return None
        path = paths[0]
        if path.stat().st_size > _MOST_BYTES:
            return None
        first = _first_records(path)
        if _are_choices(first):
            return _plan(path, control)
        return plan_table(path, control) if _are_lists(first) else None


def _first_records(path: Path) -> list[Any]:
    """The first records of a JSON list or of JSON Lines, as far as they are whole."""
    try:
        with path.open("rb") as stream:
            text = stream.read(_LOOK).decode("utf-8", "replace").lstrip("\ufeff \n\r\t")
    except OSError:
        return []
    decoder, at = json.JSONDecoder(), 1 if text.startswith("[") else 0
    found: list[Any] = []
    while len(found) < _LOOKED_AT:
        while at < len(text) and text[at] in ", \n\r\t":
            at += 1
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        found.append(value)
    return found


def _are_lists(found: Sequence[Any]) -> bool:
    """Records with a list of labels; in none of them the list is of marked pieces."""
    lists = [
        value[key]
        for value in found
        if isinstance(value, Mapping) and "data" not in value
        for key in ("label", "labels", "tags")
        if isinstance(value.get(key), list)
    ]
    return any(lists) and all(isinstance(v, str) for entry in lists for v in entry)


def _are_choices(found: Sequence[Any]) -> bool:
    choices = 0
    for value in found:
        if not isinstance(value, Mapping):
            return False
        for result in _results(value)[0] or ():
            if "choices" in _value(result):
                choices += 1
            elif result.get("type") not in ("textarea", "rating", "number"):
                return False  # there are marks on pieces of the items: another format's work
        choices += sum(isinstance(v, Mapping) and "choices" in v for v in value.values())
    return choices > 0


def _value(result: Mapping[str, Any]) -> Mapping[str, Any]:
    value = result.get("value")
    return value if isinstance(value, Mapping) else {}


def _results(task: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]] | None, bool]:
    """What a person answered first, and whether there is more than one answer; None when nobody has."""
    given = task.get("annotations", task.get("completions"))
    kept = [
        [r for r in a["result"] if isinstance(r, Mapping)]
        for a in (given if isinstance(given, list) else [])
        if isinstance(a, Mapping) and isinstance(a.get("result"), list) and not a.get("was_cancelled")
    ]
    return (kept[0] if kept else None), len(kept) > 1


def _plan(path: Path, control: Control) -> TagsPlan:
    plan = TagsPlan("marked", "text", path.stem, path, marks="tags", format="Label Studio")
    counts: Counter[str] = Counter()
    try:
        values = json.loads(decode_text(read_bytes(path)))
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"“{path.name}” is damaged: it is no valid JSON.", "Save it again from where it came from."
        ) from error
    kinds: Counter[MediaKind] = Counter()
    found: list[tuple[MediaKind, NewItem]] = []
    for number, value in enumerate(values if isinstance(values, list) else [values], 1):
        control.check()
        where = f"{path.name}, task {number}"
        item = _item(value, where, path, plan) if isinstance(value, Mapping) else None
        if item is None:
            plan.problems.append(Problem(where, "It is no task about a text, a picture or a recording.", "", str(path)))
            continue
        kinds[item.kind] += 1
        found.append((item.kind, item))
    plan.media = kinds.most_common(1)[0][0] if kinds else "text"
    plan.items = [item for kind, item in found if kind == plan.media]
    others = len(found) - len(plan.items)
    if others:
        plan.warnings.append(f"{others:,} items of another kind are left out.")
    standing, sentences = labels.merged_spellings(a.label for i in plan.items for a in i.annotations or ())
    plan.warnings += sentences
    for item in plan.items:
        counts.update(standing[labels.key(a.label)] for a in item.annotations or ())
    plan.label_counts = dict(counts.most_common())
    plan.total = len(plan.items)
    if not plan.items:
        raise UserError(f"“{path.name}” has no task that can be used.", "Look at it in a text editor.")
    return plan


def _item(task: Mapping[str, Any], where: str, path: Path, plan: TagsPlan) -> NewItem | None:
    results, several = _results(task)
    data = task.get("data")
    if not isinstance(data, Mapping):  # JSON-MIN: everything side by side
        data = {k: v for k, v in task.items() if k not in ("id", "annotator", "annotation_id")}
        chosen = [v for v in task.values() if isinstance(v, Mapping) and "choices" in v]
        results = [{"value": v} for v in chosen] or None
    if several:
        plan.repairs.append(Problem(where, "More than one person has labelled it; the first one's labels are taken."))
    marks = None
    if results is not None:
        names = [n for r in results for n in _names(_value(r).get("choices"))]
        marks = tuple(NewAnnotation(Whole(), n) for n in dict.fromkeys(names))
    content = _content(data)
    if content is None:
        return None
    name, kind = content
    if kind == "text":
        return NewItem("text", " ".join(name.split()[:8]), text=name, annotations=marks)
    return NewItem(kind, Path(name).name, path=_found(name, path.parent), annotations=marks)


def _names(given: Any) -> list[str]:
    """Labels of a choice; of one that is nested (a taxonomy) the last name."""
    entries = given if isinstance(given, list) else [given] if isinstance(given, str) else []
    flat = [e[-1] if isinstance(e, list) and e else e for e in entries]
    return [labels.clean(e)[: labels.MAX_LENGTH] for e in flat if isinstance(e, str) and e.strip()]


def _content(data: Mapping[str, Any]) -> tuple[str, MediaKind] | None:
    """A file's name with its kind, or the text."""
    words = {k: v for k, v in data.items() if isinstance(v, str) and v.strip()}
    for value in words.values():
        file = _file_name(value)
        kind = media_of(Path(file)) if file and len(file) < 1000 else None
        if kind in ("picture", "sound"):
            return file, kind
    text = words.get("text") or max(words.values(), key=len, default="")
    return (text, "text") if text else None


def _file_name(value: str) -> str:
    """Of an address only what names the file; nothing is fetched."""
    if len(value) > 4000 or "\n" in value:
        return ""
    try:
        address = urlparse(value)
    except ValueError:
        return value
    if "d=" in address.query:
        return parse_qs(address.query).get("d", [value])[0]
    return unquote(address.path) if address.scheme else unquote(value)


def _found(name: str, home: Path) -> Path:
    """Where the file lies: as it is named, or by its name beside the labels."""
    plain = name.replace("\\", "/")
    bare = plain.rsplit("/", 1)[-1]
    uploaded = _UPLOADED.match(bare)
    relative = plain.lstrip("/")
    for folder in _FOLDERS:
        for candidate in (relative, bare, *((uploaded[1],) if uploaded else ())):
            path: Path = home / folder / candidate
            if ".." not in Path(candidate).parts and path.is_file():
                return path
    absolute = Path(plain)
    return absolute if absolute.is_absolute() and not plain.startswith("//") else home / bare


FORMAT = TagsJson()
