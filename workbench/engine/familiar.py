"""At the end of a run: what the model learnt from is kept with it, and how often it would warn without reason is measured."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.data.types import Item, Split
from workbench.engine.events import Advice, How, RunEvent, StageChanged
from workbench.engine.features import FeatureCache, compute_features
from workbench.engine.run import Outcome, Run
from workbench.errors import Cancelled
from workbench.runtimes.familiar import FEWEST, FEWEST_LEARNT, MOST, MOST_HELD, Familiar, fit_familiar
from workbench.runtimes.network import Network
from workbench.tasks.base import PooledTask
from workbench.tasks.predictions import Scores
from workbench.tasks.registry import get_task

if TYPE_CHECKING:
    import torch


def know_familiar(run: Run, outcome: Outcome) -> Generator[RunEvent, None, None]:
    """Set `familiar` of a taught network, where there is enough to tell by. A training that was stopped goes without: it
    must end within a second."""
    if not isinstance(outcome.model, Network) or not isinstance(run.task, PooledTask):
        return
    # One that learnt further from an own model brings along what that one knew.
    outcome.model.familiar = None
    parts = [run.usable(split) for split in (Split.TRAIN, Split.VALIDATION, Split.TEST)]
    enough = len(parts[0]) >= FEWEST_LEARNT and len(parts[1]) >= FEWEST
    if not enough or outcome.reason == "cancelled":
        return
    yield StageChanged("Learning what is familiar")
    try:
        found = _fitted(run, run.task, outcome.model, parts)
    except Cancelled:
        return  # the model itself is whole
    outcome.model.familiar = found
    if found is not None:
        yield Advice("familiar", familiar_sentence(facts(found), run.task.info.noun, run.task.info.nouns))


def _fitted(run: Run, task: PooledTask, model: Network, parts: list[list[Item]]) -> Familiar | None:
    import torch

    seed = run.config.seed
    most = (MOST, MOST_HELD, MOST_HELD)
    drawn = [_some(items, count, seed) for items, count in zip(parts, most, strict=True)]
    cache = FeatureCache(run.paths.cache / "features")
    train, validation, test = (compute_features(items, model, task, run.control, cache).matrix for items in drawn)
    sure = certainties(task, model, torch.cat([validation, test]))
    return fit_familiar(train, validation, test, sure, frozen=run.config.how is How.QUICK, seed=seed)


def certainties(task: PooledTask, model: Network, features: torch.Tensor) -> torch.Tensor:
    """float64 [N] in 0..1: how certain a taught model is of its answers, by features float [N, F]."""
    import torch

    with torch.inference_mode():
        logits = model.head_logits(features.to(model.device)).cpu()
    said = [task.settled(p, model.card.options) for p in task.answers(logits, model.labels)]
    return torch.tensor([p.certainty for p in said if isinstance(p, Scores)], dtype=torch.float64)


def _some(items: Sequence[Item], most: int, seed: int) -> list[Item]:
    import random

    return list(items) if len(items) <= most else random.Random(seed).sample(list(items), most)


def facts(found: Familiar) -> dict[str, Any]:
    """What a card says of it."""
    return {"unlike_rate": round(found.rate, 4), "unlike_alarms": found.alarms, "unlike_tested": found.tested}


def familiar_sentence(metrics: Mapping[str, Any], noun: str, nouns: str) -> str:
    """How often it warns without reason, by a card's `metrics`; "" for a model that tells nothing of the kind."""
    rate, tested = metrics.get("unlike_rate"), int(metrics.get("unlike_tested", 0))
    if rate is None:
        return ""
    words = f"It says when a {noun} is unlike those it learnt from"
    if not tested:
        return f"{words}; set for a false alarm at {rate:.0%} of usual {nouns}."
    from workbench.trust.metrics import wilson

    alarms = int(metrics["unlike_alarms"])
    low, high = wilson(alarms, tested)
    return (
        f"{words}. Set for a false alarm at {rate:.0%} of usual {nouns}; {alarms} of {tested} test {nouns} gave one"
        f" ({alarms / tested:.0%}, 95 % interval {low:.0%} to {high:.0%})."
    )


def sentence_of(metrics: Mapping[str, Any], task_id: str) -> str:
    """As `familiar_sentence`, by the task's id."""
    info = get_task(task_id).info
    return familiar_sentence(metrics, info.noun, info.nouns)
