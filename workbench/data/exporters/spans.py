"""What the exports of marked texts share: the done texts with their pieces, and writing line by line, whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench import atomic
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.shapes import TextSpan
from workbench.data.types import Item, ItemFilter
from workbench.errors import Problem, UserError

_PAGE = 500
WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class MarkedText:
    """A text and its pieces (start, end, class), in order of their place."""

    item: Item
    text: str
    pieces: tuple[tuple[int, int, str], ...]


def marked_texts(project: Project, control: Control) -> Iterator[MarkedText]:
    """All done texts, in order."""
    names = {c.id: c.name for c in project.classes()}
    ids = project.item_ids(ItemFilter(labelled=True, problems=False))
    for start in range(0, len(ids), _PAGE):
        control.progress(start, len(ids), "Writing labels")
        control.check()
        page = ids[start : start + _PAGE]
        states = project.annotation_states(page)
        for item in project.items(page):
            pieces = [
                (a.shape.start, a.shape.end, names[a.class_id])
                for a in states[item.id].annotations
                if isinstance(a.shape, TextSpan) and a.class_id in names and not a.is_proposal
            ]
            yield MarkedText(item, item.text or "", tuple(sorted(pieces)))


def write_lines(target: Path, lines: Iterator[str], first: str = "", last: str = "", between: str = "\n") -> int:
    """Write lines atomically. Returns how many. Raises: UserError."""
    count = 0
    try:
        with atomic.text(target) as stream:
            stream.write(first)
            for count, line in enumerate(lines, start=1):
                stream.write((between if count > 1 else "") + line)
            stream.write(last if count or first else "")
    except OSError as error:
        raise UserError(f"“{target.name}” cannot be written there.", "Choose another place, or make room.") from error
    return count


@dataclass(frozen=True)
class LinesFormat:
    """An export format that writes one entry a text. See `workbench.data.exporters.formats.ExportFormat`."""

    id: str
    title: str
    entry: Callable[[MarkedText], str]
    suffix: str = ".jsonl"
    marks: tuple[str, ...] = ("spans",)
    first: str = ""
    last: str = "\n"
    between: str = "\n"

    def write(self, project: Project, target: Path, control: Control) -> tuple[int, list[Problem]]:
        lines = (self.entry(text) for text in marked_texts(project, control))
        return write_lines(target, lines, self.first, self.last, self.between), []


def plain(value: Any) -> str:
    """JSON in one line, with letters as they are."""
    import json

    return json.dumps(value, ensure_ascii=False)
