"""Items with the words that belong to them, for other programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import Item, ItemFilter

_PAGE = 500


@dataclass(frozen=True)
class Worded:
    """An item that is done, and its words ("" when it has none)."""

    item: Item
    words: str


def worded(project: Project, control: Control) -> Iterator[Worded]:
    """All items that are done. Raises: Cancelled."""
    ids = project.item_ids(ItemFilter(labelled=True, problems=False))
    for begin in range(0, len(ids), _PAGE):
        control.progress(begin, len(ids), "Writing words")
        page = project.items(ids[begin : begin + _PAGE])
        states = project.annotation_states([i.id for i in page])
        for item in page:
            control.check()
            kept = [a.text for a in states[item.id].annotations if not a.is_proposal and a.text]
            yield Worded(item, kept[0] if kept else "")


def file_name(item: Item, target: Path) -> str:
    """Of an item's file as a table at `target` names it: from there where it lies below, else whole."""
    if item.path is None:
        return ""
    try:
        return item.path.relative_to(target.parent.absolute()).as_posix()
    except ValueError:
        return str(item.path)
