"""Which of the models on this computer suits a project best: measured on a sample, nothing downloaded.

For each candidate: features of a sample of the project's examples, from them LogME (see
`workbench.engine.transferability`) and a Quick head judged on examples that it did not learn from, and the time it
takes here. Only the project's training split is touched: what judges the final model is not used to choose it.
"""

from __future__ import annotations

import hashlib
import logging
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workbench.app_paths import AppPaths, app_paths
from workbench.catalog.card import ModelCard
from workbench.catalog.fit import needed_memory
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.splits import SplitRow, TagRow, assign, assign_several
from workbench.data.types import Item, ItemFilter, Sample, Split
from workbench.engine.apart import give_splits
from workbench.engine.features import FeatureCache, compute_features
from workbench.engine.head import HeadStep, fit_path
from workbench.engine.pool import ModelPool, shared_pool
from workbench.engine.transferability import log_evidence
from workbench.errors import Problem, UserError
from workbench.hub.store import is_present
from workbench.tasks.base import PooledTask
from workbench.tasks.registry import get_pooled, get_task

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.network import Network

log = logging.getLogger(__name__)

SAMPLE = 200
_TIMED = 4
# Fewer examples to judge by than this, and a difference between two models may well be luck.
_ENOUGH_HELD_OUT = 30
_ENOUGH_PER_CLASS = 5


@dataclass(frozen=True)
class Examples:
    """Labelled examples to choose by.

    Attributes:
        items: at most `SAMPLE`, as many of each class as there are, ids unique.
        targets: class index of each item by its id.
        classes: class names.
        held_out: ids of the items that judge; near-duplicates of them are not among the others.
        several: where items have several labels: the classes of each item by its id; `targets` is empty then.
    """

    task_id: str
    items: tuple[Item, ...]
    targets: dict[int, int]
    classes: tuple[str, ...]
    held_out: frozenset[int] = field(default_factory=frozenset)
    several: dict[int, frozenset[int]] = field(default_factory=dict)

    def classes_of(self, item_id: int) -> frozenset[int]:
        """Class indices of an item."""
        return self.several.get(item_id, frozenset()) if self.several else frozenset({self.targets[item_id]})

    def warning(self) -> str:
        """A sentence when there are too few examples to tell models apart; else ""."""
        counts = Counter(c for i in self.items for c in self.classes_of(i.id))
        if len(self.held_out) >= _ENOUGH_HELD_OUT and min(counts.values()) >= _ENOUGH_PER_CLASS:
            return ""
        noun = get_task(self.task_id).info.nouns
        return (
            f"Only {len(self.items)} labelled {noun} could be used, {len(self.held_out)} of them to judge by:"
            " small differences between models may be luck."
        )


@dataclass(frozen=True)
class Ranked:
    """One candidate's row.

    Attributes:
        evidence: LogME in nats per example, higher is better; compare it only between models on the same examples.
        accuracy: of a Quick head on the held-out examples, 0..1; a little favourable, as the best of its strengths is
            taken on the same examples. Of several labels per item: the F1 over all labels.
        right, judged: the held-out examples it got right, and how many there were.
        metric: what `accuracy` is: "accuracy", or "F1", where `right` says nothing.
        seconds: per item, measured here.
        memory_bytes: needed to use it.
        download_bytes: what fetching it costs on another computer.
        problem: why it could not be judged; everything else is empty then.
    """

    card: ModelCard
    evidence: float = 0.0
    accuracy: float = 0.0
    right: int = 0
    judged: int = 0
    seconds: float = 0.0
    memory_bytes: int = 0
    download_bytes: int = 0
    problem: Problem | None = None
    metric: str = "accuracy"

    @property
    def result(self) -> str:
        """ "18 of 20", or "F1 87%"."""
        return f"{self.right} of {self.judged}" if self.metric == "accuracy" else f"{self.metric} {self.accuracy:.0%}"

    def sentence(self) -> str:
        if self.problem is not None:
            return f"{self.problem.message} {self.problem.hint}".strip()
        how_good = (
            f"{self.result} right ({self.accuracy:.0%})"
            if self.metric == "accuracy"
            else f"{self.result} on {self.judged}"
        )
        return f"{how_good}, {self.seconds:.2f} s each, {self.memory_bytes / 1e9:.1f} GB of memory."


