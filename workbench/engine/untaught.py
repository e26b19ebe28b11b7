"""At the end of a run: what a model answers to the test items that was taught nothing. Kept with the run, shown beside it."""

from __future__ import annotations

import logging
import random
from collections.abc import Generator
from typing import TYPE_CHECKING

from workbench.catalog.card import ModelCard
from workbench.data.types import Item, Split
from workbench.engine.events import Advice, RunEvent, StageChanged
from workbench.engine.features import FeatureCache, compute_features
from workbench.engine.pool import shared_pool
from workbench.engine.run import Run
from workbench.errors import Cancelled, UserError
from workbench.tasks.base import PooledTask
from workbench.tasks.untaught import EXAMPLES, by_look_alikes, by_names
from workbench.trust.judging import Judgement
from workbench.trust.untaught import Untaught, beside, keep_untaught

if TYPE_CHECKING:
    from workbench.catalog.catalog import Catalog

log = logging.getLogger(__name__)

# So many test items, drawn at random, say enough, and take seconds even where their features are not there yet.
MOST = 200
# A test on fewer says nothing.
FEWEST = 10


def ask_untaught(run: Run, judgement: Judgement, reason: str) -> Generator[RunEvent, None, None]:
    """Where the task has a way to answer without teaching. The model is saved already, so nothing that goes wrong here
    matters to it; a training that was stopped goes without, since it must end within a second."""
    task = run.task
    test = run.usable(Split.TEST)
    if not isinstance(task, PooledTask) or not task.info.untaught or reason == "cancelled" or len(test) < FEWEST:
        return
    yield StageChanged("Comparing with what needs no teaching")
    try:
        found = _asked(run, task, test)
        if found is None:
            return
        keep_untaught(run.folder, found)
    except Cancelled:
        return
    except UserError as error:
        log.info("no comparison with an untaught model: %s", error)
        return
    said = beside(run.folder, judgement, task.info.nouns)
    if said is not None:
        yield Advice("untaught", said.sentence())


def _asked(run: Run, task: PooledTask, test: list[Item]) -> Untaught | None:
    rng = random.Random(run.config.seed)
    asked = rng.sample(test, MOST) if len(test) > MOST else test
    classes = run.config.classes
    card = _untaught_card(run.card, task, run.catalog)
    if card is None:
        return None
    cache = FeatureCache(run.paths.cache / "features")
    with shared_pool().use_network(card, run.device, run.control, run.paths) as model:
        given = compute_features(asked, model, task, run.control, cache)
        if task.info.untaught == "names":
            places, examples = by_names(task, model, given.matrix, classes, run.control), 0
        else:
            shown = _shown(run, rng)
            known = compute_features(shown, model, task, run.control, cache)
            targets = [run.targets[i] for i in known.ids]
            if len(set(targets)) < len(classes):
                return None  # of some class nothing could be read
            places, examples = by_look_alikes(given.matrix, known.matrix, targets, len(classes)), EXAMPLES
    return Untaught(
        task.info.untaught, card.name, examples,
        {item: classes[place] for item, place in zip(given.ids, places, strict=True)},
    )  # fmt: skip


def _shown(run: Run, rng: random.Random) -> list[Item]:
    """A few training items of each class, drawn at random."""
    by_class: dict[int, list[Item]] = {}
    for item in run.usable(Split.TRAIN):
        by_class.setdefault(run.targets[item.id], []).append(item)
    return [i for _, items in sorted(by_class.items()) for i in rng.sample(items, min(EXAMPLES, len(items)))]


def _untaught_card(base: ModelCard, task: PooledTask, catalog: Catalog) -> ModelCard | None:
    """The model the training began with where nobody taught it here and it can do this; else the starter."""

    def suits(card: ModelCard) -> bool:
        return not card.is_own and (task.info.untaught != "names" or task.needs_labels(card))

    if suits(base):
        return base
    starter, _ = catalog.suggest(task.info.id, to_teach=True)
    return starter if starter.starter and suits(starter) else None
