"""A part of a project as plain lines: what a training learns from, so that it can be made again elsewhere with the same ids.

Ids stay what they are: the order of examples and how each is varied are drawn from them, so the same training elsewhere gives
the same numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from workbench.data.annotations import Annotation
from workbench.data.project_annotations import AnnotationsPart
from workbench.data.project_classes import ClassesPart
from workbench.data.project_groups import GroupsPart
from workbench.data.project_items import ItemsPart
from workbench.data.project_reviewed import ReviewedPart
from workbench.data.row_pictures import in_place
from workbench.data.shapes import Region, Shape, checked, from_record, to_record
from workbench.data.store import Store
from workbench.data.types import NOUNS, Item, Split
from workbench.errors import UserError

_CHUNK = 500
# Longest values believed of a line that came from elsewhere.
_NAME, _LABEL, _WORDS, _MARKS, _PIXELS = 2000, 400, 20_000_000, 200_000, 400_000_000


@dataclass(frozen=True)
class ManifestLine:
    """One item as it travels.

    Attributes:
        file: where its file lies, relative to the manifest's folder of media; "" for a text, which is in `text`.
        sha256: of the file's bytes, or of the normalised text (`Item.content_hash`).
        label: its class's name; "" for none.
        marks: its annotations in their order, without proposals: [shape, class name, words, ignored] each.
        groups: property and value each. `reviewed`: it came from the review of a model at work.
    """

    id: int
    kind: str
    name: str
    sha256: str
    split: str
    file: str = ""
    text: str | None = None
    label: str = ""
    marked: bool = False
    marks: tuple[tuple[Any, ...], ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    reviewed: bool = False
    width: int = 0
    height: int = 0
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Without what is empty, as most of it is for most items."""
        full = {
            "id": self.id, "kind": self.kind, "name": self.name, "sha256": self.sha256, "split": self.split,
            "file": self.file, "text": self.text, "label": self.label, "marked": self.marked,
            "marks": [list(m) for m in self.marks], "groups": dict(self.groups), "reviewed": self.reviewed,
            "width": self.width, "height": self.height, "seconds": self.seconds,
        }  # fmt: skip
        return {k: v for k, v in full.items() if v not in ("", None, False, 0, 0.0, [], {})}

    @classmethod
    def from_json(cls, data: Any) -> ManifestLine:
        """Check what came from elsewhere. Raises: UserError with one sentence that says what is wrong."""
        if not isinstance(data, dict):
            raise _wrong("it is no list of named values")
        unknown = set(data) - set(cls.__dataclass_fields__)
        if unknown:
            raise _wrong(f"it has “{min(unknown)}”, which this version does not know")

        def text(name: str, most: int, fallback: str = "") -> str:
            value = data.get(name, fallback)
            if not isinstance(value, str) or len(value) > most:
                raise _wrong(f"its “{name}” is no text, or too long")
            return value

        def number(name: str) -> float:
            value = data.get(name, 0)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
                raise _wrong(f"its “{name}” is no number that can be")
            return value

        item_id = data.get("id")
        if isinstance(item_id, bool) or not isinstance(item_id, int) or not 0 < item_id < 2**62:
            raise _wrong("its “id” is no whole number")
        kind, split, digest = text("kind", 20), text("split", 20), text("sha256", 64)
        if kind not in tuple(NOUNS) or split not in {s.value for s in Split}:
            raise _wrong("its kind or its part of the data is not known")
        if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
            raise _wrong("its “sha256” is none")
        words = None if data.get("text") is None else text("text", _WORDS)
        file = text("file", _NAME)
        if (words is None) == (not file):
            raise _wrong("it has neither a file nor a text, or both")
        groups = data.get("groups", {})
        if not isinstance(groups, dict) or not all(
            isinstance(v, str) and len(k) <= _LABEL and len(v) <= _LABEL for k, v in groups.items()
        ):
            raise _wrong("its groups cannot be read")
        return cls(
            item_id, kind, text("name", _NAME), digest, split, file, words, text("label", _LABEL),
            data.get("marked") is True, _marks(data.get("marks", [])), groups, data.get("reviewed") is True,
            int(number("width")), int(number("height")), float(number("seconds")),
        )  # fmt: skip


def _marks(given: Any) -> tuple[tuple[Any, ...], ...]:
    if not isinstance(given, list) or len(given) > _MARKS:
        raise _wrong("its labels on pieces cannot be read")
    for mark in given:
        good = isinstance(mark, list) and len(mark) == 4 and isinstance(mark[0], list)
        if not good or not isinstance(mark[1], str) or not isinstance(mark[2], str) or len(mark[1]) > _LABEL:
            raise _wrong("its labels on pieces cannot be read")
    return tuple(tuple(mark) for mark in given)


