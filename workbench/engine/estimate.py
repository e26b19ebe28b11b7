"""How long a training will take and what memory it needs, measured on this computer where that has been done."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

from workbench import atomic
from workbench.app_paths import app_paths
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import Item, ItemFilter, Sample
from workbench.engine.events import How
from workbench.engine.features import FeatureCache, known_prefix
from workbench.engine.finetune import default_epochs
from workbench.engine.pool import shared_pool
from workbench.errors import UserError
from workbench.runtimes.fast_body import engines
from workbench.runtimes.network import Network
from workbench.tasks.base import OnceTask, PooledTask, TryOptions
from workbench.tasks.registry import get_trainable
from workbench.trust.cost.words import duration

__all__ = ["Estimate", "duration", "estimate", "measure"]

# Work of one training step in forward passes: forward and backward through all, or backward through a third.
_WORK = {How.BALANCED: 2.0, How.THOROUGH: 3.2}
# Early stopping usually ends before the last epoch; where examples are varied, later (docs/speed.md, "Pictures").
_USUAL_SHARE, _VARIED_SHARE = 0.6, 0.85
_TRAIN_SHARE = 0.7
# A forward pass per weight when nothing was measured, in seconds: a laptop of the slower kind.
_UNMEASURED = 6e-9
_SAMPLES = 6
# Opening the model, reading the project, writing the result.
_START = 2.0
# Fitting a head in all its strengths, for each example and class, in seconds.
_HEAD = 7e-4
# Bytes that any training takes, and that a batch takes on its way through a network with gradients: for classifiers
# measured on the starters (benchmarks/cost.py), growing with the root of the weights; for others on the safe side.
_POOLED_BASE, _POOLED_BATCH, _POOLED_PARAMETERS = 150_000_000, 250_000_000, 5e6
_OTHER_BASE, _OTHER_BATCH = 500_000_000, 1_000_000_000
# A speed beyond it is a damaged file.
_SLOWEST = 86_400.0
# More than so many times slower no computer is because others work on it, too.
_BUSIEST = 8.0


@dataclass(frozen=True)
class Estimate:
    """Not corrected by past trainings (see `engine.cost.expect`). `measured` is False while the speed is only guessed from
    the model's size."""

    seconds: float
    memory_bytes: int
    measured: bool

    @property
    def sentence(self) -> str:
        """ "about 2 minutes"."""
        return duration(self.seconds)


def _speeds_file() -> Path:
    return app_paths().cache / "speeds.json"


def _speeds() -> dict[str, float]:
    """Seconds by key (`_keys`). Files of older versions have the model's id alone as keys."""
    try:
        values = json.loads(_speeds_file().read_text(encoding="utf-8"))
        return {str(k): float(v) for k, v in values.items() if 0 < float(v) < _SLOWEST}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _keys(model: str, task: str) -> tuple[str, ...]:
    """What a speed may be kept under, the best first: this model, task and kind of pass; the model alone.

    The same model takes another time for another task: a detector is asked for boxes, a text network reads long or short
    texts. The kinds: "batch" through a frozen network, "own" as the task's lesson does it, one by one.
    """
    kind = "batch" if isinstance(get_trainable(task), PooledTask) else "own"
    return f"{model} | {task} | {kind}", model


def _known_speed(model: str, task: str) -> float | None:
    """Seconds of one forward pass; None when it was not measured."""
    speeds = _speeds()
    return next((speeds[key] for key in _keys(model, task) if key in speeds), None)


