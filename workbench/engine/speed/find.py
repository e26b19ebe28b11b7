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
from workbench.engine.speed.search import MOST_SAMPLES, search
from workbench.engine.speed.standing import example_of
from workbench.errors import UserError
from workbench.tasks.base import PooledTask
from workbench.tasks.registry import get_task

if TYPE_CHECKING:
    from workbench.runtimes.base import Batch
    from workbench.runtimes.network import Network

_TEXTS = (
    "Where can I park my car?",
    "The delivery came two days late, and the box was open.",
    "Thank you, that was quick.",
    "The meeting was moved to Thursday because the room is being painted; please tell everyone who has not read it yet.",
)


def find(
    card: ModelCard,
    inputs: Sequence[str] = (),
    control: Control | None = None,
    paths: AppPaths | None = None,
    *,
    rough: bool = False,
) -> Choice:
    """Measure now. See `workbench.engine.speed.search`.

    Args:
        inputs: files and folders to check the answers on; none: samples of the app's.

    Raises:
        UserError: when the model is not a classifier or embedder, is not there, or an input cannot be read.
        Cancelled: when asked to stop.
    """
    from workbench.hub.store import files
    from workbench.runtimes.network import Network
    from workbench.runtimes.registry import open_model

    control = control or Control()
    task = get_task(card.main_task) if card.main_task else None
    control.progress(0, 0, "Opening the model")
    model = open_model(card, files(card, paths), "cpu")
    pooled = next((t for t in (task, *map(get_task, card.trainable_for)) if isinstance(t, PooledTask)), None)
    if not isinstance(model, Network) or pooled is None:
        raise UserError(
            f"“{card.name}” runs as it is: only models that sort or compare items have other engines so far.", ""
        )
    samples = collect_samples(inputs, pooled, control) if inputs else _own_samples(pooled)
    items = _items(samples[:MOST_SAMPLES], pooled, model, control)
    return search(model, items, control, paths, rough=rough)


def _own_samples(task: PooledTask) -> list[Sample]:
    if task.info.media == "text":
        return [Sample("text", text=text) for text in _TEXTS]
    if task.info.media == "picture":
        return collect_samples([resources() / "samples" / "try", resources() / "samples" / "digits"], task)
    return []


def _items(samples: Sequence[Sample], task: PooledTask, model: Network, control: Control) -> list[Batch]:
    found: list[Batch] = []
    for sample in samples:
        control.check()
        batch = model.alone(task.collate([task.prepare(sample, model)], model))
        found.append({name: value[:1] for name, value in batch.items()})
    return found or [example_of(model)]
