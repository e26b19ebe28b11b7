"""How long a training will take and what memory it needs, measured on this computer where that has been done."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

from workbench import atomic
from workbench.app_paths import app_paths
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import Item, ItemFilter, Sample
from workbench.engine.events import How
from workbench.engine.finetune import default_epochs
from workbench.engine.pool import shared_pool
from workbench.errors import UserError
from workbench.runtimes.network import Network
from workbench.tasks.base import PooledTask, TryOptions
from workbench.tasks.registry import get_trainable

# Work of one training step in forward passes: forward and backward through all, or backward through a third.
_WORK = {How.BALANCED: 2.0, How.THOROUGH: 3.2}
# Early stopping usually ends before the last epoch.
_USUAL_SHARE = 0.6
_TRAIN_SHARE = 0.7
# A forward pass per weight when nothing was measured, in seconds: a laptop of the slower kind.
_UNMEASURED = 6e-9
_SAMPLES = 6


@dataclass(frozen=True)
class Estimate:
    """`measured` is False while the speed is only guessed from the model's size."""

    seconds: float
    memory_bytes: int
    measured: bool

    @property
    def sentence(self) -> str:
        """ "about 2 minutes"."""
        return duration(self.seconds)


def duration(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 50:
        return f"about {round(seconds / 10) * 10} seconds"
    if seconds < 90:
        return "about a minute"
    if seconds < 3600:
        return f"about {round(seconds / 60)} minutes"
    hours = seconds / 3600
    return "about an hour" if hours < 1.5 else f"about {round(hours)} hours"


def _speeds_file() -> Path:
    return app_paths().cache / "speeds.json"


def _speeds() -> dict[str, float]:
    try:
        values = json.loads(_speeds_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): float(v) for k, v in values.items()} if isinstance(values, dict) else {}


def estimate(project: Project, card: ModelCard, how: How, epochs: int = 0) -> Estimate:
    """From the number of labelled items and the speed known. Quick and cheap; no model is loaded."""
    n = project.counts().labelled
    speed = _speeds().get(card.id)
    forward = speed if speed is not None else max(0.003, card.parameters * _UNMEASURED)
    seconds = 2.0 + n * forward
    memory = 500_000_000 + card.parameters * 4
    passes = getattr(get_trainable(project.task_id), "passes", None)
    if passes is not None:
        seconds += passes(card, how, epochs, n) * forward
    elif how is not How.QUICK:
        rounds = (epochs or default_epochs(how)) * _USUAL_SHARE
        seconds += rounds * n * forward * (_TRAIN_SHARE * _WORK[how] + (1 - _TRAIN_SHARE) / 2)
    if how is not How.QUICK:
        # Gradients and AdamW's two averages beside the weights, and activations of a batch.
        memory += card.parameters * 4 * (3 if how is How.THOROUGH else 1) + 1_000_000_000
    return Estimate(seconds, memory, speed is not None)


def measure(project: Project, card: ModelCard, control: Control | None = None) -> float:
    """Time real forward passes on a few of the project's items, once per model; kept for `estimate`.

    Returns:
        Seconds per item.

    Raises:
        UserError: when the model is not there or none of the first items can be read.
    """
    import torch

    speeds = _speeds()
    if card.id in speeds:
        return speeds[card.id]
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

    with shared_pool().use(card, "auto", control) as model, torch.inference_mode():

        def once(item: Item) -> None:
            prepared = task.prepare(sample_of(item), model)
            own = getattr(task, "once", None)
            if own is not None:
                own(prepared, model)
            elif isinstance(task, PooledTask) and isinstance(model, Network):
                model.features(task.collate([prepared], model))
            else:
                task.predict_batch([prepared], model, TryOptions(), control)

        once(items[0])  # the first pass also sets things up
        control.check()
        began = time.perf_counter()
        for item in items:
            once(item)
            control.check()
        seconds = (time.perf_counter() - began) / len(items)
    atomic.write_text(_speeds_file(), json.dumps(_speeds() | {card.id: seconds}), shared=True, lasting=False)
    return seconds