def estimate(project: Project, card: ModelCard, how: How, epochs: int = 0) -> Estimate:
    """From the number of labelled items, what is known of them already, and the speed known. No model is loaded."""
    n = project.counts().labelled
    task = get_trainable(project.task_id)
    speed = _known_speed(card.id, project.task_id)
    forward = speed if speed is not None else max(0.003, card.parameters * _UNMEASURED)
    seconds = _START
    passes = task.passes(card, how, epochs, n)
    if passes is not None:
        seconds += (n + passes) * forward
    else:
        seconds += (_not_looked_at(project, card) if isinstance(task, PooledTask) else n) * forward
        seconds += n * max(2, len(project.classes())) * _HEAD
        if how is not How.QUICK:
            varied = isinstance(task, PooledTask) and not task.as_they_are
            rounds = (epochs or default_epochs(how)) * (_VARIED_SHARE if varied else _USUAL_SHARE)
            seconds += rounds * n * forward * (_TRAIN_SHARE * _WORK[how] + (1 - _TRAIN_SHARE) / 2)
            # Tested once at the end, and looked at once more to know what is familiar.
            seconds += n * forward
    seconds += task.more_seconds(project, card, how)
    own = task.memory(card, n)
    memory = _memory(card, how, isinstance(task, PooledTask)) if own is None else own
    for model_id, for_task in task.looks_with(project):
        looker = Catalog.load().get(model_id)
        known = _known_speed(model_id, for_task)
        seconds += n * (known if known is not None else max(0.003, looker.parameters * _UNMEASURED))
        memory += _POOLED_BASE + looker.parameters * 4
    return Estimate(seconds, memory, speed is not None)


def _memory(card: ModelCard, how: How, pooled: bool) -> int:
    """Bytes: the weights, gradients and AdamW's two averages of what learns (Balanced: a third), and what is kept of a batch
    on its way through. Classifiers see small pictures and short texts; others whole pictures and long recordings."""
    weights = card.parameters * 4
    batch = _POOLED_BATCH * max(1.0, math.sqrt(card.parameters / _POOLED_PARAMETERS)) if pooled else _OTHER_BATCH
    size = (_POOLED_BASE if pooled else _OTHER_BASE) + weights
    if how is How.THOROUGH:
        return round(size + 3 * weights + batch)
    return round(size + weights + (batch / 4 if pooled else batch)) if how is How.BALANCED else size


def _not_looked_at(project: Project, card: ModelCard) -> int:
    """How many labelled items have no features yet."""
    items = project.items(project.item_ids(ItemFilter(labelled=True, problems=False)))
    cache = FeatureCache(app_paths().cache / "features")
    prefix = known_prefix(cache, card.id, project.task_id)
    return len(items) - (cache.count([prefix + item.content_key for item in items]) if prefix else 0)


def measure(project: Project, card: ModelCard, control: Control | None = None) -> float:
    """Time real forward passes on a few of the project's items, once per model, task and kind of pass; kept for `estimate`.

    Returns:
        Seconds per item.

    Raises:
        UserError: when the model is not there or none of the first items can be read.
    """
    import torch

    from workbench.runtimes.devices import best_device

    key = _keys(card.id, project.task_id)[0]
    speeds = _speeds()
    if key in speeds:
        return speeds[key]
    control = control or Control()
    task = get_trainable(project.task_id)
    items: list[Item] = project.items(project.item_ids(ItemFilter(problems=False))[:_SAMPLES])
    if not items:
        raise UserError("There is nothing to measure on yet.", "Add some examples first.")

    def sample_of(item: Item) -> Sample:
        try:
            return task.sample_of(item, project.annotations(item.id))
        except UserError:
            return item.sample()  # nothing is asked about it yet

    # By the layers, as they learn.
    with shared_pool().use(card, "auto", control) as model, engines("torch"), torch.inference_mode():

        def together(part: list[Item]) -> None:
            prepared = [task.prepare(sample_of(item), model) for item in part]
            if isinstance(task, OnceTask):
                for one in prepared:
                    task.once(one, model)
            elif isinstance(task, PooledTask) and isinstance(model, Network):
                model.features(task.collate(prepared, model))
            else:
                task.predict_batch(prepared, model, TryOptions(), control)

        together(items[:1])  # the first pass also sets things up
        control.check()
        # A frozen network looks at batches; everything else is timed one by one, and can be stopped in between.
        at_once = len(items) if isinstance(task, PooledTask) else 1
        began, worked = time.perf_counter(), time.process_time()
        for first in range(0, len(items), at_once):
            together(items[first : first + at_once])
            control.check()
        seconds = time.perf_counter() - began
        if best_device("auto") == "cpu":
            # What is measured is kept for good: that other programs ran at this moment says nothing of later ones.
            seconds = min(seconds, max(time.process_time() - worked, seconds / _BUSIEST))
        seconds /= len(items)
    atomic.write_text(_speeds_file(), json.dumps(_speeds() | {key: seconds}), shared=True, lasting=False)
    return seconds
