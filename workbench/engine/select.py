"""Which of the models on this computer suits this project best: measured on a sample of it, never on its test items."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workbench.app_paths import AppPaths, app_paths
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import Item, ItemFilter, Split
from workbench.engine.features import FeatureCache, compute_features
from workbench.engine.head import fit_path
from workbench.engine.pool import ModelPool
from workbench.engine.transferability import log_evidence
from workbench.errors import Problem, UserError
from workbench.hub.store import disk_bytes, is_present
from workbench.tasks.registry import get_trainable

_SAMPLE = 200
_HELD_OUT = 0.3
_TIMED = 4
# With fewer held-out items the order is mostly luck, and that is said.
_FEW = 30


@dataclass(frozen=True)
class Ranked:
    """One model, measured.

    Attributes:
        accuracy: of a Quick head on held-out items of the sample, 0..1.
        score: LogME; higher is better.
        seconds: per item on this computer, reading it included.
        size: bytes on the disk.
        held_out: number of items `accuracy` was measured on.
        problem: why it could not be measured; the numbers are 0 then.
    """

    card: ModelCard
    accuracy: float = 0.0
    score: float = 0.0
    seconds: float = 0.0
    size: int = 0
    held_out: int = 0
    problem: Problem | None = None

    @property
    def is_rough(self) -> bool:
        """So few items that the next best may be as good."""
        return self.held_out < _FEW


def candidates(cards: Sequence[ModelCard], task_id: str, paths: AppPaths | None = None) -> list[ModelCard]:
    """Models that can be taught the task and are on this computer."""
    return [c for c in cards if task_id in c.trainable_for and not c.is_own and is_present(c, paths)]


def rank(
    project: Project, cards: Sequence[ModelCard], control: Control | None = None, paths: AppPaths | None = None
) -> Iterator[Ranked]:
    """Measure each card on a stratified sample of the project's labelled items, the test items left out.

    Yields:
        One result per card, as they come; sort by `accuracy`, then `score`.

    Raises:
        UserError: when too little is labelled.
        Cancelled: when asked to stop.
    """
    control = control or Control()
    paths = paths or app_paths()
    items, targets, classes = _sample(project)
    for number, card in enumerate(cards):
        control.check()
        control.progress(number, len(cards), f"Measuring {card.name}")
        try:
            yield _measured(project, card, items, targets, classes, control, paths)
        except UserError as error:
            yield Ranked(card, problem=Problem.of(card.name, error))


def best_first(found: Sequence[Ranked]) -> list[Ranked]:
    """The order to show them in."""
    return sorted(found, key=lambda r: (r.problem is not None, -r.accuracy, -r.score))


def _sample(project: Project) -> tuple[list[Item], dict[int, int], int]:
    """Items in a fixed shuffled order, class by class in turn, their class's number, and the number of classes."""
    ids = project.item_ids(ItemFilter(labelled=True, problems=False))
    by_class: dict[int, list[Item]] = {}
    for item in project.items(ids):
        if item.class_id is not None and item.split is not Split.TEST:
            by_class.setdefault(item.class_id, []).append(item)
    by_class = {c: items for c, items in sorted(by_class.items()) if len(items) >= 3}
    if len(by_class) < 2:
        raise UserError("Too little is labelled to compare models.", "Label at least three examples of two classes.")
    rng = random.Random(0)
    chosen: list[Item] = []
    each = max(3, _SAMPLE // len(by_class))
    for items in by_class.values():
        rng.shuffle(items)
        chosen += items[:each]
    places = {class_id: place for place, class_id in enumerate(by_class)}
    return chosen, {i.id: places[i.class_id or 0] for i in chosen}, len(by_class)


def _measured(
    project: Project,
    card: ModelCard,
    items: list[Item],
    targets: dict[int, int],
    classes: int,
    control: Control,
    paths: AppPaths,
) -> Ranked:
    import torch

    task = get_trainable(project.task_id)
    # A pool of its own: a row of large models must not push out what the person works with.
    with ModelPool(1).use_network(card, "auto", control, paths) as model:
        found = compute_features(items, model, task, control, FeatureCache(paths.cache / "features"))
        if len(found.ids) < 2 * classes:
            raise UserError("Too few of the examples could be read.", "See the checks on the Data page.")
        began = time.perf_counter()
        with torch.inference_mode():
            for item in items[:_TIMED]:
                control.check()
                model.features(task.collate([task.prepare(item.sample(), model)], model))
        seconds = (time.perf_counter() - began) / len(items[:_TIMED])
    y = torch.tensor([targets[i] for i in found.ids])
    held: list[int] = []
    for label in range(classes):
        places = (y == label).nonzero().flatten().tolist()
        held += places[: max(1, round(len(places) * _HELD_OUT))]
    out = torch.zeros(len(y), dtype=torch.bool)
    out[held] = True
    train, test = found.matrix[~out], found.matrix[out]
    # One middle strength for all: choosing it on the held-out items would flatter.
    empty = torch.zeros(0, train.shape[1]), torch.zeros(0, dtype=torch.int64)
    step = next(iter(fit_path(train, y[~out], *empty, classes, None, control, (0.1,))))
    right = ((test @ step.weight.T + step.bias).argmax(1) == y[out]).float().mean()
    centred = train - train.mean(0)
    score = log_evidence(centred.numpy(), y[~out].numpy(), control)
    return Ranked(card, float(right), score, seconds, disk_bytes(card, paths), int(out.sum()))
