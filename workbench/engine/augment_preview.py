"""Some of a project's own pictures as a training would vary them, to be looked at before it begins."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import Item, ItemFilter, Split
from workbench.engine.events import How
from workbench.engine.reading import drawn_seed
from workbench.engine.run import examples_of
from workbench.errors import UserError
from workbench.tasks.augment import Look, Variation
from workbench.tasks.base import VaryingTask
from workbench.tasks.lesson import Example
from workbench.tasks.registry import get_task

SHOWN = 5
# So many pictures that cannot be read are passed over before it gives up.
_SPARE = 15


@dataclass(frozen=True)
class Marked:
    """A box: x0, y0, x1, y1 in shares of the picture's width and height, and the colour ("#rrggbb") of its class; "" where it
    counts neither way."""

    box: tuple[float, float, float, float]
    colour: str


@dataclass(frozen=True)
class VariedPicture:
    """
    Attributes:
        png: the picture.
        boxes: that are left of those the person drew.
        areas: a PNG of class values of the same size (8-bit greyscale), b"" where areas are not what is taught.
        colours: "#rrggbb" by value in `areas`.
        words: what it shows, for a tooltip and for people who do not see it.
    """

    item_id: int
    name: str
    png: bytes
    words: str
    boxes: tuple[Marked, ...] = ()
    areas: bytes = b""
    colours: Mapping[int, str] | None = None


def can_preview(task_id: str) -> bool:
    """Whether a task has anything to show."""
    return isinstance(get_task(task_id), VaryingTask)


def variations(task_id: str) -> tuple[Variation, ...]:
    """The choices a person has, for a run's `options["augment"]`."""
    task = get_task(task_id)
    return task.variations if isinstance(task, VaryingTask) else ()


def varies(task_id: str, how: How) -> bool:
    """Whether this way of training varies pictures."""
    task = get_task(task_id)
    return isinstance(task, VaryingTask) and task.varies(how)


def varied_pictures(
    project: Project,
    card: ModelCard,
    options: Mapping[str, Any],
    seed: int = 0,
    showing: int = 0,
    control: Control | None = None,
    count: int = SHOWN,
) -> list[VariedPicture]:
    """Some labelled pictures, varied by the training's own code from the seeds of its first rounds.

    The same seed, showing and options give the same pictures. They are made in a size for the eye, so a part that is cut out
    of a picture may lie elsewhere in the training itself.

    Args:
        options: of the run, as in `RunConfig.options`.
        seed: of the run.
        showing: from 0; another number gives other pictures, varied anew.

    Raises:
        UserError: when no picture is labelled, or none of some can be read.
        Cancelled: when asked to stop.
    """
    control = control or Control()
    task = get_task(project.task_id)
    if not isinstance(task, VaryingTask):
        raise UserError("What this project holds cannot be shown as varied.", "Only pictures can.")
    items = _some(project, seed, showing, count)
    if not items:
        raise UserError("No picture is labelled yet.", "Label some on the Data page.")
    classes = project.classes()
    examples = examples_of(project, items, [c.name for c in classes])
    colours = [c.colour for c in classes]
    names = [c.name for c in classes]
    found: list[VariedPicture] = []
    problem: UserError | None = None
    # Few pictures come up several times, each time varied otherwise.
    for place in range(max(count, len(examples))):
        if len(found) == count or (place >= len(examples) and not found):
            break
        control.check()
        example = examples[place % len(examples)]
        drawn = drawn_seed(seed, 1 + showing, example.item.id, place // len(examples))
        try:
            look = task.look(example, card, drawn, options)
        except UserError as error:
            problem = error
            continue
        found.append(_shown(example, look, names, colours))
    if not found and problem is not None:
        raise problem
    return found


def _some(project: Project, seed: int, showing: int, count: int) -> list[Item]:
    """Labelled pictures in an order of chance; only those that are learnt from, once that is settled."""
    ids = project.item_ids(ItemFilter(labelled=True, split=Split.TRAIN, problems=False))
    ids = ids or project.item_ids(ItemFilter(labelled=True, problems=False))
    rng = random.Random(f"{seed}/{showing}")
    return project.items(rng.sample(ids, min(len(ids), count + _SPARE)))


def _shown(example: Example, look: Look, names: list[str], colours: list[str]) -> VariedPicture:
    from workbench.tasks.pictures import as_png

    item = example.item
    boxes = tuple(
        Marked(box, colours[kind] if kind >= 0 else "") for box, kind in zip(look.boxes, look.kinds, strict=True)
    )
    there = [names[k] for k in look.kinds if k >= 0]
    if look.classes is not None:
        import numpy as np

        values = [int(v) for v in np.unique(look.classes)]
        there = [names[v - 1] for v in values if 1 <= v <= len(names)]
    elif example.target >= 0:
        there = [names[example.target]]
    counts = {name: there.count(name) for name in there}
    words = ", ".join(f"{n} {name}" if n > 1 else name for name, n in counts.items())
    return VariedPicture(
        item.id, item.name, as_png(look.pixels), f"{item.name}: {words or 'nothing marked'}", boxes,
        b"" if look.classes is None else as_png(look.classes), dict(enumerate(colours, start=1)),
    )  # fmt: skip
