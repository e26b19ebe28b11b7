"""Label suggestions: what a model made of the labels so far would say of the items without one."""

from __future__ import annotations

from collections import Counter

from workbench.app_paths import app_paths
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import label_names
from workbench.control import Control
from workbench.data import labels
from workbench.data.project import Project
from workbench.data.tags import tags_of
from workbench.data.types import ItemFilter
from workbench.engine.features import FeatureCache, compute_features
from workbench.engine.head import fit_path
from workbench.engine.pool import shared_pool
from workbench.engine.run import examples_of
from workbench.errors import UserError
from workbench.tasks.base import MarkingTask, PooledTask
from workbench.tasks.registry import get_pooled, get_task

_ENOUGH = 3
# One strength that neither knows by heart nor blurs; there is no validation set to choose another.
_STRENGTH = (0.03,)


def suggest_labels(project: Project, card: ModelCard, control: Control | None = None) -> int:
    """Suggest a label for every unlabelled item. Nothing is labelled by it.

    A model of the person's own whose classes are the project's is asked; any other gives its features, on which a head
    is fitted from what is labelled so far.

    Returns:
        Number of suggestions.

    Raises:
        UserError: when too little is labelled: two classes with three examples each.
        Cancelled: when asked to stop; old suggestions stay.
    """
    import torch

    control = control or Control()
    task = get_pooled(project.task_id)
    classes = project.classes()
    wanted = project.items(project.item_ids(ItemFilter(labelled=False, problems=False)))
    if not wanted:
        raise UserError(f"All {task.info.nouns} have a label.", "Add more to get suggestions.")
    with shared_pool().use_network(card, "auto", control) as model:
        cache = FeatureCache(app_paths().cache / "features")
        by_key = {labels.key(c.name): c.id for c in classes}
        own = [by_key.get(labels.key(name)) for name in label_names(card)]
        if card.is_own and all(own):
            found = compute_features(wanted, model, task, control, cache)
            with torch.inference_mode():
                logits = model.head_logits(found.matrix.to(model.device)).cpu()
            ids = [i for i in own if i is not None]
        else:
            known = project.items(project.item_ids(ItemFilter(labelled=True, problems=False)))
            counts = Counter(i.class_id for i in known)
            ids = [c.id for c in classes if counts[c.id] >= _ENOUGH]
            if len(ids) < 2:
                raise UserError(
                    "Too little is labelled for suggestions.",
                    f"Label at least {_ENOUGH} {task.info.nouns} of each of two classes first.",
                )
            known = [i for i in known if i.class_id in ids]
            looked = compute_features(known, model, task, control, cache)
            found = compute_features(wanted, model, task, control, cache)
            class_of = {i.id: ids.index(i.class_id or 0) for i in known}
            targets = torch.tensor([class_of[i] for i in looked.ids])
            empty = torch.zeros(0, model.feature_width), torch.zeros(0, dtype=torch.int64)
            step = next(fit_path(looked.matrix, targets, *empty, len(ids), None, control, _STRENGTH))
            logits = found.matrix @ step.weight.T + step.bias
    if found.problems:
        project.mark_broken({i: p.message for i, p in found.problems.items()})
    scores, places = torch.softmax(logits, -1).max(-1)
    project.clear_suggestions()
    project.set_suggestions(
        (item_id, ids[place], score)
        for item_id, place, score in zip(found.ids, places.tolist(), scores.tolist(), strict=True)
    )
    return len(found.ids)


def proposes_from_labels(project: Project) -> bool:
    """Whether `propose_from_labels` is for this project: several labels per item, learnt on kept features."""
    task = get_task(project.task_id)
    return isinstance(task, PooledTask) and isinstance(task, MarkingTask)


def propose_from_labels(project: Project, card: ModelCard, control: Control | None = None) -> int:
    """Propose labels for every item that is not done, from what the items that are done have; before there is a model.

    Returns:
        Number of proposals.

    Raises:
        UserError: when too little is done: three items with and three without a label, of one label at least.
        Cancelled: when asked to stop; old proposals stay.
    """
    import torch

    control = control or Control()
    task = get_pooled(project.task_id)
    wanted = project.items(project.item_ids(ItemFilter(labelled=False, problems=False)))
    if not wanted:
        raise UserError(f"All {task.info.nouns} are done.", "Add more to get suggestions.")
    known = project.items(project.item_ids(ItemFilter(labelled=True, problems=False)))
    counts = project.tag_counts()
    classes = [c for c in project.classes() if _ENOUGH <= counts.get(c.id, 0) <= len(known) - _ENOUGH]
    if not classes:
        raise UserError(
            "Too little is labelled for suggestions.",
            f"Label at least {_ENOUGH} {task.info.nouns} with, and {_ENOUGH} without, one of the labels first.",
        )
    names = [c.name for c in classes]
    examples = {e.item.id: e for e in examples_of(project, known, names)}
    with shared_pool().use_network(card, "auto", control) as model:
        cache = FeatureCache(app_paths().cache / "features")
        looked = compute_features(known, model, task, control, cache)
        found = compute_features(wanted, model, task, control, cache)
        targets = task.targets([examples[i] for i in looked.ids], len(names))
        empty = torch.zeros(0, model.feature_width), targets[:0]
        step = next(fit_path(looked.matrix, targets, *empty, len(names), None, control, _STRENGTH, task))
        said = task.answers(found.matrix @ step.weight.T + step.bias, names)
    if found.problems:
        project.mark_broken({i: p.message for i, p in found.problems.items()})
    ids = {c.name: c.id for c in classes}
    states = project.annotation_states(found.ids)
    proposals = {}
    for item_id, answer in zip(found.ids, said, strict=True):
        made = task.annotations_of(answer, ids)  # type: ignore[attr-defined]
        there = {a.class_id for a in tags_of(states[item_id].annotations)}
        proposals[item_id] = [a for a in made if a.class_id not in there]
    project.set_proposals(proposals)
    return sum(map(len, proposals.values()))
