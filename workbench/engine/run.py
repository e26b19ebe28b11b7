"""One run while it runs: what it works on, and how its record is kept."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.app_paths import AppPaths, app_paths
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.lock import FileLock
from workbench.data.project import Project, now
from workbench.data.types import Item, ItemFilter, ItemPrediction, RunRecord, RunStatus, Split
from workbench.engine.apart import give_splits
from workbench.engine.events import EpochDone, How, RunConfig, RunEvent, StepDone, event_from_json
from workbench.engine.together import Together, local_device
from workbench.errors import Problem, UserError
from workbench.runtimes.base import Loaded
from workbench.tasks.base import CasesTask, PooledTask, TrainableTask
from workbench.tasks.lesson import Example
from workbench.tasks.predictions import Prediction, Scores, to_record
from workbench.tasks.registry import get_trainable

if TYPE_CHECKING:
    import torch

EVENTS = "events.jsonl"
# Among a run's options: so many old items at most are learnt from again beside the reviewed ones.
REPLAY = "replay"
# Items with their own parts to judge on: so many of them are judged.
MOST_JUDGED = 300
_LOCK = "alive.lock"
_NAMES = {How.QUICK: "Quick", How.BALANCED: "Balanced", How.THOROUGH: "Thorough"}


@dataclass(frozen=True)
class Outcome:
    """What a training ends with. `reason` as in `Finished`; `waited`: how long items were waited for, in words;
    `as_before`: that no round was better than what there was before them, in words; "" where one was."""

    model: Loaded
    predictions: list[ItemPrediction]
    best_epoch: int
    reason: str
    waited: str = ""
    as_before: str = ""


@dataclass
class Run:
    """The parts of a run.

    Attributes:
        items: labelled and usable, by split.
        targets: an item's id to its class index; -1 where the answer is not one class.
        together: this process among those that train together.
        examples: an item's id to what is learnt from it.
    """

    config: RunConfig
    project: Project
    catalog: Catalog
    control: Control
    card: ModelCard
    task: TrainableTask
    device: str
    folder: Path
    paths: AppPaths
    items: dict[Split, list[Item]] = field(default_factory=dict)
    targets: dict[int, int] = field(default_factory=dict)
    examples: dict[int, Example] = field(default_factory=dict)
    broken: set[int] = field(default_factory=set)
    together: Together = field(default_factory=Together)

    def usable(self, split: Split) -> list[Item]:
        """The split's items that could be read so far."""
        return [i for i in self.items[split] if i.id not in self.broken]

    def note_broken(self, problems: dict[int, Problem]) -> None:
        """Leave items out of this run and say why beside them in the project."""
        self.broken |= set(problems)
        if not self.project.read_only:
            self.project.mark_broken({i: str(p.message) for i, p in problems.items()})

    def class_weights(self) -> torch.Tensor | None:
        """float32 [C], the inverse of each class's share, or None when classes count as they are."""
        if not self.config.balance_classes:
            return None
        import torch

        if isinstance(self.task, PooledTask):
            learnt = [self.examples[i.id] for i in self.usable(Split.TRAIN)]
            return self.task.class_weights(learnt, len(self.config.classes))
        counts: Counter[int] = Counter()
        for item in self.usable(Split.TRAIN):
            example = self.examples[item.id]
            counts.update(c for c in (example.target, *example.classes) if c >= 0)
        total, classes = counts.total(), len(self.config.classes)
        return torch.tensor([total / (classes * max(1, counts[c])) for c in range(classes)])

    def said(self, item: Item, prediction: Prediction, split: Split) -> ItemPrediction:
        """A prediction as it is kept with the run."""
        target, names = self.targets[item.id], self.config.classes
        if target < 0 or not isinstance(prediction, Scores):
            return ItemPrediction(item.id, split, "", "", (), to_record(prediction))
        by_place = {s.index: s.value for s in prediction.top}
        scores = tuple(round(by_place.get(i, 0.0), 6) for i in range(len(names)))
        return ItemPrediction(item.id, split, names[target], names[scores.index(max(scores))], scores)

    def targets_of(self, task: PooledTask, items: list[Item]) -> torch.Tensor:
        """The right answers as the task's loss takes them."""
        return task.targets([self.examples[i.id] for i in items], len(self.config.classes))


