"""The whole look at a project's data: the quick checks, and what takes a network: wrong labels, things nearly the same,
outliers, personal data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from workbench.app_paths import AppPaths
from workbench.control import Control
from workbench.data.checks import Finding, check_project, in_order
from workbench.data.checks.twins import joined
from workbench.data.project import Project
from workbench.data.project_columns import columns_of
from workbench.data.types import NOUNS, Item
from workbench.engine.health import raw
from workbench.engine.health.findings import told
from workbench.engine.health.raw import Facts
from workbench.engine.health.runs import disagreements, said_key
from workbench.tasks.base import CasesTask
from workbench.tasks.registry import get_task

# Found of examples; what is only chosen among may have a short name and a twin, and is in no part of the test.
_OF_EXAMPLES = ("short", "near-duplicates", "near-meaning", "leakage", "outliers")
# Of a class with fewer items it is not known how they look.
FEWEST_OF_CLASS = 5


def known_health(project: Project, control: Control | None = None) -> list[Finding]:
    """What is known at once: the quick checks, and what an earlier deep look found if it still holds.

    Raises:
        Cancelled: when asked to stop.
    """
    facts, fresh = raw.load(project)
    return _findings(project, facts, control or Control(), fresh)


def check_health(project: Project, control: Control | None = None, paths: AppPaths | None = None) -> list[Finding]:
    """Everything; what was looked at before is not looked at again. The gravest finding first.

    Raises:
        UserError: when the project cannot be read. Cancelled: when asked to stop; what was computed is kept.
    """
    control = control or Control()
    items = raw.usable(project)
    facts, fresh = raw.load(project, items)
    said = said_key(project)
    if facts is None or not fresh or facts.said != said:
        known = facts
        if facts is None or not fresh:
            facts = _look(project, items, known, control, paths)
        control.check()
        facts.unlike, facts.said = (disagreements(project) if said else []), said
        raw.save(project, items, facts)
    return _findings(project, facts, control, True)


def _findings(project: Project, facts: Facts | None, control: Control, fresh: bool) -> list[Finding]:
    found = check_project(project, control, facts.alike if facts is not None else ())
    if facts is not None:
        found += told(project, facts, fresh)
    if isinstance(get_task(project.task_id), CasesTask):
        found = [f for f in found if f.code not in _OF_EXAMPLES]
    return in_order(found)


def _look(
    project: Project, items: Sequence[Item], known: Facts | None, control: Control, paths: AppPaths | None
) -> Facts:
    """Facts about these items; `known` are those of an earlier state."""
    facts = Facts()
    raw.look_for_personal(items, known, facts, control, columns_of(project))
    kinds = {i.kind for i in items}
    for kind in sorted(kinds):
        _look_with_network(project, [i for i in items if i.kind == kind], facts, control, paths)
    return facts


def _look_with_network(
    project: Project, items: Sequence[Item], facts: Facts, control: Control, paths: AppPaths | None
) -> None:
    import torch

    from workbench.engine.health.looked import look_at
    from workbench.engine.health.outliers import outliers
    from workbench.engine.similarity import alike_pairs, nearest

    looked = look_at(items, control, paths)
    if looked is None or len(looked.ids) < 2:
        return
    facts.looked += len(looked.ids)
    by_id = {i.id: i for i in items}
    seen = [by_id[i] for i in looked.ids]
    vectors = torch.nn.functional.normalize(looked.vectors, dim=1)
    noun = NOUNS[seen[0].kind]
    near, likeness = nearest(vectors, control, noun)
    alike = joined([(looked.ids[a], looked.ids[b]) for a, b in alike_pairs(near, likeness)])
    facts.alike += [list(g) for g in alike]
    odd = outliers(vectors, likeness, [i.class_id for i in seen], control)
    facts.outliers += [(looked.ids[o.place], o.score) for o in odd]
    # What is unlike everything says nothing about a class, and a head would bend to fit it.
    strange = {o.place for o in odd}
    usual = [n for n in range(len(seen)) if n not in strange]
    _look_at_labels(project, [seen[n] for n in usual], looked.vectors[usual], alike, facts, control)


def _look_at_labels(
    project: Project,
    items: Sequence[Item],
    vectors: object,
    alike: Sequence[Sequence[int]],
    facts: Facts,
    control: Control,
) -> None:
    """Items with one class each, of classes that have enough of them."""
    import numpy as np
    import torch

    from workbench.engine.health.cross import out_of_sample
    from workbench.trust.confident import suspects

    assert isinstance(vectors, torch.Tensor)
    counts = Counter(i.class_id for i in items if i.class_id is not None)
    classes = [c.id for c in project.classes() if counts[c.id] >= FEWEST_OF_CLASS]
    rows = [n for n, i in enumerate(items) if i.class_id in classes]
    if len(classes) < 2:
        return
    labels = [classes.index(items[n].class_id or 0) for n in rows]
    ids = [items[n].id for n in rows]
    near = project.near_groups(ids, control)
    together = joined([*alike, *((i, first) for i, first in near.items() if i != first)])
    group = {i: g[0] for g in together for i in g}
    groups = [group.get(i, i) for i in ids]
    probabilities = out_of_sample(vectors[rows], labels, groups, len(classes), control)
    found = suspects(probabilities, np.array(labels))
    facts.labelled += len(rows)
    facts.suspects += [(ids[s.place], classes[s.given], classes[s.likely], s.margin) for s in found]