def _place(record: Any) -> Shape:
    """A label's place. It is not cut to its item: what is learnt from shall be what was learnt from at home."""
    try:
        found = checked(from_record(record))
    except (TypeError, ValueError, OverflowError) as error:
        raise _wrong("a label's place is none") from error
    if isinstance(found, Region) and found.width * found.height > _PIXELS:
        raise _wrong("a painted area is too large")
    return found


def _wrong(what: str) -> UserError:
    return UserError(f"A line of the list of items cannot be used: {what}.", "Make the folder anew in the app.")


class ManifestPart:
    """Methods of `Project` about its lines."""

    _store: Store

    def manifest(self, items: Sequence[Item]) -> Iterator[ManifestLine]:
        """These items as lines, in order; `file` is left to whoever carries the files."""
        assert isinstance(self, AnnotationsPart) and isinstance(self, ClassesPart)
        assert isinstance(self, GroupsPart) and isinstance(self, ReviewedPart)
        names = {c.id: c.name for c in self.classes()}
        for at in range(0, len(items), _CHUNK):
            some = items[at : at + _CHUNK]
            ids = [i.id for i in some]
            states, groups, reviewed = self.annotation_states(ids), self.groups_of(ids), self.reviewed(ids)
            for item in some:
                marks = tuple(
                    (to_record(a.shape), names.get(a.class_id or -1, ""), a.text, a.ignored)
                    for a in states[item.id].annotations
                    if not a.is_proposal
                )
                yield ManifestLine(
                    item.id, item.kind, item.name, item.content_hash, (item.split or Split.TRAIN).value, "", item.text,
                    names.get(item.class_id or -1, ""), item.marked, marks, groups.get(item.id, {}), item.id in reviewed,
                    item.width, item.height, item.seconds,
                )  # fmt: skip

    def take_manifest(self, lines: Iterable[ManifestLine], media: Path) -> int:
        """Put lines into this project, which must be empty, each under its own id. Files stay where they lie.

        Args:
            media: the folder that `file` is relative to.

        Returns:
            How many there are.

        Raises:
            UserError: when an id comes twice, a label's place cannot be, or the project cannot be written.
        """
        assert isinstance(self, ClassesPart)
        count = 0
        stream = iter(lines)
        class_ids = {c.name: c.id for c in self.classes()}
        while some := list(islice(stream, _CHUNK)):
            for line in some:
                for name in (line.label, *(m[1] for m in line.marks)):
                    if name and name not in class_ids:
                        class_ids[name] = self.add_class(name).id
            with self._store.transaction() as sql:
                known = sql.execute(
                    "SELECT COUNT(*) FROM items WHERE id IN (SELECT value FROM json_each(?))",
                    (json.dumps([line.id for line in some]),),
                ).fetchone()[0]
                if known or len({line.id for line in some}) < len(some):
                    raise _wrong("its “id” came before")
                sql.executemany(
                    "INSERT INTO items (id, kind, name, path, copied, text, class_id, label_source, split, content_hash,"
                    " width, height, marked, seconds) VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        (
                            line.id, line.kind, line.name, str(media / line.file) if line.file else None,
                            in_place(line.text, media) if line.kind == "row" and line.text else line.text,
                            class_ids.get(line.label), "import" if line.label else "", line.split, line.sha256,
                            line.width, line.height, line.marked, line.seconds,
                        )
                        for line in some
                    ],
                )  # fmt: skip
            self._rest(some, class_ids)
            count += len(some)
        return count

    def _rest(self, lines: Sequence[ManifestLine], class_ids: Mapping[str, int]) -> None:
        """What lies beside the items' own table."""
        assert isinstance(self, AnnotationsPart) and isinstance(self, GroupsPart)
        assert isinstance(self, ReviewedPart) and isinstance(self, ItemsPart)
        marked: dict[int, list[Annotation]] = {}
        for line in lines:
            made = []
            for shape, name, words, ignored in line.marks:
                made.append(
                    Annotation(_place(shape), class_ids.get(name), text=words, source="import", ignored=ignored is True)
                )
            if made:
                marked[line.id] = made
        done = {line.id: line.marked for line in lines}
        for state in (True, False):
            part = {i: made for i, made in marked.items() if done[i] is state}
            if part:
                self.add_annotations(part, marked=state)
        rows = [(line.id, name, value) for line in lines for name, value in line.groups.items()]
        if rows:
            with self._store.transaction() as sql:
                self._put_groups(sql, rows)
        for line in lines:
            if line.reviewed:
                self.note_reviewed(line.id, "", "", "")
