"""Label suggestions: what a model made of the labels so far would say of the items without one."""

from __future__ import annotations

from collections import Counter

from workbench.app_paths import app_paths
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import label_names
from workbench.control import Control
from workbench.data import labels
from workbench.data.project import Project
from workbench.data.types import ItemFilter
from workbench.engine.features import FeatureCache, compute_features
from workbench.engine.head import fit_path
from workbench.engine.pool import shared_pool
from workbench.errors import UserError
from workbench.tasks.registry import get_pooled

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
