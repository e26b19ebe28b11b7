"""Assisted labelling: a model proposes labels for what is not labelled yet; a person accepts or corrects them."""

from __future__ import annotations

import time
from collections.abc import Sequence

from workbench.app_paths import app_paths
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog, label_names
from workbench.control import Control
from workbench.data import labels
from workbench.data.annotations import Annotation
from workbench.data.project import Project
from workbench.data.shapes import PICTURE_SHAPES, Clip, Shape, Whole, bounds
from workbench.data.tags import tags_of
from workbench.data.types import Item, ItemFilter, Sample
from workbench.engine.pool import ModelPool
from workbench.engine.predict import predict
from workbench.errors import UserError
from workbench.tasks.base import MarkingTask, Task
from workbench.tasks.found_things import overlap
from workbench.tasks.registry import get_task

# What a model proposes where there is a label already that covers it so well is left out.
_SAME = 0.5
_WRITE_SECONDS = 0.5


def proposers(project: Project, catalog: Catalog) -> list[ModelCard]:
    """Models on this computer that can propose labels for a project, the best first: those taught on it (the best score
    first), then those that know most of its classes by name."""
    from workbench.hub.store import is_present

    task = get_task(project.task_id)
    if not isinstance(task, MarkingTask):
        return []
    has_classes = task.info.has_classes
    wanted = {labels.key(c.name) for c in project.classes()}
    scores = {
        str(r.metrics.get("model_id", "")): float(r.metrics.get("score", 0.0) or 0.0)
        for r in project.runs()
        if r.metrics.get("model_id")
    }
    found: list[tuple[bool, float, int, ModelCard]] = []
    paths = app_paths()
    for card in catalog.cards():
        if project.task_id not in card.tasks or card.is_remote:
            continue
        known = len(wanted & {labels.key(name) for name in label_names(card)}) if has_classes else 1
        if known and is_present(card, paths):
            found.append((card.id in scores, scores.get(card.id, 0.0), known, card))
    # Of equals one's own, then the small one: it is the quick one.
    found.sort(key=lambda f: (not f[0], -f[1], -f[2], not f[3].is_own, f[3].parameters))
    return [card for *_, card in found]


def propose(project: Project, card: ModelCard, control: Control | None = None, pool: ModelPool | None = None) -> int:
    """Have a model propose labels for every item that is not done; its old proposals there are replaced, what people made
    stays. They appear in the project while it works; the least certain items come first in a review.

    Returns:
        Number of proposals.

    Raises:
        UserError: when there is nothing to propose for, or the model knows none of the project's classes.
        Cancelled: when asked to stop; proposals so far stay.
    """
    control = control or Control()
    task = get_task(project.task_id)
    if not isinstance(task, MarkingTask):
        raise UserError(f"Nothing can be proposed for {task.info.title.lower()}.", "Label by hand.")
    ids = {c.name: c.id for c in project.classes()}
    keys = {labels.key(name) for name in ids}
    if task.info.has_classes and not any(labels.key(name) in keys for name in label_names(card)):
        raise UserError(
            f"“{card.name}” knows none of this project's classes.",
            "Choose another model, or name the classes as the model does.",
        )
    items = project.items(project.item_ids(ItemFilter(labelled=False, problems=False)))
    if not items:
        raise UserError(f"All {task.info.nouns} are done.", "Add more to get proposals.")
    items, samples = _asked(project, task, items)
    count = 0
    waiting: dict[int, list[Annotation]] = {}
    broken: dict[int, str] = {}
    written = time.monotonic()
    try:
        for result in predict(samples, card, task, pool=pool, control=control):
            item = items[result.index]
            if result.prediction is None:
                if result.problem is not None:
                    broken[item.id] = result.problem.message
                continue
            made = task.annotations_of(result.prediction, ids)
            waiting[item.id] = _missing(project.annotations(item.id), made)
            count += len(waiting[item.id])
            control.progress(result.index + 1, len(items), f"Looking at {result.index + 1} of {len(items)}")
            if time.monotonic() - written > _WRITE_SECONDS:
                project.set_proposals(waiting)
                waiting, written = {}, time.monotonic()
    finally:
        # Also when it is stopped: what has been found stays.
        project.set_proposals(waiting)
        project.mark_broken(broken)
    return count


def _asked(project: Project, task: Task, items: Sequence[Item]) -> tuple[list[Item], list[Sample]]:
    """The items that something can be proposed for, as the model is given them. Raises: UserError when there is none."""
    states = project.annotation_states([i.id for i in items])
    kept: list[Item] = []
    samples: list[Sample] = []
    reason: UserError | None = None
    for item in items:
        try:
            samples.append(task.sample_of(item, [a for a in states[item.id].annotations if not a.is_proposal]))
        except UserError as error:
            reason = error
        else:
            kept.append(item)
    if not kept and reason is not None:
        raise reason
    return kept, samples


def _missing(there: Sequence[Annotation], made: Sequence[Annotation]) -> list[Annotation]:
    """Those proposals that no label of the same class covers yet; where something was asked, those that nobody answered."""
    told = {a.text for a in there if a.text and not a.is_proposal and not a.ignored}
    tags = {a.class_id for a in tags_of(there)}
    placed = (*PICTURE_SHAPES, Clip)
    kept = [(a.class_id, _bounds(a.shape)) for a in there if not a.is_proposal and isinstance(a.shape, placed)]

    def is_new(a: Annotation) -> bool:
        if isinstance(a.shape, placed):
            box = _bounds(a.shape)
            return not any(c == a.class_id and overlap(box, other) >= _SAME for c, other in kept)
        given = isinstance(a.shape, Whole) and a.class_id is not None and a.class_id in tags
        return a.text not in told and not given

    return [a for a in made if is_new(a)]


def _bounds(shape: Shape) -> tuple[float, float, float, float]:
    """A piece of a recording lies on a strip of height 1."""
    return (shape.begins, 0.0, shape.ends, 1.0) if isinstance(shape, Clip) else bounds(shape)