def new_config(project: Project, card: ModelCard, how: How = How.QUICK, **options: Any) -> RunConfig:
    """The settings of a new run on a project: its classes that have examples, in their order.

    Raises:
        UserError: when the model cannot be trained for the project's task.
    """
    # Of several labels per item, only those on items that are done count.
    counts = project.tag_counts() or project.counts().per_class
    classes = tuple(c.name for c in project.classes() if counts.get(c.id))
    if project.task_id not in card.trainable_for:
        title = get_trainable(project.task_id).info.title.lower()
        raise UserError(f"“{card.name}” cannot be trained for {title}.", "Choose another model.")
    options.setdefault("name", f"{project.name} ({_NAMES[how]})")
    # What of the project decides how its items are read is frozen with the run.
    frozen = get_trainable(project.task_id).run_options(project)
    if frozen:
        options["options"] = {**frozen, **options.get("options", {})}
    return RunConfig(task=project.task_id, model=card.id, how=how, classes=classes, **options)


def trainable(project: Project) -> None:
    """Raises: UserError that says what is missing before anything can be learnt from a project."""
    get_trainable(project.task_id).check(project)


def prepare(
    config: RunConfig,
    project: Project,
    catalog: Catalog,
    control: Control,
    paths: AppPaths | None = None,
    together: Together | None = None,
) -> Run:
    """Check everything that can be checked before work begins, freeze the splits, list the items.

    Args:
        paths: where models and caches lie; None: where this app keeps them.

    Raises:
        UserError: when there is not enough to learn from, the model is not there, or the project is read-only.
    """
    from workbench.hub import records
    from workbench.hub.store import files

    if project.read_only:
        raise UserError("This project is open for reading only, so no training can be kept in it.", "Copy its folder.")
    trainable(project)
    card = catalog.get(config.model)
    paths = paths or app_paths()
    files(card, paths)
    records.used_by(card.id, project.folder, paths)
    task = get_trainable(config.task)
    within = task.info.parts_within
    if not within and not isinstance(task, CasesTask):
        control.progress(0, 0, "Comparing items")
        give_splits(project, control)
    place = _places(project, config.classes)
    run = Run(
        config, project, catalog, control, card, get_trainable(config.task), local_device(config.device),
        project.runs_folder / config.run_id, paths, together=together or Together(),
    )  # fmt: skip
    if isinstance(task, CasesTask):
        for split, items in task.cases(project, config.seed, control).items():
            run.items[split] = items
            run.targets |= {i.id: -1 for i in items}
            run.examples |= {i.id: Example(i) for i in items}
        return run
    for split in Split:
        wanted = None if within else split
        found = project.items(project.item_ids(ItemFilter(labelled=True, split=wanted, problems=False)))
        if within and split is not Split.TRAIN:
            found = _drawn(found, config.seed) if split is not Split.NEW else []
        run.items[split] = [i for i in found if i.marked or (i.class_id or -1) in place]
        for example in examples_of(project, run.items[split], config.classes):
            run.targets[example.item.id] = example.target
            run.examples[example.item.id] = example
    if run.task.info.partly:
        _add_partly(run)
    replay = config.options.get(REPLAY)
    if isinstance(replay, int) and replay > 0:
        run.items[Split.TRAIN] = replayed(run.items[Split.TRAIN], project.reviewed(), replay, config.seed)
    return run


def _drawn(items: list[Item], seed: int) -> list[Item]:
    """Of very many items that hold their own parts some are enough to judge by, always the same ones."""
    import random

    if len(items) <= MOST_JUDGED:
        return items
    chosen = set(random.Random(seed).sample(range(len(items)), MOST_JUDGED))
    return [item for place, item in enumerate(items) if place in chosen]


def replayed(items: Sequence[Item], new: Container[int], most: int, seed: int) -> list[Item]:
    """All new items and at most so many of the old ones, as many of each class as there are: what keeps a model that goes
    on learning from forgetting (rehearsal; Robins 1995, "Catastrophic forgetting, rehearsal and pseudorehearsal")."""
    import random

    rng = random.Random(seed)
    waiting: dict[int, list[Item]] = {}
    for item in items:
        if item.id not in new:
            waiting.setdefault(item.class_id or 0, []).append(item)
    for of_class in waiting.values():
        rng.shuffle(of_class)
    kept: set[int] = set()
    while len(kept) < most and any(waiting.values()):
        for of_class in waiting.values():
            if of_class and len(kept) < most:
                kept.add(of_class.pop().id)
    return [item for item in items if item.id in new or item.id in kept]


