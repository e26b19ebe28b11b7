"""What a model proposes: which models can, asking one, and accepting what it is sure of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.annotations import AnnotationState
from workbench.data.project import Project
from workbench.data.types import ItemFilter
from workbench.gui.editors.picture.document import accepted

_MODULE = "workbench.engine.propose"
_AT_ONCE = 200


def _engine() -> Any:
    """The engine's part of it, which is imported only when it is asked for."""
    return import_module(_MODULE)


def proposers(project: Project, catalog: Catalog) -> list[ModelCard]:
    """Models that can propose labels for this project, the best first."""
    if find_spec(_MODULE) is None:
        return []
    found: list[ModelCard] = _engine().proposers(project, catalog)
    return found


def proposing(project: Project, card: ModelCard) -> Callable[[Control], int]:
    """For a job: propose labels for everything that is not done. Gives the number of proposals."""

    def work(control: Control) -> int:
        count: int = _engine().propose(project, card, control)
        return count

    return work


def waiting(project: Project) -> list[int]:
    """Ids of the items that have proposals and are not done, the least certain first."""
    ids = project.item_ids(ItemFilter(labelled=False, problems=False, order="uncertain"))
    return [item.id for item in project.items(ids) if item.proposals]


Taken = tuple[Mapping[int, AnnotationState], Mapping[int, AnnotationState], int]


def accepting(project: Project, least: float) -> Callable[[Control], Taken]:
    """For a job: accept every proposal with at least this score.

    An item of which every proposal is accepted is done; the others wait for the person.

    Gives:
        The states as they were and as they are, and the number of labels that were accepted.
    """

    def work(control: Control) -> Taken:
        ids = waiting(project)
        before: dict[int, AnnotationState] = {}
        after: dict[int, AnnotationState] = {}
        count = 0
        for begin in range(0, len(ids), _AT_ONCE):
            control.progress(begin, len(ids), "Accepting suggestions")
            control.check()
            states = project.annotation_states(ids[begin : begin + _AT_ONCE])
            changed = {}
            for item_id, state in states.items():
                open_ones = [a for a in state.annotations if a.is_proposal]
                sure = {a.id for a in open_ones if a.score >= least}
                if sure:
                    count += len(sure)
                    changed[item_id] = AnnotationState(
                        tuple(accepted(a) if a.id in sure else a for a in state.annotations),
                        state.marked or len(sure) == len(open_ones),
                    )
            before.update(project.set_annotations(changed))
            after.update(changed)
        return before, after, count

    return work
