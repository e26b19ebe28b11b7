"""Looking for the quickest engine when asked for: on the person's items, or on samples of the app."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.app_paths import AppPaths, resources
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.predict import collect_samples
from workbench.engine.speed.remembered import Choice
from workbench.engine.speed.search import MOST_SAMPLES, core_of, search
from workbench.errors import UserError
from workbench.runtimes.fast_body import watching
from workbench.runtimes.network import Network
from workbench.tasks.base import PooledTask, Task, TryOptions
from workbench.tasks.registry import get_task

if TYPE_CHECKING:
    from torch import nn

    from workbench.runtimes.base import Batch, Loaded

_TEXTS = (
    "Where can I park my car?",
    "The delivery came two days late, and the box was open.",
    "Thank you, that was quick.",
    "The meeting was moved to Thursday because the room is being painted; please tell everyone who has not read it yet.",
)


def find(
    card: ModelCard, inputs: Sequence[str] = (), control: Control | None = None, paths: AppPaths | None = None
) -> Choice:
    """Measure now. See `workbench.engine.speed.search`.

    Args:
        inputs: files and folders to check the answers on; none: samples of the app's.

    Raises:
        UserError: when nothing quicker is known for this kind of model, it is not there, or an input cannot be read.
        Cancelled: when asked to stop.
    """
    from workbench.hub.store import files
    from workbench.runtimes.registry import open_model

    control = control or Control()
    control.progress(0, 0, "Opening the model")
    model = open_model(card, files(card, paths), "cpu")
    core = core_of(model)
    tasks = [get_task(name) for name in dict.fromkeys((*card.tasks, *card.trainable_for))]
    task = next((t for t in tasks if isinstance(t, PooledTask)), tasks[0] if tasks else None)
    found: list[Batch] = []
    if task is not None:
        samples = collect_samples(inputs, task, control) if inputs else _own_samples(task)
        found = _items(samples[:MOST_SAMPLES], task, model, control)
    return search(model, found or [core.example], control, paths)


def _own_samples(task: Task) -> list[Sample]:
    if task.info.media == "text":
        return [Sample("text", text=text) for text in _TEXTS]
    if task.info.media == "picture":
        return collect_samples([resources() / "samples" / "try", resources() / "samples" / "digits"], task)
    return []


def _items(samples: Sequence[Sample], task: Task, model: Loaded, control: Control) -> list[Batch]:
    """What goes into the model's core when it is asked."""
    import torch

    found: list[Batch] = []

    def note(module: nn.Module, batch: Batch) -> None:
        if module is model.heart:
            found.append({name: value[:1].clone() for name, value in batch.items()})

    for sample in samples:
        control.check()
        prepared = task.prepare(sample, model)
        with watching(note), torch.inference_mode():
            if isinstance(task, PooledTask) and isinstance(model, Network):
                model.features(task.collate([prepared], model))  # also of one that has no classes yet
                continue
            try:
                task.predict_batch([prepared], model, TryOptions(), control)
            except UserError:  # it wants a question, or labels: noise has to do
                return []
    return found[:MOST_SAMPLES]