def _add_partly(run: Run) -> None:
    """Items that are not done teach with what is marked on them. They can judge nothing."""
    project = run.project
    waiting = project.items(project.item_ids(ItemFilter(labelled=False, problems=False)))
    found = [i for i in waiting if i.marks and i.split in (None, Split.TRAIN)]
    project.put_into_training([i.id for i in found])
    run.items[Split.TRAIN] += found
    for example in examples_of(project, found, run.config.classes):
        run.targets[example.item.id] = example.target
        run.examples[example.item.id] = example


def examples_of(project: Project, items: Sequence[Item], classes: Sequence[str]) -> list[Example]:
    """What is learnt from these items of a project; `classes`: the names that are taught, in order."""
    place = _places(project, classes)
    states = project.annotation_states([i.id for i in items])
    found = []
    for item in items:
        kept = tuple(a for a in states[item.id].annotations if not a.is_proposal)
        kinds = tuple(place.get(a.class_id or -1, -1) for a in kept)
        found.append(Example(item, place.get(item.class_id or -1, -1), kept, kinds))
    return found


def _places(project: Project, classes: Sequence[str]) -> dict[int, int]:
    """Class id to its place among the names that are taught."""
    place = {name: i for i, name in enumerate(classes)}
    return {c.id: place[c.name] for c in project.classes() if c.name in place}


class RunLog:
    """Keeps a run's record and events on disk while it runs; holds a lock that dies with the process."""

    def __init__(self, run: Run) -> None:
        self._run = run
        run.folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(run.folder / _LOCK)
        if not self._lock.acquire():
            raise UserError("This training is already running.", "Wait for it, or stop it first.")
        known = next((r for r in run.project.runs() if r.id == run.config.run_id), None)
        self.record = known or RunRecord(
            run.config.run_id, run.config.name, "running", now(), run.config.to_json(), {}, run.folder
        )
        self._stream = (run.folder / EVENTS).open("a", encoding="utf-8")

    def event(self, event: RunEvent) -> RunEvent:
        from workbench.engine.events import event_to_json

        self._stream.write(json.dumps(event_to_json(event)) + "\n")
        self._stream.flush()
        return event

    def status(self, status: RunStatus, message: str = "", metrics: dict[str, Any] | None = None) -> None:
        self.record = replace(
            self.record, status=status, message=message, metrics=self.record.metrics if metrics is None else metrics
        )
        self._run.project.save_run(self.record)

    def close(self) -> None:
        self._stream.close()
        self._lock.release()


def read_events(record: RunRecord) -> list[RunEvent]:
    """The events a run gave off, for drawing its curves again. A line cut off by a crash is left out, and so is what a
    resumed run did again because its last checkpoint was older."""
    file = record.folder / EVENTS
    found: list[RunEvent] = []
    if not file.is_file():
        return found
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            event = event_from_json(json.loads(line))
        except (ValueError, KeyError, TypeError):
            continue
        if isinstance(event, StepDone | EpochDone):
            _drop_repeated(found, event)
        found.append(event)
    return found


def _drop_repeated(found: list[RunEvent], event: StepDone | EpochDone) -> None:
    """Take out what comes at or after a step or epoch that is given off again."""
    place = event.step if isinstance(event, StepDone) else event.epoch
    kind = type(event)
    last = next((e for e in reversed(found) if isinstance(e, kind)), None)
    if last is not None and (last.step if isinstance(last, StepDone) else last.epoch) >= place:
        found[:] = [
            e for e in found if not (isinstance(e, kind) and (e.step if isinstance(e, StepDone) else e.epoch) >= place)
        ]


def resumable(project: Project) -> list[RunRecord]:
    """Runs that were cut off (the app was killed, the computer went down) and can go on."""
    found = []
    for record in project.runs():
        if record.status not in ("running", "paused", "interrupted", "failed") or not record.folder.is_dir():
            continue
        if record.config.get("task") != project.task_id:
            continue  # the project has become one of several labels since
        if record.status == "failed" and not (record.folder / "last.safetensors").is_file():
            continue
        lock = FileLock(record.folder / _LOCK)
        if lock.acquire():
            lock.release()
            found.append(record if record.status == "failed" else replace(record, status="interrupted"))
    return found