def rank(
    source: Project | Examples,
    cards: Iterable[ModelCard],
    control: Control | None = None,
    pool: ModelPool | None = None,
    paths: AppPaths | None = None,
) -> Iterator[Ranked]:
    """Judge every candidate that is on this computer and can be taught the task, one row after the other as they come.

    Args:
        cards: candidates; those that are not here or cannot be taught this are passed over.

    Raises:
        UserError: when there is too little labelled to judge anything, or no candidate is on this computer.
        Cancelled: when asked to stop; features computed so far are kept for next time.
    """
    control = control or Control()
    paths = paths or app_paths()
    examples = source if isinstance(source, Examples) else examples_of(source, control)
    task = get_pooled(examples.task_id)
    candidates = [c for c in cards if examples.task_id in c.trainable_for and is_present(c, paths)]
    if not candidates:
        raise UserError("None of these models is on this computer.", "Download one or two on the Models page first.")
    cache = FeatureCache(paths.cache / "features")
    for number, card in enumerate(candidates):
        control.check()
        control.progress(number, len(candidates), f"Trying {card.name} ({number + 1} of {len(candidates)})")
        try:
            with (pool or shared_pool()).use_network(card, "auto", control, paths) as model:
                yield _judge(card, model, task, examples, cache, control)
        except UserError as error:
            yield Ranked(card, problem=Problem.of(card.name, error))
        except (RuntimeError, ValueError):
            log.exception("%s could not be judged", card.id)
            yield Ranked(card, problem=Problem(card.name, "It could not be judged.", "The log says more."))
    control.progress(1, 1, "Done")


def ordered(rows: Iterable[Ranked]) -> list[Ranked]:
    """Best first: by accuracy, then LogME, then speed; those that could not be judged last."""
    return sorted(rows, key=lambda r: (r.problem is not None, -r.accuracy, -r.evidence, r.seconds, r.card.id))


def examples_of(project: Project, control: Control | None = None, seed: int = 0) -> Examples:
    """A sample of a project's training split. Splits are made first when there are none.

    Raises:
        UserError: when two classes with two examples each are not there.
    """
    control = control or Control()
    if not project.read_only:
        give_splits(project, control)
    labelled = project.items(project.item_ids(ItemFilter(labelled=True, problems=False)))
    names = {c.id: c.name for c in project.classes()}
    tags = project.tags_of_all()
    if tags:
        learning = [i for i in labelled if i.marked and i.split in (Split.TRAIN, None)]
        return _examples_of_several(project, learning, tags, names, seed, control)
    labelled = [i for i in labelled if i.class_id in names and i.split in (Split.TRAIN, None)]
    sample = _stratified([(i, names[i.class_id or 0]) for i in labelled], seed)
    groups = project.near_groups([i.id for i, _ in sample], control) if sample else {}
    return _examples(project.task_id, sample, groups, seed)


def _examples_of_several(
    project: Project,
    items: list[Item],
    tags: dict[int, frozenset[int]],
    names: dict[int, str],
    seed: int,
    control: Control,
) -> Examples:
    """A sample of items with several labels each, drawn at random: every label comes in its share."""
    sample = sorted(items, key=lambda i: i.id)
    random.Random(seed).shuffle(sample)
    sample = sample[:SAMPLE]
    counts = Counter(c for i in sample for c in tags.get(i.id, ()))
    kept = [c for c in names if 2 <= counts[c] <= len(sample) - 2]
    if not kept:
        nouns = get_task(project.task_id).info.nouns
        raise UserError(
            "There is too little labelled to compare models by.",
            f"Label at least two (better ten or more) {nouns} with, and two without, one of the labels.",
        )
    place = {c: at for at, c in enumerate(kept)}
    several = {i.id: frozenset(place[c] for c in tags.get(i.id, ()) if c in place) for i in sample}
    groups = project.near_groups([i.id for i in sample], control)
    rows = [TagRow(i.id, several[i.id], groups.get(i.id, -i.id)) for i in sample]
    held = frozenset(i for i, split in assign_several(rows, seed).items() if split is not Split.TRAIN)
    return Examples(project.task_id, tuple(sample), {}, tuple(names[c] for c in kept), held, several)


def examples_from(samples: Sequence[Sample], labels: Sequence[str], task_id: str, seed: int = 0) -> Examples:
    """A sample of labelled samples without a project (each with a `path` or a `text`).

    Raises:
        UserError: when two classes with two examples each are not there.
    """
    pairs = []
    for number, (sample, label) in enumerate(zip(samples, labels, strict=True), 1):
        try:
            content = sample.path.read_bytes() if sample.path is not None else (sample.text or "").encode()
        except OSError:
            continue  # missing files cannot be judged by
        digest = hashlib.sha256(content).hexdigest()
        pairs.append(
            (
                Item(
                    number,
                    sample.kind,
                    sample.name,
                    sample.path,
                    sample.text,
                    content_hash=digest,
                    window=sample.window,
                ),
                label,
            )
        )
    sample_pairs = _stratified(pairs, seed)
    # Without a project only equal contents are known to be duplicates.
    first: dict[str, int] = {}
    groups = {i.id: first.setdefault(i.content_hash, i.id) for i, _ in sample_pairs}
    return _examples(task_id, sample_pairs, groups, seed)


