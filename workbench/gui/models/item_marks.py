"""What a list says of the annotations of an item, and how it gets a small drawing of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize
from PySide6.QtGui import QImage

from workbench.data.numbers import number
from workbench.data.project import Project
from workbench.data.types import ClassLabel, Item
from workbench.tasks.base import TaskInfo
from workbench.tasks.predictions import figure
from workbench.tasks.registry import get_task

_NAMED = 3


@dataclass(frozen=True)
class Marks:
    """One item's annotations in the list.

    Attributes:
        text: "3 cat, 1 dog", "nothing", "not done", "4 suggestions".
        colour: of the class there is most of; "" when there is none.
        done: the item is done.
        key: changes whenever the drawing does; "" when there is nothing to draw.
        draw: makes the drawing over a thumbnail of a size, in any thread.
        several: labels are shown one by one, in `chips`.
        chips: each label with its colour and the score of a suggestion (-1 for a label), where labels are shown one by one.
    """

    text: str
    colour: str
    done: bool
    key: str
    draw: Callable[[QSize], QImage]
    chips: tuple[tuple[str, str, float], ...] = ()
    several: bool = False


def tag_marks(
    item: Item,
    has: Sequence[int | None],
    proposed: Sequence[tuple[int | None, float]],
    classes: Mapping[int, ClassLabel],
) -> Marks:
    """Several labels of a whole item, in the order of the classes; then what a model suggests."""
    labels = sorted((classes[c] for c in has if c is not None and c in classes), key=lambda c: c.position)
    chips = [(c.name, c.colour, -1.0) for c in labels]
    waiting = [(classes[c], score) for c, score in proposed if c is not None and c in classes and c not in has]
    chips += [(found.name, found.colour, score) for found, score in waiting]
    words = ", ".join(f"{name}? {score:.0%}" if score >= 0 else name for name, _, score in chips)
    if not item.marked:
        words = f"{words} (not done)" if words else "not done"
    words = words or "none of them"
    return Marks(words, chips[0][1] if chips else "", item.marked, "", lambda size: QImage(), tuple(chips), True)


def marks_of(
    project: Project,
    item: Item,
    summary: Sequence[tuple[int | None, int]],
    classes: Mapping[int, ClassLabel],
    version: int,
) -> Marks:
    """Put it into words. `summary`: as `Project.annotation_summary` gives it; `version`: grows with every change."""
    first = next((classes[i] for i, _ in summary if i is not None and i in classes), None)
    key = f"marks/{project.folder}/{item.id}/{version}" if item.marks or item.proposals else ""
    info = get_task(project.task_id).info
    if info.editor == "number" and item.marked and summary:
        return Marks(_number(key, project, item), "", True, "", lambda size: QImage())
    return Marks(
        _words(item, summary, classes, info), first.colour if first is not None else "", item.marked, key,
        drawing(project, item, {i: c.colour for i, c in classes.items()}),
    )  # fmt: skip


_numbers: OrderedDict[str, str] = OrderedDict()
_NUMBERS_KEPT = 4_000


def _number(key: str, project: Project, item: Item) -> str:
    """The number itself; read once for each change (`key`), as painting comes again and again."""
    if key not in _numbers:
        text = next((a.text for a in project.annotations(item.id) if not a.is_proposal), "")
        value = number(text)
        _numbers[key] = text if value is None else figure(value)
        while len(_numbers) > _NUMBERS_KEPT:
            _numbers.popitem(last=False)
    return _numbers[key]


def _words(
    item: Item, summary: Sequence[tuple[int | None, int]], classes: Mapping[int, ClassLabel], info: TaskInfo
) -> str:
    if not summary and item.proposals and not item.marked:
        return f"{item.proposals} suggestion" + ("s" if item.proposals != 1 else "")
    if not summary:
        return "nothing" if item.marked else "not done"
    if info.editor == "season":
        return f"{item.width:,} numbers"
    if not info.has_classes:
        count = sum(n for _, n in summary)
        return f"{count} {info.mark}" + ("s" if count != 1 else "")
    named = [f"{n} {classes[i].name}" if i is not None and i in classes else f"{n} no class" for i, n in summary]
    rest = f", {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + rest


def drawing(project: Project, item: Item, colours: Mapping[int, str]) -> Callable[[QSize], QImage]:
    """Reads the annotations when it is called, not before: only what is looked at costs anything."""

    def draw(size: QSize) -> QImage:
        from workbench.gui.widgets.item_overlay import draw_overlay

        width, height = item.width, item.height
        if (width > height) != (size.width() > size.height()):
            width, height = height, width  # kept lying, shown upright; annotations are of the upright picture
        return draw_overlay(project.annotations(item.id), colours, (width, height), size)

    return draw
