"""Items with several labels each, for other programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workbench.control import Control
from workbench.data.project import Project
from workbench.data.tags import tags_of
from workbench.data.types import Item, ItemFilter

_PAGE = 500


@dataclass(frozen=True)
class Tagged:
    """An item that is done, and its labels in the order of the classes; none when none fits."""

    item: Item
    names: tuple[str, ...]


def tagged(project: Project, control: Control) -> Iterator[Tagged]:
    """All items that are done. Raises: Cancelled."""
    classes = project.classes()
    ids = project.item_ids(ItemFilter(labelled=True, problems=False))
    for begin in range(0, len(ids), _PAGE):
        control.progress(begin, len(ids), "Writing labels")
        page = project.items(ids[begin : begin + _PAGE])
        states = project.annotation_states([i.id for i in page])
        for item in page:
            control.check()
            has = {a.class_id for a in tags_of(states[item.id].annotations)}
            yield Tagged(item, tuple(c.name for c in classes if c.id in has))
