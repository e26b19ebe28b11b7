"""Where a model that was taught on the project says something quite else than the labels: of boxes, areas, words and the like.

Only items that the model did not learn from (steering and test) are asked about, and only a model that is usually right: each
item's score is the one by which the model is judged. Of items with one class each, confident learning tells more.
"""

from __future__ import annotations

import hashlib
import json
from statistics import median

from workbench.data.project import Project
from workbench.data.types import ItemFilter, Split
from workbench.engine.evaluate import judge_kept
from workbench.errors import UserError
from workbench.tasks.registry import get_task

# A model whose usual item scores less is no witness; what it scores at most on an item that is worth a look.
_WITNESS, _ELSE = 0.6, 0.25
_PAGE = 500


def said_key(project: Project) -> str:
    """Names the last training and the labels of now; "" where there is nothing to hold against each other."""
    run_id = _last(project)
    if not run_id:
        return ""
    made = hashlib.sha256(run_id.encode())
    ids = project.item_ids(ItemFilter(labelled=True, whole_classes=False, problems=False))
    for start in range(0, len(ids), _PAGE):
        for item_id, state in project.annotation_states(ids[start : start + _PAGE]).items():
            kept = [(a.class_id, repr(a.shape), a.text) for a in state.annotations if not a.is_proposal]
            made.update(json.dumps([item_id, kept]).encode())
    return made.hexdigest() if ids else ""


def disagreements(project: Project) -> list[tuple[int, float]]:
    """[id, score] of the items on which the last training and the labels have little in common, the least first."""
    run_id = _last(project)
    info = get_task(project.task_id).info
    if not run_id or not info.judge:
        return []
    classes = [str(c) for c in project.run(run_id).config.get("classes", ())]
    known = [p for p in project.predictions(run_id) if p.record is not None]
    scores: dict[int, float] = {}
    for split in (Split.VALIDATION, Split.TEST):
        if any(p.split is split for p in known):
            try:
                scores |= judge_kept(project, info.judge, classes, known, split).per_item()
            except UserError:
                continue  # labels and predictions have nothing in common any more
    if not scores or median(scores.values()) < _WITNESS:
        return []
    found = [(i, s) for i, s in scores.items() if s <= _ELSE]
    return sorted(found, key=lambda pair: (pair[1], pair[0]))


def _last(project: Project) -> str:
    return next((r.id for r in project.runs() if r.status == "done"), "")
