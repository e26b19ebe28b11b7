"""Quick: the backbone stays as it is; a linear head is fitted on its features in seconds."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workbench.data.types import Item, Split
from workbench.engine.events import Advice, EpochDone, RunEvent, StageChanged, StepDone
from workbench.engine.features import FeatureCache, Features, compute_features, looked_with, prefix_of
from workbench.engine.head import STRENGTHS, HeadStep, fit_path
from workbench.engine.judging import live_samples
from workbench.engine.overfitting import ahead
from workbench.engine.pool import shared_pool
from workbench.engine.run import Outcome, Run
from workbench.engine.speed.of_run import engine_of_run
from workbench.errors import Problem, UserError
from workbench.runtimes.fast_body import engines
from workbench.runtimes.network import Network
from workbench.tasks.base import PooledTask

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Looked:
    """Items that could be read, by split, and their features in the same order."""

    items: dict[Split, list[Item]]
    features: dict[Split, torch.Tensor]


def look(
    run: Run, task: PooledTask, model: Network, splits: tuple[Split, ...], most: Mapping[Split, int] | None = None
) -> Generator[RunEvent, None, Looked]:
    """Compute (or recall) features; broken items are left out with one sentence.

    Args:
        most: of a split at most so many items, drawn at random, with one of each class among them.

    Raises:
        UserError: when nothing is left of a class.
    """
    import torch

    chosen = {s: _some(run, run.usable(s), (most or {}).get(s)) for s in splits}
    wanted = [i for s in splits for i in chosen[s]]
    found = _features(run, task, model, wanted)
    if found.problems:
        run.note_broken(dict(found.problems))
        first = next(iter(found.problems.values()))
        yield Advice(
            "skipped-items",
            f"{len(found.problems)} {run.task.info.nouns} could not be read and are left out, for example {first.where}:"
            f" {first.message}",
        )
    row = {item_id: place for place, item_id in enumerate(found.ids)}
    items = {s: [i for i in chosen[s] if i.id not in run.broken] for s in splits}
    learnt = [run.examples[i.id] for i in items[Split.TRAIN]]
    missing = set(range(len(run.config.classes))) - {c for e in learnt for c in (e.target, *e.classes)}
    if missing:
        raise UserError(
            f"No usable example of “{run.config.classes[min(missing)]}” is left to learn from.",
            "Add more examples of it.",
        )
    features = {
        s: found.matrix[[row[i.id] for i in items[s]]] if items[s] else torch.zeros(0, model.feature_width)
        for s in splits
    }
    return Looked(items, features)


def _some(run: Run, items: list[Item], most: int | None) -> list[Item]:
    if most is None or len(items) <= most:
        return items
    import random

    first: dict[int, int] = {}
    for place, item in enumerate(items):
        example = run.examples[item.id]
        for number in (example.target, *example.classes):
            first.setdefault(number, place)
    drawn = set(random.Random(run.config.seed).sample(range(len(items)), most)) | set(first.values())
    return [items[place] for place in sorted(drawn)]


def _features(run: Run, task: PooledTask, model: Network, wanted: list[Item]) -> Features:
    """Features of all these items; processes that train together compute a part each, and all get all."""
    import torch

    cache, together = FeatureCache(run.paths.cache / "features"), run.together
    if together.size == 1:
        with engines(engine_of_run(run.folder, model)):
            found = compute_features(wanted, model, task, run.control, cache)
        looked_with(cache, run.card.id, task.info.id, prefix_of(model, task))
        return found
    with engines("torch"):  # the same on every computer
        mine = together.all_of(lambda: compute_features(together.share(wanted), model, task, run.control, cache))
    said = together.gather(
        [list(mine.ids), {i: [p.where, p.message, p.hint, p.path] for i, p in mine.problems.items()}]
    )
    rows = torch.zeros(max(len(ids) for ids, _ in said), model.feature_width)
    rows[: len(mine.ids)] = mine.matrix
    parts = together.gather_tensor(rows)
    matrix = torch.cat([part[: len(ids)] for part, (ids, _) in zip(parts, said, strict=True)])
    problems = {int(i): Problem(*words) for _, found in said for i, words in found.items()}
    return Features(matrix, tuple(i for ids, _ in said for i in ids), problems, mine.computed)


def best_head(run: Run, task: PooledTask, looked: Looked) -> Iterator[HeadStep]:
    """The steps of the path of strengths (see `head.fit_path`)."""
    train, validation = looked.items[Split.TRAIN], looked.items[Split.VALIDATION]
    return fit_path(
        looked.features[Split.TRAIN],
        run.targets_of(task, train),
        looked.features[Split.VALIDATION],
        run.targets_of(task, validation),
        len(run.config.classes),
        run.class_weights(),
        run.control,
        objective=task,
    )


def train_quick(run: Run, task: PooledTask) -> Generator[RunEvent, None, Outcome]:
    """The curves' epochs are strengths from strict to free: each is a whole fit, warm-started from the one before."""
    yield StageChanged(f"Looking at your {run.task.info.nouns}")
    with shared_pool().use_network(run.card, run.device, run.control, run.paths) as model:
        looked = yield from look(run, task, model, tuple(Split))
        yield StageChanged("Learning")
        best: HeadStep | None = None
        began = time.monotonic()
        rounds: list[EpochDone] = []
        for step in best_head(run, task, looked):
            if step.is_best or best is None:
                best = step
            number = step.index + 1
            spent = time.monotonic() - began
            yield StepDone(number, float(number), step.train_loss, 0.0, spent / number * (len(STRENGTHS) - number))
            rounds.append(EpochDone(
                number, step.train_loss, step.train_accuracy, step.validation_loss, step.validation_accuracy,
                best is step, spent, task.metric,
            ))  # fmt: skip
            yield rounds[-1]
            validation = looked.features[Split.VALIDATION]
            logits = validation @ step.weight.T + step.bias
            said = task.answers(logits, run.config.classes)
            yield from live_samples(run, number, looked.items[Split.VALIDATION], said)
        assert best is not None
        if len(looked.items[Split.VALIDATION]) and best.index < len(STRENGTHS) - 1:
            yield Advice(
                "plateau",
                f"Learning the examples more closely did not help on {run.task.info.nouns} it had not seen, so the version"
                f" of step {best.index + 1} of {len(STRENGTHS)} is kept.",
            )
        by_heart = ahead(rounds, len(looked.items[Split.VALIDATION]), run.config.how, run.task.info.nouns)
        if by_heart is not None:
            yield by_heart
        yield StageChanged("Checking")
        said = task.answers(validation @ best.weight.T + best.bias, run.config.classes)
        checked = [run.examples[i.id] for i in looked.items[Split.VALIDATION]]
        options = task.settle(model.card.options, checked, said, len(run.config.classes))
        predictions = []
        for split in (Split.VALIDATION, Split.TEST):
            found = task.answers(looked.features[split] @ best.weight.T + best.bias, run.config.classes)
            predictions += [
                run.said(item, task.settled(p, options), split)
                for item, p in zip(looked.items[split], found, strict=True)
            ]
        taught = model.with_head(run.config.classes, best.weight, best.bias)
        taught.card = replace(taught.card, options=options)
        return Outcome(taught, predictions, best.index + 1, "done")
