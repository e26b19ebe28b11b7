"""Update my model: it goes on learning from what was corrected, and is compared with what it was before anyone decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog, label_names
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.project_reviewed import BY_LOT
from workbench.data.types import ItemFilter, ItemPrediction, Split
from workbench.engine.evaluate import judge_kept, predict_items
from workbench.engine.events import Finished, How, RunEvent, StageChanged
from workbench.engine.fit import fit, new_config
from workbench.engine.run import REPLAY
from workbench.engine.versions import next_name, record
from workbench.errors import UserError
from workbench.tasks.registry import get_task
from workbench.trust.forgetting import Forgetting, by_class, change

# Of the old training items so many are learnt again beside the new ones, where every item costs a pass of the network.
_LEAST_REPLAY, _REPLAY_PER_NEW = 1000, 4


@dataclass(frozen=True)
class Updated:
    """The last thing `update` gives: the new version (nothing uses it yet) and what it can do beside the old one."""

    card: ModelCard
    old: ModelCard
    run_id: str
    beside: Forgetting


@dataclass(frozen=True)
class News:
    """What there is to learn since a version was made.

    Attributes:
        learn: ids of reviewed items that teach; `judge`: of those kept apart. others: labelled training items that came
            in another way.
    """

    learn: tuple[int, ...]
    judge: tuple[int, ...]
    others: int

    def sentence(self, nouns: str) -> str:
        if not self.learn and not self.others:
            return f"Nothing new has been labelled since this version was made, so there is nothing to learn ({nouns})."
        more = f", and {self.others} more that were labelled elsewhere" if self.others else ""
        return (
            f"{len(self.learn)} reviewed {nouns} to learn from{more}; {len(self.judge)} are kept apart to compare on."
        )


def news(card: ModelCard, project: Project) -> News:
    """What was reviewed or labelled since a version was made. Raises: UserError when the project cannot be read."""
    run = next((r for r in project.runs() if r.metrics.get("model_id") == card.id), None)
    since = run.created if run is not None else card.created
    done = set(project.item_ids(ItemFilter(labelled=True, problems=False)))
    fresh = {i for i, r in project.reviewed().items() if r.at > since and i in done}
    split = {i.id: i.split for i in project.items(sorted(fresh))}
    learn = tuple(i for i in sorted(fresh) if split[i] is Split.TRAIN)
    train = len(project.item_ids(ItemFilter(labelled=True, problems=False, split=Split.TRAIN)))
    unsplit = sum(1 for i in project.items(sorted(done)) if i.split is None)
    others = max(0, train + unsplit - len(learn) - int(card.metrics.get("train_items", train)))
    judge = tuple(i.id for i in project.split_items(Split.NEW))
    return News(learn, judge, others)


def update(
    card: ModelCard,
    project: Project,
    catalog: Catalog,
    control: Control | None = None,
    how: How = How.QUICK,
    replay: int = 0,
    **settings: Any,
) -> Iterator[RunEvent | Updated]:
    """Train the next version of an own model and compare it with this one.

    Quick fits the head anew on the features of old and new items. Balanced and Thorough go on from the weights, with the
    new items and old ones beside them, as many of each class as there are.

    Args:
        replay: so many old items at most; 0: all for Quick, else a thousand, or four to each new one if that is more.
        settings: of the run (`RunConfig`).

    Yields:
        The run's events; the last one is `Updated`. Nothing else changes: `versions.make_current` decides.

    Raises:
        UserError: when there is nothing new, or it cannot be trained. Cancelled: when asked to stop.
    """
    control = control or Control()
    if not card.is_own:
        raise UserError(f"“{card.name}” is not one of your own models.", "Train it first.")
    there = news(card, project)
    if not there.learn and not there.others:
        raise UserError(
            "Nothing new has been labelled since this version was made.",
            "Correct some answers in the review queue, or label more on the Data page.",
        )
    options: dict[str, Any] = dict(settings.pop("options", {}))
    if how is not How.QUICK:
        options[REPLAY] = replay or max(_LEAST_REPLAY, _REPLAY_PER_NEW * len(there.learn))
    elif replay:
        options[REPLAY] = replay
    settings.setdefault("name", next_name(catalog, card))
    config = new_config(project, card, how, options=options, **settings)
    model_id = ""
    for event in fit(config, project, catalog, control):
        if isinstance(event, Finished):
            model_id = event.model_id
        yield event
    record(card, model_id)
    yield StageChanged("Comparing with the version before")
    made = catalog.get(model_id)
    yield Updated(made, card, config.run_id, compare_versions(project, card, made, control))


def compare_versions(project: Project, old: ModelCard, new: ModelCard, control: Control | None = None) -> Forgetting:
    """Two versions on the frozen test split and on the reviewed items kept apart. What a version said of them before is
    not asked again.

    Raises:
        UserError: when a model is gone. Cancelled: when asked to stop.
    """
    test = [_scores(project, card, Split.TEST, control) for card in (old, new)]
    late = [_scores(project, card, Split.NEW, control) for card in (old, new)]
    drawn = {i for i, r in project.reviewed().items() if r.why == BY_LOT}
    lot = [{i: v for i, v in scores.items() if i in drawn} for scores in late]
    return Forgetting(
        change("test items", *test), change("new data", *late), change("drawn by lot", *lot),
        by_class(test[0], test[1], _classes_of(project, list(test[0].keys() & test[1].keys()))),
    )  # fmt: skip


def _scores(project: Project, card: ModelCard, split: Split, control: Control | None) -> dict[int, float]:
    """How right a version was on each item of a split, 0..1."""
    run = next((r for r in project.runs() if r.metrics.get("model_id") == card.id), None)
    everything = project.predictions(run.id) if run is not None else []
    known: list[ItemPrediction] = [p for p in everything if p.split is split]
    have = {p.item_id for p in known}
    missing = [i for i in project.split_items(split) if i.id not in have]
    if missing:
        found = predict_items(project, card, missing, split, control)
        known += found
        if run is not None and not project.read_only:
            project.save_predictions(run.id, [*everything, *found])
    judgement = judge_kept(project, get_task(project.task_id).info.judge, label_names(card), known, split)
    return dict(judgement.per_item())


def _classes_of(project: Project, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """The classes of each item: its own, or those of what is marked on it."""
    names = {c.id: c.name for c in project.classes()}
    states = project.annotation_states(ids)
    found = {}
    for item in project.items(ids):
        marked = {a.class_id for a in states[item.id].annotations if not a.is_proposal}
        found[item.id] = tuple(sorted({names[c] for c in (item.class_id, *marked) if c in names}))
    return found
