"""The examples a model learnt from that come nearest to an item, as the model sees them: “it looks like these”."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.app_paths import app_paths
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import Item, ItemFilter, Sample, Split
from workbench.engine.features import FeatureCache, compute_features
from workbench.engine.pool import ModelPool, shared_pool
from workbench.tasks.base import PooledTask
from workbench.tasks.registry import get_task


@dataclass(frozen=True)
class Alike:
    """`likeness`: of the two items' features as the model compares them (`Network.likeness`), 1 where it sees no difference; `label`: the item's class."""

    item: Item
    label: str
    likeness: float


def taught_in(project: Project, card: ModelCard) -> bool:
    """Whether this model is the result of one of the project's trainings, and of a kind that has features to compare."""
    known = any(str(run.metrics.get("model_id", "")) == card.id for run in project.runs())
    return known and isinstance(get_task(project.task_id), PooledTask)


def most_alike(
    sample: Sample,
    card: ModelCard,
    project: Project,
    count: int = 6,
    pool: ModelPool | None = None,
    control: Control | None = None,
) -> list[Alike]:
    """The nearest of the labelled training items, the nearest first. What was computed for them is kept on disk.

    Raises:
        UserError: when the item cannot be read or the model has no features. Cancelled: when asked to stop.
    """
    import torch

    control = control or Control()
    task = get_task(project.task_id)
    if not isinstance(task, PooledTask):
        return []
    ids = project.item_ids(ItemFilter(split=Split.TRAIN, labelled=True, problems=False))
    items = project.items(ids)
    names = {c.id: c.name for c in project.classes()}
    with (pool or shared_pool()).use_network(card, "auto", control) as model:
        prepared = task.prepare(sample, model)
        found = compute_features(items, model, task, control, FeatureCache(app_paths().cache / "features"))
        if not found.ids:
            return []
        with torch.inference_mode():
            given = model.features(task.collate([prepared], model)).cpu()
        near = model.likeness(given, found.matrix)
    by_id = {i.id: i for i in items}
    order = near.argsort(descending=True, stable=True)[:count].tolist()
    chosen = [(by_id[found.ids[at]], float(near[at])) for at in order]
    return [Alike(item, names.get(item.class_id or -1, ""), likeness) for item, likeness in chosen]
