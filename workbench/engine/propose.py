"""Proposals: what a model would say of the items nobody has done yet, to be accepted or put right in the editor."""

from __future__ import annotations

from workbench.app_paths import app_paths
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import ItemFilter
from workbench.engine.pool import ModelPool
from workbench.engine.predict import predict
from workbench.errors import UserError
from workbench.hub.store import is_present
from workbench.tasks.registry import get_task

_AT_ONCE = 200


def proposers(project: Project, catalog: Catalog) -> list[ModelCard]:
    """Models on this computer that can propose labels for a project: the person's own first (the newest before older
    ones), then those that came with the app, then the others."""
    task = get_task(project.task_id)
    if not hasattr(task, "annotations_of"):
        return []
    paths = app_paths()
    fitting = [c for c in catalog.search(task=project.task_id) if project.task_id in c.tasks and not c.is_remote]
    here = [c for c in fitting if is_present(c, paths)]
    own = sorted((c for c in here if c.is_own), key=lambda c: c.created, reverse=True)
    return [*own, *sorted((c for c in here if not c.is_own), key=lambda c: not c.starter)]


def propose(project: Project, card: ModelCard, control: Control | None = None, pool: ModelPool | None = None) -> int:
    """Ask a model about every item that is not done, and keep what it says as proposals. Nothing is labelled by it.

    Proposals of other models are replaced. What was proposed before a stop stays.

    Returns:
        Number of items that have a proposal now.

    Raises:
        UserError: when all items are done, or the model cannot be used.
        Cancelled: when asked to stop.
    """
    control = control or Control()
    task = get_task(project.task_id)
    make = getattr(task, "annotations_of", None)
    if make is None:
        raise UserError("Models cannot propose labels of this kind.", "Label by hand.")
    ids = project.item_ids(ItemFilter(labelled=False, problems=False))
    if not ids:
        raise UserError(f"All {task.info.nouns} are done.", "Add more to get suggestions.")
    class_ids = {c.name: c.id for c in project.classes()}
    count = 0
    for begin in range(0, len(ids), _AT_ONCE):
        items = project.items(ids[begin : begin + _AT_ONCE])
        broken: dict[int, str] = {}
        for result in predict([i.sample() for i in items], card, task, pool=pool, control=control):
            item = items[result.index]
            control.progress(begin + result.index + 1, len(ids), "Suggesting labels")
            if result.prediction is None:
                broken[item.id] = result.problem.message if result.problem is not None else ""
                continue
            made = make(result.prediction, class_ids)
            project.set_proposals({item.id: made})
            count += bool(made)
        if broken:
            project.mark_broken(broken)
    return count