def _stratified(pairs: Sequence[tuple[Item, str]], seed: int) -> list[tuple[Item, str]]:
    """At most `SAMPLE`, one class after another, always the same for the same items."""
    by_class: dict[str, list[tuple[Item, str]]] = defaultdict(list)
    for pair in sorted(pairs, key=lambda p: p[0].id):
        by_class[pair[1]].append(pair)
    for waiting in by_class.values():
        random.Random(seed).shuffle(waiting)
    chosen: list[tuple[Item, str]] = []
    while len(chosen) < SAMPLE and any(by_class.values()):
        for waiting in by_class.values():
            if waiting and len(chosen) < SAMPLE:
                chosen.append(waiting.pop())
    return chosen


def _examples(task_id: str, pairs: Sequence[tuple[Item, str]], groups: dict[int, int], seed: int) -> Examples:
    task = get_pooled(task_id)
    counts = Counter(label for _, label in pairs)
    names = tuple(dict.fromkeys(label for _, label in pairs if counts[label] >= 2))
    if len(names) < 2:
        raise UserError(
            "There is too little labelled to compare models by.",
            f"Label at least two (better ten or more) {task.info.nouns} of each of two classes.",
        )
    place = {name: i for i, name in enumerate(sorted(names))}
    kept = [(item, place[label]) for item, label in pairs if label in place]
    rows = [SplitRow(item.id, target, groups.get(item.id, -item.id)) for item, target in kept]
    held = frozenset(i for i, split in assign(rows, seed).items() if split is not Split.TRAIN)
    return Examples(task_id, tuple(i for i, _ in kept), {i.id: t for i, t in kept}, tuple(sorted(names)), held)


def _judge(
    card: ModelCard, model: Network, task: PooledTask, examples: Examples, cache: FeatureCache, control: Control
) -> Ranked:
    import torch

    seconds = _seconds_each(model, task, examples.items[:_TIMED], control)
    found = compute_features(examples.items, model, task, control, cache)
    # As it is taught: a target for each example, and the questions (which of the classes, or: this class or not).
    width = len(examples.classes)
    if examples.several:
        targets = torch.tensor([[float(c in examples.several[i]) for c in range(width)] for i in found.ids])
        questions = [targets[:, c].to(torch.int64) for c in range(width)]
    else:
        targets = torch.tensor([examples.targets[i] for i in found.ids], dtype=torch.int64)
        questions = [targets]
    judging = torch.tensor([i in examples.held_out for i in found.ids])
    learning = ~judging
    asked = [q[learning].numpy() for q in questions if len(set(q[learning].tolist())) > 1]
    if not judging.any() or not asked:
        raise UserError(
            f"Too few of the {task.info.nouns} could be read to judge by.", "Look at the problems on the Data page."
        )
    control.check()
    matrix = found.matrix[learning].double().numpy()
    evidence = sum(log_evidence(matrix, q, control) for q in asked) / len(asked)
    best = _best(task, found.matrix, targets, learning, judging, width, control)
    judged = int(judging.sum())
    return Ranked(
        card, evidence, best.validation_accuracy, round(best.validation_accuracy * judged), judged, seconds,
        max(needed_memory(card), model.memory_bytes()), card.source.size, metric=task.metric,
    )  # fmt: skip


def _best(
    task: PooledTask, matrix: torch.Tensor, targets: torch.Tensor, learning: torch.Tensor, judging: torch.Tensor,
    classes: int, control: Control,
) -> HeadStep:  # fmt: skip
    best: HeadStep | None = None
    steps = fit_path(
        matrix[learning], targets[learning], matrix[judging], targets[judging], classes, None, control, objective=task
    )
    for step in steps:
        if step.is_best or best is None:
            best = step
    assert best is not None
    return best


def _seconds_each(model: Network, task: PooledTask, items: Sequence[Item], control: Control) -> float:
    """Reading and one pass, each item alone; the first that works also sets things up and is not counted."""
    import torch

    times: list[float] = []
    with torch.inference_mode():
        for item in [*items[:1], *items]:
            control.check()
            began = time.perf_counter()
            try:
                model.features(task.collate([task.prepare(item.sample(), model)], model)).cpu()
            except UserError:
                continue  # compute_features tells which could not be read
            times.append(time.perf_counter() - began)
    timed = times[1:] or times
    return sum(timed) / len(timed) if timed else 0.0
